//! Who decides what the notice of a variant is made of: an argument of the words, and here the one that is used
//! where no law has a say.

use crate::shipped;
use forthwith_core::{
    arrangement::{Arranged, Arrangement, Headings},
    incident::Incident,
    variant::Variant,
};

/// Decides what the notice of a variant is made of.
pub trait Arrange: Send + Sync {
    /// Returns what the notices may be made of: words that are not among it are not compiled.
    fn possible(&self) -> Possible;

    /// Returns what the notice of `variant` is made of.
    fn arrangement(&self, variant: &Variant) -> Arrangement;
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
