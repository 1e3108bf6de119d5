//! Holds a run while the relay's own queue is too long: takes counts, asks core, records each change.
//!
//! Who counts, and how, is not its business: counts come through a channel.

use crate::driver::Shared;
use forthwith_core::backlog::{Backlog, Change, Known, Messages, Wait};
use std::collections::BTreeMap;
use tokio::sync::watch;

/// A relay's own queue.
#[derive(Debug)]
pub struct RelayQueue {
    /// The run waits while more messages than this are in it.
    pub limit: u64,
    /// The last count. The first one is there before the run begins.
    pub counts: watch::Receiver<Known>,
}

/// A queue that is watched.
pub(crate) struct Watched {
    backlog: Backlog,
    counts: watch::Receiver<Known>,
}

impl Watched {
    /// Begins with the first count, which holds before anything is handed over.
    pub(crate) fn begin(shared: &Shared, queue: RelayQueue) -> Self {
        let mut watched = Self { backlog: Backlog::new(queue.limit), counts: queue.counts };
        watched.look(shared);
        watched
    }

    fn look(&mut self, shared: &Shared) {
        let known = self.counts.borrow_and_update().clone();
        self.take(shared, known);
    }

    fn take(&mut self, shared: &Shared, known: Known) {
        if let Some(change) = self.backlog.counted(known) {
            follow(shared, &self.backlog, change);
        }
    }

    /// Holds the run while it has to wait, and lets it go on. It has no end.
    pub(crate) async fn watch(watched: Option<Self>, shared: &Shared) {
        if let Some(mut watched) = watched {
            while watched.counts.changed().await.is_ok() {
                watched.look(shared);
            }
            watched.take(shared, Known::Nothing("nobody counts it any more".to_owned()));
        }
        std::future::pending::<()>().await;
    }
}

fn follow(shared: &Shared, backlog: &Backlog, change: Change) {
    let (kind, mut facts, why) = match change {
        Change::GoesOn(messages) => ("queue-goes-on", facts_of(messages), None),
        Change::Waits(Wait::Full(messages)) => {
            let why = in_words(messages, backlog.resume_at());
            ("queue-full", facts_of(messages), Some(why))
        }
        Change::Waits(Wait::Unknown(why)) => {
            let facts = BTreeMap::from([("why", why.clone())]);
            ("queue-unknown", facts, Some(format!("the relay's queue cannot be counted: {why}")))
        }
    };
    facts.insert("limit", backlog.limit().to_string());
    facts.insert("resume-at", backlog.resume_at().to_string());
    shared.hold(why);
    shared.append_event(kind, facts, None);
}

fn facts_of(messages: Messages) -> BTreeMap<&'static str, String> {
    let more = if messages.has_more { "more than " } else { "" };
    BTreeMap::from([("messages", format!("{more}{}", messages.all)), ("deferred", messages.deferred.to_string())])
}

fn in_words(messages: Messages, resume_at: u64) -> String {
    let at_least = if messages.has_more { "at least " } else { "" };
    let Messages { all, deferred, .. } = messages;
    format!(
        "{at_least}{all} messages wait in the relay's own queue, {deferred} of them deferred; it goes on at {resume_at}"
    )
}
