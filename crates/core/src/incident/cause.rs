//! How a breach came about and what is done about it, in closed vocabularies: each word is a sentence of the notice
//! in every shipped language, under `cause_WORD`, `mitigation_WORD`, `prevention_WORD` and `protection_WORD`.

use crate::law::vocabulary;
use std::collections::BTreeMap;

vocabulary! {
    /// How it came about.
    Cause, "cause":
    Phishing = "phishing", "a fake message tricked somebody into giving away a login";
    StolenLogin = "stolen_login", "somebody used a stolen login";
    SoftwareFlaw = "software_flaw", "a flaw in the software let them in";
    WrongSetting = "wrong_setting", "a wrong setting left the data open";
    Malware = "malware", "harmful software had got into the systems";
    Insider = "insider", "somebody whose work gave them access misused it";
    LostDevice = "lost_device", "a device that held the data was lost or stolen";
    WrongRecipient = "wrong_recipient", "the data went to the wrong people by mistake";
    Supplier = "supplier", "it happened at a company that works for the organisation";
}

vocabulary! {
    /// What is done to lessen the harm to the person.
    Mitigation, "measure for the people affected":
    PasswordsReset = "passwords_reset", "passwords were reset, and the old ones no longer work";
    SessionsEnded = "sessions_ended", "everybody was signed out";
    MisuseWatched = "misuse_watched", "the data is watched for misuse";
    BanksTold = "banks_told", "the banks of the cards concerned were told";
    CopiesRemoved = "copies_removed", "copies were taken off the web";
    HelpLine = "help_line", "a help line was opened";
}

vocabulary! {
    /// What is done so that it does not happen again.
    Prevention, "measure against another breach":
    AccessNarrowed = "access_narrowed", "fewer people can see such data";
    SecondFactor = "second_factor", "staff need a second proof to sign in";
    FlawClosed = "flaw_closed", "the flaw was closed";
    StaffTrained = "staff_trained", "staff are trained anew";
    MonitoringAdded = "monitoring_added", "the systems are watched more closely";
    DataDeleted = "data_deleted", "data that is no longer needed was deleted";
    OutsideExperts = "outside_experts", "outside experts look into it";
    SupplierLeft = "supplier_left", "the organisation no longer works with the company concerned";
}

vocabulary! {
    /// How the data was protected.
    Protection, "protection in place":
    AccessLimited = "access_limited", "only people who needed it for their work could see the data";
    Encrypted = "encrypted", "the data was stored in encrypted form";
    PasswordsScrambled = "passwords_scrambled", "passwords were stored in scrambled form alone";
    AccessRecorded = "access_recorded", "it is recorded who looks at the data";
    Backups = "backups", "there are copies from which the data can be restored";
}

/// Data that a word says something of: it is said only to people of whom that data was exposed.
pub trait Concerns {
    /// Returns the ids of the categories; none where it concerns everybody.
    fn categories(self) -> &'static [&'static str];
}

const PASSWORDS: &[&str] = &["password", "password_hash", "username", "security_answer", "mailbox_password"];

impl Concerns for Mitigation {
    fn categories(self) -> &'static [&'static str] {
        match self {
            Self::PasswordsReset => PASSWORDS,
            Self::BanksTold => &["payment_card"],
            _ => &[],
        }
    }
}

impl Concerns for Prevention {
    fn categories(self) -> &'static [&'static str] {
        &[]
    }
}

impl Concerns for Protection {
    fn categories(self) -> &'static [&'static str] {
        if self == Self::PasswordsScrambled { PASSWORDS } else { &[] }
    }
}

/// What is done, as one sentence: a word that is known in every language, or the organisation's own words.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Measure<W> {
    /// A word of the vocabulary.
    Known(W),
    /// A sentence by language.
    Own(BTreeMap<String, String>),
}

/// What is done about the breach, for the elements that ask for it.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct Measures {
    /// To lessen the harm to the people affected.
    pub mitigation: Vec<Measure<Mitigation>>,
    /// So that it does not happen again.
    pub prevention: Vec<Measure<Prevention>>,
    /// What protected the data.
    pub protection: Vec<Measure<Protection>>,
}

/// Whether the data has been misused, as far as known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Misuse {
    /// It has been.
    Seen,
    /// None was seen, which does not mean that there was none.
    NoneSeen,
}
