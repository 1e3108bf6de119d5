//! Counts the messages in the relay's own queue, by the command that lists them. What a count means is core's.
//!
//! A count reads one line more than the limit and ends the command there: what it costs is bounded by the limit,
//! however long the queue is.

use crate::{
    child,
    exit::{CommandError, Exit},
};
use forthwith_core::{
    backlog::{Known, Messages},
    delivery::Queue,
};
use forthwith_sender::RelayQueue;
use serde::Deserialize;
use std::{
    io::{BufRead as _, BufReader, Read},
    process::{Child, Command, Stdio},
    sync::mpsc,
    thread,
    time::{Duration, Instant},
};
use tokio::sync::watch;

/// The longest that a count may take. Postfix lists some ten thousand messages a second.
const COUNT_MAX: Duration = Duration::from_secs(30);
/// The shortest time between two counts.
const REST_LEAST: Duration = Duration::from_secs(1);
/// How much longer than the count the rest after it is: a quarter of the time is counted at most. Longer rests
/// would let more through beyond the limit.
const REST_FACTOR: u32 = 3;
/// Octets of a line: a message with some thousand recipients. Ours have one.
const LINE_OCTETS_MAX: u64 = 1 << 20;
/// Octets of what the command says of its failure.
const SAID_OCTETS_MAX: u64 = 1024;

/// What is read of a line of `postqueue -j`.
#[derive(Deserialize)]
struct Entry {
    queue_name: String,
}

/// Counts the queue once, before anything is handed over.
///
/// # Errors
///
/// Exit 1: a limit that cannot be kept is no limit.
pub fn first(queue: &Queue) -> Result<Messages, CommandError> {
    match count(queue) {
        Known::Nothing(why) => Err(CommandError::new(
            Exit::Cannot,
            format!("cannot count the relay's queue: {why}"),
        )
        .hint(
            "[relay] queue_limit needs a Postfix on this machine whose queue we may list; nothing was handed over",
        )
        .hint("queue_command names what lists it, and authorized_mailq_users in main.cf who may")),
        Known::Messages(messages) => Ok(messages),
    }
}

/// Counts the queue again and again, until the run is over.
pub fn watch(queue: Queue, first: Messages) -> RelayQueue {
    let limit = queue.limit;
    let (counts, seen) = watch::channel(Known::Messages(first));
    tokio::spawn(async move {
        let mut rest = REST_LEAST;
        loop {
            tokio::select! {
                () = tokio::time::sleep(rest) => {}
                () = counts.closed() => return,
            }
            let (queue, began) = (queue.clone(), Instant::now());
            let counted = tokio::task::spawn_blocking(move || count(&queue)).await;
            counts.send_replace(counted.unwrap_or_else(|error| Known::Nothing(error.to_string())));
            rest = REST_LEAST.max(began.elapsed() * REST_FACTOR);
        }
    });
    RelayQueue { limit, counts: seen }
}

/// Counts once, within [`COUNT_MAX`].
fn count(queue: &Queue) -> Known {
    let Some((program, arguments)) = queue.command.split_first() else {
        return Known::Nothing("queue_command is empty".to_owned());
    };
    let failed = |why: String| Known::Nothing(format!("`{program}`: {why}"));
    let mut command = Command::new(program);
    command.args(arguments).stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = match command.spawn() {
        Ok(child) => child,
        Err(error) => return failed(error.to_string()),
    };
    let counted = listen(&mut child, queue.limit);
    let deadline = Instant::now() + COUNT_MAX;
    let result = counted.recv_timeout(COUNT_MAX);
    if !matches!(result, Ok(Ok((Messages { has_more: false, .. }, _)))) {
        // Nothing more is read of it: it may be in the middle of a long queue.
        let _ = child.kill();
    }
    let status = child::wait(&mut child, deadline).map(|status| status.success());
    match (result, status) {
        (Err(_), _) => failed(format!("it took longer than {} s", COUNT_MAX.as_secs())),
        (Ok(Err(why)), _) => failed(why),
        (Ok(Ok((messages, _))), _) if messages.has_more => Known::Messages(messages),
        // What it says beside the list is no failure: it warns of every slip in main.cf.
        (Ok(Ok((messages, _))), Some(true)) => Known::Messages(messages),
        (Ok(Ok((_, said))), Some(false)) => failed(if said.is_empty() { "it failed".to_owned() } else { said }),
        (Ok(Ok(_)), None) => failed("it did not end".to_owned()),
    }
}

