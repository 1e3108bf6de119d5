//! `forthwith approve`: who signed, how, and what `notify` makes of it.

use crate::{
    approving::{
        ADA, BO, CY, KeyFiles, NAMESPACE, frozen, hand_in, hand_in_text, line, notify, people, relay, rule,
        statement,
    },
    harness::Incident,
};
use forthwith_testkit::{
    relay::{At, Relay},
    tools,
};
use serde_json::json;
use std::{fs, os::unix::fs::PermissionsExt as _, path::Path};

/// Expects that nothing is released: `notify` says so, and connects nowhere.
#[track_caller]
fn holds_back(incident: &Incident, (relay, url): &(Relay, String), said: &[&str]) {
    let before = relay.times(At::Connect);
    notify(incident, url, &[]).exits(4).warns(&["the plan is not released"]).warns(said).hints();
    assert_eq!(relay.times(At::Connect), before, "it connected first");
}

#[test]
fn each_kind_of_key_signs_here_and_ssh_keygen_agrees() {
    let Some(ssh_keygen) = tools::require("ssh-keygen") else { return };
    let keys = KeyFiles::new(&ssh_keygen);
    for (kind, passphrase) in [
        (&["ed25519"][..], ""),
        (&["ed25519"], "correct horse"),
        (&["ecdsa", "-b", "256"], "correct horse"),
        (&["ecdsa", "-b", "384"], ""),
        (&["ecdsa", "-b", "521"], ""),
        // By ssh-keygen: a kind that is not computed with here.
        (&["rsa", "-b", "2048"], ""),
    ] {
        let name = format!("{}{}", kind.join(""), passphrase.len());
        let (key, public) = keys.make(&name, kind, passphrase);
        let incident = frozen(&rule(&[line("ada@firm.example,role:counsel", &public)], "roles = [\"counsel\"]\n"));
        let secret = keys.write("passphrase", &format!("{passphrase}\n"));
        let mut words = vec!["--key", key.to_str().unwrap()];
        if !passphrase.is_empty() {
            let wrong = keys.write("wrong", "wrong\n");
            let with_wrong = [&words[..], &["--passphrase-file", wrong.to_str().unwrap()]].concat();
            incident.run("approve", &with_wrong).exits(1).warns(&["the passphrase does not open"]);
            incident.run_without_terminal("approve", &words).exits(4).warns(&["no terminal to ask"]).hints();
            words.extend(["--passphrase-file", secret.to_str().unwrap()]);
        }
        let run = incident.run("approve", &words).exits(0);
        run.says(&["Released: signed with a key by ada@firm.example", "(counsel)", "Next: forthwith notify"]);
        assert!(keys.agrees(&incident, &["ada@firm.example"]), "{name}");
        let (relay, url) = relay();
        notify(&incident, &url, &[]).exits(0);
        assert_eq!(relay.received().len(), 12);
    }
}

#[test]
fn what_ssh_keygen_signed_elsewhere_is_handed_in() {
    let Some(ssh_keygen) = tools::require("ssh-keygen") else { return };
    let keys = KeyFiles::new(&ssh_keygen);
    let (key, public) = keys.make("ada", &["ed25519"], "");
    let incident = frozen(&rule(&[line("ada@firm.example", &public)], ""));
    incident.run("approve", &[]).exits(4).says(&["ssh-keygen -Y sign -f KEY -n forthwith-approval@v1", "in words"]);
    let signature = keys.sign(&key, NAMESPACE, &incident.file("out/packet/statement.txt"));
    incident.run("approve", &["--signature", signature.to_str().unwrap()]).exits(0);
    assert!(keys.agrees(&incident, &["ada@firm.example"]));
    incident.run("approve", &[]).exits(0).says(&["Released: signed with a key by ada@firm.example"]);
    for file in ["out/approvals", "out/packet"] {
        assert_eq!(fs::metadata(incident.file(file)).unwrap().permissions().mode() & 0o777, 0o700);
    }
    let kept = fs::read_dir(incident.file("out/approvals")).unwrap().next().unwrap().unwrap().path();
    for file in fs::read_dir(kept).unwrap() {
        assert_eq!(file.unwrap().metadata().unwrap().permissions().mode() & 0o777, 0o600);
    }
    incident.run("verify", &[]).exits(0);
}

