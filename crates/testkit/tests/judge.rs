//! The judge as a program: its exit says what its words say.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use forthwith_testkit::judge::folder::{Fact, Told, write};
use std::{path::Path, process::Command};

/// Judges, and returns the exit and what was said.
fn judge(folder: &Path) -> (Option<i32>, String) {
    let output = Command::new(env!("CARGO_BIN_EXE_judge")).arg(folder).output().unwrap();
    (output.status.code(), String::from_utf8([output.stdout, output.stderr].concat()).unwrap())
}

#[test]
fn it_ends_with_what_it_found() {
    let fact = |state: &str| Fact {
        row: 1,
        address: "ada@example.org".to_owned(),
        state: state.to_owned(),
        content: "00".repeat(32),
    };
    for (state, exit, says) in [("bounced", 0, "lost 0, "), ("queued", 1, "lost 1 (first ada@example.org)")] {
        let folder = tempfile::tempdir().unwrap();
        let list = "id,email\nC1,ada@example.org\n";
        write(folder.path(), list, &[fact(state)], &[], &Told::default()).unwrap();
        let (ended, said) = judge(folder.path());
        assert!(ended == Some(exit) && said.contains(says), "{ended:?} {said}");
    }
    let (ended, said) = judge(Path::new("/nonexistent"));
    assert!(ended == Some(2) && said.contains("cannot read"), "{said}");
}
