//! Runs the program as an operator does, in a copy of an example, and looks at all that it says.
//!
//! Every run is looked at for what must never happen: a panic, a death by signal, a character that a terminal
//! obeys. It judges nothing else.

use serde_json::Value;
use std::{
    fs,
    path::{Path, PathBuf},
    process::{Child, Command, Output, Stdio},
    time::Duration,
};
use tempfile::TempDir;

/// The example in which one category of data is exposed.
pub const OCTOBER: &str = "amazon-2020-10";
/// The example in which each person's data differ.
pub const JANUARY: &str = "amazon-2020-01";
/// The example in four languages, with three entities.
pub const RETAILER: &str = "eu-retailer";
/// The example in which laws want other words of each other.
pub const CLINIC: &str = "clinic-ransomware";
/// Notices that are planned in `OCTOBER`.
pub const OCTOBER_PLANNED: u64 = 12;
/// The longest that a run in the background is waited for.
pub const PATIENCE: Duration = forthwith_testkit::server::HANG_MAX;
/// The keys of `states`, in the order in which they are promised.
pub const STATES: [&str; 8] =
    ["queued", "deferred", "in_flight", "in_doubt", "accepted", "bounced", "expired", "let_stand"];

/// Returns the program, with nothing of our environment but the path.
pub fn program() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_forthwith"));
    command.env_clear().env("PATH", std::env::var_os("PATH").unwrap_or_default()).stdin(Stdio::null());
    command
}

/// Runs the program with `words`.
pub fn run(words: &[&str]) -> Run {
    Run::of(program().args(words).output().unwrap(), words)
}

/// Returns the folder of the shipped example `name`.
pub fn shipped(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../examples").join(name)
}

/// An incident folder of a test's own.
pub struct Incident {
    _folder: TempDir,
    path: PathBuf,
}

impl Incident {
    /// Copies what a newcomer has of an example.
    pub fn example(name: &str) -> Self {
        let folder = TempDir::new().unwrap();
        let path = folder.path().join("incident");
        fs::create_dir(&path).unwrap();
        for file in ["incident.toml", "affected.toml", "delivery.toml", "affected.csv"] {
            fs::copy(shipped(name).join(file), path.join(file)).unwrap();
        }
        Self { _folder: folder, path }
    }

    /// Copies `OCTOBER`, with another list, no control total, and no law applied.
    pub fn with_list(list: impl AsRef<[u8]>) -> Self {
        let incident = Self::example(OCTOBER);
        incident.write("affected.csv", list);
        incident.remove("affected.toml");
        incident.write("incident.toml", forthwith_testkit::settings::without_law(&incident.read("incident.toml")));
        incident
    }

    /// Copies `OCTOBER` and freezes its plan.
    pub fn frozen() -> Self {
        let incident = Self::example(OCTOBER);
        incident.run("notify", &["--dry-run"]).exits(0);
        incident
    }

    /// Copies `OCTOBER` with `people` on its list, numbered from 1, and freezes its plan.
    pub fn frozen_with(people: usize) -> Self {
        let incident = Self::with_list(list_of(people));
        incident.run("notify", &["--dry-run"]).exits(0);
        incident
    }

    pub fn path(&self) -> &Path {
        &self.path
    }

    pub fn file(&self, name: &str) -> PathBuf {
        self.path.join(name)
    }

    pub fn read(&self, name: &str) -> String {
        fs::read_to_string(self.file(name)).unwrap()
    }

    pub fn write(&self, name: &str, bytes: impl AsRef<[u8]>) {
        let path = self.file(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, bytes).unwrap();
    }

    pub fn append(&self, name: &str, text: &str) {
        self.write(name, self.read(name) + text);
    }

    /// Replaces text that must be there.
    pub fn replace(&self, name: &str, from: &str, to: &str) {
        let text = self.read(name);
        assert!(text.contains(from), "{name} has no {from:?}");
        self.write(name, text.replace(from, to));
    }

    pub fn remove(&self, name: &str) {
        fs::remove_file(self.file(name)).unwrap();
    }

    /// Returns `COMMAND INCIDENT more…`, to be started.
    pub fn command(&self, command: &str, more: &[&str]) -> Command {
        let mut program = program();
        program.arg(command).arg(&self.path).args(more);
        program
    }

