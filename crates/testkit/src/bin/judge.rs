//! `judge FOLDER`: judges a run from plain files alone, and ends with 0 where nothing is wrong, 1 where
//! something is, 2 where the files cannot be read.
//!
//! It shares no code with the program that it judges. `testkit::judge::folder` says what the files are.
#![expect(clippy::print_stdout, clippy::print_stderr, reason = "a program that judges says what it found")]

use forthwith_testkit::judge::folder::judge_folder;
use std::{path::PathBuf, process::ExitCode};

fn main() -> ExitCode {
    let Some(folder) = std::env::args_os().nth(1).map(PathBuf::from) else {
        eprintln!("usage: judge FOLDER, which holds affected.csv, ledger.jsonl, story.json and recorded/");
        return ExitCode::from(2);
    };
    match judge_folder(&folder) {
        Ok(judgement) => {
            println!("{judgement}");
            ExitCode::from(u8::from(!judgement.is_clean()))
        }
        Err(error) => {
            eprintln!("judge: cannot read {}: {error}", folder.display());
            ExitCode::from(2)
        }
    }
}
