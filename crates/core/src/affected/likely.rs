//! What a word probably means that stands where a code belongs: the country `Germany`, the region `US-CA`, the
//! language `english`. It is shown as the line that would say so, and never used.

use super::standards::{is_country, is_language, is_region};
use crate::document::nearest;
use std::{collections::BTreeMap, sync::LazyLock};

/// Countries: the code of ISO 3166-1 alpha-2, that of alpha-3, and what people write instead. English short names, and
/// what the country calls itself where very many lists do too.
const COUNTRIES: &str = "AD AND Andorra;AE ARE United Arab Emirates|UAE;AF AFG Afghanistan;AG ATG Antigua and Barbuda;\
AI AIA Anguilla;AL ALB Albania;AM ARM Armenia;AO AGO Angola;AQ ATA Antarctica;AR ARG Argentina;AS ASM American Samoa;\
AT AUT Austria|Österreich;AU AUS Australia;AW ABW Aruba;AX ALA Åland Islands;AZ AZE Azerbaijan;\
BA BIH Bosnia and Herzegovina|Bosnia;BB BRB Barbados;BD BGD Bangladesh;BE BEL Belgium|België|Belgique;\
BF BFA Burkina Faso;BG BGR Bulgaria;BH BHR Bahrain;BI BDI Burundi;BJ BEN Benin;BL BLM Saint Barthélemy;BM BMU Bermuda;\
BN BRN Brunei|Brunei Darussalam;BO BOL Bolivia;BQ BES Bonaire, Sint Eustatius and Saba|Bonaire;BR BRA Brazil|Brasil;\
BS BHS Bahamas;BT BTN Bhutan;BV BVT Bouvet Island;BW BWA Botswana;BY BLR Belarus;BZ BLZ Belize;CA CAN Canada;\
CC CCK Cocos Islands;CD COD Democratic Republic of the Congo|DR Congo;CF CAF Central African Republic;\
CG COG Congo|Republic of the Congo;CH CHE Switzerland|Schweiz|Suisse|Svizzera;CI CIV Côte d'Ivoire|Ivory Coast;\
CK COK Cook Islands;CL CHL Chile;CM CMR Cameroon;CN CHN China;CO COL Colombia;CR CRI Costa Rica;CU CUB Cuba;\
CV CPV Cabo Verde|Cape Verde;CW CUW Curaçao;CX CXR Christmas Island;CY CYP Cyprus;CZ CZE Czechia|Czech Republic;\
DE DEU Germany|Deutschland;DJ DJI Djibouti;DK DNK Denmark|Danmark;DM DMA Dominica;DO DOM Dominican Republic;\
DZ DZA Algeria;EC ECU Ecuador;EE EST Estonia;EG EGY Egypt;EH ESH Western Sahara;ER ERI Eritrea;ES ESP Spain|España;\
ET ETH Ethiopia;FI FIN Finland|Suomi;FJ FJI Fiji;FK FLK Falkland Islands;FM FSM Micronesia;FO FRO Faroe Islands;\
FR FRA France;GA GAB Gabon;GB GBR United Kingdom|UK|Great Britain|England|Scotland|Wales|Northern Ireland;\
GD GRD Grenada;GE GEO Georgia;GF GUF French Guiana;GG GGY Guernsey;GH GHA Ghana;GI GIB Gibraltar;GL GRL Greenland;\
GM GMB Gambia;GN GIN Guinea;GP GLP Guadeloupe;GQ GNQ Equatorial Guinea;GR GRC Greece|EL;\
GS SGS South Georgia and the South Sandwich Islands;GT GTM Guatemala;GU GUM Guam;GW GNB Guinea-Bissau;GY GUY Guyana;\
HK HKG Hong Kong;HM HMD Heard Island and McDonald Islands;HN HND Honduras;HR HRV Croatia|Hrvatska;HT HTI Haiti;\
HU HUN Hungary|Magyarország;ID IDN Indonesia;IE IRL Ireland|Éire;IL ISR Israel;IM IMN Isle of Man;IN IND India;\
IO IOT British Indian Ocean Territory;IQ IRQ Iraq;IR IRN Iran;IS ISL Iceland;IT ITA Italy|Italia;JE JEY Jersey;\
JM JAM Jamaica;JO JOR Jordan;JP JPN Japan;KE KEN Kenya;KG KGZ Kyrgyzstan;KH KHM Cambodia;KI KIR Kiribati;\
KM COM Comoros;KN KNA Saint Kitts and Nevis;KP PRK North Korea;KR KOR South Korea|Korea|Republic of Korea;\
KW KWT Kuwait;KY CYM Cayman Islands;KZ KAZ Kazakhstan;LA LAO Laos;LB LBN Lebanon;LC LCA Saint Lucia;\
LI LIE Liechtenstein;LK LKA Sri Lanka;LR LBR Liberia;LS LSO Lesotho;LT LTU Lithuania|Lietuva;LU LUX Luxembourg;\
LV LVA Latvia|Latvija;LY LBY Libya;MA MAR Morocco;MC MCO Monaco;MD MDA Moldova;ME MNE Montenegro;MF MAF Saint Martin;\
MG MDG Madagascar;MH MHL Marshall Islands;MK MKD North Macedonia|Macedonia;ML MLI Mali;MM MMR Myanmar|Burma;\
MN MNG Mongolia;MO MAC Macao|Macau;MP MNP Northern Mariana Islands;MQ MTQ Martinique;MR MRT Mauritania;\
MS MSR Montserrat;MT MLT Malta;MU MUS Mauritius;MV MDV Maldives;MW MWI Malawi;MX MEX Mexico|México;MY MYS Malaysia;\
MZ MOZ Mozambique;NA NAM Namibia;NC NCL New Caledonia;NE NER Niger;NF NFK Norfolk Island;NG NGA Nigeria;\
NI NIC Nicaragua;NL NLD Netherlands|The Netherlands|Nederland|Holland;NO NOR Norway|Norge;NP NPL Nepal;NR NRU Nauru;\
NU NIU Niue;NZ NZL New Zealand;OM OMN Oman;PA PAN Panama;PE PER Peru;PF PYF French Polynesia;\
PG PNG Papua New Guinea;PH PHL Philippines;PK PAK Pakistan;PL POL Poland|Polska;PM SPM Saint Pierre and Miquelon;\
PN PCN Pitcairn;PR PRI Puerto Rico;PS PSE Palestine;PT PRT Portugal;PW PLW Palau;PY PRY Paraguay;QA QAT Qatar;\
RE REU Réunion;RO ROU Romania|România;RS SRB Serbia;RU RUS Russia|Russian Federation;RW RWA Rwanda;\
SA SAU Saudi Arabia;SB SLB Solomon Islands;SC SYC Seychelles;SD SDN Sudan;SE SWE Sweden|Sverige;SG SGP Singapore;\
SH SHN Saint Helena;SI SVN Slovenia|Slovenija;SJ SJM Svalbard and Jan Mayen;SK SVK Slovakia|Slovensko;\
SL SLE Sierra Leone;SM SMR San Marino;SN SEN Senegal;SO SOM Somalia;SR SUR Suriname;SS SSD South Sudan;\
ST STP São Tomé and Príncipe;SV SLV El Salvador;SX SXM Sint Maarten;SY SYR Syria;SZ SWZ Eswatini|Swaziland;\
TC TCA Turks and Caicos Islands;TD TCD Chad;TF ATF French Southern Territories;TG TGO Togo;TH THA Thailand;\
TJ TJK Tajikistan;TK TKL Tokelau;TL TLS Timor-Leste|East Timor;TM TKM Turkmenistan;TN TUN Tunisia;TO TON Tonga;\
TR TUR Türkiye|Turkey;TT TTO Trinidad and Tobago;TV TUV Tuvalu;TW TWN Taiwan;TZ TZA Tanzania;UA UKR Ukraine;\
UG UGA Uganda;UM UMI United States Minor Outlying Islands;\
US USA United States|United States of America|U.S.|U.S.A.|America;UY URY Uruguay;UZ UZB Uzbekistan;VA VAT Vatican City|Holy See;\
VC VCT Saint Vincent and the Grenadines;VE VEN Venezuela;VG VGB British Virgin Islands;\
VI VIR U.S. Virgin Islands|Virgin Islands;VN VNM Vietnam|Viet Nam;VU VUT Vanuatu;WF WLF Wallis and Futuna;WS WSM Samoa;\
YE YEM Yemen;YT MYT Mayotte;ZA ZAF South Africa;ZM ZMB Zambia;ZW ZWE Zimbabwe";

