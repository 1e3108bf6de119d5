//! Makes words into messages: elements in Markdown with placeholders become the text part and the HTML part of
//! one notice, and the plan becomes the pages that counsel reviews.
//!
//! Nothing here touches a file, a socket, a clock, the environment or a random source. The shipped words lie in
//! `templates/` at the top of the repository and are compiled in; those of an incident folder are arguments.
//! What a law requires or forbids is not decided here.

mod arrange;
mod claims;
pub mod clarity;
mod contacts;
mod context;
mod document;
mod html;
mod language;
mod layout;
mod lint;
mod mime;
mod names;
pub mod packet;
mod paragraph;
mod scan;
mod sections;
mod shape;
mod shipped;
mod source;
mod text;
mod value;
mod words;

pub use arrange::{Arrange, ByDuty, Possible, own_elements};
pub use layout::Flow;
pub use lint::{EASE_MIN, GRADE_MAX, LIX_MAX, STEPS_MAX, WORDS_MAX};
pub use mime::RenderError;
pub use names::{NAMES, Name, Whose};
pub use paragraph::{Paragraph, ParagraphKind};
pub use scan::{FILTERS, Kind, TAGS};
pub use sections::Section;
pub use shipped::{ELEMENTS, LANGUAGES, ShippedElement, Weight};
pub use words::{Parts, SUBJECT_CHARACTERS_MAX, Words};
