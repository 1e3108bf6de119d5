//! A frozen row as the tables keep it, and the salted digest that binds all of it.
//!
//! The digest of a row is SHA-256 over the text `forthwith-row-1` and a line feed, then each of these after
//! its length in eight octets: salt, row and line as decimal text, the reason for withholding, id, address,
//! person (JSON, with the note of a person withheld), token, keyed order as decimal text, variant, content digest. What a row does
//! not have is empty. With the salt deleted, the digest tells nothing of the person.

use super::{
    chain::digest,
    commit::token,
    fault::{Fault, damaged},
    pen::Salts,
};
use forthwith_core::{
    digest::Digest,
    notice::Withheld,
    plan::{Fate, FrozenRow, Planned},
    private::Private,
};
use rusqlite::Row;
use serde::{
    Deserialize, Serialize,
    de::{IntoDeserializer, value::StrDeserializer},
};

/// The channel and purpose of every notice so far.
pub(crate) const CHANNEL: &str = "email";
pub(crate) const PURPOSE: &str = "first-notice";

/// Octets that the row of a usual list is digested from, so that they are not moved while they grow.
const ROW_OCTETS: usize = 768;

/// A row of a plan, ready to be kept: salted, digested, and in the form of the tables.
///
/// Making it is most of the work of freezing and needs no ledger, so that every core can do it.
pub struct SealedRow(pub(crate) Result<(KeptRow, Digest), Fault>);

impl SealedRow {
    /// Seals a batch of rows. What cannot be kept is said when it is to be frozen.
    pub fn seal(rows: impl IntoIterator<Item = FrozenRow>) -> Vec<Self> {
        let mut salts = Salts::default();
        let mut seal = |row: &FrozenRow| {
            let kept = KeptRow::of(row, &salts.next()?)?;
            let digest = kept.digest().ok_or_else(|| damaged("a row just made has no person"))?;
            Ok((kept, digest))
        };
        rows.into_iter().map(|row| Self(seal(&row))).collect()
    }
}

/// A row and its person, as in the tables `rows`, `recipients` and `notices`.
pub(crate) struct KeptRow {
    pub(crate) row: i64,
    pub(crate) line: i64,
    pub(crate) withheld: Option<String>,
    pub(crate) notice: Option<KeptNotice>,
    /// Missing where it was purged.
    pub(crate) person: Option<KeptPerson>,
}

/// What is owed to the person of a row.
pub(crate) struct KeptNotice {
    pub(crate) token: String,
    pub(crate) order: i64,
    pub(crate) variant: String,
    pub(crate) content: Digest,
}

/// The person of a row.
pub(crate) struct KeptPerson {
    pub(crate) id: String,
    pub(crate) address: String,
    /// JSON: the recipient, or [`WithheldPerson`].
    pub(crate) person: String,
    pub(crate) salt: Vec<u8>,
}

/// What is kept of a person withheld, beside id and address. The note is somebody's words about the person.
#[derive(Serialize, Deserialize)]
struct WithheldPerson {
    name: Private<String>,
    note: Private<String>,
}

impl KeptRow {
    /// The columns that [`Self::read`] takes.
    pub(crate) const COLUMNS: &'static str = "r.row, r.line, r.withheld, r.digest, \
         p.id, p.address, p.person, p.salt, n.token, n.keyed_order, n.variant, n.content";
    /// Where they come from.
    pub(crate) const TABLES: &'static str = "rows r \
         LEFT JOIN recipients p ON p.plan = r.plan AND p.row = r.row \
         LEFT JOIN notices n ON n.plan = r.plan AND n.row = r.row \
         AND n.channel = 'email' AND n.purpose = 'first-notice'";

    /// Reads a row and the digest kept of it.
    pub(crate) fn read(row: &Row<'_>) -> Result<(Self, Digest), Fault> {
        let notice = match row.get::<_, Option<String>>(8)? {
            Some(token) => Some(KeptNotice {
                token,
                order: row.get(9)?,
                variant: row.get(10)?,
                content: digest(row.get(11)?)?,
            }),
            None => None,
        };
        let person = match row.get(7)? {
            Some(salt) => Some(KeptPerson { id: row.get(4)?, address: row.get(5)?, person: row.get(6)?, salt }),
            None => None,
        };
        let (number, line) = (row.get(0)?, row.get(1)?);
        let withheld = row.get(2)?;
        Ok((Self { row: number, line, withheld, notice, person }, digest(row.get(3)?)?))
    }

