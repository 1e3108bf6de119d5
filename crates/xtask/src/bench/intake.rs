//! `cargo xtask bench intake`: how fast `check` reads a list, beside `DuckDB`, which reads the same file and counts the
//! different addresses in it; and how fast a plan is frozen, beside a bare loop of INSERTs of the same rows.
//!
//! `check` and `DuckDB` have every core of the machine and the clock around the whole process. `DuckDB` judges nothing of
//! what it reads: the ratio says what judging costs. It is a library of Python's here, in an environment below `target/`;
//! without it, everything but the ratio is measured.

mod planning;

use super::{
    folder::{EXAMPLE, parent},
    measure::{self, Measured, median},
};
use anyhow::{Context as _, ensure};
use std::{
    fs::{self, File},
    io::{BufWriter, Write as _},
    path::{Path, PathBuf},
    process::Command,
};

/// What is measured.
#[derive(Debug, clap::Args)]
pub(crate) struct Settings {
    /// How many rows each list has.
    #[arg(default_values_t = [100_000, 1_000_000, 10_000_000])]
    rows: Vec<usize>,
    /// How often each list is read by either.
    #[arg(long, default_value_t = 3)]
    rounds: usize,
    /// How many rows a plan has that is frozen; none is where it is 0.
    #[arg(long, default_value_t = 200_000)]
    planned: usize,
    /// Fail where a figure is beyond what is asked.
    #[arg(long)]
    strict: bool,
}

/// How often `check` may take the time of `DuckDB`.
const RATIO_MAX: f64 = 2.0;
/// The memory that `check` may have at the longest list, in KiB.
const PEAK_KIB_MAX: u32 = 384 << 10;
/// How often a row of the longest list may take the time of one of the shortest.
const GROWTH_MAX: f64 = 1.3;
/// One row in so many is written twice.
const REPEATED_EVERY: usize = 1_000;
/// The environment that has `DuckDB`.
const ENVIRONMENT: &str = "duckdb";
/// What `DuckDB` does: the whole file is read, and each address is compared with the others.
const QUERY: &str = "import duckdb, sys\n\
    sql = f\"select count(*), count(distinct lower(email)) from read_csv('{sys.argv[1]}')\"\n\
    lists = duckdb.connect()\n\
    lists.execute('set enable_progress_bar = false')\n\
    print('[%d, %d]' % lists.execute(sql).fetchone())";

/// Measures each list in turn by both, and prints a table of medians.
pub(crate) fn run(settings: &Settings) -> anyhow::Result<()> {
    let python = crate::target_folder().join(ENVIRONMENT).join("bin/python");
    let shown = crate::target_folder().join(ENVIRONMENT);
    let shown = shown.display();
    let missing =
        format!("there is no DuckDB: python3 -m venv {shown} && {shown}/bin/pip install duckdb brings it");
    let python = python.exists().then_some(python);
    ensure!(python.is_some() || !settings.strict, missing);
    if python.is_none() {
        println!("bench: {missing}");
    }
    let program = super::subject::built()?;
    let mut lines = Vec::new();
    for rows in &settings.rows {
        let list = List::make(*rows)?;
        println!("bench: {rows} rows, {} octets", fs::metadata(list.path())?.len());
        lines.push(list.measure(&program, python.as_deref(), settings.rounds)?);
    }
    let planning = match settings.planned {
        0 => None,
        rows => Some(planning::measure(&program, List::make(rows)?.folder.path(), rows, settings.rounds)?),
    };
    report(&lines, planning, settings.strict)
}

/// An incident with a list of so many rows.
struct List {
    folder: tempfile::TempDir,
    rows: usize,
}

impl List {
    fn make(rows: usize) -> anyhow::Result<Self> {
        let folder = tempfile::Builder::new().prefix("intake-").tempdir_in(parent()?)?;
        let example = crate::top_level().join(EXAMPLE);
        for name in ["incident.toml", "delivery.toml"] {
            fs::copy(example.join(name), folder.path().join(name)).with_context(|| format!("no {name}"))?;
        }
        fs::write(folder.path().join("affected.toml"), format!("[list]\nexpected_rows = {rows}\n"))?;
        let list = Self { folder, rows };
        let mut file = BufWriter::new(File::create(list.path())?);
        writeln!(file, "id,email,name,country,region,language")?;
        for row in 0..rows {
            // Every id and mailbox is another, but for the row that repeats the one before it.
            let person = if row % REPEATED_EVERY == REPEATED_EVERY - 1 { row - 1 } else { row };
            let (name, domain) = (NAMES[person % NAMES.len()], person % 500);
            let region = ["CA", "NY", "OR", "TX"][person % 4];
            writeln!(file, "K-{person:08},p{person:x}.{}@mail{domain}.example,{name},US,{region},en", person % 97)?;
        }
        file.into_inner()?.sync_all()?;
        Ok(list)
    }