/// Reads what `child` lists on a thread of its own, and then what it says beside it.
fn listen(child: &mut Child, limit: u64) -> mpsc::Receiver<Result<(Messages, String), String>> {
    let (tell, told) = mpsc::channel();
    if let (Some(stdout), Some(stderr)) = (child.stdout.take(), child.stderr.take()) {
        thread::spawn(move || {
            let messages = messages(BufReader::new(stdout), limit);
            let mut said = Vec::new();
            if messages.as_ref().is_ok_and(|messages| !messages.has_more) {
                // What cannot be read of it is only not said.
                let _ = stderr.take(SAID_OCTETS_MAX).read_to_end(&mut said);
            }
            let said = String::from_utf8_lossy(&said).trim().to_owned();
            // Whoever waited may have gone.
            let _ = tell.send(messages.map(|messages| (messages, said)));
        });
    }
    told
}

fn messages(mut list: impl std::io::BufRead, limit: u64) -> Result<Messages, String> {
    let mut messages = Messages::default();
    let mut line = Vec::new();
    while messages.all <= limit {
        line.clear();
        let mut piece = list.by_ref().take(LINE_OCTETS_MAX);
        let octets = piece.read_until(b'\n', &mut line).map_err(|error| error.to_string())?;
        if octets == 0 {
            return Ok(messages);
        }
        let entry: Entry = serde_json::from_slice(&line).map_err(|_| "it lists what is no message".to_owned())?;
        messages.all += 1;
        messages.deferred += u64::from(entry.queue_name == "deferred");
    }
    messages.has_more = true;
    Ok(messages)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn by(script: &str, limit: u64) -> Known {
        count(&Queue { limit, command: ["/bin/sh", "-c", script].map(str::to_owned).to_vec() })
    }

    #[test]
    fn messages_are_counted_up_to_the_limit_and_no_further() {
        let list = r#"for n in 1 2 3; do echo '{"queue_name": "deferred", "recipients": []}'; done; echo '{"queue_name":"active"}'"#;
        let all = Messages { all: 4, deferred: 3, has_more: false };
        assert_eq!(by(list, 4), Known::Messages(all));
        assert_eq!(by(list, 2), Known::Messages(Messages { all: 3, has_more: true, ..all }));
        assert_eq!(by("true", 1), Known::Messages(Messages::default()));
        assert_eq!(by("echo 'warning: main.cf, line 22' >&2", 1), Known::Messages(Messages::default()));
        // One that never ends is ended.
        let endless = r#"while echo '{"queue_name": "active"}'; do :; done"#;
        assert_eq!(by(endless, 1_000), Known::Messages(Messages { all: 1_001, deferred: 0, has_more: true }));
    }

    #[test]
    fn what_cannot_be_counted_says_why() {
        for (script, why) in [
            ("echo 'Mail queue is empty'", "no message"),
            ("echo '{\"queue_name\":'", "no message"),
            ("echo 'postqueue: fatal: not allowed' >&2; exit 69", "not allowed"),
            ("exit 1", "it failed"),
        ] {
            let Known::Nothing(said) = by(script, 9) else { panic!("{script}") };
            assert!(said.contains(why) && said.contains("/bin/sh"), "{script}: {said}");
        }
        let missing = Queue { limit: 1, command: vec!["/nowhere/postqueue".to_owned()] };
        assert!(matches!(count(&missing), Known::Nothing(_)));
    }
}
