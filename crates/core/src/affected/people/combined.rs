//! All decisions about people together: random lists and settings, judged by models that hold everything and look
//! through all of it, row by row.

use super::*;
use crate::address::Address;
use crate::affected::{
    Decisions, PendingBefore, PersonAddresses, SamePerson, SharedAddress, Supplied, read_left_out,
};
use proptest::prelude::*;

/// A row of a list, in few enough forms that people meet each other.
#[derive(Clone, Debug)]
struct Given {
    id: &'static str,
    address: &'static str,
    name: &'static str,
    data: BTreeSet<&'static str>,
    letter: bool,
}

/// A notice of an earlier wave.
#[derive(Clone, Debug)]
struct Before {
    id: &'static str,
    address: &'static str,
    told: Told,
}

#[derive(Clone, Debug)]
struct Case {
    rows: Vec<Given>,
    decisions: Decisions,
    waves: Vec<Vec<Before>>,
    left_out: BTreeSet<&'static str>,
    /// Ids and addresses of suppression lines.
    suppressed: Vec<(&'static str, &'static str)>,
}

const IDS: [&str; 4] = ["", "1", "2", "3"];
const ADDRESSES: [&str; 4] = ["a@b.example", "A@b.example", "c@b.example", "d@b.example"];
const CATEGORIES: [&str; 3] = ["email", "name", "phone"];

fn row() -> impl Strategy<Value = Given> {
    let address = prop_oneof![8 => prop::sample::select(&ADDRESSES[..]), 1 => Just(""), 1 => Just("broken")];
    let data = prop::collection::btree_set(prop::sample::select(&CATEGORIES[..]), 0..3);
    let name = prop_oneof![9 => Just("Ada"), 1 => Just("Ida")];
    let letter = prop::bool::weighted(0.05);
    (prop::sample::select(&IDS[..]), address, name, data, letter)
        .prop_map(|(id, address, name, data, letter)| Given { id, address, name, data, letter })
}

fn decisions() -> impl Strategy<Value = Decisions> {
    let same = prop::option::of(Just(SamePerson::UnionData));
    let shared =
        prop::option::of(prop::sample::select(&[SharedAddress::OneNoticeEach, SharedAddress::FirstOnly][..]));
    let several = prop::option::of(prop::sample::select(&[PersonAddresses::All, PersonAddresses::First][..]));
    let pending = prop::option::of(Just(PendingBefore::TellHere));
    (same, shared, several, pending).prop_map(|(same_person, shared_address, person_addresses, pending_before)| {
        let letter = BTreeMap::from([("letter".to_owned(), BTreeSet::from(["yes".to_owned()]))]);
        Decisions { same_person, shared_address, person_addresses, letter, pending_before, ..Decisions::default() }
    })
}

fn before() -> impl Strategy<Value = Before> {
    let told = prop::sample::select(&Told::ALL[..]);
    (prop::sample::select(&IDS[..]), prop::sample::select(&ADDRESSES[..]), told)
        .prop_map(|(id, address, told)| Before { id, address, told })
}

fn case() -> impl Strategy<Value = Case> {
    let waves = prop::collection::vec(prop::collection::vec(before(), 0..4), 0..3);
    let left_out = prop::collection::btree_set(prop::sample::select(&IDS[1..]), 0..2);
    let line = (prop::sample::select(&IDS[..]), prop::sample::select(&ADDRESSES[..]));
    let suppressed = prop::collection::vec(line, 0..2);
    (prop::collection::vec(row(), 1..12), decisions(), waves, left_out, suppressed).prop_map(
        |(rows, decisions, waves, left_out, suppressed)| Case { rows, decisions, waves, left_out, suppressed },
    )
}

/// What became of a row: `told` with the data, `refused`, or the reason and the note.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Became {
    Told(BTreeSet<String>),
    Withheld(Withheld, String),
    Refused,
}

impl Case {
    fn list(&self) -> String {
        let row = |row: &Given| {
            let data: Vec<_> = row.data.iter().copied().collect();
            let letter = if row.letter { "yes" } else { "" };
            format!("{},{},{},{},{letter}\n", row.id, row.address, row.name, data.join(";"))
        };
        "id,email,name,data,letter\n".to_owned() + &self.rows.iter().map(row).collect::<String>()
    }

