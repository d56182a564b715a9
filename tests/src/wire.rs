//! A WebSocket that is read in the background, so that heartbeats are answered while a test does something else.

use std::sync::mpsc::{self, Receiver, RecvTimeoutError};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::time::{Duration, Instant};

use futures_util::{SinkExt, StreamExt};
use tokio::runtime::{Builder, Runtime};
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_tungstenite::tungstenite::http::{HeaderName, HeaderValue};
use tokio_tungstenite::tungstenite::{self, Message};
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream, connect_async};

/// What arrived.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Frame {
    /// A text frame.
    Text(String),
    /// A binary frame.
    Binary(Vec<u8>),
    /// The end, with the reason the other side gave or the error that ended it.
    Closed(String),
}

/// The answer a connection gives by itself to a text frame, for heartbeats; such frames are not handed on.
pub type Reflex = fn(&str) -> Option<&'static str>;

/// A connected WebSocket; dropping its sending half closes the connection.
#[derive(Debug)]
pub struct Wire {
    outgoing: Outgoing,
    incoming: Receiver<Frame>,
    heard: Heard,
}

/// When the other side was heard last.
type Heard = Arc<Mutex<Instant>>;

/// The sending half.
#[derive(Debug)]
pub struct Outgoing(UnboundedSender<Message>);

type Stream = WebSocketStream<MaybeTlsStream<tokio::net::TcpStream>>;

impl Wire {
    /// Connects to a `ws://` address with these request headers.
    ///
    /// # Errors
    /// The refusal: the status and body of an HTTP answer, or why there was none.
    pub fn connect(url: &str, headers: &[(&str, &str)], reflex: Reflex) -> Result<Self, String> {
        let mut request = url.into_client_request().map_err(|error| error.to_string())?;
        for (name, value) in headers {
            let name = HeaderName::try_from(*name).map_err(|error| error.to_string())?;
            request
                .headers_mut()
                .insert(name, HeaderValue::from_str(value).map_err(|error| error.to_string())?);
        }
        let (stream, _) = runtime().block_on(connect_async(request)).map_err(|error| refusal(&error))?;
        let (outgoing, to_send) = unbounded_channel();
        let (received, incoming) = mpsc::channel();
        let heard = Heard::new(Mutex::new(Instant::now()));
        runtime().spawn(carry(stream, to_send, received, reflex, heard.clone()));
        Ok(Self { outgoing: Outgoing(outgoing), incoming, heard })
    }

    /// Its two halves, for a reader with a thread of its own.
    pub fn split(self) -> (Outgoing, Receiver<Frame>) {
        (self.outgoing, self.incoming)
    }

    /// Sends a text frame; one sent after the end is lost, as on any network.
    pub fn send(&self, text: impl Into<String>) {
        self.outgoing.send(text);
    }

    /// Sends a binary frame.
    pub fn send_binary(&self, bytes: &[u8]) {
        self.outgoing.hand_over(Message::binary(bytes.to_vec()));
    }

    /// How long nothing has arrived, heartbeats included.
    pub fn silence(&self) -> Duration {
        self.heard.lock().unwrap_or_else(PoisonError::into_inner).elapsed()
    }

    /// The next frame, or nothing when none arrives within `deadline`.
    pub fn next(&self, deadline: Duration) -> Option<Frame> {
        match self.incoming.recv_timeout(deadline) {
            Ok(frame) => Some(frame),
            Err(RecvTimeoutError::Timeout) => None,
            Err(RecvTimeoutError::Disconnected) => Some(Frame::Closed("already closed".to_owned())),
        }
    }
}

impl Outgoing {
    /// Sends a text frame; one sent after the end is lost.
    pub fn send(&self, text: impl Into<String>) {
        self.hand_over(Message::text(text.into()));
    }

    fn hand_over(&self, message: Message) {
        // An error means that the connection has ended, which the reading half reports.
        let _ = self.0.send(message);
    }
}

/// Carries frames both ways until one side ends.
async fn carry(
    stream: Stream,
    mut to_send: UnboundedReceiver<Message>,
    received: mpsc::Sender<Frame>,
    reflex: Reflex,
    heard: Heard,
) {
    let (mut sink, mut source) = stream.split();
    let reason = loop {
        let reply = tokio::select! {
            message = to_send.recv() => match message {
                Some(message) => Some(message),
                None => break "the test closed it".to_owned(),
            },
            message = source.next() => match message {
                None => break "the connection was cut".to_owned(),
                Some(Err(error)) => break error.to_string(),
                Some(Ok(Message::Close(frame))) => {
                    break frame.map_or_else(|| "closed".to_owned(), |frame| frame.to_string());
                }
                Some(Ok(Message::Text(text))) => {
                    *heard.lock().unwrap_or_else(PoisonError::into_inner) = Instant::now();
                    let reply = reflex(&text);
                    if reply.is_none() {
                        let _ = received.send(Frame::Text(text.to_string()));
                    }
                    reply.map(Message::text)
                }
                Some(Ok(Message::Binary(bytes))) => {
                    let _ = received.send(Frame::Binary(bytes.to_vec()));
                    None
                }
                Some(Ok(_)) => None,
            },
        };
        if let Some(message) = reply
            && let Err(error) = sink.send(message).await
        {
            break error.to_string();
        }
    };
    // The other side may be gone, and the test may no longer listen.
    let _ = sink.close().await;
    let _ = received.send(Frame::Closed(reason));
}

fn refusal(error: &tungstenite::Error) -> String {
    match error {
        tungstenite::Error::Http(answer) => {
            let body = answer.body().as_deref().map(String::from_utf8_lossy).unwrap_or_default();
            format!("{} {body}", answer.status())
        }
        other => other.to_string(),
    }
}

/// Where connections are carried.
pub(crate) fn runtime() -> &'static Runtime {
    static RUNTIME: OnceLock<Runtime> = OnceLock::new();
    RUNTIME.get_or_init(|| {
        Builder::new_multi_thread().worker_threads(1).enable_all().build().expect("a runtime for WebSockets")
    })
}
