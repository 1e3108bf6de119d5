//! Nobody's data and no credential is anywhere but where it is documented to be.
//!
//! Each cell of a list, the password, the user name and each reply of the relay is a word that stands nowhere
//! else. Every command runs in every format, well and badly; then each word is looked for in all that was said,
//! in argument lists, environments and files. What a command exists to show is in the tables here, and nothing
//! else may be shown.

use crate::harness::{Incident, PATIENCE, program};
use forthwith_testkit::{
    relay::{
        Act, At, Moment, Protection, Relay, Script,
        certificate::{Certificate, Flaw},
    },
    strace, tools,
};
use std::{
    collections::BTreeSet,
    fs,
    os::unix::fs::PermissionsExt as _,
    path::{Path, PathBuf},
    process::Command,
};
use tempfile::TempDir;

const ROWS: usize = 8;
/// Cells of a row that are words of ours: id, local part, domain, name, street, city, account.
const CELLS: usize = 7;
const USER: &str = "zquserqz";
const PASSWORD: &str = "zqpasswordqz";
const WRONG_PASSWORD: &str = "zqwrongqz";
/// User and password as AUTH PLAIN and LOGIN write them, the wrong password too.
const ENCODED: [&str; 5] = [
    "AHpxdXNlcnF6AHpxcGFzc3dvcmRxeg==",
    "AHpxdXNlcnF6AHpxd3Jvbmdxeg==",
    "enF1c2VycXo=",
    "enFwYXNzd29yZHF6",
    "enF3cm9uZ3F6",
];
/// What the relay says of one recipient, and of us.
const REPLY: &str = "zqreplyqz";

/// Returns the word in cell `cell` of row `row`, both counted from 0; letters alone, as a name has.
fn word(row: usize, cell: usize) -> String {
    let letter = |number: usize| char::from(b'a' + u8::try_from(number).unwrap());
    format!("zq{}{}x{}qz", letter(row / 16), letter(row % 16), letter(cell))
}

fn list() -> String {
    let row = |row: usize| {
        let cells: Vec<String> = (0..CELLS).map(|cell| word(row, cell)).collect();
        let [id, local, domain, name, street, city, account] = cells.try_into().unwrap();
        format!("{id},{local}@{domain}.example,{name},US,OR,{street},{city},{account}\n")
    };
    "id,email,name,country,region,street,city,account\n".to_owned() + &(0..ROWS).map(row).collect::<String>()
}

/// Returns every word that `bytes` hold, whatever their case.
fn found(bytes: &[u8]) -> BTreeSet<String> {
    let text = String::from_utf8_lossy(bytes).to_lowercase();
    let people = (0..ROWS).flat_map(|row| (0..CELLS).map(move |cell| word(row, cell)));
    let secrets = [USER, PASSWORD, WRONG_PASSWORD, REPLY].into_iter().chain(ENCODED).map(str::to_lowercase);
    people.chain(secrets).filter(|word| text.contains(word.as_str())).collect()
}

/// What a command exists to show, on standard output.
#[derive(Clone, Copy, Debug)]
enum Shows {
    Nothing,
    /// The data row of this number, counted from 1.
    Row(usize),
    /// The same, and what the relay said of it.
    RowAndReply(usize),
    /// What the relay said.
    Reply,
    /// Anybody who needs a person's decision, and what the relay said.
    AnyoneAndReply,
}

impl Shows {
    fn may(self, word_found: &str) -> bool {
        let is_of = |row: usize| (0..CELLS).any(|cell| word(row, cell) == word_found);
        match self {
            Self::Nothing => false,
            Self::Row(row) => is_of(row - 1),
            Self::RowAndReply(row) => is_of(row - 1) || word_found == REPLY,
            Self::Reply => word_found == REPLY,
            Self::AnyoneAndReply => (0..ROWS).any(is_of) || word_found == REPLY,
        }
    }
}

