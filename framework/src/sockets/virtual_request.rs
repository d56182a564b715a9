//! Virtual requests: `io.socket.get("/message")` goes through the app's own routes in process.
//! The wire format is Sails' (sails.io.js 1.2.1 and its server side, sails-hook-sockets).

use std::collections::HashMap;
use std::fmt::Write as _;
use std::rc::Rc;
use std::str::FromStr;

use actix_http::BoxedPayloadStream;
use actix_web::body::{BoxBody, MessageBody as _, to_bytes_limited};
use actix_web::cookie::Cookie;
use actix_web::dev::ServiceResponse;
use actix_web::http::header::{self, HeaderMap, HeaderName, HeaderValue};
use actix_web::http::{Method, Uri};
use actix_web::{HttpMessage, HttpResponse};
use bytes::Bytes;
use futures_util::future::{LocalBoxFuture, ready};
use futures_util::stream;
use serde::Deserialize;
use serde_json::value::RawValue;
use serde_json::{Map, Value, json};

use super::Socket;
use super::args::Several;
use super::binary::{Binary, Numbered};
use crate::http::{RequestId, TraceContext};
use crate::logging::within;
use crate::security::{Came, ClientAddress};

/// The largest answer a virtual request may have, in bytes.
const ANSWER_LIMIT: usize = 16 * 1024 * 1024;

/// The oldest client whose requests are understood.
const OLDEST_SDK: (u32, u32) = (0, 11);

type Answer = LocalBoxFuture<'static, Result<ServiceResponse<BoxBody>, actix_web::Error>>;

/// Runs a request through a part of this worker's app layer.
pub(crate) type Dispatch = Rc<dyn Fn(actix_http::Request) -> Answer>;

/// The app layer of one worker, and how its answers are told.
#[derive(Clone)]
pub(crate) struct Dispatcher {
    /// To the routes.
    pub(crate) requests: Dispatch,
    /// To the handlers of namespaces.
    pub(crate) calls: Dispatch,
    /// Whether an answer carries its headers.
    pub(crate) headers: bool,
}

#[derive(Deserialize)]
struct Message<'a> {
    url: Option<Value>,
    #[serde(borrow)]
    data: Option<&'a RawValue>,
    params: Option<Map<String, Value>>,
    headers: Option<HashMap<String, Value>>,
}

/// The verb whose virtual requests are sent as `event`.
pub(super) fn verb(event: &str) -> Option<Method> {
    match event {
        "get" => Some(Method::GET),
        "post" => Some(Method::POST),
        "put" => Some(Method::PUT),
        "patch" => Some(Method::PATCH),
        "delete" => Some(Method::DELETE),
        "options" => Some(Method::OPTIONS),
        "head" => Some(Method::HEAD),
        _ => None,
    }
}

/// Answers a virtual request with the JSON of the acknowledgement; an `Err` is a parse error.
pub(super) async fn answer(
    socket: &Socket,
    method: Method,
    argument: Option<&RawValue>,
) -> Result<String, String> {
    let request = parse(socket, method, argument).map_err(|details| parse_error(&details))?;
    let response = match request {
        Some(request) => {
            let trace = TraceContext::of(request.headers());
            let span = tracing::info_span!(
                "request",
                id = RequestId::new().as_str(),
                socket = socket.id(),
                method = %request.method(),
                path = request.path(),
                trace_id = trace.as_ref().map(TraceContext::trace_id),
                parent_id = trace.as_ref().and_then(TraceContext::parent_id),
                span_id = trace.as_ref().map(TraceContext::span_id),
            );
            if let Some(trace) = trace {
                request.extensions_mut().insert(trace);
            }
            let shown = match *request.method() {
                Method::OPTIONS => Shown::Methods,
                _ if socket.dispatcher().headers => Shown::Headers,
                _ => Shown::Nothing,
            };
            let response = send(&socket.dispatcher().requests, request, span).await;
            keep_cookies(socket, &response);
            read(response, shown).await
        }
        None => Outcome::new(404, Map::new(), Some(text("Not Found"))),
    };
    Ok(acknowledged(&response, socket.dispatcher().headers))
}

/// What the client's callback gets. The body is JSON already.
fn acknowledged(response: &Outcome, with_headers: bool) -> String {
    let body = response.body.as_deref().unwrap_or_default();
    let mut told = String::with_capacity(body.len() + 64);
    told.push('{');
    if !body.is_empty() {
        told.push_str("\"body\":");
        told.push_str(&String::from_utf8_lossy(body));
        told.push(',');
    }
    // Writing to a string can't fail.
    if with_headers {
        let headers = serde_json::to_string(&response.headers).unwrap_or_default();
        let _ = write!(told, "\"headers\":{headers},");
    }
    let _ = write!(told, "\"statusCode\":{}}}", response.status);
    told
}

/// What a request came to.
pub(super) struct Outcome {
    pub(super) status: u16,
    headers: Map<String, Value>,
    /// As JSON.
    pub(super) body: Option<Bytes>,
    /// The binary values of a body that is a list of arguments.
    pub(super) several: Option<Numbered>,
    /// The body, if it is a binary value.
    pub(super) binary: Option<Binary>,
}

