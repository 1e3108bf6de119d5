//! People and keys for tests of the release: an example whose `[approval]` names them, and what they do.

use crate::harness::{Incident, OCTOBER, Run, program};
use forthwith_testkit::{
    relay::{Relay, Script},
    signing::{Key, Kind},
    tools,
};
use std::{
    fs,
    os::unix::fs::PermissionsExt as _,
    path::{Path, PathBuf},
    process::Command,
};
use tempfile::TempDir;

/// The namespace of a release.
pub const NAMESPACE: &str = "forthwith-approval@v1";
/// The rule of the example, which tests replace.
const NONE: &str = "[approval]\nnone = \"an invented incident: nobody is told\"\n";

/// Ada, counsel, who signs with a key in memory.
pub const ADA: Key = Key::with(Kind::Ed25519, 1);
/// Bo, privacy.
pub const BO: Key = Key::with(Kind::Ed25519, 2);
/// Cy, whose key is hardware.
pub const CY: Key = Key::with(Kind::HardwareEd25519, 3);

/// Returns a line of signers.
pub fn line(principals: &str, key: &str) -> String {
    format!("{principals} {key}")
}

/// Returns Ada's, Bo's and Cy's lines.
pub fn people() -> Vec<String> {
    vec![
        line("ada@firm.example,role:counsel", &ADA.public()),
        line("bo@org.example,role:privacy", &BO.public()),
        line("cy@org.example", &CY.public()),
    ]
}

/// Returns `[approval]` with these signers and more settings.
pub fn rule(signers: &[String], more: &str) -> String {
    let signers: Vec<_> = signers.iter().map(|line| format!("'{line}'")).collect();
    format!("[approval]\n{more}signers = [{}]\n", signers.join(", "))
}

/// Copies the example with this rule, and freezes its plan.
pub fn frozen(rule: &str) -> Incident {
    let incident = with_rule(rule);
    incident.run("notify", &["--dry-run"]).exits(0);
    incident
}

/// Copies the example with this rule.
pub fn with_rule(rule: &str) -> Incident {
    let incident = Incident::example(OCTOBER);
    incident.replace("incident.toml", NONE, rule);
    incident
}

/// Returns the statement of the frozen plan.
pub fn statement(incident: &Incident) -> Vec<u8> {
    fs::read(incident.file("out/packet/statement.txt")).unwrap()
}

/// Has `key` sign the statement, and hands it in.
pub fn hand_in(incident: &Incident, key: Key) -> Run {
    hand_in_text(incident, &key.sign(NAMESPACE, &statement(incident)))
}

/// Hands a signature in. Where it is taken, `ssh-keygen` has to find it good too.
pub fn hand_in_text(incident: &Incident, signature: &str) -> Run {
    incident.write("handed.sig", signature);
    let path = incident.file("handed.sig");
    let run = incident.run("approve", &["--signature", path.to_str().unwrap()]);
    let kept = kept_beside(incident, signature);
    assert!(run.code() != 0 || kept.is_some(), "a signature is taken and not kept");
    if let (Some(folder), Some(ssh_keygen)) = (kept, tools::require("ssh-keygen")) {
        let signers = folder.join("allowed_signers");
        let mut find = Command::new(&ssh_keygen);
        find.args(["-Y", "find-principals", "-f"]).arg(&signers).arg("-s").arg(&path);
        let found = String::from_utf8(find.output().unwrap().stdout).unwrap();
        let name = found.split([',', '\n']).next().unwrap();
        assert!(is_good(&ssh_keygen, &folder, &path, name), "ssh-keygen finds a signature of {name:?} not good");
    }
    run
}

/// Returns the folder that keeps this signature.
fn kept_beside(incident: &Incident, signature: &str) -> Option<PathBuf> {
    let inside = |folder: &Path| fs::read_dir(folder).into_iter().flatten().map(|entry| entry.unwrap().path());
    let keeps = |folder: &PathBuf| inside(folder).any(|file| fs::read(file).unwrap() == signature.as_bytes());
    inside(&incident.file("out/approvals")).collect::<Vec<_>>().into_iter().find(keeps)
}

