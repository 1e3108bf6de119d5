//! To whom a regime applies: where the person lives, what the organisation is, what happened to which data.
//!
//! Whether harm is likely enough is a person's to decide, and is only asked here.

use super::{
    Basis,
    data::{DataTrigger, Exposed},
    word::{Answer, Word, vocabulary},
};
use crate::recipient::Residence;
use serde::{Serialize, Serializer};
use std::fmt;

/// A country (`GB`) or a region of one (`US-CA`), ISO 3166.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(transparent)]
pub struct Area(String);

impl Area {
    /// Returns the area of a code, unless it is none.
    pub fn parse(code: &str) -> Option<Self> {
        let (country, region) = code.split_once('-').unwrap_or((code, "0"));
        let is_code = crate::affected::is_country(country) && crate::affected::is_region(region);
        is_code.then(|| Self(code.to_owned()))
    }

    /// Returns the code: `GB`, `US-CA`.
    pub fn code(&self) -> &str {
        &self.0
    }

    /// Returns the country: `US` of `US-CA`.
    pub fn country(&self) -> &str {
        self.0.split('-').next().unwrap_or_default()
    }

    /// Returns whether it covers `residence`. A country without its region may lie in any region of it.
    pub fn covers(&self, residence: &Residence) -> Answer {
        if residence.country.is_empty() {
            return Answer::Unknown;
        }
        if residence.is_in(&self.0) {
            return Answer::Yes;
        }
        let may_be = residence.region.is_empty() && self.country() == residence.country && self.0.contains('-');
        if may_be { Answer::Unknown } else { Answer::No }
    }
}

vocabulary! {
    /// A group of countries in which one regime holds.
    Group, "group of countries":
    Eea = "EEA", "the European Economic Area, as of 23 November 2026";
}

/// The European Economic Area as of 23 November 2026: the members of the Union, Iceland, Liechtenstein and Norway
/// (EEA Agreement Art. 126), and the parts of Finland and France with a code of their own in which the law of the
/// Union holds (TFEU Art. 355(1) and (4)). Svalbard is left out (EEA Agreement, Protocol 40).
const EEA: &str = "AT AX BE BG CY CZ DE DK EE ES FI FR GF GP GR HR HU IE IS IT LI LT LU LV MF MQ MT NL NO PL PT RE RO \
SE SI SK YT";

impl Group {
    /// Returns the countries of the group.
    pub fn countries(self) -> impl Iterator<Item = &'static str> {
        match self {
            Self::Eea => EEA.split(' '),
        }
    }
}

/// Where people live to whom a regime applies.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Pattern {
    /// Anywhere.
    Any,
    /// In a country of the group.
    In(Group),
    /// In the area.
    Area(Area),
}

impl Pattern {
    /// Returns the pattern: `any`, `EEA`, `GB`, `US-CA`.
    pub fn parse(text: &str) -> Option<Self> {
        match text {
            "any" => Some(Self::Any),
            _ => Group::from_word(text).map(Self::In).or_else(|| Area::parse(text).map(Self::Area)),
        }
    }

    /// Returns whether it covers `residence`.
    pub fn covers(&self, residence: &Residence) -> Answer {
        match self {
            Self::Any => Answer::Yes,
            Self::In(_) if residence.country.is_empty() => Answer::Unknown,
            Self::In(group) => group.countries().any(|country| country == residence.country).into(),
            Self::Area(area) => area.covers(residence),
        }
    }
}

impl fmt::Display for Pattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Any => "any",
            Self::In(group) => group.word(),
            Self::Area(area) => area.code(),
        })
    }
}

