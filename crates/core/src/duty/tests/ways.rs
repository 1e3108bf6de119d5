//! Every way by which an e-mail alone is enough, every exception and every test of harm: somebody for whom it holds and
//! somebody for whom it does not, made from the regimes' own files.

use super::{
    conditional::{Spoken, exposed, organisation_with, somewhere},
    *,
};
use crate::law::{Alternative, Condition, Ground, HarmKind, Lifts, Manner};

/// Returns what incident.toml says of these grounds: that they hold, or that they do not.
fn said_of(grounds: &[Ground]) -> String {
    let fact = |key: &str, ground: Ground| format!("{key} = {}\n", grounds.contains(&ground));
    [
        fact("relationship", Ground::Relationship),
        fact("primary_channel", Ground::PrimaryChannel),
        fact("online_business", Ground::OnlineBusiness),
    ]
    .concat()
}

fn consents(grounds: &[Ground]) -> Vec<ConsentKind> {
    let consent = |ground: &Ground| match ground {
        Ground::Consent(kind) => Some(*kind),
        _ => None,
    };
    grounds.iter().filter_map(consent).collect()
}

/// Returns what is owed to people whom the regime asks to tell, with these grounds, for any data of which the way
/// speaks and any answer to its questions.
fn owed(regime: &Regime, way: &Alternative, grounds: &[Ground]) -> Vec<Arc<Duty>> {
    let mut spoken = Spoken::default();
    spoken.hear(&way.when);
    spoken.questions.extend(regime.applies.data.if_decided.iter().map(|decided| decided.question.clone()));
    let mut owed = Vec::new();
    for (has_roles, answer) in [(true, true), (false, true), (true, false), (false, false)] {
        let incident = organisation_with(regime, &spoken, has_roles, answer, &said_of(grounds));
        let duties = Duties::new(&incident, shipped(), OWN.map(str::to_owned).to_vec());
        for data in exposed(regime, &spoken) {
            let duty = duties.of(&person(somewhere(regime), &data, &consents(grounds)));
            if duty.mail.iter().any(|mail| mail.regime.id == regime.id) {
                owed.push(duty);
            }
        }
    }
    owed
}

fn mail<'d>(duty: &'d Duty, regime: &Regime) -> &'d Mail {
    duty.mail.iter().find(|mail| mail.regime.id == regime.id).unwrap()
}

fn takes(duty: &Duty, regime: &Regime, way: &Alternative) -> bool {
    mail(duty, regime).by == Some(way)
}

/// Whether a notice to these people has what the way asks of its message, and nothing that it forbids there.
fn is_followed(way: &Alternative, duty: &Duty) -> bool {
    let by_law = &duty.by_law;
    let is_said = |element: &Element| {
        let is_own = OWN.contains(&element.word()) && !by_law.dropped.contains(element);
        is_own || by_law.added.contains(element) || duty.clashes.iter().any(|clash| clash.element == *element)
    };
    way.require.iter().all(is_said) && !way.forbid.iter().flat_map(|matter| matter.elements()).any(is_said)
}

fn ways() -> impl Iterator<Item = (&'static Regime, &'static Manner, &'static Alternative)> {
    let with_manner = shipped().iter().filter_map(|regime| Some((regime, regime.manner.as_ref()?)));
    with_manner
        .filter(|(regime, _)| regime.individual().is_some())
        .flat_map(|(regime, manner)| manner.email.allow_if.iter().map(move |way| (regime, manner, way)))
}

#[test]
fn every_way_by_email_is_open_to_somebody_and_closed_without_any_of_its_grounds() {
    let (mut open, mut closed) = (0, 0);
    for (regime, manner, way) in ways() {
        let all = owed(regime, way, &way.grounds);
        assert!(!all.is_empty(), "{}: nobody is owed a notice", regime.id);
        let by: Vec<_> = all.iter().filter(|duty| takes(duty, regime, way)).collect();
        // Where two ways stand open, the one that asks less of the message is taken.
        let other = |duty: &Arc<Duty>| mail(duty, regime).by.is_some_and(|by| by != way && by.require.is_empty());
        assert!(!by.is_empty() || all.iter().any(other), "{}: nobody goes {way:?}", regime.id);
        for duty in &by {
            let is_alone = way.must_accompany.is_empty();
            assert_eq!(mail(duty, regime).enough, Answer::from(is_alone), "{}: {way:?}", regime.id);
            assert!(is_followed(way, duty), "{}: {way:?} {duty:?}", regime.id);
            open += 1;
        }
        for (i, ground) in way.grounds.iter().enumerate().filter(|(_, ground)| **ground != Ground::Address) {
            let without = [&way.grounds[..i], &way.grounds[i + 1..]].concat();
            for duty in owed(regime, way, &without) {
                assert!(!takes(&duty, regime, way), "{}: {way:?} without {ground:?}", regime.id);
                closed += 1;
            }
        }
        if way.when != Condition::Always {
            let elsewhere = all.iter().any(|duty| !takes(duty, regime, way));
            assert!(elsewhere, "{}: {way:?} is open whatever happened", regime.id);
        }
        // With no ground at all it is a letter, unless an address alone is one.
        let on_address = manner.email.allow_if.iter().any(|way| way.grounds == [Ground::Address]);
        for duty in owed(regime, way, &[]).iter().filter(|_| !on_address) {
            assert_eq!(mail(duty, regime).enough, Answer::No, "{}", regime.id);
            // Some of the data is the login of the mailbox itself.
            assert!(matches!(duty.way, Way::Letter | Way::Blocked), "{}: {:?}", regime.id, duty.way);
            closed += 1;
        }
    }
    assert!(open > 60 && closed > 100, "{open} {closed}");
}

