//! What the tests share: a folder with a ledger in it, runs on it, and entries about its notices.

use forthwith_core::{
    digest::Digest,
    notice::{Claimed, Entry, Particulars, Token},
    plan::FrozenRow,
    state::Happening,
    verdict::Reply,
};
use forthwith_ledger::{
    Append, Ledger, Outcome,
    model::sample_plan,
    sqlite::{LedgerReader, OpenLedgerError, RunIdentity, SqliteLedger},
};
use jiff::{SignedDuration, Timestamp};
use std::path::PathBuf;
use tempfile::TempDir;

/// A folder with a ledger in it.
pub(crate) struct Desk {
    folder: TempDir,
}

impl Desk {
    pub(crate) fn new() -> Self {
        Self { folder: tempfile::tempdir().unwrap() }
    }

    pub(crate) fn folder(&self) -> PathBuf {
        self.folder.path().join("out")
    }

    pub(crate) fn path(&self) -> PathBuf {
        self.folder().join("ledger.sqlite")
    }

    pub(crate) fn try_open(&self, command: &str) -> Result<SqliteLedger, OpenLedgerError> {
        SqliteLedger::open(&self.path(), &identity(command))
    }

    pub(crate) fn open(&self) -> SqliteLedger {
        self.try_open("notify").unwrap()
    }

    /// A run on a ledger whose plan has `count` notices and the rows withheld.
    pub(crate) fn frozen(&self, count: u64, withheld: &[FrozenRow]) -> SqliteLedger {
        let mut ledger = self.open();
        let (plan, rows) = sample_plan(count, withheld);
        ledger.freeze(&plan, rows.into_iter(), at(0)).unwrap();
        ledger
    }

    pub(crate) fn reader(&self) -> LedgerReader {
        LedgerReader::open(&self.path()).unwrap().unwrap()
    }

    pub(crate) fn flaws(&self) -> Vec<String> {
        self.reader().verify().unwrap().into_iter().map(|flaw| flaw.what).collect()
    }

    pub(crate) fn sql(&self) -> rusqlite::Connection {
        rusqlite::Connection::open(self.path()).unwrap()
    }
}

pub(crate) fn identity(command: &str) -> RunIdentity {
    RunIdentity {
        command: command.to_owned(),
        program: "forthwith 0.1.0".to_owned(),
        account: "ada".to_owned(),
        host: "desk".to_owned(),
        pid: 4_711,
        clock_synchronised: Some(true),
        started_at: at(0),
    }
}

/// The moment `seconds` after the tests begin.
pub(crate) fn at(seconds: i64) -> Timestamp {
    Timestamp::from_second(1_700_000_000).unwrap() + SignedDuration::from_secs(seconds)
}

pub(crate) fn entry(claimed: &Claimed, seconds: i64, happening: Happening) -> Append {
    told(claimed, seconds, happening, Particulars::default())
}

/// An entry with particulars; an offer is always that of the same bytes.
pub(crate) fn told(claimed: &Claimed, seconds: i64, happening: Happening, particulars: Particulars) -> Append {
    let offer = (happening == Happening::Offered).then(|| (at(0), Digest::of(claimed.token.as_str().as_bytes())));
    let particulars = Particulars { offer, ..particulars };
    let (notice, token) = (claimed.notice, claimed.token.clone());
    Append::Notice(Entry { notice, token, at: at(seconds), happening, particulars })
}

pub(crate) fn due(seconds: i64) -> Particulars {
    Particulars { due: Some(at(seconds)), ..Particulars::default() }
}

pub(crate) fn reply(text: &str) -> Particulars {
    let code = text[..3].parse().unwrap();
    Particulars { reply: Some(Reply::new(code, format!("{text}\r\n").into_bytes())), ..Particulars::default() }
}

/// Commits entries that must all become durable.
pub(crate) fn commit(ledger: &mut impl Ledger, entries: &[Append]) {
    assert_eq!(ledger.commit(entries).unwrap(), vec![Outcome::Durable; entries.len()]);
}

pub(crate) fn claim(ledger: &mut impl Ledger, want: usize, seconds: i64) -> Vec<Claimed> {
    ledger.claim(want, at(seconds)).unwrap().notices
}

pub(crate) fn tokens(claimed: &[Claimed]) -> Vec<Token> {
    claimed.iter().map(|notice| notice.token.clone()).collect()
}

/// Offers and accepts.
pub(crate) fn accept(ledger: &mut impl Ledger, claimed: &Claimed, seconds: i64) {
    let accepted = told(claimed, seconds, Happening::Accepted, reply("250 2.0.0 queued"));
    commit(ledger, &[entry(claimed, seconds, Happening::Offered), accepted]);
}