/// An incident whose list, login and surroundings are watched.
struct Watched {
    incident: Incident,
    /// Home, temporary and working folder of every run.
    around: TempDir,
    offences: Vec<String>,
}

impl Watched {
    fn new() -> Self {
        let watched =
            Self { incident: Incident::with_list(list()), around: TempDir::new().unwrap(), offences: Vec::new() };
        for folder in ["home", "tmp", "work"] {
            fs::create_dir(watched.around.path().join(folder)).unwrap();
        }
        // What asks for the password, and what opens a page, note down what they and we are called with.
        let spy = |name: &str, last: &str| {
            let path = watched.around.path().join(name);
            let witness = watched.around.path().join("witness");
            let script = format!(
                "#!/bin/sh\ncat /proc/$$/cmdline /proc/$$/environ /proc/$PPID/cmdline /proc/$PPID/environ >> {}\n{last}\n",
                witness.display()
            );
            fs::write(&path, script).unwrap();
            fs::set_permissions(&path, fs::Permissions::from_mode(0o700)).unwrap();
        };
        spy("password-command", &format!("echo {PASSWORD}"));
        spy("wrong-password", &format!("echo {WRONG_PASSWORD}"));
        spy("xdg-open", "exit 0");
        watched
    }

    fn command(&self, words: &[&str]) -> Command {
        let mut command = program();
        let around = self.around.path();
        let path = std::env::join_paths([around.to_owned(), "/usr/bin".into(), "/bin".into()]).unwrap();
        command.env("PATH", path).env("HOME", around.join("home")).env("TMPDIR", around.join("tmp"));
        command.env("RUST_LOG", "trace").env("RUST_BACKTRACE", "full").current_dir(around.join("work"));
        command.arg(words[0]).arg(self.incident.path()).args(&words[1..]);
        command
    }

    /// Runs a command, loud and quiet, in both formats, and holds what it says against what it shows.
    fn run(&mut self, words: &[&str], exits: &[i32], shows: Shows) {
        for format in
            [&["--format", "human"][..], &["--format", "json"], &["--quiet"], &["--quiet", "--format", "json"]]
        {
            self.once(&[words, format].concat(), exits, shows, Shows::Nothing);
        }
    }

    fn once(&mut self, words: &[&str], exits: &[i32], shows: Shows, warns: Shows) {
        let output = self.command(words).output().unwrap();
        let code = output.status.code().unwrap();
        let stderr = String::from_utf8_lossy(&output.stderr);
        assert!(exits.contains(&code), "{words:?} exits with {code}: {stderr}");
        for (stream, bytes, shows) in [("stdout", &output.stdout, shows), ("stderr", &output.stderr, warns)] {
            let more = found(bytes).into_iter().filter(|word| !shows.may(word));
            self.offences.extend(more.map(|word| format!("{word} is on the {stream} of {words:?}")));
        }
    }

    /// Looks through every file that is left, and everything that spies wrote down.
    fn look_around(&mut self) {
        let around = self.around.path().to_owned();
        let witness = fs::read(around.join("witness")).unwrap();
        assert!(!witness.is_empty(), "the spies were called");
        self.offences.extend(
            found(&witness).into_iter().map(|word| format!("{word} was in an argument list or environment")),
        );
        for folder in ["home", "tmp", "work"] {
            let left = files(&around.join(folder));
            self.offences.extend(left.into_iter().map(|path| format!("{} was left behind", path.display())));
        }
        let base = self.incident.path().to_owned();
        for path in files(&base) {
            let name = path.strip_prefix(&base).unwrap().to_str().unwrap().to_owned();
            let more = found(&fs::read(&path).unwrap()).into_iter().filter(|word| !is_documented(&name, word));
            self.offences.extend(more.map(|word| format!("{word} is in {name}")));
        }
    }

    fn ends(self) {
        assert!(self.offences.is_empty(), "{} offences:\n  {}", self.offences.len(), self.offences.join("\n  "));
    }
}

