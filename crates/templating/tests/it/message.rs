//! The messages: header set, bytes that never vary, and values that can break nothing.

use crate::model::{address, email_only, key, person, statement, token, words};
use forthwith_core::{
    digest::{Digest, NO_DATE},
    message::gate,
    private::Private,
    recipient::Recipient,
};
use forthwith_templating::{RenderError, Words};
use std::collections::BTreeMap;

/// Names that break naive mailers; none has a control character, those are refused rows.
const HOSTILE: [&str; 24] = [
    "Ada",
    "名前 太郎",
    "«名»様",
    "محمد",
    "<b>bold</b>",
    "\"><img src=//e>",
    "<!--",
    "</title><script>",
    "&#x3c;&amp;",
    "**x** _y_ `z`",
    "[a](http://b)",
    "<https://e.example>",
    "# x",
    "1. x",
    "    x",
    "> x",
    "{{ __tera_context }}",
    "{% include \"/etc/passwd\" %}",
    "\u{e000}0\u{e001}",
    "\u{e000}",
    "=?utf-8?b?DQpCY2M6?=",
    "a,b;c:d<e>@\"f\\",
    "J. R. \"Bob\" O'Hara",
    "x\u{200d}y \u{1f469}\u{200d}\u{1f680}",
];

fn header(bytes: &[u8]) -> String {
    let text = String::from_utf8(bytes.to_vec()).unwrap();
    text.split("\r\n\r\n").next().unwrap().to_owned()
}

/// Returns the tags of a page with their attributes, and for each text between them whether there is any.
fn structure(html: &str) -> Vec<String> {
    let pieces = html.split_inclusive('>').flat_map(|piece| {
        let at = piece.find('<').unwrap_or(piece.len());
        let text = if piece[..at].trim().is_empty() { "" } else { "text" };
        [text.to_owned(), piece[at..].to_owned()]
    });
    pieces.filter(|piece| !piece.is_empty()).collect()
}

#[test]
fn the_header_set_is_exactly_this() {
    let words = words(&email_only());
    let message = words.render(&key(), &token(), &person("Ada Lovelace", &["email"]), None).unwrap();
    let expected = format!(
        "From: Larkspur <notice@larkspur.example>\r\n\
         Reply-To: \"Larkspur help\" <help@larkspur.example>\r\n\
         To: \"Ada Lovelace\" <ada@example.com>\r\n\
         Subject: Notice of data breach\r\n\
         Date: {NO_DATE}\r\n\
         Message-ID: <{token}.larkspur-2020-10@larkspur.example>\r\n\
         Auto-Submitted: auto-generated\r\n\
         X-Auto-Response-Suppress: OOF, AutoReply\r\n\
         X-Forthwith-ID: {token}\r\n\
         Content-Language: en\r\n\
         MIME-Version: 1.0\r\n\
         Content-Type: multipart/alternative;\r\n boundary=\"{}\"",
        key().boundary(&token()),
        token = token(),
    );
    assert_eq!(header(&message.bytes), expected);
    assert_eq!(message.return_path, format!("{}@bounces.larkspur.example", key().return_path(&token())));
}

#[test]
fn only_the_date_value_differs_between_plan_and_wire() {
    let ada = person("Ada Lovelace", &["email"]);
    let planned = words(&email_only()).render(&key(), &token(), &ada, None).unwrap();
    let date = "2026-11-23T18:00:00Z".parse().unwrap();
    // Another instance stands for another process: nothing is kept between them.
    let offered = words(&email_only()).render(&key(), &token(), &ada, Some(date)).unwrap();
    assert_eq!(planned.content, offered.content);
    assert_eq!(planned.content, Digest::of(&planned.bytes));
    let masked = String::from_utf8(offered.bytes).unwrap().replace("Mon, 23 Nov 2026 18:00:00 +0000", NO_DATE);
    assert_eq!(masked.as_bytes(), planned.bytes);
    for odd in ["0999-12-31T00:00:00Z", "-000001-01-01T00:00:00Z"] {
        let refused = words(&email_only()).render(&key(), &token(), &ada, Some(odd.parse().unwrap()));
        assert_eq!(refused.err(), Some(RenderError::Date), "{odd}");
    }
}

#[test]
fn rendering_others_first_changes_nothing() {
    let words = words(&email_only());
    let ada = person("Ada Lovelace", &["email"]);
    let first = words.render(&key(), &token(), &ada, None).unwrap();
    for name in HOSTILE {
        words.render(&key(), &key().token(2), &person(name, &["phone"]), None).unwrap();
    }
    assert!(first == words.render(&key(), &token(), &ada, None).unwrap());
}

