//! `forthwith law`: what is shown of the regimes, to people and to programs.

use crate::harness::run;
use serde_json::json;

#[test]
fn all_regimes_are_listed_with_how_far_they_were_read() {
    let listed = run(&["law", "--format", "json"]).exits(0).json();
    let regimes = listed["regimes"].as_array().unwrap();
    assert_eq!(regimes.len(), 71);
    let vermont = regimes.iter().find(|regime| regime["id"] == "us-vt").unwrap();
    assert_eq!((&vermont["email_tier"], &vermont["verified"]), (&json!("E2"), &json!("unverified")));
    assert_eq!(listed["tally"]["unverified"], listed["tally"]["rules"], "counsel has confirmed nothing");
    run(&["law"]).exits(0).says(&["us-vt", "E2  45 calendar days", "eu-gdpr", "Nothing here was confirmed"]);
}

#[test]
fn one_regime_is_shown_rule_by_rule_with_its_citations() {
    let vermont = run(&["law", "us-vt"]).exits(0);
    vermont.says(&[
        "within 14 business days of: the breach became known",
        "then says anti_phishing_warning; then never link_requesting_pi",
        "9 V.S.A. § 2435(b)(6)(A)(ii), (d)(3), from the words of the law or of the authority",
        "rules unverified",
    ]);
    run(&["law", "us-ma"]).exits(0).says(&["Never says: nature_of_breach, number_of_state_residents"]);
    // HIPAA counts the people of the year from its end, and Wisconsin's police can hold a notice back.
    run(&["law", "us-hipaa"]).exits(0).says(&["counted from the end of that year"]);
    run(&["law", "us-wi"]).exits(0).says(&["Hold: the notice must be delayed"]);
    let json = run(&["law", "EU-GDPR", "--format", "json"]).exits(0).json();
    assert_eq!(json["obligations"][1]["deadline"]["within"], json!({"n": 72, "unit": "hours"}));
}

#[test]
fn an_unknown_regime_gets_the_nearest() {
    run(&["law", "us-vv"]).exits(2).warns(&["there is no regime `us-vv`", "is `us-wv` meant?"]);
    run(&["law", "nowhere-at-all"]).exits(2).warns(&["`forthwith law` lists all of them"]);
}