fn files(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(files(&path));
        } else {
            found.push(path);
        }
    }
    found
}

/// Returns whether `word` may lie in `file`.
fn is_documented(file: &str, word: &str) -> bool {
    let is_of = |cells: std::ops::Range<usize>| {
        (0..ROWS).any(|row| cells.clone().any(|cell| word == self::word(row, cell)))
    };
    let file = file.trim_end_matches("-wal");
    match file {
        "affected.csv" => is_of(0..CELLS),
        "delivery.toml" => word == USER,
        "out/ledger.sqlite" | "out/rehearsal/ledger.sqlite" => is_of(0..CELLS) || word == REPLY,
        "out/preview/row-3.html" => Shows::Row(3).may(word),
        // Real notices, and people who are told nothing.
        _ if file.starts_with("out/packet/private/") => is_of(0..CELLS),
        // Address and name: what a notice holds.
        _ => file.starts_with("out/rehearsal/inbox/") && is_of(1..4),
    }
}

/// A relay under TLS that asks for a login, and otherwise does what `decide` says.
fn relay(certificate: &Certificate, decide: impl Fn(&Moment<'_>) -> Option<Act> + Send + Sync + 'static) -> Relay {
    let script = Script::new(["AUTH PLAIN LOGIN"]).login(USER, PASSWORD).on(decide);
    Relay::start(script.protected(Protection::Implicit(certificate.clone()))).unwrap()
}

/// Writes delivery.toml for `relay` with a login whose password `command` prints.
fn deliver_to(watched: &Watched, relay: &Relay, certificate: &Certificate, command: &str) {
    watched.incident.write("ca.pem", certificate.authority());
    let (ca, command) = (watched.incident.file("ca.pem"), watched.around.path().join(command));
    let settings = format!(
        "connections = 1\n[relay]\nurl = \"smtps://{}\"\nca_file = \"{}\"\nuser = \"{USER}\"\n\
         password_command = [\"{}\"]\n",
        relay.address(),
        ca.display(),
        command.display()
    );
    watched.incident.write("delivery.toml", settings);
}

/// Bounces the first, puts off the second, loses the third at its dot.
fn quarrel(moment: &Moment<'_>) -> Option<Act> {
    match (moment.at, moment.times) {
        (At::Rcpt, 0) => Some(Act::Say(format!("550 5.1.1 {REPLY} {}", moment.command))),
        (At::Rcpt, 1) => Some(Act::Say(format!("450 4.2.1 {REPLY} {}", moment.command))),
        (At::Dot, 0) => Some(Act::Write(format!("{REPLY} is no reply\r\n").into_bytes())),
        (At::Dot, _) => Some(Act::Say(format!("250 2.0.0 {REPLY}"))),
        _ => None,
    }
}

#[test]
fn runs_that_go_well_show_nobody_but_whom_they_are_asked_for() {
    let (mut watched, certificate) = (Watched::new(), Certificate::new(Flaw::None));
    let relay = relay(&certificate, quarrel);
    deliver_to(&watched, &relay, &certificate, "password-command");
    watched.run(&["check"], &[0], Shows::Nothing);
    watched.run(&["preview"], &[0], Shows::Nothing);
    for form in ["text", "html", "eml"] {
        watched.run(&["preview", "--row", "3", "--as", form], &[0], Shows::Row(3));
    }
    watched.run(&["preview", "--row", "3", "--open"], &[0], Shows::Row(3));
    watched.run(&["notify", "--dry-run"], &[0], Shows::Nothing);
    watched.run(&["notify", "--relay", "inbox"], &[0], Shows::Nothing);
    watched.run(&["verify", "--rehearsal"], &[0], Shows::Nothing);
    watched.run(&["notify"], &[4], Shows::Nothing);
    watched.run(&["notify", "--confirm", "7"], &[4], Shows::Nothing);
    let count = ROWS.to_string();
    watched.run(&["notify", "--confirm", &count, "--no-wait"], &[5], Shows::Nothing);
    // Who needs a person, and why, stands there for people; programs get numbers.
    watched.run(&["status"], &[0], Shows::AnyoneAndReply);
    for row in 1..=ROWS {
        watched.run(&["explain", &row.to_string()], &[0], Shows::RowAndReply(row));
    }
    watched.run(&["explain", "nobody"], &[0], Shows::Nothing);
    watched.run(&["verify"], &[0], Shows::Nothing);
    watched.run(&["stop", "--reason", "no"], &[4, 5], Shows::Nothing);
    let resolve = ["resolve", "--let-stand", "--reason", "not again"];
    watched.run(&resolve, &[4], Shows::Nothing);
    watched.once(&[&resolve[..], &["--confirm", "1"]].concat(), &[0], Shows::Nothing, Shows::Nothing);
    watched.look_around();
    watched.ends();
}

#[test]
fn runs_that_fail_show_nobody_and_no_credential() {
    let (mut watched, certificate) = (Watched::new(), Certificate::new(Flaw::None));
    let relay_of_ours = relay(&certificate, |_| None);
    let count = ROWS.to_string();
    let notify = ["notify", "--confirm", &count, "--no-wait"];
    deliver_to(&watched, &relay_of_ours, &certificate, "wrong-password");
    watched.run(&["notify", "--dry-run"], &[0], Shows::Nothing);
    watched.run(&notify, &[7], Shows::Nothing);
    // The relay's words about us are what the operator needs; whom it names is left out.
    for at in [At::Greeting, At::Ehlo, At::Auth, At::Mail, At::Rcpt] {
        let hostile = relay(&certificate, move |moment| {
            let says = || format!("554 5.7.1 {REPLY} <{}@{}.example>", word(0, 1), word(0, 2));
            (moment.at == at).then(|| Act::Say(says()))
        });
        deliver_to(&watched, &hostile, &certificate, "password-command");
        watched.once(&notify, &[5, 7], Shows::Nothing, Shows::Reply);
    }
    // A password where none belongs is refused and not repeated.
    let address = relay_of_ours.address();
    for settings in [
        format!("[relay]\nurl = \"smtps://{address}\"\nuser = \"{USER}\"\npassword = \"{PASSWORD}\"\n"),
        format!("[relay]\nurl = \"smtps://{USER}:{PASSWORD}@{address}\"\n"),
        format!("relay = \"smtps://{USER}:{PASSWORD}@{address}\"\n"),
        format!("[relay]\nurl = \"smtps://{address}\"\npasword = \"{PASSWORD}\"\n"),
        format!("[relay]\nurl = \"smtps://{address}\"\npassword = \"{PASSWORD}\n"),
    ] {
        watched.incident.write("delivery.toml", settings);
        watched.run(&["check"], &[3], Shows::Nothing);
        watched.run(&notify, &[3], Shows::Nothing);
    }
    let url = format!("smtps://{USER}:{PASSWORD}@{address}");
    watched.run(&[&notify[..], &["--relay", &url]].concat(), &[2, 3], Shows::Nothing);
    watched.incident.remove("delivery.toml");
    watched.look_around();
    watched.ends();
}

/// What is said about the relay, its records, the law and a hold says nobody, whatever a relay's log or a provider's
/// export holds.
#[test]
fn what_surrounds_a_run_shows_nobody_and_no_credential() {
    let (mut watched, certificate) = (Watched::new(), Certificate::new(Flaw::None));
    let relay = relay(&certificate, quarrel);
    deliver_to(&watched, &relay, &certificate, "password-command");
    watched.incident.append("delivery.toml", "[test]\nto = [\"ada@firm.example\"]\n");
    watched.run(&["deadlines"], &[0], Shows::Nothing);
    watched.run(&["doctor", "--dns", "127.0.0.1:9"], &[0, 1, 7], Shows::Reply);
    watched.run(&["approve"], &[4], Shows::Nothing);
    watched.once(&["notify", "--dry-run"], &[0], Shows::Nothing, Shows::Nothing);
    let variant = watched.incident.json("check", &[]).json()["variants"][0]["key"].as_str().unwrap().to_owned();
    let count = ROWS.to_string();
    watched.once(&["notify", "--confirm", &count, "--no-wait"], &[5], Shows::Nothing, Shows::Nothing);
    watched.run(&["test-send", "--variant", &variant, "--to", "ada@firm.example"], &[0], Shows::Reply);
    let hold = ["--by", "Ines Okafor", "--reason", "asked to"];
    watched.once(&[&["hold"][..], &hold].concat(), &[0], Shows::Nothing, Shows::Nothing);
    watched.run(&["status"], &[0], Shows::AnyoneAndReply);
    watched.run(&["notify", "--confirm", &count], &[4], Shows::Nothing);
    watched.once(&[&["release"][..], &hold].concat(), &[0], Shows::Nothing, Shows::Nothing);
    // What a relay and a provider record names people, and so does what is broken in it.
    let to = |row: usize| format!("to=<{}@{}.example>", word(row, 1), word(row, 2));
    let people = (0..ROWS).map(to).collect::<Vec<_>>().join(" ");
    let (log, export) = (watched.around.path().join("mail.log"), watched.around.path().join("events.json"));
    let line = "Nov 23 12:00:00 relay postfix/smtp[1]: C32B499011C:";
    fs::write(&log, format!("{line} {people}, status=sent ({REPLY})\n{people}\n")).unwrap();
    let mail = format!("{{\"messageId\":\"1\",\"destination\":[\"{people}\"]}}");
    fs::write(&export, format!("{{\"eventType\":\"Bounce\",\"mail\":{mail}}}\n{{\"eventType\":\"{people}\"\n"))
        .unwrap();
    for source in [["--postfix-log", log.to_str().unwrap()], ["--events", export.to_str().unwrap()]] {
        watched.run(&[&["reconcile"][..], &source, &["--dry-run"]].concat(), &[0, 1, 3, 5], Shows::Nothing);
        watched.run(&[&["reconcile"][..], &source].concat(), &[0, 1, 3, 5], Shows::Nothing);
    }
    watched.look_around();
    watched.ends();
}

#[test]
fn a_spoilt_list_or_ledger_shows_only_the_row_that_is_wrong() {
    let mut watched = Watched::new();
    watched.incident.write("delivery.toml", "relay = \"inbox\"\n");
    watched.incident.write("affected.csv", list().replace(&format!("{}@", word(4, 1)), &word(4, 1)));
    watched.run(&["check"], &[3], Shows::Row(5));
    // Its report for programs is that of `check`.
    watched.run(&["notify", "--dry-run"], &[3], Shows::Row(5));
    watched.run(&["preview", "--row", "5"], &[3], Shows::Row(5));
    watched.incident.write("affected.csv", list());
    watched.run(&["notify", "--dry-run"], &[0], Shows::Nothing);
    let path = watched.incident.file("out/ledger.sqlite");
    let whole = fs::read(&path).unwrap();
    // A name, an address, JSON of what is kept of a person.
    for (from, to) in
        [(word(2, 3), "zzzzzzzz"), (word(2, 1), "zzz\0zzzz"), ("\"address\"".to_owned(), "\"addres\"]")]
    {
        replace_ledger(&path, &replaced(&whole, from.as_bytes(), to.as_bytes()));
        watched.run(&["verify"], &[6], Shows::Nothing);
        watched.run(&["status"], &[0, 6], Shows::Nothing);
        watched.run(&["explain", "3"], &[0, 6], Shows::Row(3));
        let words = ["notify", "--relay", "smtp://127.0.0.1:9", "--confirm", "8"];
        watched.once(&words, &[4, 6, 7], Shows::Nothing, Shows::Nothing);
    }
    for spoilt in [&whole[..whole.len() / 2], &[b'x'; 4096]] {
        replace_ledger(&path, spoilt);
        for words in [&["verify"][..], &["status"], &["explain", "3"], &["notify", "--dry-run"]] {
            watched.run(words, &[6], Shows::Nothing);
        }
    }
    watched.ends();
}

/// Puts `bytes` in the place of a ledger and of the log beside it, from which it would be mended.
fn replace_ledger(path: &Path, bytes: &[u8]) {
    for beside in ["-wal", "-shm"] {
        let _ = fs::remove_file(format!("{}{beside}", path.display()));
    }
    fs::write(path, bytes).unwrap();
}

/// Returns `bytes` with every `from` replaced by as many octets.
fn replaced(bytes: &[u8], from: &[u8], to: &[u8]) -> Vec<u8> {
    assert_eq!(from.len(), to.len());
    let mut replaced = bytes.to_vec();
    let places: Vec<_> = (0..bytes.len() - from.len()).filter(|at| bytes[*at..].starts_with(from)).collect();
    assert!(!places.is_empty(), "{} is not there", String::from_utf8_lossy(from));
    for at in places {
        replaced[at..at + to.len()].copy_from_slice(to);
    }
    replaced
}

/// Whatever is written while a run goes on, and were it removed at once, is written below `out/`.
#[test]
fn a_run_writes_nothing_outside_its_folder() {
    let Some(strace) = tools::require("strace") else { return };
    let (watched, certificate) = (Watched::new(), Certificate::new(Flaw::None));
    let relay = relay(&certificate, quarrel);
    deliver_to(&watched, &relay, &certificate, "password-command");
    let out = watched.incident.file("out");
    let count = ROWS.to_string();
    let mut written = 0;
    for words in [
        &["check"][..],
        &["preview", "--row", "3"],
        &["notify", "--dry-run"],
        &["notify", "--confirm", &count, "--no-wait"],
        &["explain", "3"],
    ] {
        let (output, calls) = strace::run(&strace, &watched.command(words)).unwrap();
        assert!([Some(0), Some(5)].contains(&output.status.code()), "{words:?}: {output:?}");
        for call in calls.iter().filter(|call| call.name.contains("write")) {
            let target = call.target().unwrap_or_default();
            let is_ours = Path::new(target).starts_with(&out);
            let is_witness = target.ends_with("/witness");
            let is_file = target.starts_with('/') && !target.starts_with("/dev/");
            assert!(is_ours || is_witness || !is_file, "{words:?} writes {target}");
            written += u32::from(is_ours);
        }
    }
    assert!(written > 0, "the trace shows what is written");
}

#[test]
fn a_run_that_goes_on_can_leave_no_core() {
    let mut watched = Watched::new();
    let relay = Relay::start(Script::new([]).always(At::Rcpt, Act::Stall)).unwrap();
    watched.once(&["notify", "--dry-run"], &[0], Shows::Nothing, Shows::Nothing);
    let url = format!("smtp://{}", relay.address());
    let running = watched.incident.start("notify", &["--relay", &url, "--confirm", &ROWS.to_string()]);
    assert!(forthwith_testkit::server::wait_until(PATIENCE, || relay.times(At::Rcpt) > 0));
    let limits = fs::read_to_string(format!("/proc/{}/limits", running.id())).unwrap();
    let cores = limits.lines().find(|line| line.starts_with("Max core file size")).unwrap();
    assert_eq!(cores.split_whitespace().skip(4).take(2).collect::<Vec<_>>(), ["0", "0"], "{cores}");
    let called = fs::read(format!("/proc/{}/cmdline", running.id())).unwrap();
    assert_eq!(found(&called), BTreeSet::new());
}
