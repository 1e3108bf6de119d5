//! What releases a plan and what does not, each refusal by its own reason. The fixtures were made with
//! `ssh-keygen` 9.2; hardware keys are imitated.

use super::*;
use crate::incident;
use forthwith_testkit::signing::{Key, Kind};
use proptest::prelude::*;

const STATEMENT: &[u8] = include_bytes!("fixtures/statement.txt");
const ED25519: (&str, &str) = (include_str!("fixtures/ed25519.pub"), include_str!("fixtures/ed25519.sig"));
const RSA: (&str, &str) = (include_str!("fixtures/rsa2048.pub"), include_str!("fixtures/rsa2048.sig"));
const ECDSA: [(&str, &str); 3] = [
    (include_str!("fixtures/ecdsa256.pub"), include_str!("fixtures/ecdsa256.sig")),
    (include_str!("fixtures/ecdsa384.pub"), include_str!("fixtures/ecdsa384.sig")),
    (include_str!("fixtures/ecdsa521.pub"), include_str!("fixtures/ecdsa521.sig")),
];
const RSA_OVER_SHA256: &str = include_str!("fixtures/rsa2048-sha256.sig");

fn signer(line: &str) -> Signer {
    let (signers, findings) = read_signers("signers", line.as_bytes());
    assert_eq!(findings, []);
    signers.into_iter().next().unwrap()
}

fn check(public: &str, signature: &str, statement: &[u8]) -> Result<(), SignatureRefused> {
    let key = signer(&format!("ada {}", public.trim())).key;
    Signature::read(signature.as_bytes())?.check(&key, statement)
}

#[test]
fn what_ssh_keygen_signed_is_a_release() {
    for (public, signature) in [ED25519, RSA, (RSA.0, RSA_OVER_SHA256)].into_iter().chain(ECDSA) {
        assert_eq!(check(public, signature, STATEMENT), Ok(()), "{public}");
        let read = Signature::read(signature.as_bytes()).unwrap();
        assert_eq!(read.key(), signer(&format!("ada {public}")).key);
    }
    // A mail program may change line ends and put blank lines around it.
    let mailed = format!("\r\n{}\r\n\r\n", ED25519.1.replace('\n', "\r\n"));
    assert_eq!(check(ED25519.0, &mailed, STATEMENT), Ok(()));
}

#[test]
fn hardware_keys_sign_when_they_are_touched() {
    for kind in [Kind::HardwareEd25519, Kind::HardwareEcdsa] {
        let key = Key::with(kind, 7);
        let signed = |key: Key| check(&key.public(), &key.sign(NAMESPACE, STATEMENT), STATEMENT);
        assert_eq!(signed(key), Ok(()), "{kind:?}");
        // User verification and the others beside presence change nothing.
        assert_eq!(signed(key.with_flags(0b101)), Ok(()));
        assert_eq!(signed(key.with_flags(0)), Err(SignatureRefused::NotTouched));
        assert_eq!(signed(key.with_flags(0b1111_1110)), Err(SignatureRefused::NotTouched));
        // A flag that is set afterwards is not signed for.
        let forged = flipped(&key.with_flags(0).sign(NAMESPACE, STATEMENT), 5);
        assert_eq!(check(&key.public(), &forged, STATEMENT), Err(SignatureRefused::OtherBytes));
    }
}

/// Returns the signature with the lowest bit of the octet so far from the end turned.
fn flipped(signature: &str, from_end: usize) -> String {
    let mut bytes = decoded(signature);
    let at = bytes.len() - from_end;
    bytes[at] ^= 1;
    armoured(&bytes)
}

fn decoded(signature: &str) -> Vec<u8> {
    let encoded: String = signature.lines().filter(|line| !line.starts_with('-')).collect();
    let value = |byte: u8| match byte {
        b'A'..=b'Z' => byte - b'A',
        b'a'..=b'z' => byte - b'a' + 26,
        b'0'..=b'9' => byte - b'0' + 52,
        b'+' => 62,
        _ => 63,
    };
    let mut bytes = Vec::new();
    for four in encoded.trim_end_matches('=').as_bytes().chunks(4) {
        let bits = four.iter().fold(0_u32, |bits, byte| (bits << 6) | u32::from(value(*byte)));
        let bits = bits << (6 * (4 - four.len()));
        bytes.extend_from_slice(&bits.to_be_bytes()[1..four.len()]);
    }
    bytes
}

