//! docs/relays.md holds the table of core's presets, letter by letter.

use crate::tree::{read, refuse};
use forthwith_core::delivery::{MessageId, PRESETS, Preset};

fn settings(preset: &Preset) -> String {
    let number = |number: Option<u32>| number.map_or("-".to_owned(), |number| number.to_string());
    let limits = preset.limits.iter().map(|limit| format!("{} in {} s", limit.attempts, limit.window.as_secs()));
    let pace = match limits.collect::<Vec<_>>().join(", ") {
        _ if preset.has_own_rate => "the account's own".to_owned(),
        none if none.is_empty() => "-".to_owned(),
        limits => limits,
    };
    let message_id = match preset.message_id {
        MessageId::Kept => "kept",
        MessageId::Rewritten => "rewritten",
        MessageId::Unknown => "unknown",
    };
    let (lines, messages) = (number(preset.connections), number(preset.messages_per_connection));
    format!("| `{}` | {lines} | {messages} | {pace} | {message_id} |", preset.name)
}

#[test]
fn the_page_holds_every_preset_with_its_sources() {
    let page = read("docs/relays.md");
    let mut rows = Vec::new();
    for preset in &PRESETS {
        rows.push(settings(preset));
        rows.push(format!("| `{}` | {} |", preset.name, preset.not_meant));
        rows.extend(preset.figures.iter().map(|figure| {
            format!("| `{}` | {} | {} | {} |", preset.name, figure.what, figure.source, figure.seen_on)
        }));
    }
    let missing: Vec<String> = rows.iter().filter(|row| !page.lines().any(|line| line == *row)).cloned().collect();
    refuse(&missing, "docs/relays.md lacks these rows:");
    let shown = page.lines().filter(|line| line.starts_with("| `")).count();
    assert_eq!(shown, rows.len(), "docs/relays.md has rows that no preset has");
}
