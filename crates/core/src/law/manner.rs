//! How a regime lets a notice reach a person: when an e-mail is enough, what comes else, and what stands in for it.
//!
//! Which way one recipient is told is not decided here.

use super::{
    Basis,
    content::Condition,
    element::{Element, Forbidden},
    obligation::{Comparator, Period},
    word::vocabulary,
};
use serde::Serialize;

vocabulary! {
    /// How much a regime asks for before an e-mail is enough.
    Tier, "tier":
    E1 = "E1", "an address, or a relationship with the person, is enough";
    E2 = "E2", "e-mail is the usual way, or there is consent under the E-SIGN Act";
    E3 = "E3", "consent under the E-SIGN Act alone";
    E4 = "E4", "express consent to this kind of notice, and a record of each";
    E5 = "E5", "a rule of the regime's own";
}

vocabulary! {
    /// To what a person agreed. A record of the list, by person.
    ConsentKind, "kind of consent":
    None = "none", "to nothing";
    ElectronicGeneral = "electronic_general", "to messages by electronic means, in general words";
    Esign = "esign", "to electronic records, after the disclosures of 15 USC 7001(c)";
    HipaaAgreement = "hipaa_agreement", "to electronic notice from a covered entity, 45 CFR 164.404(d)(1)";
    NyExpress = "ny_express", "expressly to notices of breaches by electronic means, GBL 899-aa(5)(b)";
    HbnrPrimary = "hbnr_primary", "that e-mail is the primary way to be reached, 16 CFR 318.5(a)";
}

impl ConsentKind {
    /// Returns whether this consent serves where `asked` is asked for. Each serves for itself, and every one for
    /// general words; whether one serves for another is counsel's to say.
    pub fn serves(self, asked: Self) -> bool {
        self == asked || asked == Self::ElectronicGeneral && self != Self::None
    }
}

/// A fact about person or organisation that lets an e-mail be enough.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Ground {
    /// The organisation has an address of the person.
    Address,
    /// There is a relationship with the person, or e-mail was used between them before.
    Relationship,
    /// E-mail is the primary or customary way between them.
    PrimaryChannel,
    /// The organisation does its business with the person mainly over the Internet.
    OnlineBusiness,
    /// The person consented.
    Consent(ConsentKind),
}

vocabulary! {
    /// A way to reach people.
    Channel, "channel":
    Email = "email", "e-mail";
    Mail = "mail", "a letter";
    FirstClassMail = "first_class_mail", "a letter by first-class mail to the last known address";
    Telephone = "telephone", "a telephone call";
    TelephoneLive = "telephone_live", "a telephone call by a living person";
    Fax = "fax", "a facsimile";
    Sms = "sms", "a text message";
    InApp = "in_app", "a message inside an application";
    Banner = "banner", "a banner on a website or in an application";
    InPerson = "in_person", "in person";
    OnlineKnownLocation = "online_known_location", "online, while connected from where the person usually is";
    OtherEmail = "other_email", "e-mail to another address of the person";
    Website = "website", "a posting on the organisation's website";
    StatewideMedia = "statewide_media", "media that reach the whole state";
    MajorMedia = "major_media", "major print or broadcast media where the people are likely to live";
    LocalMedia = "local_media", "local media";
    Newspaper = "newspaper", "a notice in a newspaper";
    TollFreeLine = "toll_free_line", "a telephone number that costs the caller nothing";
    PublicCommunication = "public_communication", "a public communication or the like";
    LetterToRegulator = "letter_to_regulator", "a letter to the regulator";
}

/// When an e-mail alone is enough: one of the ways of a regime.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Alternative {
    /// What must be so, all of it.
    pub grounds: Vec<Ground>,
    /// In which case this way is open.
    pub when: Condition,
    /// What the message must say then.
    pub require: Vec<Element>,
    /// What it must not hold then.
    pub forbid: Vec<Forbidden>,
    /// Whether a record of each notice is kept.
    pub log_each: bool,
    /// With one of these it must go together; of none, it may go alone.
    pub must_accompany: Vec<Channel>,
}

