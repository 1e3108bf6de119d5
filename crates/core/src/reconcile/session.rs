//! One connection to the relay as its log shows it: who came, what became active, how it ended.

use jiff::Timestamp;

/// A connection to the relay.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Session {
    pub(super) host: String,
    /// When it began; `None` where its first line is missing or its time cannot be told.
    pub(super) begin: Option<Timestamp>,
    pub(super) ending: Option<Ending>,
    /// Messages of it that became active in the queue.
    pub(super) active: u32,
    /// Its own lines, kept where it bears a notice in doubt.
    pub(super) lines: Vec<u8>,
}

/// How a connection ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Ending {
    pub(super) at: Timestamp,
    /// Messages that it took, as the last line counts them; `None` where it does not.
    pub(super) taken: Option<u32>,
}

impl Session {
    /// Returns its begin and its end, where the log shows both.
    pub(super) fn whole(&self) -> Option<(Timestamp, Ending)> {
        self.begin.zip(self.ending)
    }
}

/// Returns how many messages a session took, by the last line about it:
/// `disconnect from NAME[ADDRESS] ehlo=1 mail=2 rcpt=2 data=1/2 commands=6/7`.
///
/// `data=1/2` says that one of two was taken (measured: a message that is cut before its dot counts as tried,
/// one whose dot arrived as taken, whether the reply was read or not). Messages in chunks (`bdat=`) are counted
/// by the chunk, so that they prove nothing.
pub(super) fn taken(text: &str) -> Option<u32> {
    let count = |name: &str| {
        let value = text.split(' ').skip(3).find_map(|word| word.strip_prefix(name)?.strip_prefix('='))?;
        value.split('/').next()?.parse::<u32>().ok()
    };
    count("commands")?;
    if text.split(' ').skip(3).any(|word| word.starts_with("bdat=")) {
        return None;
    }
    if text.split(' ').skip(3).any(|word| word.starts_with("data=")) { count("data") } else { Some(0) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_line_counts_what_was_taken() {
        let of = |counts: &str| taken(&format!("disconnect from unknown[127.0.0.1]{counts}"));
        assert_eq!(of(" ehlo=1 mail=1 rcpt=1 data=1 quit=1 commands=5"), Some(1));
        assert_eq!(of(" ehlo=1 mail=1 rcpt=1 data=0/1 commands=3/4"), Some(0));
        assert_eq!(of(" ehlo=1 mail=2 rcpt=2 data=1/2 commands=6/7"), Some(1));
        assert_eq!(of(" ehlo=1 mail=1 rcpt=1 commands=3"), Some(0));
        assert_eq!(of(" ehlo=1 mail=1 rcpt=1 bdat=2 commands=5"), None);
        assert_eq!(of(" ehlo=1 data=x commands=5"), None);
        assert_eq!(of(""), None);
        assert_eq!(taken("disconnect"), None);
    }
}
