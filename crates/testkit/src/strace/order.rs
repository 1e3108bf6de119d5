//! The order proof: offer written, offer synced, then the dot; for every hand-over in a trace.
//!
//! It reads plaintext SMTP as the program wrote it, connection by connection. A message is known by its
//! `X-Forthwith-ID`; its dot is the CRLF, full stop, CRLF that ends its content.

use super::Call;
use std::{collections::BTreeMap, fmt};

/// The header field that names a notice.
const TOKEN_FIELD: &[u8] = b"\r\nX-Forthwith-ID: ";
/// The end of content (RFC 5321 section 4.1.1.4).
const DOT: &[u8] = b"\r\n.\r\n";
/// How the descriptor of a TCP connection is shown.
const TCP: &str = "TCP:";

/// A final dot that left the program.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HandOver {
    /// The notice's public name.
    pub token: String,
    /// The line of the trace in which the write that completed the dot was entered.
    pub dot: usize,
}

/// What a trace shows: every hand-over, and those whose order is not proven.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Order {
    /// Every final dot, in the order of the connections' names and, within one, of time.
    pub hand_overs: Vec<HandOver>,
    /// Where the order is not proven.
    pub disorders: Vec<(HandOver, Disorder)>,
}

/// Why an order is not proven.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Disorder {
    /// Nothing that marks the offer was written to the file before the dot.
    NotWritten,
    /// It was written, but no sync of the file began after that and returned 0 before the dot.
    NotSynced,
    /// The message bears no name.
    Nameless,
}

impl fmt::Display for Disorder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::NotWritten => "the offer was not written before the dot",
            Self::NotSynced => "the offer was written, but not synced before the dot",
            Self::Nameless => "the message bears no X-Forthwith-ID",
        })
    }
}

/// Looks for the order in every hand-over of `calls`.
///
/// `file_suffix` ends the name of the file in which offers become durable: `-wal`. `offer_mark` returns, for a
/// notice's token, octets that are written there with its offer and not before: the token itself where it
/// enters the file with the offer alone.
pub fn prove_order(calls: &[Call], file_suffix: &str, offer_mark: impl Fn(&str) -> Vec<u8>) -> Order {
    let is_file = |call: &&Call| call.target().is_some_and(|target| target.ends_with(file_suffix));
    let writes: Vec<(&Call, Vec<u8>)> = calls
        .iter()
        .filter(is_file)
        .filter_map(|call| Some((call, call.written().filter(|octets| !octets.is_empty())?)))
        .collect();
    let syncs: Vec<&Call> = calls
        .iter()
        .filter(is_file)
        .filter(|call| matches!(call.name.as_str(), "fdatasync" | "fsync") && call.result == Some(0))
        .collect();

    let mut order = Order::default();
    for hand_over in hand_overs(calls) {
        let mark = offer_mark(&hand_over.token);
        let written = writes.iter().filter(|(call, _)| call.ended < hand_over.dot);
        let mut offers = written.filter(|(_, octets)| holds(octets, &mark)).map(|(call, _)| call).peekable();
        let disorder = if hand_over.token.is_empty() {
            Some(Disorder::Nameless)
        } else if offers.peek().is_none() {
            Some(Disorder::NotWritten)
        } else {
            let is_synced =
                |offer: &&Call| syncs.iter().any(|sync| sync.begun > offer.ended && sync.ended < hand_over.dot);
            (!offers.any(is_synced)).then_some(Disorder::NotSynced)
        };
        order.disorders.extend(disorder.map(|disorder| (hand_over.clone(), disorder)));
        order.hand_overs.push(hand_over);
    }
    order
}

/// Returns every final dot in what the program wrote to its connections.
fn hand_overs(calls: &[Call]) -> Vec<HandOver> {
    // Per connection: the octets in order, and for each the line in which its write was entered.
    let mut streams: BTreeMap<&str, (Vec<u8>, Vec<usize>)> = BTreeMap::new();
    for call in calls {
        let Some(target) = call.target().filter(|target| target.starts_with(TCP)) else { continue };
        let octets = call.written().unwrap_or_default();
        let (stream, lines) = streams.entry(target).or_default();
        lines.extend(std::iter::repeat_n(call.begun, octets.len()));
        stream.extend(octets);
    }
    let mut found = Vec::new();
    for (stream, lines) in streams.values() {
        let mut from = 0;
        while let Some(dot) = find(&stream[from..], DOT).map(|at| from + at) {
            let token = find(&stream[from..dot], TOKEN_FIELD).map_or("", |at| token_at(&stream[from + at..dot]));
            // Once the full stop is out, the relay may take the rest for granted.
            found.push(HandOver { token: token.to_owned(), dot: lines[dot + 2] });
            // The last CRLF of a dot is no part of the next message.
            from = dot + DOT.len();
        }
    }
    found
}

fn token_at(field: &[u8]) -> &str {
    let value = &field[TOKEN_FIELD.len()..];
    let end = find(value, b"\r\n").unwrap_or(value.len());
    std::str::from_utf8(&value[..end]).unwrap_or_default().trim()
}

fn holds(octets: &[u8], mark: &[u8]) -> bool {
    find(octets, mark).is_some()
}