fn armoured(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut encoded = String::new();
    for three in bytes.chunks(3) {
        let bits = three.iter().fold(0_u32, |bits, byte| (bits << 8) | u32::from(*byte)) << (8 * (3 - three.len()));
        for digit in 0..4 {
            let is_filled = digit <= three.len();
            encoded.push(if is_filled {
                char::from(DIGITS[(bits >> (18 - 6 * digit)) as usize & 63])
            } else {
                '='
            });
        }
    }
    let lines: Vec<_> = encoded.as_bytes().chunks(70).map(|line| std::str::from_utf8(line).unwrap()).collect();
    format!("-----BEGIN SSH SIGNATURE-----\n{}\n-----END SSH SIGNATURE-----\n", lines.join("\n"))
}

#[test]
fn every_other_signature_is_refused_for_its_own_reason() {
    use SignatureRefused as R;
    let key = Key::with(Kind::Ed25519, 3);
    let (public, good) = (key.public(), key.sign(NAMESPACE, STATEMENT));
    assert_eq!(armoured(&decoded(&good)), good);
    let refused = |signature: &str| check(&public, signature, STATEMENT).unwrap_err();
    assert_eq!(check(&public, &good, STATEMENT), Ok(()));

    let for_a_file = key.sign("file", STATEMENT);
    assert_eq!(refused(&for_a_file), R::OtherNamespace { found: "file".to_owned() });
    assert_eq!(refused(&key.sign("forthwith-approval@v2", STATEMENT)).to_string().matches("@v1").count(), 1);
    assert_eq!(refused(&key.sign(NAMESPACE, b"another file")), R::OtherBytes);
    assert_eq!(refused(&Key::with(Kind::Ed25519, 4).sign(NAMESPACE, STATEMENT)), R::OtherKey);
    let another = &decoded(&Key::with(Kind::Ed25519, 4).sign(NAMESPACE, STATEMENT));
    let (own, half) = (decoded(&good), good.len() / 3);
    assert_eq!(refused(&armoured(&[&own[..half], &another[half..]].concat())), R::OtherBytes);
    assert_eq!(refused(&flipped(&good, 1)), R::OtherBytes);
    for cut in [40, good.len() / 2, good.len() - 2] {
        assert_eq!(refused(&good[..cut]), R::Truncated);
    }
    let bytes = decoded(&good);
    assert_eq!(refused(&armoured(&bytes[..bytes.len() - 1])), R::Unreadable);
    for text in ["", "-----BEGIN", "no signature", &good.replace("SSH SIGNATURE", "PGP SIGNATURE")] {
        assert_eq!(refused(text), R::Unreadable, "{text}");
    }
    assert_eq!(refused(&format!("{good}{}", "x".repeat(SIGNATURE_OCTETS_MAX))), R::Unreadable);
    assert_eq!(check(RSA.0, ED25519.1, STATEMENT), Err(R::OtherKey));
    // The right key, and a kind of signature that is none of its own.
    let old = decoded(RSA.1);
    let name = old.windows(12).rposition(|window| window == b"rsa-sha2-512").unwrap();
    let renamed = [&old[..name - 4], b"\0\0\0\x07ssh-rsa", &old[name + 12..]].concat();
    assert_eq!(check(RSA.0, &armoured(&renamed), STATEMENT), Err(R::Unreadable));
}

#[test]
fn something_in_the_reserved_field_is_refused() {
    let key = Key::with(Kind::Ed25519, 3);
    let bytes = decoded(&key.sign(NAMESPACE, STATEMENT));
    let after = bytes.windows(NAMESPACE.len()).position(|w| w == NAMESPACE.as_bytes()).unwrap() + NAMESPACE.len();
    let doctored = [&bytes[..after], &[0, 0, 0, 1, b'x'], &bytes[after + 4..]].concat();
    assert_eq!(check(&key.public(), &armoured(&doctored), STATEMENT), Err(SignatureRefused::Reserved));
}

