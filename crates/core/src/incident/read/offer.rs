//! Reads `[offer]`.

use super::website;
use crate::{
    document::{Field, Table},
    incident::{Offer, OfferCode, OfferKind},
};

/// Months of an offer: one month protects nobody, and fifty years are a slip of the hand.
const MONTHS: std::ops::RangeInclusive<u64> = 2..=600;

/// Reads what people are offered.
pub(super) fn offer(table: &Table<'_>) -> Option<Offer> {
    let kinds = [
        ("credit_monitoring", OfferKind::CreditMonitoring),
        ("identity_protection", OfferKind::IdentityProtection),
    ];
    let kind = table.need("kind", "credit_monitoring or identity_protection").and_then(|f| f.one_of(&kinds));
    let provider = table.need("provider", "who gives the service").and_then(|f| f.line());
    let months = table.need("months", "for how many months").and_then(|field| {
        let months = field.number()?;
        if !MONTHS.contains(&months) {
            field.refuse("unknown-value", format!("from {} to {} months", MONTHS.start(), MONTHS.end()));
            return None;
        }
        u32::try_from(months).ok()
    });
    let until = table.optional("until", Field::date);
    let at = table.optional("website", website);
    let phone = table.optional("phone", Field::line);
    let code = code(table);
    let (website, phone) = (at?, phone?);
    if website.is_none() && phone.is_none() {
        table.refuse("missing-key", "nothing says where the offer is taken up: `website`, `phone`, or both");
        return None;
    }
    Some(Offer { kind: kind?, provider: provider?, months: months?, until: until?, website, phone, code: code? })
}

fn code(table: &Table<'_>) -> Option<Option<OfferCode>> {
    let shared = table.optional("code", Field::line)?;
    let column = table.get("code_column");
    match (shared, column) {
        (None, None) => Some(None),
        (Some(code), None) => Some(Some(OfferCode::Shared(code))),
        (None, Some(column)) => Some(Some(OfferCode::Column(column.line()?))),
        (Some(_), Some(column)) => {
            column.refuse("twice", "`code` is one for everybody, `code_column` one for each: name one of the two");
            None
        }
    }
}