#[test]
fn a_hardware_key_signs_when_it_is_touched() {
    let incident = frozen(&rule(&people(), ""));
    let relay = relay();
    let untouched = hand_in(&incident, CY.with_flags(0)).exits(4);
    untouched.warns(&["nothing was recorded", "was not touched"]).hints();
    holds_back(&incident, &relay, &["0 of 1 releases"]);
    hand_in(&incident, CY).exits(0).says(&["signed with a key by cy@org.example"]);
    if let Some(ssh_keygen) = tools::require("ssh-keygen") {
        assert!(KeyFiles::new(&ssh_keygen).agrees(&incident, &["cy@org.example"]));
    }
    notify(&incident, &relay.1, &[]).exits(0);
}

#[test]
fn every_other_signature_is_refused_for_its_own_reason_and_recorded_nowhere() {
    let incident = frozen(&rule(&people(), ""));
    let other = frozen(&rule(&people(), "needed = 2\n"));
    let relay = relay();
    let statement = statement(&incident);
    let good = ADA.sign(NAMESPACE, &statement);
    let manifest = fs::read(incident.file("out/packet/manifest.txt")).unwrap();
    let windows = String::from_utf8(statement.clone()).unwrap().replace('\n', "\r\n");
    let stranger = forthwith_testkit::signing::Key::with(forthwith_testkit::signing::Kind::Ed25519, 77);
    for (signature, said) in [
        (ADA.sign("file", &statement), "the signature is for \"file\""),
        (ADA.sign(NAMESPACE, b"another file"), "not over the statement of this plan"),
        (ADA.sign(NAMESPACE, &self::statement(&other)), "not over the statement of this plan"),
        (ADA.sign(NAMESPACE, &manifest), "it is over manifest.txt"),
        (ADA.sign(NAMESPACE, windows.as_bytes()), "with other line ends"),
        (stranger.sign(NAMESPACE, &statement), "nobody who is named has the key SHA256:"),
        (good[..good.len() / 2].to_owned(), "cut short"),
        (good.replacen('A', "B", 1), "cannot be read"),
        ("no signature".to_owned(), "no SSH signature"),
    ] {
        hand_in_text(&incident, &signature).exits(4).warns(&["nothing was recorded", said]);
    }
    let doctored = doctored(&good);
    hand_in_text(&incident, &doctored).exits(4).warns(&["another file was signed, or it was changed"]);
    holds_back(&incident, &relay, &["0 of 1 releases"]);
    assert!(!incident.file("out/approvals").exists());
    hand_in_text(&incident, &good).exits(0);
    hand_in_text(&incident, &good).exits(0).says(&["recorded already"]);
}

/// Returns the signature with one character changed in its last line, which holds the number itself.
fn doctored(signature: &str) -> String {
    let lines: Vec<_> = signature.lines().collect();
    let at = lines.len() - 2;
    let changed = if lines[at].starts_with('A') { "B" } else { "A" };
    let line = format!("{changed}{}", &lines[at][1..]);
    let mut lines: Vec<&str> = lines;
    lines[at] = &line;
    lines.join("\n") + "\n"
}

