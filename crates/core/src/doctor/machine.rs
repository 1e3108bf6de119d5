//! What this machine brings to a run: the clock, room on the disk, who may read what, and files that may be open.

use super::Observation;
use jiff::{SignedDuration, Timestamp, fmt::rfc2822};

/// Octets that one notice takes on the disk: about 1,200 in the ledger and 4,200 in its log before that is folded in
/// were measured (4,000 notices); the rest is for long rows and later attempts.
pub const OCTETS_PER_NOTICE: u64 = 8 * 1024;
/// How far the relay's clock and ours may differ before somebody should look.
const DRIFT_MAX: SignedDuration = SignedDuration::from_secs(60);
/// Files that are open beside the lines to the relay: ledger, log, terminal, the runtime's own.
const OTHER_FILES: u64 = 64;
/// Words of a greeting that a date takes: `Tue, 24 Nov 2026 19:19:45 +0000`.
const DATE_WORDS: usize = 6;

/// The clock.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Clock {
    /// Whether the system says that it is synchronised; `None` where nothing says so or not.
    pub is_synchronised: Option<bool>,
    /// What it showed when the relay greeted us.
    pub now: Timestamp,
    /// The relay's first reply.
    pub greeting: Option<String>,
}

/// A file or folder, and who else may read it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FileModes {
    /// What it is: `the folder out/`.
    pub what: String,
    /// Its path, for the command that mends it.
    pub path: String,
    /// Its permission bits.
    pub mode: u32,
    /// Whether a run refuses to begin while others may read it.
    pub is_refused: bool,
    /// Whether it is a folder.
    pub is_folder: bool,
}

/// What was seen of this machine.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Machine {
    /// The clock.
    pub clock: Clock,
    /// Octets that are free where the record is written; `None` where nobody could tell.
    pub free: Option<u64>,
    /// Notices that are planned, or rows of the list where nothing is frozen.
    pub notices: u64,
    /// Files and folders.
    pub files: Vec<FileModes>,
    /// Files that this process may have open; `None` for any number.
    pub open_files: Option<u64>,
    /// Lines that a run opens at most.
    pub connections: u32,
}

/// Judges what was seen of this machine.
pub fn machine(machine: &Machine) -> Vec<Observation> {
    let mut seen = vec![clock(&machine.clock), disk(machine)];
    seen.extend(machine.files.iter().map(modes));
    seen.push(open_files(machine));
    seen
}

fn clock(clock: &Clock) -> Observation {
    let about = "machine.clock";
    let by_relay = clock.greeting.as_deref().and_then(date_in).map(|at| at.duration_since(clock.now));
    if let Some(drift) = by_relay.filter(|drift| drift.abs() > DRIFT_MAX) {
        let way = if drift.is_negative() { "behind" } else { "ahead of" };
        return Observation::look(
            about,
            format!("the relay's clock is {} s {way} ours", drift.abs().as_secs()),
            "one of the two is wrong: Date, pace and deadline go by ours",
            "synchronise this machine's clock",
        );
    }
    let agrees = if by_relay.is_some() { "; the relay's agrees" } else { "; what the relay's shows is not known" };
    match clock.is_synchronised {
        Some(true) => Observation::ok(
            about,
            format!("synchronised{agrees}"),
            "Date, pace and deadline go by it, and the record says that it was synchronised",
        ),
        Some(false) => Observation::look(
            about,
            format!("not synchronised{agrees}"),
            "Date, pace and deadline go by it, and the record says that it was not",
            "let it be synchronised: timedatectl set-ntp true",
        ),
        None => Observation::look(
            about,
            format!("whether it is synchronised is not known{agrees}"),
            "systemd-timesyncd alone says so in a file, and it does not run here",
            "compare the clock with another one: chronyc tracking, ntpq -p",
        ),
    }
}

/// Returns the time that a greeting ends in, as that of Exim and of Sendmail does.
fn date_in(greeting: &str) -> Option<Timestamp> {
    let words: Vec<_> = greeting.split_whitespace().collect();
    let parser = rfc2822::DateTimeParser::new();
    words.windows(DATE_WORDS).filter_map(|words| parser.parse_timestamp(words.join(" ")).ok()).next_back()
}

fn disk(machine: &Machine) -> Observation {
    let about = "machine.disk";
    let needed = machine.notices.saturating_mul(OCTETS_PER_NOTICE);
    let mib = |octets: u64| octets.div_ceil(1 << 20);
    let Some(free) = machine.free else {
        let found = "how much is free is not known";
        return Observation::look(about, found, "a full disk stops a run", "look where out/ lies: df");
    };
    let found =
        format!("{} MiB free; the record of {} takes about {} MiB", mib(free), machine.notices, mib(needed));
    if free < needed {
        let means = "a full disk stops the run: nothing is lost, and the deadline comes nearer";
        Observation::broken(about, found, means, "make room where out/ lies")
    } else {
        Observation::ok(about, found, "there is room for the whole record")
    }
}

