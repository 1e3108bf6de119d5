//! `cargo xtask fixture ledger`: makes the ledger that the tests keep of this version, with the real program.
//!
//! It has a notice in every state, and both settled doubts and unsettled ones. Later versions must open it, or
//! refuse it by name; so it is made anew only where its version changes, beside the one before.

use crate::{cargo, target_folder, top_level};
use anyhow::{Context as _, ensure};
use clap::Subcommand;
use forthwith_testkit::{
    relay::{Act, At, Moment, Relay, Script},
    tools,
};
use jiff::Timestamp;
use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
    time::Duration,
};

/// Where it is kept, followed by the version of the ledger's tables.
const KEPT: &str = "crates/cli/tests/fixtures/ledger-";
/// Where a database file says which version its tables are of (`SQLite` file format, section 1.3).
const USER_VERSION_AT: usize = 60;
/// Whose words the notices have.
const EXAMPLE: &str = "examples/amazon-2020-10";
/// Who is told: the last has no address, and is withheld.
const LIST: &str = "id,email,name,country,region\n\
    F1,one@people.example,One,US,OR\nF2,two@people.example,Two,GB,\nF3,three@people.example,Three,US,OR\n\
    F4,four@people.example,Four,US,OR\nF5,five@people.example,Five,GB,\nF6,six@people.example,Six,US,OR\n\
    F7,seven@people.example,Seven,US,OR\nF8,eight@people.example,Eight,US,OR\nF9,,Nine,US,OR\n";
/// Longer than this after its first offer, a notice of the fixture is given up.
const GIVE_UP: Duration = Duration::from_secs(1);

/// Something that tests keep.
#[derive(Debug, Subcommand)]
pub(crate) enum Fixture {
    /// A ledger of this version with a notice in every state.
    Ledger,
}

/// Makes it.
pub(crate) fn run(what: &Fixture) -> anyhow::Result<()> {
    match what {
        Fixture::Ledger => ledger(),
    }
}

fn ledger() -> anyhow::Result<()> {
    ensure!(cargo(&["build", "--workspace", "--bin", "forthwith"]).status()?.success(), "forthwith does not build");
    let folder = tempfile::tempdir()?;
    let incident =
        Incident { program: target_folder().join("debug/forthwith"), path: folder.path().join("incident") };
    incident.make()?;
    incident.run("notify", &["--dry-run"], 0)?;
    // The first notice is put off, for as short as can be; when it is due it is given up.
    let throttled = Script::new([]).on(|moment| match (moment.at, moment.times) {
        (At::Rcpt, 0) => Some(Act::say("450 4.7.0 too many connections, slow down")),
        (At::Mail, 1..) => Some(Act::say("550 5.7.1 closed for today")),
        _ => None,
    });
    incident.notify(throttled, &[], 7)?;
    incident.wait_until_due()?;
    incident.notify(Script::new([]).on(quarrel), &["--limit", "4"], 5)?;
    let doubts = incident.doubts()?;
    let [stands, _] = &doubts[..] else { anyhow::bail!("there are {} doubts", doubts.len()) };
    let settle = ["--let-stand", "--id", stands, "--reason", "told by telephone", "--by", "Ada", "--confirm", "1"];
    incident.run("resolve", &settle, 0)?;
    incident.run("verify", &[], 0)?;
    let version = incident.version()?;
    incident.keep(&top_level().join(format!("{KEPT}{version}")))
}

/// Bounces, loses two dots, defers, and accepts the rest.
fn quarrel(moment: &Moment<'_>) -> Option<Act> {
    match (moment.at, moment.times) {
        (At::Rcpt, 0) => Some(Act::say("550 5.1.1 no such mailbox")),
        (At::Dot, 0 | 1) => Some(Act::Close),
        (At::Rcpt, 3) => Some(Act::say("450 4.2.1 greylisted")),
        _ => None,
    }
}

struct Incident {
    program: PathBuf,
    path: PathBuf,
}

impl Incident {
    fn make(&self) -> anyhow::Result<()> {
        fs::create_dir(&self.path)?;
        fs::copy(top_level().join(EXAMPLE).join("incident.toml"), self.path.join("incident.toml"))?;
        fs::write(self.path.join("affected.csv"), LIST)?;
        let settings =
            format!("relay = \"inbox\"\nconnections = 1\n[retry]\ngive_up_after = \"{} s\"\n", GIVE_UP.as_secs());
        fs::write(self.path.join("delivery.toml"), settings)?;
        Ok(())
    }