#[test]
fn hostile_names_change_neither_header_names_nor_html_structure() {
    let words = words(&email_only());
    let expected = structure(&words.parts(&person(HOSTILE[0], &["email"])).unwrap().html);
    let names = |bytes: &[u8]| -> Vec<String> {
        let header = header(bytes);
        let fields = header.split("\r\n").filter(|line| !line.starts_with(' '));
        fields.filter_map(|line| line.split(':').next().map(str::to_owned)).collect()
    };
    let fields = names(&words.render(&key(), &token(), &person("Ada", &["email"]), None).unwrap().bytes);
    for name in HOSTILE {
        let person = person(name, &["email"]);
        let parts = words.parts(&person).unwrap();
        assert_eq!(structure(&parts.html), expected, "{name:?}");
        let said = name.split_whitespace().collect::<Vec<_>>().join(" ");
        assert!(parts.text.contains(&format!("Hello {said},")), "{name:?}: {}", parts.text);
        let message = words.render(&key(), &token(), &person, None).unwrap();
        assert_eq!(names(&message.bytes), fields, "{name:?}");
        assert_eq!(gate(&message.bytes), Ok(()));
    }
}

/// Returns names of up to 40 characters from every plane, drawn by a fixed rule (xorshift, Marsaglia 2003).
fn drawn_names(count: usize) -> impl Iterator<Item = String> {
    let mut state = 0x9e37_79b9_7f4a_7c15_u64;
    let mut draw = move |below: u64| {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state % below
    };
    let mut character = move || {
        let range = [0x5f, 0x5f, 0x5f, 0x7e0, 0xffe0, 0x10_ffe0][usize::try_from(draw(6)).unwrap()];
        (draw(40) > 0).then(|| char::from_u32(u32::try_from(0x20 + draw(range)).unwrap()).unwrap_or('\u{fffd}'))
    };
    (0..count).map(move |_| std::iter::from_fn(&mut character).take(40).collect())
}

#[test]
fn any_name_renders_or_is_refused_and_none_panics() {
    let words = words(&email_only());
    let expected = structure(&words.parts(&person("Ada", &["email"])).unwrap().html);
    let mut rendered = 0;
    for name in drawn_names(2_000) {
        let person = person(&name, &["email"]);
        let has_control = name.chars().any(|c| c.is_control() || matches!(c, '\u{2028}' | '\u{2029}'));
        match words.render(&key(), &token(), &person, None) {
            Ok(message) => assert!(!has_control && gate(&message.bytes).is_ok(), "{name:?}"),
            Err(error) => assert!(has_control && error == RenderError::Name, "{name:?}: {error}"),
        }
        if !has_control && !name.trim().is_empty() {
            assert_eq!(structure(&words.parts(&person).unwrap().html), expected, "{name:?}");
            rendered += 1;
        }
    }
    assert!(rendered > 500, "{rendered} of 2,000 names were rendered");
}

#[test]
fn names_with_line_ends_are_an_error() {
    let words = words(&email_only());
    for name in
        ["Bob\r\nBcc: evil@x", "Bob\nX: y", "a\0b", "Bob\r\n\r\n<script>", "a\u{85}b", "a\u{2028}b", "\u{1b}[2J"]
    {
        let refused = words.render(&key(), &token(), &person(name, &["email"]), None);
        assert_eq!(refused.err(), Some(RenderError::Name), "{name:?}");
    }
    let long = "x".repeat(1_200);
    let refused = words.render(&key(), &token(), &person(&long, &["email"]), None).err();
    assert!(matches!(refused, Some(RenderError::Gate(_))), "{refused:?}");
}

#[test]
fn bodies_cannot_smuggle() {
    let mut incident = email_only();
    incident.notice.statements.insert("measures_taken".to_owned(), statement("We did {{ note }} this."));
    let (words, findings) = Words::with_columns(&incident, &BTreeMap::new(), ["Note"]);
    let words = words.unwrap_or_else(|| panic!("{findings:#?}"));
    for end in
        ["\n.\n", "\n.\r", "\r.\n", "\r.\r", "\n.\r\n", "\r.\r\n", "\r\n\0.\r\n", "\r\n.\r\r\n", "\r\r\n.\r\r\n"]
    {
        let mut person = person("Ada", &["email"]);
        let value = format!("{end}MAIL FROM:<e@x>");
        person.columns.insert("Note".to_owned(), Private::new(value));
        let message = words.render(&key(), &token(), &person, None).unwrap();
        assert_eq!(gate(&message.bytes), Ok(()), "{end:?}");
    }
}

/// The same in words that are the operator's own: refused, or as harmless as in a value.
#[test]
fn templates_cannot_smuggle() {
    let (mut refused, mut rendered) = (0, 0);
    for end in
        ["\n.\n", "\n.\r", "\r.\n", "\r.\r", "\n.\r\n", "\r.\r\n", "\r\n\0.\r\n", "\r\n.\r\r\n", "\r\r\n.\r\r\n"]
    {
        let text = format!("Before{end}MAIL FROM:<e@x>\r\n\r\n.\r\n\r\nafter{end}.\n");
        let mut by_statement = email_only();
        by_statement.notice.statements.insert("closing".to_owned(), statement(&text.replace('<', "")));
        let own = BTreeMap::from([("closing.en.md".to_owned(), text.replace('<', ""))]);
        for words in [Words::new(&by_statement, &BTreeMap::new()).0, Words::new(&email_only(), &own).0] {
            match words.map(|words| words.render(&key(), &token(), &person("Ada", &["email"]), None)) {
                Some(Ok(message)) => {
                    assert_eq!(gate(&message.bytes), Ok(()), "{end:?}");
                    rendered += 1;
                }
                None | Some(Err(_)) => refused += 1,
            }
        }
    }
    assert!(refused > 0 && rendered > 0, "{refused} refused, {rendered} rendered");
}

