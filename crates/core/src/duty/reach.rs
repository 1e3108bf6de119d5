//! Which laws reach a person, and what a person has decided about it.
//!
//! A law whose data or time is in doubt is kept as long as nobody has decided. One of which the residence leaves
//! open whether it reaches the person is shown and not applied: it may be any of its country, or of the world.

use super::{
    Binding, Duties,
    judge::{Check, Test},
};
use crate::{
    incident::{Decision, LawSettings, Question},
    law::{Answer, Basis, DataTrigger, Exposed, HarmKind, Lifts, Regime, Source, Verified, Word},
    recipient::Residence,
};

/// A law that reaches a person, or may.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reached {
    /// The law.
    pub regime: &'static Regime,
    /// How it stands to the person.
    pub standing: Reaching,
    /// The facts that decided.
    pub why: String,
    /// What a person decided about it, where that settled the standing.
    pub decision: Option<Decision>,
    /// Whether the data brings it into play.
    pub data: Answer,
    /// Whether its rules on what a notice says are lifted.
    pub content_is_lifted: bool,
    /// Whether it is still a person's to say whether it reaches these people at all.
    pub is_open: bool,
}

/// How a law stands to a person.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Reaching {
    /// It asks for the notice, as far as is known.
    Owed,
    /// Nobody can tell: where the person lives is not known exactly enough.
    Open,
    /// It would reach the person, and does not ask for this notice.
    Lifted,
}

/// Returns the data that brings a law into play, with what people have decided.
pub(crate) fn trigger(regime: &Regime, law: &LawSettings) -> DataTrigger {
    let mut trigger = regime.applies.data.clone();
    let decided = trigger.if_decided.as_ref().and_then(|decided| {
        let question = Question::Asked(decided.question.clone());
        law.decided(&question, &regime.id)
    });
    if let Some(decision) = decided
        && let Some(asked) = trigger.if_decided.take()
        && decision.answer
    {
        trigger.any_of.extend(asked.any_of);
    }
    trigger
}

/// Returns whether somebody with a name has checked a rule of a regime against the law.
pub(super) fn is_verified(regime: &Regime, basis: &Basis) -> bool {
    match regime.verified {
        Verified::Unverified => false,
        Verified::Read(_) => basis.source == Source::Read,
        Verified::Counsel(_) => true,
    }
}

impl Duties {
    /// Returns how a law stands to people; `None` where it does not reach them.
    pub(super) fn reach(&self, binding: &Binding, residence: &Residence, exposed: &Exposed) -> Option<Reached> {
        let (regime, law) = (binding.regime, &self.incident.law);
        let covers = regime.applies.covers(residence);
        let data = binding.trigger.is_met(exposed);
        let in_force = self.day.map_or(Answer::Unknown, |day| {
            // Before its first day an older text may have held, after its last a newer one: a person decides.
            if regime.is_in_force(day) { Answer::Yes } else { Answer::Unknown }
        });
        if covers.and(data) == Answer::No {
            return None;
        }
        let answer = covers.and(data).and(in_force);
        let mut reached = Reached {
            regime,
            standing: if covers == Answer::Yes { Reaching::Owed } else { Reaching::Open },
            why: self.why(regime, residence, data, in_force),
            decision: law.decided(&Question::Reach, &regime.id).cloned(),
            data,
            content_is_lifted: false,
            is_open: answer == Answer::Unknown,
        };
        match reached.decision.as_ref().map(|decision| decision.answer) {
            Some(true) => (reached.standing, reached.is_open) = (Reaching::Owed, false),
            Some(false) => reached.standing = Reaching::Lifted,
            None => {}
        }
        if reached.standing == Reaching::Owed {
            self.lift(&mut reached);
        }
        if reached.standing == Reaching::Lifted {
            reached.is_open = false;
        }
        Some(reached)
    }

    fn why(&self, regime: &Regime, residence: &Residence, data: Answer, in_force: Answer) -> String {
        let mut facts = vec![format!("residence {}", residence.code())];
        facts.push(match data {
            Answer::Yes => "data that it names".to_owned(),
            _ => "data that it may name".to_owned(),
        });
        match (self.day, in_force) {
            (Some(day), Answer::Yes) => facts.push(format!("found on {day}")),
            (Some(day), _) => {
                let from = regime.effective.from.map_or("an unknown day".to_owned(), |from| from.to_string());
                facts.push(format!("found on {day}, while this text holds from {from}"));
            }
            (None, _) => facts.push("found on an unknown day".to_owned()),
        }
        facts.join(", ")
    }

    /// Lifts a duty where a person decided that an exception holds or that its test of harm is not met.
    fn lift(&self, reached: &mut Reached) {
        let (regime, law) = (reached.regime, &self.incident.law);
        if regime.individual().is_none() {
            reached.standing = Reaching::Lifted;
            "it asks for no notice to the person".clone_into(&mut reached.why);
            return;
        }
        for exception in regime.exceptions.iter().filter(|exception| exception.is_open_to(&self.incident.roles)) {
            let Some(decision) = law.decided(&Question::Exception(exception.kind), &regime.id) else { continue };
            match exception.lifts {
                _ if !decision.answer => continue,
                Lifts::Content => reached.content_is_lifted = true,
                Lifts::Everything | Lifts::IndividualNotice => reached.standing = Reaching::Lifted,
            }
            reached.why = format!("exception `{}`: {}", exception.kind, exception.says);
            reached.decision = Some(decision.clone());
        }
        let harm = regime.individual().map(|individual| regime.harm_for(individual));
        if harm.is_some_and(|harm| harm.kind != HarmKind::Nothing)
            && let Some(decision) = law.decided(&Question::Harm, &regime.id).filter(|decision| !decision.answer)
        {
            reached.standing = Reaching::Lifted;
            "its test of harm is not met".clone_into(&mut reached.why);
            reached.decision = Some(decision.clone());
        }
    }

    /// Adds what stands before all words: whether the law asks for the notice, whether harm is likely, and time.
    pub(super) fn check_duty(&self, regime: &'static Regime, reached: &Reached, checks: &mut Vec<Check>) {
        let law = &self.incident.law;
        let basis = &regime.applies.basis;
        let duty = Check::new(regime, "applies", basis, "asks for a notice to these people".to_owned());
        checks.push(if reached.is_open {
            duty.open(Question::Reach, None, &reached.why)
        } else {
            Check { decision: reached.decision.clone(), ..duty.settled(Test::Met, &reached.why) }
        });
        let Some(individual) = regime.individual() else { return };
        let harm = regime.harm_for(individual);
        if harm.kind != HarmKind::Nothing {
            let says = harm.says.as_ref().map(|says| format!("; {says}")).unwrap_or_default();
            let asks = format!("asks for it {}{says}", harm.kind.says());
            let decision = law.decided(&Question::Harm, &regime.id);
            checks.push(Check::new(regime, "harm", basis, asks).open(Question::Harm, decision, "harm"));
        }
        if let Some(soft) = &individual.deadline.soft {
            let decision = law.decided(&Question::Delay, &regime.id);
            let check = Check::new(regime, "delay", &individual.basis, format!("asks for it {soft}"));
            checks.push(check.open(Question::Delay, decision, "time"));
        }
    }
}
