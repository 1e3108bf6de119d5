//! The packet as files: nobody is named outside its private part, the same inputs give the same bytes, and what is
//! reckoned from a moment or compared with the packet before lies beside what is released.

use crate::harness::{Incident, JANUARY, OCTOBER};
use std::{
    collections::BTreeMap,
    fs,
    os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _},
    path::Path,
};

/// A moment from which packets are reckoned.
pub const AS_OF: &str = "2020-10-24T08:00:00Z";
/// A key that is no secret: a plan that is frozen with it is the same everywhere.
const KEY: [u8; 32] = [0x42; 32];
/// What every value of the list that is somebody's holds.
const MARK: &str = "zq";

/// Returns every file below a folder by its path in it.
pub fn files(folder: &Path) -> BTreeMap<String, Vec<u8>> {
    let mut found = BTreeMap::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(next) = folders.pop() {
        for path in fs::read_dir(next).unwrap().map(|entry| entry.unwrap().path()) {
            if path.is_dir() {
                folders.push(path);
                continue;
            }
            let name = path.strip_prefix(folder).unwrap().to_str().unwrap().to_owned();
            found.insert(name, fs::read(&path).unwrap());
        }
    }
    found
}

/// Freezes an incident with the known key, and returns its packet.
pub fn packet_of(incident: &Incident) -> BTreeMap<String, Vec<u8>> {
    let key = incident.file("out/plan.key");
    if !key.exists() {
        fs::DirBuilder::new().mode(0o700).create(incident.file("out")).unwrap();
        let mut file = fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(key).unwrap();
        std::io::Write::write_all(&mut file, &KEY).unwrap();
    }
    incident.run("notify", &["--dry-run", "--as-of", AS_OF]).exits(0);
    files(&incident.file("out/packet"))
}

/// Returns a list in which every value of a person is marked: a thousand rows, some of which repeat others, have no
/// address, are left out, are on a suppression list, or have something found in them.
fn marked() -> String {
    let word = |row: usize| {
        let letter = |n: usize| char::from(b'a' + u8::try_from(n % 26).unwrap());
        format!("{MARK}{}{}{}", letter(row / 676), letter(row / 26), letter(row))
    };
    let row = |n: usize| {
        let word = word(n);
        let email = match n {
            100..110 => String::new(),
            200..210 => format!("{word}@gmial.com"),
            // The same address as the row before but for a dot, where dots mean nothing.
            301 => "zq.near@gmail.com".to_owned(),
            300 => "zqnear@gmail.com".to_owned(),
            _ => format!("{word}@{word}.example"),
        };
        format!("{word}id,{email},{word} {word}son,US,OR,{word} street\n")
    };
    let mut rows: Vec<String> = (0..980).map(row).collect();
    rows.extend((0..20).map(row));
    "id,email,name,country,region,street\n".to_owned() + &rows.concat()
}

#[test]
fn a_list_of_a_thousand_marked_people_leaves_no_mark_outside_the_private_part() {
    let incident = Incident::with_list(marked());
    let list = incident.read("affected.csv");
    let ids: Vec<&str> = list.lines().skip(1).filter_map(|line| line.split(',').next()).collect();
    let left_out = format!("leave_out = [{{ id = \"{}\", reason = \"told zqwidow by telephone\" }}]\n", ids[500]);
    incident.write("affected.toml", format!("{left_out}[people]\nsuppress = [\"suppress.csv\"]\n"));
    incident.write("suppress.csv", format!("id,reason\n{},zqreason: asked us not to\n", ids[600]));
    let packet = packet_of(&incident);
    let mut private = 0;
    for (name, bytes) in &packet {
        // A line of a message may be broken in the middle of a word.
        let text = String::from_utf8_lossy(bytes).to_lowercase().replace("=\r\n", "");
        let marks = text.matches(MARK).count();
        if name.starts_with("private/") {
            private += marks;
        } else {
            let at = text.find(MARK).map_or("", |at| text.get(at.saturating_sub(60)..at + 20).unwrap_or_default());
            assert_eq!(marks, 0, "{name} names somebody: …{at}…");
        }
    }
    assert!(private > 200, "the private part names people: {private}");
    let page = String::from_utf8_lossy(&packet["index.html"]).into_owned();
    for said in ["<b>1,000</b>", "duplicate", "no-address", "left-out", "suppressed", "misspelt-domain"] {
        assert!(page.contains(said), "{said} is not on page one");
    }
    for (file, said) in [
        ("private/withheld.csv", "told zqwidow by telephone"),
        ("private/withheld.html", "zqreason"),
        ("private/findings.csv", "near-duplicate"),
    ] {
        assert!(String::from_utf8_lossy(&packet[file]).contains(said), "{said} is not in {file}");
    }
}