    /// Runs the program, which must end with `exit`, and returns what it printed.
    fn run(&self, command: &str, arguments: &[&str], exit: i32) -> anyhow::Result<String> {
        let output = Command::new(&self.program).arg(command).arg(&self.path).args(arguments).output()?;
        let said = String::from_utf8_lossy(&output.stderr);
        ensure!(output.status.code() == Some(exit), "{command} {arguments:?} ends with {}: {said}", output.status);
        Ok(String::from_utf8(output.stdout)?)
    }

    fn explain(&self, id: &str) -> anyhow::Result<serde_json::Value> {
        let told = self.run("explain", &[id, "--format", "json"], 0)?;
        let mut report: serde_json::Value = serde_json::from_str(&told)?;
        Ok(report["stories"][0].take())
    }

    fn notify(&self, script: Script, more: &[&str], exit: i32) -> anyhow::Result<()> {
        let relay = Relay::start(script)?;
        let url = format!("smtp://{}", relay.address());
        let words = ["--relay", &url, "--confirm", "8", "--no-wait", "--rate", "unlimited"];
        self.run("notify", &[&words[..], more].concat(), exit).map(|_| ())
    }

    /// Waits until the one notice that was put off is due.
    fn wait_until_due(&self) -> anyhow::Result<()> {
        let mut due: Option<Timestamp> = None;
        for row in 1..=8 {
            let story = self.explain(&format!("F{row}"))?;
            let events = story["events"].as_array().context("a story has events")?;
            let found = events.iter().find_map(|event| event["facts"]["due"].as_str());
            due = due.max(found.map(str::parse).transpose()?);
        }
        let left = due.context("no notice was put off")?.duration_since(Timestamp::now());
        println!("xtask: waiting {left} until a notice is due");
        std::thread::sleep(Duration::try_from(left).unwrap_or_default() + GIVE_UP);
        Ok(())
    }

    /// Returns the ids of those in doubt.
    fn doubts(&self) -> anyhow::Result<Vec<String>> {
        let mut doubts = Vec::new();
        for row in 1..=8 {
            let id = format!("F{row}");
            if self.explain(&id)?["in_doubt"] == true {
                doubts.push(id);
            }
        }
        Ok(doubts)
    }

    /// Returns the version of the ledger's tables.
    fn version(&self) -> anyhow::Result<u32> {
        let ledger = fs::read(self.path.join("out/ledger.sqlite"))?;
        let bytes = ledger.get(USER_VERSION_AT..).and_then(|rest| rest.first_chunk());
        Ok(u32::from_be_bytes(*bytes.context("the ledger has no header")?))
    }

    /// Keeps what is needed to open the ledger, and the state of everybody.
    fn keep(&self, kept: &Path) -> anyhow::Result<()> {
        fs::create_dir_all(kept)?;
        fold_in(&self.path.join("out/ledger.sqlite"))?;
        for name in ["incident.toml", "affected.csv", "delivery.toml", "out/plan.key", "out/ledger.sqlite"] {
            let file = Path::new(name).file_name().context("each of these is a file")?;
            fs::copy(self.path.join(name), kept.join(file)).with_context(|| format!("cannot keep {name}"))?;
        }
        let mut states = String::new();
        for row in 1..=9 {
            let id = format!("F{row}");
            let story = self.explain(&id)?;
            let state =
                if story["in_doubt"] == true { "in-doubt" } else { story["state"].as_str().unwrap_or("withheld") };
            states.extend([id.as_str(), " ", state, "\n"]);
        }
        fs::write(kept.join("states.txt"), &states)?;
        println!("xtask: kept in {}:\n{states}", kept.display());
        Ok(())
    }
}

/// Brings the log beside a ledger into its file: a reader that leaves last cannot.
fn fold_in(ledger: &Path) -> anyhow::Result<()> {
    let python = tools::find("python3").context("python3 is not installed")?;
    let script = "import sqlite3, sys\nsqlite3.connect(sys.argv[1]).execute('pragma wal_checkpoint(truncate)')\n";
    ensure!(
        Command::new(python).args(["-c", script]).arg(ledger).status()?.success(),
        "the log cannot be folded in"
    );
    Ok(())
}