#[test]
fn as_many_as_are_needed_in_the_roles_that_are_asked_for() {
    let again = line("ada@firm.example,role:privacy", &key_of(9).public());
    let signers = [people(), vec![again]].concat();
    let incident = frozen(&rule(&signers, "needed = 2\nroles = [\"counsel\", \"privacy\"]\n"));
    let relay = relay();
    holds_back(&incident, &relay, &["0 of 2 releases", "nobody released it as counsel, nor as privacy"]);
    hand_in(&incident, ADA).exits(0).says(&["NOT RELEASED: 1 of 2 releases; nobody released it as privacy"]);
    // Ada again, with her other key: one person is one person.
    hand_in(&incident, key_of(9)).exits(0).says(&["NOT RELEASED", "signed twice, and is one person"]);
    hand_in(&incident, CY).exits(0).says(&["NOT RELEASED"]);
    holds_back(&incident, &relay, &["nobody released it as counsel", "signed twice, and is one person"]);
    hand_in(&incident, BO).exits(0);
    // Ada's last word was as privacy; Bo is privacy too.
    holds_back(&incident, &relay, &["nobody released it as counsel"]);
    let status = incident.json("status", &[]).json();
    assert_eq!(
        (&status["approval"]["released"], status["approval"]["counted"].as_array().unwrap().len()),
        (&json!(false), 3)
    );
}

fn key_of(seed: u8) -> forthwith_testkit::signing::Key {
    forthwith_testkit::signing::Key::with(forthwith_testkit::signing::Kind::Ed25519, seed)
}

#[test]
fn a_release_is_shown_wherever_the_plan_is() {
    let incident = frozen(&rule(&people(), "roles = [\"counsel\"]\n"));
    let page = incident.read("out/packet/approvals.html");
    assert!(page.contains("not released") && page.contains("Nobody has signed it yet."), "{page}");
    hand_in(&incident, ADA).exits(0);
    let page = incident.read("out/packet/approvals.html");
    assert!(page.contains("ada@firm.example") && page.contains("signed with a key"), "{page}");
    assert!(incident.read("out/packet/index.html").contains("approvals.html"));
    let (_relay, url) = relay();
    notify(&incident, &url, &[]).exits(0).warns(&["Released: signed with a key by ada@firm.example"]);
    for run in [incident.run("status", &[]), incident.run("explain", &["1"])] {
        run.exits(0).says(&["Released: signed with a key by ada@firm.example"]);
    }
    let status = incident.json("status", &[]).json();
    let counted = &status["approval"]["counted"][0];
    assert_eq!((&counted["how"], &counted["roles"]), (&json!("signed with a key"), &json!(["counsel"])));
    assert_eq!(
        incident.json("explain", &["1"]).json()["released"].as_str().map(|text| text.contains("signed with a key")),
        Some(true)
    );
    // A dry run over the same inputs keeps what was signed in sight.
    incident.run("notify", &["--dry-run"]).exits(0);
    assert!(incident.read("out/packet/approvals.html").contains("ada@firm.example"));
}

#[test]
fn paper_is_recorded_by_who_saw_it_signed() {
    let incident = frozen(&rule(&people(), "needed = 2\nroles = [\"counsel\"]\n"));
    hand_in(&incident, BO).exits(0).says(&["NOT RELEASED"]);
    incident.write("page.pdf", "a scan of the page");
    let page = incident.file("page.pdf");
    let page = page.to_str().unwrap();
    let words = incident.json("approve", &[]).exits(4).json()["words"].as_str().unwrap().to_owned();
    let with = |more: &[&str]| {
        let base = ["--witnessed-by", "Di Dogwood", "--for", "Ed Elm", "--role", "counsel", "--document", page];
        incident.run("approve", &[&base[..], more].concat())
    };
    let wrong = with(&["--words", "alarm album alcove alert algebra align alive alley"]);
    wrong.exits(4).warns(&["not the words of this plan"]).hints();
    let run = with(&["--words", &words.to_uppercase()]).exits(0);
    run.says(&["Released: signed with a key by bo@org.example, witnessed by Ed Elm", "witnessed by Di Dogwood"]);
    let counted = incident.json("status", &[]).json()["approval"]["counted"][1].clone();
    assert_eq!((&counted["how"], &counted["witness"]), (&json!("witnessed"), &json!("Di Dogwood")));
    assert!(incident.read("out/packet/approvals.html").contains("witnessed"));
    let (_relay, url) = relay();
    notify(&incident, &url, &[]).exits(0);
    for words in [
        ["--witnessed-by", "Di", "--for", "Di", "--role", "counsel", "--document", page],
        ["--witnessed-by", "Di", "--for", "bo@org.example", "--role", "counsel", "--document", page],
    ] {
        incident.run("approve", &words).exits(4).warns(&["nothing was recorded"]);
    }
    let missing = ["--witnessed-by", "Di", "--for", "Ed", "--role", "counsel", "--document", "/nowhere"];
    incident.run("approve", &missing).exits(1).hints();
    incident.run("approve", &["--witnessed-by", "Di", "--for", "Ed"]).exits(2);
}

