//! The pages on lists and addresses say what the program does.

use crate::tree::read;
use forthwith_core::{
    address::{Address, ParseAddressError, disguised, probably_meant},
    affected::read_settings,
};

/// Returns each address of the page's table and its verdict.
fn addresses(page: &str) -> Vec<(&str, &str)> {
    let (page, _) = page.split_once("## ").unwrap_or((page, ""));
    let rows = page.lines().filter(|line| line.starts_with("| `")).map(|line| line.trim_matches('|').split(" | "));
    let cells = rows.map(|mut cells| (cells.next().unwrap(), cells.next().unwrap().trim()));
    cells
        .flat_map(|(names, verdict)| names.split('`').skip(1).step_by(2).map(move |name| (name, verdict)))
        .collect()
}

#[test]
fn the_page_holds_the_policy_on_addresses() {
    let page = read("docs/addresses.md");
    let all = addresses(&page);
    assert!(all.len() > 25, "the table is not understood: {all:?}");
    for (address, verdict) in all {
        let found = Address::parse(address);
        let as_said = match &found {
            Ok(taken) if verdict == "taken" => taken.expose() == address,
            Ok(taken) => verdict == format!("taken as `{}`", taken.expose()),
            Err(ParseAddressError::NeedsSmtputf8) => verdict == "withheld, `needs-smtputf8`",
            Err(_) => verdict == "refused",
        };
        assert!(as_said, "{address}: {verdict}, but {:?}", found.map(|taken| taken.expose().to_owned()));
    }
}

/// What is taken or refused without a standard that says so would be an opinion.
#[test]
fn every_case_of_the_policy_names_a_section() {
    let page = read("docs/addresses.md");
    let (table, _) = page.split_once("Two addresses are one mailbox").unwrap();
    let rows: Vec<_> = table.lines().filter(|line| line.starts_with("| ")).skip(1).collect();
    assert!(rows.len() > 18, "the table is not understood: {rows:?}");
    for row in rows.into_iter().filter(|row| !row.starts_with("| an empty cell ")) {
        assert!((row.contains("RFC ") || row.contains("UTS #")) && row.contains(" section"), "{row}");
    }
}

#[test]
fn the_page_holds_what_is_pointed_out_about_domains() {
    let page = read("docs/addresses.md");
    let (_, table) = page.split_once("## What is pointed out").unwrap();
    let mut checked = 0;
    for line in table.lines().filter(|line| line.starts_with("| `") || line.starts_with("| none")) {
        let mut cells = line.trim_matches('|').split(" | ");
        let (warning, domains) = (cells.next().unwrap().trim(), cells.next().unwrap());
        for domain in domains.split('`').skip(1).step_by(2) {
            let taken = Address::parse(&format!("a@{domain}")).unwrap();
            let found = match (disguised(taken.domain()), probably_meant(taken.domain())) {
                (Some(great), _) => format!("`look-alike-domain`, of `{great}`"),
                (None, Some(great)) => format!("`misspelt-domain`, of `{great}`"),
                (None, None) => "none".to_owned(),
            };
            assert_eq!(found, warning, "{domain}");
            checked += 1;
        }
    }
    assert!(checked > 15, "the table is not understood");
}

#[test]
fn the_examples_of_affected_toml_are_read() {
    let page = read("docs/lists.md");
    let examples: Vec<_> = page.split("```toml\n").skip(1).map(|rest| rest.split("```").next().unwrap()).collect();
    assert!(examples.len() >= 3, "the page is not understood");
    for example in examples {
        let (settings, findings) = read_settings("affected.toml", example.as_bytes());
        assert!(settings.is_some() && findings.is_empty(), "{findings:?}\n{example}");
    }
}