    fn path(&self) -> PathBuf {
        self.folder.path().join("affected.csv")
    }

    fn measure(&self, program: &Path, python: Option<&Path>, rounds: usize) -> anyhow::Result<Line> {
        let (mut ours, mut theirs) = (Vec::new(), Vec::new());
        let different = u64::try_from(self.rows - self.rows / REPEATED_EVERY).ok();
        for round in 1..=rounds {
            if let Some(python) = python {
                let mut command = Command::new(python);
                let measured = measure::run(command.args(["-c", QUERY]).arg(self.path()), self.rows)?;
                let counted = measured.json.as_ref().and_then(|json| json[1].as_u64());
                ensure!(counted == different, "DuckDB counts {counted:?} addresses");
                println!("round {round}: DuckDB {:7.2} s", measured.took.as_secs_f64());
                theirs.push(measured);
            }
            let mut command = Command::new(program);
            command.arg("check").arg(self.folder.path()).args(["--quiet", "--format", "json"]);
            let measured = measure::run(&mut command, self.rows)?;
            let planned = measured.json.as_ref().and_then(|json| json["planned"].as_u64());
            ensure!(planned == different, "check plans {planned:?}");
            println!("round {round}: check  {:7.2} s", measured.took.as_secs_f64());
            ours.push(measured);
        }
        Ok(Line { rows: self.rows, ours, theirs })
    }
}

/// Names of people, in several scripts.
const NAMES: [&str; 8] = [
    "Ada Byrne",
    "Jürgen Müller",
    "山田太郎",
    "Chiamaka Okafor",
    "Nguyễn Văn An",
    "محمد علي",
    "Łukasz Żak",
    "Zoë O'Neill",
];

/// What was measured of one list.
struct Line {
    rows: usize,
    ours: Vec<Measured>,
    theirs: Vec<Measured>,
}

impl Line {
    fn of(measured: &[Measured], figure: impl Fn(&Measured) -> f64) -> f64 {
        median(&measured.iter().map(figure).collect::<Vec<_>>())
    }

    fn ratio(&self, figure: impl Fn(&Measured) -> f64) -> f64 {
        Self::of(&self.ours, &figure) / Self::of(&self.theirs, &figure)
    }

    fn peak_kib(&self) -> u32 {
        self.ours.iter().map(|measured| measured.peak_kib).max().unwrap_or(0)
    }

    /// Returns the processor time of one row, in microseconds.
    fn cpu_micros(&self) -> f64 {
        Self::of(&self.ours, Measured::cpu_micros)
    }
}

fn report(lines: &[Line], planning: Option<f64>, is_strict: bool) -> anyhow::Result<()> {
    println!("      rows   check s  DuckDB s  ratio  by processor time  CPU µs a row  peak MiB");
    let seconds = |measured: &Measured| measured.took.as_secs_f64();
    let cpu = |measured: &Measured| measured.cpu.as_secs_f64();
    for line in lines {
        let (ours, theirs) = (Line::of(&line.ours, seconds), Line::of(&line.theirs, seconds));
        let (ratio, by_cpu, peak) = (line.ratio(seconds), line.ratio(cpu), f64::from(line.peak_kib()) / 1024.0);
        println!(
            "{:10} {ours:9.2} {theirs:9.2} {ratio:6.2} {by_cpu:18.2} {:13.2} {peak:9.1}",
            line.rows,
            line.cpu_micros()
        );
    }
    if let Some(ratio) = planning {
        println!("freezing a plan takes {ratio:.2} times as long as a bare loop of INSERTs of its rows");
    }
    let (Some(first), Some(last)) = (lines.first(), lines.last()) else { return Ok(()) };
    let growth = last.cpu_micros() / first.cpu_micros();
    println!("a row of the last list takes {growth:.2} times the processor time of one of the first");
    let is_planned = planning.is_none_or(|ratio| ratio <= planning::RATIO_MAX);
    let is_read = last.ratio(seconds) <= RATIO_MAX && last.peak_kib() <= PEAK_KIB_MAX && growth <= GROWTH_MAX;
    ensure!(
        is_read && is_planned || !is_strict,
        "asked: ratios {RATIO_MAX} and {}, peak {PEAK_KIB_MAX} KiB, growth {GROWTH_MAX}",
        planning::RATIO_MAX
    );
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_list_has_its_rows_and_its_repeats() {
        let list = List::make(2_000).unwrap();
        let text = fs::read_to_string(list.path()).unwrap();
        let rows: Vec<_> = text.lines().skip(1).collect();
        let different: std::collections::BTreeSet<_> = rows.iter().collect();
        assert_eq!((rows.len(), different.len()), (2_000, 1_998));
    }
}
