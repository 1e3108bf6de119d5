//! Files that are not what they should be, in the place of everything that an operator names: each is refused in
//! time, with its name, and nothing is connected or read for ever.

use crate::harness::{Incident, OCTOBER, Run, finding, program};
use forthwith_testkit::relay::{
    At, Protection, Relay, Script,
    certificate::{Certificate, Flaw},
};
use std::{
    fs,
    io::Write as _,
    os::unix::fs::{PermissionsExt as _, symlink},
    path::Path,
    process::{Command, Stdio},
};

/// What stands in the place of a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Odd {
    /// Nobody ever writes into it.
    Pipe,
    /// It never ends.
    Zero,
    Folder,
    /// A link to nothing.
    Nowhere,
    /// A link to itself.
    Circle,
}

const ODD: [Odd; 5] = [Odd::Pipe, Odd::Zero, Odd::Folder, Odd::Nowhere, Odd::Circle];

impl Odd {
    /// Puts it in the place of `path`.
    fn put(self, path: &Path) {
        let _ = fs::remove_file(path);
        let _ = fs::remove_dir(path);
        match self {
            Self::Pipe => {
                let mode = rustix::fs::Mode::RUSR | rustix::fs::Mode::WUSR;
                rustix::fs::mknodat(rustix::fs::CWD, path, rustix::fs::FileType::Fifo, mode, 0).unwrap();
            }
            Self::Zero => symlink("/dev/zero", path).unwrap(),
            Self::Folder => fs::create_dir(path).unwrap(),
            Self::Nowhere => symlink("/nowhere/at/all", path).unwrap(),
            Self::Circle => symlink(path, path).unwrap(),
        }
    }
}

/// Runs a command that may take no longer than `PATIENCE`: what is read for ever would.
fn ends(incident: &Incident, command: &str, more: &[&str]) -> Run {
    incident.start(command, more).wait()
}

#[test]
fn inputs_that_are_no_files_are_refused_and_never_waited_for() {
    for name in ["incident.toml", "affected.toml", "delivery.toml", "affected.csv", "templates/greeting.en.md"] {
        // A link to nothing is a file that is not there, which not every input must be.
        for odd in ODD.into_iter().filter(|odd| *odd != Odd::Nowhere) {
            let incident = Incident::example(OCTOBER);
            fs::create_dir(incident.file("templates")).unwrap();
            odd.put(&incident.file(name));
            ends(&incident, "check", &[]).exits(1).warns(&[name]).hints();
            // How it goes out is no part of a plan.
            let more = if name == "delivery.toml" { &[][..] } else { &["--dry-run"] };
            ends(&incident, "notify", more).exits(1).warns(&[name]).hints();
            incident.run("status", &[]).exits(4);
        }
    }
}

#[test]
fn a_password_file_or_ca_file_that_is_no_file_ends_the_run_before_it_connects() {
    let certificate = Certificate::new(Flaw::None);
    let script = Script::new(["AUTH PLAIN"]).login("tim", "x");
    let relay = Relay::start(script.protected(Protection::Implicit(certificate.clone()))).unwrap();
    let incident = Incident::frozen_with(2);
    incident.write("whole.pem", certificate.authority());
    incident.write("whole", "x\n");
    fs::set_permissions(incident.file("whole"), fs::Permissions::from_mode(0o600)).unwrap();
    for (key, other) in [("password_file", "ca_file"), ("ca_file", "password_file")] {
        for odd in ODD {
            let path = incident.file("odd");
            odd.put(&path);
            let whole = incident.file(if other == "ca_file" { "whole.pem" } else { "whole" });
            let settings = format!(
                "[relay]\nurl = \"smtps://{}\"\nuser = \"tim\"\n{key} = \"{}\"\n{other} = \"{}\"\n",
                relay.address(),
                path.display(),
                whole.display()
            );
            incident.write("delivery.toml", settings);
            let run = ends(&incident, "notify", &["--confirm", "2"]).exits(7).hints();
            assert!(run.stderr.contains(path.to_str().unwrap()), "{key} {odd:?}: {}", run.stderr);
            assert_eq!(incident.json("status", &[]).json()["states"]["queued"], 2);
        }
    }
    assert_eq!(relay.times(At::Connect), 0);
}

/// Whatever the account's habits are, what is made is for its owner alone.
#[test]
fn an_open_umask_opens_nothing() {
    let incident = Incident::example(OCTOBER);
    for words in [&["notify", "--dry-run"][..], &["notify"], &["preview", "--row", "1"]] {
        let mut shell = Command::new("sh");
        shell.args(["-c", "umask 000; exec \"$@\"", "sh", program().get_program().to_str().unwrap(), words[0]]);
        let output = shell.arg(incident.path()).args(&words[1..]).stdin(Stdio::null()).output().unwrap();
        Run::of(output, words).exits(0);
    }
    let mut folders = vec![incident.file("out")];
    while let Some(folder) = folders.pop() {
        let mode = |path: &Path| fs::symlink_metadata(path).unwrap().permissions().mode() & 0o777;
        assert_eq!(mode(&folder), 0o700, "{}", folder.display());
        for entry in fs::read_dir(&folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else {
                assert_eq!(mode(&path) & 0o177, 0, "{}", path.display());
            }
        }
    }
}

