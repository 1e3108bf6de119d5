//! What people are offered at no cost against the misuse of their identity: who gives it, for how long, and how to
//! take it up.

use jiff::civil::Date;

/// A service against identity theft that costs the person nothing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Offer {
    /// What it is.
    pub kind: OfferKind,
    /// Who gives it.
    pub provider: String,
    /// For how many months.
    pub months: u32,
    /// The last day on which it can be taken up, where there is one.
    pub until: Option<Date>,
    /// The website to take it up at, as people type it.
    pub website: Option<String>,
    /// The telephone number to take it up by.
    pub phone: Option<String>,
    /// What shows that one may take it up, where that is needed.
    pub code: Option<OfferCode>,
}

/// What is offered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OfferKind {
    /// The credit file is watched.
    CreditMonitoring,
    /// Help against the misuse of an identity, with or without the watching of a credit file.
    IdentityProtection,
}

/// The code by which an offer is taken up.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum OfferCode {
    /// One for everybody.
    Shared(String),
    /// Each person's own, in this column of the list. Who has none there cannot be told of the offer.
    Column(String),
}
