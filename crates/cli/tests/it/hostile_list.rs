//! The worst that a list can hold, on its way through the whole program: what is not refused reaches its one
//! recipient as the words that it is, and changes neither dialogue, header nor structure.
//!
//! Judges are the raw octets at a scripted relay, `smtp-sink`, and Python's `email` and `html.parser`.

use crate::harness::{Incident, count, finding};
use forthwith_testkit::{
    parsed::{Parsed, parse, structures},
    recorded::Recorded,
    relay::{Act, At, Relay, Script},
    sink::{Keep, Sink},
    tools,
};
use std::{collections::BTreeSet, fmt::Write as _};

/// The ends of data of the published tools for SMTP smuggling, and the bare ones; a command follows
/// each. Those with a NUL are refused with their row.
const ENDS: [&str; 17] = [
    "\n.\n",
    "\n.\r",
    "\r.\n",
    "\r.\r",
    "\n.\r\n",
    "\r.\r\n",
    "\r\n.\r\r\n",
    "\r\r\n.\r\r\n",
    "\r\r\n.\r\n",
    "\r\n.\n",
    "\r\n.\r",
    "\r\n.\r\n",
    "\n\n.\r\n",
    "\r\n\x0b.\r\n",
    "\r\n\t.\r\n",
    "\r\n\u{85}.\u{85}",
    "\u{2028}.\u{2028}",
];

/// What template engines, spreadsheets, browsers, Markdown and mail readers obey. None has a control character.
const WORDS: [&str; 66] = [
    // Template engines.
    "{{ __tera_context }}",
    "{% include \"/etc/passwd\" %}",
    "{{ address }}",
    "{{ person_id }}",
    "{{7*7}}",
    "${7*7}",
    "#{7*7}",
    "*{7*7}",
    "@(7*7)",
    "%{7*7}",
    "<%= 7*7 %>",
    "[[${7*7}]]",
    "{{ ''.__class__.__mro__[2].__subclasses__() }}",
    "{{ get_env(name='HOME') }}",
    "{{ now() }}",
    "{{ throw(message='x') }}",
    "{{ 'a' | safe }}",
    "{% raw %}{{ name }}{% endraw %}",
    "{% for i in range(end=9) %}a{% endfor %}",
    "{% set x = 1 %}{{ x }}",
    "{# gone #}",
    "{{ name",
    "}}",
    "{%",
    "{{{{ name }}}}",
    "${T(java.lang.Runtime).getRuntime().exec('id')}",
    "{{constructor.constructor('return 1')()}}",
    "#set($x=7*7)$x",
    "{php}echo 1;{/php}",
    // Spreadsheets.
    "=cmd|'/C calc'!A0",
    "=1+1",
    "+1-2",
    "-2+3",
    "@SUM(1+1)",
    "\u{ff1d}1",
    ";=1",
    "=HYPERLINK(\"http://e.example\",\"x\")",
    // Browsers.
    "<b>",
    "\"><img src=//e>",
    "'><svg onload=alert(1)>",
    "<!--",
    "-->",
    "</title><script>alert(1)</script>",
    "</style></body></html>",
    "&#x3c;b&#x3e;",
    "&lt;b&gt;",
    "javascript:alert(1)",
    "<![CDATA[x]]>",
    "<?php x ?>",
    "<a href=http://e.example>",
    // Markdown.
    "**x** _y_ `z`",
    "[a](http://e.example)",
    "![a](http://e.example/i.png)",
    "<https://e.example>",
    "# x",
    "> x",
    "1. x",
    "---",
    "\\",
    // Mail readers.
    "=?utf-8?b?DQpCY2M6?=",
    "=?utf-8?q?=0D=0ABcc:_e@x?=",
    "J.R.",
    "..",
    "a,b;c:d<e>@\"f\\",
    "Bcc: e@x",
    ".",
];

/// Returns a cell as RFC 4180 writes it.
fn cell(value: &str) -> String {
    format!("\"{}\"", value.replace('"', "\"\""))
}

