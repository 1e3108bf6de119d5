//! Progress on standard error: a bar on a terminal, plain lines elsewhere, nothing when asked to be quiet.

use crate::terminal::{Out, grouped, note};
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use std::{
    cell::Cell,
    time::{Duration, Instant},
};

/// Work shorter than this shows nothing.
const QUIET_FOR: Duration = Duration::from_secs(1);
/// How often a plain line is written where there is no terminal.
const LINE_EVERY: Duration = Duration::from_secs(10);
/// How often a bar is drawn: no more often than an eye reads.
const DRAWS_PER_SECOND: u8 = 8;

/// Progress of reading a list, by octets: how many rows it has is not known before its end.
pub struct Reading {
    doing: &'static str,
    bar: Option<ProgressBar>,
    out: Out,
    octets: u64,
    started: Instant,
    shown: Cell<bool>,
    line_at: Cell<Instant>,
}

impl Reading {
    /// Starts on a list of so many octets; the bar appears after a second.
    pub fn start(out: Out, doing: &'static str, octets: u64) -> Self {
        let bar = (!out.is_quiet && out.is_interactive).then(|| {
            let bar = ProgressBar::with_draw_target(Some(octets), ProgressDrawTarget::hidden());
            bar.set_style(style("{prefix} {bar:30} {percent} % · {msg}"));
            bar.set_prefix(doing);
            bar
        });
        let now = Instant::now();
        Self { doing, bar, out, octets, started: now, shown: Cell::new(false), line_at: Cell::new(now) }
    }

    /// Tells how far the reading has come: which row, at which octet.
    pub fn at(&self, row: u64, octets: u64) {
        if self.out.is_quiet {
            return;
        }
        self.came(row, octets, self.started.elapsed());
    }

    /// Shows how far the reading has come after this time.
    fn came(&self, row: u64, octets: u64, elapsed: Duration) {
        let Some(bar) = &self.bar else {
            if self.line_at.get().elapsed() >= LINE_EVERY {
                self.line_at.set(Instant::now());
                note(&format!(
                    "{} {} rows · {}",
                    self.doing,
                    grouped(row),
                    pace(row, octets, self.octets, elapsed)
                ));
            }
            return;
        };
        if !self.shown.get() && elapsed > QUIET_FOR {
            self.shown.set(true);
            bar.set_draw_target(ProgressDrawTarget::stderr_with_hz(DRAWS_PER_SECOND));
        }
        bar.set_position(octets);
        bar.set_message(pace(row, octets, self.octets, elapsed));
    }

    /// Ends, and takes the bar away.
    pub fn end(&self) {
        if let Some(bar) = &self.bar {
            bar.finish_and_clear();
        }
    }
}

/// Returns rows a second, and how long the octets that are left take at the pace so far.
fn pace(rows: u64, octets: u64, all: u64, elapsed: Duration) -> String {
    let left = time_left(all.saturating_sub(octets), per_second(octets, elapsed));
    format!("{:.0} rows/s · {left} left", per_second(rows, elapsed))
}

/// Progress of a count towards a known total: rendering, delivering.
pub struct Counting {
    doing: &'static str,
    bar: Option<ProgressBar>,
    out: Out,
    total: u64,
    started: Instant,
    first: u64,
    line_at: Cell<Instant>,
}

impl Counting {
    /// Starts at `done` of `total`.
    pub fn start(out: Out, doing: &'static str, done: u64, total: u64) -> Self {
        let bar = (!out.is_quiet && out.is_interactive).then(|| {
            let bar =
                ProgressBar::with_draw_target(Some(total), ProgressDrawTarget::stderr_with_hz(DRAWS_PER_SECOND));
            bar.set_style(style("{prefix} {bar:30} {pos} of {len} · {msg}"));
            bar.set_prefix(doing);
            bar.set_position(done);
            bar
        });
        let now = Instant::now();
        Self { doing, bar, out, total, started: now, first: done, line_at: Cell::new(now) }
    }

