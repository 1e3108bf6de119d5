//! The inbox's side of an SMTP dialogue: enough of RFC 5321 for a client that keeps to it, within limits.
//!
//! Lines end in CRLF and in nothing else; what a lenient server would let through is refused here, so that a
//! rehearsal finds it.

use super::files::Files;
use forthwith_core::notice::Token;
use std::{io, time::Duration};
use tokio::{
    io::{AsyncBufReadExt as _, AsyncRead, AsyncWrite, AsyncWriteExt as _, BufReader},
    time::timeout,
};

/// Octets in a command: 512 (RFC 5321 section 4.5.3.1.4) and what DSN and SIZE add.
const COMMAND_OCTETS_MAX: usize = 2_048;
/// Octets in a line of text, CRLF included (RFC 5321 section 4.5.3.1.6), and one for a stuffed dot.
const TEXT_OCTETS_MAX: usize = 1_001;
/// Octets in a message: far more than a notice has.
const MESSAGE_OCTETS_MAX: usize = 10 * 1024 * 1024;
/// How long a client may be silent (RFC 5321 section 4.5.3.2.7).
const SILENCE_MAX: Duration = Duration::from_mins(5);
/// The field that names the notice.
const TOKEN_FIELD: &str = "x-forthwith-id:";

/// What has been said of the message to come.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Envelope {
    Empty,
    Mail,
    Rcpt,
}

/// Speaks until the client leaves or is silent for too long.
pub(super) async fn talk(
    reader: impl AsyncRead + Unpin,
    mut writer: impl AsyncWrite + Unpin,
    files: &Files,
) -> io::Result<()> {
    let mut reader = BufReader::new(reader);
    let mut replies = b"220 inbox.invalid forthwith's inbox: nothing is delivered from here\r\n".to_vec();
    let mut envelope = Envelope::Empty;
    loop {
        // Grouped commands are answered together (RFC 2920 section 3.2).
        if reader.buffer().is_empty() && !replies.is_empty() {
            writer.write_all(&replies).await?;
            replies.clear();
        }
        let Some(line) = read_line(&mut reader, COMMAND_OCTETS_MAX).await? else { return Ok(()) };
        let Line::Whole(command) = line else {
            writer.write_all(b"500 5.5.2 a command ends in CRLF and is not that long\r\n").await?;
            return Ok(());
        };
        let verb = String::from_utf8_lossy(&command).trim_end().to_ascii_uppercase();
        match answer(&verb, &mut envelope) {
            Next::Say(reply) => replies.extend_from_slice(reply.as_bytes()),
            Next::Leave => {
                replies.extend_from_slice(b"221 2.0.0 bye\r\n");
                return writer.write_all(&replies).await;
            }
            Next::Take => {
                replies.extend_from_slice(b"354 go on\r\n");
                writer.write_all(&replies).await?;
                replies.clear();
                let Some(reply) = take_message(&mut reader, files).await? else { return Ok(()) };
                replies.extend_from_slice(reply.as_bytes());
            }
        }
    }
}

