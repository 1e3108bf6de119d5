//! `forthwith deadlines`: by when each law wants whom told, as a table, as JSON and as a calendar.
//!
//! It gathers and shows. What is due when is core's, and whether anything was done in time is nobody's here.

mod calendar;
mod report;
mod table;

use crate::{
    args::DeadlinesArgs,
    checking::{self, Checked},
    commands::refuse,
    exit::{CommandError, Exit},
    folder::Folder,
    holding,
    ledgers::{self, Stage},
    terminal::{Format, Out, counted},
    whole::{Whole, cannot},
};
use forthwith_core::{
    affected::Wanted,
    deadlines::{Dated, Situation, deadlines},
    hold::Hold,
    incident::Incident,
    law,
};
use forthwith_ledger::sqlite::LedgerReader;
use jiff::Timestamp;
use std::{io::Write as _, path::Path};

/// Runs the command.
pub fn run(args: &DeadlinesArgs, out: Out) -> Result<Exit, CommandError> {
    let folder = Folder::find(&args.incident.incident)?;
    let now = args.as_of.unwrap_or_else(Timestamp::now);
    let to_stdout = args.ics.as_deref() == Some(Path::new("-"));
    if to_stdout && out.format == Format::Json {
        let message = "--ics - and --format json both write to standard output";
        return Err(
            CommandError::new(Exit::Usage, message).hint("write the calendar to a file: --ics deadlines.ics")
        );
    }
    let file = match &args.ics {
        Some(path) if !to_stdout => Some(Whole::create(&folder, path, args.overwrite)?),
        _ => None,
    };
    let checked = checking::check(&folder, out, Wanted::Remarkable, |_| Ok(()))?;
    let Some(incident) = checked.inputs.incident.as_ref().filter(|_| checked.tally.counts.rows > 0) else {
        return Err(refuse(&checked, out, &folder));
    };
    let record = Record::read(&folder)?;
    let situation = Situation {
        clock: &incident.clock,
        first_handed_over: record.first_handed_over,
        roles: &incident.roles,
        census: &checked.census,
        law: &incident.law,
        holds: &record.holds,
        now,
    };
    let dated = deadlines(law::shipped(), &situation);
    let shown = Shown { incident, checked: &checked, record: &record, dated: &dated, now };
    if to_stdout {
        out.raw(&calendar::text(&shown));
        return Ok(Exit::Done);
    }
    out.json(&report::report(&shown));
    for line in table::lines(&shown) {
        out.line(line);
    }
    if let Some(file) = file {
        let count = write(file, &shown)?;
        let path = args.ics.as_deref().unwrap_or(Path::new("")).display();
        out.line(format!("\n{} in {path}", counted(count, "date")));
    }
    Ok(Exit::Done)
}

/// Everything that is shown.
struct Shown<'a> {
    incident: &'a Incident,
    checked: &'a Checked,
    record: &'a Record,
    dated: &'a [Dated<'a>],
    now: Timestamp,
}

/// What the ledger knows, where there is one.
#[derive(Default)]
struct Record {
    /// Every hold, lifted ones too.
    holds: Vec<Hold>,
    /// When the first notice was handed over.
    first_handed_over: Option<Timestamp>,
    /// Notices that the relay took, and those that were planned.
    told: Option<(u64, u64)>,
}

impl Record {
    fn read(folder: &Folder) -> Result<Self, CommandError> {
        let reader = LedgerReader::open(&Stage::Real.ledger(folder)).map_err(ledgers::unusable)?;
        let Some(reader) = reader else { return Ok(Self::default()) };
        let holds = reader.holds().map_err(ledgers::failed)?;
        let plan = reader.current_plan().map_err(ledgers::failed)?;
        let first_handed_over = plan.as_ref().and_then(|plan| plan.first_offer_at);
        let told = match plan {
            Some(plan) => Some((reader.counts().map_err(ledgers::failed)?.accepted, plan.planned)),
            None => None,
        };
        Ok(Self { holds, first_handed_over, told })
    }
}

/// Writes the calendar, and returns how many dates it has.
fn write(mut file: Whole, shown: &Shown<'_>) -> Result<u64, CommandError> {
    let path = file.path().to_owned();
    let count = calendar::dates(shown).count() as u64;
    file.write_all(calendar::text(shown).as_bytes()).map_err(|error| cannot(&path, error))?;
    file.keep()?;
    Ok(count)
}

/// Returns the holds that stand, for both forms.
fn standing(shown: &Shown<'_>) -> Vec<Hold> {
    forthwith_core::hold::standing(&shown.record.holds, shown.now)
}

/// Returns the lines of those holds.
fn hold_lines(shown: &Shown<'_>) -> Vec<String> {
    holding::lines(&standing(shown)).collect()
}
