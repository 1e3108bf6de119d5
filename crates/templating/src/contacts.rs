//! Those whom people can turn to, as lines of a notice: the same in every language.

use forthwith_core::{
    incident::{Authority, Contacts},
    recipient::Residence,
};

/// Returns address, telephone number and website.
pub(crate) fn without_name(authority: &Authority) -> String {
    format!("{}, {}, {}", authority.address, authority.phone, authority.website)
}

/// Returns the name and all of that.
pub(crate) fn with_name(authority: &Authority) -> String {
    format!("{}, {}", authority.name, without_name(authority))
}

/// Returns the agencies that help somebody who lives there: those of the state, and the Federal Trade Commission.
/// None where the state is unknown.
pub(crate) fn agencies(contacts: &Contacts, residence: &Residence) -> Vec<String> {
    let Some(attorney_general) = contacts.attorney_general(residence) else { return Vec::new() };
    let own = std::iter::once(attorney_general).chain(contacts.agencies(residence));
    own.chain(&contacts.ftc).map(with_name).collect()
}
