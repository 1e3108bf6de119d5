//! Whether an e-mail alone is enough to tell a person, and what becomes of them where it is not.
//!
//! It is asked only where a law asks for the notice: a voluntary one goes by e-mail. A mailbox whose own login was
//! taken gets none, whatever anybody decides.

use super::{
    Duties, Duty, MAILBOX,
    judge::{Check, Test},
};
use crate::{
    incident::{NotEnough, Question},
    law::{Alternative, Answer, Channel, Circumstances, ConsentKind, Exposed, Ground, Regime, Word},
};
use std::collections::BTreeSet;

/// What a law says of an e-mail to a person.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mail {
    /// The law.
    pub regime: &'static Regime,
    /// Whether an e-mail alone is enough.
    pub enough: Answer,
    /// The way by which it is, where one is open.
    pub by: Option<&'static Alternative>,
    /// With one of these it must go together.
    pub with: Vec<Channel>,
    /// Law and section.
    pub cite: &'static str,
    /// The fact that decided.
    pub why: String,
}

/// Which way a person is told.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Way {
    /// By e-mail.
    Email,
    /// By e-mail, which is one of several ways that are all needed.
    Leg {
        /// The others, as laws name them.
        others: Vec<Channel>,
    },
    /// By letter: the row is withheld.
    Letter,
    /// Not by e-mail: the login of the mailbox was taken.
    Blocked,
}

impl Way {
    /// Returns its name: `email`, `leg`, `letter`, `blocked`.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Email => "email",
            Self::Leg { .. } => "leg",
            Self::Letter => "letter",
            Self::Blocked => "blocked",
        }
    }
}

impl Duties {
    /// Returns what a law says of an e-mail to a person; `None` where it says nothing of ways.
    pub(super) fn mail(
        &self,
        regime: &'static Regime,
        given: &Circumstances<'_>,
        consent: &[ConsentKind],
    ) -> Option<Mail> {
        let email = &regime.manner.as_ref()?.email;
        let open: Vec<_> =
            email.allow_if.iter().map(|way| (way, self.is_open(way, regime, given, consent))).collect();
        let yes = || open.iter().filter(|(_, answer)| *answer == Answer::Yes).map(|(way, _)| *way);
        let alone = || yes().filter(|way| way.must_accompany.is_empty());
        let plain = alone().find(|way| way.require.is_empty() && way.forbid.is_empty());
        let by = plain.or_else(|| alone().next()).or_else(|| yes().next());
        let with = by.map_or_else(Vec::new, |way| way.must_accompany.clone());
        let may_be = open.iter().find(|(_, answer)| *answer == Answer::Unknown).map(|(way, _)| *way);
        let enough = match (by, may_be) {
            (Some(_), _) => Answer::from(with.is_empty()),
            (None, Some(_)) => Answer::Unknown,
            (None, None) => Answer::No,
        };
        let why = match (by, may_be) {
            (Some(way), _) => grounds(way),
            (None, Some(way)) => format!("nobody has said whether it is so: {}", grounds(way)),
            (None, None) => format!("tier {}: {}", email.tier, email.tier.says()),
        };
        Some(Mail { regime, enough, by, with, cite: &email.basis.cite, why })
    }

    fn is_open(
        &self,
        way: &Alternative,
        regime: &Regime,
        given: &Circumstances<'_>,
        consent: &[ConsentKind],
    ) -> Answer {
        let law = &self.incident.law;
        let ground = |ground: &Ground| match ground {
            Ground::Address => Answer::Yes,
            Ground::Relationship => law.relationship,
            Ground::PrimaryChannel => law.primary_channel,
            Ground::OnlineBusiness => law.online_business,
            Ground::Consent(asked) => consent.iter().any(|given| given.serves(*asked)).into(),
        };
        Answer::all(way.grounds.iter().map(ground)).and(self.holds(&way.when, regime, given).0)
    }

    /// Returns which way a person is told, and adds what laws ask of it to the checks.
    pub(super) fn way(&self, exposed: &Exposed, duty: &Duty) -> Way {
        if exposed.certain.contains(&MAILBOX) {
            return Way::Blocked;
        }
        let short: Vec<&Mail> = duty.mail.iter().filter(|mail| mail.enough != Answer::Yes).collect();
        if short.is_empty() {
            return Way::Email;
        }
        let others: Option<Vec<BTreeSet<Channel>>> = short.iter().map(|mail| other_legs(mail)).collect();
        match (&self.incident.law.not_enough, others) {
            (NotEnough::Leg(_), Some(others)) => {
                let others: BTreeSet<Channel> = others.into_iter().flatten().collect();
                Way::Leg { others: others.into_iter().collect() }
            }
            _ => Way::Letter,
        }
    }

    /// Adds what laws ask of the way to the checks.
    pub(super) fn check_mail(&self, duty: &mut Duty) {
        for mail in &duty.mail {
            let Some(manner) = &mail.regime.manner else { continue };
            let asks = "lets an e-mail alone be enough".to_owned();
            let check = Check::new(mail.regime, "email", &manner.email.basis, asks);
            duty.checks.push(match (&self.incident.law.not_enough, mail.enough) {
                (_, Answer::Yes) => check.settled(Test::Met, &mail.why),
                (NotEnough::Leg(decision), _) if matches!(duty.way, Way::Leg { .. }) => {
                    let fact = format!("{}; the e-mail goes out as one of several ways", mail.why);
                    check.open(Question::Leg, Some(decision), &fact)
                }
                _ => check.settled(Test::NotMet, &mail.why),
            });
        }
    }
}

/// Returns the ways that must be gone besides the e-mail; `None` where a law does not know e-mail as one of several.
fn other_legs(mail: &Mail) -> Option<BTreeSet<Channel>> {
    if !mail.with.is_empty() {
        return Some(mail.with.iter().copied().collect());
    }
    let substitutes = mail.regime.manner.iter().flat_map(|manner| &manner.substitute);
    let mut with_email =
        substitutes.filter(|substitute| substitute.legs.iter().any(|leg| leg.channel == Channel::Email));
    let legs = with_email.next()?.legs.iter().map(|leg| leg.channel);
    Some(legs.filter(|channel| *channel != Channel::Email).collect())
}

/// Returns in words what must be so that an e-mail is enough.
fn grounds(way: &Alternative) -> String {
    let says = |ground: &Ground| match ground {
        Ground::Address => "there is an address of the person".to_owned(),
        Ground::Relationship => "there is a relationship with the person (relationship)".to_owned(),
        Ground::PrimaryChannel => "e-mail is the primary way between them (primary_channel)".to_owned(),
        Ground::OnlineBusiness => "business is done mainly over the Internet (online_business)".to_owned(),
        Ground::Consent(kind) => format!("the person agreed {} (`{kind}`)", kind.says()),
    };
    way.grounds.iter().map(says).collect::<Vec<_>>().join(", and ")
}

impl Duty {
    /// Returns why these people get no e-mail; empty where they do.
    pub fn why_not_email(&self) -> String {
        match self.way {
            Way::Email | Way::Leg { .. } => String::new(),
            Way::Blocked => "the login of this mailbox was taken: whoever has it would read the notice".to_owned(),
            Way::Letter => {
                let short = self.mail.iter().filter(|mail| mail.enough != Answer::Yes);
                let says = |mail: &Mail| {
                    format!("{}: an e-mail alone is not enough, {} ({})", mail.regime.id, mail.why, mail.cite)
                };
                short.map(says).collect::<Vec<_>>().join("; ")
            }
        }
    }
}