/// What somebody does to a frozen incident.
type Spoil = dyn Fn(&Incident);

/// What somebody else could read, write or lead elsewhere is not used, and nobody is told.
#[test]
fn a_ledger_or_key_that_others_can_reach_is_not_used() {
    let relay = Relay::start(Script::new([])).unwrap();
    let spoil: [(&str, &Spoil); 9] = [
        ("chmod", &|incident| chmod(&incident.file("out"), 0o777)),
        ("chmod", &|incident| chmod(&incident.file("out/ledger.sqlite"), 0o644)),
        ("chmod", &|incident| chmod(&incident.file("out/ledger.sqlite"), 0o606)),
        ("chmod", &|incident| chmod(&incident.file("out/plan.key"), 0o640)),
        ("hard link", &|incident| {
            fs::hard_link(incident.file("out/ledger.sqlite"), incident.file("second")).unwrap();
        }),
        ("link", &|incident| move_behind_a_link(incident, "out/ledger.sqlite")),
        ("ledger.sqlite", &|incident| Odd::Pipe.put(&incident.file("out/ledger.sqlite"))),
        ("plan.key", &|incident| move_behind_a_link(incident, "out/plan.key")),
        ("plan.key", &|incident| Odd::Pipe.put(&incident.file("out/plan.key"))),
    ];
    for (says, spoil) in spoil {
        let incident = Incident::frozen_with(2);
        spoil(&incident);
        let run = ends(&incident, "notify", &["--relay", &relay.url(), "--confirm", "2"]);
        assert!([1, 6].contains(&run.code()), "{says}: {}", run.code());
        run.warns(&[says]).hints();
    }
    assert_eq!(relay.times(At::Connect), 0);
}

fn chmod(path: &Path, mode: u32) {
    fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
}

fn move_behind_a_link(incident: &Incident, name: &str) {
    let elsewhere = incident.file("elsewhere");
    fs::rename(incident.file(name), &elsewhere).unwrap();
    symlink(elsewhere, incident.file(name)).unwrap();
}

/// Octets of a cell that is larger than all the memory its reader may have.
const CELL: usize = 160 << 20;
/// KiB that the reader may have, its program and its threads included.
const MEMORY_KIB: usize = 150 << 10;

#[test]
fn a_cell_larger_than_the_memory_there_is_refuses_its_row_alone() {
    let incident = Incident::with_list("");
    incident.remove("affected.csv");
    let packed = fs::File::create(incident.file("affected.csv.gz")).unwrap();
    let mut list = flate2::write::GzEncoder::new(packed, flate2::Compression::fast());
    list.write_all(b"id,email,name\nC1,a@people.example,").unwrap();
    let piece = vec![b'x'; 1 << 20];
    (0..CELL >> 20).for_each(|_| list.write_all(&piece).unwrap());
    list.write_all(b"\nC2,b@people.example,Bo\n").unwrap();
    list.finish().unwrap();

    let check = program();
    let limit = format!("ulimit -v {MEMORY_KIB}; exec \"$@\"");
    let mut shell = Command::new("sh");
    shell.args(["-c", &limit, "sh"]).arg(check.get_program()).arg("check").arg(incident.path());
    let run = Run::of(shell.args(["--format", "json"]).stdin(Stdio::null()).output().unwrap(), &["check"]).exits(3);
    let report = run.json();
    assert_eq!(finding(&report, "row-too-long")["line"], 2);
    assert_eq!((&report["rows"], &report["planned"]), (&2.into(), &1.into()), "the next row is read");
}

#[test]
fn a_hundred_thousand_columns_are_refused_with_the_limit() {
    let columns = |count: usize| (1..count).flat_map(|n| [",c".to_owned(), n.to_string()]).collect::<String>();
    let list = |count: usize| format!("email{}\na@people.example{}\n", columns(count), ",x".repeat(count - 1));
    for count in [501, 100_000, 200_000] {
        let incident = Incident::with_list(list(count));
        let run = incident.run("check", &[]).exits(3);
        assert!(run.stdout.contains("at most 500") || run.stdout.contains("1 MiB"), "{count}: {}", run.stdout);
        assert!(run.stdout.len() < 10_000, "{count}: {} octets", run.stdout.len());
    }
    let incident = Incident::with_list(list(500));
    incident.run("check", &[]).exits(0);
}
