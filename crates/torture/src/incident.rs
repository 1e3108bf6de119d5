//! An incident to prove things on: a folder with a generated list, the real program, and what its ledger says
//! in the end, set against what an independent recorder took.
//!
//! The program is only ever run as a process, within bounds. What is owed is told from the generated people, not
//! from the program; only the content digests come from the frozen plan.

use forthwith_core::{notice::Token, plan::Fate, state::State};
use forthwith_ledger::sqlite::{LedgerReader, Which};
use forthwith_testkit::{
    judge::{
        Judgement,
        folder::{Fact, Told, judge_folder, write},
    },
    lists::{csv, people},
    recorded::Recorded,
    server::HANG_MAX,
    settings::without_law,
    sink::{Keep, Sink},
};
use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
    process::{Command, Output, Stdio},
};

/// How many lines a run opens at once.
pub const CONNECTIONS: usize = 4;
/// The shipped example whose settings and words are used.
const EXAMPLE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../examples/amazon-2020-10");
/// The files of the example that are used with a list of our own.
const SETTINGS: [&str; 2] = ["incident.toml", "delivery.toml"];
/// The file in which an offer becomes durable.
pub const LOG: &str = "/ledger.sqlite-wal";

/// An incident folder, and the program that works on it.
pub struct Incident {
    program: PathBuf,
    path: PathBuf,
    count: usize,
    /// Removes the folder when dropped, where it is our own.
    _folder: Option<tempfile::TempDir>,
}

impl Incident {
    /// Makes a folder with `count` people drawn from `seed`. It is removed when dropped.
    pub fn new(program: &Path, seed: u64, count: usize) -> Self {
        let own = own_folder();
        let made = Self::within(own.path(), program, seed, count);
        Self { _folder: Some(own), ..made }
    }

    /// Makes the folder `incident` within a folder that somebody else removes.
    pub fn within(folder: &Path, program: &Path, seed: u64, count: usize) -> Self {
        let path = folder.join("incident");
        fs::create_dir(&path).unwrap();
        copy_example(&SETTINGS, &path);
        let settings = fs::read_to_string(path.join("incident.toml")).unwrap();
        fs::write(path.join("incident.toml"), without_law(&settings)).unwrap();
        fs::write(path.join("affected.csv"), csv(&people(seed, count, "email"))).unwrap();
        Self { program: program.to_owned(), path, count, _folder: None }
    }

    /// Copies the example as it is. Nobody is generated.
    pub fn example(program: &Path) -> Self {
        let own = own_folder();
        let path = own.path().join("incident");
        fs::create_dir(&path).unwrap();
        copy_example(&[&SETTINGS[..], &["affected.toml", "affected.csv"]].concat(), &path);
        Self { program: program.to_owned(), path, count: 0, _folder: Some(own) }
    }

    /// Copies the folder as it is now, the ledger and all: one frozen plan serves many stories.
    ///
    /// Nothing may have the ledger open meanwhile; that is not looked at.
    #[must_use]
    pub fn copy(&self) -> Self {
        let own = own_folder();
        let path = own.path().join("incident");
        copy_folder(&self.path, &path);
        Self { program: self.program.clone(), path, count: self.count, _folder: Some(own) }
    }

    /// Returns the folder.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Returns how many people were generated.
    pub fn count(&self) -> usize {
        self.count
    }

    /// Returns `COMMAND INCIDENT ARGUMENTS`, run by the program under test and bounded in time.
    pub fn command(&self, command: &str, arguments: &[&str]) -> Command {
        let mut bounded = Command::new("timeout");
        bounded.args(["--kill-after=5", &HANG_MAX.as_secs().to_string()]).arg(&self.program);
        self.complete(bounded, command, arguments)
    }

    /// Returns the program under test with nothing between it and whoever kills it, who bounds it too.
    pub fn bare_command(&self, command: &str, arguments: &[&str]) -> Command {
        self.complete(Command::new(&self.program), command, arguments)
    }

    fn complete(&self, mut program: Command, command: &str, arguments: &[&str]) -> Command {
        program.arg(command).arg(&self.path).args(arguments);
        program.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        program
    }

    /// Runs a command to its end, which must be `exit`.
    pub fn run(&self, command: &str, arguments: &[&str], exit: i32) -> Output {
        let output = self.command(command, arguments).output().unwrap();
        assert_exit(&output, exit);
        output
    }

    /// Freezes the plan.
    pub fn freeze(&self) {
        self.run("notify", &["--dry-run"], 0);
    }

    /// Returns the arguments of `notify` that hand every notice over to `relay`, as fast as it takes them.
    pub fn to(&self, relay: &str) -> Vec<String> {
        let (count, connections) = (self.count().to_string(), CONNECTIONS.to_string());
        ["--relay", relay, "--confirm", &count, "--connections", &connections, "--rate", "unlimited"]
            .map(str::to_owned)
            .to_vec()
    }

    /// Returns a reader of the ledger.
    pub fn ledger(&self) -> LedgerReader {
        LedgerReader::open(&self.path.join("out/ledger.sqlite")).unwrap().unwrap()
    }

    /// Returns every notice's address and state, at rest, as the ledger has them. What `status` counts must be
    /// the same.
    pub fn states(&self) -> Vec<(String, String)> {
        let ledger = self.ledger();
        let mut states = Vec::new();
        let mut counts: BTreeMap<&str, u64> = BTreeMap::new();
        for state in State::ALL {
            for notice in ledger.notices(Which::In(state)).unwrap() {
                let recipient = notice.unwrap().recipient.unwrap();
                states.push((recipient.address.expose().to_owned(), name_of(state).to_owned()));
                *counts.entry(name_of(state)).or_default() += 1;
            }
        }
        let told = self.run("status", &["--format", "json"], 0);
        let told: serde_json::Value = serde_json::from_slice(&told.stdout).unwrap();
        for (name, count) in told["states"].as_object().unwrap() {
            assert_eq!(count.as_u64(), Some(counts.get(name.as_str()).copied().unwrap_or(0)), "{name}");
        }
        states
    }