    /// Returns `row` as it will be kept.
    pub(crate) fn of(row: &FrozenRow, salt: &[u8]) -> Result<Self, Fault> {
        let number = |number: u64| i64::try_from(number).map_err(|_| damaged("a row number is out of range"));
        let json = |json: Result<String, serde_json::Error>| json.map_err(|_| damaged("a recipient is not JSON"));
        let salt = salt.to_vec();
        let (withheld, notice, person) = match &row.fate {
            Fate::Planned(planned) => {
                let person = &planned.recipient;
                let notice = KeptNotice {
                    token: planned.token.as_str().to_owned(),
                    order: planned.order.cast_signed(),
                    variant: planned.variant.clone(),
                    content: planned.content,
                };
                let kept = KeptPerson {
                    id: person.id.expose().clone(),
                    address: person.address.expose().to_owned(),
                    person: json(serde_json::to_string(person))?,
                    salt,
                };
                (None, Some(notice), Some(kept))
            }
            Fate::Withheld { reason, note, id, address, name } => {
                let person = WithheldPerson { name: name.clone(), note: Private::new(note.clone()) };
                let kept = KeptPerson {
                    id: id.expose().clone(),
                    address: address.expose().clone(),
                    person: json(serde_json::to_string(&person))?,
                    salt,
                };
                (Some(reason.reason().to_owned()), None, Some(kept))
            }
        };
        Ok(Self { row: number(row.row)?, line: number(row.line)?, withheld, notice, person })
    }

    /// Returns the row as it was frozen.
    pub(crate) fn thaw(self) -> Result<FrozenRow, Fault> {
        let number = |number: i64| u64::try_from(number).map_err(|_| damaged("a row number is negative"));
        // The cause of a failed reading would quote the person.
        let unreadable = || damaged(format!("the recipient of row {} cannot be read", self.row));
        let (row, line) = (number(self.row)?, number(self.line)?);
        let person = self.person.ok_or_else(|| damaged(format!("the person of row {row} was deleted")))?;
        let fate = match (self.withheld, self.notice) {
            (None, Some(notice)) => Fate::Planned(Planned {
                recipient: serde_json::from_str(&person.person).map_err(|_| unreadable())?,
                token: token(&notice.token)?,
                order: notice.order.cast_unsigned(),
                variant: notice.variant,
                content: notice.content,
            }),
            (Some(reason), None) => {
                let kept: WithheldPerson = serde_json::from_str(&person.person).map_err(|_| unreadable())?;
                Fate::Withheld {
                    reason: withheld(&reason)?,
                    note: kept.note.expose().clone(),
                    id: Private::new(person.id),
                    address: Private::new(person.address),
                    name: kept.name,
                }
            }
            _ => return Err(damaged(format!("row {row} is neither planned nor withheld"))),
        };
        Ok(FrozenRow { row, line, fate })
    }

    /// Returns the digest that binds the row; `None` where it cannot be made again.
    pub(crate) fn digest(&self) -> Option<Digest> {
        let person = self.person.as_ref()?;
        let notice = self.notice.as_ref();
        let (row, line) = (self.row.to_string(), self.line.to_string());
        let order = notice.map(|notice| notice.order.to_string());
        let fields: [&[u8]; 11] = [
            &person.salt,
            row.as_bytes(),
            line.as_bytes(),
            self.withheld.as_deref().unwrap_or_default().as_bytes(),
            person.id.as_bytes(),
            person.address.as_bytes(),
            person.person.as_bytes(),
            notice.map_or(&[], |notice| notice.token.as_bytes()),
            order.as_deref().unwrap_or_default().as_bytes(),
            notice.map_or(&[], |notice| notice.variant.as_bytes()),
            notice.map_or(&[], |notice| notice.content.as_bytes()),
        ];
        let mut bytes = Vec::with_capacity(ROW_OCTETS);
        bytes.extend_from_slice(b"forthwith-row-1\n");
        for field in fields {
            bytes.extend_from_slice(&(field.len() as u64).to_be_bytes());
            bytes.extend_from_slice(field);
        }
        Some(Digest::of(&bytes))
    }
}

/// Reads the reason for withholding from its name.
pub(crate) fn withheld(reason: &str) -> Result<Withheld, Fault> {
    let reason_of: StrDeserializer<'_, serde::de::value::Error> = reason.into_deserializer();
    Withheld::deserialize(reason_of).map_err(|_| damaged("a reason for withholding is not one"))
}
