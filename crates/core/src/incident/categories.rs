//! The categories of personal data whose words are shipped.

/// A category whose words are shipped in every language, under `category_ID` in `templates/`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct KnownCategory {
    /// Its id.
    pub id: &'static str,
    /// Whether it lets a stranger reach the person: then "nothing to do" would be untrue.
    pub is_contact: bool,
}

/// Every category whose words are shipped.
pub const KNOWN_CATEGORIES: [KnownCategory; 26] = [
    contact("email"),
    contact("phone"),
    contact("postal_address"),
    other("name"),
    other("date_of_birth"),
    other("password"),
    other("password_hash"),
    other("order_history"),
    other("payment_card"),
    other("bank_account"),
    other("national_id"),
    other("health"),
    other("location"),
    other("username"),
    other("security_answer"),
    other("mailbox_password"),
    other("account_code"),
    other("ssn"),
    other("driver_licence"),
    other("passport"),
    other("government_id"),
    other("tax_id"),
    other("health_insurance"),
    other("biometric"),
    other("genetic"),
    other("licence_plate"),
];

const fn contact(id: &'static str) -> KnownCategory {
    KnownCategory { id, is_contact: true }
}

const fn other(id: &'static str) -> KnownCategory {
    KnownCategory { id, is_contact: false }
}

/// Returns the shipped category with this id.
pub fn known_category(id: &str) -> Option<KnownCategory> {
    KNOWN_CATEGORIES.into_iter().find(|category| category.id == id)
}
