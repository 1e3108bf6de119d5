//! The built-in inbox: what a run leaves in it, and what it refuses.

use crate::stand::{plan, render, timeouts};
use forthwith_core::{
    calendar::Calendar,
    delivery::{Security, Server},
    domains::Domains,
    engine::Later,
    fuse::FuseLimits,
    retry::GiveUp,
    state::State,
};
use forthwith_ledger::{
    Recorder,
    model::{ModelLedger, sample_notice},
};
use forthwith_sender::{Ended, Inbox, Progress, Run, StopSignal, deliver};
use jiff::Timestamp;
use std::{
    net::SocketAddr,
    os::unix::fs::PermissionsExt as _,
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    sync::watch,
};

async fn rehearse(ledger: ModelLedger, address: SocketAddr) -> (Ended, ModelLedger) {
    let (recorder, thread) = Recorder::start(ledger).unwrap();
    let (_stop, signal) = watch::channel(StopSignal::Run);
    let ended = deliver(Run {
        server: Server {
            host: address.ip().to_string(),
            port: address.port(),
            security: Security::Plaintext,
            allow_plaintext: false,
            ca_file: None,
            login: None,
            ehlo_name: None,
            messages_per_connection: None,
        },
        password: None,
        connections: 8,
        limits: Vec::new(),
        domains: Domains::default(),
        calendar: Calendar::default(),
        ramp: None,
        last_pace: None,
        earlier_attempts: Vec::new(),
        patience: Duration::from_secs(1),
        timeouts: timeouts(20_000),
        hand_over_at_most: None,
        later: Later::Leave,
        give_up: GiveUp::default(),
        fuse: FuseLimits::default(),
        queue: None,
        render: render(),
        recorder,
        clock: Arc::new(Timestamp::now),
        stop: signal,
        progress: Arc::new(Progress::default()),
    })
    .await;
    (ended, thread.join().expect("the ledger did not fail").ledger)
}

fn names(folder: &Path) -> Vec<PathBuf> {
    let mut names: Vec<_> = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    names.sort();
    names
}

#[tokio::test]
async fn a_rehearsal_leaves_one_file_a_message_and_nothing_else() {
    let folder = tempfile::tempdir().unwrap();
    let inbox_folder = folder.path().join("inbox");
    let inbox = Inbox::open(&inbox_folder).await.unwrap();
    let (ended, ledger) = rehearse(plan(40), inbox.address()).await;
    assert_eq!((ended, ledger.count(State::Accepted)), (Ended::Done, 40));
    let files = names(&inbox_folder);
    assert_eq!(files.len(), 40, "every 250 was a file already");
    inbox.close().await;
    assert_eq!(names(folder.path()), std::slice::from_ref(&inbox_folder), "what was beside it is gone");
    let mode = |path: &Path| std::fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!((mode(&inbox_folder), mode(&files[0])), (0o700, 0o600));
    for (index, path) in files.iter().enumerate() {
        let name = path.file_name().unwrap().to_str().unwrap();
        let text = std::fs::read_to_string(path).unwrap();
        let (sequence, token) = name.strip_suffix(".eml").unwrap().split_once('-').unwrap();
        assert_eq!(sequence, format!("{:06}", index + 1));
        assert!(text.contains(&format!("\r\nX-Forthwith-ID: {token}\r\n")));
        assert!(text.ends_with("Hello,\r\n.\r\n..two\r\n.hidden\r\nbye\r\n"), "byte for byte as it was made");
    }
}

#[tokio::test]
async fn a_second_rehearsal_goes_on_after_the_first() {
    let folder = tempfile::tempdir().unwrap();
    let inbox_folder = folder.path().join("inbox");
    // A killed rehearsal leaves what it was writing; it was never acknowledged.
    std::fs::create_dir(folder.path().join("inbox.partial")).unwrap();
    std::fs::write(folder.path().join("inbox.partial/000001-x.eml"), "half").unwrap();
    for last in [3, 6] {
        let inbox = Inbox::open(&inbox_folder).await.unwrap();
        rehearse(plan(3), inbox.address()).await;
        inbox.close().await;
        let files = names(&inbox_folder);
        assert_eq!(files.len(), last);
        let name = files[last - 1].file_name().unwrap().to_str().unwrap().to_owned();
        assert!(name.starts_with(&format!("{last:06}-")), "{name}");
    }
}

/// Says `text` to a new inbox, and returns its answers and how many files it wrote.
async fn say(text: &[u8]) -> (String, usize) {
    let folder = tempfile::tempdir().unwrap();
    let inbox_folder = folder.path().join("inbox");
    let inbox = Inbox::open(&inbox_folder).await.unwrap();
    let mut stream = tokio::net::TcpStream::connect(inbox.address()).await.unwrap();
    stream.write_all(text).await.unwrap();
    stream.shutdown().await.unwrap();
    let mut answers = Vec::new();
    // It may hang up on nonsense before it has read all of it.
    let _ = stream.read_to_end(&mut answers).await;
    inbox.close().await;
    (String::from_utf8_lossy(&answers).into_owned(), names(&inbox_folder).len())
}

#[tokio::test]
async fn what_a_lenient_server_takes_is_refused() {
    let token = sample_notice(1).token;
    let envelope = "EHLO x\r\nMAIL FROM:<a@example.org>\r\nRCPT TO:<b@example.org>\r\nDATA\r\n";
    let head = format!("X-Forthwith-ID: {token}\r\n\r\n");
    for (text, answer, files) in [
        (format!("{envelope}{head}hi\r\n.\r\n"), "250 2.0.0 captured", 1),
        (format!("{envelope}{head}hi\n.\r\n"), "554 5.6.0", 0),
        (format!("{envelope}{head}hi\r.\r\n.\r\n"), "554 5.6.0", 0),
        (format!("{envelope}{head}{}\r\n.\r\n", "x".repeat(1200)), "554 5.6.0", 0),
        (format!("{envelope}Subject: x\r\n\r\nX-Forthwith-ID: {token}\r\n.\r\n"), "554 5.6.0 no X-Forthwith-ID", 0),
        (format!("{envelope}X-Forthwith-ID: ../../../../x\r\n\r\n.\r\n"), "554 5.6.0 no X-Forthwith-ID", 0),
        (format!("{envelope}{head}cut off"), "354 go on", 0),
        ("EHLO x\r\nDATA\r\n".to_owned(), "503 5.5.1", 0),
        (format!("{envelope}{head}\r\n.\r\nRCPT TO:<c@example.org>\r\n"), "503 5.5.1", 1),
        (format!("EHLO {}\r\n", "x".repeat(5000)), "500 5.5.2", 0),
        ("EHLO x\nMAIL FROM:<a@example.org>\n".to_owned(), "500 5.5.2", 0),
        ("VRFY ada\r\n".to_owned(), "500 5.5.1", 0),
    ] {
        let (answers, written) = say(text.as_bytes()).await;
        let last = answers.lines().last().unwrap_or_default().to_owned();
        assert!(last.starts_with(answer), "{text:.80?}: {answers}");
        assert_eq!(written, files, "{text:.80?}");
    }
}

#[tokio::test]
async fn a_folder_that_cannot_be_used_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("inbox");
    std::fs::write(&path, "a file").unwrap();
    let error = Inbox::open(&path).await.unwrap_err();
    assert!(error.to_string().contains(path.to_str().unwrap()), "{error}");
}
