//! Every place in the dialogue at which a relay can break, times every way in which it can: 112 cells.
//!
//! Each cell has two notices. The relay breaks once, about the first; then it is well. The run is repeated as
//! an operator would repeat it, until nothing is queued or deferred. Copies are counted by what the relay
//! answered 250 for.

use crate::stand::{Left, SILENCE_MS, plaintext, plan, run, timeouts};
use forthwith_core::{
    delivery::{Login, PasswordSource, Security, Server},
    message::Message,
    private::Private,
    state::State,
};
use forthwith_sender::{Render, Run};
use forthwith_testkit::relay::{
    Act, At, Moment, Protection, Relay, Script,
    certificate::{Certificate, Flaw},
};
use jiff::{SignedDuration, Timestamp};
use std::{
    path::PathBuf,
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, AtomicUsize, Ordering::SeqCst},
    },
};

/// Where the relay breaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd)]
enum Place {
    Connect,
    Greeting,
    Ehlo,
    StartTls,
    Auth,
    Mail,
    Rcpt,
    Data,
    Content,
    Dot,
    HalfAReply,
    AfterTheReply,
    Rset,
    Quit,
}

const PLACES: [Place; 14] = [
    Place::Connect,
    Place::Greeting,
    Place::Ehlo,
    Place::StartTls,
    Place::Auth,
    Place::Mail,
    Place::Rcpt,
    Place::Data,
    Place::Content,
    Place::Dot,
    Place::HalfAReply,
    Place::AfterTheReply,
    Place::Rset,
    Place::Quit,
];

/// How it breaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Way {
    Close,
    Reset,
    Stall,
    Closing421,
    Refusal4yz,
    Refusal5yz,
    Garbage,
    EndlessLine,
}

const WAYS: [Way; 8] = [
    Way::Close,
    Way::Reset,
    Way::Stall,
    Way::Closing421,
    Way::Refusal4yz,
    Way::Refusal5yz,
    Way::Garbage,
    Way::EndlessLine,
];

/// What must become of the first notice.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Fate {
    /// Accepted, one copy, and never deferred on the way.
    Accepted,
    /// Deferred, and later accepted: one copy.
    DeferredThenAccepted,
    /// Bounced, no copy.
    Bounced,
    /// In doubt, never tried again.
    InDoubt,
}

/// Cells at a time: they wait more than they work.
const AT_ONCE: usize = 16;
/// Runs until a plan of two is at rest: one that breaks, one that stops, one that ends it.
const RUNS_MAX: usize = 4;
/// Octets of the message where the content is broken: more than two sockets buffer, so that no dot is out.
const LARGE: usize = 16 << 20;
/// Octets of a line that does not end: more than any reply may have.
const ENDLESS: usize = 1 << 20;

/// The table: what a break means for the notice that it met.
fn fate(place: Place, way: Way) -> Fate {
    let is_4yz = matches!(way, Way::Closing421 | Way::Refusal4yz);
    match place {
        Place::Rcpt | Place::Data | Place::Content | Place::Dot if is_4yz => Fate::DeferredThenAccepted,
        Place::Rcpt | Place::Data | Place::Content | Place::Dot if way == Way::Refusal5yz => Fate::Bounced,
        Place::Dot | Place::HalfAReply => Fate::InDoubt,
        // The break meets the notice after the one whose refusal made the RSET necessary.
        Place::Rset => Fate::Bounced,
        _ => Fate::Accepted,
    }
}

fn act(place: Place, way: Way) -> Act {
    let broken = match way {
        Way::Close => Act::Close,
        Way::Reset => Act::Reset,
        Way::Stall => Act::Stall,
        Way::Closing421 => Act::Several(vec![Act::say("421 4.3.2 closing"), Act::Close]),
        Way::Refusal4yz => Act::say("451 4.3.0 later"),
        Way::Refusal5yz => Act::say("550 5.1.1 no"),
        Way::Garbage => Act::Write(b"\x16\x03\x01 what\r\n".to_vec()),
        Way::EndlessLine => Act::Write([b"250 ".as_slice(), &vec![b'x'; ENDLESS]].concat()),
    };
    match place {
        Place::HalfAReply => Act::Several(vec![Act::Write(b"250-2.0.0 first\r\n".to_vec()), broken]),
        Place::AfterTheReply => Act::Several(vec![Act::say("250 2.0.0 taken"), broken]),
        // A relay that breaks into the content leaves: what follows would be a second reply.
        Place::Content | Place::Connect if !matches!(way, Way::Stall) => Act::Several(vec![broken, Act::Close]),
        _ => broken,
    }
}

fn at(place: Place) -> At {
    match place {
        Place::Connect => At::Connect,
        Place::Greeting => At::Greeting,
        Place::Ehlo => At::Ehlo,
        Place::StartTls => At::StartTls,
        Place::Auth => At::Auth,
        Place::Mail => At::Mail,
        Place::Rcpt => At::Rcpt,
        Place::Data => At::Data,
        Place::Content => At::Content,
        Place::Dot | Place::HalfAReply | Place::AfterTheReply => At::Dot,
        Place::Rset => At::Rset,
        Place::Quit => At::Quit,
    }
}

/// One cell: its relay, and what that answered 250 for.
struct Cell {
    place: Place,
    way: Way,
    relay: Relay,
    certificate: Option<Certificate>,
    took: Arc<Mutex<Vec<String>>>,
    broke: Arc<AtomicBool>,
}

