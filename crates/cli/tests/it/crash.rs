//! What is left of a run that is struck down in the middle: nobody's data, and no credential, but where they
//! belong. The words of a panic are tested beside `src/crash.rs`.

use crate::harness::{Incident, PATIENCE, program};
use forthwith_testkit::{
    relay::{Act, At, Relay, Script},
    server::wait_until,
};
use rustix::process::{Pid, Signal, kill_process};
use std::{
    fs,
    os::unix::process::ExitStatusExt as _,
    path::Path,
    process::{Command, Stdio},
};

/// Words that stand in the list, in the password file, and nowhere else.
const CANARIES: [&str; 5] = ["canaryid", "canarylocal", "canaryname", "canarynote", "canarypassword"];
const LIST: &str =
    "id,email,name,country,region,note\ncanaryid,canarylocal@people.example,canaryname,US,OR,canarynote\n";

fn canaries(bytes: &[u8]) -> Vec<&'static str> {
    let text = String::from_utf8_lossy(bytes).to_lowercase();
    CANARIES.into_iter().filter(|canary| text.contains(canary)).collect()
}

fn names(folder: &Path) -> Vec<String> {
    let mut names: Vec<_> =
        fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}

/// Each signal for which a system writes a core, while the list, the notice and the password are in memory.
#[test]
fn a_signal_in_the_middle_of_a_dialogue_leaves_nothing_of_anybody() {
    for signal in [Signal::SEGV, Signal::ABORT, Signal::BUS, Signal::ILL, Signal::QUIT] {
        let incident = Incident::with_list(LIST);
        incident.run("notify", &["--dry-run"]).exits(0);
        incident.write("password", "canarypassword\n");
        let mode = std::os::unix::fs::PermissionsExt::from_mode(0o600);
        fs::set_permissions(incident.file("password"), mode).unwrap();
        let script = Script::new(["AUTH PLAIN"]).login("tim", "canarypassword").always(At::Rcpt, Act::Stall);
        let relay = Relay::start(script).unwrap();
        let password = incident.file("password");
        let settings = format!(
            "[relay]\nurl = \"{}\"\nuser = \"tim\"\npassword_file = \"{}\"\n",
            relay.url(),
            password.display()
        );
        incident.write("delivery.toml", settings);
        let work = tempfile::tempdir().unwrap();

        // Whoever runs the tests in the background may have them ignore QUIT, which a shell cannot undo.
        let mut shell = Command::new("env");
        shell
            .args(["--default-signal", "sh", "-c", "ulimit -c unlimited; exec \"$@\"", "sh"])
            .arg(program().get_program());
        shell.arg("notify").arg(incident.path()).args(["--confirm", "1"]).current_dir(work.path());
        shell.env("RUST_BACKTRACE", "full").env("RUST_LOG", "trace").stdin(Stdio::null());
        let mut child = shell.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        assert!(wait_until(PATIENCE, || relay.times(At::Rcpt) > 0), "{signal:?}");
        let before = names(incident.path());
        for file in ["cmdline", "environ"] {
            let said = fs::read(format!("/proc/{}/{file}", child.id())).unwrap();
            assert_eq!(canaries(&said), [""; 0], "{signal:?} {file}");
        }
        // Rust's own handler lets the first SEGV or BUS pass: it waits for the fault to come again.
        let struck = wait_until(PATIENCE, || {
            let ended = child.try_wait().unwrap().is_some();
            ended || kill_process(Pid::from_child(&child), signal).is_err()
        });
        assert!(struck, "{signal:?}: it goes on");
        let output = child.wait_with_output().unwrap();
        assert_eq!(output.status.signal(), Some(signal.as_raw()), "{signal:?}");
        assert!(!output.status.core_dumped(), "{signal:?}");
        assert_eq!(canaries(&[output.stdout, output.stderr].concat()), [""; 0], "{signal:?}");
        assert_eq!(names(work.path()), [""; 0], "{signal:?}");
        assert_eq!(names(incident.path()), before, "{signal:?}");
        // Nothing was handed over, and the next run says so.
        let states = &incident.json("status", &[]).exits(0).json()["states"];
        assert_eq!((&states["accepted"], relay.received().len()), (&0.into(), 0), "{signal:?}: {states}");
    }
}
