//! What sockets do as requests to the app layer: they ask to enter, send events, and leave.

use std::future::{Ready, ready};

use actix_web::dev::Payload;
use actix_web::http::Method;
use actix_web::{FromRequest, HttpMessage, HttpRequest};
use serde_json::value::RawValue;
use serde_json::{Map, Value};

use super::Socket;
use super::virtual_request::{Outcome, blank, run, set_json};
use crate::routes::{CALL, Call};
use crate::{Error, Result};

/// The name of the event that is handled; an extractor for handlers of any event.
///
/// ```
/// use regatta::prelude::*;
/// use regatta::sockets::EventName;
///
/// async fn unknown(event: EventName, args: Input<JsonValue>) -> Json<JsonValue> {
///     Json(json!({ "unknown": event.0, "arguments": args.0 }))
/// }
///
/// fn draw(r: &mut Routes) {
///     r.on_any(unknown);
/// }
/// # draw(&mut Routes::default());
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EventName(pub String);

/// How a socket left; an extractor for [`Routes::after_disconnect`](crate::routes::Routes::after_disconnect).
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Disconnect {
    /// As Socket.IO names it: `transport close`, `transport error`, `ping timeout`, `parse error`, `client namespace
    /// disconnect`, `server namespace disconnect`, `forced server close`, `server shutting down`; and `slow consumer`
    /// for a client that read too slowly.
    pub reason: &'static str,
    /// The rooms it was in, without the one of its own id.
    pub rooms: Vec<String>,
}

/// Why a socket may not enter, as its client is told.
pub(super) struct Refused {
    pub(super) message: String,
    pub(super) data: Box<RawValue>,
}

/// Asks the app whether the socket may enter.
pub(super) async fn connecting(socket: &Socket) -> Result<(), Refused> {
    let outcome = call(socket, Call::Connect, |_| {}).await;
    if outcome.status < 400 {
        return Ok(());
    }
    let mut data = match outcome.body {
        Some(Value::Object(body)) => body,
        Some(Value::String(text)) => Map::from_iter([("message".to_owned(), text.into())]),
        _ => Map::new(),
    };
    let message = match data.shift_remove("message") {
        Some(Value::String(message)) => message,
        _ => "refused".to_owned(),
    };
    data.insert("status".to_owned(), outcome.status.into());
    let data = serde_json::value::to_raw_value(&data).unwrap_or_default();
    Err(Refused { message, data })
}

/// Tells the app that the socket has left.
pub(super) async fn disconnected(socket: &Socket, how: Disconnect) {
    if socket.sockets().takes(&Call::Disconnect) {
        call(socket, Call::Disconnect, |request| {
            request.extensions_mut().insert(how);
        })
        .await;
    }
}

/// Runs the handler of an event; the arguments of its acknowledgement as a JSON list.
pub(super) async fn event(socket: &Socket, name: String, args: &[&RawValue]) -> String {
    let body = match args {
        [] => "null".to_owned(),
        [only] => only.get().to_owned(),
        // Their texts are JSON already.
        many => format!("[{}]", many.iter().map(|arg| arg.get()).collect::<Vec<_>>().join(",")),
    };
    let outcome = call(socket, Call::Event(name), |request| set_json(request, body)).await;
    Value::Array(vec![outcome.body.unwrap_or_default()]).to_string()
}

async fn call(socket: &Socket, call: Call, fill: impl FnOnce(&mut actix_http::Request)) -> Outcome {
    let namespace = socket.namespace();
    let (method, uri) = (Method::from_bytes(CALL.as_bytes()), path(namespace).parse());
    let (Ok(method), Ok(uri)) = (method, uri) else { return Outcome::broken() };
    let mut request = blank(socket, method, uri);
    let (kind, name) = match &call {
        Call::Connect => ("CONNECT", None),
        Call::Event(name) => ("EVENT", Some(name.clone())),
        Call::AnyEvent => ("EVENT", None),
        Call::Disconnect => ("DISCONNECT", None),
    };
    request.extensions_mut().insert(call);
    fill(&mut request);
    let span = tracing::info_span!(
        "request",
        id = crate::http::new_request_id(),
        socket = socket.id(),
        method = kind,
        path = namespace,
        event = name
    );
    run(socket, request, span).await
}

/// The path for a namespace: its name, with what paths can't have as hex.
fn path(namespace: &str) -> String {
    let mut path = String::with_capacity(namespace.len());
    for byte in namespace.bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'/' | b'-' | b'_' | b'.' | b'~' => {
                path.push(char::from(byte));
            }
            other => path.push_str(&format!("%{other:02X}")),
        }
    }
    path
}

impl FromRequest for EventName {
    type Error = Error;
    type Future = Ready<Result<Self>>;

    fn from_request(req: &HttpRequest, _: &mut Payload) -> Self::Future {
        let name = match req.extensions().get() {
            Some(Call::Event(name)) => Some(Self(name.clone())),
            _ => None,
        };
        ready(name.ok_or_else(|| Error::internal("`EventName` is there in handlers of socket events only")))
    }
}

impl FromRequest for Disconnect {
    type Error = Error;
    type Future = Ready<Result<Self>>;

    fn from_request(req: &HttpRequest, _: &mut Payload) -> Self::Future {
        let how = req.extensions().get::<Self>().cloned();
        ready(how.ok_or_else(|| Error::internal("`Disconnect` is there after a socket has left only")))
    }
}