impl Cell {
    fn new(place: Place, way: Way) -> Self {
        let (took, broke) = (Arc::new(Mutex::new(Vec::new())), Arc::new(AtomicBool::new(false)));
        let (log, has_broken) = (Arc::clone(&took), Arc::clone(&broke));
        let mut script = Script::new(["PIPELINING", "ENHANCEDSTATUSCODES", "AUTH PLAIN"]).on(move |moment| {
            let act = breaks(place, way, moment, &has_broken);
            let is_taken = act.is_none() || place == Place::AfterTheReply;
            if moment.at == At::Dot && is_taken {
                log.lock().unwrap().push(token_of(moment.message));
            }
            act
        });
        let certificate = (place == Place::StartTls).then(|| Certificate::new(Flaw::None));
        if let Some(certificate) = &certificate {
            script = script.protected(Protection::StartTls(certificate.clone()));
        }
        if place == Place::Auth {
            script = script.login("tim", "tanstaaftanstaaf");
        }
        Self { place, way, relay: Relay::start(script).unwrap(), certificate, took, broke }
    }

    /// Runs the plan as often as it takes, a day apart, and returns what is left.
    fn deliver(&self) -> Left {
        let folder = tempfile::tempdir().unwrap();
        let ca_file = self.certificate.as_ref().map(|certificate| {
            let path = folder.path().join("ca.pem");
            std::fs::write(&path, certificate.authority()).unwrap();
            path
        });
        let mut ledger = plan(2);
        for day in 0.. {
            let left = run(ledger, self.server(ca_file.clone()), |run| self.tweak(run, day));
            let is_at_rest = left.count(State::Queued) + left.count(State::Deferred) == 0;
            if is_at_rest || day + 1 == RUNS_MAX {
                return left;
            }
            ledger = left.ledger;
            ledger.end_run();
        }
        unreachable!("the last run returns")
    }

    fn server(&self, ca_file: Option<PathBuf>) -> Server {
        let login = (self.place == Place::Auth)
            .then(|| Login { user: "tim".to_owned(), password: PasswordSource::File(PathBuf::new()) });
        let security = if ca_file.is_some() { Security::StartTls } else { Security::Plaintext };
        Server { login, security, ca_file, ..plaintext(&self.relay) }
    }

    fn tweak(&self, run: &mut Run, day: usize) {
        let later = SignedDuration::from_hours(24 * i64::try_from(day).unwrap());
        run.clock = Arc::new(move || Timestamp::now() + later);
        run.timeouts = timeouts(SILENCE_MS);
        run.password = (self.place == Place::Auth).then(|| Private::new("tanstaaftanstaaf".to_owned()));
        if self.place == Place::Content {
            run.render = large(Arc::clone(&run.render));
        }
    }

    /// Says what is not as the table has it.
    fn verdict(&self) -> Option<String> {
        let left = self.deliver();
        let mut took = self.took.lock().unwrap().clone();
        let copies = took.len();
        took.sort();
        took.dedup();
        let state = |number| &left.ledger.notices[&number].standing;
        let mut expected = fate(self.place, self.way);
        // The close may reset the line, which takes the reply away: then the line was lost before the dot.
        if self.place == Place::Content && state(1).state == State::Accepted && state(1).deferrals == 0 {
            expected = Fate::Accepted;
        }
        let rests = match expected {
            Fate::Accepted | Fate::DeferredThenAccepted => State::Accepted,
            Fate::Bounced => State::Bounced,
            Fate::InDoubt => State::Offered,
        };
        let told = 1 + usize::from(rests == State::Accepted);
        let was_deferred = state(1).deferrals > 0;
        let is_right = (state(1).state, state(2).state) == (rests, State::Accepted)
            && (copies, took.len()) == (told, told)
            && was_deferred == (expected == Fate::DeferredThenAccepted)
            && self.broke.load(SeqCst);
        let found = (state(1).state, state(2).state, copies, was_deferred, &left.ended);
        (!is_right).then(|| format!("{:?} x {:?}: not {expected:?} but {found:?}", self.place, self.way))
    }
}

/// Returns the break where its moment has come: the first time, and at RSET after a refusal.
fn breaks(place: Place, way: Way, moment: &Moment<'_>, has_broken: &AtomicBool) -> Option<Act> {
    if place == Place::Rset && moment.at == At::Rcpt && moment.times == 0 {
        return Some(Act::say("550 5.1.1 gone"));
    }
    let is_it = moment.at == at(place) && !has_broken.swap(moment.at == at(place), SeqCst);
    is_it.then(|| act(place, way))
}

fn token_of(message: &[u8]) -> String {
    let head = String::from_utf8_lossy(&message[..message.len().min(1_000)]).into_owned();
    let line = head.lines().find_map(|line| line.strip_prefix("X-Forthwith-ID: "));
    line.expect("every message names its notice").to_owned()
}

/// Renders messages that no socket's buffer holds.
fn large(render: Render) -> Render {
    Arc::new(move |claimed, date| {
        let mut message: Message = render(claimed, date)?;
        let line = [[b'x'; 998].as_slice(), b"\r\n"].concat();
        message.bytes.extend(line.repeat(LARGE / line.len()));
        Ok(message)
    })
}

#[test]
fn each_break_at_each_place_ends_as_the_table_says() {
    let cells: Vec<_> = PLACES.iter().flat_map(|place| WAYS.map(|way| (*place, way))).collect();
    let (next, wrong) = (AtomicUsize::new(0), Mutex::new(Vec::new()));
    let work = || {
        while let Some((place, way)) = cells.get(next.fetch_add(1, SeqCst)) {
            let verdict = Cell::new(*place, *way).verdict();
            wrong.lock().unwrap().extend(verdict);
        }
    };
    std::thread::scope(|scope| (0..AT_ONCE).for_each(|_| drop(scope.spawn(work))));
    let wrong = wrong.into_inner().unwrap();
    assert_eq!(cells.len(), 112);
    assert!(wrong.is_empty(), "{} of {} cells:\n{}", wrong.len(), cells.len(), wrong.join("\n"));
}
