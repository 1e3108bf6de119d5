//! Whom laws have a notice name besides the organisation: bureaus, agencies, Attorneys General.
//!
//! Shipped as dated data that nobody has confirmed; an incident replaces and adds. Who is named where is the law's
//! matter, and not decided here.

use crate::{
    document::{self, Field, Table},
    recipient::Residence,
};
use std::{collections::BTreeMap, sync::LazyLock};

/// Somebody whom people can turn to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Authority {
    /// The name, without an article.
    pub name: String,
    /// The postal address, on one line.
    pub address: String,
    /// The telephone number.
    pub phone: String,
    /// The website as people type it.
    pub website: String,
}

/// Everybody whom laws have a notice name besides the organisation.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct Contacts {
    /// The credit bureaus, in the order in which notices list them.
    pub credit_bureaus: Vec<Authority>,
    /// Where free credit reports are asked for.
    pub free_report: Option<Authority>,
    /// The Federal Trade Commission.
    pub ftc: Option<Authority>,
    /// The Attorney General of each state, by region code: `MD`.
    pub attorneys_general: BTreeMap<String, Authority>,
    /// Further agencies of a state that help against identity theft, by region code.
    pub state_agencies: BTreeMap<String, Vec<Authority>>,
}

const SHIPPED: &str = include_str!("../../contacts/us.toml");

/// Credit bureaus, or agencies of one state: more than a notice can name.
const LISTED_MAX: usize = 12;

impl Contacts {
    /// Returns the contacts that are shipped.
    pub fn shipped() -> &'static Self {
        static CONTACTS: LazyLock<Contacts> = LazyLock::new(|| {
            let (contacts, findings) = document::read("us.toml", SHIPPED.as_bytes(), |root| {
                root.get("verified").and_then(|field| field.line())?;
                root.get("as_of").and_then(|field| field.number())?;
                read(root)
            });
            contacts.unwrap_or_else(|| panic!("the shipped contacts are refused: {findings:?}"))
        });
        &CONTACTS
    }

    /// Returns these contacts, and those of `shipped` that are not among them.
    #[must_use]
    pub fn or(mut self, shipped: &Self) -> Self {
        if self.credit_bureaus.is_empty() {
            self.credit_bureaus.clone_from(&shipped.credit_bureaus);
        }
        self.free_report = self.free_report.or_else(|| shipped.free_report.clone());
        self.ftc = self.ftc.or_else(|| shipped.ftc.clone());
        for (state, authority) in &shipped.attorneys_general {
            self.attorneys_general.entry(state.clone()).or_insert_with(|| authority.clone());
        }
        for (state, agencies) in &shipped.state_agencies {
            self.state_agencies.entry(state.clone()).or_insert_with(|| agencies.clone());
        }
        self
    }

    /// Returns the Attorney General of the state where somebody lives.
    pub fn attorney_general(&self, residence: &Residence) -> Option<&Authority> {
        self.attorneys_general.get(&residence.region).filter(|_| residence.country == "US")
    }

    /// Returns the further agencies of the state where somebody lives.
    pub fn agencies(&self, residence: &Residence) -> &[Authority] {
        let agencies = self.state_agencies.get(&residence.region).filter(|_| residence.country == "US");
        agencies.map_or(&[], Vec::as_slice)
    }
}

/// Reads `[contacts]`.
pub(super) fn read(table: &Table<'_>) -> Option<Contacts> {
    let bureaus = table.optional("credit_bureaus", list);
    let free_report = table.optional("free_report", authority);
    let ftc = table.optional("ftc", authority);
    let attorneys = table.optional("attorneys_general", |field| by_state(field, authority));
    let agencies = table.optional("state_agencies", |field| by_state(field, list));
    Some(Contacts {
        credit_bureaus: bureaus?.unwrap_or_default(),
        free_report: free_report?,
        ftc: ftc?,
        attorneys_general: attorneys?.unwrap_or_default(),
        state_agencies: agencies?.unwrap_or_default(),
    })
}