    /// Runs `COMMAND INCIDENT more…`.
    pub fn run(&self, command: &str, more: &[&str]) -> Run {
        Run::of(self.command(command, more).output().unwrap(), &[&[command], more].concat())
    }

    /// Runs `COMMAND INCIDENT more…` where no terminal is, wherever the tests were started: a session of its own
    /// (setsid(1)) has none.
    pub fn run_without_terminal(&self, command: &str, more: &[&str]) -> Run {
        let own = self.command(command, more);
        let mut session = Command::new("setsid");
        session.arg("--wait").arg(own.get_program()).args(own.get_args()).stdin(Stdio::null());
        Run::of(session.output().unwrap(), &[&[command], more].concat())
    }

    /// Runs `COMMAND INCIDENT more… --format json`.
    pub fn json(&self, command: &str, more: &[&str]) -> Run {
        self.run(command, &[more, &["--format", "json"]].concat())
    }

    /// Starts `COMMAND INCIDENT more…` beside the test.
    pub fn start(&self, command: &str, more: &[&str]) -> Running {
        Running::start(self.command(command, more), &[&[command], more].concat())
    }

    /// Asks the `notify` that goes on to stop, as soon as there is one.
    pub fn stop_run(&self) {
        let is_asked = || self.run("stop", &["--reason", "enough was seen"]).code() == 0;
        assert!(forthwith_testkit::server::wait_until(PATIENCE, is_asked), "no run goes on");
    }

    /// Tells people, by way of a relay on loopback: the plan is frozen, and its count confirmed.
    pub fn tell(&self, relay: &str, more: &[&str]) -> Run {
        let planned = self.json("status", &[]).json()["planned"].to_string();
        self.json("notify", &[&["--relay", relay, "--confirm", &planned, "--rate", "unlimited"], more].concat())
    }

    /// Returns what is in the inbox, by name.
    pub fn inbox(&self) -> Vec<(String, Vec<u8>)> {
        let folder = self.file("out/rehearsal/inbox");
        let mut messages: Vec<_> = fs::read_dir(folder)
            .unwrap()
            .map(|entry| entry.unwrap().path())
            .map(|path| (path.file_name().unwrap().to_str().unwrap().to_owned(), fs::read(path).unwrap()))
            .collect();
        messages.sort();
        messages
    }
}

/// Returns a list of `people`: `C1`, `p1@people.example`, ...
pub fn list_of(people: usize) -> String {
    let rows = (1..=people).map(|n| format!("C{n},p{n}@people.example,Person {n},US,OR\n"));
    "id,email,name,country,region\n".to_owned() + &rows.collect::<String>()
}

/// A run that goes on. It ends with the test.
pub struct Running {
    child: Option<Child>,
    stderr: tempfile::NamedTempFile,
    words: String,
}

impl Running {
    /// Starts a command line that is called `words` where it fails.
    pub fn start(mut command: Command, words: &[&str]) -> Self {
        let stderr = tempfile::NamedTempFile::new().unwrap();
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(stderr.reopen().unwrap());
        let child = command.spawn().unwrap();
        Self { child: Some(child), stderr, words: words.join(" ") }
    }

    /// Waits until it has said `text` on standard error, `PATIENCE` at most.
    pub fn has_warned(&self, text: &str) {
        let said = || fs::read_to_string(self.stderr.path()).unwrap();
        let has_said = forthwith_testkit::server::wait_until(PATIENCE, || said().contains(text));
        assert!(has_said, "{} does not warn of {text:?}: {}", self.words, said());
    }

    /// Returns its process number.
    pub fn id(&self) -> u32 {
        self.child.as_ref().unwrap().id()
    }

    /// Sends a signal.
    pub fn signal(&self, signal: rustix::process::Signal) {
        let id = i32::try_from(self.id()).unwrap();
        rustix::process::kill_process(rustix::process::Pid::from_raw(id).unwrap(), signal).unwrap();
    }

