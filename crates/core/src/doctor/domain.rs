//! What the DNS says of a sender's domains, and what receivers make of it: SPF (RFC 7208), DKIM (RFC 6376), DMARC
//! (RFC 7489) and where bounces go (RFC 5321 section 5, RFC 7505).
//!
//! A DNS that is silent proves nothing, and is said to be silent.

use super::Observation;

/// Terms of an SPF record that make the receiver ask the DNS again (RFC 7208 section 4.6.4).
const SPF_LOOKUPS_MAX: usize = 10;
/// Characters of a record that are shown.
const SHOWN_MAX: usize = 200;

/// What the DNS answered to one question.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Seen<T> {
    /// These records.
    Found(T),
    /// The name is there and has no such record.
    Nothing,
    /// There is no such name, and none below it (RFC 8020).
    NoName,
    /// No answer, or one that settles nothing; the text says which.
    Silent(String),
}

/// A mail exchanger.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Mx {
    /// The lower, the sooner it is tried.
    pub preference: u16,
    /// The host; empty for a null MX (RFC 7505).
    pub host: String,
}

/// What was asked of the DNS about one sender.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Domain {
    /// The domain of the From.
    pub from: String,
    /// The domain of the return path.
    pub return_path: String,
    /// The TXT records of the return path's domain.
    pub spf: Seen<Vec<String>>,
    /// The TXT records below `_domainkey` of the From's domain, by selector.
    pub keys: Vec<(String, Seen<Vec<String>>)>,
    /// The TXT records of `_domainkey` itself: whether there is anything below it.
    pub keys_exist: Seen<Vec<String>>,
    /// The TXT records of `_dmarc` of the From's domain and of the domains above it, nearest first.
    pub policies: Vec<(String, Seen<Vec<String>>)>,
    /// The mail exchangers of the return path's domain.
    pub exchangers: Seen<Vec<Mx>>,
    /// Whether the return path's domain has an address, which stands in for a mail exchanger.
    pub address: Seen<()>,
}

/// Judges what the DNS says of one sender.
pub fn domain(domain: &Domain) -> Vec<Observation> {
    let mut seen = vec![spf(domain)];
    seen.extend(dkim(domain));
    seen.push(dmarc(domain));
    seen.extend(alignment(domain));
    seen.push(bounces(domain));
    seen
}

fn silent(about: &'static str, name: &str, why: &str) -> Observation {
    let found = format!("the DNS does not answer for {name}: {why}");
    let to_do = "run it where the DNS answers, or name a server that does: --dns ADDRESS";
    Observation::look(about, found, "nothing is known of it here", to_do)
}

fn shown(record: &str) -> String {
    record.chars().take(SHOWN_MAX).collect()
}

/// Returns the records that begin with this version tag.
fn of_version<'a>(records: &'a [String], version: &str) -> Vec<&'a str> {
    let is_it = |record: &&String| {
        let start = record.get(..version.len()).is_some_and(|start| start.eq_ignore_ascii_case(version));
        start && record[version.len()..].starts_with([' ', ';']) || record.eq_ignore_ascii_case(version)
    };
    records.iter().filter(is_it).map(String::as_str).collect()
}

fn spf(domain: &Domain) -> Observation {
    let about = "dns.spf";
    let name = &domain.return_path;
    let records = match &domain.spf {
        Seen::Silent(why) => return silent(about, name, why),
        Seen::Found(records) => of_version(records, "v=spf1"),
        Seen::Nothing | Seen::NoName => Vec::new(),
    };
    match records.as_slice() {
        [] => Observation::look(
            about,
            format!("no SPF record at {name}, the domain of the return path"),
            "receivers cannot tell that the relay may send for you; large ones refuse or defer such mail",
            "publish one that names the relay",
        ),
        [record] => judge_spf(name, record),
        _ => Observation::broken(
            about,
            format!("{} SPF records at {name}", records.len()),
            "receivers treat more than one as an error (RFC 7208 section 4.5): none of them holds",
            "leave one",
        ),
    }
}

