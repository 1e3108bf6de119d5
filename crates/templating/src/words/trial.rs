//! The message of a test: a sample of one wording with an invented reader's data, marked as such in its subject and
//! above its first word, to somebody who looks at it.
//!
//! It is made by the same code as a notice, and is none: no plan has it.

use super::{RenderError, Words};
use crate::{
    html, lint,
    mime::{Form, Marks, Shared, quoted_printable},
    shape::Encoded,
    text,
};
use forthwith_core::{
    address::Address,
    digest::Digest,
    incident::Mailbox,
    key::PlanKey,
    message::{Message, gate},
    variant::Variant,
};
use jiff::Timestamp;

/// What stands before the subject.
const SUBJECT_MARK: &str = "[TEST] ";
/// What stands above the first word. It holds nothing that HTML would read.
const MARK: &str = "TEST - a sample with invented data. Nobody was told anything.";

impl Words {
    /// Renders a sample of `variant` for `to`, marked as one; `key` is not the plan's, so that no notice is like it.
    pub fn trial(
        &self,
        key: &PlanKey,
        variant: &Variant,
        to: &Address,
        date: Timestamp,
    ) -> Result<Message, RenderError> {
        let sheet = self.sheet(variant)?;
        let reader = lint::sample_recipient(variant, self.names.columns());
        let pieces = self.pieces(&sheet, &reader)?;
        let laid = sheet.lay_out(&pieces);
        let html = html::write(&sheet.frame(), &laid);
        let top = html.find("<main").and_then(|main| html[main..].find('>').map(|end| main + end + 1));
        let (before, after) = html.split_at(top.ok_or(RenderError::Build)?);
        let encoded = Encoded {
            text: quoted_printable(format!("{MARK}\r\n\r\n{}", text::write(&laid))),
            html: quoted_printable(format!("{before}\r\n<p><strong>{MARK}</strong></p>{after}")),
        };
        let subject = format!("{SUBJECT_MARK}{}", sheet.subject);
        let entity = &sheet.entity;
        let shared = Shared {
            subject: &subject,
            language: &sheet.language,
            from: &entity.from,
            reply_to: entity.reply_to.as_ref(),
        };
        let token = key.token(1);
        let marks = Marks {
            token: token.as_str(),
            message_id: &key.message_id(&token, &self.incident.id, entity.from.address.domain()),
            boundary: &key.boundary(&token),
            to: &Mailbox { name: String::new(), address: to.clone() },
        };
        let masked = Form::new(&shared)?.fill_in(&encoded, &marks)?;
        let content = Digest::of(&masked.bytes);
        let bytes = masked.dated(date)?;
        gate(&bytes)?;
        let return_path = format!("{}@{}", key.return_path(&token), entity.return_path_domain);
        Ok(Message { return_path, bytes, content })
    }
}