    fn known(&self) -> Known {
        let wave = |(i, notices): (usize, &Vec<Before>)| {
            let mut earlier = Earlier::new(&format!("{i}"), "first");
            for notice in notices {
                earlier.add(notice.id, notice.address, notice.told, None);
            }
            earlier.finish()
        };
        let mut known = Known { earlier: self.waves.iter().enumerate().map(wave).collect(), ..Known::default() };
        let left_out: Vec<_> = self.left_out.iter().map(|id| format!("{id},by letter\n")).collect();
        known.left_out =
            read_left_out("left-out.csv", format!("id,reason\n{}", left_out.concat()).as_bytes()).unwrap();
        let lines = self.suppressed.iter().map(|(id, address)| format!("{id},{address},asked\n"));
        let lines = format!("id,email,reason\n{}", lines.collect::<Vec<_>>().concat());
        assert_eq!(known.suppressed.add("suppress.csv", lines.as_bytes()), Ok(Vec::new()));
        known
    }

    /// Reads the list as a dry run does: once to put data together, and then for good.
    fn read(&self) -> (Vec<Became>, Tally) {
        let categories = CATEGORIES.map(|id| Category {
            id: id.to_owned(),
            words: BTreeMap::new(),
            consequence: BTreeMap::new(),
        });
        let settings = ListSettings { people: self.decisions.clone(), ..ListSettings::default() };
        let (list, read_columns) = (self.list(), BTreeSet::new());
        let read = |known: &Known| {
            let context = Context {
                file: "l.csv",
                settings: &settings,
                categories: Some(&categories),
                languages: None,
                read_columns: &read_columns,
                known,
                duties: None,
            };
            let mut people = People::new(context, Supplied::new(list.as_bytes())).unwrap();
            let mut became = Vec::new();
            while let Some(row) = people.read().unwrap() {
                became.push(match row.fate {
                    Fated::Planned(recipient) => Became::Told(recipient.data.into_iter().collect()),
                    Fated::Withheld { reason, note, .. } => Became::Withheld(reason, note),
                    Fated::Refused => Became::Refused,
                });
            }
            (became, people.finish().unwrap())
        };
        let mut known = self.known();
        let context = Context {
            file: "l.csv",
            settings: &settings,
            categories: Some(&categories),
            languages: None,
            read_columns: &read_columns,
            known: &Known::default(),
            duties: None,
        };
        let input = Supplied::new(list.as_bytes());
        known.suspects = Some(Suspects::find(context, input).unwrap());
        let (_, tally) = read(&known);
        known.unions = Some((tally.unions, tally.digest));
        read(&known)
    }
}

/// What an earlier wave or waves did about a person, by looking through all of them.
///
/// The same person is known by id, else by mailbox where one side has no id; anybody else at the mailbox, or at one
/// that differs in case alone, is a neighbour.
fn model_of_waves(case: &Case, row: &Given) -> Option<(bool, Told)> {
    let has_address = Address::parse(row.address).is_ok();
    let of_wave = |wave: &Vec<Before>| {
        let counts = || wave.iter().filter(|before| before.told != Told::Not);
        let by_id = counts().filter(|before| !row.id.is_empty() && before.id == row.id).map(|before| before.told);
        let here = || counts().filter(|before| has_address && before.address.eq_ignore_ascii_case(row.address));
        let nameless = here().filter(|b| b.address == row.address && (b.id.is_empty() || row.id.is_empty()));
        let same = by_id.max().or(nameless.map(|before| before.told).max());
        same.map(|told| (true, told)).or(here().map(|before| (false, before.told)).max())
    };
    case.waves.iter().filter_map(of_wave).max()
}

/// Judges a row by itself: `None` where it is told, unless rows before it say otherwise.
fn model_of_row(case: &Case, row: &Given) -> Option<Became> {
    let is_suppressed = case.suppressed.iter().any(|(id, address)| {
        let same_id = !id.is_empty() && *id == row.id;
        same_id || *address == row.address && (id.is_empty() || row.id.is_empty())
    });
    let told = model_of_waves(case, row).map(|(is_same, told)| match (is_same, case.decisions.shared_address) {
        (false, Some(SharedAddress::OneNoticeEach)) => Ok(Told::Not),
        (false, None) if told > Told::LetStand => Err(()),
        _ => Ok(told),
    });
    let is_pending = told == Some(Ok(Told::Pending)) && case.decisions.pending_before.is_none();
    let withheld = |reason| Some(Became::Withheld(reason, String::new()));
    if case.left_out.contains(row.id) {
        withheld(Withheld::LeftOut)
    } else if row.address == "broken" {
        Some(Became::Refused)
    } else if row.letter {
        withheld(Withheld::NeedsLetter)
    } else if told == Some(Ok(Told::Accepted)) {
        withheld(Withheld::AlreadyTold)
    } else if matches!(told, Some(Err(()) | Ok(Told::InDoubt))) || is_pending {
        Some(Became::Refused)
    } else if is_suppressed {
        withheld(Withheld::Suppressed)
    } else if row.address.is_empty() {
        withheld(Withheld::NoAddress)
    } else {
        None
    }
}

