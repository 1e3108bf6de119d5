//! `forthwith verify`: a record that only forthwith wrote is whole, and one that somebody changed is not.

use crate::harness::{Incident, OCTOBER};
use forthwith_testkit::tools;
use serde_json::json;
use std::process::Command;

#[test]
fn a_record_is_whole_until_somebody_changes_it() {
    let Some(python) = tools::require("python3") else { return };
    let incident = Incident::example(OCTOBER);
    incident.run("verify", &["--rehearsal"]).exits(4);
    incident.run("notify", &[]).exits(0);
    let whole = incident.json("verify", &["--rehearsal"]).exits(0).json();
    assert_eq!((&whole["verified"], &whole["flaws"]), (&json!(true), &json!([])));
    incident.run("verify", &["--rehearsal"]).exits(0).says(&["the record is whole"]);

    let ledger = incident.path().join("out/rehearsal/ledger.sqlite");
    let script = "import sqlite3, sys\nc = sqlite3.connect(sys.argv[1])\n\
        c.execute('update notices set state = 4 where position = 3')\nc.commit()\n";
    let changed = Command::new(python).args(["-c", script]).arg(&ledger).status().unwrap();
    assert!(changed.success());
    let flawed = incident.json("verify", &["--rehearsal"]).exits(6).json();
    assert_eq!(flawed["verified"], json!(false));
    assert!(!flawed["flaws"].as_array().unwrap().is_empty(), "{flawed}");
}