/// Returns whether the regime asks for the notice when one thing about it is decided.
fn stands(regime: &Regime, kind: &str, about: &str, answer: bool, roles: &str) -> Option<(Reaching, bool)> {
    let decision = format!(
        "{{ kind = \"{kind}\", {about}regimes = [\"{}\"], answer = {answer}, by = \"A. Ash, counsel\", on = 2026-03-04, reason = \"x\" }}",
        regime.id
    );
    let questions = regime.applies.data.if_decided.iter().map(|decided| {
        format!(
            "{{ kind = \"question\", about = \"{}\", regimes = [\"{}\"], answer = true, by = \"A. Ash, counsel\", on = 2026-03-04, reason = \"x\" }}",
            decided.question, regime.id
        )
    });
    let decisions: Vec<String> = std::iter::once(decision).chain(questions).collect();
    let law = format!("roles = [{roles}]\nday = 2027-06-01\ndecisions = [{}]", decisions.join(", "));
    let incident = incident_with(&crate::incident::KNOWN_CATEGORIES.map(|category| category.id), &law);
    let duties = Duties::new(&incident, shipped(), OWN.map(str::to_owned).to_vec());
    exposed(regime, &Spoken::default()).into_iter().find_map(|data| {
        let duty = duties.of(&person(somewhere(regime), &data, &[]));
        let reached = duty.reached.iter().find(|reached| reached.regime.id == regime.id)?;
        (reached.data == Answer::Yes).then_some((reached.standing, reached.content_is_lifted))
    })
}

fn role_of(regime: &Regime) -> String {
    let role = regime.applies.roles.first().copied().unwrap_or(crate::law::Role::Owner);
    format!("\"{role}\"")
}

#[test]
fn every_exception_lifts_what_it_says_where_a_person_says_so_and_nothing_elsewhere() {
    let mut looked_at = 0;
    for regime in shipped().iter().filter(|regime| regime.individual().is_some()) {
        for exception in &regime.exceptions {
            let own = role_of(regime);
            let more = crate::law::Role::ALL.iter().map(|role| format!("\"{role}\"")).filter(|role| *role != own);
            // The exception may be open to some organisations alone.
            let mut roles = std::iter::once(own.clone()).chain(more.map(|role| format!("{own}, {role}")));
            let is_open = |roles: &String| {
                let law = format!("roles = [{roles}]\n");
                let roles = incident(&law).roles;
                exception.is_open_to(&roles) && regime.applies.binds(&roles)
            };
            let roles = roles.find(is_open).unwrap_or_else(|| panic!("{}: open to nobody", regime.id));
            let about = format!("about = \"{}\", ", exception.kind);
            let with = stands(regime, "exception", &about, true, &roles);
            let without = stands(regime, "exception", &about, false, &roles);
            assert_eq!(without, Some((Reaching::Owed, false)), "{} {}", regime.id, exception.kind);
            let lifts_all = regime
                .exceptions
                .iter()
                .filter(|other| other.kind == exception.kind)
                .any(|other| other.lifts != Lifts::Content);
            if lifts_all {
                assert_eq!(with.map(|(standing, _)| standing), Some(Reaching::Lifted), "{}", regime.id);
            } else {
                assert_eq!(with, Some((Reaching::Owed, true)), "{}", regime.id);
            }
            looked_at += 1;
        }
    }
    assert!(looked_at > 50, "{looked_at}");
}

#[test]
fn every_test_of_harm_lifts_the_duty_where_a_person_says_that_it_is_not_met_and_where_there_is_none_nothing_does() {
    let (mut with, mut none) = (0, 0);
    for regime in shipped() {
        let Some(individual) = regime.individual() else { continue };
        let roles = role_of(regime);
        let [met, unmet] = [true, false].map(|answer| stands(regime, "harm", "", answer, &roles));
        assert_eq!(met, Some((Reaching::Owed, false)), "{}", regime.id);
        let has_one = regime.harm_for(individual).kind != HarmKind::Nothing;
        let expected = if has_one { Reaching::Lifted } else { Reaching::Owed };
        assert_eq!(unmet.map(|(standing, _)| standing), Some(expected), "{}", regime.id);
        if has_one { with += 1 } else { none += 1 }
    }
    assert!(with > 20 && none > 5, "{with} {none}");
}
