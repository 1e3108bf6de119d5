//! `forthwith preview`: one notice as its recipient will get it.

use crate::{
    args::{Form, PreviewArgs},
    checking,
    commands::check,
    exit::{CommandError, Exit},
    folder::Folder,
    secret,
    terminal::{Out, counted},
};
use forthwith_core::{
    affected::{Fated, Row, Wanted},
    incident::Incident,
    notice::Token,
    recipient::Recipient,
    variant::Variant,
};
use forthwith_templating::Words;
use serde_json::json;
use std::{path::PathBuf, process::Command};

/// Runs the command.
pub fn run(args: &PreviewArgs, out: Out) -> Result<Exit, CommandError> {
    let folder = Folder::find(&args.incident.incident)?.declared(&args.reading)?;
    let mut chosen: Option<Row> = None;
    let wanted = if args.row.is_some() || args.id.is_some() { Wanted::Every } else { Wanted::Remarkable };
    let checked = checking::check(&folder, out, wanted, |as_read| {
        if chosen.is_none() && is_chosen(args, &as_read.row) {
            chosen = Some(as_read.row);
        }
        Ok(())
    })?;
    // A refused row must not keep the words from being looked at; refused settings leave nothing to show.
    let Some((incident, _, words)) = checked.inputs.whole() else {
        return Err(check::refuse(&checked, out, &folder));
    };
    let recipient = match (&chosen, &args.variant) {
        (Some(row), _) => planned(row)?,
        (None, Some(key)) => {
            let is_labelled =
                |variant: &Variant| checked.inputs.incident.as_ref().is_some_and(|i| variant.label(i) == *key);
            let is_meant = |variant: &Variant| variant.to_string() == *key || is_labelled(variant);
            let found = checked.variants.iter().find(|(variant, _)| is_meant(variant));
            found.map(|(_, reached)| reached.first.clone()).ok_or_else(|| no_such("variant", key, &folder))?
        }
        (None, None) => match (args.row, &args.id) {
            (Some(row), _) => return Err(no_such("row", &row.to_string(), &folder)),
            (_, Some(id)) => return Err(no_such("id", id, &folder)),
            _ if args.open || args.form.is_some() => match checked.variants.values().next() {
                Some(reached) => reached.first.clone(),
                None if checked.is_refused() => return Err(check::refuse(&checked, out, &folder)),
                None => return Err(CommandError::new(Exit::Refused, "nobody on the list gets a notice")),
            },
            _ if checked.variants.is_empty() => return Err(check::refuse(&checked, out, &folder)),
            _ => {
                list_variants(&checked, out, &folder);
                return Ok(Exit::Done);
            }
        },
    };
    show(args, &folder, (incident, words), &recipient, out)
}

fn is_chosen(args: &PreviewArgs, row: &Row) -> bool {
    match (args.row, &args.id) {
        (Some(number), _) => row.row == number,
        (None, Some(id)) => match &row.fate {
            Fated::Planned(recipient) => recipient.id.expose() == id,
            Fated::Withheld { id: own, .. } => own.expose() == id,
            Fated::Refused => false,
        },
        _ => false,
    }
}

fn planned(row: &Row) -> Result<Recipient, CommandError> {
    match &row.fate {
        Fated::Planned(recipient) => Ok((**recipient).clone()),
        Fated::Withheld { reason, note, .. } => {
            let note = if note.is_empty() { String::new() } else { format!(" ({note})") };
            let message = format!("row {} gets no notice: withheld, {}{note}", row.row, reason.reason());
            Err(CommandError::new(Exit::Refused, message))
        }
        Fated::Refused => Err(CommandError::new(Exit::Refused, format!("row {} is refused", row.row))
            .hint("`forthwith check` says why")),
    }
}

fn no_such(what: &str, which: &str, folder: &Folder) -> CommandError {
    CommandError::new(Exit::Usage, format!("there is no {what} `{which}` in the list"))
        .hint(format!("`forthwith preview {}` shows the variants and how many get each", folder.path.display()))
}

