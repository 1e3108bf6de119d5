//! Domains that are probably slips of another one, or that the eye takes for another one. Both are only pointed
//! out: an address is used as it was typed.
//!
//! A slip is looked for among the great mailbox providers alone: there a list of people has thousands of right
//! addresses, and the wrong domain is very likely a stranger's. What looks alike is compared by a skeleton after
//! UTS #39 section 4, with a table of our own that is far smaller: characters of other scripts that stand for
//! Latin ones, `0` and `o`, `1` and `l`, `rn` and `m`, `vv` and `w`. Accents are no likeness: they are spelling.

use std::{borrow::Cow, collections::BTreeMap, sync::LazyLock};

/// Domains of mailbox providers with very many users, gathered 2026-11-25, in the order of their octets.
const GREAT: [&str; 119] = [
    "126.com",
    "163.com",
    "alice.it",
    "aol.co.uk",
    "aol.com",
    "aol.de",
    "aol.fr",
    "arcor.de",
    "att.net",
    "bellsouth.net",
    "bigpond.com",
    "bluewin.ch",
    "bol.com.br",
    "btinternet.com",
    "charter.net",
    "comcast.net",
    "cox.net",
    "daum.net",
    "docomo.ne.jp",
    "earthlink.net",
    "ezweb.ne.jp",
    "fastmail.com",
    "foxmail.com",
    "free.fr",
    "freenet.de",
    "gmail.com",
    "gmx.at",
    "gmx.ch",
    "gmx.com",
    "gmx.de",
    "gmx.net",
    "googlemail.com",
    "hanmail.net",
    "home.nl",
    "hotmail.be",
    "hotmail.ca",
    "hotmail.ch",
    "hotmail.co.jp",
    "hotmail.co.uk",
    "hotmail.com",
    "hotmail.de",
    "hotmail.es",
    "hotmail.fr",
    "hotmail.it",
    "hotmail.nl",
    "icloud.com",
    "inbox.lv",
    "inbox.ru",
    "interia.pl",
    "kpnmail.nl",
    "laposte.net",
    "libero.it",
    "live.be",
    "live.ca",
    "live.co.uk",
    "live.com",
    "live.com.au",
    "live.de",
    "live.fr",
    "live.it",
    "live.nl",
    "mac.com",
    "mail.com",
    "mail.ru",
    "me.com",
    "msn.com",
    "naver.com",
    "ntlworld.com",
    "o2.pl",
    "onet.pl",
    "online.no",
    "optusnet.com.au",
    "orange.fr",
    "outlook.be",
    "outlook.com",
    "outlook.com.br",
    "outlook.de",
    "outlook.es",
    "outlook.fr",
    "outlook.it",
    "outlook.jp",
    "planet.nl",
    "posteo.de",
    "proton.me",
    "protonmail.com",
    "qq.com",
    "rambler.ru",
    "rediffmail.com",
    "rocketmail.com",
    "rogers.com",
    "sbcglobal.net",
    "seznam.cz",
    "sfr.fr",
    "shaw.ca",
    "sky.com",
    "skynet.be",
    "softbank.ne.jp",
    "sympatico.ca",
    "t-online.de",
    "talktalk.net",
    "telenet.be",
    "terra.com.br",
    "tiscali.it",
    "tutanota.com",
    "uol.com.br",
    "verizon.net",
    "virgilio.it",
    "virginmedia.com",
    "wanadoo.fr",
    "web.de",
    "wp.pl",
    "yahoo.co.jp",
    "yahoo.co.uk",
    "yahoo.com",
    "yandex.com",
    "yandex.ru",
    "ymail.com",
    "zoho.com",
    "zonnet.nl",
];
/// Domains of their own that are one slip from a great one.
const REAL: [&str; 3] = ["email.com", "hotmail.com.au", "rmail.com"];
/// Characters in the first label of a great domain, at least, for a slip of it to be looked for: one character more
/// or less makes another word of a short one.
const LABEL_CHARACTERS_MIN: usize = 5;
/// Country codes that are a slip of `com`.
const SLIPS_OF_COM: [&str; 3] = ["cm", "co", "om"];

/// Returns whether `domain` is one of the great mailbox providers.
pub fn is_great(domain: &str) -> bool {
    GREAT.binary_search(&domain).is_ok()
}

/// Returns the great domain that `domain`, in A-label form and lower case, is probably a slip of: one character
/// more, less or another, or two neighbours swapped.
pub fn probably_meant(domain: &str) -> Option<&'static str> {
    if is_great(domain) || REAL.contains(&domain) {
        return None;
    }
    let (label, rest) = domain.split_once('.')?;
    GREAT.into_iter().filter(|great| is_one_slip(great, domain)).find(|great| {
        let Some((great_label, great_rest)) = great.split_once('.') else { return false };
        // In other countries, a provider of the same name is a provider of its own.
        great_label.len() >= LABEL_CHARACTERS_MIN
            && (label != great_label || great_rest == "com" && is_slip_of_com(rest))
    })
}