#[test]
fn paper_can_be_forbidden() {
    let incident = frozen(&rule(&people(), "witnessed = false\n"));
    incident.write("page.pdf", "a scan");
    let page = incident.file("page.pdf");
    let words = ["--witnessed-by", "Di", "--for", "Ed", "--role", "counsel", "--document", page.to_str().unwrap()];
    incident.run("approve", &words).exits(4).warns(&["witnessed = false"]);
    holds_back(&incident, &relay(), &["0 of 1 releases"]);
}

#[test]
fn signers_kept_outside_add_and_are_never_weakened_by_the_folder() {
    let outside = tempfile::tempdir().unwrap();
    let file = outside.path().join("signers");
    let of = |text: String| {
        fs::write(&file, text).unwrap();
        file.to_str().unwrap().to_owned()
    };
    let incident = frozen(&rule(&people(), ""));
    let (relay, url) = relay();
    let path = of(format!("# counsel of the group\n{}\n", line("ida@group.example", &key_of(8).public())));
    let with = |words: &[&str]| incident.run("approve", &[words, &["--signers", &path]].concat());
    hand_in(&incident, ADA).exits(0).says(&["Released"]);
    // The folder's own signer alone is not enough for who keeps signers outside.
    notify(&incident, &url, &["--signers", &path]).exits(4).warns(&["outside the folder"]).hints();
    assert_eq!(relay.times(At::Connect), 0);
    incident.write("ida.sig", key_of(8).sign(NAMESPACE, &statement(&incident)));
    let ida = incident.file("ida.sig");
    incident.run("approve", &["--signature", ida.to_str().unwrap()]).exits(4).warns(&["nobody who is named"]);
    with(&["--signature", ida.to_str().unwrap()]).exits(0).says(&["ida@group.example"]);
    incident.run("status", &["--signers", &path]).exits(0).says(&["ida@group.example"]);
    notify(&incident, &url, &["--signers", &path]).exits(0);

    let inside = incident.file("signers");
    fs::write(&inside, "x").unwrap();
    incident.run("approve", &["--signers", inside.to_str().unwrap()]).exits(2).warns(&["in the incident folder"]);
    let path = of(format!("ida cert-authority {}\n", key_of(8).public()));
    incident.run("approve", &["--signers", &path]).exits(3).warns(&["certificate authority"]);
    incident.run("approve", &["--signers", "/nowhere/signers"]).exits(1).hints();
}

#[test]
fn a_folder_that_waves_releases_away_does_not_wave_the_outside_away() {
    let outside = tempfile::tempdir().unwrap();
    let file = outside.path().join("signers");
    fs::write(&file, line("ida@group.example", &key_of(8).public())).unwrap();
    let file = file.to_str().unwrap();
    let incident = Incident::frozen();
    let (relay, url) = relay();
    incident.run("approve", &[]).exits(2).warns(&["nobody has to release"]).hints();
    notify(&incident, &url, &["--signers", file]).exits(4).warns(&["not released"]);
    assert_eq!(relay.times(At::Connect), 0);
    incident.write("ida.sig", key_of(8).sign(NAMESPACE, &statement(&incident)));
    let ida = incident.file("ida.sig");
    incident.run("approve", &["--signers", file, "--signature", ida.to_str().unwrap()]).exits(0);
    notify(&incident, &url, &["--signers", file]).exits(0);
}

