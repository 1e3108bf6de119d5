//! The incident that the benchmark hands over: the example's words, a generated list, frozen once.
//!
//! It lies under `target/`, on the disk that the repository is on: in a `/tmp` of memory a sync costs nothing,
//! and the figure would flatter.

use anyhow::{Context as _, ensure};
use forthwith_testkit::{
    lists,
    settings::{without_law, without_table},
};
use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
};

/// Whose words the notices have.
pub(crate) const EXAMPLE: &str = "examples/amazon-2020-10";
/// Approval is not what is measured.
const APPROVAL: &str = "\n[approval]\nnone = \"benchmark\"\n";

/// A frozen incident.
#[derive(Debug)]
pub(crate) struct Incident {
    folder: tempfile::TempDir,
    /// How many notices the plan owes.
    pub(crate) planned: usize,
}

impl Incident {
    /// Makes the folder with `count` people drawn from `seed`, and freezes its plan with a dry run.
    pub(crate) fn freeze(program: &Path, count: usize, seed: u64) -> anyhow::Result<Self> {
        let mut incident = Self::new(count, seed)?;
        let mut dry_run = Command::new(program);
        let output = incident.dry_run(&mut dry_run).output()?;
        let said = String::from_utf8_lossy(&output.stderr);
        ensure!(output.status.success(), "the dry run ended with {}: {said}", output.status);
        let summary: serde_json::Value =
            serde_json::from_slice(&output.stdout).context("the dry run printed no JSON")?;
        let planned = summary["planned"].as_u64().context("the dry run says not how many are planned")?;
        incident.planned = usize::try_from(planned)?;
        Ok(incident)
    }

    /// Lets `program` freeze the plan of this folder.
    pub(crate) fn dry_run<'c>(&self, program: &'c mut Command) -> &'c mut Command {
        program.arg("notify").arg(self.path()).args(["--dry-run", "--quiet", "--format", "json"])
    }

    /// Returns the folder.
    pub(crate) fn path(&self) -> &Path {
        self.folder.path()
    }

    /// Makes the folder with `count` people drawn from `seed`, all of whom a plan will owe a notice.
    pub(crate) fn new(count: usize, seed: u64) -> anyhow::Result<Self> {
        let folder = new_folder()?;
        let example = crate::top_level().join(EXAMPLE);
        let settings = fs::read_to_string(example.join("incident.toml"))
            .with_context(|| format!("cannot read {EXAMPLE}/incident.toml"))?;
        fs::write(
            folder.path().join("incident.toml"),
            without_table(&without_law(&settings), "approval") + APPROVAL,
        )?;
        let data = first_data_value(&fs::read_to_string(example.join("affected.csv"))?);
        fs::write(folder.path().join("affected.csv"), lists::csv(&lists::people(seed, count, &data)))?;
        for name in ["delivery.toml", "templates"] {
            if example.join(name).exists() {
                copy_tree(&example.join(name), &folder.path().join(name))?;
            }
        }
        Ok(Self { folder, planned: count })
    }

    /// Returns a copy of the frozen folder that no run has touched.
    pub(crate) fn fresh_copy(&self) -> anyhow::Result<tempfile::TempDir> {
        let copy = new_folder()?;
        for entry in fs::read_dir(self.folder.path())? {
            let entry = entry?;
            copy_tree(&entry.path(), &copy.path().join(entry.file_name()))?;
        }
        // What the copy left in memory is not to be written while the clock runs.
        let _ = Command::new("sync").status();
        Ok(copy)
    }

    /// Returns the median size of `samples` messages, evenly spread over the list, in octets.
    pub(crate) fn median_size(&self, program: &Path, samples: usize) -> anyhow::Result<usize> {
        let mut sizes = Vec::with_capacity(samples);
        for sample in 0..samples {
            let row = 1 + sample * self.planned / samples;
            let mut preview = Command::new(program);
            preview.arg("preview").arg(self.folder.path()).args(["--row", &row.to_string(), "--as", "eml"]);
            let output = preview.output()?;
            ensure!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
            sizes.push(output.stdout.len());
        }
        sizes.sort_unstable();
        sizes.get(samples / 2).copied().context("no message was looked at")
    }
}

/// Returns the folder, on the repository's disk, below which everything is measured.
pub(crate) fn parent() -> anyhow::Result<PathBuf> {
    let parent = crate::target_folder().join("bench");
    fs::create_dir_all(&parent)?;
    Ok(parent)
}

fn new_folder() -> anyhow::Result<tempfile::TempDir> {
    Ok(tempfile::Builder::new().prefix("incident-").tempdir_in(parent()?)?)
}

/// Copies a file or a folder with its permissions.
fn copy_tree(from: &Path, to: &Path) -> anyhow::Result<()> {
    if !from.is_dir() {
        fs::copy(from, to).with_context(|| format!("cannot copy {}", from.display()))?;
        return Ok(());
    }
    fs::create_dir(to)?;
    for entry in fs::read_dir(from)? {
        let entry = entry?;
        copy_tree(&entry.path(), &to.join(entry.file_name()))?;
    }
    fs::set_permissions(to, fs::metadata(from)?.permissions())?;
    Ok(())
}

/// Returns the value of the `data` column in the first row of a list without quoted values before it, or
/// nothing where there is no such column.
fn first_data_value(list: &str) -> String {
    let mut lines = list.trim_start_matches('\u{feff}').lines();
    let (header, row) = (lines.next().unwrap_or_default(), lines.next().unwrap_or_default());
    let at = header.split(',').position(|name| name.trim().eq_ignore_ascii_case("data"));
    at.and_then(|at| row.split(',').nth(at)).unwrap_or_default().trim().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_category_of_the_example_is_used() {
        assert_eq!(first_data_value("id,email,Data\nC1,a@example.org,email\n"), "email");
        assert_eq!(first_data_value("id,email\nC1,a@example.org\n"), "");
    }
}
