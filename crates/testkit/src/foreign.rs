//! Lists that another program wrote and reads: Python's `csv`, in every form, whole and spoilt.
//!
//! What our own reader makes of a list is held against what that one makes of it. A spoilt list has one damage of
//! a kind that real exports have; both are drawn from a seed.

use serde::Deserialize;
use std::{
    io::{self, Write as _},
    path::Path,
    process::{Command, Stdio},
};

/// A list as a file, and what Python reads in it.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct Foreign {
    /// What was done to it; empty where it is as it was written.
    pub damage: String,
    /// The file, as hex digits.
    hex: String,
    /// The delimiter that it was written with, and that Python was told.
    pub delimiter: String,
    /// The encoding that it was written in, by its label.
    pub encoding: String,
    /// The cells of each record that is not empty, the header first: as they were written, or as Python reads them
    /// in a spoilt file, up to where it refuses it.
    pub rows: Vec<Vec<String>>,
    /// The physical line where each of these records starts, and that of the record that Python refuses.
    pub starts: Vec<u64>,
    /// Whether Python reads the file to its end.
    pub is_whole: bool,
    /// The physical line on which Python finds text behind a closing quote.
    pub refused_on: Option<u64>,
    /// The physical lines that have a quote.
    pub quotes: Vec<u64>,
    /// The physical lines that have a NUL.
    pub nuls: Vec<u64>,
    /// The physical lines between which it was spoilt: where the record starts that differs first, and where the last
    /// difference ends. Where octets are no text, both are about the first difference.
    pub spoilt: (u64, u64),
}

impl Foreign {
    /// Returns the file.
    pub fn octets(&self) -> Vec<u8> {
        let digit =
            |c: u8| char::from(c).to_digit(16).and_then(|digit| u8::try_from(digit).ok()).unwrap_or_default();
        self.hex
            .as_bytes()
            .chunks(2)
            .map(|pair| digit(pair[0]) << 4 | pair.get(1).map_or(0, |c| digit(*c)))
            .collect()
    }
}

/// Returns `count` lists drawn from `seed`; `is_spoilt` says whether they are damaged.
pub fn lists(python: &Path, seed: u64, count: usize, is_spoilt: bool) -> io::Result<Vec<Foreign>> {
    let mut child = Command::new(python)
        .args(["-I", "-", &seed.to_string(), &count.to_string(), if is_spoilt { "spoilt" } else { "whole" }])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()?;
    let Some(mut stdin) = child.stdin.take() else { return Err(io::Error::other("python has no standard input")) };
    stdin.write_all(SCRIPT.as_bytes())?;
    drop(stdin);
    let output = child.wait_with_output()?;
    if !output.status.success() {
        return Err(io::Error::other("python failed"));
    }
    Ok(serde_json::from_slice(&output.stdout)?)
}

/// Writes the lists to standard output as one JSON array.
const SCRIPT: &str = include_str!("foreign.py");