fn find(octets: &[u8], wanted: &[u8]) -> Option<usize> {
    octets.windows(wanted.len()).position(|window| window == wanted)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::strace::parse;

    const WAL: &str = "9</i/out/ledger.sqlite-wal>";
    const LINE: &str = "12<TCP:[127.0.0.1:40000->127.0.0.1:2525]>";

    fn prove(lines: &[String]) -> Order {
        let calls = parse(&lines.join("\n")).unwrap();
        prove_order(&calls, "-wal", |token| token.as_bytes().to_vec())
    }

    fn offer(token: &str) -> String {
        format!("7 pwrite64({WAL}, \"\\0\\1{token}\\0\", 19, 4096) = 19")
    }

    fn sync() -> String {
        format!("7 fdatasync({WAL}) = 0")
    }

    fn envelope() -> String {
        format!(
            "8 sendto({LINE}, \"MAIL FROM:<a@b.test>\\r\\nRCPT TO:<c@d.test>\\r\\nDATA\\r\\n\", 47, 0, NULL, 0) = 47"
        )
    }

    fn content(token: &str) -> String {
        let text = format!("Date: x\\r\\nX-Forthwith-ID: {token}\\r\\n\\r\\nhi\\r\\n.\\r\\n");
        format!("8 sendto({LINE}, \"{text}\", 54, 0, NULL, 0) = {}", 9 + 34 + 2 + 7)
    }

    const A: &str = "aaaaaaaaaaaaaaaa";
    const B: &str = "bbbbbbbbbbbbbbbb";

    #[test]
    fn offer_then_sync_then_dot_is_the_order() {
        let order = prove(&[envelope(), offer(A), sync(), content(A), envelope(), offer(B), sync(), content(B)]);
        let tokens: Vec<_> = order.hand_overs.iter().map(|hand_over| hand_over.token.as_str()).collect();
        assert_eq!(tokens, [A, B]);
        assert_eq!(order.disorders, []);
    }

    #[test]
    fn any_other_order_is_none() {
        for (lines, expected) in [
            (vec![offer(A), envelope(), content(A)], Disorder::NotSynced),
            (vec![sync(), offer(A), envelope(), content(A)], Disorder::NotSynced),
            (vec![offer(A), envelope(), content(A), sync()], Disorder::NotSynced),
            (vec![envelope(), content(A), offer(A), sync()], Disorder::NotWritten),
            (vec![offer(B), sync(), envelope(), content(A)], Disorder::NotWritten),
            (
                vec![offer(A), sync().replace("= 0", "= -1 EIO (Input/output error)"), content(A)],
                Disorder::NotSynced,
            ),
            (vec![offer(A), sync().replace("-wal", ""), content(A)], Disorder::NotSynced),
            (vec![offer(A).replace("= 19", "= 2"), sync(), content(A)], Disorder::NotWritten),
        ] {
            let order = prove(&lines);
            assert_eq!(order.disorders.iter().map(|(_, d)| *d).collect::<Vec<_>>(), [expected], "{lines:#?}");
        }
    }

    #[test]
    fn a_sync_that_returns_after_the_dot_was_written_does_not_count() {
        let entered = format!("7 fdatasync({WAL} <unfinished ...>");
        let returned = "7 <... fdatasync resumed>) = 0".to_owned();
        let late = prove(&[offer(A), entered.clone(), content(A), returned.clone()]);
        assert_eq!(late.disorders.len(), 1);
        let early = prove(&[offer(A), entered, returned, content(A)]);
        assert_eq!(early.disorders, []);
    }

    #[test]
    fn a_sync_that_began_before_the_offer_was_written_does_not_count() {
        let entered = format!("7 fdatasync({WAL} <unfinished ...>");
        let returned = "7 <... fdatasync resumed>) = 0".to_owned();
        let mut offer_of_another_thread = offer(A);
        offer_of_another_thread.replace_range(..1, "6");
        let order = prove(&[entered, offer_of_another_thread, returned, content(A)]);
        assert_eq!(order.disorders.len(), 1);
    }

    #[test]
    fn a_dot_in_pieces_counts_from_its_full_stop() {
        let head = format!(
            "8 sendto({LINE}, \"Date: x\\r\\nX-Forthwith-ID: {A}\\r\\n\\r\\nhi\\r\\n\", 49, 0, NULL, 0) = 49"
        );
        let dot = format!("8 sendto({LINE}, \".\", 1, 0, NULL, 0) = 1");
        let rest = format!("8 sendto({LINE}, \"\\r\\n\", 2, 0, NULL, 0) = 2");
        let order = prove(&[head.clone(), offer(A), sync(), dot.clone(), rest.clone()]);
        assert_eq!((order.hand_overs.len(), order.disorders.len()), (1, 0));
        let order = prove(&[head, offer(A), dot, sync(), rest]);
        assert_eq!(order.disorders.len(), 1);
    }

    #[test]
    fn a_message_without_a_name_is_none_of_ours() {
        let order = prove(&[content(A).replace("X-Forthwith-ID", "X-Another-Name")]);
        assert_eq!(order.disorders.iter().map(|(_, d)| *d).collect::<Vec<_>>(), [Disorder::Nameless]);
    }
}
