//! Bad lists, settings, templates, folders and disks: each is named with its place and the next step, ends
//! with the code of its kind, and costs nobody anything.

use crate::harness::{Incident, OCTOBER, Run, count, finding, list_of, run};
use forthwith_testkit::{
    relay::{At, Relay, Script},
    tools,
};
use serde_json::json;
use std::{
    collections::BTreeSet,
    fs,
    io::Write as _,
    os::unix::{fs::PermissionsExt as _, process::CommandExt as _},
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

const HEADER: &str = "id,email,name,country,region\n";
const ADA: &str = "C1,ada@people.example,Ada,US,OR\n";

/// Looks that a list is refused by `code`, at this line, by every command that reads it; nothing is frozen.
fn refuses(list: impl AsRef<[u8]>, code: &str, line: Option<u64>, says: &[&str]) {
    let incident = Incident::with_list(list);
    let report = incident.json("check", &[]).exits(3).json();
    let found = finding(&report, code);
    assert_eq!(
        (&found["gravity"], found.get("line").and_then(serde_json::Value::as_u64)),
        (&json!("refused"), line)
    );
    assert!(found["hint"].as_str().is_some_and(|hint| !hint.is_empty()), "no next step: {found}");
    incident.run("check", &[]).exits(3).says(says).says(&["affected.csv", &format!("refused[{code}]"), "help: "]);
    incident.run("notify", &["--dry-run"]).exits(3).warns(&[&format!("refused[{code}]")]).hints();
    incident.run("notify", &[]).exits(3).hints();
    incident.run("status", &[]).exits(4);
    incident.run("status", &["--rehearsal"]).exits(4);
}

#[test]
fn lists_without_people() {
    refuses("", "empty-list", None, &["it has no header"]);
    refuses("\u{feff}", "empty-list", None, &[]);
    refuses(HEADER, "no-rows", None, &["a header and no rows"]);
}

#[test]
fn headers() {
    refuses("id,mail\nC1,ada@people.example\n", "no-email-column", Some(1), &["\"mail\"", "email = \"mail\""]);
    refuses("id,email,EMAIL \nC1,a@people.example,b\n", "column-twice", Some(1), &["`email`"]);
}

#[test]
fn rows() {
    let bo = "C2,bo@people.example,Bo,US,OR";
    refuses(format!("{HEADER}{ADA}{bo},more\n"), "cells", Some(3), &["6 cells", "affected.csv:3, row 2"]);
    refuses(format!("{HEADER}{ADA}C2,bo@people.example\n"), "cells", Some(3), &["2 cells"]);
    let unclosed = format!("{HEADER}{ADA}C2,bo@people.example,\"Bo,US,OR\n{ADA}{ADA}");
    refuses(unclosed, "unclosed-quote", Some(3), &["opened on line 3"]);
    let latin = [HEADER.as_bytes(), ADA.as_bytes(), b"C2,bo@people.example,J\xfcrgen,US,OR\n"].concat();
    refuses(latin, "not-utf8", Some(3), &["0xFC", "row 2", "UTF-8"]);
}

#[test]
fn ten_megabytes_in_one_cell() {
    let list =
        format!("{HEADER}C1,ada@people.example,{},US,OR\nC2,bo@people.example,Bo,US,OR\n", "x".repeat(10_000_000));
    let incident = Incident::with_list(list);
    let report = incident.json("check", &[]).exits(3).json();
    assert_eq!(finding(&report, "row-too-long")["line"], 2);
    // The row behind it is read as if nothing were wrong.
    assert_eq!((&report["rows"], &report["planned"], &report["refused"]), (&json!(2), &json!(1), &json!(1)));
    let run = incident.run("check", &[]).exits(3).says(&["affected.csv:2, row 1", "shorten its cells"]);
    assert!(run.stdout.len() < 5_000, "{} octets", run.stdout.len());
}

#[test]
fn a_folder_a_device_or_nothing_in_place_of_the_list() {
    let incident = Incident::example(OCTOBER);
    incident.remove("affected.csv");
    let list = incident.file("affected.csv");
    incident.run("check", &[]).exits(3).says(&["refused[no-list]", "affected.csv", "help: "]);
    run(&["check", list.to_str().unwrap()]).exits(1).warns(&[list.to_str().unwrap()]).hints();
    fs::create_dir(&list).unwrap();
    for command in [&["check"][..], &["notify"], &["notify", "--dry-run"], &["preview"]] {
        incident.run(command[0], &command[1..]).exits(1).warns(&["affected.csv: is a directory"]).hints();
    }
    fs::remove_dir(&list).unwrap();
    std::os::unix::fs::symlink("/dev/zero", &list).unwrap();
    incident.run("check", &[]).exits(1).warns(&["affected.csv", "not a regular file"]).hints();
    run(&["check", "/nowhere/at/all"]).exits(1).warns(&["/nowhere/at/all"]).hints();
}

#[test]
fn an_unknown_key_in_each_settings_file() {
    for (file, exits) in [("incident.toml", 3), ("affected.toml", 3), ("delivery.toml", 3)] {
        let incident = Incident::example(OCTOBER);
        let lines = incident.read(file).lines().count();
        incident.append(file, "\n[colour]\nx = 1\n");
        let place = format!("{file}:{}:2", lines + 2);
        incident.run("check", &[]).exits(exits).says(&["refused[unknown-key]", &place, "[colour]", "known here: "]);
        incident.run("notify", &[]).exits(exits).warns(&[&place]).hints();
        let report = incident.json("check", &[]).exits(exits).json();
        let found = finding(&report, "unknown-key");
        assert_eq!(
            (&found["file"], &found["line"], &found["character"]),
            (&json!(file), &json!(lines + 2), &json!(2))
        );
    }
}

#[test]
fn settings_that_are_no_toml_or_no_text() {
    for file in ["incident.toml", "affected.toml", "delivery.toml"] {
        for bytes in [&b"[incident\n"[..], b"\xff\xfe[\0", b"x = \"\xe9\"\n"] {
            let incident = Incident::example(OCTOBER);
            incident.write(file, bytes);
            incident.run("check", &[]).exits(3).says(&[file, "refused["]);
            incident.run("notify", &[]).exits(3).warns(&[file]).hints();
        }
    }
    let incident = Incident::example(OCTOBER);
    incident.remove("incident.toml");
    incident.run("check", &[]).exits(3).says(&["refused[no-incident]", "forthwith new"]);
    incident.remove("delivery.toml");
    incident.run("notify", &[]).exits(3).warns(&["delivery.toml", "relay = \"inbox\""]).hints();
}

#[test]
fn every_mistake_in_a_settings_file_is_shown_at_once() {
    let incident = Incident::example(OCTOBER);
    incident.replace("incident.toml", "discovered = 2020-10-19", "discovered = \"soon\"");
    incident.replace("incident.toml", "culprits = \"one\"", "culprits = \"two\"");
    incident.replace("incident.toml", "holder = ", "holdr = ");
    let run = incident.run("check", &[]).exits(3);
    run.says(&["incident.toml:7:", "discovered = \"soon\"", "culprits = \"two\"", "holdr", "is `holder` meant?"]);
}

#[test]
fn templates_with_a_slip_or_a_forbidden_tag() {
    for (text, code, place, says) in [
        ("Hello\n\n  {{ nmae }},\n", "template-name", ":3:6", "is `name` meant?"),
        ("{% if nmae %}Hello{% endif %}\n", "template-name", ":1:7", "nmae"),
        ("Hello {% set x = 1 %}\n", "template-tag", ":1:10", "`set`"),
        ("Hello {{ name | safe }}\n", "template-tag", ":1:17", "`safe`"),
        ("Hello {% include \"x\" %}\n", "template-tag", ":1:10", "`include`"),
        ("Hello {{ __tera_context }}\n", "template-", ":1:", "__tera_context"),
        ("Hello {{ name\n", "template-tag", ":1:7", "does not end"),
    ] {
        let incident = Incident::example(OCTOBER);
        incident.write("templates/greeting.en.md", text);
        let file = format!("templates/greeting.en.md{place}");
        incident.run("check", &[]).exits(3).says(&[&format!("refused[{code}"), &file, says]);
        incident.run("notify", &["--dry-run"]).exits(3).warns(&[&file]).hints();
        incident.run("preview", &[]).exits(3).warns(&[&file]).hints();
        incident.run("status", &[]).exits(4);
    }
}

#[test]
fn an_output_folder_that_others_enter_or_that_leads_elsewhere() {
    let incident = Incident::example(OCTOBER);
    let out = incident.file("out");
    fs::create_dir(&out).unwrap();
    fs::set_permissions(&out, fs::Permissions::from_mode(0o755)).unwrap();
    for more in [&[][..], &["--dry-run"]] {
        incident.run("notify", more).exits(1).warns(&["out can be read by others", "chmod 700"]).hints();
    }
    fs::remove_dir(&out).unwrap();
    let elsewhere = tempfile::tempdir().unwrap();
    std::os::unix::fs::symlink(elsewhere.path(), &out).unwrap();
    incident.run("notify", &[]).exits(1).warns(&["out is not a folder"]);
    assert_eq!(fs::read_dir(elsewhere.path()).unwrap().count(), 0);
}

#[test]
fn a_damaged_ledger_ends_with_6_and_is_not_touched() {
    let incident = Incident::frozen();
    let path = incident.file("out/ledger.sqlite");
    let _ = fs::remove_file(incident.file("out/ledger.sqlite-wal"));
    fs::write(
        &path,
        b"this is no ledger, and it is long enough to be looked at by SQLite as a file of its own kind",
    )
    .unwrap();
    let before = fs::read(&path).unwrap();
    for (command, more) in
        [("status", &[][..]), ("explain", &["1"]), ("notify", &["--relay", "smtp://127.0.0.1:9"])]
    {
        incident.run(command, more).exits(6).warns(&["ledger"]);
    }
    assert_eq!(fs::read(&path).unwrap(), before);
}

/// An incident folder that belongs to `nobody`, who runs the program.
struct AsNobody {
    incident: Incident,
    program: PathBuf,
    account: tools::Account,
}

impl AsNobody {
    /// Returns none where we cannot become somebody else.
    fn new() -> Option<Self> {
        if !tools::is_root() {
            tools::skip("permission bits are tested as another account, and only root becomes one");
            return None;
        }
        let account = tools::account("nobody").unwrap();
        let incident = Incident::example(OCTOBER);
        let around = incident.path().parent().unwrap().to_owned();
        fs::set_permissions(&around, fs::Permissions::from_mode(0o755)).unwrap();
        // The program may lie where `nobody` does not come.
        let program = around.join("forthwith");
        fs::copy(env!("CARGO_BIN_EXE_forthwith"), &program).unwrap();
        let own = |path: &Path| std::os::unix::fs::chown(path, Some(account.user), Some(account.group)).unwrap();
        own(incident.path());
        for entry in fs::read_dir(incident.path()).unwrap() {
            own(&entry.unwrap().path());
        }
        Some(Self { incident, program, account })
    }

    fn run(&self, command: &str, more: &[&str]) -> Run {
        let mut program = Command::new(&self.program);
        program.env_clear().stdin(Stdio::null()).uid(self.account.user).gid(self.account.group);
        Run::of(program.arg(command).arg(self.incident.path()).args(more).output().unwrap(), &[command])
    }

    fn allow(&self, file: &str, mode: u32) {
        fs::set_permissions(self.incident.file(file), fs::Permissions::from_mode(mode)).unwrap();
    }
}

#[test]
fn a_folder_that_cannot_be_written_is_still_read() {
    let Some(nobody) = AsNobody::new() else { return };
    nobody.allow("", 0o500);
    nobody.run("check", &[]).exits(0);
    nobody.run("preview", &["--row", "1"]).exits(0);
    for more in [&[][..], &["--dry-run"]] {
        nobody.run("notify", more).exits(1).warns(&["incident/out", "Permission denied"]).hints();
    }
    nobody.allow("", 0o700);
    nobody.run("notify", &[]).exits(0);
}

#[test]
fn an_output_folder_of_somebody_else_is_left_alone() {
    let Some(nobody) = AsNobody::new() else { return };
    let out = nobody.incident.file("out");
    for mode in [0o700, 0o755, 0o777] {
        fs::create_dir(&out).unwrap();
        nobody.allow("out", mode);
        for more in [&[][..], &["--dry-run"]] {
            nobody.run("notify", more).exits(1).warns(&["incident/out belongs to somebody else"]).hints();
        }
        assert_eq!(fs::read_dir(&out).unwrap().count(), 0);
        fs::remove_dir(&out).unwrap();
    }
}

#[test]
fn a_file_that_cannot_be_read_is_named() {
    let Some(nobody) = AsNobody::new() else { return };
    for file in ["affected.csv", "incident.toml", "delivery.toml"] {
        nobody.allow(file, 0);
        nobody.run("check", &[]).exits(1).warns(&[file, "Permission denied"]).hints();
        nobody.allow(file, 0o600);
    }
    nobody.run("notify", &[]).exits(0);
    nobody.allow("out/plan.key", 0o644);
    nobody.run("notify", &[]).exits(6).warns(&["plan.key", "chmod 600"]).hints();
}

/// A file system of bounded size, in place of an incident's `out/`.
struct SmallDisk(PathBuf);

impl SmallDisk {
    fn mount(incident: &Incident, size: &str) -> Option<Self> {
        let out = incident.file("out");
        fs::create_dir(&out).unwrap();
        let options = format!("size={size},mode=700");
        let mount = Command::new("mount").args(["-t", "tmpfs", "-o", &options, "tmpfs"]).arg(&out).output();
        if !mount.is_ok_and(|mount| mount.status.success()) {
            tools::skip("a small disk cannot be mounted here: that needs root");
            return None;
        }
        Some(Self(out))
    }

    /// Fills all but `room` octets.
    fn fill(&self, room: u64) {
        let mut filler = fs::File::create(self.0.join("filler")).unwrap();
        while filler.write_all(&[0; 4096]).is_ok() {}
        let full = filler.metadata().unwrap().len();
        filler.set_len(full.saturating_sub(room)).unwrap();
    }

    fn make_room(&self) {
        fs::remove_file(self.0.join("filler")).unwrap();
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg("--lazy").arg(&self.0).status();
    }
}

#[test]
fn a_full_disk_freezes_nothing_and_the_next_dry_run_does() {
    let incident = Incident::with_list(list_of(200));
    let Some(disk) = SmallDisk::mount(&incident, "4m") else { return };
    for room in [0, 4_096, 65_536, 131_072] {
        disk.fill(room);
        let run = incident.run("notify", &["--dry-run"]);
        assert!([1, 6].contains(&run.code()), "{room}: {}{}", run.stdout, run.stderr);
        run.hints();
        disk.make_room();
        assert!(!incident.file("out/packet").exists(), "{room}");
    }
    assert_eq!(incident.json("notify", &["--dry-run"]).exits(0).json()["planned"], 200);
}

#[test]
fn a_disk_that_fills_up_stops_the_run_and_loses_nobody() {
    const PEOPLE: usize = 300;
    let incident = Incident::with_list(list_of(PEOPLE));
    let Some(disk) = SmallDisk::mount(&incident, "64m") else { return };
    incident.run("notify", &["--dry-run"]).exits(0);
    let relay = Relay::start(Script::new(["PIPELINING"])).unwrap();
    let url = format!("smtp://{}", relay.address());
    disk.fill(200_000);
    let words = ["--relay", &url, "--confirm", "300", "--rate", "unlimited"];
    let run = incident.run("notify", &words).exits(6);
    run.warns(&["ledger"]).hints();
    let before = relay.received().len();
    assert!(before > 0 && before < PEOPLE, "{before}: the disk was to fill up in between");
    disk.make_room();
    let run = incident.tell(&url, &[]);
    assert!([0, 5].contains(&run.code()), "{}{}", run.stdout, run.stderr);
    let report = run.json();
    let doubts = count(&report["states"]["in_doubt"]);
    assert_eq!(count(&report["states"]["accepted"]) + doubts, PEOPLE as u64, "{report}");
    let received: Vec<_> = relay.received().into_iter().map(|message| message.rcpt).collect();
    let told: BTreeSet<_> = received.iter().collect();
    assert_eq!(told.len(), received.len(), "somebody was told twice");
    assert!(told.len() as u64 + doubts >= PEOPLE as u64 && relay.times(At::Dot) == received.len());
}