    /// Tells that `done` are done, and what else is worth knowing (`2 deferred`).
    pub fn at(&self, done: u64, remark: &str) {
        let elapsed = self.started.elapsed();
        let rate = per_second(done.saturating_sub(self.first), elapsed);
        let left = time_left(self.total.saturating_sub(done), rate);
        let separator = if remark.is_empty() { "" } else { " · " };
        let message = format!("{rate:.0}/s · {left} left{separator}{remark}");
        if let Some(bar) = &self.bar {
            bar.set_position(done);
            bar.set_message(message);
        } else if !self.out.is_quiet && self.line_at.get().elapsed() >= LINE_EVERY {
            self.line_at.set(Instant::now());
            note(&format!("{} {} of {} · {message}", self.doing, grouped(done), grouped(self.total)));
        }
    }

    /// Shows a line above the bar.
    pub fn say(&self, text: &str) {
        match &self.bar {
            Some(bar) => bar.println(crate::terminal::safe(text)),
            None => self.out.message(text),
        }
    }

    /// Ends, and takes the bar away.
    pub fn end(&self) {
        if let Some(bar) = &self.bar {
            bar.finish_and_clear();
        }
    }
}

fn style(template: &str) -> ProgressStyle {
    ProgressStyle::with_template(template).expect("the template is written here").progress_chars("━╸─")
}

#[expect(clippy::cast_precision_loss, reason = "a rate is shown without digits behind the point")]
fn per_second(count: u64, elapsed: Duration) -> f64 {
    count as f64 / elapsed.as_secs_f64().max(0.001)
}

/// Returns how long `count` take at this pace: `3 min`, `2 h 10 min`.
#[expect(clippy::cast_precision_loss, clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "bounded")]
pub fn time_left(count: u64, per_second: f64) -> String {
    if per_second < 0.001 {
        return "unknown time".to_owned();
    }
    span((count as f64 / per_second).min(1e9).ceil() as u64)
}

/// Returns `seconds` as people say it, in at most two units.
pub fn span(seconds: u64) -> String {
    let (days, hours, minutes) = (seconds / 86_400, seconds / 3_600 % 24, seconds / 60 % 60);
    match (days, hours, minutes) {
        (0, 0, 0) => format!("{seconds} s"),
        (0, 0, minutes) if minutes < 10 => format!("{minutes} min {} s", seconds % 60),
        (0, 0, minutes) => format!("{minutes} min"),
        (0, hours, minutes) => format!("{hours} h {minutes} min"),
        (days, hours, _) => format!("{days} d {hours} h"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::terminal::Format;

    #[test]
    fn a_reading_says_its_pace_and_the_time_left() {
        let said = pace(50_000, 4_000_000, 12_000_000, Duration::from_secs(2));
        assert_eq!(said, "25000 rows/s · 4 s left");
        assert_eq!(pace(1, 12, 12, Duration::from_secs(1)), "1 rows/s · 0 s left");
    }

    #[test]
    fn a_reading_that_takes_more_than_a_second_shows_how_many_octets_are_read() {
        let out = |is_interactive| Out { is_interactive, ..Out::new(Format::Human, false) };
        let reading = Reading::start(out(true), "reading the list", 12_000_000);
        reading.came(1, 12, QUIET_FOR);
        assert!(!reading.shown.get(), "what is done at once shows nothing");
        reading.came(50_000, 4_000_000, QUIET_FOR + Duration::from_millis(1));
        let bar = reading.bar.as_ref().unwrap();
        assert_eq!((reading.shown.get(), bar.position(), bar.length()), (true, 4_000_000, Some(12_000_000)));
        assert!(
            Reading::start(out(false), "reading the list", 1).bar.is_none(),
            "lines, where there is no terminal"
        );
    }

    #[test]
    fn times_are_said_in_two_units() {
        for (seconds, said) in [
            (0, "0 s"),
            (59, "59 s"),
            (61, "1 min 1 s"),
            (1_200, "20 min"),
            (7_800, "2 h 10 min"),
            (90_000, "1 d 1 h"),
        ] {
            assert_eq!(span(seconds), said);
        }
        assert_eq!(time_left(10, 0.0), "unknown time");
        assert_eq!(time_left(100, 10.0), "10 s");
    }
}