/// Regions by their names, where laws on notices differ by region: the states and districts of the United States, and the
/// provinces and territories of Canada.
const REGIONS: &str = "AL Alabama;AK Alaska;AZ Arizona;AR Arkansas;CA California;CO Colorado;CT Connecticut;\
DE Delaware;DC District of Columbia|Washington DC;FL Florida;GA Georgia;HI Hawaii;ID Idaho;IL Illinois;IN Indiana;\
IA Iowa;KS Kansas;KY Kentucky;LA Louisiana;ME Maine;MD Maryland;MA Massachusetts;MI Michigan;MN Minnesota;\
MS Mississippi;MO Missouri;MT Montana;NE Nebraska;NV Nevada;NH New Hampshire;NJ New Jersey;NM New Mexico;NY New York;\
NC North Carolina;ND North Dakota;OH Ohio;OK Oklahoma;OR Oregon;PA Pennsylvania;RI Rhode Island;SC South Carolina;\
SD South Dakota;TN Tennessee;TX Texas;UT Utah;VT Vermont;VA Virginia;WA Washington;WV West Virginia;WI Wisconsin;\
WY Wyoming;AB Alberta;BC British Columbia;MB Manitoba;NB New Brunswick;NL Newfoundland and Labrador|Newfoundland;\
NS Nova Scotia;NT Northwest Territories;NU Nunavut;ON Ontario;PE Prince Edward Island;QC Quebec|Québec;\
SK Saskatchewan;YT Yukon";