#[test]
fn the_same_act_of_signing_has_one_trace_in_whatever_form() {
    let trace = |signature: &str| Signature::read(signature.as_bytes()).unwrap().trace();
    let key = Key::with(Kind::HardwareEd25519, 3);
    assert_eq!(trace(&key.sign(NAMESPACE, STATEMENT)), trace(&key.sign(NAMESPACE, STATEMENT)));
    assert_ne!(trace(&key.sign(NAMESPACE, STATEMENT)), trace(&key.with_counter(2).sign(NAMESPACE, STATEMENT)));
    // (r, s) and (r, n - s): the last octet of s stands before flags and counter.
    let key = Key::with(Kind::HardwareEcdsa, 3);
    let signature = key.sign(NAMESPACE, STATEMENT);
    assert_eq!(trace(&signature), trace(&flipped(&signature, 6)));
    assert_ne!(trace(&signature), trace(&key.sign(NAMESPACE, STATEMENT)), "another nonce");
}

proptest! {
    #[test]
    fn a_changed_octet_never_passes(at in 0_usize..1_000, bit in 0_u8..8, which in 0_usize..5) {
        let (public, signature) = [ED25519, RSA, ECDSA[0], ECDSA[1], ECDSA[2]][which];
        let mut bytes = decoded(signature);
        let at = at % bytes.len();
        bytes[at] ^= 1 << bit;
        prop_assert!(check(public, &armoured(&bytes), STATEMENT).is_err(), "octet {at}");
    }

    #[test]
    fn nothing_from_outside_panics(bytes in proptest::collection::vec(any::<u8>(), 0..400), text in "\\PC{0,200}") {
        let _ = Signature::read(&bytes);
        let _ = Signature::read(armoured(&bytes).as_bytes()).map(|read| (read.trace(), read.check(&read.key(), b"")));
        let _ = read_signers("x", text.as_bytes());
        let _ = Act::read(&bytes);
    }
}

// ---- What is enough.

const DAY: i64 = 24 * 3_600;

fn at(seconds: i64) -> Timestamp {
    Timestamp::from_second(1_800_000_000 + seconds).unwrap()
}

fn rule(approval: &str) -> ApprovalRule {
    let text = include_str!("../../../../examples/amazon-2020-10/incident.toml");
    let (before, _) = text.split_once("[approval]").unwrap();
    let (incident, findings) =
        incident::read("incident.toml", format!("{before}[approval]\n{approval}").as_bytes());
    incident.unwrap_or_else(|| panic!("{findings:?}")).approval.unwrap()
}

/// People, each with a key made from their number.
fn line(person: u8, principals: &str, options: &str) -> String {
    let gap = if options.is_empty() { "" } else { " " };
    format!("\"{principals}\" {options}{gap}{}", key(person).public())
}

fn key(person: u8) -> Key {
    Key::with(Kind::Ed25519, person)
}

fn listed(lines: &[String]) -> String {
    format!("signers = [{}]\n", lines.iter().map(|line| format!("'{line}'")).collect::<Vec<_>>().join(", "))
}

struct Ledger(Vec<Recorded>);

impl Ledger {
    fn add(mut self, seconds: i64, act: Act) -> Self {
        let withdraws = matches!(act, Act::Withdrawn { .. });
        let event = format!("{}.2", self.0.len() + 1);
        self.0.iter_mut().for_each(|earlier| earlier.seen = earlier.seen.max(at(seconds)));
        let (at, seen) = (at(seconds), at(seconds));
        self.0.push(Recorded { event, plan: 1, at, seen, withdraws, act: Some(act) });
        self
    }

    fn signed(self, seconds: i64, person: u8) -> Self {
        let signature = key(person).sign(NAMESPACE, STATEMENT);
        self.add(seconds, Act::Signed { signature, made_here: true })
    }

    fn on_paper(self, seconds: i64, signed_by: &str, role: &str, witness: &str) -> Self {
        let [signed_by, role, witness] = [signed_by, role, witness].map(str::to_owned);
        let document_name = "paper.pdf".to_owned();
        let document = crate::digest::Digest::of(b"paper");
        self.add(
            seconds,
            Act::Witnessed { signed_by, role, witness, document_name, document, words_compared: true },
        )
    }

    fn withdrawn(self, seconds: i64) -> Self {
        self.add(seconds, Act::Withdrawn { by: "Cy".to_owned(), reason: "a wrong number".to_owned() })
    }

    fn of_plan(mut self, plan: i64) -> Self {
        self.0.iter_mut().for_each(|record| record.plan = plan);
        self
    }

