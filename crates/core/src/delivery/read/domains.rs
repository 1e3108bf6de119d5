//! Reads `[[domains]]` of delivery.toml: groups of recipient domains with limits of their own.

use super::limits;
use crate::{
    address::parse_domain,
    document::Field,
    domains::{DomainGroup, Domains},
};
use std::collections::BTreeSet;

/// Groups of a run: every one is looked at for every attempt, and few receivers take most mail.
const GROUPS_MAX: usize = 64;
/// Domains of a group: more than any receiver's brands.
const NAMES_MAX: usize = 256;

/// Reads every group, and reports what is wrong in each.
pub(super) fn groups(field: &Field<'_>) -> Option<Domains> {
    let items = field.items()?;
    if items.len() > GROUPS_MAX {
        field.refuse("too-long", format!("there are {} groups of domains; at most {GROUPS_MAX}", items.len()));
        return None;
    }
    let mut taken = BTreeSet::new();
    let groups: Vec<_> = items.iter().map(|item| group(item, &mut taken)).collect();
    groups.into_iter().collect::<Option<Vec<_>>>().map(Domains::new)
}

fn group(item: &Field<'_>, taken: &mut BTreeSet<String>) -> Option<DomainGroup> {
    let table = item.table()?;
    let names = table.need("names", "the domains of the group: names = [\"gmail.com\", \"googlemail.com\"]");
    let names = names.and_then(|field| names_of(&field, taken));
    let rate = table.need("rate", "how fast they may be told together: rate = [\"5/s\", \"2000/h\"]");
    let limits = rate.and_then(|field| {
        let limits = limits(&field)?;
        if limits.is_empty() {
            let hint = "take the whole group away, or give it a rate";
            field.refuse_with("rate", "a group of domains without a limit changes nothing", hint);
            return None;
        }
        Some(limits)
    });
    table.finish();
    Some(DomainGroup { names: names?, limits: limits? })
}

fn names_of(field: &Field<'_>, taken: &mut BTreeSet<String>) -> Option<Vec<String>> {
    let items = if field.is_text() { vec![field.clone()] } else { field.items()? };
    if items.is_empty() {
        field.refuse_with("empty-group", "this group has no domain", "name at least one, or take the group away");
        return None;
    }
    if items.len() > NAMES_MAX {
        field.refuse("too-long", format!("there are {} domains in this group; at most {NAMES_MAX}", items.len()));
        return None;
    }
    let names: Vec<_> = items.iter().map(|item| name(item, taken)).collect();
    names.into_iter().collect()
}

fn name(item: &Field<'_>, taken: &mut BTreeSet<String>) -> Option<String> {
    let text = item.line()?;
    let name = parse_domain(&text).map_err(|_| {
        let hint = "write what stands behind the @ of its addresses: gmail.com";
        item.refuse_with("domain", "this is not a domain name", hint);
    });
    let name = name.ok()?;
    if !taken.insert(name.clone()) {
        let hint = "keep it in one group: its attempts count against that group alone";
        item.refuse_with("domain-twice", format!("{name} is named already"), hint);
        return None;
    }
    Some(name)
}

#[cfg(test)]
mod tests {
    use crate::{
        delivery::{Limit, read},
        finding::Finding,
    };
    use std::time::Duration;

    fn slips(domains: &str) -> (String, Vec<Finding>) {
        let text = format!("relay = \"inbox\"\n{domains}");
        let (delivery, findings) = read("delivery.toml", text.as_bytes());
        assert!(delivery.is_none(), "{text}");
        (text, findings)
    }

    #[test]
    fn groups_are_read_with_their_limits_and_names_are_folded() {
        let text = "relay = \"inbox\"\n[[domains]]\nnames = [\"gmail.com\", \"GoogleMail.com\"]\n\
            rate = [\"5/s\", \"2000/h\"]\n[[domains]]\nnames = \"b\u{fc}cher.example\"\nrate = \"1/min\"\n";
        let (delivery, findings) = read("delivery.toml", text.as_bytes());
        assert_eq!(findings, []);
        let domains = delivery.unwrap().domains;
        let limit = |attempts, seconds| Limit { attempts, window: Duration::from_secs(seconds) };
        assert_eq!(domains.groups()[0].limits, [limit(5, 1), limit(2_000, 3_600)]);
        assert_eq!(domains.groups()[1].limits, [limit(1, 60)]);
        for (name, group) in [("gmail.com", 0), ("googlemail.com", 0), ("xn--bcher-kva.example", 1)] {
            assert_eq!(domains.group_of(name), Some(group), "{name}");
        }
    }

    #[test]
    fn every_slip_is_a_finding_at_its_place_with_a_next_step() {
        let ok = "rate = \"5/s\"\n";
        for (domains, code, place) in [
            (format!("[[domains]]\nnames = []\n{ok}"), "empty-group", "[]"),
            (format!("[[domains]]\nnames = [\"a.de\", \"A.DE\"]\n{ok}"), "domain-twice", "\"A.DE\""),
            (
                format!("[[domains]]\nnames = [\"a.de\"]\n{ok}[[domains]]\nnames = [\"b.de\", \"a.de\"]\n{ok}"),
                "domain-twice",
                "\"a.de\"",
            ),
            (format!("[[domains]]\nnames = [\"x@a.de\"]\n{ok}"), "domain", "\"x@a.de\""),
            (format!("[[domains]]\nnames = [\"com\"]\n{ok}"), "domain", "\"com\""),
            ("[[domains]]\nnames = [\"a.de\"]\nrate = \"unlimited\"\n".to_owned(), "rate", "\"unlimited\""),
        ] {
            let (text, findings) = slips(&domains);
            assert_eq!(findings.len(), 1, "{domains}: {findings:?}");
            let span = findings[0].place.span.clone().unwrap();
            assert_eq!((findings[0].code, &text[span]), (code, place), "{domains}");
            assert!(findings[0].hint.is_some(), "{domains}");
        }
        for (domains, code) in [
            ("[[domains]]\nrate = \"5/s\"\n", "missing-key"),
            ("[[domains]]\nnames = \"a.de\"\n", "missing-key"),
            ("[[domains]]\nnames = \"a.de\"\nrate = \"fast\"\n", "rate"),
            ("[[domains]]\nnames = \"a.de\"\nrate = \"5/s\"\nrates = 1\n", "unknown-key"),
            ("domains = \"a.de\"\n", "wrong-type"),
        ] {
            assert_eq!(slips(domains).1.first().map(|finding| finding.code), Some(code), "{domains}");
        }
        let many = "[[domains]]\nnames = \"a.de\"\nrate = \"5/s\"\n".repeat(super::GROUPS_MAX + 1);
        assert_eq!(slips(&many).1[0].code, "too-long");
    }
}