enum Next {
    Say(&'static str),
    Take,
    Leave,
}

/// Returns what a command in upper case is answered with.
fn answer(command: &str, envelope: &mut Envelope) -> Next {
    const OFFERS: &str = "250-inbox.invalid\r\n250-PIPELINING\r\n250-SIZE 10485760\r\n250-DSN\r\n\
                          250 ENHANCEDSTATUSCODES\r\n";
    let (step, reply) = match (command, *envelope) {
        (verb, _) if verb.starts_with("EHLO ") => (Envelope::Empty, OFFERS),
        (verb, _) if verb.starts_with("HELO ") => (Envelope::Empty, "250 inbox.invalid\r\n"),
        (verb, Envelope::Empty) if verb.starts_with("MAIL FROM:<") => (Envelope::Mail, "250 2.1.0 ok\r\n"),
        (verb, Envelope::Mail) if verb.starts_with("RCPT TO:<") && !verb.starts_with("RCPT TO:<>") => {
            (Envelope::Rcpt, "250 2.1.5 ok\r\n")
        }
        ("DATA", Envelope::Rcpt) => {
            *envelope = Envelope::Empty;
            return Next::Take;
        }
        ("RSET", _) => (Envelope::Empty, "250 2.0.0 ok\r\n"),
        ("NOOP", kept) => (kept, "250 2.0.0 ok\r\n"),
        ("QUIT", _) => return Next::Leave,
        (verb, kept) if ["MAIL", "RCPT", "DATA"].iter().any(|known| verb.starts_with(known)) => {
            (kept, "503 5.5.1 one MAIL, one RCPT, one DATA, in this order\r\n")
        }
        (_, kept) => (kept, "500 5.5.1 no such command here\r\n"),
    };
    *envelope = step;
    Next::Say(reply)
}

/// Takes a message up to its dot, and writes it. `None` where the line ended before.
async fn take_message(
    reader: &mut BufReader<impl AsyncRead + Unpin>,
    files: &Files,
) -> io::Result<Option<&'static str>> {
    let (mut message, mut complaint) = (Vec::new(), None);
    loop {
        let Some(line) = read_line(reader, TEXT_OCTETS_MAX).await? else { return Ok(None) };
        match line {
            Line::Whole(line) if line == b".\r\n" => break,
            Line::Whole(line) => {
                let text = line.strip_prefix(b".").unwrap_or(&line);
                if message.len() + text.len() > MESSAGE_OCTETS_MAX {
                    complaint = Some("552 5.3.4 the message is too large\r\n");
                } else {
                    message.extend_from_slice(text);
                }
            }
            Line::Ragged => complaint = Some("554 5.6.0 a line is too long or does not end in CRLF\r\n"),
        }
    }
    if let Some(complaint) = complaint {
        return Ok(Some(complaint));
    }
    let Some(token) = find_token(&message) else {
        return Ok(Some("554 5.6.0 no X-Forthwith-ID names the notice\r\n"));
    };
    Ok(Some(match files.write(token, message).await {
        Ok(()) => "250 2.0.0 captured\r\n",
        Err(_) => "452 4.3.1 the inbox cannot write its file\r\n",
    }))
}

/// Returns the notice's public name from the header section.
fn find_token(message: &[u8]) -> Option<Token> {
    let lines = message.split(|byte| *byte == b'\n').map(|line| line.strip_suffix(b"\r").unwrap_or(line));
    let mut fields = lines.take_while(|line| !line.is_empty()).filter_map(|line| std::str::from_utf8(line).ok());
    let named = fields
        .find(|field| field.get(..TOKEN_FIELD.len()).is_some_and(|name| name.eq_ignore_ascii_case(TOKEN_FIELD)))?;
    Token::parse(named[TOKEN_FIELD.len()..].trim())
}

/// One line as it came.
enum Line {
    /// With its CRLF.
    Whole(Vec<u8>),
    /// Too long, or with a CR or LF that stands alone.
    Ragged,
}

/// Reads up to the next LF, keeping at most `most` octets. `None` at the end, or after too long a silence.
async fn read_line(reader: &mut BufReader<impl AsyncRead + Unpin>, most: usize) -> io::Result<Option<Line>> {
    let mut line = Vec::new();
    let mut is_too_long = false;
    loop {
        let Ok(filled) = timeout(SILENCE_MAX, reader.fill_buf()).await else { return Ok(None) };
        let bytes = filled?;
        if bytes.is_empty() {
            return Ok(None);
        }
        let end = bytes.iter().position(|byte| *byte == b'\n');
        let taken = end.map_or(bytes.len(), |end| end + 1);
        is_too_long |= line.len() + taken > most;
        if !is_too_long {
            line.extend_from_slice(&bytes[..taken]);
        }
        reader.consume(taken);
        if end.is_some() {
            let is_whole = line.strip_suffix(b"\r\n").is_some_and(|text| !text.contains(&b'\r'));
            return Ok(Some(if is_whole && !is_too_long { Line::Whole(line) } else { Line::Ragged }));
        }
    }
}
