//! `forthwith new`: makes an incident folder that checks clean at once.

use crate::{
    args::NewArgs,
    exit::{CommandError, Exit},
    folder::{AFFECTED, DELIVERY, INCIDENT},
    terminal::Out,
};
use forthwith_core::document::nearest;
use std::{fs, io, os::unix::fs::DirBuilderExt as _, path::Path};

/// A folder to begin from: its name and its files.
type Example = (&'static str, [(&'static str, &'static str); 4]);

macro_rules! example {
    ($name:literal) => {
        (
            $name,
            [
                (INCIDENT, include_str!(concat!("../../../../examples/", $name, "/incident.toml"))),
                (AFFECTED, include_str!(concat!("../../../../examples/", $name, "/affected.toml"))),
                (DELIVERY, include_str!(concat!("../../../../examples/", $name, "/delivery.toml"))),
                ("affected.csv", include_str!(concat!("../../../../examples/", $name, "/affected.csv"))),
            ],
        )
    };
}

const EXAMPLES: [Example; 4] = [
    example!("amazon-2020-10"),
    example!("amazon-2020-01"),
    example!("eu-retailer"),
    example!("clinic-ransomware"),
];

const SAMPLE: [(&str, &str); 4] = [
    (INCIDENT, include_str!("../../sample/incident.toml")),
    (AFFECTED, include_str!("../../sample/affected.toml")),
    (DELIVERY, include_str!("../../sample/delivery.toml")),
    ("affected.csv", include_str!("../../sample/affected.csv")),
];

/// Runs the command.
pub fn run(args: &NewArgs, out: Out) -> Result<Exit, CommandError> {
    let files = match &args.from {
        Some(name) => example(name)?.map(|(file, text)| (file, text.to_owned())),
        None => SAMPLE.map(|(file, text)| (file, personalised(text, &args.dir))),
    };
    let cannot = |error: io::Error| {
        let error_kind = error.kind();
        let failed = CommandError::new(Exit::Cannot, format!("cannot make {}", args.dir.display())).because(error);
        match error_kind {
            io::ErrorKind::AlreadyExists => {
                failed.hint("name a folder that does not exist yet; nothing was changed")
            }
            _ => failed,
        }
    };
    // The list is personal data: nobody else reads the folder.
    fs::DirBuilder::new().mode(0o700).create(&args.dir).map_err(cannot)?;
    for (name, text) in files {
        fs::write(args.dir.join(name), text).map_err(cannot)?;
    }
    let dir = args.dir.display();
    out.json(&serde_json::json!({ "folder": args.dir.to_string_lossy() }));
    out.line(format!("Made {dir} with incident.toml, affected.toml, delivery.toml and a sample affected.csv."));
    out.line(format!("\nNext:\n  put your list there as {dir}/affected.csv, and its count into affected.toml"));
    out.line(format!("  forthwith check {dir}\n  forthwith preview {dir} --open"));
    Ok(Exit::Done)
}

fn example(name: &str) -> Result<[(&'static str, &'static str); 4], CommandError> {
    let names = || EXAMPLES.iter().map(|(name, _)| *name);
    EXAMPLES.iter().find(|(example, _)| *example == name).map(|(_, files)| *files).ok_or_else(|| {
        let error = CommandError::new(Exit::Usage, format!("there is no example `{name}`"));
        match nearest(name, names()) {
            Some(near) => error.hint(format!("is `{near}` meant?")),
            None => error.hint(format!("there are: {}", names().collect::<Vec<_>>().join(", "))),
        }
    })
}

/// Puts the folder's name and today into the sample, so that it checks clean.
fn personalised(text: &str, dir: &Path) -> String {
    let name = dir.file_name().map(|name| name.to_string_lossy().to_lowercase()).unwrap_or_default();
    let fits = |c: char| if c.is_ascii_alphanumeric() { c } else { '-' };
    let id: String = name.chars().map(fits).take(32).collect();
    let id = id.trim_matches('-');
    let today = jiff::tz::Offset::UTC.to_datetime(jiff::Timestamp::now()).date();
    text.replace("SAMPLE-ID", if id.is_empty() { "incident" } else { id }).replace("SAMPLE-DAY", &today.to_string())
}
