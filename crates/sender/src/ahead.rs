//! Makes the message of a notice, and refuses one that is not what was planned. While every line waits for the relay
//! or for the ledger, it makes those whose turn is next.
//!
//! What was made ahead is used for the notice and the Date that it was made for, or not at all: so it decides neither
//! what goes out nor when.

use crate::{
    driver::{Render, Shared},
    ended::Ended,
    envelope::Envelope,
};
use forthwith_core::{
    digest::Digest,
    message::{Message, gate},
    notice::Claimed,
};
use jiff::Timestamp;
use std::{
    collections::VecDeque,
    sync::{Mutex, MutexGuard},
};
use tokio::{sync::Notify, task::yield_now};

/// A message that may be offered.
pub(crate) struct Made {
    pub(crate) message: Message,
    /// Its Date.
    pub(crate) date: Timestamp,
    /// SHA-256 over all of its octets.
    pub(crate) wire: Digest,
}

/// Makes the message that `claimed` is owed, or says why the run has to end: it is not what was planned, or may not
/// go to a socket.
pub(crate) fn make(render: &Render, claimed: &Claimed, date: Timestamp) -> Result<Made, Ended> {
    let token = || claimed.token.clone();
    let message =
        render(claimed, date).map_err(|failure| Ended::RenderFailed { token: token(), why: failure.to_string() })?;
    if message.content != claimed.content {
        return Err(Ended::ContentChanged { token: token() });
    }
    gate(&message.bytes).map_err(|refusal| Ended::GateRefused { token: token(), why: refusal.to_string() })?;
    if !Envelope::of(claimed, &message).is_sound() {
        let why = "its return path is not one plain address".to_owned();
        return Err(Ended::GateRefused { token: token(), why });
    }
    let wire = message.wire_digest();
    Ok(Made { message, date, wire })
}

/// Returns the Date of a message that is offered at `now`: that of its first offer, where there was one.
pub(crate) fn date_of(claimed: &Claimed, now: Timestamp) -> Timestamp {
    claimed.date.unwrap_or_else(|| whole_seconds(now))
}

/// Returns `at` without its fraction of a second: a Date field has none.
fn whole_seconds(at: Timestamp) -> Timestamp {
    Timestamp::from_second(at.as_second()).unwrap_or(at)
}

/// What was made and not used yet.
pub(crate) struct Ahead {
    kept: Mutex<VecDeque<Kept>>,
    /// The most that is kept: one message a line.
    most: usize,
    wanted: Notify,
}

struct Kept {
    notice: i64,
    date: Timestamp,
    made: Result<Made, Ended>,
}

impl Ahead {
    /// Returns the memory of a run of so many lines.
    pub(crate) fn new(lines: u32) -> Self {
        let most = usize::try_from(lines).unwrap_or(usize::MAX);
        Self { kept: Mutex::default(), most, wanted: Notify::new() }
    }

    fn kept(&self) -> MutexGuard<'_, VecDeque<Kept>> {
        self.kept.lock().expect("nothing panics while it holds what was made ahead")
    }

    /// Takes what was made for this notice and this Date.
    pub(crate) fn take(&self, notice: i64, date: Timestamp) -> Option<Result<Made, Ended>> {
        let mut kept = self.kept();
        let taken = kept.iter().position(|kept| kept.notice == notice).and_then(|at| kept.remove(at));
        drop(kept);
        self.wanted.notify_one();
        taken.filter(|kept| kept.date == date).map(|kept| kept.made)
    }

    /// Keeps what was made. Where there is no room, what was expected first and did not come is thrown away.
    fn keep(&self, made: Kept) {
        let mut kept = self.kept();
        while kept.len() >= self.most {
            kept.pop_front();
        }
        kept.push_back(made);
    }

    fn has(&self, notice: i64) -> bool {
        self.kept().iter().any(|kept| kept.notice == notice)
    }

    /// Says that there may be more to make.
    pub(crate) fn look_again(&self) {
        self.wanted.notify_one();
    }
}

/// Makes what comes next whenever nothing else is to be done. It has no end.
pub(crate) async fn make_ahead(shared: &Shared) {
    loop {
        // Whoever has something to say to the relay goes first.
        yield_now().await;
        let now = shared.now();
        let next = shared.engine().coming(now, shared.ahead.most).find(|next| !shared.ahead.has(next.notice)).cloned();
        match next {
            Some(claimed) => {
                let (notice, date) = (claimed.notice, date_of(&claimed, now));
                shared.ahead.keep(Kept { notice, date, made: make(&shared.render, &claimed, date) });
            }
            None => shared.ahead.wanted.notified().await,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn keep(ahead: &Ahead, notice: i64, second: i64) {
        let date = Timestamp::from_second(second).unwrap();
        ahead.keep(Kept { notice, date, made: Err(Ended::Fenced) });
    }

    fn take(ahead: &Ahead, notice: i64, second: i64) -> bool {
        ahead.take(notice, Timestamp::from_second(second).unwrap()).is_some()
    }

    #[test]
    fn what_was_made_is_used_once_and_for_its_own_notice_and_date() {
        let ahead = Ahead::new(3);
        (1..=3).for_each(|notice| keep(&ahead, notice, 7));
        assert!(take(&ahead, 2, 7));
        assert!(!take(&ahead, 2, 7), "it was used");
        assert!(!take(&ahead, 1, 8), "its Date is another");
        assert!(!ahead.has(1), "and it is never used");
        assert!(take(&ahead, 3, 7));
    }

    #[test]
    fn what_does_not_come_makes_room() {
        let ahead = Ahead::new(2);
        (1..=5).for_each(|notice| keep(&ahead, notice, 7));
        assert_eq!([1, 2, 3, 4, 5].map(|notice| ahead.has(notice)), [false, false, false, true, true]);
    }
}
