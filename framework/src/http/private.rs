//! The private listener: figures and health checks for whoever runs the app, never for its visitors.
//!
//! One short HTTP/1 request a connection. It shares nothing with the workers, so that it answers while they are busy, and
//! every part of it has a bound.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use futures_util::future::BoxFuture;
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};
use tokio::sync::Semaphore;
use tokio::time::{sleep, timeout};

use super::Door;
use crate::Result;

/// Connections at the same time; more wait.
const CONNECTIONS: usize = 16;

/// The longest request, in bytes.
const HEAD: usize = 8 * 1024;

/// How long a connection may take in all.
const PATIENCE: Duration = Duration::from_secs(10);

/// How long a client may take to close its side.
const LINGER: Duration = Duration::from_secs(1);

/// How long to wait after a connection that could not be accepted, for want of file descriptors say.
const PAUSE: Duration = Duration::from_millis(100);

/// The format of [`Told::figures`].
const FIGURES: &str = "text/plain; version=0.0.4; charset=utf-8";
const TEXT: &str = "text/plain; charset=utf-8";

/// An answer.
#[derive(Debug)]
pub(crate) struct Told {
    status: u16,
    kind: &'static str,
    text: String,
}

impl Told {
    /// A page of figures.
    pub(crate) fn figures(text: String) -> Self {
        Self { status: 200, kind: FIGURES, text }
    }

    /// Whether all is well, in words.
    pub(crate) fn health(is_well: bool, text: String) -> Self {
        Self { status: if is_well { 200 } else { 503 }, kind: TEXT, text }
    }

    /// For an address that is none.
    pub(crate) fn nothing() -> Self {
        let text = "this listener has /metrics, /livez and /readyz\n".to_owned();
        Self { status: 404, kind: TEXT, text }
    }

    fn refused(status: u16) -> Self {
        Self { status, kind: TEXT, text: "GET an address of this listener with HTTP/1.1\n".to_owned() }
    }
}

/// Gives the answer for a path.
pub(crate) type Answers = Arc<dyn Fn(String) -> BoxFuture<'static, Told> + Send + Sync>;

/// A private listener that is open.
#[derive(Debug)]
pub(crate) enum Private {
    Tcp(tokio::net::TcpListener),
    Unix(tokio::net::UnixListener),
}

impl Private {
    /// Listens at `door`. Call it on a runtime.
    ///
    /// # Errors
    /// When the socket can't be used.
    pub(crate) fn at(door: Door) -> Result<Self> {
        Ok(match door {
            Door::Tcp(listener) => {
                listener.set_nonblocking(true)?;
                Self::Tcp(tokio::net::TcpListener::from_std(listener)?)
            }
            Door::Unix(listener) => {
                listener.set_nonblocking(true)?;
                Self::Unix(tokio::net::UnixListener::from_std(listener)?)
            }
        })
    }

    /// Answers for as long as it is kept.
    pub(crate) async fn serve(self, answers: Answers) {
        let places = Arc::new(Semaphore::new(CONNECTIONS));
        loop {
            let Ok(place) = places.clone().acquire_owned().await else { return };
            let answers = answers.clone();
            let accepted = match &self {
                Self::Tcp(listener) => listener.accept().await.map(|(stream, _)| {
                    tokio::spawn(async move {
                        let _place = place;
                        talk(stream, answers).await;
                    });
                }),
                Self::Unix(listener) => listener.accept().await.map(|(stream, _)| {
                    tokio::spawn(async move {
                        let _place = place;
                        talk(stream, answers).await;
                    });
                }),
            };
            if let Err(error) = accepted {
                tracing::debug!(%error, "the private listener could not accept a connection");
                sleep(PAUSE).await;
            }
        }
    }
}

async fn talk(mut stream: impl AsyncRead + AsyncWrite + Unpin, answers: Answers) {
    match timeout(PATIENCE, exchange(&mut stream, answers)).await {
        Ok(Ok(())) => {}
        Ok(Err(error)) => tracing::debug!(%error, "a connection of the private listener broke"),
        Err(_) => tracing::debug!("a connection of the private listener took too long"),
    }
}

async fn exchange(stream: &mut (impl AsyncRead + AsyncWrite + Unpin), answers: Answers) -> io::Result<()> {
    let head = head(stream).await?;
    let head = String::from_utf8_lossy(&head);
    let mut words = head.lines().next().unwrap_or_default().split(' ');
    let (method, target, version) = (words.next(), words.next(), words.next());
    let is_http = version.is_some_and(|version| version.starts_with("HTTP/1."));
    let told = match (method, target) {
        (Some("GET" | "HEAD"), Some(target)) if is_http => {
            answers(target.split('?').next().unwrap_or_default().to_owned()).await
        }
        (Some(_), Some(_)) if is_http => Told::refused(405),
        _ => Told::refused(400),
    };
    let reason = match told.status {
        200 => "OK",
        400 => "Bad Request",
        404 => "Not Found",
        405 => "Method Not Allowed",
        _ => "Service Unavailable",
    };
    let Told { status, kind, text } = told;
    let mut answer = format!(
        "HTTP/1.1 {status} {reason}\r\nContent-Type: {kind}\r\nContent-Length: {}\r\nCache-Control: no-store\r\n\
         X-Content-Type-Options: nosniff\r\nConnection: close\r\n\r\n",
        text.len()
    );
    if method != Some("HEAD") {
        answer.push_str(&text);
    }
    stream.write_all(answer.as_bytes()).await?;
    stream.shutdown().await?;
    // Whoever closes on unread bytes takes back what was sent last.
    let mut rest = [0; 1024];
    let ended = async { while stream.read(&mut rest).await.is_ok_and(|read| read > 0) {} };
    let _ = timeout(LINGER, ended).await;
    Ok(())
}

/// The request up to its empty line; what there is when it ends before, or is too long.
async fn head(stream: &mut (impl AsyncRead + Unpin)) -> io::Result<Vec<u8>> {
    let mut head = Vec::new();
    let mut chunk = [0; 1024];
    while head.len() < HEAD && !head.windows(4).any(|end| end == b"\r\n\r\n") {
        let read = stream.read(&mut chunk).await?;
        if read == 0 {
            break;
        }
        head.extend_from_slice(chunk.get(..read).unwrap_or_default());
    }
    Ok(head)
}
