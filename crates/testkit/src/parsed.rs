//! Messages as an independent parser reads them: the `email` package of Python.
//!
//! What our own code wrote, our own code must not be asked to read.

use serde::Deserialize;
use std::{fs, io, path::Path, process::Command};

/// A message, parsed.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct Parsed {
    /// Each header field in order: its name, and its value decoded and unfolded.
    pub headers: Vec<(String, String)>,
    /// Each part that holds no other parts, in order.
    pub parts: Vec<Part>,
    /// What the parser found wrong in the message or in a part; none in a sound message.
    pub defects: Vec<String>,
}

/// A part of a message, decoded.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct Part {
    /// `text/plain`.
    pub content_type: String,
    /// `utf-8`; empty where the part names none.
    pub charset: String,
    /// `quoted-printable`; empty where the part names none.
    pub transfer_encoding: String,
    /// The text with LF line ends.
    pub text: String,
}

/// Reads the files that are named as arguments and prints one JSON array.
const SCRIPT: &str = r#"
import email, email.policy, json, sys

def part(p):
    return {"content_type": p.get_content_type(), "charset": p.get_content_charset() or "",
            "transfer_encoding": str(p.get("Content-Transfer-Encoding", "")),
            "text": p.get_payload(decode=True).decode(p.get_content_charset() or "ascii").replace("\r\n", "\n")}

def message(name):
    with open(name, "rb") as file:
        m = email.message_from_binary_file(file, policy=email.policy.default)
    fields = [value for p in m.walk() for value in p.values()]
    defects = [repr(d) for p in m.walk() for d in p.defects] + [repr(d) for f in fields for d in f.defects]
    return {"headers": [[k, str(v)] for k, v in m.items()],
            "parts": [part(p) for p in m.walk() if not p.is_multipart()], "defects": defects}

json.dump([message(name) for name in sys.argv[1:]], sys.stdout)
"#;

impl Parsed {
    /// Returns the value of the first header field called `name`.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(field, _)| field.eq_ignore_ascii_case(name)).map(|(_, value)| value.as_str())
    }

    /// Returns the text of the first part of this type.
    pub fn text(&self, content_type: &str) -> Option<&str> {
        self.parts.iter().find(|part| part.content_type == content_type).map(|part| part.text.as_str())
    }
}

/// Parses `messages` with `python`, the `python3` that `tools::require` found.
pub fn parse(python: &Path, messages: &[&[u8]]) -> io::Result<Vec<Parsed>> {
    let folder = tempfile::tempdir()?;
    let mut command = Command::new(python);
    // Neither the machine's nor the account's own modules take part.
    command.args(["-I", "-c", SCRIPT]);
    for (number, message) in messages.iter().enumerate() {
        let file = folder.path().join(format!("{number}.eml"));
        fs::write(&file, message)?;
        command.arg(file);
    }
    let output = command.output()?;
    if !output.status.success() {
        return Err(io::Error::other(String::from_utf8_lossy(&output.stderr).into_owned()));
    }
    serde_json::from_slice(&output.stdout).map_err(io::Error::other)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tools;

    const MESSAGE: &str = "From: =?utf-8?q?J=C3=BCrgen?= <j@example.org>\r\nSubject: Notice of\r\n data breach\r\n\
        MIME-Version: 1.0\r\nContent-Type: multipart/alternative; boundary=\"b\"\r\n\r\n\
        --b\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n\
        Gr=C3=BC=\r\n=C3=9Fe\r\n\r\n\
        --b\r\nContent-Type: text/html; charset=utf-8\r\nContent-Transfer-Encoding: base64\r\n\r\nPGI+aGk8L2I+\r\n\r\n--b--\r\n";

    #[test]
    fn headers_and_parts_are_decoded() {
        let Some(python) = tools::require("python3") else { return };
        let parsed = parse(&python, &[MESSAGE.as_bytes(), b"Subject: x\r\n\r\nhi\r\n"]).unwrap();
        assert_eq!(parsed[0].header("from"), Some("Jürgen <j@example.org>"));
        assert_eq!(parsed[0].header("Subject"), Some("Notice of data breach"));
        assert_eq!(parsed[0].text("text/plain"), Some("Grüße\n"));
        assert_eq!(parsed[0].text("text/html"), Some("<b>hi</b>"));
        assert_eq!(parsed[0].defects, [""; 0]);
        assert_eq!(parsed[1].parts[0].text, "hi\n");
    }

    #[test]
    fn defects_are_told() {
        let Some(python) = tools::require("python3") else { return };
        let broken = MESSAGE.replace("--b--\r\n", "");
        assert!(!parse(&python, &[broken.as_bytes()]).unwrap()[0].defects.is_empty());
    }
}
