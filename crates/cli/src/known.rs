//! What is known of people before their list is read: gathered once, for every reading of it.

use crate::{exit::CommandError, folder::Folder, inputs::Inputs, list, terminal::Out};
use forthwith_core::affected::SamePerson;

/// Gathers what affected.toml asks for.
///
/// # Errors
///
/// The list cannot be read. What refuses it is found again by the reading that follows.
pub fn gather(folder: &Folder, inputs: &mut Inputs, out: Out) -> Result<(), CommandError> {
    let is_united = |inputs: &Inputs| {
        inputs.list.as_ref().is_some_and(|list| list.people.same_person == Some(SamePerson::UnionData))
    };
    if is_united(inputs) {
        let tally = list::read(folder, inputs, out, "putting rows together", |_, _| Ok(()))?;
        inputs.known.unions = Some((tally.unions, tally.digest));
    }
    Ok(())
}