#[test]
fn the_same_inputs_and_key_give_the_same_bytes_at_any_time_and_place() {
    let (one, other) = (Incident::example(JANUARY), Incident::example(JANUARY));
    let first = packet_of(&one);
    assert!(first == packet_of(&other), "the folder and the clock are no part of it");
    // Another moment changes what is reckoned from it, and nothing else.
    one.run("notify", &["--dry-run", "--as-of", "2020-01-12T08:00:00+01:00"]).exits(0);
    let later = files(&one.file("out/packet"));
    let differ: Vec<&str> =
        first.keys().filter(|name| first.get(*name) != later.get(*name)).map(String::as_str).collect();
    assert_eq!(differ, ["help-desk.html", "timing.html", "timing.json"]);
    assert!(one.read("out/packet/timing.html").contains("2020-01-12 07:00 UTC"));
}

#[test]
fn how_fast_it_goes_out_changes_only_what_lies_beside() {
    let incident = Incident::example(OCTOBER);
    let first = packet_of(&incident);
    incident.write("delivery.toml", "relay = \"smtps://mail.example.org\"\nrate = \"6/h\"\n");
    let slower = packet_of(&incident);
    let differ: Vec<&str> =
        first.keys().filter(|name| first.get(*name) != slower.get(*name)).map(String::as_str).collect();
    assert_eq!(differ, ["help-desk.html", "timing.html", "timing.json"]);
    let page = incident.read("out/packet/help-desk.html");
    assert!(page.contains("<th scope=\"row\">2020-10-24 08:00</th><td class=\"n\">6</td>"), "{page}");
    for (settings, said) in
        [(None, "there is no delivery.toml"), (Some("relay = 7\n"), "delivery.toml is refused: `forthwith check`")]
    {
        incident.remove("delivery.toml");
        if let Some(settings) = settings {
            incident.write("delivery.toml", settings);
        }
        packet_of(&incident);
        assert!(incident.read("out/packet/timing.html").contains(said), "{said}");
        incident.write("delivery.toml", "");
    }
}

#[test]
fn a_pace_that_misses_the_deadline_is_said_with_what_would_make_it() {
    let incident = Incident::example(OCTOBER);
    incident.write("delivery.toml", "relay = \"smtps://mail.example.org\"\nrate = \"1/d\"\n");
    packet_of(&incident);
    let page = incident.read("out/packet/timing.html");
    assert!(page.contains("The deadline is not met.") && page.contains("would make it"), "{page}");
}

#[test]
fn what_changed_since_the_packet_before_stays_until_something_else_changes() {
    let incident = Incident::example(OCTOBER);
    packet_of(&incident);
    let changes = || incident.read("out/packet/changes.html");
    assert!(changes().contains("This is the first packet"));
    // The same again is still the first one.
    packet_of(&incident);
    assert!(changes().contains("This is the first packet"));
    incident.replace("incident.toml", "We fired this person", "We dismissed this person");
    incident.replace("affected.csv", "K-1012", "K-1812");
    packet_of(&incident);
    let first = changes();
    for said in ["<del>fired </del><ins>dismissed </ins>", "affected-list", "2 wordings"] {
        let unchanged = said == "2 wordings";
        assert_eq!(first.contains(said), !unchanged, "{said}: {first}");
    }
    // A dry run that changes nothing goes on to show what the one before it changed.
    packet_of(&incident);
    assert_eq!(changes(), first);
    incident.write("out/packet/packet.json", "{");
    packet_of(&incident);
    assert!(changes().contains("The packet before cannot be read."));
}

#[test]
fn a_moment_is_given_with_its_offset_and_for_a_dry_run_alone() {
    let incident = Incident::example(OCTOBER);
    incident.run("notify", &["--dry-run", "--as-of", "2020-10-24 08:00"]).exits(2).warns(&["with its offset"]);
    incident.run("notify", &["--as-of", AS_OF]).exits(2).warns(&["--dry-run"]);
}