/// Languages by their English names, and by what they call themselves.
const LANGUAGES: &str = "ar Arabic|العربية;bg Bulgarian|български;bn Bengali;ca Catalan|català;cs Czech|čeština;\
da Danish|dansk;de German|Deutsch;el Greek|ελληνικά;en English;es Spanish|español|castellano;et Estonian|eesti;\
eu Basque;fa Persian|Farsi;fi Finnish|suomi;fil Filipino|Tagalog;fr French|français;ga Irish|Gaeilge;he Hebrew|עברית;\
hi Hindi|हिन्दी;hr Croatian|hrvatski;hu Hungarian|magyar;id Indonesian;is Icelandic;it Italian|italiano;ja Japanese|日本語;\
ko Korean|한국어;lt Lithuanian|lietuvių;lv Latvian|latviešu;ms Malay;mt Maltese|Malti;nb Norwegian|norsk;\
nl Dutch|Nederlands;pl Polish|polski;pt Portuguese|português;ro Romanian|română;ru Russian|русский;sk Slovak|slovenčina;\
sl Slovenian|slovenščina;sq Albanian;sr Serbian|српски;sv Swedish|svenska;sw Swahili;ta Tamil;th Thai|ไทย;tl Tagalog;\
tr Turkish|Türkçe;uk Ukrainian|українська;ur Urdu;vi Vietnamese|Tiếng Việt;zh Chinese|中文";

/// Returns the country that `word` probably means. `own` is what the list's own words mean already.
pub(super) fn country(word: &str, own: Option<&BTreeMap<String, String>>) -> Option<String> {
    let found = known(word, &OF_COUNTRIES, own)?;
    is_country(&found).then_some(found)
}

/// Returns the region that `word` probably means, without its country.
pub(super) fn region(word: &str, own: Option<&BTreeMap<String, String>>) -> Option<String> {
    // ISO 3166-2 writes the country in front.
    let upper = word.to_uppercase();
    let behind = upper.split_once(['-', '_', ' ']).filter(|(country, _)| is_country(country)).map(|(_, code)| code);
    let found =
        behind.filter(|code| is_region(code)).map(str::to_owned).or_else(|| known(word, &OF_REGIONS, own))?;
    is_region(&found).then_some(found)
}

