//! `forthwith completions`.

use crate::{commands, harness::run};

#[test]
fn every_shell_learns_every_command() {
    for shell in ["bash", "zsh", "fish"] {
        let script = run(&["completions", shell]).exits(0).stdout;
        for command in commands::all() {
            assert!(script.contains(&command), "{shell} does not learn {command}");
        }
        for flag in ["dry-run", "let-stand", "format"] {
            assert!(script.contains(flag), "{shell} does not learn --{flag}");
        }
    }
}

#[test]
fn the_bash_script_is_one_that_bash_reads() {
    let script = run(&["completions", "bash"]).exits(0).stdout;
    let check = script
        + "\ncomplete -p forthwith\nCOMP_WORDS=(forthwith noti) COMP_CWORD=1\n\
        _forthwith forthwith noti forthwith\necho \"offers ${COMPREPLY[*]}\"\n";
    let bash = std::process::Command::new("bash").args(["--norc", "-c", &check]).output().unwrap();
    let said = String::from_utf8(bash.stdout).unwrap();
    assert!(said.contains("offers notify"), "{said}{}", String::from_utf8_lossy(&bash.stderr));
}
