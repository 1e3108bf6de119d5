//! docs/templates.md lists what the code knows.

use forthwith_templating::{ELEMENTS, FILTERS, NAMES, TAGS};

const PAGE: &str = include_str!("../../../../docs/templates.md");

#[test]
fn the_page_lists_every_element_name_filter_and_tag() {
    let elements = ELEMENTS.iter().map(|element| format!("| `{}` | {} |", element.id, element.says));
    let names = NAMES.iter().map(|name| format!("| `{}` | {} | {} |", name.name, kind(name), name.means));
    let listed = |words: &[&str]| words.iter().map(|word| format!("`{word}`")).collect::<Vec<_>>().join(", ");
    let rules = [format!("Filters: {}.", listed(&FILTERS)), format!("Tags: {}.", listed(&TAGS))];
    let missing: Vec<String> = elements.chain(names).chain(rules).filter(|line| !PAGE.contains(line)).collect();
    assert!(missing.is_empty(), "docs/templates.md lacks:\n{}", missing.join("\n"));
    let rows = PAGE.lines().filter(|line| line.starts_with("| `")).count();
    assert_eq!(rows, ELEMENTS.len() + NAMES.len(), "docs/templates.md lists what does not exist");
}

fn kind(name: &forthwith_templating::Name) -> &'static str {
    use forthwith_templating::Kind;
    match name.kind {
        Kind::Text => "text",
        Kind::Number => "number",
        Kind::Flag => "yes or no",
        Kind::List => "list",
    }
}