/// Returns the language that `word` probably means.
pub(super) fn language(word: &str, own: Option<&BTreeMap<String, String>>) -> Option<String> {
    // Programs write `en_GB.UTF-8`.
    let tag = word.split('.').next().unwrap_or_default().replace('_', "-");
    let found = if is_language(&tag) { Some(tag) } else { known(word, &OF_LANGUAGES, own) }?;
    is_language(&found).then_some(found)
}

/// What words mean, in lower case.
type Words = BTreeMap<String, &'static str>;

static OF_COUNTRIES: LazyLock<Words> = LazyLock::new(|| words(COUNTRIES));
static OF_REGIONS: LazyLock<Words> = LazyLock::new(|| words(REGIONS));
static OF_LANGUAGES: LazyLock<Words> = LazyLock::new(|| words(LANGUAGES));

/// Returns the words of a table, each with its code.
fn words(table: &'static str) -> Words {
    let mut codes = BTreeMap::new();
    for entry in table.split(';') {
        let (code, words) = entry.split_once(' ').unwrap_or((entry, ""));
        for name in words.split('|') {
            // Behind a country's first code stands its other one.
            let (other, name) = name.split_once(' ').filter(|(other, _)| is_alpha_3(other)).unwrap_or(("", name));
            codes.extend([other, name].map(|word| (word.to_lowercase(), code)));
        }
    }
    codes.remove("");
    codes
}

/// Returns the code of the word that is this one, or the nearest to it of those that begin alike: a list may have many
/// words, and a slip in the first letter is rare.
fn known(word: &str, words: &Words, own: Option<&BTreeMap<String, String>>) -> Option<String> {
    let word = word.to_lowercase();
    let own = own.into_iter().flatten().map(|(word, code)| (word.as_str(), code.as_str()));
    let candidates = || words.iter().map(|(word, code)| (word.as_str(), *code)).chain(own.clone());
    let code = |wanted: &str| candidates().find(|(word, _)| *word == wanted).map(|(_, code)| code.to_owned());
    let first = word.chars().next()?;
    let near = || nearest(&word, candidates().map(|(word, _)| word).filter(|word| word.starts_with(first)));
    code(&word).or_else(|| code(near()?))
}

fn is_alpha_3(word: &str) -> bool {
    word.len() == 3 && word.bytes().all(|byte| byte.is_ascii_uppercase())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_country_has_its_codes_and_a_name() {
        let entries: Vec<_> = COUNTRIES.split(';').collect();
        assert_eq!(entries.len(), 249);
        assert!(entries.is_sorted());
        for entry in entries {
            let words: Vec<_> = entry.splitn(3, ' ').collect();
            assert!(is_country(words[0]) && is_alpha_3(words[1]) && !words[2].is_empty(), "{entry}");
            assert_eq!(country(words[1], None).as_deref(), Some(words[0]));
            assert_eq!(country(words[2].split('|').next().unwrap(), None).as_deref(), Some(words[0]));
        }
        assert!(REGIONS.split(';').all(|entry| is_region(entry.split_once(' ').unwrap().0)));
        assert!(LANGUAGES.split(';').all(|entry| is_language(entry.split_once(' ').unwrap().0)));
    }

    #[test]
    fn words_and_slips_have_a_probable_meaning() {
        for (word, expected) in [
            ("germany", Some("DE")),
            ("Deutschland", Some("DE")),
            ("Gremany", Some("DE")),
            ("UK", Some("GB")),
            ("USA", Some("US")),
            ("Untied States", Some("US")),
            ("Atlantis", None),
        ] {
            assert_eq!(country(word, None).as_deref(), expected, "{word}");
        }
        for (word, expected) in [
            ("California", Some("CA")),
            ("US-CA", Some("CA")),
            ("gb-sct", Some("SCT")),
            ("Québec", Some("QC")),
            ("?", None),
        ] {
            assert_eq!(region(word, None).as_deref(), expected, "{word}");
        }
        for (word, expected) in
            [("english", Some("en")), ("en_GB.UTF-8", Some("en-GB")), ("Deutsch", Some("de")), ("Klingon", None)]
        {
            assert_eq!(language(word, None).as_deref(), expected, "{word}");
        }
        let own = BTreeMap::from([("home market".to_owned(), "FR".to_owned())]);
        assert_eq!(country("hme market", Some(&own)).as_deref(), Some("FR"));
    }
}