/// When an e-mail alone is enough for a person.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Email {
    /// How much the regime asks for.
    pub tier: Tier,
    /// Any of these ways.
    pub allow_if: Vec<Alternative>,
    /// What a person must know besides.
    pub says: Option<String>,
    /// Where this stands.
    pub basis: Basis,
}

vocabulary! {
    /// To which mailbox, whose own login was taken, no notice may go.
    MailboxScope, "mailbox":
    AnyMailbox = "any", "any";
    FurnishedBySender = "furnished_by_sender", "one that the organisation itself provides";
    FurnishedUnverified = "furnished_unverified", "one that the organisation provides, if receipt cannot be verified";
}

/// The rule on mailboxes whose own login was taken. The program blocks them all, whatever the regime.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Mailbox {
    /// Which mailboxes.
    pub never: MailboxScope,
    /// Which ways are open instead.
    pub instead: Vec<Channel>,
    /// Where this stands.
    pub basis: Basis,
}

/// Notice that stands in for notice to each person.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Substitute {
    /// When it is allowed: any of these.
    pub eligible: Vec<Eligible>,
    /// How many of the legs must be used; all of them where it is their number.
    pub legs_needed: usize,
    /// Its legs.
    pub legs: Vec<Leg>,
    /// Whether it serves only for the people who could not be reached, and not for all.
    pub unreachable_only: bool,
    /// To whom the case for it must be shown.
    pub show_to: Option<String>,
    /// What a person must know besides.
    pub says: Option<String>,
    /// Where this stands.
    pub basis: Basis,
}

/// What allows substitute notice.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Eligible {
    /// Notice would cost more than this, in units of the regime's currency.
    CostOver(u64),
    /// More people than this would have to be notified.
    PeopleOver(u64),
    /// So many people cannot be reached: contact data is missing, out of date or wrong.
    Unreachable {
        /// How the count is compared.
        op: Comparator,
        /// With which number.
        n: u64,
    },
    /// A person says so: this is the question.
    Decided(String),
}

/// One leg of substitute notice. An e-mail goes to those whose address is known.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Leg {
    /// By which way.
    pub channel: Channel,
    /// For how many days at least.
    pub days: Option<u32>,
    /// What else is asked of it, in words.
    pub says: Option<String>,
}

/// How a regime lets a notice reach a person.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Manner {
    /// When an e-mail alone is enough.
    pub email: Email,
    /// The rule on mailboxes whose login was taken, where there is one.
    pub mailbox: Option<Mailbox>,
    /// Other ways that are enough, the usual one first.
    pub fallback: Vec<Channel>,
    /// Notice that stands in.
    pub substitute: Vec<Substitute>,
}

vocabulary! {
    /// Whether a law enforcement agency can stop a notice.
    HoldMode, "mode":
    May = "may", "the notice may be delayed";
    Shall = "shall", "the notice must be delayed";
}

vocabulary! {
    /// In what form an agency asks for a hold.
    HoldRequest, "form of request":
    AnyForm = "any", "in any form";
    Written = "written", "in writing";
    OralDocumented = "oral_documented", "in writing, or orally with a record of who asked";
}

/// A hold by law enforcement.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Hold {
    /// Whether it may or must delay.
    pub mode: HoldMode,
    /// In what form it is asked for.
    pub request: HoldRequest,
    /// How long it lasts where it was asked for orally.
    pub oral_days_max: Option<u32>,
    /// How long the notice may take once it is lifted; `None` where no number is stated.
    pub after_release: Option<Period>,
    /// What a person must know besides.
    pub says: Option<String>,
    /// Where this stands.
    pub basis: Basis,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_consent_serves_for_itself_and_for_general_words() {
        assert!(ConsentKind::Esign.serves(ConsentKind::Esign));
        assert!(ConsentKind::NyExpress.serves(ConsentKind::ElectronicGeneral));
        assert!(!ConsentKind::NyExpress.serves(ConsentKind::Esign));
        assert!(!ConsentKind::ElectronicGeneral.serves(ConsentKind::NyExpress));
        assert!(!ConsentKind::None.serves(ConsentKind::ElectronicGeneral));
    }
}