#[test]
fn each_message_holds_its_own_persons_data_alone() {
    let mut incident = email_only();
    incident
        .notice
        .statements
        .insert("measures_taken".to_owned(), statement("See {{ order_no }} of {{ person_id }}."));
    let words = Words::with_columns(&incident, &BTreeMap::new(), ["Order No"]).0.unwrap();
    let people: Vec<Recipient> = (0..40)
        .map(|i| Recipient {
            row: i,
            id: Private::new(format!("id{i:03}canary")),
            address: address(&format!("address{i:03}canary@example.com")),
            columns: BTreeMap::from([("Order No".to_owned(), Private::new(format!("order{i:03}canary")))]),
            ..person(&format!("name{i:03}canary"), if i % 2 == 0 { &["email"] } else { &["email", "phone"] })
        })
        .collect();
    // Twice, in opposite orders: what one person left behind would turn up in the next one's message.
    for person in people.iter().chain(people.iter().rev()) {
        check_canaries(&words, person);
    }
}

fn check_canaries(words: &Words, person: &Recipient) {
    let message = words.render(&key(), &key().token(person.row), person, None).unwrap();
    let text = String::from_utf8(message.bytes).unwrap().replace("=\r\n", "");
    let found: Vec<&str> = text.match_indices("canary").map(|(at, _)| &text[at - 3..at]).collect();
    // Name and address in To; name, order and id in each of the two parts.
    assert_eq!(found, vec![format!("{:03}", person.row); 8], "{text}");
}

#[test]
fn real_addresses_that_lettre_would_refuse_are_written_as_they_are() {
    let words = words(&email_only());
    for odd in ["a..b@docomo.example.jp", "\"a b\"@example.com", "x@xn--bcher-kva.example"] {
        let person = Recipient { address: address(odd), ..person("", &["email"]) };
        let message = words.render(&key(), &token(), &person, None).unwrap();
        assert!(header(&message.bytes).contains(&format!("\r\nTo: {odd}\r\n")), "{odd}");
    }
}

/// A full stop may not stand in a name outside quotes (RFC 5322 section 3.2.5), and lettre writes it so.
#[test]
fn names_with_full_stops_are_quoted() {
    for name in [".", "..", "J.", "J.R.", "shop.example", "a-b_c.d"] {
        let mut incident = email_only();
        incident.organisation.from.name = name.to_owned();
        let message = words(&incident).render(&key(), &token(), &person(name, &["email"]), None).unwrap();
        let header = header(&message.bytes);
        assert!(header.starts_with(&format!("From: \"{name}\" <notice@larkspur.example>\r\n")), "{header}");
        assert!(header.contains(&format!("\r\nTo: \"{name}\" <ada@example.com>\r\n")), "{header}");
        assert_eq!(gate(&message.bytes), Ok(()));
    }
}

#[test]
fn a_person_without_a_name_is_greeted_without_one() {
    let parts = words(&email_only()).parts(&person("", &["email"])).unwrap();
    assert!(parts.text.contains("\r\nHello,\r\n"));
    assert_eq!(parts.to, "ada@example.com");
}

#[test]
fn html_fetches_nothing_and_leads_nowhere() {
    let html = words(&email_only()).parts(&person("Ada", &["email"])).unwrap().html;
    for word in ["href", "src", "url(", "http", "<img", "<a ", "<form", "<script", "@import", "<link"] {
        assert!(!html.contains(word), "{word} is in {html}");
    }
    for word in ["<html lang=\"en\" dir=\"ltr\">", "<h1 ", "<h2 ", "<ol ", "<title>Notice of data breach</title>"] {
        assert!(html.contains(word), "{word} is not in {html}");
    }
}

#[test]
fn colours_have_contrast() {
    // Ink and soft text on the sheet, in the light and the dark scheme (WCAG 2.2, 1.4.3).
    for (ink, ground) in [("1f2328", "ffffff"), ("57606a", "ffffff"), ("e6e8eb", "1e2227"), ("a9b1bb", "1e2227")] {
        let html = words(&email_only()).parts(&person("Ada", &["email"])).unwrap().html;
        assert!(html.contains(ink) && html.contains(ground), "{ink} {ground}");
        let (a, b) = (luminance(ink), luminance(ground));
        let contrast = (a.max(b) + 0.05) / (a.min(b) + 0.05);
        assert!(contrast >= 4.5, "{ink} on {ground}: {contrast}");
    }
}

fn luminance(hex: &str) -> f64 {
    let channel = |at: usize| {
        let value = f64::from(u8::from_str_radix(&hex[at..at + 2], 16).unwrap()) / 255.0;
        if value <= 0.04045 { value / 12.92 } else { ((value + 0.055) / 1.055).powf(2.4) }
    };
    0.2126 * channel(0) + 0.7152 * channel(2) + 0.0722 * channel(4)
}
