//! Messages and pages as an independent parser reads them: the `email` package and `html.parser` of Python.
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
import email, email.header, email.policy, json, sys

# Before 3.13, `email.policy` puts a space between the encoded words of a name, against RFC 2047 section 6.2.
def decoded(value, raw):
    words = email.header.decode_header("".join(raw.splitlines()))
    return str(email.header.make_header(words)) if "=?" in raw else str(value)

def part(p):
    return {"content_type": p.get_content_type(), "charset": p.get_content_charset() or "",
            "transfer_encoding": str(p.get("Content-Transfer-Encoding", "")),
            "text": p.get_payload(decode=True).decode(p.get_content_charset() or "ascii").replace("\r\n", "\n")}

def message(name):
    with open(name, "rb") as file:
        m = email.message_from_binary_file(file, policy=email.policy.default)
    fields = [value for p in m.walk() for value in p.values()]
    defects = [repr(d) for p in m.walk() for d in p.defects] + [repr(d) for f in fields for d in f.defects]
    pairs = zip(m.items(), m.raw_items())
    return {"headers": [[k, decoded(v, raw)] for (k, v), (_, raw) in pairs],
            "parts": [part(p) for p in m.walk() if not p.is_multipart()], "defects": defects}

json.dump([message(name) for name in sys.argv[1:]], sys.stdout)
"#;

/// Reads the pages that are named as arguments and prints what each is made of, but for the words.
const STRUCTURES: &str = r#"
import html.parser, json, sys

class Structure(html.parser.HTMLParser):
    def __init__(self):
        super().__init__(convert_charrefs=True)
        self.seen, self.texts = [], []
    def see(self, what):
        if "".join(self.texts).strip():
            self.seen.append("text")
        self.texts = []
        self.seen.append(what)
    def handle_starttag(self, tag, attributes): self.see("<" + tag + " " + repr(attributes))
    def handle_endtag(self, tag): self.see("</" + tag)
    def handle_comment(self, data): self.see("comment")
    def handle_decl(self, decl): self.see("declaration " + decl)
    def handle_pi(self, data): self.see("instruction")
    def unknown_decl(self, data): self.see("unknown")
    def handle_data(self, data): self.texts.append(data)

def structure(name):
    with open(name, encoding="utf-8", newline="") as file:
        page = Structure()
        page.feed(file.read())
        page.close()
    page.see("end")
    return page.seen

json.dump([structure(name) for name in sys.argv[1:]], sys.stdout)
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
    ask(python, SCRIPT, messages)
}

/// Returns the structure of each HTML page as Python's `html.parser` sees it: elements with their attributes,
/// comments, and where there is text; not what the text says.
pub fn structures(python: &Path, pages: &[&str]) -> io::Result<Vec<Vec<String>>> {
    ask(python, STRUCTURES, &pages.iter().map(|page| page.as_bytes()).collect::<Vec<_>>())
}

/// Runs `script` over files with these contents, and reads the JSON that it prints.
fn ask<T: serde::de::DeserializeOwned>(python: &Path, script: &str, contents: &[&[u8]]) -> io::Result<T> {
    let folder = tempfile::tempdir()?;
    let mut command = Command::new(python);
    // Neither the machine's nor the account's own modules take part.
    command.args(["-I", "-c", script]);
    for (number, content) in contents.iter().enumerate() {
        let file = folder.path().join(number.to_string());
        fs::write(&file, content)?;
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

    #[test]
    fn structures_differ_by_markup_and_not_by_words() {
        let Some(python) = tools::require("python3") else { return };
        let pages = ["<p>a &lt;b&gt;</p>", "<p>other</p>", "<p>a <b></p>", "<p><!-- a --></p>", "<p></p>"];
        let found = structures(&python, &pages).unwrap();
        assert_eq!(found[0], ["<p []", "text", "</p", "end"]);
        assert_eq!(found[0], found[1]);
        assert!(found[2..].iter().all(|structure| *structure != found[0]), "{found:?}");
    }
}