fn judge_spf(name: &str, record: &str) -> Observation {
    let about = "dns.spf";
    let terms: Vec<_> = record.split_whitespace().skip(1).map(str::to_ascii_lowercase).collect();
    let found = format!("at {name}: {}", shown(record));
    let asks_again = |term: &&String| {
        let term = term.trim_start_matches(['+', '-', '~', '?']);
        let mechanism = term.split([':', '/', '=']).next().unwrap_or_default();
        matches!(mechanism, "include" | "a" | "mx" | "ptr" | "exists" | "redirect")
    };
    if terms.iter().any(|term| term == "+all" || term == "all") {
        let means = "it allows everybody to send in your name: receivers trust it little";
        return Observation::look(about, found, means, "end it with ~all or -all");
    }
    if terms.iter().all(|term| term.ends_with("all")) {
        let means = "it allows nobody to send in your name: receivers will refuse notices";
        return Observation::broken(about, found, means, "have the relay named in it");
    }
    if terms.iter().filter(asks_again).count() > SPF_LOOKUPS_MAX {
        let means = "it makes receivers ask more than ten times, which is an error (RFC 7208 section 4.6.4)";
        return Observation::broken(about, found, means, "make it shorter");
    }
    Observation::ok(about, found, "whether it names the relay's outgoing addresses is not looked at")
}

fn dkim(domain: &Domain) -> Vec<Observation> {
    let about = "dns.dkim";
    if !domain.keys.is_empty() {
        return domain.keys.iter().map(|(selector, seen)| key(domain, selector, seen)).collect();
    }
    let name = format!("_domainkey.{}", domain.from);
    vec![match &domain.keys_exist {
        Seen::Silent(why) => silent(about, &name, why),
        Seen::NoName => Observation::look(
            about,
            format!("nothing at or below {name}"),
            "no DKIM key is published: nobody can sign in the From's name, and large receivers ask for a signature",
            "have the relay sign for this domain, and publish its key",
        ),
        Seen::Found(_) | Seen::Nothing => Observation::look(
            about,
            format!("there is something below {name}"),
            "keys seem to be published; which one the relay signs with is not known",
            "name its selector: --dkim-selector NAME",
        ),
    }]
}

fn key(domain: &Domain, selector: &str, seen: &Seen<Vec<String>>) -> Observation {
    let about = "dns.dkim";
    let name = format!("{selector}._domainkey.{}", domain.from);
    let missing = || {
        let found = format!("no key at {name}");
        let means = "receivers cannot verify what the relay signs with this selector";
        Observation::broken(about, found, means, "publish the key, or name the selector that the relay signs with")
    };
    let records = match seen {
        Seen::Silent(why) => return silent(about, &name, why),
        Seen::Nothing | Seen::NoName => return missing(),
        Seen::Found(records) => records,
    };
    let tag = |record: &str, name: &str| {
        let tags = record.split(';').filter_map(|tag| tag.split_once('='));
        tags.map(|(key, value)| (key.trim().to_owned(), value.trim().to_owned()))
            .find(|(key, _)| key == name)
            .map(|(_, value)| value)
    };
    let Some((record, key)) = records.iter().find_map(|record| Some((record, tag(record, "p")?))) else {
        return missing();
    };
    if key.is_empty() {
        let means = "the key is revoked (RFC 6376 section 3.6.1): what is signed with it fails";
        return Observation::broken(about, format!("an empty key at {name}"), means, "publish the relay's key");
    }
    if tag(record, "t").is_some_and(|flags| flags.split(':').any(|flag| flag.trim() == "y")) {
        let means = "it says that it is a test: receivers may treat signed mail as unsigned";
        return Observation::look(about, format!("a key at {name}, with t=y"), means, "take t=y out");
    }
    Observation::ok(about, format!("a key at {name}"), "receivers can verify what the relay signs with it")
}

/// The policy that holds for the From, and the tags of it that we read.
struct Policy<'a> {
    name: &'a str,
    record: &'a str,
}

impl Policy<'_> {
    fn tag(&self, name: &str) -> Option<String> {
        let tags = self.record.split(';').filter_map(|tag| tag.split_once('='));
        tags.map(|(key, value)| (key.trim(), value.trim()))
            .find(|(key, _)| key.eq_ignore_ascii_case(name))
            .map(|(_, value)| value.to_ascii_lowercase())
    }
}

