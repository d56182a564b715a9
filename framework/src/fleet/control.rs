//! The parent's control socket: whoever may open it may ask.

use std::os::fd::OwnedFd;
use std::os::unix::net::UnixListener;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{Semaphore, mpsc};
use tokio::task::JoinHandle;
use tokio::time::sleep;

use super::line::Line;
use super::listeners::bind_unix;
use super::words::{Reply, Request};
use crate::Result;

/// Requests and answers that may wait.
const QUEUE: usize = 16;

/// Callers at the same time.
const CALLERS: usize = 32;

/// How long to wait after a caller that could not be accepted, for want of file descriptors say.
const PAUSE: Duration = Duration::from_millis(100);

/// A request, and where its answers go.
#[derive(Debug)]
pub(super) struct Asked {
    pub(super) request: Request,
    pub(super) replies: mpsc::Sender<Reply>,
}

/// The open socket; its file goes with it.
#[derive(Debug)]
pub(super) struct Control {
    asked: mpsc::Receiver<Asked>,
    asker: mpsc::Sender<Asked>,
    socket: UnixListener,
    path: PathBuf,
    task: JoinHandle<()>,
}

impl Control {
    /// Opens the socket, for the parent's user alone.
    ///
    /// # Errors
    /// When another parent has it, or the folder can't be written.
    pub(super) fn open(path: &Path) -> Result<Self> {
        Self::with(bind_unix(path, Some(0o600))?, path)
    }

    /// A socket that is open already.
    ///
    /// # Errors
    /// When it can't be used.
    pub(super) fn with(socket: UnixListener, path: &Path) -> Result<Self> {
        socket.set_nonblocking(true)?;
        let listener = tokio::net::UnixListener::from_std(socket.try_clone()?)?;
        let (sender, asked) = mpsc::channel(QUEUE);
        let task = tokio::spawn(listen(listener, sender.clone()));
        Ok(Self { asked, asker: sender, socket, path: path.to_owned(), task })
    }

    /// Another handle of the socket, for the next program in this process.
    ///
    /// # Errors
    /// When there is no room for one.
    pub(super) fn fd(&self) -> Result<OwnedFd> {
        Ok(self.socket.try_clone()?.into())
    }

    /// Where others in this process ask.
    pub(super) fn asker(&self) -> mpsc::Sender<Asked> {
        self.asker.clone()
    }

    /// The next request.
    pub(super) async fn next(&mut self) -> Option<Asked> {
        self.asked.recv().await
    }
}

impl Drop for Control {
    fn drop(&mut self) {
        self.task.abort();
        let _ = std::fs::remove_file(&self.path);
    }
}

async fn listen(listener: tokio::net::UnixListener, asked: mpsc::Sender<Asked>) {
    let callers = Arc::new(Semaphore::new(CALLERS));
    loop {
        let Ok(caller) = callers.clone().acquire_owned().await else { return };
        let Ok((stream, _)) = listener.accept().await else {
            sleep(PAUSE).await;
            continue;
        };
        let asked = asked.clone();
        tokio::spawn(async move {
            answer(stream.into(), asked).await;
            drop(caller);
        });
    }
}

async fn answer(mut line: Line<Request>, asked: mpsc::Sender<Asked>) {
    let Some(request) = line.next().await else { return };
    let (replies, mut answers) = mpsc::channel(QUEUE);
    if asked.send(Asked { request, replies }).await.is_err() {
        return;
    }
    loop {
        tokio::select! {
            reply = answers.recv() => match reply {
                Some(reply) => {
                    if line.say(&reply).await.is_err() {
                        return;
                    }
                }
                None => return,
            },
            // The caller went.
            none = line.next() => if none.is_none() { return },
        }
    }
}
