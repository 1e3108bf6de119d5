//! Law on notices, as dated data: which regimes there are, to whom each applies, what it asks for and forbids, by
//! when, and which way it lets a notice go.
//!
//! A regime is a file of `crates/core/law`, shipped inside the program. Nothing here says that a notice meets one:
//! what only a person can judge stays a question, and how far each rule was read is part of the data.

mod applies;
mod clock;
mod content;
mod data;
mod element;
mod manner;
mod obligation;
mod read;
mod rules;
mod shipped;
mod word;

pub use applies::{Act, Applies, Area, Group, Harm, HarmKind, Pattern, Role};
pub use clock::ClockEvent;
pub use content::{Circumstances, Condition, ContentRule, Effect, Format, Heading};
pub use data::{DataTrigger, Decided, Exposed, Kind, kinds_of};
pub use element::{Element, Forbidden};
pub use manner::{
    Alternative, Channel, ConsentKind, Eligible, Email, Ground, Hold, HoldMode, HoldRequest, Leg, Mailbox,
    MailboxScope, Manner, Substitute, Tier,
};
pub use obligation::{
    Addressee, Comparator, Deadline, Obligation, Order, Period, Scope, Sequence, Start, Threshold, Unit,
};
pub use read::read;
pub(crate) use read::{word, words};
pub use rules::{Rule, Tally};
pub use shipped::{FILES, regime, shipped};
pub(crate) use word::vocabulary;
pub use word::{Answer, Word};

use jiff::civil::Date;
use serde::Serialize;

/// One law's rules on notices.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Regime {
    /// Its id, and the name of its file: `us-vt`.
    pub id: String,
    /// What it is called.
    pub title: String,
    /// The law and its sections.
    pub citation: String,
    /// The day on which this file was last brought up to the law.
    pub revision: Date,
    /// When the rules hold.
    pub effective: Effective,
    /// What is known of changes to come, in words.
    pub status: Option<String>,
    /// Who has checked this file against the law.
    pub verified: Verified,
    /// Whose days and holidays count; `None` where they differ from person to person.
    pub place: Option<Area>,
    /// To whom it applies.
    pub applies: Applies,
    /// Who is to be told, and by when.
    pub obligations: Vec<Obligation>,
    /// What a notice says, rule by rule.
    pub content: Vec<ContentRule>,
    /// How a notice looks, where that is prescribed.
    pub format: Option<Format>,
    /// Which way a notice goes; `None` where no notice to a person is asked for.
    pub manner: Option<Manner>,
    /// A hold by law enforcement, where there is one.
    pub hold: Option<Hold>,
    /// In which language, where the law speaks of it.
    pub language: Option<Language>,
    /// What lifts a duty. Whether one holds is a person's to decide.
    pub exceptions: Vec<Exception>,
    /// What is to be recorded.
    pub records: Option<Remark>,
    /// What may follow from a breach of the duty.
    pub penalty: Option<Remark>,
    /// What a reviewer must know.
    pub notes: Vec<String>,
}

/// When the rules of a regime hold, both days included; `None` where it is open.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Effective {
    /// The first day.
    pub from: Option<Date>,
    /// The last day.
    pub to: Option<Date>,
}

/// Who has checked the file of a regime against the law.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Verified {
    /// Nobody who gives a name.
    Unverified,
    /// Somebody who read the law.
    Read(Check),
    /// Counsel.
    Counsel(Check),
}

/// A check by a named person.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Check {
    /// The person's name and role.
    pub by: String,
    /// The day.
    pub on: Date,
}

vocabulary! {
    /// What a rule was written down from.
    Source, "source":
    Read = "read", "the words of the law or of the authority";
    Secondary = "secondary", "what somebody else writes about the law";
    Recalled = "recalled", "memory: nothing was read";
}

/// Where a rule stands, and what it was written down from.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Basis {
    /// Law and section.
    pub cite: String,
    /// What it was written down from.
    pub source: Source,
}

/// A rule in words, which no program decides on.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Remark {
    /// The words.
    pub says: String,
    /// Where it stands.
    pub basis: Basis,
}

/// In which language people are told.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Language {
    /// The languages, BCP 47; empty where the law names none.
    pub languages: Vec<String>,
    /// The rule in words.
    pub says: String,
    /// Where it stands.
    pub basis: Basis,
}

vocabulary! {
    /// Why a duty is lifted.
    ExceptionKind, "exception":
    Encrypted = "encrypted", "the data could not be read, and the key was not taken";
    GoodFaith = "good_faith", "somebody of the organisation got the data in good faith, for its purposes";
    OtherLaw = "other_law", "the organisation follows the rules of another law or supervisor";
    OwnPolicy = "own_policy", "the organisation follows notice rules of its own with the same timing";
    HarmRuledOut = "harm_ruled_out", "an inquiry found harm unlikely";
    Remedied = "remedied", "later measures took the risk away";
    Effort = "effort", "telling each person takes a disproportionate effort";
    Restriction = "restriction", "a law restricts the duty";
}

vocabulary! {
    /// What an exception lifts.
    Lifts, "what is lifted":
    Everything = "everything", "every duty of the regime";
    IndividualNotice = "individual_notice", "the notice to each person";
    Content = "content", "the rules on what the notice says";
}

/// What lifts a duty.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Exception {
    /// Why.
    pub kind: ExceptionKind,
    /// What.
    pub lifts: Lifts,
    /// The ids of obligations that stay all the same.
    pub keeps: Vec<String>,
    /// Only organisations with one of these roles; of none, all.
    pub roles: Vec<Role>,
    /// What must be so, in words.
    pub says: String,
    /// Where it stands.
    pub basis: Basis,
}

impl Exception {
    /// Returns whether an organisation with these roles may rely on it. Whether it holds is a person's to decide.
    pub fn is_open_to(&self, roles: &[Role]) -> bool {
        self.roles.is_empty() || self.roles.iter().any(|role| roles.contains(role))
    }
}

impl Regime {
    /// Returns whether its rules hold on `day`. A breach is judged by the law of its time: which day counts is a
    /// person's to decide.
    pub fn is_in_force(&self, day: Date) -> bool {
        self.effective.from.is_none_or(|from| from <= day) && self.effective.to.is_none_or(|to| day <= to)
    }

    /// Returns its obligation to tell the affected person, where it has one.
    pub fn individual(&self) -> Option<&Obligation> {
        self.obligations.iter().find(|obligation| obligation.to == Addressee::Individual)
    }

    /// Returns the test of harm for one of its obligations.
    pub fn harm_for<'a>(&'a self, obligation: &'a Obligation) -> &'a Harm {
        obligation.harm.as_ref().unwrap_or(&self.applies.harm)
    }
}
