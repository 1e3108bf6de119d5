//! Makes words into messages: elements in Markdown with placeholders become the text part and the HTML part of
//! one notice, and the plan becomes the pages that counsel reviews.
//!
//! Nothing here touches a file, a socket, a clock, the environment or a random source. The shipped words lie in
//! `templates/` at the top of the repository and are compiled in; those of an incident folder are arguments.
//! What a law requires or forbids is not decided here.

mod claims;
pub mod clarity;
mod context;
mod document;
mod html;
mod language;
mod layout;
mod lint;
mod mime;
pub mod packet;
mod paragraph;
mod scan;
mod shape;
mod shipped;
mod source;
mod text;
mod value;
mod words;

pub use context::{NAMES, Name, Whose};
pub use layout::Flow;
pub use lint::{FLESCH_MIN, GRADE_MAX, STEPS_MAX, WORDS_MAX};
pub use mime::RenderError;
pub use paragraph::{Paragraph, ParagraphKind};
pub use scan::{FILTERS, Kind, TAGS};
pub use shipped::{ELEMENTS, ShippedElement, Weight};
pub use source::own_elements;
pub use words::{Parts, SUBJECT_CHARACTERS_MAX, Words};
