//! `forthwith explain`: one person's story, whoever it is.

use crate::harness::{Incident, JANUARY, OCTOBER};
use serde_json::json;

#[test]
fn somebody_is_found_by_id_address_row_and_token() {
    let incident = Incident::example(JANUARY);
    incident.run("notify", &[]).exits(0);
    let by_id = incident.json("explain", &["M-205", "--rehearsal"]).exits(0).json();
    let story = &by_id["stories"][0];
    let token = story["token"].as_str().unwrap();
    for who in ["info@bücher-möwe.example", "5", token] {
        let same = incident.json("explain", &[who, "--rehearsal"]).exits(0).json();
        assert_eq!(same["stories"], by_id["stories"], "{who}");
        assert_eq!(same["who"], who);
    }
    assert_eq!((&story["row"], &story["line"], &story["residence"]), (&json!(5), &json!(6), &json!("DE-HH")));
    assert_eq!(
        (&story["state"], &story["in_doubt"], &story["data"]),
        (&json!("accepted"), &json!(false), &json!(["email"]))
    );
    let kinds: Vec<_> = story["events"].as_array().unwrap().iter().map(|event| event["kind"].clone()).collect();
    assert_eq!(kinds, ["planned", "offered", "accepted"]);
}

#[test]
fn people_read_row_variant_attempts_and_replies() {
    let incident = Incident::frozen();
    incident.run("explain", &["K-1003"]).exits(0).says(&[
        "Row 3 of the list, line 4",
        "K-1003 · Màríà Ògúnlẹ́yẹ̀ · m.ogunleye@mailbox.example",
        "residence GB",
        "exposed: email",
        "variant entity1/en/email",
        "queued: nothing was handed over",
    ]);
    incident.run("notify", &[]).exits(0);
    let told = incident.run("explain", &["K-1003", "--rehearsal"]).exits(0);
    told.says(&["Rehearsal: captured here, nobody was told", "250", "accepted by the built-in inbox"]);
}

#[test]
fn the_withheld_have_a_story_and_so_have_strangers() {
    let incident = Incident::frozen();
    let without = incident.json("explain", &["K-1008"]).exits(0).json();
    assert_eq!(
        (&without["stories"][0]["withheld"], &without["stories"][0]["row"]),
        (&json!("no-address"), &json!(8))
    );
    incident.run("explain", &["8"]).exits(0).says(&["Ruth Adeyemi", "withheld: no-address"]);
    // A duplicate and the row that it repeats are one person.
    let both = incident.json("explain", &["K-1001"]).exits(0).json();
    assert_eq!(both["stories"].as_array().unwrap().len(), 2);
    assert_eq!(both["stories"][1]["withheld"], "duplicate");
    incident.run("explain", &["nobody@people.example"]).exits(0).says(&["Nobody by \"nobody@people.example\""]);
    let nobody = incident.json("explain", &["nobody"]).exits(0).json();
    assert_eq!(nobody, json!({ "who": "nobody", "stories": [], "holds": [] }));
}

#[test]
fn nothing_frozen_ends_with_4() {
    Incident::example(OCTOBER).run("explain", &["K-1001"]).exits(4).warns(&["nothing was frozen"]).hints();
}
