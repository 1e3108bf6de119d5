//! What a transaction records with: its statements, prepared once for all that it records, and salts.
//!
//! What is recorded is decided by whoever holds the pen.

use super::fault::{Fault, damaged};
use rusqlite::{CachedStatement, Connection};
use rustix::rand::{GetRandomFlags, getrandom};

/// Octets of salt: nobody tries 2^128 salts to find out which of two replies was given.
pub(crate) const SALT_OCTETS: usize = 16;
/// Octets of salt fetched from the system at a time.
const SALT_STORE: usize = 64 * SALT_OCTETS;

/// The pen of one transaction.
pub(super) struct Pen<'t> {
    pub(super) transaction: &'t Connection,
    pub(super) salts: &'t mut Salts,
    /// Appends an event.
    pub(super) event: CachedStatement<'t>,
    /// Keeps what is private of an event beside it.
    pub(super) words: CachedStatement<'t>,
    /// Changes all that is kept of where a notice stands.
    pub(super) standing: CachedStatement<'t>,
    /// Changes the state of a notice alone: that is what most verdicts do.
    pub(super) state: CachedStatement<'t>,
}

impl<'t> Pen<'t> {
    /// Prepares the statements.
    pub(super) fn new(transaction: &'t Connection, salts: &'t mut Salts) -> Result<Self, Fault> {
        Ok(Self {
            transaction,
            salts,
            event: transaction.prepare_cached(
                "INSERT INTO events(event, previous, digest, at, kind, notice, token, before, facts, private)
                 VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)",
            )?,
            words: transaction.prepare_cached("INSERT INTO event_private(event, salt, bytes) VALUES(?1, ?2, ?3)")?,
            standing: transaction.prepare_cached(
                "UPDATE notices SET state = ?4, last = ?5, doubted = ?6, deferrals = ?7, requeues = ?8, due = ?9,
                 date = ?10, wire = ?11, offered_by = ?12 WHERE notice = ?1 AND state = ?2 AND last = ?3",
            )?,
            state: transaction.prepare_cached(
                "UPDATE notices SET state = ?4, last = ?5 WHERE notice = ?1 AND state = ?2 AND last = ?3",
            )?,
        })
    }
}

/// Salts from the system's random source, fetched many at a time.
#[derive(Debug, Default)]
pub(crate) struct Salts {
    left: Vec<u8>,
}

impl Salts {
    pub(crate) fn next(&mut self) -> Result<[u8; SALT_OCTETS], Fault> {
        if self.left.len() < SALT_OCTETS {
            let mut store = vec![0; SALT_STORE];
            let mut filled = 0;
            while filled < store.len() {
                filled += getrandom(&mut store[filled..], GetRandomFlags::empty())
                    .map_err(|error| damaged(format!("the system gives no random octets: {error}")))?;
            }
            self.left = store;
        }
        let (rest, salt) = self.left.split_at(self.left.len() - SALT_OCTETS);
        let salt = salt.try_into().expect("the split leaves as many octets as a salt has");
        self.left.truncate(rest.len());
        Ok(salt)
    }
}