impl Serialize for Pattern {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

vocabulary! {
    /// What an organisation is in the eyes of a law.
    Role, "role":
    Owner = "owner", "it owns or licenses the data, or decides why and how it is used: the controller";
    Maintainer = "maintainer", "it holds the data for another: a processor, a service provider";
    CoveredEntity = "covered_entity", "it is a covered entity under HIPAA";
    BusinessAssociate = "business_associate", "it works for a covered entity under HIPAA";
    PhrVendor = "phr_vendor", "it offers personal health records, outside HIPAA";
    PhrRelatedEntity = "phr_related_entity", "it offers products through such a vendor's site, outside HIPAA";
    FinancialInstitution = "financial_institution", "it is a financial institution under the FTC's Safeguards Rule";
    Bank = "bank", "it is a bank, thrift or credit union under a federal banking agency";
    DfsCoveredEntity = "dfs_covered_entity", "New York's Department of Financial Services supervises it";
    CreditBureau = "credit_bureau", "it is a consumer reporting agency";
    InformationBroker = "information_broker", "it sells information about people";
    PublicBody = "public_body", "it is a body of the state";
}

vocabulary! {
    /// What must have happened to the data.
    Act, "act":
    Access = "access", "somebody got at the data";
    Acquisition = "acquisition", "somebody got hold of the data, or is reasonably believed to have";
    AccessOrAcquisition = "access_or_acquisition", "somebody got at the data or got hold of it";
    AccessAndAcquisition = "access_and_acquisition", "somebody got at the data and got hold of it";
    AnyBreach = "any_breach", "the data was disclosed, taken, lost, changed or destroyed";
}

vocabulary! {
    /// How likely which harm must be. A person decides on it, never the program.
    HarmKind, "harm test":
    Nothing = "none", "none: the duty does not depend on harm";
    Risk = "risk", "unless a risk for the person is unlikely";
    HighRisk = "high_risk", "where a high risk for the person is likely";
    MisusePossible = "misuse_possible", "unless misuse is not reasonably possible";
    MisuseLikely = "misuse_likely", "where misuse has happened or is reasonably likely";
    IdentityTheftRisk = "identity_theft_risk", "where there is a risk of identity theft or fraud";
    SubstantialRisk = "substantial_risk", "where there is a substantial risk of identity theft or fraud";
    HarmLikely = "harm_likely", "unless harm is unlikely";
    SeriousHarm = "serious_harm", "where serious harm is likely";
    LossOrInjury = "loss_or_injury", "where loss or injury came of it or is believed to come";
    Compromise = "compromise", "unless an assessment shows a low probability that the data was compromised";
    RightsAffected = "rights_affected", "where interests or rights of the person are significantly affected";
}

/// A test of harm. As long as no person has decided on it, the duty holds.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Harm {
    /// Which one.
    pub kind: HarmKind,
    /// What else a person must know who decides on it: who is to be asked, what is to be written down.
    pub says: Option<String>,
}

/// To whom a regime applies.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Applies {
    /// Where the person lives: any of these.
    pub residence: Vec<Pattern>,
    /// And in none of these.
    pub residence_except: Vec<Pattern>,
    /// What the organisation is: any of these; of none, anything.
    pub roles: Vec<Role>,
    /// And none of these.
    pub roles_except: Vec<Role>,
    /// What must have happened to the data.
    pub act: Act,
    /// Which data.
    pub data: DataTrigger,
    /// The test of harm for every obligation that has none of its own.
    pub harm: Harm,
    /// Where this stands.
    pub basis: Basis,
}

impl Applies {
    /// Returns whether somebody who lives there is covered.
    pub fn covers(&self, residence: &Residence) -> Answer {
        let any = |patterns: &[Pattern]| Answer::any(patterns.iter().map(|pattern| pattern.covers(residence)));
        any(&self.residence).and(!any(&self.residence_except))
    }

    /// Returns whether an organisation with all of these roles is bound.
    pub fn binds(&self, roles: &[Role]) -> bool {
        (self.roles.is_empty() || self.roles.iter().any(|role| roles.contains(role)))
            && !self.roles_except.iter().any(|role| roles.contains(role))
    }

    /// Returns whether residence, roles and data bring the regime into play. Neither harm nor the act is looked at,
    /// nor any exception: those are a person's to decide.
    pub fn reaches(&self, residence: &Residence, roles: &[Role], exposed: &Exposed) -> Answer {
        self.covers(residence).and(self.binds(roles).into()).and(self.data.is_met(exposed))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lives(country: &str, region: &str) -> Residence {
        Residence { country: country.into(), region: region.into() }
    }

    #[test]
    fn a_residence_without_its_region_may_lie_in_any() {
        let california = Pattern::parse("US-CA").unwrap();
        assert_eq!(california.covers(&lives("US", "CA")), Answer::Yes);
        assert_eq!(california.covers(&lives("US", "MA")), Answer::No);
        assert_eq!(california.covers(&lives("US", "")), Answer::Unknown);
        assert_eq!(california.covers(&lives("", "")), Answer::Unknown);
        assert_eq!(california.covers(&lives("CA", "")), Answer::No);
        assert_eq!(Pattern::parse("US").unwrap().covers(&lives("US", "CA")), Answer::Yes);
        assert_eq!(Pattern::Any.covers(&lives("", "")), Answer::Yes);
    }

    #[test]
    fn the_european_economic_area_is_a_list_of_countries() {
        let area = Pattern::parse("EEA").unwrap();
        assert_eq!(
            Group::Eea.countries().count(),
            30 + 7,
            "27 members, 3 others, 7 parts with a code of their own"
        );
        assert!(EEA.split(' ').is_sorted() && Group::Eea.countries().all(crate::affected::is_country));
        for (country, answer) in
            [("DE", Answer::Yes), ("NO", Answer::Yes), ("RE", Answer::Yes), ("GB", Answer::No), ("CH", Answer::No)]
        {
            assert_eq!(area.covers(&lives(country, "")), answer, "{country}");
        }
        assert_eq!(area.covers(&lives("", "")), Answer::Unknown);
        for wrong in ["UK", "EU", "us-ca", "US-", "US-CALI", "", "ANY"] {
            assert_eq!(Pattern::parse(wrong), None, "{wrong}");
        }
    }
}