/// Returns the nearest policy, or the reason why none is known.
fn policy(domain: &Domain) -> Result<Policy<'_>, Observation> {
    let about = "dns.dmarc";
    for (name, seen) in &domain.policies {
        let records = match seen {
            Seen::Silent(why) => return Err(silent(about, name, why)),
            Seen::Found(records) => of_version(records, "v=DMARC1"),
            Seen::Nothing | Seen::NoName => Vec::new(),
        };
        match records.as_slice() {
            [] => {}
            [record] => return Ok(Policy { name, record }),
            _ => {
                let found = format!("{} DMARC records at {name}", records.len());
                let means = "receivers take more than one as none (RFC 7489 section 6.6.3)";
                return Err(Observation::broken(about, found, means, "leave one"));
            }
        }
    }
    Err(Observation::look(
        about,
        format!("no DMARC record at _dmarc.{} or above it", domain.from),
        "anybody may write in your name after a breach, and large receivers ask bulk senders for a policy",
        "publish one: v=DMARC1; p=reject, once the relay signs",
    ))
}

fn dmarc(domain: &Domain) -> Observation {
    let about = "dns.dmarc";
    let policy = match policy(domain) {
        Ok(policy) => policy,
        Err(observation) => return observation,
    };
    let found = format!("at {}: {}", policy.name, shown(policy.record));
    let is_own = policy.name.strip_prefix("_dmarc.") == Some(domain.from.as_str());
    let below = policy.tag("sp").filter(|_| !is_own);
    let wants = below.or_else(|| policy.tag("p"));
    match wants.as_deref() {
        Some("reject" | "quarantine") => {
            Observation::ok(about, found, "receivers refuse or set aside what others write in your name")
        }
        Some("none") => Observation::look(
            about,
            found,
            "it asks receivers to do nothing: who imitates your notice gets through",
            "raise it to quarantine or reject before the notices go out, where SPF and DKIM pass",
        ),
        _ => Observation::broken(
            about,
            found,
            "it has no policy that is known: receivers take it as none",
            "write p=none, quarantine or reject",
        ),
    }
}

/// Says whether SPF of the return path counts for the From (RFC 7489 section 3.1.2).
///
/// Where an organisation ends and its registry begins is not known here, so that only one domain below the other
/// counts as the same organisation's.
fn alignment(domain: &Domain) -> Option<Observation> {
    let about = "dns.alignment";
    let policy = policy(domain).ok()?;
    let (from, path) = (domain.from.as_str(), domain.return_path.as_str());
    let is_below = |a: &str, b: &str| a.strip_suffix(b).is_some_and(|rest| rest.ends_with('.'));
    let is_aligned = match policy.tag("aspf").as_deref() {
        Some("s") => from == path,
        _ => from == path || is_below(from, path) || is_below(path, from),
    };
    let found = format!("From at {from}, return path at {path}");
    Some(if is_aligned {
        Observation::ok(about, found, "SPF of the return path counts for the From")
    } else {
        let means = "SPF of the return path may not count for the From: DMARC then rests on the DKIM signature";
        let to_do =
            "let return_path_domain be the From's domain or one below it, or make sure that the relay signs";
        Observation::look(about, found, means, to_do)
    })
}