    fn judged(&self, seconds: i64, rule: &ApprovalRule) -> Judgement {
        self.judged_with(seconds, rule, None).unwrap()
    }

    fn judged_with(&self, seconds: i64, rule: &ApprovalRule, outside: Option<&[Signer]>) -> Option<Judgement> {
        let grounds = Grounds { outside, statement: STATEMENT, plan: 1, records: &self.0, now: at(seconds) };
        grounds.judge(rule)
    }
}

fn nothing() -> Ledger {
    Ledger(Vec::new())
}

fn reasons(judgement: &Judgement) -> Vec<NotCounted> {
    judgement.set_aside.iter().map(|aside| aside.why.clone()).collect()
}

fn names(judgement: &Judgement) -> Vec<&str> {
    judgement.counted.iter().map(|counted| counted.names[0].as_str()).collect()
}

#[test]
fn one_signature_releases_until_it_lapses() {
    let rule = rule(&listed(&[line(1, "ada,role:counsel", "")]));
    let ledger = nothing().signed(0, 1);
    let judgement = ledger.judged(60, &rule);
    assert!(judgement.is_released());
    assert_eq!((names(&judgement), judgement.until()), (vec!["ada"], Some(at(7 * DAY))));
    assert_eq!(judgement.counted[0].how.told(), "signed with a key");
    assert!(ledger.judged(7 * DAY - 1, &rule).is_released());
    let late = ledger.judged(7 * DAY, &rule);
    assert_eq!(reasons(&late), [NotCounted::Lapsed { until: at(7 * DAY) }]);
    assert_eq!(late.lacking, [Lacking::People { have: 0, needed: 1 }]);
    // Nothing recorded, nothing released.
    assert!(!nothing().judged(0, &rule).is_released());
}

#[test]
fn a_new_signature_renews_and_the_very_same_one_does_not() {
    let rule = rule(&listed(&[line(1, "ada", "")]));
    let again = nothing().signed(0, 1).signed(6 * DAY, 1);
    assert_eq!(reasons(&again.judged(6 * DAY, &rule)), [NotCounted::Renewed]);
    assert_eq!(again.judged(10 * DAY, &rule).until(), Some(at(13 * DAY)));
    let signature = key(1).sign(NAMESPACE, STATEMENT);
    let handed = |made_here| Act::Signed { signature: signature.clone(), made_here };
    let replayed = nothing().add(0, handed(false)).add(6 * DAY, handed(false));
    assert!(replayed.judged(6 * DAY, &rule).is_released(), "the first still counts");
    let late = replayed.judged(10 * DAY, &rule);
    assert!(!late.is_released());
    assert_eq!(reasons(&late), [NotCounted::Lapsed { until: at(7 * DAY) }, NotCounted::Replayed]);
    // Kept from a plan that was replaced, or from before a withdrawal, it does not come back either.
    let before = nothing().add(0, handed(false)).of_plan(0).add(60, handed(false));
    assert_eq!(reasons(&before.judged(60, &rule)), [NotCounted::Replayed]);
    let withdrawn = nothing().signed(0, 1).withdrawn(60).add(90, handed(false)).judged(100, &rule);
    assert!(!withdrawn.is_released());
    assert_eq!(reasons(&withdrawn).last(), Some(&NotCounted::Replayed));
}

#[test]
fn a_withdrawal_takes_back_all_before_it_and_nothing_after() {
    let rule = rule(&listed(&[line(1, "ada", ""), line(2, "bo", "")]));
    let ledger = nothing().signed(0, 1).signed(1, 2).withdrawn(10);
    let judgement = ledger.judged(20, &rule);
    let withdrawn = NotCounted::Withdrawn { at: at(10), by: "Cy".to_owned() };
    assert_eq!(reasons(&judgement), [withdrawn.clone(), withdrawn]);
    assert!(ledger.signed(30, 2).judged(40, &rule).is_released());
    let mut purged = nothing().signed(0, 1).withdrawn(10);
    purged.0[1].act = None;
    assert!(!purged.judged(20, &rule).is_released(), "a purged withdrawal withdraws");
    let mut purged = nothing().signed(0, 1);
    purged.0[0].act = None;
    assert_eq!(reasons(&purged.judged(20, &rule)), [NotCounted::Purged]);
}

