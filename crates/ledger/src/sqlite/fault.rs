//! How a failure of `SQLite` becomes an error that names the file and tells damage from a full disk.

use crate::LedgerError;
use rusqlite::ErrorCode;

/// `SQLITE_ERROR`: a statement does not fit the tables. Ours never change, so that the tables did.
const DOES_NOT_FIT: i32 = 1;

/// A failure within one operation, before the file is named.
#[derive(Debug)]
pub(crate) enum Fault {
    Sqlite(rusqlite::Error),
    Damaged(String),
    Ledger(LedgerError),
}

impl Fault {
    /// Returns the error of an operation that was `doing` something to the ledger at `path`.
    pub(crate) fn at(self, doing: &'static str, path: &str) -> LedgerError {
        let path = path.to_owned();
        match self {
            Self::Ledger(error) => error,
            Self::Damaged(what) => LedgerError::Damaged { path, what },
            Self::Sqlite(error) if is_damage(&error) => LedgerError::Damaged { path, what: error.to_string() },
            Self::Sqlite(error) => LedgerError::Storage { doing, path, source: error.into() },
        }
    }
}

/// Returns whether `error` says that the file is not what we wrote, rather than that the disk failed.
fn is_damage(error: &rusqlite::Error) -> bool {
    use rusqlite::Error as E;
    match error {
        E::SqliteFailure(failure, _) => {
            let codes = [ErrorCode::DatabaseCorrupt, ErrorCode::NotADatabase, ErrorCode::ConstraintViolation];
            failure.extended_code == DOES_NOT_FIT || codes.contains(&failure.code)
        }
        // A column of another type, a row that must be there and is not, a table that is gone.
        E::FromSqlConversionFailure(..)
        | E::IntegralValueOutOfRange(..)
        | E::InvalidColumnType(..)
        | E::Utf8Error(..)
        | E::QueryReturnedNoRows
        | E::SqlInputError { .. } => true,
        _ => false,
    }
}

impl From<rusqlite::Error> for Fault {
    fn from(error: rusqlite::Error) -> Self {
        Self::Sqlite(error)
    }
}

impl From<LedgerError> for Fault {
    fn from(error: LedgerError) -> Self {
        Self::Ledger(error)
    }
}

/// Returns the damage that `what` describes, without personal data.
pub(crate) fn damaged(what: impl Into<String>) -> Fault {
    Fault::Damaged(what.into())
}