/// Judges each row by looking through all rows before it, and the data of a notice by looking through all rows.
fn model(case: &Case) -> Vec<Became> {
    /// A row that is told, and those merged into it.
    struct Notice<'c> {
        row: &'c Given,
        data: BTreeSet<&'static str>,
    }
    let all = BTreeSet::from(CATEGORIES);
    let data_of = |row: &Given| if row.data.is_empty() { all.clone() } else { row.data.clone() };
    let mut notices: Vec<(usize, Notice<'_>)> = Vec::new();
    let mut became: Vec<Option<Became>> = Vec::new();
    for (number, row) in case.rows.iter().enumerate() {
        let withheld = |reason| Some(Became::Withheld(reason, String::new()));
        let (shared, several) = (case.decisions.shared_address, case.decisions.person_addresses);
        let merge = |notices: &mut Vec<(usize, Notice<'_>)>, into: usize| {
            let notice = &mut notices[into].1;
            let is_united = case.decisions.same_person.is_some();
            if data_of(notice.row) != data_of(row) && !is_united {
                return Some(Became::Refused);
            }
            notice.data.extend(data_of(row));
            withheld(Withheld::Duplicate)
        };
        let find = |is: &dyn Fn(&Given) -> bool| notices.iter().position(|(_, notice)| is(notice.row));
        let same = find(&|first| first.id == row.id && first.address == row.address);
        let neighbour = find(&|first| first.address.eq_ignore_ascii_case(row.address));
        // The first row of an id stands for it, whatever came later.
        let named = find(&|first| !row.id.is_empty() && first.id == row.id);
        let elsewhere = named.filter(|i| !notices[*i].1.row.address.eq_ignore_ascii_case(row.address));
        let fate = if let Some(fate) = model_of_row(case, row) {
            Some(fate)
        } else if let Some(i) = same {
            if notices[i].1.row.name == row.name { merge(&mut notices, i) } else { Some(Became::Refused) }
        } else if neighbour.is_some() && shared.is_none() {
            Some(Became::Refused)
        } else if neighbour.is_some() && shared == Some(SharedAddress::FirstOnly) {
            withheld(Withheld::Duplicate)
        } else if let (Some(i), Some(PersonAddresses::First)) = (elsewhere, several) {
            merge(&mut notices, i)
        } else if elsewhere.is_some() && several.is_none() {
            Some(Became::Refused)
        } else {
            notices.push((number, Notice { row, data: data_of(row) }));
            None
        };
        became.push(fate);
    }
    for (number, notice) in notices {
        became[number] = Some(Became::Told(notice.data.iter().map(|id| (*id).to_owned()).collect()));
    }
    became.into_iter().flatten().collect()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 1_000, ..ProptestConfig::default() })]

    #[test]
    fn every_row_has_the_one_fate_that_all_decisions_together_give_it(case in case()) {
        let (became, tally) = case.read();
        prop_assert_eq!(became.len(), case.rows.len());
        let plain = became.iter().map(|became| match became {
            Became::Withheld(reason, _) => Became::Withheld(*reason, String::new()),
            other => other.clone(),
        });
        prop_assert_eq!(plain.collect::<Vec<_>>(), model(&case), "{}", case.list());
        // The counts are those of the rows, and what is merged names a row that is told.
        let told = became.iter().filter(|became| matches!(became, Became::Told(_))).count() as u64;
        let refused = became.iter().filter(|became| **became == Became::Refused).count() as u64;
        prop_assert_eq!((tally.counts.planned, tally.counts.refused), (told, refused));
        let withheld: u64 = tally.counts.withheld.values().sum();
        prop_assert_eq!(tally.counts.rows, told + refused + withheld);
        let all = became;
        for became in &all {
            if let Became::Withheld(Withheld::Duplicate, note) = became {
                let into = crate::merged::Merged::read(note).unwrap().into;
                let place = usize::try_from(into).unwrap() - 1;
                prop_assert!(matches!(all[place], Became::Told(_)), "{}", note);
            }
        }
    }
}