#[test]
fn a_replaced_plan_takes_its_releases_with_it() {
    let incident = frozen(&rule(&people(), ""));
    let relay = relay();
    hand_in(&incident, ADA).exits(0);
    let old = ADA.sign(NAMESPACE, &statement(&incident));
    incident.append("affected.csv", "K-1014,new@people.example,New,US,OR\n");
    incident.replace("affected.toml", "14", "15");
    incident.run("notify", &["--dry-run"]).exits(0).says(&["a release of that one is void"]);
    let refused = incident.run("notify", &["--relay", &relay.1, "--confirm", "13"]).exits(4);
    refused.warns(&["0 of 1 releases"]);
    hand_in_text(&incident, &old).exits(4).warns(&["which another one replaced"]);
    assert_eq!(relay.0.times(At::Connect), 0);
    // Back to the inputs that were signed: the plan is another one all the same.
    incident.replace("affected.csv", "K-1014,new@people.example,New,US,OR\n", "");
    incident.replace("affected.toml", "15", "14");
    incident.run("notify", &["--dry-run"]).exits(0);
    holds_back(&incident, &relay, &["0 of 1 releases"]);
    hand_in_text(&incident, &old).exits(4).warns(&["the very same signature was recorded before"]);
}

#[test]
fn one_release_carries_every_run_of_its_plan() {
    let incident = frozen(&rule(&people(), ""));
    let (relay, url) = relay();
    hand_in(&incident, ADA).exits(0);
    for limit in ["1", "4"] {
        notify(&incident, &url, &["--limit", limit]).exits(5);
    }
    // Rate, relay, hours and connections are no part of what was signed.
    let (other, other_url) = self::relay();
    incident.write(
        "delivery.toml",
        "relay = \"inbox\"\nconnections = 1\nrate = \"50/s\"\nhours = \"00:00-23:59 UTC\"\n",
    );
    notify(&incident, &other_url, &["--connections", "2"]).exits(0);
    assert_eq!((relay.received().len(), other.received().len()), (5, 7));
    // At rest nothing is asked for any more.
    incident.run("approve", &["--withdraw", "--by", "Ada", "--reason", "too late"]).exits(0);
    notify(&incident, &url, &[]).exits(0);
    let manifest = incident.read("out/packet/manifest.txt") + &String::from_utf8(statement(&incident)).unwrap();
    assert!(!manifest.contains(env!("CARGO_PKG_VERSION")), "the program's version is not in what is signed");
}

#[test]
fn without_a_plan_or_a_rule_there_is_nothing_to_approve() {
    let incident = crate::approving::with_rule("");
    incident.run("approve", &[]).exits(4).warns(&["there is no plan"]).hints();
    assert!(!incident.file("out").exists());
    incident.run("notify", &["--dry-run"]).exits(0);
    incident.run("approve", &[]).exits(4).warns(&["no [approval] table"]).hints();
}

#[test]
fn keys_are_read_with_care() {
    let Some(ssh_keygen) = tools::require("ssh-keygen") else { return };
    let keys = KeyFiles::new(&ssh_keygen);
    let (key, public) = keys.make("ada", &["ed25519"], "");
    let incident = frozen(&rule(&[line("ada", &public)], ""));
    let approve = |path: &Path| incident.run("approve", &["--key", path.to_str().unwrap()]);
    approve(Path::new("/nowhere/key")).exits(1).hints();
    approve(Path::new("/dev/zero")).exits(1);
    approve(incident.path()).exits(1);
    fs::set_permissions(&key, fs::Permissions::from_mode(0o644)).unwrap();
    approve(&key).exits(1).warns(&["others can read the key", "chmod 600"]);
    fs::set_permissions(&key, fs::Permissions::from_mode(0o600)).unwrap();
    let text = fs::read_to_string(&key).unwrap();
    let cut = keys.write("cut", &text[..text.len() / 2]);
    approve(&cut).exits(1).warns(&["is damaged", "`ssh-keygen -Y sign` may know it"]);
    let (stranger, _) = keys.make("bo", &["ed25519"], "");
    approve(&stranger).exits(4).warns(&["nobody who is named has the key"]);
    approve(&key).exits(0);
}