/// Returns whether two domains in A-label form are one character apart, or two neighbours.
fn is_one_slip(one: &str, other: &str) -> bool {
    let (one, other) = (one.as_bytes(), other.as_bytes());
    let start = one.iter().zip(other).take_while(|(a, b)| a == b).count();
    let (one, other) = (&one[start..], &other[start..]);
    let end = one.iter().rev().zip(other.iter().rev()).take_while(|(a, b)| a == b).count();
    match (&one[..one.len() - end], &other[..other.len() - end]) {
        ([] | [_], [_]) | ([_], []) => true,
        ([a, b], [c, d]) => (a, b) == (d, c),
        _ => false,
    }
}

fn is_slip_of_com(rest: &str) -> bool {
    rest.len() != 2 || SLIPS_OF_COM.contains(&rest)
}

/// Returns the great domain that `domain` looks like without being it.
pub fn disguised(domain: &str) -> Option<&'static str> {
    if is_great(domain) {
        return None;
    }
    SKELETONS.get(&skeleton(domain)).copied()
}

/// The great domains by their skeletons: made once, because a list has many domains.
static SKELETONS: LazyLock<BTreeMap<String, &str>> =
    LazyLock::new(|| GREAT.into_iter().map(|great| (skeleton(great), great)).collect());

/// Returns what two domains have in common that look alike. It is for comparing, and no domain itself.
pub fn skeleton(domain: &str) -> String {
    // Where no label is encoded there is nothing to decode. A list has many domains.
    let unicode = if domain.contains("xn--") || !domain.is_ascii() {
        Cow::Owned(idna::domain_to_unicode(domain).0)
    } else {
        Cow::Borrowed(domain)
    };
    let latin: String = unicode.to_lowercase().chars().map(look_of).collect();
    latin.replace("rn", "m").replace("vv", "w")
}

/// Returns the Latin character that a character looks like (UTS #39, confusables.txt, the part that domains of
/// Latin letters are disguised with), or itself.
fn look_of(c: char) -> char {
    match c {
        'а' | 'α' | 'ɑ' => 'a',
        'ԁ' => 'd',
        'е' | 'ҽ' => 'e',
        'ɡ' | 'ց' => 'g',
        'һ' | 'հ' => 'h',
        'і' | 'ι' | 'ı' => 'i',
        'ј' => 'j',
        'κ' | 'к' => 'k',
        '1' | 'ӏ' | 'ⅼ' => 'l',
        'п' | 'ո' => 'n',
        '0' | 'о' | 'ο' | 'օ' => 'o',
        'р' | 'ρ' => 'p',
        'ԛ' => 'q',
        'г' => 'r',
        'ѕ' => 's',
        'υ' | 'ս' => 'u',
        'ν' | 'ѵ' => 'v',
        'ԝ' | 'ω' => 'w',
        'х' | 'χ' => 'x',
        'у' | 'γ' => 'y',
        _ => c,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn great_domains_stand_in_order_and_are_no_slips_of_each_other() {
        assert!(GREAT.is_sorted());
        for great in GREAT {
            assert_eq!((probably_meant(great), disguised(great)), (None, None), "{great}");
        }
        let skeletons: std::collections::BTreeSet<_> = GREAT.into_iter().map(skeleton).collect();
        assert_eq!(skeletons.len(), GREAT.len(), "no two of them look alike");
    }

    proptest! {
        #[test]
        fn one_slip_is_found(at in 0_usize..4, c in "[a-z]", swap in any::<bool>()) {
            let great = "hotmail.com";
            let mut slip: Vec<char> = great.chars().collect();
            if swap { slip.swap(at, at + 1) } else { slip[at] = c.chars().next().unwrap() }
            let slip: String = slip.into_iter().collect();
            // Another great one may be as near.
            let meant = probably_meant(&slip);
            prop_assert_eq!(meant.is_some(), slip != great, "{}", slip);
            prop_assert!(meant.is_none_or(|meant| strsim::osa_distance(meant, &slip) == 1));
        }

        #[test]
        fn a_slip_is_a_distance_of_one(one in "[abc.]{0,5}", other in "[abc.]{0,5}") {
            prop_assert_eq!(is_one_slip(&one, &other), strsim::osa_distance(&one, &other) == 1);
        }

        #[test]
        fn a_skeleton_is_its_own(domain in "[a-z01nrvаеорсух]{1,12}\\.[a-z]{2,3}") {
            let once = skeleton(&domain);
            prop_assert_eq!(skeleton(&once), once);
        }
    }
}
