//! The message says what preview and packet show: its parts, decoded here on their own, equal `Words::parts`.
//!
//! `render` takes encoded words from memory, `parts` writes every word anew; only here do the two ways meet.

use crate::model::{email_only, key, person, statement};
use forthwith_core::{
    incident,
    private::Private,
    recipient::{Recipient, Residence},
};
use forthwith_templating::Words;
use std::collections::BTreeMap;

const OCTOBER: &str = include_str!("../../../../examples/amazon-2020-10/incident.toml");
const JANUARY: &str = include_str!("../../../../examples/amazon-2020-01/incident.toml");

const VALUES: [&str; 16] = [
    "",
    "Ada Lovelace",
    "J. R. \"Bob\" O'Hara",
    "名前 太郎",
    "محمد",
    "<b>bold</b> &amp;",
    "a=b= ",
    " lead and trail ",
    "=?utf-8?b?DQpCY2M6?=",
    "\u{e000}0\u{e001}",
    "{{ name }} **x** _y_ `z`",
    ".",
    "--",
    "a name of many words that must be broken over more than one line, because it does not end before 72",
    "anameofonewordthatcannotbebrokenanywherebecauseithasnospaceatallandgoesonandonandonuntilitsveryend",
    "\u{1f469}\u{200d}\u{1f680}\u{1f469}\u{200d}\u{1f680}\u{1f469}\u{200d}\u{1f680}\u{1f469}\u{200d}\u{1f680}",
];

/// Returns the text part and the HTML part of a message, decoded.
fn decoded(bytes: &[u8], boundary: &str) -> [String; 2] {
    let message = std::str::from_utf8(bytes).unwrap();
    let parts: Vec<&str> = message.split(&format!("--{boundary}")).collect();
    assert_eq!((parts.len(), parts[3]), (4, "--\r\n"));
    ["plain", "html"].map(|kind| {
        let part = parts[if kind == "plain" { 1 } else { 2 }];
        let (header, body) = part.split_once("\r\n\r\n").unwrap();
        assert!(header.contains(&format!("text/{kind}")) && header.contains("quoted-printable"), "{header}");
        // The CRLF before a boundary belongs to the boundary (RFC 2046 section 5.1.1).
        unquoted(body.strip_suffix("\r\n").unwrap())
    })
}

/// Decodes quoted-printable (RFC 2045 section 6.7), accepting nothing that it does not allow.
fn unquoted(body: &str) -> String {
    let mut out = Vec::new();
    for line in body.split_inclusive("\r\n") {
        let words = line.trim_end_matches("\r\n");
        assert!(words.len() <= 76 && !words.ends_with([' ', '\t']), "{line:?}");
        let mut rest = line.strip_suffix("=\r\n").unwrap_or(line);
        while let Some((before, after)) = rest.split_once('=') {
            out.extend_from_slice(before.as_bytes());
            out.push(u8::from_str_radix(&after[..2], 16).unwrap());
            rest = &after[2..];
        }
        out.extend_from_slice(rest.as_bytes());
    }
    String::from_utf8(out).unwrap()
}

fn check(words: &Words, person: &Recipient) {
    let parts = words.parts(person).unwrap();
    let token = key().token(person.row);
    let offered = Some("2026-11-23T18:00:00Z".parse().unwrap());
    for date in [None, offered] {
        let message = words.render(&key(), &token, person, date).unwrap();
        let [text, html] = decoded(&message.bytes, &key().boundary(&token));
        assert_eq!(text, parts.text);
        assert_eq!(html, parts.html);
    }
}

#[test]
fn every_example_for_every_name() {
    for toml in [OCTOBER, JANUARY] {
        let incident = incident::read("incident.toml", toml.as_bytes()).0.unwrap();
        let words = Words::new(&incident, &BTreeMap::new()).0.unwrap();
        for name in VALUES.iter().chain(VALUES.iter().rev()) {
            for (country, data) in [("US", &["email"][..]), ("GB", &["email"]), ("GB", &["email", "phone"])] {
                let residence = Residence { country: country.to_owned(), region: String::new() };
                check(&words, &Recipient { residence, ..person(name, data) });
            }
        }
    }
}

#[test]
fn values_in_every_place_and_elements_that_come_and_go() {
    let mut incident = email_only();
    let mut say = |element: &str, text: &str| {
        incident.notice.statements.insert(element.to_owned(), statement(text));
    };
    // The same words in two elements, of which the values choose none, one or both, in another flow.
    say("date_of_breach", "{% if note %}Your note is {{ note }}.{% endif %}");
    say("measures_taken", "{% if kind %}Your note is {{ kind }}.{% endif %}");
    say("likely_consequences", "1. {{ note }}\n2. fixed\n3. **{{ kind }}** and {{ name }}");
    say("closing", "{% if kind %}{{ kind }}\\\n{% endif %}{{ organisation }}\n\n{{ note }} ends");
    let (words, findings) = Words::with_columns(&incident, &BTreeMap::new(), ["note", "kind"]);
    let words = words.unwrap_or_else(|| panic!("{findings:#?}"));
    for note in VALUES {
        for kind in ["", "x", "<é> =", "a\r\nb"] {
            let mut person = person("Zoë", &["email"]);
            person.columns.insert("note".to_owned(), Private::new(note.to_owned()));
            person.columns.insert("kind".to_owned(), Private::new(kind.to_owned()));
            check(&words, &person);
        }
    }
}