fn list_variants(checked: &checking::Checked, out: Out, folder: &Folder) {
    let label = |variant: &Variant| checked.inputs.incident.as_ref().map(|incident| variant.label(incident));
    let variants = || checked.variants.iter().map(|(variant, reached)| (variant, label(variant), reached));
    out.json(&json!({ "variants": variants().map(|(variant, label, reached)| {
        json!({ "key": variant.to_string(), "label": label, "count": reached.count, "first_row": reached.first.row })
    }).collect::<Vec<_>>() }));
    for (variant, label, reached) in variants() {
        let label = label.unwrap_or_default();
        let count = counted(reached.count, "notice");
        out.line(format!("{label}  {variant}  {count}, first in row {}", reached.first.row));
    }
    if let Some((variant, ..)) = variants().next() {
        out.line(format!("\nLook at one: forthwith preview {} --variant {variant} --open", folder.path.display()));
    }
}

fn show(
    args: &PreviewArgs,
    folder: &Folder,
    (incident, words): (&Incident, &Words),
    recipient: &Recipient,
    out: Out,
) -> Result<Exit, CommandError> {
    let cannot = |error| CommandError::new(Exit::Refused, "cannot render this notice").because(error);
    let parts = words.parts(recipient).map_err(cannot)?;
    let form = args.form.unwrap_or(if args.open { Form::Html } else { Form::Text });
    if form == Form::Eml {
        let key = secret::load_or_default(folder)?;
        let token: Token = key.token(recipient.row);
        let message = words.render(&key, &token, recipient, None).map_err(cannot)?;
        out.json(&json!({ "row": recipient.row, "eml": String::from_utf8_lossy(&message.bytes) }));
        // Byte for byte: the gate let nothing but ASCII, CR and LF into it.
        out.verbatim(&String::from_utf8_lossy(&message.bytes));
        return Ok(Exit::Done);
    }
    let variant = words.variant(recipient);
    let (variant, label) = (variant.to_string(), variant.label(incident));
    out.json(&json!({
        "row": recipient.row, "variant": variant, "label": label, "from": parts.from, "reply_to": parts.reply_to, "to": parts.to,
        "subject": parts.subject, "text": parts.text, "html": parts.html,
    }));
    match form {
        Form::Html if args.open => open(folder, &parts.html, recipient.row, out)?,
        // The page is for a browser or a file; a terminal that shows it obeys nothing in it.
        Form::Html => out.line(parts.html.replace("\r\n", "\n")),
        _ => {
            out.line(format!("From: {}\nTo: {}\nSubject: {}\n", parts.from, parts.to, parts.subject));
            // A CR belongs to the wire, not to a terminal.
            out.line(parts.text.replace("\r\n", "\n"));
        }
    }
    Ok(Exit::Done)
}

/// Writes the page where only this account reads it, and asks the desktop to open it.
fn open(folder: &Folder, html: &str, row: u64, out: Out) -> Result<(), CommandError> {
    let path = write_page(folder, html, row)?;
    let opener = if cfg!(target_os = "macos") { "open" } else { "xdg-open" };
    out.line(format!("The notice for row {row} is in {}", path.display()));
    match Command::new(opener).arg(&path).status() {
        Ok(status) if status.success() => Ok(()),
        _ => {
            out.message(format!("`{opener}` could not open it: open the file in a browser yourself"));
            Ok(())
        }
    }
}

/// The page is a person's notice: it stays in the incident's own folder, where a purge finds it.
fn write_page(folder: &Folder, html: &str, row: u64) -> Result<PathBuf, CommandError> {
    let pages = folder.out().join("preview");
    secret::private_folder(&folder.out())?;
    secret::private_folder(&pages)?;
    let path = pages.join(format!("row-{row}.html"));
    std::fs::write(&path, html).map_err(|error| {
        CommandError::new(Exit::Cannot, format!("cannot write {}", path.display())).because(error)
    })?;
    Ok(path)
}
