//! The pace as an operator sets it: groups of domains, over runs and kills. The relay is the judge.

use crate::harness::{self, Incident, PATIENCE};
use forthwith_testkit::{
    relay::{At, Relay, Script},
    server::wait_until,
};
use rustix::process::Signal;
use serde_json::json;

const PLAIN: [&str; 5] = ["--confirm", "8", "--connections", "1", "--quiet"];

/// Four people at each of two domains, and a plan.
fn two_domains() -> Incident {
    let rows = (1..=8).map(|n| {
        let domain = if n <= 4 { "slow.example" } else { "quick.example" };
        format!("C{n},p{n}@{domain},Person {n},US,OR\n")
    });
    let incident = Incident::with_list("id,email,name,country,region\n".to_owned() + &rows.collect::<String>());
    incident.run("notify", &["--dry-run"]).exits(0);
    incident
}

fn took(relay: &Relay, domain: &str) -> usize {
    relay.received().iter().filter(|message| message.rcpt.contains(&format!("@{domain}>"))).count()
}

#[test]
fn a_group_of_domains_holds_its_pace_over_runs_and_kills_and_stops_nobody_else() {
    let incident = two_domains();
    let relay = Relay::start(Script::new(["PIPELINING"])).unwrap();
    let settings = |rate: &str| {
        let group = format!("[[domains]]\nnames = [\"slow.example\"]\nrate = \"{rate}\"\n");
        incident.write("delivery.toml", format!("relay = \"smtp://{}\"\n{group}", relay.address()));
    };
    settings("2/d");
    let running = incident.start("notify", &PLAIN);
    let is_recorded = || incident.json("status", &[]).json()["states"]["accepted"] == 6;
    assert!(wait_until(PATIENCE, is_recorded), "{:?}", relay.received().len());
    running.signal(Signal::KILL);
    drop(running);
    assert_eq!((took(&relay, "slow.example"), took(&relay, "quick.example")), (2, 4));
    // Two were attempted, and the killed run may have attempted one more over its one line.
    settings("4/d");
    let running = incident.start("notify", &PLAIN);
    assert!(wait_until(PATIENCE, || relay.received().len() == 7));
    running.signal(Signal::TERM);
    running.wait().exits(5);
    assert_eq!((took(&relay, "slow.example"), took(&relay, "quick.example")), (3, 4));
    settings("5/d");
    incident.run("notify", &PLAIN).exits(0);
    assert_eq!((took(&relay, "slow.example"), took(&relay, "quick.example")), (4, 4));
}

#[test]
fn before_an_embargo_ends_nothing_is_connected_and_everybody_says_until_when() {
    let incident = two_domains();
    let relay = Relay::start(Script::new(["PIPELINING"])).unwrap();
    let embargo = "not_before = 2999-01-01T09:00:00Z\nhours = \"12:00-13:00 Europe/Berlin\"\n";
    incident.write("delivery.toml", format!("{embargo}relay = \"smtp://{}\"\n", relay.address()));
    let rests = json!({ "until": "2999-01-01T11:00:00Z", "why": "not_before" });
    let report = incident.json("notify", &["--confirm", "8", "--no-wait"]).exits(5).json();
    assert_eq!((&report["ended"], &report["rests"]), (&json!("resting"), &rests));
    incident.run("notify", &["--confirm", "8", "--no-wait"]).exits(5).says(&[
        "Nothing begins until 2999-01-01 12:00 Europe/Berlin",
        "not_before",
        "8 notices",
    ]);
    assert_eq!(incident.json("status", &[]).exits(0).json()["rests"], rests);
    incident.run("status", &[]).exits(0).says(&["Nothing begins until 2999-01-01 12:00 Europe/Berlin"]);
    // One that waits is stopped like any other.
    let running = incident.start("notify", &["--confirm", "8"]);
    incident.stop_run();
    running.wait().exits(5);
    assert_eq!(relay.times(At::Connect), 0);
    // A rehearsal tells nobody, so it does not wait.
    incident.run("notify", &["--relay", "inbox"]).exits(0);
}