impl Outcome {
    fn new(status: u16, headers: Map<String, Value>, body: Option<Bytes>) -> Self {
        Self { status, headers, body, several: None, binary: None }
    }

    pub(super) fn broken() -> Self {
        Self::new(500, Map::new(), Some(text("Internal Server Error")))
    }
}

/// What of an answer is told beside its body.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Shown {
    Nothing,
    Headers,
    Methods,
}

/// Has a handler called, by a socket unless another instance does it.
pub(super) async fn call(
    dispatcher: &Dispatcher,
    socket: Option<&Socket>,
    request: actix_http::Request,
    span: tracing::Span,
) -> Outcome {
    let response = send(&dispatcher.calls, request, span).await;
    if let Some(socket) = socket {
        keep_cookies(socket, &response);
    }
    read(response, Shown::Nothing).await
}

fn send(
    dispatch: &Dispatch,
    request: actix_http::Request,
    span: tracing::Span,
) -> impl Future<Output = HttpResponse> + use<> {
    let answer = dispatch(request);
    async move {
        match within(&span, answer).await {
            Ok(response) => response.into_parts().1,
            Err(error) => error.error_response(),
        }
    }
}

async fn read(response: HttpResponse, shown: Shown) -> Outcome {
    let (head, body) = response.into_parts();
    let whole = match body.try_into_bytes() {
        Ok(bytes) => Some(bytes).filter(|bytes| bytes.len() <= ANSWER_LIMIT),
        Err(body) => Box::pin(to_bytes_limited(body, ANSWER_LIMIT)).await.ok().and_then(Result::ok),
    };
    whole.map_or_else(Outcome::broken, |bytes| told(&head, bytes, shown))
}

/// What is told of an answer with this body.
fn told(head: &HttpResponse<()>, bytes: Bytes, shown: Shown) -> Outcome {
    let (status, headers) = (head.status().as_u16(), head.headers());
    let several = head.extensions().get().map(|Several(numbered)| numbered.clone());
    let binary = head.extensions().get().cloned();
    if shown == Shown::Methods
        && let Some(Ok(methods)) = headers.get(header::ALLOW).map(HeaderValue::to_str)
    {
        return Outcome::new(status, of_methods(methods), None);
    }
    let is_json = content_type(headers).is_some_and(|kind| kind.starts_with("application/json"));
    let body = match is_json.then(|| serde_json::from_slice::<&RawValue>(&bytes)) {
        Some(Ok(json)) => bytes.slice_ref(json.get().as_bytes()),
        _ => text(&String::from_utf8_lossy(&bytes)),
    };
    let visible = || if shown == Shown::Nothing { Map::new() } else { visible(headers) };
    match headers.get(header::LOCATION).and_then(|location| location.to_str().ok()) {
        Some(location) if (300..400).contains(&status) => redirect(status, location, visible()),
        _ => Outcome { several, binary, ..Outcome::new(status, visible(), Some(body)) },
    }
}

/// A text as JSON.
fn text(text: &str) -> Bytes {
    Bytes::from(Value::from(text).to_string())
}

/// The headers of a list of methods, as Sails sends them.
fn of_methods(methods: &str) -> Map<String, Value> {
    let mut headers = Map::new();
    headers.insert("allow".to_owned(), methods.into());
    headers.insert("content-length".to_owned(), methods.len().into());
    headers.insert("content-type".to_owned(), "text/plain".into());
    headers.insert("x-content-type-options".to_owned(), "nosniff".into());
    headers
}

/// A redirect as Sails tells it: a socket follows none by itself.
fn redirect(status: u16, location: &str, others: Map<String, Value>) -> Outcome {
    let mut headers = Map::new();
    headers.insert("content-type".to_owned(), "text/html".into());
    headers.insert("Location".to_owned(), location.into());
    headers.extend(others);
    Outcome::new(status, headers, Some(text(&format!("Redirecting to {location}"))))
}

fn content_type(headers: &HeaderMap) -> Option<&str> {
    headers.get(header::CONTENT_TYPE)?.to_str().ok()
}

/// The headers an acknowledgement shows, by name: not the cookies, and nothing that only describes bytes.
fn visible(headers: &HeaderMap) -> Map<String, Value> {
    let hidden = [header::SET_COOKIE, header::CONTENT_LENGTH, header::CONTENT_TYPE, header::VARY];
    let shown = headers.iter().filter(|(name, _)| !hidden.contains(name));
    let mut shown: Vec<(&str, &str)> =
        shown.filter_map(|(name, value)| Some((name.as_str(), value.to_str().ok()?))).collect();
    shown.sort_unstable();
    shown.into_iter().map(|(name, value)| (name.to_owned(), value.into())).collect()
}

fn keep_cookies(socket: &Socket, response: &HttpResponse) {
    for cookie in response.headers().get_all(header::SET_COOKIE) {
        let Ok(cookie) = Cookie::parse(cookie.to_str().unwrap_or_default()) else { continue };
        let ended = cookie.max_age().is_some_and(|age| age.is_zero()) || cookie.value().is_empty();
        socket.company().set_cookie(cookie.name(), (!ended).then(|| cookie.value()));
    }
}

