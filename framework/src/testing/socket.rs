//! A Socket.IO client for tests.

use std::collections::VecDeque;
use std::net::SocketAddr;

use futures_util::{SinkExt as _, StreamExt as _};
use serde::Serialize;
use serde_json::{Value, json};
use tokio::net::TcpStream;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::client::IntoClientRequest as _;
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream, connect_async};

use super::PATIENCE;

/// A connected socket.
#[derive(Debug)]
pub struct TestSocket {
    stream: WebSocketStream<MaybeTlsStream<TcpStream>>,
    id: String,
    next_ack: u64,
    /// Events that arrived while something else was awaited.
    events: VecDeque<Event>,
    acks: VecDeque<(u64, Value)>,
}

/// An event that has arrived.
#[derive(Debug)]
struct Event {
    name: String,
    /// Its first argument.
    data: Value,
    /// What to name in the acknowledgement, when the server wants one.
    question: Option<u64>,
}

impl TestSocket {
    pub(super) async fn connect(address: SocketAddr, cookies: Option<String>) -> Self {
        let url = format!("ws://{address}/socket.io/?EIO=4&transport=websocket");
        let mut request = url.into_client_request().expect("a request");
        if let Some(cookies) = cookies {
            request.headers_mut().insert("cookie", cookies.parse().expect("cookies of ASCII"));
        }
        let (stream, _) = connect_async(request).await.expect("an open socket");
        let mut socket =
            Self { stream, id: String::new(), next_ack: 0, events: VecDeque::new(), acks: VecDeque::new() };
        let open = socket.text().await;
        assert!(open.starts_with('0'), "the handshake, not: {open}");
        socket.send("40".to_owned()).await;
        let connected = socket.text().await;
        let body: Value = serde_json::from_str(connected.trim_start_matches("40")).expect("a CONNECT answer");
        socket.id = body["sid"].as_str().expect("an id").to_owned();
        socket
    }

    /// The socket's id.
    pub fn id(&self) -> &str {
        &self.id
    }

    /// A virtual GET: the body of the answer.
    pub async fn get(&mut self, url: &str) -> Value {
        self.request("get", url, &Value::Null).await["body"].take()
    }

    /// A virtual POST: the body of the answer.
    pub async fn post(&mut self, url: &str, data: &impl Serialize) -> Value {
        self.request("post", url, data).await["body"].take()
    }

    /// A virtual request: `{"body", "headers", "statusCode"}`.
    pub async fn request(&mut self, verb: &str, url: &str, data: &impl Serialize) -> Value {
        self.ask(verb, &json!({ "method": verb, "headers": {}, "data": data, "url": url })).await
    }

    /// Emits an event and waits for its acknowledgement.
    pub async fn ask(&mut self, event: &str, data: &impl Serialize) -> Value {
        let id = self.next_ack;
        self.next_ack += 1;
        self.send(format!("42{id}{}", json!([event, data]))).await;
        loop {
            if let Some(at) = self.acks.iter().position(|(other, _)| *other == id) {
                return self.acks.remove(at).map(|(_, value)| value).unwrap_or_default();
            }
            self.read().await;
        }
    }

    /// Emits an event.
    pub async fn emit(&mut self, event: &str, data: &impl Serialize) {
        self.send(format!("42{}", json!([event, data]))).await;
    }

    /// The first argument of the next event of this name.
    pub async fn next(&mut self, event: &str) -> Value {
        self.take(event).await.data
    }

    /// Acknowledges the next event of this name with what `answer` makes of its first argument.
    pub async fn acknowledge(&mut self, event: &str, answer: impl FnOnce(Value) -> Value) {
        let Event { data, question, .. } = self.take(event).await;
        let id = question.expect("an event that asks for an acknowledgement");
        self.send(format!("43{id}{}", json!([answer(data)]))).await;
    }

    async fn take(&mut self, event: &str) -> Event {
        loop {
            let found = self.events.iter().position(|other| other.name == event);
            if let Some(taken) = found.and_then(|at| self.events.remove(at)) {
                return taken;
            }
            self.read().await;
        }
    }

    /// Waits until the server has ended the connection, and returns the reason in its Close frame.
    pub async fn closed(mut self) -> String {
        loop {
            let message = tokio::time::timeout(PATIENCE, self.stream.next()).await.expect("an end in time");
            match message {
                Some(Ok(Message::Text(text))) if text == "2" => self.send("3".to_owned()).await,
                Some(Ok(Message::Close(frame))) => {
                    return frame.map(|frame| frame.reason.to_string()).unwrap_or_default();
                }
                Some(Ok(_)) => {}
                Some(Err(_)) | None => return String::new(),
            }
        }
    }

    /// Closes the connection.
    pub async fn close(mut self) {
        let _ = self.stream.close(None).await;
    }

    pub(crate) async fn send(&mut self, text: String) {
        self.stream.send(Message::text(text)).await.expect("an open socket");
    }

    async fn text(&mut self) -> String {
        loop {
            let message =
                tokio::time::timeout(PATIENCE, self.stream.next()).await.expect("a message in time");
            match message.expect("an open socket").expect("a well-formed frame") {
                Message::Text(text) if text == "2" => self.send("3".to_owned()).await,
                Message::Text(text) => return text.to_string(),
                _ => {}
            }
        }
    }

    async fn read(&mut self) {
        let text = self.text().await;
        if let Some(json) = text.strip_prefix("42") {
            let (question, json) = json.split_at(json.find('[').expect("an event"));
            let mut args: Vec<Value> = serde_json::from_str(json).expect("an event");
            let data = if args.len() > 1 { args.remove(1) } else { Value::Null };
            let name = args[0].as_str().unwrap_or_default().to_owned();
            self.events.push_back(Event { name, data, question: question.parse().ok() });
        } else if let Some(ack) = text.strip_prefix("43") {
            let (id, json) = ack.split_at(ack.find('[').expect("an acknowledgement"));
            let mut args: Vec<Value> = serde_json::from_str(json).expect("an acknowledgement");
            self.acks.push_back((id.parse().expect("an id"), args.pop().unwrap_or_default()));
        }
    }
}
