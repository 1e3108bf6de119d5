//! The built-in inbox: a small SMTP server on loopback that captures each message of a rehearsal in a file.
//!
//! It speaks over the socket alone, so that a rehearsal exercises the same dialogue as a run to a relay. It
//! delivers nothing, and answers 250 only when the file is on disk.

mod files;
mod talk;

use files::Files;
pub use files::FilesError;
use std::{net::SocketAddr, path::Path, sync::Arc};
use tokio::{
    net::{TcpListener, TcpStream},
    sync::Semaphore,
    task::{JoinHandle, JoinSet},
};

/// Lines open at once: more than a run may open (256).
const LINES_MAX: usize = 300;

/// A running inbox.
#[derive(Debug)]
pub struct Inbox {
    address: SocketAddr,
    task: JoinHandle<()>,
    files: Arc<Files>,
}

/// Why an inbox cannot be opened. Nothing listens, and no message was written.
#[derive(Debug, thiserror::Error)]
pub enum OpenInboxError {
    /// The folder cannot be made, read or written.
    #[error(transparent)]
    Folder(#[from] FilesError),
    /// No port on loopback can be opened.
    #[error("cannot listen on loopback: {0}")]
    Listen(#[from] std::io::Error),
}

impl Inbox {
    /// Opens an inbox that writes each message to `SEQUENCE-TOKEN.eml` in `folder`, going on after the highest
    /// sequence that is there.
    ///
    /// Files have mode 0600. What is being written lies in a folder beside it, never in `folder` itself.
    pub async fn open(folder: &Path) -> Result<Self, OpenInboxError> {
        let files = Arc::new(Files::open(folder)?);
        let listener = TcpListener::bind((std::net::Ipv4Addr::LOCALHOST, 0)).await?;
        let address = listener.local_addr()?;
        let task = tokio::spawn(listen(listener, Arc::clone(&files)));
        Ok(Self { address, task, files })
    }

    /// Returns where the inbox listens: a port of 127.0.0.1.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Closes every line and waits until what was received is written.
    pub async fn close(self) {
        self.task.abort();
        let _ = self.task.await;
        let files = self.files;
        let closing = tokio::task::spawn_blocking(move || files.close());
        let _ = closing.await;
    }
}

async fn listen(listener: TcpListener, files: Arc<Files>) {
    let places = Arc::new(Semaphore::new(LINES_MAX));
    let mut lines = JoinSet::new();
    loop {
        let Ok(place) = Arc::clone(&places).acquire_owned().await else { return };
        // A line that broke before it was taken is nobody's loss; the pause bounds a shortage of descriptors.
        let Ok((stream, _)) = listener.accept().await else {
            tokio::time::sleep(std::time::Duration::from_millis(50)).await;
            continue;
        };
        while lines.try_join_next().is_some() {}
        let files = Arc::clone(&files);
        lines.spawn(async move {
            // A line that breaks ends its own dialogue only.
            let _ = serve(stream, &files).await;
            drop(place);
        });
    }
}

async fn serve(mut stream: TcpStream, files: &Files) -> std::io::Result<()> {
    stream.set_nodelay(true)?;
    let (reader, writer) = stream.split();
    talk::talk(reader, writer, files).await
}