/// The request; nothing when its url leads nowhere, as one without a slash at its start does.
fn parse(
    socket: &Socket,
    method: Method,
    argument: Option<&RawValue>,
) -> Result<Option<actix_http::Request>, String> {
    if let Some(version) = sdk_version(socket.handshake().query())
        && version < OLDEST_SDK
    {
        return Err("This client is too old: update sails.io.js to 0.11 or newer".to_owned());
    }
    let text = argument.map_or("undefined", RawValue::get);
    let message: Message<'_> = serde_json::from_str(text)
        .map_err(|_| format!("The request must be an object with a url, not: {}", short(text)))?;
    let url = match &message.url {
        Some(Value::String(url)) if !url.is_empty() => url.as_str(),
        Some(Value::Null) | None => return Err(format!("No url provided in request: {}", short(text))),
        Some(other) => return Err(format!("The url must be a string, not: {}", short(&other.to_string()))),
    };
    if !url.starts_with('/') && !url.contains("://") {
        return Ok(None);
    }
    let uri = Uri::from_str(url).ok().filter(|uri| uri.path_and_query().is_some());
    let uri = uri.ok_or_else(|| format!("Not a url: {}", short(url)))?;
    let mut request = of_socket(socket, method, uri);
    for (name, value) in message.headers.unwrap_or_default() {
        let name = HeaderName::from_str(&name.to_lowercase());
        let value = value.as_str().map(str::to_owned).unwrap_or_else(|| value.to_string());
        if let (Ok(name), Ok(value)) = (name, HeaderValue::from_str(&value))
            && ![header::COOKIE, header::ORIGIN].contains(&name)
        {
            request.headers_mut().insert(name, value);
        }
    }
    if let Some(body) = body(message.data, message.params) {
        let body = Bytes::from(body);
        request.headers_mut().insert(header::CONTENT_LENGTH, HeaderValue::from(body.len()));
        set_json(&mut request, body);
    }
    Ok(Some(request))
}

/// An array is the body as it is; objects are merged, `data` over `params`.
fn body(data: Option<&RawValue>, params: Option<Map<String, Value>>) -> Option<String> {
    match (data, params) {
        (Some(data), None) => Some(data.get().to_owned()),
        (Some(data), Some(mut params)) => match serde_json::from_str(data.get()) {
            Ok(Value::Object(data)) => {
                params.extend(data);
                Some(Value::Object(params).to_string())
            }
            _ => Some(data.get().to_owned()),
        },
        (None, params) => params.map(|params| Value::Object(params).to_string()),
    }
    .filter(|body| body != "null")
}

/// Gives a request a body.
pub(super) fn set_json(request: &mut actix_http::Request, body: Bytes) {
    request.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
    let payload: BoxedPayloadStream = Box::pin(stream::once(ready(Ok(body))));
    *request.payload() = payload.into();
}

/// A request that is none of HTTP; whoever makes it says how it [`Came`].
pub(super) fn blank(method: Method, uri: Uri) -> actix_http::Request {
    let mut request = actix_http::Request::new();
    request.head_mut().method = method;
    request.head_mut().uri = uri;
    request.headers_mut().insert(header::ACCEPT, HeaderValue::from_static("application/json"));
    request
}

/// A request with what every virtual request of the socket has.
pub(super) fn of_socket(socket: &Socket, method: Method, uri: Uri) -> actix_http::Request {
    let mut request = blank(method, uri);
    let handshake = socket.handshake();
    request.head_mut().peer_addr = handshake.peer_address();
    let headers = request.headers_mut();
    for (name, value) in handshake.carried() {
        headers.insert(name, value);
    }
    if let Some(Ok(cookie)) = socket.company().cookie().map(|cookie| HeaderValue::from_str(&cookie)) {
        headers.insert(header::COOKIE, cookie);
    }
    request.extensions_mut().insert(Came {
        client: ClientAddress(handshake.client_address()),
        is_secure: handshake.is_secure(),
        socket: Some(socket.shared_id().clone()),
    });
    request.extensions_mut().insert(socket.clone());
    request
}

fn sdk_version(query: &str) -> Option<(u32, u32)> {
    let version = query.split('&').find_map(|pair| pair.strip_prefix("__sails_io_sdk_version="))?;
    let mut parts = version.split('.').map_while(|part| part.parse().ok());
    Some((parts.next()?, parts.next()?))
}

fn parse_error(details: &str) -> String {
    tracing::debug!(details, "virtual request refused");
    json!({
        "code": "SAILS:HOOK:SOCKETS:PARSE_VIRTUAL_REQ",
        "name": "Error",
        "status": 400,
        "message": "Failed to parse incoming socket.io request.",
        "details": details,
    })
    .to_string()
}

fn short(text: &str) -> String {
    let mut short: String = text.chars().take(200).collect();
    if short.len() < text.len() {
        short.push('…');
    }
    short
}
