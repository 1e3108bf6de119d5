//! The files of an inbox: written beside the folder, synced, then renamed into it, many in one go.
//!
//! One thread writes, so that messages which arrive together share their syncs. It reads no message.

use forthwith_core::notice::Token;
use std::{
    fs::{self, DirBuilder, File, OpenOptions},
    io::{self, Write as _},
    os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _},
    path::{Path, PathBuf},
    sync::{Mutex, mpsc},
    thread::JoinHandle,
};
use tokio::sync::oneshot;

/// Messages written between two syncs of the folder.
const BATCH_MAX: usize = 256;
/// Digits of a sequence number; a larger one simply has more.
const SEQUENCE_DIGITS: usize = 6;

/// Why the folder of an inbox cannot be used.
#[derive(Debug, thiserror::Error)]
#[error("cannot {doing} {path}: {source}")]
pub struct FilesError {
    doing: &'static str,
    path: String,
    source: io::Error,
}

/// Writes messages.
#[derive(Debug)]
pub(super) struct Files {
    queue: Mutex<Option<mpsc::Sender<Job>>>,
    thread: Mutex<Option<JoinHandle<()>>>,
}

struct Job {
    token: Token,
    message: Vec<u8>,
    answer: oneshot::Sender<io::Result<()>>,
}

impl Files {
    /// Prepares `folder` and starts the thread that writes.
    pub(super) fn open(folder: &Path) -> Result<Self, FilesError> {
        let failed = |doing, path: &Path| {
            let path = path.display().to_string();
            move |source| FilesError { doing, path, source }
        };
        make_folder(folder).map_err(failed("make the folder", folder))?;
        let staging = staging(folder);
        if staging.exists() {
            // What a killed rehearsal left: it was never acknowledged.
            fs::remove_dir_all(&staging).map_err(failed("clear the folder", &staging))?;
        }
        make_folder(&staging).map_err(failed("make the folder", &staging))?;
        let sequence = highest(folder).map_err(failed("read the folder", folder))?;
        let synced = File::open(folder).map_err(failed("open the folder", folder))?;
        let (queue, jobs) = mpsc::channel();
        let writer = Writer { folder: folder.to_owned(), staging, synced, sequence };
        let thread = std::thread::Builder::new()
            .name("inbox".to_owned())
            .spawn(move || writer.run(&jobs))
            .map_err(failed("start a thread for", folder))?;
        Ok(Self { queue: Mutex::new(Some(queue)), thread: Mutex::new(Some(thread)) })
    }

    /// Writes one message, and resolves when it is on disk under its name.
    pub(super) async fn write(&self, token: Token, message: Vec<u8>) -> io::Result<()> {
        let (answer, written) = oneshot::channel();
        if let Some(queue) = self.queue.lock().expect("nothing panics while it holds the queue").as_ref() {
            // A writer that is gone has dropped the answer.
            let _ = queue.send(Job { token, message, answer });
        }
        written.await.unwrap_or_else(|_| Err(io::Error::other("the inbox is closed")))
    }

    /// Waits until what was queued is written, and ends the thread.
    pub(super) fn close(&self) {
        drop(self.queue.lock().expect("nothing panics while it holds the queue").take());
        let thread = self.thread.lock().expect("nothing panics while it holds the thread").take();
        if let Some(Err(panic)) = thread.map(JoinHandle::join) {
            std::panic::resume_unwind(panic);
        }
    }
}

/// Returns the folder beside `folder` in which files are written before they get their names.
fn staging(folder: &Path) -> PathBuf {
    let mut name = folder.file_name().unwrap_or_default().to_owned();
    name.push(".partial");
    folder.with_file_name(name)
}

fn make_folder(folder: &Path) -> io::Result<()> {
    DirBuilder::new().recursive(true).mode(0o700).create(folder)
}

/// Returns the highest sequence number in `folder`, 0 where there is none.
fn highest(folder: &Path) -> io::Result<u64> {
    let mut highest = 0;
    for entry in fs::read_dir(folder)? {
        let name = entry?.file_name();
        let sequence = name.to_str().and_then(|name| name.split_once('-')?.0.parse().ok());
        highest = highest.max(sequence.unwrap_or(0));
    }
    Ok(highest)
}

struct Writer {
    folder: PathBuf,
    staging: PathBuf,
    synced: File,
    sequence: u64,
}

impl Writer {
    fn run(mut self, jobs: &mpsc::Receiver<Job>) {
        while let Ok(first) = jobs.recv() {
            let mut batch = vec![first];
            while batch.len() < BATCH_MAX {
                let Ok(job) = jobs.try_recv() else { break };
                batch.push(job);
            }
            self.write(batch);
        }
        // Empty unless a write failed; then the next rehearsal clears it.
        let _ = fs::remove_dir(&self.staging);
    }

    fn write(&mut self, batch: Vec<Job>) {
        let staged: Vec<_> = batch
            .into_iter()
            .map(|job| {
                let staged = self.stage(&job);
                (job.answer, staged)
            })
            .collect();
        let named: Vec<_> = staged
            .into_iter()
            .map(|(answer, staged)| (answer, staged.and_then(|(file, name)| self.name(&file, &name))))
            .collect();
        let synced = self.synced.sync_all().map_err(|error| error.to_string());
        for (answer, named) in named {
            let done = named.and_then(|()| synced.clone().map_err(io::Error::other));
            // A line that broke meanwhile does not wait any more.
            let _ = answer.send(done);
        }
    }

    fn stage(&mut self, job: &Job) -> io::Result<(File, String)> {
        self.sequence += 1;
        let name = format!("{:0SEQUENCE_DIGITS$}-{}.eml", self.sequence, job.token);
        let path = self.staging.join(&name);
        let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(path)?;
        file.write_all(&job.message)?;
        Ok((file, name))
    }

    fn name(&self, file: &File, name: &str) -> io::Result<()> {
        file.sync_all()?;
        fs::rename(self.staging.join(name), self.folder.join(name))
    }
}