#[test]
fn a_calendar_day_holds_its_number_over_runs() {
    let incident = two_domains();
    let relay = Relay::start(Script::new(["PIPELINING"])).unwrap();
    // A zone whose midnight is far, whenever the test runs.
    let hour = jiff::tz::TimeZone::UTC.to_datetime(jiff::Timestamp::now()).hour();
    let zone = if (6..18).contains(&hour) { "UTC" } else { "Etc/GMT+12" };
    let settings = |most: u32| {
        let day = format!("per_day = {most}\nhours = \"00:00-24:00 {zone}\"\n");
        incident.write("delivery.toml", format!("{day}relay = \"smtp://{}\"\n", relay.address()));
    };
    settings(3);
    let first = incident.json("notify", &["--confirm", "8", "--no-wait", "--connections", "4"]).exits(5).json();
    assert_eq!((&first["rests"]["why"], relay.received().len()), (&json!("per_day"), 3));
    assert_eq!(incident.json("status", &[]).json()["rests"], first["rests"]);
    settings(5);
    incident.run("notify", &["--confirm", "8", "--no-wait"]).exits(5);
    assert_eq!(relay.received().len(), 5);
    incident.run("notify", &["--confirm", "8", "--no-wait"]).exits(5);
    assert_eq!(relay.received().len(), 5);
}

/// Runs `notify` as an operator types it.
fn notify(incident: &Incident, more: &[&str]) -> harness::Run {
    harness::run(&[&["notify", incident.path().to_str().unwrap(), "--confirm", "8"], more].concat())
}

/// Sets the deadline of an incident that is not frozen yet, and freezes it.
fn with_deadline(deadline: &str) -> Incident {
    let incident = two_domains();
    incident.replace("incident.toml", "deadline = 2020-10-26T12:00:00Z", &format!("deadline = {deadline}"));
    incident.run("notify", &["--dry-run"]).exits(0);
    incident
}

#[test]
fn a_pace_that_misses_the_deadline_is_refused_before_anything_is_connected() {
    let incident = with_deadline("2999-01-01T12:00:00Z");
    let relay = Relay::start(Script::new(["PIPELINING"])).unwrap();
    let settings = |more: &str| {
        let text = format!("{more}relay = \"smtp://{}\"\n", relay.address());
        incident.write("delivery.toml", text);
    };
    settings("not_before = 2999-01-01T08:00:00Z\nrate = \"1/h\"\n");
    notify(&incident, &[]).exits(4).hints().warns(&[
        "at this pace the last notice goes out 3 h 0 min after the deadline",
        "rate = \"2/h\" instead of 1/h would make it",
        "--late",
        "  left     8 notices",
        "  hours    not before 2999-01-01T08:00:00Z",
        "  ends     2999-01-01 15:00 UTC",
        "  deadline 2999-01-01 12:00 UTC: missed by 3 h 0 min",
    ]);
    assert_eq!(relay.times(At::Connect), 0);
    let late = notify(&incident, &["--late", "--no-wait", "--format", "json"]).exits(5);
    let report = late.warns(&["going on, as --late says"]).json();
    assert_eq!(report["forecast"]["late"], true);
    assert_eq!(report["forecast"]["sets_the_end"], "1/h");
    // What is advised is taken.
    settings("not_before = 2999-01-01T08:00:00Z\nrate = \"2/h\"\n");
    let report = notify(&incident, &["--no-wait", "--format", "json"]).exits(5).json();
    let forecast = &report["forecast"];
    assert_eq!((&forecast["late"], &forecast["end"]), (&json!(false), &json!("2999-01-01T11:00:00Z")));
    assert_eq!((&forecast["left"], &forecast["seconds_to_spare"]), (&json!(8), &json!(3_600)));
    let status = incident.json("status", &[]).exits(0).json();
    assert_eq!(status["forecast"], *forecast);
    incident.run("status", &[]).says(&["The last notice goes out: 2999-01-01 11:00 UTC"]);
}

/// 2998-12-29 is a Saturday, and the first of January a Tuesday. Berlin is an hour ahead of UTC then, and two in July.
#[test]
fn hours_days_and_the_number_of_a_day_count_in_the_arithmetic() {
    for (calendar, shown, end) in [
        ("hours = \"08:00-18:00 Europe/Berlin\"\n", "08:00-18:00", "2998-12-29T14:00:00Z"),
        ("hours = \"08:00-10:00 Europe/Berlin\"\n", "08:00-10:00", "2999-01-01T08:00:00Z"),
        (
            "hours = \"08:00-10:00 Europe/Berlin\"\ndays = \"mon-fri\"\n",
            "mon tue wed thu fri",
            "2999-01-03T08:00:00Z",
        ),
        ("hours = \"08:00-18:00 Europe/Berlin\"\nper_day = 3\n", "3 a day", "2998-12-31T08:00:00Z"),
    ] {
        let incident = with_deadline("2999-06-01T12:00:00Z");
        let settings = format!("not_before = 2998-12-29T00:00:00Z\nrate = \"1/h\"\n{calendar}");
        incident.write("delivery.toml", format!("{settings}relay = \"smtp://127.0.0.1:9\"\n"));
        let run = notify(&incident, &["--no-wait"]).exits(5);
        let ends = moment_in_berlin(end);
        run.warns(&[shown, "  hours    ", &format!("  ends     {ends} Europe/Berlin")]);
        let status = incident.json("status", &[]).json();
        assert_eq!(status["forecast"]["end"], end, "{calendar}");
    }
}

