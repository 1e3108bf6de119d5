//! Where a day ends for the law of a place: the zone of its seat of government.
//!
//! A place with several zones has one here; in its eastern ones the day ends an hour or more before. Nobody should
//! count on the last hour.

use crate::{law::Area, zone};
use jiff::tz::TimeZone;

/// The zone of each place, by the code of the place: countries and the states of the US (ISO 3166), IANA names as of
/// the zone database that is built in.
const ZONES: [(&str, &str); 68] = [
    ("AU", "Australia/Sydney"),
    ("BR", "America/Sao_Paulo"),
    ("CA", "America/Toronto"),
    ("CA-QC", "America/Toronto"),
    ("CH", "Europe/Zurich"),
    ("GB", "Europe/London"),
    ("IN", "Asia/Kolkata"),
    ("JP", "Asia/Tokyo"),
    ("KR", "Asia/Seoul"),
    ("MX", "America/Mexico_City"),
    ("NZ", "Pacific/Auckland"),
    ("PR", "America/Puerto_Rico"),
    ("SG", "Asia/Singapore"),
    ("TR", "Europe/Istanbul"),
    ("US", "America/New_York"),
    ("US-AK", "America/Juneau"),
    ("US-AL", "America/Chicago"),
    ("US-AR", "America/Chicago"),
    ("US-AZ", "America/Phoenix"),
    ("US-CA", "America/Los_Angeles"),
    ("US-CO", "America/Denver"),
    ("US-CT", "America/New_York"),
    ("US-DC", "America/New_York"),
    ("US-DE", "America/New_York"),
    ("US-FL", "America/New_York"),
    ("US-GA", "America/New_York"),
    ("US-HI", "Pacific/Honolulu"),
    ("US-IA", "America/Chicago"),
    ("US-ID", "America/Boise"),
    ("US-IL", "America/Chicago"),
    ("US-IN", "America/Indiana/Indianapolis"),
    ("US-KS", "America/Chicago"),
    ("US-KY", "America/New_York"),
    ("US-LA", "America/Chicago"),
    ("US-MA", "America/New_York"),
    ("US-MD", "America/New_York"),
    ("US-ME", "America/New_York"),
    ("US-MI", "America/Detroit"),
    ("US-MN", "America/Chicago"),
    ("US-MO", "America/Chicago"),
    ("US-MS", "America/Chicago"),
    ("US-MT", "America/Denver"),
    ("US-NC", "America/New_York"),
    ("US-ND", "America/Chicago"),
    ("US-NE", "America/Chicago"),
    ("US-NH", "America/New_York"),
    ("US-NJ", "America/New_York"),
    ("US-NM", "America/Denver"),
    ("US-NV", "America/Los_Angeles"),
    ("US-NY", "America/New_York"),
    ("US-OH", "America/New_York"),
    ("US-OK", "America/Chicago"),
    ("US-OR", "America/Los_Angeles"),
    ("US-PA", "America/New_York"),
    ("US-PR", "America/Puerto_Rico"),
    ("US-RI", "America/New_York"),
    ("US-SC", "America/New_York"),
    ("US-SD", "America/Chicago"),
    ("US-TN", "America/Chicago"),
    ("US-TX", "America/Chicago"),
    ("US-UT", "America/Denver"),
    ("US-VA", "America/New_York"),
    ("US-VT", "America/New_York"),
    ("US-WA", "America/Los_Angeles"),
    ("US-WI", "America/Chicago"),
    ("US-WV", "America/New_York"),
    ("US-WY", "America/Denver"),
    ("ZA", "Africa/Johannesburg"),
];

/// Returns the zone in which days end for the law of a place, where it is known.
pub(super) fn zone_of(place: &Area) -> Option<TimeZone> {
    let (_, name) = ZONES.iter().find(|(code, _)| *code == place.code())?;
    zone::named(name).ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::law::shipped;

    #[test]
    fn every_zone_exists_and_every_place_stands_once() {
        assert!(ZONES.is_sorted_by(|a, b| a.0 < b.0));
        for (code, name) in ZONES {
            assert!(Area::parse(code).and_then(|place| zone_of(&place)).is_some(), "{code} {name}");
        }
    }

    #[test]
    fn every_place_of_a_shipped_regime_has_a_zone() {
        for regime in shipped() {
            let Some(place) = &regime.place else { continue };
            assert!(zone_of(place).is_some(), "{}: no zone is known for {}", regime.id, place.code());
        }
    }
}
