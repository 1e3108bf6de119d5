//! What named people have decided about a law, as far as its dates depend on it: whom it reaches, which data it means,
//! whether its test of harm is met, and which exception holds.
//!
//! It is the same that decides whether a notice is owed to a person; here it decides about authorities too. What
//! nobody decided lifts nothing.

use super::Situation;
use crate::{
    duty::trigger,
    incident::{Decision, LawSettings, Question},
    law::{Addressee, Answer, Applies, HarmKind, Lifts, Obligation, Regime},
};
use std::borrow::Cow;

/// Returns to whom a regime applies, with the answers to what it asks of the data.
pub(super) fn applies<'r>(regime: &'r Regime, law: &LawSettings) -> Cow<'r, Applies> {
    let data = trigger(regime, law);
    if data == regime.applies.data {
        return Cow::Borrowed(&regime.applies);
    }
    Cow::Owned(Applies { data, ..regime.applies.clone() })
}

/// Returns what was decided on whether a regime reaches the people whom it may reach.
pub(super) fn reach<'a>(regime: &Regime, law: &'a LawSettings) -> Option<&'a Decision> {
    law.decided(&Question::Reach, &regime.id)
}

/// Returns whether a regime is in play, where that was open until a person said that it is.
pub(super) fn in_play(regime: &Regime, law: &LawSettings, in_play: Answer) -> Answer {
    match reach(regime, law) {
        Some(decision) if decision.answer && in_play == Answer::Unknown => Answer::Yes,
        _ => in_play,
    }
}

/// Returns what was decided on the test of harm of an obligation. One that has a test of its own, other than that for
/// people, stays open.
pub(super) fn harm<'a>(regime: &Regime, obligation: &Obligation, law: &'a LawSettings) -> Option<&'a Decision> {
    let for_people = regime.individual().map(|individual| regime.harm_for(individual).kind);
    let is_theirs = for_people.is_none_or(|kind| kind == regime.harm_for(obligation).kind);
    law.decided(&Question::Harm, &regime.id).filter(|_| is_theirs)
}

/// Returns the decision that lifts an obligation, where one does.
pub(super) fn lifted<'a>(
    regime: &Regime,
    obligation: &Obligation,
    situation: &Situation<'a>,
) -> Option<&'a Decision> {
    let law = situation.law;
    let is_tested = regime.harm_for(obligation).kind != HarmKind::Nothing;
    let no_harm = || harm(regime, obligation, law).filter(|decision| is_tested && !decision.answer);
    let by_exception = || {
        let open = regime.exceptions.iter().filter(|exception| exception.is_open_to(situation.roles));
        let lifting = open.filter(|exception| match exception.lifts {
            _ if exception.keeps.contains(&obligation.id) => false,
            Lifts::Everything => true,
            Lifts::IndividualNotice => obligation.to == Addressee::Individual,
            Lifts::Content => false,
        });
        let mut decided =
            lifting.filter_map(|exception| law.decided(&Question::Exception(exception.kind), &regime.id));
        decided.find(|decision| decision.answer)
    };
    reach(regime, law).filter(|decision| !decision.answer).or_else(no_harm).or_else(by_exception)
}
