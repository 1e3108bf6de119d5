//! Who decides what the notice of a variant is made of: an argument of the words, and here the one that is used
//! where no law has a say.

use crate::shipped;
use forthwith_core::{
    arrangement::{Arranged, Arrangement, Headings, Need},
    duty::Duties,
    incident::Incident,
    law::{self, Regime, Word as _},
    recipient::Recipient,
    variant::Variant,
};
use std::sync::Arc;

/// Decides what the notice of a variant is made of.
pub trait Arrange: Send + Sync {
    /// Returns what the notices may be made of: words that are not among it are not compiled.
    fn possible(&self) -> Possible;

    /// Returns what the notice of `variant` is made of.
    fn arrangement(&self, variant: &Variant) -> Arrangement;

    /// Returns the variant of `recipient`.
    fn variant(&self, incident: &Incident, recipient: &Recipient) -> Variant {
        Variant::of(incident, recipient)
    }
}

/// What notices may be made of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Possible {
    /// Every element that the notice of any variant may have.
    pub elements: Vec<String>,
    /// Every kind of headings that one may have.
    pub headings: Vec<Headings>,
}

/// The elements that the incident chose, or the shipped ones: the same for everybody.
pub(crate) struct Chosen(Arrangement);

impl Chosen {
    pub(crate) fn of(incident: &Incident) -> Self {
        let chosen = &incident.notice.elements;
        if chosen.is_empty() {
            return Self(shipped::arrangement());
        }
        let arranged = |id: &String| Arranged { element: id.clone(), need: shipped::need(id) };
        Self(Arrangement { elements: chosen.iter().map(arranged).collect(), headings: Headings::Own })
    }
}

impl Arrange for Chosen {
    fn possible(&self) -> Possible {
        let elements = self.0.elements.iter().map(|arranged| arranged.element.clone());
        Possible { elements: elements.collect(), headings: vec![self.0.headings.clone()] }
    }

    fn arrangement(&self, _: &Variant) -> Arrangement {
        self.0.clone()
    }
}

/// The incident's own elements as laws change them, for each person.
pub struct ByDuty {
    own: Arrangement,
    duties: Arc<Duties>,
}

impl ByDuty {
    /// Arranges the notices of `incident` as its duties want.
    pub fn new(incident: &Incident, duties: Arc<Duties>) -> Self {
        Self { own: Chosen::of(incident).0, duties }
    }
}

/// Returns the elements of the incident's own notice, in order.
pub fn own_elements(incident: &Incident) -> Vec<String> {
    Chosen::of(incident).0.elements.into_iter().map(|arranged| arranged.element).collect()
}

impl Arrange for ByDuty {
    fn possible(&self) -> Possible {
        let prescribed = self.duties.prescribing().map(prescribed);
        let headings = std::iter::once(Headings::Own).chain(prescribed).collect();
        Possible { elements: self.duties.possible(), headings }
    }

    fn arrangement(&self, variant: &Variant) -> Arrangement {
        let by_law = &variant.by_law;
        let dropped = |element: &str| by_law.dropped.iter().any(|dropped| dropped.word() == element);
        let own = self.own.elements.iter().filter(|arranged| !dropped(&arranged.element));
        let mut elements: Vec<Arranged> = own.cloned().collect();
        for element in &by_law.added {
            // Whether its silence is a fault is the law's to say, which looks at what came out.
            let arranged = Arranged { element: element.to_string(), need: Need::Optional };
            elements.insert(place(&elements, element.word()), arranged);
        }
        let regime = by_law.headings.as_deref().and_then(law::regime);
        Arrangement { elements, headings: regime.map_or(Headings::Own, prescribed) }
    }

    fn variant(&self, _: &Incident, recipient: &Recipient) -> Variant {
        self.duties.variant(recipient)
    }
}

/// Returns where an element stands among others: behind the last that comes before it in the shipped order.
fn place(elements: &[Arranged], id: &str) -> usize {
    let order = |id: &str| shipped::ELEMENTS.iter().position(|element| element.id == id);
    let own = order(id);
    let before = elements.iter().rposition(|other| order(&other.element).is_some_and(|other| Some(other) < own));
    before.map_or(0, |position| position + 1)
}

fn prescribed(regime: &Regime) -> Headings {
    match &regime.format {
        Some(format) => Headings::Prescribed { title: format.title.clone(), headings: format.headings.clone() },
        None => Headings::Own,
    }
}
