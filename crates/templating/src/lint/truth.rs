//! Whether a wording says of its data what is to be said, no more and no less, in its own language.

use super::Seen;
use crate::{context, source::INCIDENT};
use forthwith_core::{
    fact::Fact,
    finding::{Finding, Place},
    incident::Measure,
};
use std::collections::BTreeMap;

type Words = BTreeMap<String, String>;

impl Seen<'_> {
    /// Looks at the data concerned: each category has its words, and what follows from it has its sentence.
    pub(super) fn check_data(&self) -> Vec<Finding> {
        let place = || Place::file(INCIDENT);
        if self.variant.data.is_empty() {
            let message = "nothing says which data of these people was exposed";
            let hint = "name the categories in incident.toml, or each person's in the list's `data` column";
            return vec![Finding::refused("data-missing", place(), message).hint(hint)];
        }
        let unknown = self.variant.data.iter().find(|id| self.incident.category(id).is_none());
        if let Some(id) = unknown {
            let message = format!("the data category `{id}` is not one of the incident's");
            return vec![Finding::refused("data-unknown", place(), message)];
        }
        if !self.arrangement.elements.iter().any(|arranged| arranged.element == "likely_consequences") {
            return Vec::new();
        }
        let language = &self.variant.language;
        let silent = self.variant.data.iter().filter(|id| self.phrases.get(&format!("consequence_{id}")).is_none());
        let finding = |id: &String| {
            let message = format!("nothing says in `{language}` what may follow from the category `{id}`");
            let hint = format!("say it in one sentence: [data.consequences.{id}] {language} = \"…\"");
            Finding::warning("consequence-missing", place(), message).hint(hint)
        };
        silent.map(finding).collect()
    }

    /// Looks for facts that have words in other languages, and none in this one.
    pub(super) fn check_untranslated(&self) -> Vec<Finding> {
        let language = &self.variant.language;
        let lacks = |(_, words): &(&str, &Words)| !words.is_empty() && !words.contains_key(language);
        let finding = |(name, _): (&str, &Words)| {
            let message = format!("`{name}` has no words in `{language}`: notices in it are silent on it");
            let hint = format!("add `{language} = \"…\"` to it");
            Finding::warning("fact-untranslated", Place::file(INCIDENT), message).hint(hint)
        };
        let mut findings: Vec<Finding> = self.told_in_words().into_iter().filter(lacks).map(finding).collect();
        let advice = &self.incident.notice.advice;
        if !advice.is_empty() && !advice.contains_key(language) {
            let message = format!("`advice` has no steps in `{language}`: notices in it leave them out");
            findings.push(Finding::warning("fact-untranslated", Place::file(INCIDENT), message));
        }
        findings
    }

    /// Returns every fact whose words are the incident's own, by the name of its key.
    fn told_in_words(&self) -> Vec<(&'static str, &Words)> {
        let (facts, measures) = (&self.incident.facts, &self.incident.measures);
        let entity = context::entity(self.incident, self.variant);
        let mut told = vec![
            ("contact.hours", &entity.contact.hours),
            ("facts.delay_reason", &facts.delay_reason),
            ("facts.remedy", &facts.remedy),
            ("facts.other_matters", &facts.other_matters),
        ];
        told.extend(facts.holder.known().map(|words| ("facts.holder", words)));
        told.extend(facts.place.as_ref().and_then(Fact::known).map(|words| ("facts.place", words)));
        told.extend(own(&measures.mitigation).map(|words| ("measures.mitigation", words)));
        told.extend(own(&measures.prevention).map(|words| ("measures.prevention", words)));
        told.extend(own(&measures.protection).map(|words| ("measures.protection", words)));
        told
    }
}

fn own<W>(measures: &[Measure<W>]) -> impl Iterator<Item = &Words> {
    measures.iter().filter_map(|measure| match measure {
        Measure::Own(words) => Some(words),
        Measure::Known(_) => None,
    })
}
