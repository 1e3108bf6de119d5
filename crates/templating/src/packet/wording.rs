//! One wording of the plan: who gets it, how it reads, and its notice as an invented reader sees it.

use super::{
    PacketVariant,
    record::{Record, VariantRecord},
    rules,
    samples::with_lf,
};
use tera::Context;

/// Width of the frame that shows a notice as on a computer: with the phone's beside it, the width of the page.
const WIDE_PIXELS: u32 = 600;

/// Residences that the page of a wording names: those with the most people. All stand in the record.
const RESIDENCES_SHOWN_MAX: usize = 30;

/// Returns what the page of a wording shows beside the record.
pub(super) fn context(variant: &PacketVariant, record: &Record, of_record: &VariantRecord) -> Context {
    let parts = &variant.sample.parts;
    let mut context = Context::new();
    context.insert("total", &record.variants.len());
    context.insert("wording", of_record);
    let shown = of_record.residences.len().min(RESIDENCES_SHOWN_MAX);
    context.insert("residences", &of_record.residences[..shown]);
    context.insert("more_residences", &(of_record.residences.len() - shown));
    context.insert("regimes", &rules::of_wording(record, &of_record.key));
    context.insert("text", &with_lf(&parts.text));
    context.insert("html", &with_lf(&parts.html));
    context.insert("wide", &WIDE_PIXELS);
    let height = frame_height(&parts.text, 62);
    context.insert("wide_height", &height);
    let percent = print_percent(height);
    context.insert("print_percent", &percent);
    context.insert("print_height", &(height * percent / 100));
    context.insert("phone_height", &frame_height(&parts.text, 27));
    context
}

/// Returns how small a frame of this height is printed, in percent, so that a sheet of either paper holds it: a frame
/// that is cut is cut through a line. Below two fifths nobody reads it.
fn print_percent(height: usize) -> usize {
    /// What is left of the height of a sheet of Letter between margins, less a heading and a caption, in pixels.
    const SHEET: usize = 820;
    (SHEET * 100 / height).clamp(40, 100)
}

/// Returns the height in pixels of a frame that holds the notice where a line takes `columns` characters: a page
/// without scripts cannot measure its frames. Rather too high than cut off.
fn frame_height(text: &str, columns: usize) -> usize {
    const LINE: usize = 26;
    const BETWEEN: usize = 15;
    const AROUND: usize = 120;
    let mut height = AROUND;
    let mut paragraph = 0;
    for line in text.lines().chain(std::iter::once("")) {
        let is_break =
            line.is_empty() || !line.contains(char::is_alphanumeric) || line.starts_with(char::is_numeric);
        if is_break {
            height += usize::div_ceil(paragraph, columns) * LINE + BETWEEN;
            paragraph = 0;
        }
        paragraph += if line.contains(char::is_alphanumeric) { line.chars().count() + 1 } else { 0 };
    }
    height
}
