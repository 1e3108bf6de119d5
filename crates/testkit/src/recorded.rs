//! A message as an independent recorder took it: the envelope, and the bytes between DATA and the dot.
//!
//! Recorders keep lines with LF; here they have CRLF again. What a line ended with on the wire is therefore
//! not to be read from a recording: the scripted relay keeps raw bytes for that.

use std::io;

/// What `smtp-sink` puts before each message, in this order.
const SINK_FIELDS: [&str; 6] =
    ["X-Client-Addr", "X-Client-Proto", "X-Helo-Args", "X-Mail-Args", "X-Rcpt-Args", "Received"];

/// A message that a recorder took responsibility for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Recorded {
    /// The address in MAIL FROM, without angle brackets; empty for the null sender.
    pub mail_from: String,
    /// The addresses in RCPT TO, without angle brackets.
    pub recipients: Vec<String>,
    /// The message with CRLF line ends, dots no longer stuffed, without what the recorder put in front.
    pub message: Vec<u8>,
}

impl Recorded {
    /// Returns the value of the first header field called `name`, unfolded, as lossy text.
    pub fn header(&self, name: &str) -> Option<String> {
        let text = String::from_utf8_lossy(&self.message);
        let head = text.split_once("\r\n\r\n").map_or(&*text, |(head, _)| head).replace("\r\n ", " ");
        head.replace("\r\n\t", "\t").split("\r\n").find_map(|line| {
            let (field, value) = line.split_once(':')?;
            field.eq_ignore_ascii_case(name).then(|| value.trim().to_owned())
        })
    }

    /// Reads one file of `smtp-sink -d`: the sink's fields, the message, and an empty line of the sink's own.
    pub fn from_dump(text: &str) -> io::Result<Self> {
        let (fields, message) = split_recorders_fields(text, &SINK_FIELDS);
        let of_name = |name: &str| -> Vec<String> {
            fields.iter().filter(|(field, _)| *field == name).map(|(_, value)| path_address(value)).collect()
        };
        let message =
            message.strip_suffix('\n').ok_or_else(|| io::Error::other("a dump file ends in an empty line"))?;
        let mail_from =
            of_name("X-Mail-Args").pop().ok_or_else(|| io::Error::other("a dump file names its sender"))?;
        Ok(Self { mail_from, recipients: of_name("X-Rcpt-Args"), message: with_crlf(message) })
    }

    /// Writes it as `smtp-sink -d` would have: what [`Recorded::from_dump`] reads.
    ///
    /// An error where that form cannot hold it: no UTF-8, or a line that ends otherwise than with CRLF.
    pub fn to_dump(&self) -> io::Result<String> {
        let message = std::str::from_utf8(&self.message).map_err(io::Error::other)?;
        let message = message.replace("\r\n", "\n");
        if with_crlf(&message) != self.message || message.contains('\r') {
            return Err(io::Error::other("a dump file holds no bare CR and no bare LF"));
        }
        let recipients: Vec<_> = self.recipients.iter().map(|to| format!("X-Rcpt-Args: <{to}>\n")).collect();
        Ok(format!("X-Mail-Args: <{}>\n{}Received: a recorder\n{message}\n", self.mail_from, recipients.concat()))
    }
}

/// Takes the header fields of `names` off the front of `text`, with their folded lines, and returns them
/// beside the rest. It stops after the last of `names`, and before a field of another name.
pub(crate) fn split_recorders_fields<'a>(text: &'a str, names: &[&str]) -> (Vec<(&'a str, &'a str)>, &'a str) {
    let (mut fields, mut rest) = (Vec::new(), text);
    while let Some((name, after)) = rest.split_once(':') {
        let Some(name) = names.iter().find(|known| known.eq_ignore_ascii_case(name)).map(|_| name) else { break };
        let mut end = 0;
        for line in after.split_inclusive('\n') {
            if end > 0 && !line.starts_with([' ', '\t']) {
                break;
            }
            end += line.len();
        }
        fields.push((name, after[..end].trim()));
        rest = &after[end..];
        if names.last().is_some_and(|last| last.eq_ignore_ascii_case(name)) {
            break;
        }
    }
    (fields, rest)
}

/// Returns the address of an SMTP path, `<ada@example.org> NOTIFY=FAILURE`, without brackets and parameters.
pub(crate) fn path_address(path: &str) -> String {
    let path = path.trim();
    let bare = path.strip_prefix('<').and_then(|rest| rest.rsplit_once('>')).map_or(path, |(address, _)| address);
    bare.to_owned()
}

/// Returns `text` with CRLF for each LF.
pub(crate) fn with_crlf(text: &str) -> Vec<u8> {
    text.replace('\n', "\r\n").into_bytes()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_header_is_unfolded_and_found_in_the_head_alone() {
        let message = b"Subject: Notice of\r\n data breach\r\nTo: a@example.org\r\n\r\nX-Body: no\r\n".to_vec();
        let recorded = Recorded { mail_from: String::new(), recipients: vec![], message };
        assert_eq!(recorded.header("subject").as_deref(), Some("Notice of data breach"));
        assert_eq!(recorded.header("X-Body"), None);
    }

    #[test]
    fn what_is_written_as_a_dump_is_read_from_it() {
        let message = b"Received: forged\r\nSubject: x\r\n\r\n.dot\r\n\r\n".to_vec();
        let recipients = vec!["ada@example.org".to_owned(), "ben@example.org".to_owned()];
        let mut recorded = Recorded { mail_from: "b+x@example.org".to_owned(), recipients, message };
        assert_eq!(Recorded::from_dump(&recorded.to_dump().unwrap()).unwrap(), recorded);
        recorded.message.extend(b"bare\n");
        assert!(recorded.to_dump().is_err());
    }

    #[test]
    fn only_the_recorders_own_fields_are_taken_off() {
        let text = "X-Mail-Args: <a@b.test> RET=HDRS\nReceived: from x\n\tby y\nReceived: forged\n\n\nhi\n";
        let (fields, rest) = split_recorders_fields(text, &["X-Mail-Args", "Received"]);
        assert_eq!(fields, [("X-Mail-Args", "<a@b.test> RET=HDRS"), ("Received", "from x\n\tby y")]);
        assert_eq!(rest, "Received: forged\n\n\nhi\n");
    }

    #[test]
    fn paths_lose_brackets_and_parameters() {
        assert_eq!(path_address("<ada@example.org> NOTIFY=FAILURE"), "ada@example.org");
        assert_eq!(path_address("<>"), "");
        assert_eq!(path_address("<\"a>b\"@example.org>"), "\"a>b\"@example.org");
    }
}