fn modes(file: &FileModes) -> Observation {
    let about = "machine.files";
    let FileModes { what, path, mode, is_refused, is_folder } = file;
    let found = format!("{what} has mode {:04o}", mode & 0o7777);
    let others = mode & 0o077;
    if others == 0 {
        return Observation::ok(about, found, "nobody else reads it");
    }
    let to_do = format!("chmod {} {path}", if *is_folder { "700" } else { "600" });
    if *is_refused {
        Observation::broken(about, found, "others may read it: a run refuses to begin", to_do)
    } else {
        Observation::look(about, found, "others on this machine may read who is affected", to_do)
    }
}

fn open_files(machine: &Machine) -> Observation {
    let about = "machine.open_files";
    let needed = u64::from(machine.connections) + OTHER_FILES;
    match machine.open_files {
        None => Observation::ok(about, "any number of files may be open", "enough for every connection"),
        Some(limit) if limit < needed => Observation::broken(
            about,
            format!("{limit} files may be open; {} connections need {needed}", machine.connections),
            "lines beyond that do not open",
            format!("ulimit -n {needed}, or set fewer connections"),
        ),
        Some(limit) => Observation::ok(
            about,
            format!("{limit} files may be open"),
            format!("enough for {} connections", machine.connections),
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::{super::Mark, *};

    fn good() -> Machine {
        Machine {
            clock: Clock { is_synchronised: Some(true), now: at(), greeting: None },
            free: Some(10 << 30),
            notices: 1_000_000,
            files: vec![file(0o100_600, true)],
            open_files: Some(1024),
            connections: 16,
        }
    }

    fn at() -> Timestamp {
        "2026-11-24T19:19:45Z".parse().unwrap()
    }

    fn file(mode: u32, is_refused: bool) -> FileModes {
        let (what, path) = ("the password file".to_owned(), "/etc/relay".to_owned());
        FileModes { what, path, mode, is_refused, is_folder: false }
    }

    #[test]
    fn a_good_machine_asks_for_nothing() {
        let seen = machine(&good());
        assert!(seen.iter().all(|seen| seen.mark == Mark::Ok && seen.to_do.is_none()), "{seen:#?}");
        assert_eq!(seen[1].found, "10240 MiB free; the record of 1000000 takes about 7813 MiB");
    }

    /// What differs from a good machine, the mark that it gets, and a word of what is found.
    type Row = (&'static str, fn(&mut Machine), Mark, &'static str);

    #[test]
    fn each_fact_has_its_mark() {
        let table: [Row; 12] = [
            ("machine.clock", |m| m.clock.is_synchronised = Some(false), Mark::Look, "not synchronised"),
            ("machine.clock", |m| m.clock.is_synchronised = None, Mark::Look, "not known"),
            (
                "machine.clock",
                |m| m.clock.greeting = Some("220 h ESMTP Exim 4.96 Tue, 24 Nov 2026 19:19:50 +0000".to_owned()),
                Mark::Ok,
                "the relay's agrees",
            ),
            (
                "machine.clock",
                |m| m.clock.greeting = Some("220 h Sendmail; Tue, 24 Nov 2026 21:17:45 +0200 (EET)".to_owned()),
                Mark::Look,
                "120 s behind ours",
            ),
            ("machine.disk", |m| m.free = Some(1 << 30), Mark::Broken, "1024 MiB free"),
            ("machine.disk", |m| m.free = None, Mark::Look, "not known"),
            ("machine.disk", |m| m.notices = u64::MAX, Mark::Broken, "free"),
            ("machine.files", |m| m.files = vec![file(0o100_640, true)], Mark::Broken, "mode 0640"),
            ("machine.files", |m| m.files = vec![file(0o100_644, false)], Mark::Look, "mode 0644"),
            ("machine.open_files", |m| m.open_files = Some(70), Mark::Broken, "16 connections need 80"),
            ("machine.open_files", |m| m.open_files = None, Mark::Ok, "any number"),
            ("machine.open_files", |m| m.connections = 256, Mark::Ok, "1024"),
        ];
        for (about, change, mark, found) in table {
            let mut facts = good();
            change(&mut facts);
            let seen = machine(&facts);
            let of_it = seen.iter().find(|seen| seen.about == about).unwrap_or_else(|| panic!("no {about}"));
            assert!(of_it.mark == mark && of_it.found.contains(found), "{about}, {found}: {of_it:?}");
            assert_eq!(of_it.to_do.is_some(), mark != Mark::Ok, "what is not ok says what to do: {of_it:?}");
        }
    }
}
