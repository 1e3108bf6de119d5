//! Findings: what is wrong in an input, where, how grave, and what to do about it.
//!
//! A finding is data, collected and shown all at once; it never ends the reading of the rest.

use serde::Serialize;

/// How much a finding weighs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Gravity {
    /// Worth knowing; nothing need be done.
    Note,
    /// Probably wrong; the operator should look.
    Warning,
    /// The input is refused until it is mended or left out by name.
    Refused,
}

/// Where in an input file a finding is.
#[derive(Clone, Debug, PartialEq, Eq, Default, Serialize)]
pub struct Place {
    /// The input's name as the operator knows it, relative to the incident folder: `affected.csv`.
    pub file: String,
    /// The data row, counted from 1, where the input is a list.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub row: Option<u64>,
    /// The physical line, counted from 1.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub line: Option<u64>,
    /// The name of the column in a list.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub column: Option<String>,
    /// The byte range in the file, where the file's text is at hand to be shown.
    #[serde(skip)]
    pub span: Option<std::ops::Range<usize>>,
}

impl Place {
    /// Returns the place that is the whole of `file`.
    pub fn file(file: impl Into<String>) -> Self {
        Self { file: file.into(), ..Self::default() }
    }

    /// Returns a byte range in `file`.
    pub fn span(file: impl Into<String>, span: std::ops::Range<usize>) -> Self {
        Self { file: file.into(), span: Some(span), ..Self::default() }
    }
}

/// Something wrong in an input.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Finding {
    /// Where it is.
    #[serde(flatten)]
    pub place: Place,
    /// A fixed name that other programs may rely on: `address-syntax`.
    pub code: &'static str,
    /// How much it weighs.
    pub gravity: Gravity,
    /// What is wrong, as one sentence without a full stop. It may quote the input.
    pub message: String,
    /// The next step, when there is one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub hint: Option<String>,
}

impl Finding {
    /// Returns a finding of gravity `Refused`.
    pub fn refused(code: &'static str, place: Place, message: impl Into<String>) -> Self {
        Self { place, code, gravity: Gravity::Refused, message: message.into(), hint: None }
    }

    /// Returns a finding of gravity `Warning`.
    pub fn warning(code: &'static str, place: Place, message: impl Into<String>) -> Self {
        Self { gravity: Gravity::Warning, ..Self::refused(code, place, message) }
    }

    /// Returns a finding of gravity `Note`.
    pub fn note(code: &'static str, place: Place, message: impl Into<String>) -> Self {
        Self { gravity: Gravity::Note, ..Self::refused(code, place, message) }
    }

    /// Adds the next step.
    #[must_use]
    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }
}

/// Returns whether any of `findings` refuses the input.
pub fn any_refused(findings: &[Finding]) -> bool {
    findings.iter().any(|finding| finding.gravity == Gravity::Refused)
}