    /// Waits for its end, `PATIENCE` at most.
    pub fn wait(mut self) -> Run {
        let mut child = self.child.take().unwrap();
        let ends = forthwith_testkit::server::wait_until(PATIENCE, || child.try_wait().unwrap().is_some());
        if !ends {
            child.kill().unwrap();
        }
        let mut output = child.wait_with_output().unwrap();
        output.stderr = fs::read(self.stderr.path()).unwrap();
        assert!(ends, "{} did not end: {}", self.words, String::from_utf8_lossy(&output.stderr));
        Run::of(output, &[&self.words])
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        if let Some(mut child) = self.child.take() {
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}

/// How a run ended, and what it said.
pub struct Run {
    words: String,
    code: i32,
    pub stdout: String,
    pub stderr: String,
}

impl Run {
    pub fn of(output: Output, words: &[&str]) -> Self {
        let words = words.join(" ");
        let [stdout, stderr] = [output.stdout, output.stderr].map(|bytes| String::from_utf8(bytes).unwrap());
        let code = output.status.code().unwrap_or_else(|| panic!("`{words}` died: {}\n{stderr}", output.status));
        assert!(!stderr.contains("panicked") && code != 101, "`{words}` panicked:\n{stderr}");
        // A message that is printed whole keeps the line ends of the wire.
        for (name, said) in [("stdout", stdout.replace("\r\n", "\n")), ("stderr", stderr.clone())] {
            let obeyed = said.chars().find(|c| is_obeyed(*c));
            assert_eq!(obeyed, None, "`{words}` writes what a terminal obeys to {name}: {said:?}");
        }
        Self { words, code, stdout, stderr }
    }

    /// Returns the exit code.
    pub fn code(&self) -> i32 {
        self.code
    }

    /// Expects this exit code.
    #[track_caller]
    pub fn exits(self, code: i32) -> Self {
        let Self { words, stdout, stderr, .. } = &self;
        assert_eq!(self.code, code, "`{words}` exits otherwise\nstdout: {stdout}\nstderr: {stderr}");
        self
    }

    /// Expects each of `texts` on standard output.
    #[track_caller]
    pub fn says(self, texts: &[&str]) -> Self {
        for text in texts {
            assert!(self.stdout.contains(text), "`{}` does not say {text:?}: {}", self.words, self.stdout);
        }
        self
    }

    /// Expects each of `texts` on standard error.
    #[track_caller]
    pub fn warns(self, texts: &[&str]) -> Self {
        for text in texts {
            assert!(self.stderr.contains(text), "`{}` does not warn of {text:?}: {}", self.words, self.stderr);
        }
        self
    }

    /// Expects a next step beside the error.
    #[track_caller]
    pub fn hints(self) -> Self {
        assert!(self.stderr.contains("next: "), "`{}` names no next step: {}", self.words, self.stderr);
        self
    }

    /// Expects one JSON object, alone on standard output, whose counts add up.
    #[track_caller]
    pub fn json(&self) -> Value {
        let value: Value = serde_json::from_str(&self.stdout)
            .unwrap_or_else(|error| panic!("`{}`: {error}: {}\n{}", self.words, self.stdout, self.stderr));
        assert_eq!(self.stdout.matches('\n').count(), 1, "`{}` prints one line", self.words);
        counts_add_up(&value);
        value
    }
}

fn is_obeyed(c: char) -> bool {
    let is_bidi =
        matches!(c, '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
    is_bidi || (c.is_control() && c != '\n' && c != '\t')
}

/// Checks what cli.md promises of every report: rows are planned, withheld or refused; each planned notice is
/// in one state.
#[track_caller]
fn counts_add_up(report: &Value) {
    if report.get("rows").is_none() {
        return;
    }
    let withheld: u64 = report["withheld"].as_object().unwrap().values().map(count).sum();
    let (rows, planned) = (count(&report["rows"]), count(&report["planned"]));
    assert_eq!(rows, planned + withheld + count(&report["refused"]), "{report}");
    if let Some(states) = report.get("states") {
        let states = states.as_object().unwrap();
        let mut names: Vec<_> = states.keys().map(String::as_str).collect();
        let mut expected = STATES;
        names.sort_unstable();
        expected.sort_unstable();
        assert_eq!(names, expected);
        assert_eq!(states.values().map(count).sum::<u64>(), planned, "{report}");
        assert_eq!(report["refused"], 0);
    }
}

/// Returns a count of a report.
#[track_caller]
pub fn count(value: &Value) -> u64 {
    value.as_u64().unwrap_or_else(|| panic!("{value} is no count"))
}

/// Returns the finding of `code`, which must be there.
#[track_caller]
pub fn finding<'a>(report: &'a Value, code: &str) -> &'a Value {
    let findings = report["findings"].as_array().unwrap();
    findings.iter().find(|finding| finding["code"] == code).unwrap_or_else(|| panic!("no {code} in {report}"))
}
