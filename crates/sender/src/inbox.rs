//! x
pub struct Inbox;
pub struct OpenInboxError;