#[test]
fn what_was_for_a_replaced_plan_is_not_looked_at() {
    let rule = rule(&listed(&[line(1, "ada", "")]));
    let judgement = nothing().signed(0, 1).of_plan(0).judged(20, &rule);
    assert!(!judgement.is_released() && judgement.set_aside.is_empty());
}

#[test]
fn a_clock_that_was_set_back_releases_nothing() {
    let rule = rule(&listed(&[line(1, "ada", "")]));
    let mut ledger = nothing().signed(0, 1);
    assert_eq!(reasons(&ledger.judged(-121, &rule)), [NotCounted::ClockSetBack { now: at(-121), seen: at(0) }]);
    assert!(ledger.judged(-119, &rule).is_released(), "a time server's step");
    // A run was seen after it had lapsed: the clock goes back, the release stays lapsed.
    ledger.0[0].seen = at(8 * DAY);
    assert_eq!(
        reasons(&ledger.judged(6 * DAY, &rule)),
        [NotCounted::ClockSetBack { now: at(6 * DAY), seen: at(8 * DAY) }]
    );
    assert_eq!(reasons(&ledger.judged(8 * DAY - 60, &rule)), [NotCounted::Lapsed { until: at(7 * DAY) }]);
}

#[test]
fn keys_count_in_their_time_and_for_this_use_alone() {
    let ledger = nothing().signed(0, 1);
    // at(0) is 15 January 2027, 08:00.
    let early = rule(&listed(&[line(1, "ada", "valid-after=\"20270116Z\"")]));
    let from = "2027-01-16T00:00:00Z".parse().unwrap();
    assert_eq!(reasons(&ledger.judged(0, &early)), [NotCounted::KeyTooEarly { name: "ada".to_owned(), from }]);
    assert!(ledger.judged(DAY, &early).is_released());
    let late = rule(&listed(&[line(1, "ada", "valid-before=\"20270116Z\"")]));
    let judgement = ledger.judged(0, &late);
    assert_eq!(judgement.until(), Some(from));
    assert_eq!(
        reasons(&ledger.judged(DAY, &late)),
        [NotCounted::KeyLapsed { name: "ada".to_owned(), until: from }]
    );
    let other = rule(&listed(&[line(1, "ada", "namespaces=\"git\"")]));
    assert_eq!(reasons(&ledger.judged(0, &other)), [NotCounted::OtherUse { name: "ada".to_owned() }]);
    let stranger = rule(&listed(&[line(2, "bo", "")]));
    let fingerprint = signer(&line(1, "ada", "")).key.fingerprint();
    assert_eq!(reasons(&ledger.judged(0, &stranger)), [NotCounted::OtherKey { fingerprint }]);
    let signature = key(1).sign("file", STATEMENT);
    let wrong = nothing().add(0, Act::Signed { signature, made_here: true });
    let rule = rule(&listed(&[line(1, "ada", "")]));
    assert!(matches!(reasons(&wrong.judged(0, &rule))[..], [NotCounted::Signature(_)]));
}

#[test]
fn as_many_people_as_are_needed_and_each_once() {
    let rule = rule(&format!(
        "needed = 2\n{}",
        listed(&[line(1, "ada@x.example,Ada Ash", ""), line(2, "bo", ""), line(3, "ADA  ash", "")])
    ));
    let one = nothing().signed(0, 1).judged(1, &rule);
    assert_eq!(one.lacking, [Lacking::People { have: 1, needed: 2 }]);
    assert!(nothing().signed(0, 1).signed(1, 2).judged(2, &rule).is_released());
    let twice = nothing().signed(0, 1).signed(1, 3).judged(2, &rule);
    assert_eq!(twice.lacking, [Lacking::People { have: 1, needed: 2 }]);
    assert_eq!(reasons(&twice), [NotCounted::SamePerson { name: "ada@x.example".to_owned() }]);
}