    /// Returns what the ledger says of each row, as plain data.
    pub fn facts(&self) -> Vec<Fact> {
        let mut states: BTreeMap<String, String> = self.states().into_iter().collect();
        let rows = self.ledger();
        let fact = |planned: forthwith_core::plan::Planned| {
            let address = planned.recipient.address.expose().to_owned();
            let content: Vec<_> = planned.content.as_bytes().iter().map(|octet| format!("{octet:02x}")).collect();
            let state = states.remove(&address).unwrap();
            Fact { row: planned.recipient.row, address, state, content: content.concat() }
        };
        rows.frozen_rows()
            .filter_map(|row| match row.unwrap().fate {
                Fate::Planned(planned) => Some(planned),
                Fate::Withheld { .. } => None,
            })
            .map(fact)
            .collect()
    }

    /// Returns the number of each notice in the ledger, by its public name.
    pub fn numbers(&self) -> BTreeMap<String, i64> {
        let ledger = self.ledger();
        let all = State::ALL.into_iter().flat_map(|state| ledger.notices(Which::In(state)).unwrap());
        all.map(|notice| notice.map(|notice| (notice.token.as_str().to_owned(), notice.notice)).unwrap()).collect()
    }

    /// Returns the names of those in doubt.
    pub fn doubts(&self) -> Vec<Token> {
        self.ledger().notices(Which::InDoubt).unwrap().map(|notice| notice.unwrap().token).collect()
    }

    /// Returns what marks a notice's offer in the ledger's log, by the notice's public name.
    ///
    /// These octets the row of the offer's event alone has: its kind, its notice's number and its notice's
    /// token, which lie next to each other in the table `events` (`SQLite` file format, section 2.1). The token
    /// alone would not do: it stands in the log with the notice from the freezing on.
    pub fn offer_mark(&self) -> impl Fn(&str) -> Vec<u8> + use<> {
        let numbers = self.numbers();
        move |token| {
            numbers.get(token).map_or_else(
                || b"no notice has this name".to_vec(),
                |number| [b"offered", &*stored(*number), token.as_bytes()].concat(),
            )
        }
    }

    /// Judges all that `recorded` holds, after `crashes` kills or cuts, from plain files. They are kept, and
    /// where they are is said, if anything is wrong.
    pub fn judge(&self, recorded: &[Recorded], resent: &[String], crashes: usize) -> Judgement {
        let case = tempfile::Builder::new().prefix("forthwith-case-").tempdir().unwrap();
        let list = fs::read_to_string(self.path.join("affected.csv")).unwrap();
        let told = Told { connections: CONNECTIONS, crashes, resent: resent.to_vec() };
        write(case.path(), &list, &self.facts(), recorded, &told).unwrap();
        let judgement = judge_folder(case.path()).unwrap();
        if !judgement.is_clean() {
            let kept = case.keep();
            println!("judge again: cargo run -p forthwith-testkit --bin judge {}", kept.display());
        }
        judgement
    }
}

/// Returns an integer as a row of `SQLite` stores it: in the least of 1, 2, 3, 4, 6 or 8 octets that holds it.
fn stored(number: i64) -> Vec<u8> {
    let octets = number.to_be_bytes();
    let holds = |width: &usize| *width == 8 || (number >> (width * 8 - 1)) == 0;
    let width = [1, 2, 3, 4, 6, 8].into_iter().find(holds).unwrap();
    octets[8 - width..].to_vec()
}

fn own_folder() -> tempfile::TempDir {
    tempfile::Builder::new().prefix("forthwith-proof-").tempdir().unwrap()
}

fn copy_example(names: &[&str], path: &Path) {
    for name in names {
        fs::copy(Path::new(EXAMPLE).join(name), path.join(name)).unwrap();
    }
}

/// Copies a folder and all in it, with permissions.
fn copy_folder(from: &Path, to: &Path) {
    fs::create_dir(to).unwrap();
    for entry in fs::read_dir(from).unwrap().map(Result::unwrap) {
        let (from, to) = (entry.path(), to.join(entry.file_name()));
        if from.is_dir() {
            copy_folder(&from, &to);
        } else {
            fs::copy(from, to).unwrap();
        }
    }
    fs::set_permissions(to, fs::metadata(from).unwrap().permissions()).unwrap();
}

/// Starts a recorder that keeps every message.
pub fn recorder(program: &Path, switches: &[&str]) -> Sink {
    Sink::start(program, Keep::Messages, switches).unwrap()
}

/// Borrows each argument.
pub fn borrowed(arguments: &[String]) -> Vec<&str> {
    arguments.iter().map(String::as_str).collect()
}

/// Fails with all that the program said where it ended otherwise than with `exit`.
pub fn assert_exit(output: &Output, exit: i32) {
    let said = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    let (out, err) = (said(&output.stdout), said(&output.stderr));
    assert_eq!(output.status.code(), Some(exit), "{}\n{out}\n{err}", output.status);
}

/// Returns the name of a state at rest as JSON has it.
fn name_of(state: State) -> &'static str {
    match state {
        State::Queued => "queued",
        State::Deferred => "deferred",
        State::Offered => "in_doubt",
        State::Accepted => "accepted",
        State::Bounced => "bounced",
        State::LetStand => "let_stand",
        State::Expired => "expired",
        State::Withheld => "withheld",
    }
}
