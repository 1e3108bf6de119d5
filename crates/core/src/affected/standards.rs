//! What the values of the list's standard columns may be.

use std::cmp::Ordering;

/// ISO 3166-1 alpha-2, the officially assigned codes.
const COUNTRIES: &str = "AD AE AF AG AI AL AM AO AQ AR AS AT AU AW AX AZ BA BB BD BE BF BG BH BI BJ BL BM BN BO BQ BR \
BS BT BV BW BY BZ CA CC CD CF CG CH CI CK CL CM CN CO CR CU CV CW CX CY CZ DE DJ DK DM DO DZ EC EE EG EH ER ES ET FI \
FJ FK FM FO FR GA GB GD GE GF GG GH GI GL GM GN GP GQ GR GS GT GU GW GY HK HM HN HR HT HU ID IE IL IM IN IO IQ IR IS \
IT JE JM JO JP KE KG KH KI KM KN KP KR KW KY KZ LA LB LC LI LK LR LS LT LU LV LY MA MC MD ME MF MG MH MK ML MM MN MO \
MP MQ MR MS MT MU MV MW MX MY MZ NA NC NE NF NG NI NL NO NP NR NU NZ OM PA PE PF PG PH PK PL PM PN PR PS PT PW PY QA \
RE RO RS RU RW SA SB SC SD SE SG SH SI SJ SK SL SM SN SO SR SS ST SV SX SY SZ TC TD TF TG TH TJ TK TL TM TN TO TR TT \
TV TW TZ UA UG UM US UY UZ VA VC VE VG VI VN VU WF WS YE YT ZA ZM ZW";

/// Returns whether `code` is a country: ISO 3166-1 alpha-2, upper case.
pub fn is_country(code: &str) -> bool {
    // Two letters and a space each, in order: every row of a list comes here twice.
    let known = |at: usize| &COUNTRIES.as_bytes()[3 * at..3 * at + 2];
    let (mut from, mut to) = (0, COUNTRIES.len().div_ceil(3));
    while from < to {
        let middle = usize::midpoint(from, to);
        match known(middle).cmp(code.as_bytes()) {
            Ordering::Less => from = middle + 1,
            Ordering::Equal => return true,
            Ordering::Greater => to = middle,
        }
    }
    false
}

/// Returns whether `code` has the form of an ISO 3166-2 subdivision without its country: 1 to 3 characters
/// of A-Z 0-9.
pub fn is_region(code: &str) -> bool {
    (1..=3).contains(&code.len()) && code.bytes().all(|b| b.is_ascii_uppercase() || b.is_ascii_digit())
}

/// ISO 3166-2:US: the states, the district, and outlying areas.
const REGIONS_OF_US: &str = "AK AL AR AS AZ CA CO CT DC DE FL GA GU HI IA ID IL IN KS KY LA MA MD ME MI MN MO MP MS MT \
NC ND NE NH NJ NM NV NY OH OK OR PA PR RI SC SD TN TX UM UT VA VI VT WA WI WV WY";
/// ISO 3166-2:CA: the provinces and territories.
const REGIONS_OF_CA: &str = "AB BC MB NB NL NS NT NU ON PE QC SK YT";

/// Returns whether `code` may be a subdivision of `country`: of the two countries whose regions have laws of their own
/// here, one of ISO 3166-2's codes; of any other, by its form.
pub fn is_region_of(country: &str, code: &str) -> bool {
    match country {
        "US" => REGIONS_OF_US.split(' ').any(|known| known == code),
        "CA" => REGIONS_OF_CA.split(' ').any(|known| known == code),
        _ => is_region(code),
    }
}

/// Returns whether `tag` has the form of a language tag (BCP 47, RFC 5646 section 2.1): a language of two or
/// three letters, then subtags.
pub fn is_language(tag: &str) -> bool {
    let mut subtags = tag.split('-');
    let first = subtags.next().unwrap_or_default();
    matches!(first.len(), 2 | 3)
        && first.bytes().all(|b| b.is_ascii_alphabetic())
        && subtags.all(|s| (1..=8).contains(&s.len()) && s.bytes().all(|b| b.is_ascii_alphanumeric()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn countries_regions_and_languages() {
        assert_eq!(COUNTRIES.split(' ').count(), 249);
        assert!(COUNTRIES.split(' ').is_sorted() && COUNTRIES.split(' ').all(is_country));
        assert!(
            is_country("GB") && !is_country("UK") && !is_country("gb") && !is_country("GBR") && !is_country("")
        );
        assert!(is_region("CA") && is_region("75") && !is_region("ca") && !is_region("") && !is_region("CALI"));
        assert_eq!((REGIONS_OF_US.split(' ').count(), REGIONS_OF_CA.split(' ').count()), (57, 13));
        for (country, all) in [("US", REGIONS_OF_US), ("CA", REGIONS_OF_CA)] {
            assert!(all.split(' ').is_sorted() && all.split(' ').all(is_region));
            assert!(all.split(' ').all(|code| is_region_of(country, code)));
        }
        for (country, code) in [("US", "CF"), ("US", "ON"), ("CA", "CA"), ("US", ""), ("DE", "by")] {
            assert!(!is_region_of(country, code), "{country}-{code}");
        }
        assert!(is_region_of("DE", "BY") && is_region_of("FR", "75"));
        for good in ["en", "pt-BR", "zh-Hant-TW", "ast"] {
            assert!(is_language(good), "{good}");
        }
        for bad in ["", "english", "e", "en_GB", "en-", "en-toolongsubtag"] {
            assert!(!is_language(bad), "{bad}");
        }
    }
}