/// The same hours of the wall are other hours of the world in summer.
#[test]
fn hours_follow_the_wall_over_the_change_to_summer_time() {
    // In 2999 Berlin's clocks go forward on Sunday 31 March, at 01:00 UTC.
    for (day, end) in [("30", "2999-03-30T14:00:00Z"), ("31", "2999-03-31T13:00:00Z")] {
        let incident = with_deadline("2999-06-01T12:00:00Z");
        let settings = format!("not_before = 2999-03-{day}T00:00:00Z\nrate = \"1/h\"\n");
        let hours = "hours = \"08:00-18:00 Europe/Berlin\"\n";
        incident.write("delivery.toml", format!("{settings}{hours}relay = \"smtp://127.0.0.1:9\"\n"));
        let forecast = notify(&incident, &["--no-wait", "--format", "json"]).exits(5).json()["forecast"].clone();
        assert_eq!(forecast["end"], end);
    }
}

fn moment_in_berlin(at: &str) -> String {
    let at: jiff::Timestamp = at.parse().unwrap();
    at.in_tz("Europe/Berlin").unwrap().strftime("%F %H:%M").to_string()
}

#[test]
fn a_ramp_counts_in_the_arithmetic() {
    let incident = with_deadline("2999-01-01T12:00:00Z");
    let settings = |every: &str| {
        let ramp = format!("ramp = {{ from = \"1/h\", double_every = \"{every}\" }}\nrate = \"100/h\"\n");
        let embargo = "not_before = 2999-01-01T08:00:00Z\n";
        incident.write("delivery.toml", format!("{embargo}{ramp}relay = \"smtp://127.0.0.1:9\"\n"));
    };
    settings("10 d");
    notify(&incident, &[]).exits(4).warns(&[
        "at this pace the last notice goes out 3 h 0 min after the deadline",
        "no ramp, or a steeper one, would make it",
        "  pace     100/h; the ramp from 1/h sets the end",
        "  ramp     begins slowly, at 1/h, doubled every 10 d",
        "  ends     2999-01-01 15:00 UTC",
    ]);
    // One at eight, two more by nine, four by ten, and the eighth then.
    settings("1 h");
    let forecast = notify(&incident, &["--no-wait", "--format", "json"]).exits(5).json()["forecast"].clone();
    assert_eq!((&forecast["late"], &forecast["end"]), (&json!(false), &json!("2999-01-01T11:00:00Z")));
    assert_eq!(forecast["ramp"], json!({ "from": "1/h", "double_every_seconds": 3_600 }));
}

#[test]
fn a_slow_group_of_domains_misses_the_deadline_for_all() {
    let incident = with_deadline("2999-01-01T12:00:00Z");
    let group = "[[domains]]\nnames = [\"slow.example\"]\nrate = \"1/d\"\n";
    let embargo = "not_before = 2999-01-01T08:00:00Z\n";
    incident.write("delivery.toml", format!("{embargo}relay = \"smtp://127.0.0.1:9\"\n{group}"));
    notify(&incident, &[]).exits(4).warns(&[
        "2 d 20 h after the deadline",
        "1/h instead of 1/d for slow.example would make it",
        "  domains  slow.example: 4 at 1/d",
        "1/d for slow.example sets the end",
    ]);
}

#[test]
fn a_deadline_that_has_passed_is_said_and_holds_nobody_up() {
    let incident = two_domains();
    let relay = Relay::start(Script::new(["PIPELINING"])).unwrap();
    let url = format!("smtp://{}", relay.address());
    let told = notify(&incident, &["--relay", &url]).exits(0);
    told.warns(&["LATE  the deadline passed"]);
    assert_eq!(relay.received().len(), 8);
    // Nothing is left: nothing is late.
    let again = notify(&incident, &["--relay", &url, "--format", "json"]).exits(0).json();
    assert_eq!(again["forecast"], json!(null));
}