/// Returns an incident whose greeting says the name and a note from the list, with a row for each of these.
fn incident<'a>(people: impl IntoIterator<Item = (&'a str, &'a str)>) -> Incident {
    let mut list = "id,email,name,country,region,note\n".to_owned();
    for (row, (name, note)) in (1..).zip(people) {
        let _ = writeln!(list, "C{row},p{row}@people.example,{},US,OR,{}", cell(name), cell(note));
    }
    let incident = Incident::with_list(list);
    incident.write("templates/greeting.en.md", "Hello {{ name }},\n\n*Your* note is **{{ note }}** here.\n");
    incident.run("notify", &["--dry-run"]).exits(0);
    incident
}

fn words(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// Holds what every message on a line has to be: CRLF alone, no NUL, lines of 998 octets, one final dot each.
fn is_sound_on_the_wire(relay: &Relay, messages: usize) {
    let mut dots = 0;
    for said in relay.clear() {
        for line in said.split_inclusive(|octet| *octet == b'\n') {
            let shown = String::from_utf8_lossy(line);
            let text = line.strip_suffix(b"\r\n").unwrap_or_else(|| panic!("a bare LF or no end: {shown:?}"));
            assert!(!text.iter().any(|octet| matches!(octet, b'\r' | 0 | 128..)), "{shown:?}");
            assert!(text.len() <= 998, "{} octets", text.len());
            dots += usize::from(text == b".");
        }
    }
    assert_eq!(dots, messages, "one end of data for each message");
}

/// Holds that there is one message for each of `people`, to that person alone, and returns them in row order.
fn one_each(received: Vec<Recorded>, people: usize) -> Vec<Recorded> {
    let mut received: Vec<(usize, Recorded)> = received
        .into_iter()
        .map(|message| {
            let [to] = &message.recipients[..] else { panic!("{:?}", message.recipients) };
            let row = to.strip_prefix('p').and_then(|to| to.strip_suffix("@people.example")).unwrap();
            assert!(message.header("To").unwrap().contains(&format!("p{row}@people.example")));
            assert!(!message.mail_from.is_empty(), "the null sender would forbid bounces");
            (row.parse().unwrap(), message)
        })
        .collect();
    received.sort_by_key(|(row, _)| *row);
    let rows: Vec<_> = received.iter().map(|(row, _)| *row).collect();
    assert_eq!(rows, (1..=people).collect::<Vec<_>>());
    received.into_iter().map(|(_, message)| message).collect()
}

fn names(message: &Parsed) -> Vec<&str> {
    message.headers.iter().map(|(name, _)| name.as_str()).collect()
}

/// One header set and one HTML structure for everybody, and each person's words as they were written.
fn is_one_form_for_all(messages: &[Recorded], people: &[(&str, &str)]) {
    let Some(python) = tools::require("python3") else { return };
    let octets: Vec<_> = messages.iter().map(|message| message.message.as_slice()).collect();
    let parsed = parse(&python, &octets).unwrap();
    let pages: Vec<_> = parsed.iter().map(|message| message.text("text/html").unwrap()).collect();
    let structures = structures(&python, &pages).unwrap();
    assert!(structures[0].len() > 20, "{:?}", structures[0]);
    for (((name, note), message), structure) in people.iter().zip(&parsed).zip(&structures) {
        assert_eq!(names(message), names(&parsed[0]), "{name:?}");
        assert_eq!(message.defects, [""; 0], "{name:?}");
        assert_eq!(*structure, structures[0], "{name:?} {note:?}");
        assert_eq!(message.parts.len(), 2, "{name:?}");
        let text = words(message.text("text/plain").unwrap());
        let said = words(&format!("Hello {name}, Your note is {note} here."));
        assert!(text.contains(&said), "{said:?} is not in {text:?}");
    }
}

#[test]
fn every_word_that_something_obeys_arrives_as_it_was_written() {
    let mirrored = WORDS.iter().rev();
    let people: Vec<_> = std::iter::once(("Ada", "plain"))
        .chain(WORDS.iter().zip(mirrored).map(|(name, note)| (*name, *note)))
        .collect();
    let incident = incident(people.iter().copied());
    let relay = Relay::start(Script::new(["PIPELINING", "DSN", "SIZE 1000000"])).unwrap();
    incident.tell(&relay.url(), &["--connections", "4"]).exits(0);
    let messages = one_each(relay.recorded(), people.len());
    is_one_form_for_all(&messages, &people);
    is_sound_on_the_wire(&relay, people.len());
}

#[test]
fn no_end_of_data_in_a_cell_ends_a_message() {
    let notes: Vec<_> = ENDS.iter().map(|end| format!("a{end}MAIL FROM:<e@x.example>{end}b")).collect();
    let people: Vec<_> = notes.iter().map(|note| ("Ada", note.as_str())).collect();
    let incident = incident(people.iter().copied());
    let relay = Relay::start(Script::new(["PIPELINING"])).unwrap();
    incident.tell(&relay.url(), &["--connections", "2"]).exits(0);
    one_each(relay.recorded(), people.len());
    is_sound_on_the_wire(&relay, people.len());
    assert_eq!(relay.times(At::Mail), people.len(), "no command came out of a message");

    let Some(program) = tools::require("smtp-sink") else { return };
    let sink = Sink::start(&program, Keep::Messages, &[]).unwrap();
    let incident = self::incident(people.iter().copied());
    incident.tell(&sink.url(), &["--connections", "2"]).exits(0);
    let recorded = one_each(sink.recorded().unwrap(), people.len());
    assert!(recorded.iter().all(|message| message.mail_from != "e@x.example"));
}

#[test]
fn what_could_end_a_header_or_a_command_refuses_its_row() {
    let refused: [(&str, &str, &str); 20] = [
        ("name", "Bob\r\nBcc: evil@x", "control-character"),
        ("name", "Bob\nX: y", "control-character"),
        ("name", "Bob\rX: y", "control-character"),
        ("name", "a\0b", "nul"),
        ("name", "a\r\n\0.\r\nMAIL FROM:<e@x>", "nul"),
        ("name", "a\r\n.\0\r\nMAIL FROM:<e@x>", "nul"),
        ("name", "Bob\r\n\r\n<script>", "control-character"),
        ("name", "a\u{2028}b", "control-character"),
        ("name", "a\u{2029}b", "control-character"),
        ("name", "a\u{85}b", "control-character"),
        ("name", "\u{1b}]52;c;x\u{7}", "control-character"),
        ("name", "a\u{7f}b", "control-character"),
        ("email", "\"\r\nRCPT TO:<e@x>\"@x.example", "address-syntax"),
        ("email", "v@x.example>\r\nDATA", "address-syntax"),
        ("email", "v@x.example> NOTIFY=NEVER", "address-syntax"),
        ("email", "v@x.example\r\nX-Inj: 1", "address-syntax"),
        ("email", "v@x.example\0", "nul"),
        ("email", "v@x.example,w@x.example", "address-syntax"),
        ("email", "\"v\u{7f}\"@x.example", "address-syntax"),
        ("email", "v@exa\u{200b}mple.example", "address-syntax"),
    ];
    for (column, value, code) in refused {
        let (mut name, mut email) = ("Bo", "bo@people.example");
        *(if column == "name" { &mut name } else { &mut email }) = value;
        let list = format!("id,email,name\nC1,ada@people.example,Ada\nC2,{},{}\n", cell(email), cell(name));
        let incident = Incident::with_list(list);
        let report = incident.json("check", &[]).exits(3).json();
        let found = finding(&report, code);
        // Where there is a NUL, no cell can be told from another.
        let column = if code == "nul" { serde_json::Value::Null } else { column.into() };
        assert_eq!((&found["row"], &found["column"]), (&2.into(), &column), "{value:?}: {found}");
        assert_eq!((count(&report["planned"]), count(&report["refused"])), (1, 1), "{value:?}");
        incident.run("notify", &["--dry-run"]).exits(3);
    }
}

/// People of a list whose rows are shuffled; each has words that nobody else has.
const CROWD: usize = 150;
/// Coprime to the crowd: every row comes once, in another order.
const STRIDE: usize = 67;

#[test]
fn nobody_gets_a_word_of_anybody_else_whatever_the_number_of_lines() {
    let word = |column: &str, row: usize| format!("zq{column}{row:03}qz");
    let rows = (0..CROWD).map(|at| at * STRIDE % CROWD).map(|row| {
        let [id, local, name, note] = ["i", "l", "n", "o"].map(|column| word(column, row));
        format!("{id},{local}@people.example,{name},US,OR,{note}\n")
    });
    let list = format!("id,email,name,country,region,note\n{}", rows.collect::<String>());
    for connections in [2, 16, 64] {
        let incident = Incident::with_list(&list);
        let greeting = "Hello {{ name }}, {{ note }}, {{ person_id }}, {{ address }}.\n";
        incident.write("templates/greeting.en.md", greeting);
        incident.run("notify", &["--dry-run"]).exits(0);
        // Lines that break and people who are put off: what one attempt leaves must not reach another's.
        let script = Script::new(["PIPELINING"]).on(|moment| match (moment.at, moment.times % 10) {
            (At::Data, 3) => Some(Act::Close),
            (At::Rcpt, 7) => Some(Act::say("452 4.2.2 later")),
            _ => None,
        });
        let relay = Relay::start(script).unwrap();
        incident.tell(&relay.url(), &["--no-wait", "--connections", &connections.to_string()]).exits(5);
        let received = relay.recorded();
        assert!(received.len() > CROWD / 2 && relay.times(At::Greeting) > 2, "{}", received.len());
        let mut told = BTreeSet::new();
        for message in received {
            let [to] = &message.recipients[..] else { panic!("{:?}", message.recipients) };
            let row: usize = to[3..6].parse().unwrap();
            let text = String::from_utf8(message.message).unwrap().replace("=\r\n", "");
            let found: BTreeSet<_> = text.match_indices("zq").map(|(at, _)| &text[at..at + 8]).collect();
            // A token may begin like a word of ours.
            let found: BTreeSet<_> = found.into_iter().filter(|found| found.ends_with("qz")).collect();
            let own = ["i", "l", "n", "o"].map(|column| word(column, row));
            assert_eq!(found, own.iter().map(String::as_str).collect(), "row {row} over {connections} lines");
            assert!(told.insert(row), "row {row} was told twice");
        }
    }
}

/// Addresses that real people have and strict libraries refuse, as they stand in the commands.
#[test]
fn odd_addresses_of_real_people_stand_in_the_commands_as_they_are() {
    let odd = [
        ("a..b@people.example", "a..b@people.example", "a..b@people.example"),
        ("a.@people.example", "a.@people.example", "a.@people.example"),
        ("o'hara+x=1@people.example", "o'hara+x=1@people.example", "o'hara+2Bx+3D1@people.example"),
        ("\"a b\"@people.example", "\"a b\"@people.example", "\"a+20b\"@people.example"),
        ("info@b\u{fc}cher.example", "info@xn--bcher-kva.example", "info@xn--bcher-kva.example"),
        ("info@stra\u{df}e.example", "info@xn--strae-oqa.example", "info@xn--strae-oqa.example"),
    ];
    let rows = (1..).zip(odd).map(|(row, (typed, ..))| format!("C{row},{},Ada,US,OR\n", cell(typed)));
    let incident = Incident::with_list("id,email,name,country,region\n".to_owned() + &rows.collect::<String>());
    incident.run("notify", &["--dry-run"]).exits(0);
    let relay = Relay::start(Script::new(["PIPELINING", "DSN"])).unwrap();
    incident.tell(&relay.url(), &[]).exits(0);
    let mut commands: Vec<_> = relay.received().into_iter().map(|message| message.rcpt).collect();
    commands.sort();
    let mut expected: Vec<_> = odd
        .iter()
        .map(|(_, path, report)| format!("RCPT TO:<{path}> NOTIFY=FAILURE,DELAY ORCPT=rfc822;{report}"))
        .collect();
    expected.sort();
    assert_eq!(commands, expected);
    is_sound_on_the_wire(&relay, odd.len());
}
