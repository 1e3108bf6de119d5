//! What a row says of residence, language, data and consent: a list has few different ones, and each is read once a stretch.

use super::{
    Context,
    cells::{Refusal, checked, quoted, read_consent, read_country, read_language, read_region},
    columns::Columns,
    remembered::Remembered,
};
use crate::{
    affected::rows::Cells,
    document::nearest,
    duty::{Duties, Way},
    law::ConsentKind,
    notice::Withheld,
    recipient::Residence,
};
use std::collections::BTreeSet;

/// Kinds that are remembered: a stretch has few.
const KINDS: usize = 1 << 7;

/// Where people live, which language they read, which of their data was exposed, and to what they agreed.
#[derive(Clone, Debug, Default)]
pub(super) struct Kind {
    pub(super) residence: Residence,
    pub(super) language: String,
    pub(super) data: Vec<String>,
    pub(super) consent: Vec<ConsentKind>,
    /// Why an e-mail may not notify these people, once somebody asked.
    no_email: Option<Option<(Withheld, String)>>,
    /// What is wrong with these cells.
    pub(super) refusals: Vec<Refusal>,
    /// Which of the groups of rows that are alike has this kind, where there is one yet.
    pub(super) group: Option<usize>,
}

/// The kinds of a stretch.
pub(super) struct Kinds {
    known: Remembered<Kind>,
    /// What a kind is known by where its cells do not stand together: each of them, with a NUL behind it, which none has.
    word: Vec<u8>,
}

impl Kinds {
    pub(super) fn new() -> Self {
        Self { known: Remembered::new(KINDS), word: Vec::new() }
    }

    /// Returns the kind of a row with these cells.
    pub(super) fn of(&mut self, cells: Cells<'_>, columns: &Columns, context: Context<'_>) -> &mut Kind {
        let own = || own_cells(cells, columns);
        // As they are written side by side, they are one word already.
        if let Some(written) = columns.together.and_then(|(first, last)| cells.written(first, last)) {
            return self.known.of(written.as_bytes(), || Kind::read(own(), context));
        }
        self.word.clear();
        for cell in own() {
            self.word.extend_from_slice(cell.as_bytes());
            self.word.push(0);
        }
        self.known.of(&self.word, || Kind::read(own(), context))
    }
}

/// Returns the cells for country, region, language, data and consent.
fn own_cells<'v>(cells: Cells<'v>, columns: &Columns) -> [&'v str; 5] {
    let places = [columns.country, columns.region, columns.language, columns.data, columns.consent];
    places.map(|place| place.and_then(|i| cells.get(i)).unwrap_or_default())
}

impl Kind {
    /// Returns the residence and the data of a row with these cells, as far as they say it: no residence where its
    /// country is not known, and all data where it is not known which.
    pub(super) fn of_anybody(
        cells: Cells<'_>,
        columns: &Columns,
        context: Context<'_>,
    ) -> (Residence, Vec<String>) {
        let own = own_cells(cells, columns);
        let Self { mut residence, data, refusals, .. } = Self::read(own, context);
        if residence.country.is_empty() {
            residence.region.clear();
        }
        let all = || context.categories.iter().flat_map(|all| all.iter()).map(|category| category.id.clone());
        let is_known = !refusals.iter().any(|refusal| refusal.column == Some("data"));
        (residence, if is_known { data } else { all().collect() })
    }

    /// Reads the cells for country, region, language, data and consent.
    fn read([country, region, language, data, consent]: [&str; 5], context: Context<'_>) -> Self {
        let mut refusals = Vec::new();
        let meant = |column, cell: &'_ str| context.settings.meant(column, cell.trim()).to_owned();
        let own = |column| context.settings.values.get(column);
        let country = checked(&mut refusals, read_country(&meant("country", country), own("country")));
        let region = checked(&mut refusals, read_region(&meant("region", region), &country, own("region")));
        let language = checked(&mut refusals, read_language(&meant("language", language), own("language")));
        let data = checked(&mut refusals, read_data(data, context));
        let consent = checked(&mut refusals, read_consents(consent, context));
        if !region.is_empty() && country.is_empty() {
            let message = "a region is given without its country".to_owned();
            refusals.push(Refusal::new("region", "region-without-country", message));
        }
        let residence = Residence { country, region };
        Self { residence, language, data, consent, no_email: None, refusals, group: None }
    }

    /// Returns why an e-mail may not notify these people. It is asked of people alone who would be told: only the laws
    /// that reach them are used.
    pub(super) fn no_email(&mut self, context: Context<'_>) -> Option<&(Withheld, String)> {
        let Self { residence, data, consent, no_email, .. } = self;
        let work_out = || context.duties.and_then(|duties| self::no_email(duties, residence, data, consent));
        no_email.get_or_insert_with(work_out).as_ref()
    }
}

/// Returns why an e-mail may not, or not alone, notify the people of one situation.
pub(super) fn no_email(
    duties: &Duties,
    residence: &Residence,
    data: &[String],
    consent: &[ConsentKind],
) -> Option<(Withheld, String)> {
    let duty = duties.due(residence, data, consent);
    let reason = match duty.way {
        Way::Email | Way::Leg { .. } => return None,
        Way::Letter => Withheld::NeedsLetter,
        Way::Blocked => Withheld::Blocked,
    };
    Some((reason, duty.why_not_email()))
}

fn read_consents(cell: &str, context: Context<'_>) -> Result<Vec<ConsentKind>, Refusal> {
    let words = cell.split(';').map(|word| context.settings.meant("consent", word.trim()));
    let read = words.filter(|word| !word.is_empty()).map(read_consent);
    let consent: BTreeSet<ConsentKind> = read.collect::<Result<_, _>>()?;
    Ok(consent.into_iter().filter(|kind| *kind != ConsentKind::None).collect())
}

fn read_data(cell: &str, context: Context<'_>) -> Result<Vec<String>, Refusal> {
    let ids = cell.split(';').map(|id| context.settings.meant("data", id.trim()));
    let ids: BTreeSet<&str> = ids.filter(|id| !id.is_empty()).collect();
    let Some(categories) = context.categories else {
        return Ok(ids.into_iter().map(str::to_owned).collect());
    };
    let known = || categories.iter().map(|category| category.id.as_str());
    if ids.is_empty() {
        return Ok(known().map(str::to_owned).collect());
    }
    if let Some(unknown) = ids.iter().find(|id| !known().any(|known| known == **id)) {
        let message = format!("{} is not a category of this incident", quoted(unknown));
        let hint = match nearest(unknown, known()) {
            Some(near) => format!("is `{near}` meant?"),
            None => "incident.toml lists the categories under [data]".to_owned(),
        };
        return Err(Refusal::new("data", "data-unknown", message).hint(hint));
    }
    Ok(known().filter(|id| ids.contains(id)).map(str::to_owned).collect())
}