/// Reads a table by region code.
fn by_state<'d, T>(field: &Field<'d>, read: impl Fn(&Field<'d>) -> Option<T>) -> Option<BTreeMap<String, T>> {
    let entry = |(state, _, field): (String, _, Field<'d>)| {
        if !crate::affected::is_region(&state) {
            let message = format!("`{state}` is not a region (ISO 3166-2 without the country), such as MD");
            field.refuse("unknown-value", message);
            return None;
        }
        Some((state, read(&field)?))
    };
    let read: Vec<_> = field.table()?.entries().into_iter().map(entry).collect();
    read.into_iter().collect()
}

fn list(field: &Field<'_>) -> Option<Vec<Authority>> {
    let items = field.items()?;
    if items.len() > LISTED_MAX {
        field.refuse("too-many", format!("at most {LISTED_MAX} entries belong here"));
        return None;
    }
    let read: Vec<_> = items.iter().map(authority).collect();
    read.into_iter().collect()
}

fn authority(field: &Field<'_>) -> Option<Authority> {
    field.read_table(|table| {
        let name = table.need("name", "what it is called, without an article").and_then(|f| f.line());
        let address = table.need("address", "the postal address, on one line").and_then(|f| f.line());
        let phone = table.need("phone", "the telephone number").and_then(|f| f.line());
        let website = table.need("website", "the website as people type it").and_then(|f| super::read::website(&f));
        Some(Authority { name: name?, address: address?, phone: phone?, website: website? })
    })
}

/// Reads a whole file of contacts.
#[cfg(test)]
fn file(text: &str) -> (Option<Contacts>, Vec<crate::finding::Finding>) {
    document::read("contacts.toml", text.as_bytes(), read)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn maryland() -> Residence {
        Residence { country: "US".to_owned(), region: "MD".to_owned() }
    }

    #[test]
    fn the_shipped_contacts_cover_every_state_and_say_that_nobody_confirmed_them() {
        assert!(SHIPPED.contains("verified = \"unverified\""));
        let shipped = Contacts::shipped();
        assert_eq!(shipped.credit_bureaus.len(), 3);
        // Fifty states, the District of Columbia, Puerto Rico.
        assert_eq!(shipped.attorneys_general.len(), 52);
        assert!(shipped.ftc.is_some() && shipped.free_report.is_some());
        assert_eq!(shipped.attorney_general(&maryland()).unwrap().name, "Attorney General of Maryland");
        let elsewhere = Residence { country: "CA".to_owned(), region: "ON".to_owned() };
        assert_eq!(shipped.attorney_general(&elsewhere), None);
        assert!(!shipped.agencies(&Residence { region: "NY".to_owned(), ..maryland() }).is_empty());
    }

    #[test]
    fn an_incident_replaces_and_adds() {
        let (own, findings) = file(
            "[attorneys_general]\nMD = { name = \"A\", address = \"B\", phone = \"1\", website = \"a.example\" }\n\
             GU = { name = \"G\", address = \"B\", phone = \"1\", website = \"g.example\" }\n",
        );
        assert_eq!(findings, []);
        let contacts = own.unwrap().or(Contacts::shipped());
        assert_eq!(contacts.attorney_general(&maryland()).unwrap().name, "A");
        assert_eq!(contacts.attorneys_general.len(), 53);
        assert_eq!(contacts.credit_bureaus, Contacts::shipped().credit_bureaus);
    }

    #[test]
    fn what_is_wrong_is_found_at_its_place() {
        for (text, code) in [
            ("[ftc]\nname = \"F\"\naddress = \"B\"\nphone = \"1\"\n", "missing-key"),
            ("[ftc]\nname = \"F\"\naddress = \"B\"\nphone = \"1\"\nwebsite = \"https://f.example\"\n", "website"),
            ("[attorneys_general]\nMaryland = { }\n", "unknown-value"),
            ("[attorney_general]\n", "unknown-key"),
        ] {
            let (contacts, findings) = file(text);
            assert!(contacts.is_none(), "{text}");
            assert!(findings.iter().any(|finding| finding.code == code), "{text}: {findings:?}");
        }
    }
}
