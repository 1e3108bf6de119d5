//! Decisions of a person on notices in doubt, bounced or expired, recorded with name and reason.
//!
//! All notices of one decision are settled in one transaction, or none is.

use super::{
    SqliteLedger,
    chain::Grounds,
    claim::Claims,
    commit::{Kept, Recorded, Session, owns},
    fault::{Fault, damaged},
    pen::{Pen, Salts},
    write,
};
use crate::LedgerError;
use forthwith_core::{
    notice::{Particulars, Token},
    state::{Happening, State},
};
use jiff::Timestamp;
use rusqlite::{OptionalExtension, Transaction};

/// What a person decides on notices that rest.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Decision {
    /// Tell again, although these people may have been told.
    Resend,
    /// Do not tell again, although these people may not have been told.
    LetStand,
}

/// Why nothing was decided. The ledger is as it was.
#[derive(Debug, thiserror::Error)]
pub enum ResolveError {
    /// The plan has no such notice.
    #[error("the plan has no notice {token}")]
    Unknown {
        /// The notice.
        token: Token,
    },
    /// The decision does not fit the notice's state.
    #[error("notice {token} is {state:?}: that cannot be decided")]
    NotOpen {
        /// The notice.
        token: Token,
        /// Its state.
        state: State,
    },
    /// The ledger failed.
    #[error(transparent)]
    Ledger(#[from] LedgerError),
}

impl SqliteLedger {
    /// Records `decision` on each of `notices`, by whom and why, and returns how many there were.
    ///
    /// The name stands in the chain; the reason, which may speak of people, beside it.
    pub fn resolve(
        &mut self,
        notices: &[Token],
        decision: Decision,
        by: &str,
        reason: &str,
        at: Timestamp,
    ) -> Result<u64, ResolveError> {
        let session = Session::new(self.plan, self.has_offer, self.chain.clone());
        let claims = &self.claims;
        let mut deciding = Deciding { session, claims, decision, by, reason, at, refusal: None };
        let decided =
            write(&mut self.connection, |transaction| deciding.run(transaction, &mut self.salts, notices));
        if let Some(refusal) = deciding.refusal {
            return Err(refusal);
        }
        decided.map_err(|fault| fault.at("write", &self.path))?;
        let Session { chain, changed, .. } = deciding.session;
        self.chain = chain;
        self.claims.follow(changed);
        Ok(notices.len() as u64)
    }
}

struct Deciding<'a> {
    session: Session,
    claims: &'a Claims,
    decision: Decision,
    by: &'a str,
    reason: &'a str,
    at: Timestamp,
    refusal: Option<ResolveError>,
}

impl Deciding<'_> {
    fn run(&mut self, transaction: &Transaction<'_>, salts: &mut Salts, notices: &[Token]) -> Result<(), Fault> {
        if !owns(transaction, self.session.chain.run)? {
            return Err(damaged("another run has taken over although the lock is held"));
        }
        let mut pen = Pen::new(transaction, salts)?;
        for token in notices {
            if let Err(refusal) = self.settle(&mut pen, token)? {
                self.refusal = Some(refusal);
                // The transaction is given up; the caller looks at the refusal.
                return Err(damaged("refused"));
            }
        }
        self.session.close(transaction)
    }

    fn settle(&mut self, pen: &mut Pen<'_>, token: &Token) -> Result<Result<(), ResolveError>, Fault> {
        let transaction = pen.transaction;
        let sql = "SELECT notice FROM notices WHERE token = ?1";
        let found = transaction.prepare_cached(sql)?.query_row([token.as_str()], |row| row.get(0)).optional()?;
        let Some(notice) = found else { return Ok(Err(ResolveError::Unknown { token: token.clone() })) };
        let happening = match self.decision {
            Decision::Resend => Happening::ResolvedResend,
            Decision::LetStand => Happening::ResolvedLetStand,
        };
        let state = Kept::read(transaction, notice)?.standing.state;
        if state.next(happening).is_none() {
            return Ok(Err(ResolveError::NotOpen { token: token.clone(), state }));
        }
        let recorded = Recorded {
            notice,
            token,
            at: self.at,
            happening,
            particulars: &Particulars::default(),
            grounds: Grounds { by: Some(self.by), log: None },
            private: Some(self.reason.as_bytes()),
        };
        self.session.record(pen, self.claims, &recorded)?;
        Ok(Ok(()))
    }
}
