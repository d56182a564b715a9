//! Which trace a request belongs to: W3C Trace Context, <https://www.w3.org/TR/trace-context/>.

use std::future::{Ready, ready};

use actix_web::dev::Payload;
use actix_web::http::header::{HeaderMap, HeaderName};
use actix_web::{FromRequest, HttpMessage, HttpRequest};

use super::RequestId;
use crate::{Error, Result};

const PARENT: HeaderName = HeaderName::from_static("traceparent");
const STATE: HeaderName = HeaderName::from_static("tracestate");

/// The length of the first header in the version there is, in bytes; later ones may have more behind it.
const LENGTH: usize = 55;

/// The most bytes and members of the second one that are passed on.
const STATE_BYTES: usize = 512;
const STATE_MEMBERS: usize = 32;

/// That whoever asks keeps what it knows of the trace, and that the trace's id is random.
const SAMPLED: u8 = 1;
const RANDOM: u8 = 2;

/// The trace a request belongs to, for calls to other services; an extractor.
///
/// A request with a valid `traceparent` goes on with its trace, and the log lines of the request have `trace_id`,
/// `parent_id` (who called) and `span_id` (this request) in their span. Another one gets a trace of its own when somebody
/// asks for it, and has it in its log lines from then on. Virtual requests take the headers their client gave them; each event
/// of a socket has a trace of its own.
///
/// ```
/// use regatta::http::TraceContext;
/// use regatta::prelude::*;
///
/// async fn order(trace: TraceContext) -> Result<String> {
///     // Whichever HTTP client it is: these two headers join its call to this trace.
///     let headers: Vec<(&str, String)> = trace.headers().collect();
///     Ok(format!("{headers:?}"))
/// }
/// # fn draw(r: &mut Routes) { r.post("/order", order); }
/// # draw(&mut Routes::default());
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TraceContext {
    trace_id: String,
    parent_id: Option<String>,
    span_id: RequestId,
    flags: u8,
    state: Option<String>,
}

impl TraceContext {
    /// That of a request with a valid `traceparent`.
    pub(crate) fn of(headers: &HeaderMap) -> Option<Self> {
        let mut given = headers.get_all(&PARENT);
        let parent = given.next()?;
        // Of two, nobody knows which is meant.
        let parent = parent.to_str().ok().filter(|_| given.next().is_none())?;
        let (trace_id, parent_id, flags) = parsed(parent)?;
        Some(Self {
            trace_id: trace_id.to_owned(),
            parent_id: Some(parent_id.to_owned()),
            span_id: RequestId::new(),
            flags,
            state: state(headers),
        })
    }

    /// A new trace.
    fn start() -> Result<Self> {
        let mut random = [0; 16];
        getrandom::fill(&mut random).map_err(|error| Error::internal(error.to_string()))?;
        let trace_id = format!("{:032x}", u128::from_le_bytes(random).max(1));
        let (span_id, flags) = (RequestId::new(), SAMPLED | RANDOM);
        Ok(Self { trace_id, parent_id: None, span_id, flags, state: None })
    }

    /// The trace: 32 hexadecimal digits, the same in every service it passes.
    pub fn trace_id(&self) -> &str {
        &self.trace_id
    }

    /// The call this request came from: 16 hexadecimal digits; nothing when the trace starts here.
    pub fn parent_id(&self) -> Option<&str> {
        self.parent_id.as_deref()
    }

    /// This request: 16 hexadecimal digits.
    pub fn span_id(&self) -> &str {
        self.span_id.as_str()
    }

    /// Whether the services of the trace are to keep what they know of it. A trace that starts here is.
    pub fn is_sampled(&self) -> bool {
        self.flags & SAMPLED != 0
    }

    /// The header `traceparent` of a call to another service.
    pub fn traceparent(&self) -> String {
        format!("00-{}-{}-{:02x}", self.trace_id, self.span_id.as_str(), self.flags)
    }

    /// The header `tracestate` of a call to another service: what came with the request, at most 512 bytes of it.
    pub fn tracestate(&self) -> Option<&str> {
        self.state.as_deref()
    }

    /// The headers of a call to another service by their names.
    pub fn headers(&self) -> impl Iterator<Item = (&'static str, String)> {
        let state = self.state.clone().map(|state| ("tracestate", state));
        std::iter::once(("traceparent", self.traceparent())).chain(state)
    }
}

/// The trace's id, the caller's, and the flags.
fn parsed(parent: &str) -> Option<(&str, &str, u8)> {
    let (known, more) = parent.split_at_checked(LENGTH)?;
    let mut parts = known.split('-');
    let (version, trace_id, parent_id, flags) = (parts.next()?, parts.next()?, parts.next()?, parts.next()?);
    let is_hex = |text: &str, length: usize| {
        text.len() == length && text.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
    };
    let is_id = |text: &str, length: usize| is_hex(text, length) && text.bytes().any(|byte| byte != b'0');
    let is_complete = match version {
        "00" => more.is_empty(),
        "ff" => false,
        later => is_hex(later, 2) && (more.is_empty() || more.starts_with('-')),
    };
    let is_valid = is_complete && is_id(trace_id, 32) && is_id(parent_id, 16) && is_hex(flags, 2);
    let flags = u8::from_str_radix(flags, 16).ok().filter(|_| is_valid)?;
    Some((trace_id, parent_id, flags & (SAMPLED | RANDOM)))
}

/// What is passed on of the second header: its first members, as many as fit.
fn state(headers: &HeaderMap) -> Option<String> {
    let mut state = String::new();
    let members = headers.get_all(&STATE).map(|value| value.to_str().ok());
    let mut count = 0;
    for members in members {
        for member in members?.split(',').map(str::trim).filter(|member| !member.is_empty()) {
            let comma = usize::from(!state.is_empty());
            if count == STATE_MEMBERS || state.len() + comma + member.len() > STATE_BYTES {
                return Some(state).filter(|state| !state.is_empty());
            }
            if comma > 0 {
                state.push(',');
            }
            state.push_str(member);
            count += 1;
        }
    }
    Some(state).filter(|state| !state.is_empty())
}

impl FromRequest for TraceContext {
    type Error = Error;
    type Future = Ready<Result<Self>>;

    fn from_request(req: &HttpRequest, _: &mut Payload) -> Self::Future {
        if let Some(trace) = req.extensions().get::<Self>() {
            return ready(Ok(trace.clone()));
        }
        ready(Self::start().inspect(|trace| {
            let span = tracing::Span::current();
            span.record("trace_id", trace.trace_id());
            span.record("span_id", trace.span_id());
            req.extensions_mut().insert(trace.clone());
        }))
    }
}

#[cfg(test)]
mod tests;