#[test]
fn each_role_is_another_person() {
    let people = listed(&[
        line(1, "ada,role:counsel,role:privacy", ""),
        line(2, "bo,role:counsel", ""),
        line(3, "cy,role:privacy", ""),
        line(4, "di", ""),
    ]);
    let rule = rule(&format!("roles = [\"privacy\", \"counsel\"]\n{people}"));
    let lacking = |ledger: Ledger| ledger.judged(9, &rule).lacking;
    let roles = |roles: &[&str]| Lacking::Roles { roles: roles.iter().map(|role| (*role).to_owned()).collect() };
    assert_eq!(lacking(nothing().signed(0, 1).signed(1, 2)), []);
    assert_eq!(lacking(nothing().signed(0, 2).signed(1, 1)), []);
    assert_eq!(lacking(nothing().signed(0, 1).signed(1, 3)), []);
    assert_eq!(lacking(nothing().signed(0, 1).signed(1, 4)), [roles(&["counsel"])]);
    assert_eq!(lacking(nothing().signed(0, 2).signed(1, 4)), [roles(&["privacy"])]);
    assert_eq!(lacking(nothing().signed(0, 1)), [Lacking::People { have: 1, needed: 2 }, roles(&["counsel"])]);
    assert_eq!(lacking(nothing()).last(), Some(&roles(&["privacy", "counsel"])));
}

#[test]
fn paper_counts_before_a_witness_where_it_is_not_forbidden() {
    let people = listed(&[line(1, "ada,Ada Ash,role:privacy", "")]);
    let allowed = rule(&format!("needed = 2\nroles = [\"counsel\", \"privacy\"]\n{people}"));
    let ledger = nothing().signed(0, 1).on_paper(1, "Bo Birch", "counsel", "Cy Cedar");
    let judgement = ledger.judged(2, &allowed);
    assert!(judgement.is_released(), "{judgement:?}");
    assert_eq!(judgement.counted[1].how.told(), "witnessed");
    let forbidden = rule(&format!("needed = 2\nroles = [\"counsel\"]\nwitnessed = false\n{people}"));
    assert_eq!(reasons(&ledger.judged(2, &forbidden)), [NotCounted::PaperForbidden]);
    for (ledger, why) in [
        (
            nothing().on_paper(0, "ada ash", "counsel", "Cy"),
            NotCounted::OtherRole { name: "ada ash".to_owned(), role: "counsel".to_owned() },
        ),
        (
            nothing().on_paper(0, "Bo Birch", "counsel", "bo  birch"),
            NotCounted::OwnWitness { name: "Bo Birch".to_owned() },
        ),
        (nothing().on_paper(0, "Ada Ash", "privacy", "ada"), NotCounted::OwnWitness { name: "Ada Ash".to_owned() }),
    ] {
        assert_eq!(reasons(&ledger.judged(1, &allowed)), [why]);
    }
    let twice = nothing().signed(0, 1).on_paper(1, "ada ash", "privacy", "Cy").judged(2, &allowed);
    assert_eq!(twice.counted.len(), 1);
    assert_eq!(reasons(&twice), [NotCounted::SamePerson { name: "ada".to_owned() }]);
}

#[test]
fn signers_kept_outside_add_and_are_never_weakened() {
    let outside = [signer(&line(9, "ida,role:counsel", "")), signer(&line(8, "jo", "valid-before=\"20270116Z\""))];
    let with =
        |ledger: &Ledger, seconds, rule: &ApprovalRule| ledger.judged_with(seconds, rule, Some(&outside)).unwrap();
    let rule = rule(&format!("needed = 1\n{}", listed(&[line(1, "ada", "")])));
    // They add.
    assert!(!nothing().signed(0, 9).judged(1, &rule).is_released());
    assert!(with(&nothing().signed(0, 9), 1, &rule).is_released());
    // The folder alone releases nothing, and paper is no key of theirs.
    assert_eq!(with(&nothing().signed(0, 1), 1, &rule).lacking, [Lacking::Outside]);
    assert_eq!(with(&nothing().on_paper(0, "ida", "counsel", "Cy"), 1, &rule).lacking, [Lacking::Outside]);
    assert!(with(&nothing().signed(0, 1).signed(1, 9), 1, &rule).is_released());
    // The folder neither lengthens a key's time nor gives their name to another key.
    let weakening = super::tests::rule(&listed(&[line(8, "jo", ""), line(2, "ida", "")]));
    let ledger = nothing().signed(DAY, 8).signed(DAY, 2);
    let reasons = reasons(&with(&ledger, DAY, &weakening));
    assert!(matches!(reasons[..], [NotCounted::KeyLapsed { .. }, NotCounted::OtherKey { .. }]), "{reasons:?}");
    // Nor does it wave them away.
    let none = super::tests::rule("none = \"in a hurry\"\n");
    assert_eq!(nothing().judged_with(0, &none, None), None);
    assert!(!with(&nothing(), 0, &none).is_released());
    assert!(with(&nothing().signed(0, 9), 1, &none).is_released());
}

