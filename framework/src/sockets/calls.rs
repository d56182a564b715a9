//! What sockets do as requests to the app layer: they ask to enter, send events, and leave.

use std::borrow::Borrow;
use std::future::{Ready, ready};

use actix_web::dev::Payload;
use actix_web::http::{Method, Uri};
use actix_web::{FromRequest, HttpMessage, HttpRequest};
use bytes::Bytes;
use serde_json::value::RawValue;
use serde_json::{Map, Value};

use super::Socket;
use super::binary::{self, Binary};
use super::virtual_request::{self, Dispatcher, Outcome, blank, of_socket, set_json};
use crate::http::{Arguments, RequestId};
use crate::protocol::event::Event;
use crate::routes::{CALL, Call};
use crate::security::{Came, ClientAddress};
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
    /// disconnect`, `server namespace disconnect`, `forced server close`, `server shutting down`; `slow consumer` for a
    /// client that read too slowly, `rate limit` for one that sent too fast, `session ended` for one whose session did.
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
    let body = outcome.body.and_then(|body| serde_json::from_slice(&body).ok());
    let mut data = match body {
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

/// Runs the handler of an event; the arguments of its acknowledgement.
///
/// # Errors
/// When they can't be sent.
pub(super) async fn event(
    socket: &Socket,
    event: Call,
    args: Vec<Box<RawValue>>,
    attachments: Vec<Bytes>,
) -> Result<Event> {
    let (_held, args) = match attachments.is_empty() {
        true => (None, args),
        false => {
            let (held, args) = binary::hold(&args, attachments)?;
            (Some(held), args)
        }
    };
    let outcome = call(socket, event, |request| carry(request, &args)).await;
    if let Some(Binary(data)) = outcome.binary {
        return Ok(binary::alone(data));
    }
    let answer = outcome.body.unwrap_or(Bytes::from_static(b"null"));
    let answer = String::from_utf8_lossy(&answer);
    match outcome.several {
        Some(numbered) => binary::settle(answer.into_owned(), &numbered),
        None => binary::settle(["[", &answer, "]"].concat(), &Vec::new()),
    }
}

/// Runs the handler of another instance's event; its answer.
pub(super) async fn served(
    dispatcher: &Dispatcher,
    namespace: &str,
    call: Call,
    args: &[&RawValue],
) -> Value {
    let Some((method, uri)) = address(namespace) else { return Value::Null };
    let mut request = blank(method, uri);
    request.extensions_mut().insert(Came { client: ClientAddress(None), is_secure: false, socket: None });
    let span = span(None, &call, namespace);
    request.extensions_mut().insert(call);
    carry(&mut request, args);
    let outcome = virtual_request::call(dispatcher, None, request, span).await;
    let answer = outcome.body.unwrap_or_default();
    serde_json::from_slice(&answer).unwrap_or_default()
}

/// Puts the arguments of an event into a request: as its body the only one, or a list of them.
fn carry(request: &mut actix_http::Request, args: &[impl Borrow<RawValue>]) {
    let length: usize = args.iter().map(|arg| arg.borrow().get().len() + 1).sum();
    let mut list = String::with_capacity(length + 2);
    // Their texts are JSON already.
    for arg in args {
        list.push(if list.is_empty() { '[' } else { ',' });
        list.push_str(arg.borrow().get());
    }
    list.push_str(if args.is_empty() { "[]" } else { "]" });
    let list = Bytes::from(list);
    let body = match args {
        [] => Bytes::from_static(b"null"),
        [_] => list.slice(1..list.len() - 1),
        _ => list.clone(),
    };
    set_json(request, body.clone());
    request.extensions_mut().insert(Arguments { list, body });
}

async fn call(socket: &Socket, call: Call, fill: impl FnOnce(&mut actix_http::Request)) -> Outcome {
    let Some((method, uri)) = address(socket.namespace()) else { return Outcome::broken() };
    let mut request = of_socket(socket, method, uri);
    let span = span(Some(socket), &call, socket.namespace());
    request.extensions_mut().insert(call);
    fill(&mut request);
    virtual_request::call(socket.dispatcher(), Some(socket), request, span).await
}

fn span(socket: Option<&Socket>, call: &Call, namespace: &str) -> tracing::Span {
    let (method, event) = match call {
        Call::Connect => ("CONNECT", None),
        Call::Event(name) => ("EVENT", Some(&**name)),
        Call::AnyEvent => ("EVENT", None),
        Call::ServerEvent(name) => ("SERVER EVENT", Some(&**name)),
        Call::Disconnect => ("DISCONNECT", None),
    };
    tracing::info_span!(
        "request",
        id = RequestId::new().as_str(),
        socket = socket.map(Socket::id),
        method,
        path = namespace,
        event,
        trace_id = tracing::field::Empty,
        span_id = tracing::field::Empty,
    )
}

/// Where what happens in a namespace is handled.
fn address(namespace: &str) -> Option<(Method, Uri)> {
    let uri = if namespace == "/" { Uri::from_static("/") } else { path(namespace).parse().ok()? };
    Some((Method::from_bytes(CALL.as_bytes()).ok()?, uri))
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
            Some(Call::Event(name) | Call::ServerEvent(name)) => Some(Self(name.as_ref().to_owned())),
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
