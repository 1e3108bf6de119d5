//! The shipped words, compiled in: elements in the shipped order, and the phrases that they list.
//!
//! English alone is shipped. An incident folder adds or replaces any of them, in any language.

use crate::layout::Flow;

/// An element whose words are shipped.
#[derive(Clone, Copy, Debug)]
pub struct ShippedElement {
    /// Its id.
    pub id: &'static str,
    /// How it stands to the element before it.
    pub flow: Flow,
    /// Whether a notice without it leaves open what readers and regulators ask first.
    pub weight: Weight,
    /// What it says.
    pub says: &'static str,
    words: &'static str,
}

/// What the lack of an element's words means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Weight {
    /// A notice without it, or in which it is silent, gets a warning.
    Expected,
    /// It may be left out, and is silent where its fact is not told.
    Optional,
}

macro_rules! elements {
    ($($id:literal $flow:ident $weight:ident $says:literal;)*) => {
        /// Every element whose words are shipped, in the shipped order.
        pub const ELEMENTS: &[ShippedElement] = &[$(ShippedElement {
            id: $id,
            flow: Flow::$flow,
            weight: Weight::$weight,
            says: $says,
            words: include_str!(concat!("../../../templates/elements/", $id, ".en.md")),
        }),*];
    };
}

elements! {
    "notice_title" Own Expected "the subject, as the title";
    "greeting" Own Optional "the person's name, where the list has it";
    "what_happened" Own Expected "who did what to which data, and that we are sorry";
    "date_of_breach" RunsOn Expected "when it happened, or that we do not know";
    "date_of_discovery" RunsOn Expected "when we found out, or that we do not know";
    "number_affected" RunsOn Expected "how many people are affected, or that we do not know";
    "specific_elements" Own Expected "exactly which data of this person was exposed";
    "third_party_recipient_identity" RunsOn Optional "who has the data now, as far as known";
    "nothing_else" RunsOn Optional "that nothing else was exposed, where that is recorded";
    "measures_taken" Own Expected "what we did";
    "regulator_notified_statement" RunsOn Optional "that the data protection authority was told";
    "likely_consequences" Own Expected "what may follow from this person's data";
    "recommended_steps" Own Expected "what to do, in numbered steps";
    "authenticity_check" Own Expected "how to see that the notice is genuine, without a link";
    "future_contact_statement" RunsOn Expected "what we will never ask";
    "contact_point" Own Expected "whom to ask";
    "closing" Apart Expected "who writes, with a postal address";
}

macro_rules! phrases {
    ($($name:literal)*) => {
        const PHRASES: &[(&str, &str)] =
            &[$(($name, include_str!(concat!("../../../templates/phrases/", $name, ".en.md")))),*];
    };
}

phrases! {
    "subject"
    "category_email" "category_phone" "category_postal_address" "category_name" "category_date_of_birth"
    "category_password" "category_password_hash" "category_order_history" "category_payment_card"
    "category_bank_account" "category_national_id" "category_health" "category_location" "category_username"
    "category_security_answer" "category_mailbox_password" "category_account_code" "category_ssn"
    "category_driver_licence" "category_passport" "category_government_id" "category_tax_id"
    "category_health_insurance" "category_biometric" "category_genetic" "category_licence_plate"
    "consequence_email" "consequence_phone" "consequence_postal_address" "consequence_name"
    "consequence_date_of_birth" "consequence_password" "consequence_password_hash" "consequence_order_history"
    "consequence_payment_card" "consequence_bank_account" "consequence_national_id" "consequence_health"
    "consequence_location" "consequence_username"
    "consequence_security_answer" "consequence_mailbox_password" "consequence_account_code" "consequence_ssn"
    "consequence_driver_licence" "consequence_passport" "consequence_government_id" "consequence_tax_id"
    "consequence_health_insurance" "consequence_biometric" "consequence_genetic" "consequence_licence_plate"
}

/// The language that is shipped.
const LANGUAGE: &str = "en";

/// Returns the shipped element with this id.
pub(crate) fn element(id: &str) -> Option<&'static ShippedElement> {
    ELEMENTS.iter().find(|element| element.id == id)
}

/// Returns the shipped words of an element in `language`; those in English serve all of its regions.
pub(crate) fn words(id: &str, language: &str) -> Option<&'static str> {
    element(id).filter(|_| is_shipped(language)).map(|element| element.words)
}

/// Returns the heading that the shipped words of an element stand under, in `language`.
pub(crate) fn heading(id: &str, language: &str) -> Option<&'static str> {
    words(id, language)?.lines().find_map(|line| line.strip_prefix("## "))
}

/// Returns the shipped phrase in `language`.
pub(crate) fn phrase(name: &str, language: &str) -> Option<&'static str> {
    let found = PHRASES.iter().find(|(known, _)| *known == name && is_shipped(language));
    found.map(|(_, words)| words.trim_end())
}

fn is_shipped(language: &str) -> bool {
    language.split('-').next().is_some_and(|primary| primary.eq_ignore_ascii_case(LANGUAGE))
}

#[cfg(test)]
mod tests {
    use super::*;
    use forthwith_core::incident::KNOWN_CATEGORIES;

    #[test]
    fn every_known_category_has_its_words_and_what_follows_from_it() {
        for category in KNOWN_CATEGORIES {
            assert!(phrase(&format!("category_{}", category.id), "en").is_some(), "{}", category.id);
            assert!(phrase(&format!("consequence_{}", category.id), "en-GB").is_some(), "{}", category.id);
        }
        assert_eq!(phrase("category_email", "fr"), None);
        assert_eq!(words("greeting", "fr"), None);
    }
}