fn bounces(domain: &Domain) -> Observation {
    let about = "dns.bounces";
    let name = &domain.return_path;
    let lost = "what cannot be delivered does not come back: nobody learns who was not told";
    match &domain.exchangers {
        Seen::Silent(why) => silent(about, name, why),
        Seen::Found(exchangers) if exchangers.iter().any(|mx| mx.host.is_empty()) => Observation::broken(
            about,
            format!("{name} has a null MX: it takes no mail (RFC 7505)"),
            lost,
            "set return_path_domain to a domain that takes mail",
        ),
        Seen::Found(exchangers) => {
            let mut exchangers: Vec<_> = exchangers.iter().collect();
            exchangers.sort();
            let hosts: Vec<_> = exchangers.iter().map(|mx| mx.host.as_str()).collect();
            let found = format!("bounces to {name} go to {}", shown(&hosts.join(", ")));
            Observation::ok(about, found, "whether it takes mail for bounce+… is not tried")
        }
        Seen::Nothing if domain.address == Seen::Found(()) => Observation::look(
            about,
            format!("{name} has no MX, and an address that stands in for one"),
            "bounces go to that machine (RFC 5321 section 5.1)",
            "make sure that it takes mail, or publish an MX",
        ),
        Seen::Nothing => Observation::broken(
            about,
            format!("{name} has neither MX nor address"),
            lost,
            "publish an MX for it that takes mail for bounce+…",
        ),
        Seen::NoName => Observation::broken(
            about,
            format!("there is no domain {name}"),
            "receivers refuse mail from a domain that is not there, and bounces do not come back",
            "set return_path_domain to a domain that takes mail",
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::{super::Mark, *};

    fn txt(records: &[&str]) -> Seen<Vec<String>> {
        Seen::Found(records.iter().map(|&record| record.to_owned()).collect())
    }

    fn silence<T>() -> Seen<T> {
        Seen::Silent("no answer within 5 s".to_owned())
    }

    fn good() -> Domain {
        Domain {
            from: "example.org".to_owned(),
            return_path: "bounces.example.org".to_owned(),
            spf: txt(&["unrelated=1", "v=spf1 include:relay.test -all"]),
            keys: vec![("s1".to_owned(), txt(&["v=DKIM1; k=rsa; p=MIIB"]))],
            keys_exist: Seen::Nothing,
            policies: vec![("_dmarc.example.org".to_owned(), txt(&["v=DMARC1; p=reject"]))],
            exchangers: Seen::Found(vec![Mx { preference: 10, host: "mx.example.org".to_owned() }]),
            address: Seen::Nothing,
        }
    }

    #[test]
    fn good_records_ask_for_nothing() {
        let seen = domain(&good());
        assert!(seen.iter().all(|seen| seen.mark == Mark::Ok && seen.to_do.is_none()), "{seen:#?}");
        let about: Vec<_> = seen.iter().map(|seen| seen.about).collect();
        assert_eq!(about, ["dns.spf", "dns.dkim", "dns.dmarc", "dns.alignment", "dns.bounces"]);
    }

    /// What differs from good records, the mark that it gets, and a word of what is found or meant.
    type Row = (&'static str, fn(&mut Domain), Mark, &'static str);

    fn policies(records: &[&str]) -> Vec<(String, Seen<Vec<String>>)> {
        vec![("_dmarc.example.org".to_owned(), txt(records))]
    }

    /// Holds that each change of good records gets its mark, and that what is not ok says what to do.
    fn hold(table: &[Row]) {
        for (about, change, mark, word) in table {
            let mut facts = good();
            change(&mut facts);
            let seen = domain(&facts);
            let of_it = seen.iter().find(|seen| seen.about == *about).unwrap_or_else(|| panic!("no {about}"));
            let text = format!("{} {} {:?}", of_it.found, of_it.means, of_it.to_do);
            assert!(of_it.mark == *mark && text.contains(word), "{about}, {word}: {of_it:?}");
            assert_eq!(of_it.to_do.is_some(), *mark != Mark::Ok, "what is not ok says what to do: {of_it:?}");
        }
    }

    #[test]
    fn each_spf_and_dkim_record_has_its_mark() {
        let table: [Row; 15] = [
            ("dns.spf", |d| d.spf = Seen::Nothing, Mark::Look, "no SPF record"),
            ("dns.spf", |d| d.spf = txt(&["v=spf10 x"]), Mark::Look, "no SPF record"),
            ("dns.spf", |d| d.spf = silence(), Mark::Look, "does not answer"),
            ("dns.spf", |d| d.spf = txt(&["v=spf1 a -all", "V=SPF1 mx"]), Mark::Broken, "2 SPF records"),
            ("dns.spf", |d| d.spf = txt(&["v=spf1 -all"]), Mark::Broken, "allows nobody"),
            ("dns.spf", |d| d.spf = txt(&["v=spf1"]), Mark::Broken, "allows nobody"),
            ("dns.spf", |d| d.spf = txt(&["v=spf1 a all"]), Mark::Look, "allows everybody"),
            (
                "dns.spf",
                |d| {
                    d.spf = txt(&[
                        "v=spf1 a mx ptr include:a include:b include:c include:d include:e exists:f ?a:h redirect=g",
                    ]);
                },
                Mark::Broken,
                "ten times",
            ),
            ("dns.dkim", |d| d.keys[0].1 = Seen::NoName, Mark::Broken, "no key at s1._domainkey.example.org"),
            ("dns.dkim", |d| d.keys[0].1 = txt(&["v=DKIM1; p="]), Mark::Broken, "revoked"),
            ("dns.dkim", |d| d.keys[0].1 = txt(&["hello"]), Mark::Broken, "no key"),
            ("dns.dkim", |d| d.keys[0].1 = txt(&["p=AA; t=s:y"]), Mark::Look, "test"),
            ("dns.dkim", |d| d.keys[0].1 = silence(), Mark::Look, "does not answer"),
            ("dns.dkim", |d| d.keys.clear(), Mark::Look, "--dkim-selector"),
            (
                "dns.dkim",
                |d| {
                    d.keys.clear();
                    d.keys_exist = Seen::NoName;
                },
                Mark::Look,
                "nothing at or below",
            ),
        ];
        hold(&table);
    }

    #[test]
    fn each_dmarc_record_and_exchanger_has_its_mark() {
        let table: [Row; 12] = [
            ("dns.dmarc", |d| d.policies = policies(&["v=DMARC1; p=none"]), Mark::Look, "do nothing"),
            ("dns.dmarc", |d| d.policies = policies(&["v=DMARC1;p = Quarantine"]), Mark::Ok, "refuse or set aside"),
            ("dns.dmarc", |d| d.policies = policies(&["v=DMARC1; pct=1"]), Mark::Broken, "no policy"),
            ("dns.dmarc", |d| d.policies = policies(&["v=DMARC1", "v=DMARC1"]), Mark::Broken, "2 DMARC records"),
            ("dns.dmarc", |d| d.policies = policies(&[]), Mark::Look, "no DMARC record"),
            ("dns.dmarc", |d| d.policies[0].1 = silence(), Mark::Look, "does not answer"),
            (
                "dns.dmarc",
                |d| {
                    d.policies[0].1 = Seen::Nothing;
                    d.policies.push(("_dmarc.org".to_owned(), txt(&["v=DMARC1; p=reject; sp=none"])));
                },
                Mark::Look,
                "do nothing",
            ),
            (
                "dns.alignment",
                |d| d.policies = policies(&["v=DMARC1; p=reject; aspf=s"]),
                Mark::Look,
                "may not count",
            ),
            ("dns.alignment", |d| d.return_path = "badexample.org".to_owned(), Mark::Look, "may not count"),
            ("dns.bounces", |d| d.exchangers = Seen::Nothing, Mark::Broken, "neither MX nor address"),
            ("dns.bounces", |d| d.exchangers = Seen::NoName, Mark::Broken, "no domain"),
            (
                "dns.bounces",
                |d| d.exchangers = Seen::Found(vec![Mx { preference: 0, host: String::new() }]),
                Mark::Broken,
                "null MX",
            ),
        ];
        hold(&table);
    }

    #[test]
    fn a_silent_dns_is_no_failure() {
        let facts = Domain {
            spf: silence(),
            keys: Vec::new(),
            keys_exist: silence(),
            policies: vec![("_dmarc.example.org".to_owned(), silence())],
            exchangers: silence(),
            address: silence(),
            ..good()
        };
        let seen = domain(&facts);
        assert!(seen.len() == 4 && seen.iter().all(|seen| seen.mark == Mark::Look), "{seen:#?}");
        let with_address = Domain { exchangers: Seen::Nothing, address: Seen::Found(()), ..good() };
        assert_eq!(bounces(&with_address).mark, Mark::Look);
    }
}