#[test]
fn what_releases_a_plan_is_asked_for_real_relays_alone() {
    let incident = |approval: &str| {
        let text = include_str!("../../../../examples/amazon-2020-10/incident.toml");
        let (before, _) = text.split_once("[approval]").unwrap();
        incident::read("incident.toml", format!("{before}{approval}").as_bytes()).0.unwrap()
    };
    let relay = crate::delivery::parse_relay("smtps://mail.example.org").unwrap();
    let grounds = Grounds { outside: None, statement: STATEMENT, plan: 1, records: &[], now: at(0) };
    let of = |approval: &str, relay| release(&incident(approval), relay, &grounds);
    assert_eq!(of("", &Relay::Inbox), Ok(Release::Rehearsal));
    assert_eq!(of("", &relay), Err(NotApproved::NoRule));
    let none = "[approval]\nnone = \"a drill\"\n";
    assert_eq!(of(none, &relay), Ok(Release::NotNeeded { reason: "a drill".to_owned() }));
    let refused = of("[approval]\nneeded = 2\nroles = [\"counsel\"]\n", &relay).unwrap_err();
    assert_eq!(refused.to_string(), "the plan is not released: 0 of 2 releases; nobody released it as counsel");
}

#[test]
fn every_slip_in_the_rule_is_a_finding_at_its_place() {
    let text = include_str!("../../../../examples/amazon-2020-10/incident.toml");
    let (before, _) = text.split_once("[approval]").unwrap();
    let good = line(1, "ada,role:counsel", "");
    for (approval, code, shown) in [
        (String::new(), "empty-value", "[approval]"),
        ("needed = 0".to_owned(), "unknown-value", "0"),
        ("needed = 21".to_owned(), "unknown-value", "21"),
        ("roles = [\"Counsel\"]".to_owned(), "signer-role", "[\"Counsel\"]"),
        ("roles = [\"a\", \"a\"]".to_owned(), "signer-role", "[\"a\", \"a\"]"),
        ("valid_for = \"soon\"".to_owned(), "duration", "\"soon\""),
        ("witnessed = \"no\"".to_owned(), "wrong-type", "\"no\""),
        ("signers = [\"Counsel\"]".to_owned(), "signer-line", "\"Counsel\""),
        (format!("signers = ['{good}', '{good}']"), "signer-twice", "'\"ada"),
        ("signer = []".to_owned(), "unknown-key", "signer"),
        (format!("signers = ['ada cert-authority {}']", key(1).public()), "signer-certificate", "'ada"),
    ] {
        let text = format!("{before}[approval]\n{approval}\n");
        let (incident, findings) = incident::read("incident.toml", text.as_bytes());
        assert_eq!(incident, None, "{approval}");
        let finding =
            findings.iter().find(|f| f.code == code).unwrap_or_else(|| panic!("{approval}: {findings:?}"));
        assert!(text[finding.place.span.clone().unwrap()].starts_with(shown), "{approval}: {finding:?}");
    }
    for (approval, code) in [
        (format!("roles = [\"privacy\"]\nwitnessed = false\nsigners = ['{good}']"), "signer-role"),
        (format!("signers = ['{}']", line(1, "ada", "namespaces=\"git\"")), "signer-namespace"),
    ] {
        let (incident, findings) =
            incident::read("incident.toml", format!("{before}[approval]\n{approval}\n").as_bytes());
        assert!(incident.is_some());
        assert_eq!(findings.iter().map(|f| f.code).collect::<Vec<_>>(), [code]);
    }
}

#[test]
fn the_rule_says_itself_in_a_sentence() {
    let told = |approval: &str| match rule(approval) {
        ApprovalRule::Asked(asked) => asked.told(),
        ApprovalRule::NotNeeded { .. } => unreachable!("the test asks for people"),
    };
    assert_eq!(told("needed = 1\nwitnessed = false\n"), "1 person, each with a key; a release counts for 7 d");
    assert_eq!(
        told("roles = [\"counsel\", \"privacy\"]\nvalid_for = \"36 h\"\n"),
        "2 people, among them counsel and privacy, each with a key, or on paper before a witness; a release counts for 36 h"
    );
}
