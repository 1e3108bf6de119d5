//! An incident to prove things on: a folder with a generated list, the real program, and what its ledger says
//! in the end, set against what an independent recorder took.
//!
//! The program is only ever run as a process, within bounds. What is owed is told from the generated people, not
//! from the program; only the content digests come from the frozen plan.

use forthwith_core::{notice::Token, plan::Fate, state::State};
use forthwith_ledger::sqlite::{LedgerReader, Which};
use forthwith_testkit::{
    judge::{Case, Content, Judgement, Planned, judge},
    lists::{Person, csv, people},
    recorded::Recorded,
    sink::{Keep, Sink},
};
use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
    process::{Command, Output, Stdio},
};

/// The program under test.
pub const FORTHWITH: &str = env!("CARGO_BIN_EXE_forthwith");
/// The longest life of one run of the program, in seconds: three times what the slowest takes on two busy cores.
const RUN_SECONDS_MAX: u32 = 120;
/// How many lines a run opens at once.
pub const CONNECTIONS: usize = 4;
/// The shipped example whose settings and words are used.
const EXAMPLE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../examples/amazon-2020-10");
/// The one domain of generated lists that stands in an envelope otherwise than in the list (RFC 5891).
const UNICODE_DOMAIN: (&str, &str) = ("@bücher.example", "@xn--bcher-kva.example");

/// An incident folder.
pub struct Incident {
    path: PathBuf,
    people: Vec<Person>,
    /// Removes the folder when dropped, where it is our own.
    _folder: Option<tempfile::TempDir>,
}

impl Incident {
    /// Makes a folder with `count` people drawn from `seed`. It is removed when dropped.
    pub fn new(seed: u64, count: usize) -> Self {
        let own = tempfile::Builder::new().prefix("forthwith-proof-").tempdir().unwrap();
        let made = Self::within(own.path(), seed, count);
        Self { _folder: Some(own), ..made }
    }

    /// Makes the folder `incident` within a folder that somebody else removes.
    pub fn within(folder: &Path, seed: u64, count: usize) -> Self {
        let path = folder.join("incident");
        fs::create_dir(&path).unwrap();
        for name in ["incident.toml", "delivery.toml"] {
            fs::copy(Path::new(EXAMPLE).join(name), path.join(name)).unwrap();
        }
        let people = people(seed, count, "email");
        fs::write(path.join("affected.csv"), csv(&people)).unwrap();
        Self { path, people, _folder: None }
    }

    /// Copies the example as it is.
    pub fn example() -> Self {
        let own = tempfile::Builder::new().prefix("forthwith-proof-").tempdir().unwrap();
        let path = own.path().join("incident");
        fs::create_dir(&path).unwrap();
        for name in ["incident.toml", "delivery.toml", "affected.toml", "affected.csv"] {
            fs::copy(Path::new(EXAMPLE).join(name), path.join(name)).unwrap();
        }
        Self { path, people: Vec::new(), _folder: Some(own) }
    }

    /// Returns the folder.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Returns how many people were generated.
    pub fn count(&self) -> usize {
        self.people.len()
    }

    /// Returns `COMMAND INCIDENT ARGUMENTS`, run by the program under test and bounded in time.
    pub fn command(&self, command: &str, arguments: &[&str]) -> Command {
        self.command_of(Path::new(FORTHWITH), command, arguments)
    }

    /// Returns the same of another build of the program.
    pub fn command_of(&self, program: &Path, command: &str, arguments: &[&str]) -> Command {
        let mut bounded = Command::new("timeout");
        bounded.args(["--kill-after=5", &RUN_SECONDS_MAX.to_string()]).arg(program);
        self.complete(bounded, command, arguments)
    }

    /// Returns the program under test with nothing between it and whoever kills it, who bounds it too.
    pub fn bare_command(&self, command: &str, arguments: &[&str]) -> Command {
        self.complete(Command::new(FORTHWITH), command, arguments)
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

    /// Returns what was owed: each person's address as it must stand in the envelope, and the digest of the
    /// words that were frozen for their row.
    pub fn planned(&self) -> Vec<Planned> {
        let contents: BTreeMap<u64, [u8; 32]> = self
            .ledger()
            .frozen_rows()
            .filter_map(|row| match row.unwrap().fate {
                Fate::Planned(planned) => Some((planned.recipient.row, *planned.content.as_bytes())),
                Fate::Withheld { .. } => None,
            })
            .collect();
        (1..)
            .zip(&self.people)
            .map(|(row, person)| Planned { address: envelope(person), content: Content::Masked(contents[&row]) })
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

    /// Judges all that `recorded` holds, after `crashes` kills or cuts.
    pub fn judge(&self, recorded: &[Recorded], resent: &[String], crashes: usize) -> Judgement {
        let (planned, states) = (self.planned(), self.states());
        judge(&Case { planned: &planned, recorded, states: &states, resent, connections: CONNECTIONS, crashes })
    }
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

fn envelope(person: &Person) -> String {
    person.email.replace(UNICODE_DOMAIN.0, UNICODE_DOMAIN.1)
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