/// Returns whether `ssh-keygen -Y verify` finds a signature of the statement in `folder` good as one of `name`.
fn is_good(ssh_keygen: &Path, folder: &Path, signature: &Path, name: &str) -> bool {
    let statement = fs::File::open(folder.join("statement.txt")).unwrap();
    let mut command = Command::new(ssh_keygen);
    command.args(["-Y", "verify", "-n", NAMESPACE, "-I", name, "-f"]).arg(folder.join("allowed_signers"));
    command.arg("-s").arg(signature).stdin(statement).output().unwrap().status.success()
}

/// A relay that takes everything, and its URL.
pub fn relay() -> (Relay, String) {
    let relay = Relay::start(Script::new([])).unwrap();
    let url = format!("smtp://{}", relay.address());
    (relay, url)
}

/// Runs `notify` to `url` for the example's twelve people.
pub fn notify(incident: &Incident, url: &str, more: &[&str]) -> Run {
    incident.run("notify", &[&["--relay", url, "--confirm", "12", "--rate", "unlimited"], more].concat())
}

/// Files of keys that `ssh-keygen` made.
pub struct KeyFiles {
    folder: TempDir,
    ssh_keygen: PathBuf,
}

impl KeyFiles {
    pub fn new(ssh_keygen: &Path) -> Self {
        Self { folder: TempDir::new().unwrap(), ssh_keygen: ssh_keygen.to_owned() }
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub fn write(&self, name: &str, text: &str) -> PathBuf {
        fs::write(self.path(name), text).unwrap();
        fs::set_permissions(self.path(name), fs::Permissions::from_mode(0o600)).unwrap();
        self.path(name)
    }

    /// Makes a key, and returns the path of its private half and its public line.
    pub fn make(&self, name: &str, kind: &[&str], passphrase: &str) -> (PathBuf, String) {
        let path = self.path(name);
        let mut command = Command::new(&self.ssh_keygen);
        command.args(["-q", "-C", name, "-N", passphrase, "-t"]).args(kind).arg("-f").arg(&path);
        assert!(command.status().unwrap().success());
        let public = fs::read_to_string(path.with_extension("pub")).unwrap();
        (path, public.trim().to_owned())
    }

    /// Signs as somebody does who never heard of this program, and returns the signature's path.
    pub fn sign(&self, key: &Path, namespace: &str, file: &Path) -> PathBuf {
        let copy = self.path("to-sign.txt");
        fs::copy(file, &copy).unwrap();
        let _ = fs::remove_file(self.path("to-sign.txt.sig"));
        let mut command = Command::new(&self.ssh_keygen);
        command.args(["-q", "-Y", "sign", "-n", namespace, "-f"]).arg(key).arg(&copy);
        assert!(command.output().unwrap().status.success());
        self.path("to-sign.txt.sig")
    }

    /// Returns whether `ssh-keygen -Y verify` finds every signature kept for the plan good.
    pub fn agrees(&self, incident: &Incident, names: &[&str]) -> bool {
        let all = fs::read_dir(incident.file("out/approvals")).unwrap();
        let folder = all.map(|entry| entry.unwrap().path()).next().unwrap();
        let entries = fs::read_dir(&folder).unwrap().map(|entry| entry.unwrap().path());
        let signatures: Vec<_> = entries.filter(|path| path.extension().is_some_and(|end| end == "sig")).collect();
        assert_eq!(signatures.len(), names.len());
        let by = |signature: &PathBuf, name: &str| is_good(&self.ssh_keygen, &folder, signature, name);
        signatures.iter().all(|signature| names.iter().any(|name| by(signature, name)))
    }
}

/// Runs the program under another clock. A moment is in UTC.
pub fn at_another_time(faketime: &Path, offset: &str, incident: &Incident, words: &[&str]) -> Run {
    let mut command = Command::new(faketime);
    let own = program();
    command.args(["-f", offset]).arg(own.get_program()).arg(words[0]).arg(incident.path()).args(&words[1..]);
    command.env_clear().env("PATH", std::env::var_os("PATH").unwrap_or_default()).env("TZ", "UTC");
    Run::of(command.output().unwrap(), words)
}
