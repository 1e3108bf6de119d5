//! The reference of `cargo xtask bench dry-run`: what any program would have to do that makes the same messages
//! with Tera and lettre alone. 100,000 messages, one thread; this crate may not read a clock, so it stands outside.
//!
//! The two templates are the text part and the HTML part of the notice of `examples/amazon-2020-10`, with
//! `{{ name }}` where the name stands. For each person, Tera renders both, the second with HTML escaping, and
//! lettre's builder makes and formats the message: From, Reply-To, To, Subject, Date, Message-ID, and both parts in
//! quoted-printable, as ours are. It reads no list, chooses no variant, parses no Markdown, looks at no byte that it
//! made, digests nothing and keeps nothing.

#![expect(clippy::unwrap_used, clippy::print_stdout, reason = "a measuring tool for developers")]

use forthwith_core::{
    address::Address,
    incident,
    private::Private,
    recipient::{Recipient, Residence},
};
use forthwith_templating::{Parts, Words};
use lettre::message::{
    Mailbox, Message, MultiPart, SinglePart,
    header::{ContentTransferEncoding, ContentType, Date, Header as _},
};
use std::collections::BTreeMap;
use tera::{Context, Tera};

/// Enough to leave the start out of account.
const MESSAGES: usize = 100_000;
/// The same in every message, as in a plan.
const DATE: &str = "Thu, 01 Jan 1970 00:00:00 +0000";
/// Stands where the name goes, until it is a placeholder.
const MARK: &str = "Qqqq";
/// People as the generated list has them: some names that only quoted-printable can carry, some to be escaped.
const NAMES: [&str; 8] = [
    "Ada Lovelace",
    "Grace O'Hara",
    "Jürgen Müller",
    "Łukasz Żółć",
    "Ольга Иванова",
    "山田 太郎",
    "Smith, John \"Jack\"",
    "<b>Bobby</b> & Sons",
];

fn main() {
    let parts = parts();
    let mut tera = Tera::default();
    tera.add_raw_template("notice.txt", &parts.text.replace(MARK, "{{ name }}")).unwrap();
    tera.add_raw_template("notice.html", &parts.html.replace(MARK, "{{ name }}")).unwrap();
    let from: Mailbox = parts.from.parse().unwrap();
    let reply_to: Option<Mailbox> = parts.reply_to.as_deref().map(|mailbox| mailbox.parse().unwrap());
    let mut octets = 0;
    for (number, name) in (1..=MESSAGES).zip(NAMES.into_iter().cycle()) {
        let mut context = Context::new();
        context.insert("name", &name);
        let text = tera.render("notice.txt", &context).unwrap();
        let html = tera.render("notice.html", &context).unwrap();
        let address = format!("p{number}@mail.example.net").parse().unwrap();
        let mut builder = Message::builder().from(from.clone());
        if let Some(reply_to) = &reply_to {
            builder = builder.reply_to(reply_to.clone());
        }
        let message = builder
            .to(Mailbox::new(Some(name.to_owned()), address))
            .subject(parts.subject.as_str())
            .header(Date::parse(DATE).unwrap())
            .message_id(Some(format!("<{number}@mail.example.net>")))
            .multipart(
                MultiPart::alternative()
                    .boundary(format!("bare-loop-{number:024}"))
                    .singlepart(part(ContentType::TEXT_PLAIN, text))
                    .singlepart(part(ContentType::TEXT_HTML, html)),
            )
            .unwrap()
            .formatted();
        octets += message.len();
    }
    println!("{{\"messages\":{MESSAGES},\"octets\":{}}}", octets / MESSAGES);
}

fn part(kind: ContentType, body: String) -> SinglePart {
    SinglePart::builder().header(kind).header(ContentTransferEncoding::QuotedPrintable).body(body)
}

/// Returns the parts of the example's notice to somebody whose name is [`MARK`].
fn parts() -> Parts {
    let settings = include_bytes!("../../../examples/amazon-2020-10/incident.toml");
    let incident = incident::read("incident.toml", settings).0.unwrap();
    let words = Words::new(&incident, &BTreeMap::new()).0.unwrap();
    let person = Recipient {
        row: 1,
        line: 2,
        id: Private::new(String::new()),
        address: Address::parse("somebody@example.org").unwrap(),
        name: Private::new(MARK.to_owned()),
        residence: Residence::default(),
        language: String::new(),
        data: vec![incident.categories[0].id.clone()],
        consent: Vec::new(),
        columns: BTreeMap::new(),
    };
    words.parts(&person).unwrap()
}
