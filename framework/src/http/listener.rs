//! The listener layer: what every HTTP request meets first and its answer last. Virtual requests don't pass here.

use std::rc::Rc;
use std::sync::Arc;
use std::time::Instant;

use actix_web::HttpMessage;
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::http::header::{self, HeaderName, HeaderValue};
use actix_web::http::{ConnectionType, StatusCode};
use futures_util::future::LocalBoxFuture;
use tracing::Span;

use super::bounds::Bounds;
use super::patience::{Late, Patience};
use super::{Drain, RequestId, TraceContext};
use crate::Error;
use crate::compression::Compress;
use crate::config::Config;
use crate::logging::within;
use crate::security::{Headers, Nonce};

const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");
const INSTANCE: HeaderName = HeaderName::from_static("x-regatta-instance");

/// How a request is answered.
type Answered = Result<ServiceResponse, actix_web::Error>;

/// What the layer needs, shared by all workers.
#[derive(Debug, Clone)]
pub(crate) struct Listener(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    instance: HeaderValue,
    headers: Headers,
    hosts: Vec<String>,
    compress: Option<Compress>,
    bounds: Bounds,
    patience: Patience,
    drain: Drain,
    /// Where sockets poll: small answers, each at once.
    socket_path: String,
    /// Whether each answer is logged: for developers; in production the balancer does it.
    log_answers: bool,
}

impl Listener {
    pub(crate) fn new(config: &Config, instance: &str, drain: Drain) -> crate::Result<Self> {
        Ok(Self(Arc::new(Shared {
            instance: HeaderValue::from_str(instance)
                .map_err(|_| Error::internal("an instance id is plain text"))?,
            headers: Headers::new(config)?,
            compress: Compress::new(&config.http),
            bounds: Bounds::new(&config.http),
            patience: Patience::new(&config.http),
            drain,
            socket_path: config.sockets.path.clone(),
            log_answers: !config.environment.is_production(),
            hosts: config.security.allowed_hosts.iter().map(|host| host.to_ascii_lowercase()).collect(),
        })))
    }
}

/// What is known of a request once it has come, and its answer still needs.
pub(crate) struct Met {
    listener: Rc<Listener>,
    id: HeaderValue,
    span: Span,
    started: Option<Instant>,
    late: Option<Late>,
}

impl Met {
    /// Meets a request: it goes on to the app, or has its answer already.
    pub(crate) fn with(
        listener: &Rc<Listener>,
        mut req: ServiceRequest,
    ) -> (Self, Result<ServiceRequest, ServiceResponse>) {
        let shared = &*listener.0;
        let id = request_id(&req);
        let span = introduce(&mut req, &id);
        let met = Self {
            listener: listener.clone(),
            id,
            span,
            started: shared.log_answers.then(Instant::now),
            late: shared.patience.watch(&mut req),
        };
        match shared.accepts(&req) {
            Ok(()) => (met, Ok(req)),
            Err(error) => (met, Err(req.error_response(error))),
        }
    }

    /// Gives the answer what every answer has.
    #[expect(
        clippy::manual_async_fn,
        reason = "an async function has its arguments twice, and this is moved several times for each request"
    )]
    pub(crate) fn answer(
        self,
        answer: LocalBoxFuture<'static, Answered>,
    ) -> impl Future<Output = Answered> + 'static {
        async move {
            let answered = within(&self.span, answer).await?;
            let mut response = self.judge(answered);
            let nonce = response.response_mut().extensions_mut().remove::<Nonce>();
            if let Some(compress) = self.compress(&response) {
                response = Box::pin(compress.apply(response)).await;
            }
            Ok(self.complete(response, nonce))
        }
    }

    /// The answer, unless the body came too slowly for any.
    fn judge(&self, mut response: ServiceResponse) -> ServiceResponse {
        if let Some(error) = self.late.as_ref().and_then(Late::error) {
            response = response.error_response(error);
            response.response_mut().head_mut().set_connection_type(ConnectionType::Close);
        }
        if let Some(started) = self.started {
            let status = response.status().as_u16();
            self.span.in_scope(|| tracing::info!("{status} in {} ms", started.elapsed().as_millis()));
        }
        response
    }

    /// What compresses the answer, when it is to be.
    fn compress(&self, response: &ServiceResponse) -> Option<Compress> {
        let shared = &*self.listener.0;
        let compress = shared.compress.filter(|compress| compress.is_worth_it(response))?;
        (!response.request().path().starts_with(&shared.socket_path)).then_some(compress)
    }

    fn complete(self, mut response: ServiceResponse, nonce: Option<Nonce>) -> ServiceResponse {
        let shared = &*self.listener.0;
        if shared.drain.has_begun() && response.status() != StatusCode::SWITCHING_PROTOCOLS {
            response.response_mut().head_mut().set_connection_type(ConnectionType::Close);
        }
        let headers = response.headers_mut();
        headers.insert(REQUEST_ID, self.id);
        headers.insert(INSTANCE, shared.instance.clone());
        shared.headers.add(headers, nonce);
        response
    }
}

/// What the request is called in the log.
fn introduce(req: &mut ServiceRequest, id: &HeaderValue) -> Span {
    let trace = TraceContext::of(req.headers());
    let span = tracing::info_span!(
        "request",
        id = id.to_str().unwrap_or_default(),
        method = req.method().as_str(),
        path = req.path(),
        trace_id = trace.as_ref().map(TraceContext::trace_id),
        parent_id = trace.as_ref().and_then(TraceContext::parent_id),
        span_id = trace.as_ref().map(TraceContext::span_id),
    );
    if let Some(trace) = trace {
        req.extensions_mut().insert(trace);
    }
    span
}

impl Shared {
    /// # Errors
    /// For a request that is not for this app, or more than it takes.
    fn accepts(&self, req: &ServiceRequest) -> crate::Result<()> {
        if !self.accepts_host(req) {
            return Err(Error::new(
                StatusCode::MISDIRECTED_REQUEST,
                "E_HOST",
                "this server does not answer to that name: use its own, or add it to allowed_hosts in config/security.toml",
            ));
        }
        self.bounds.check_head(req.request())
    }

    fn accepts_host(&self, req: &ServiceRequest) -> bool {
        if self.hosts.is_empty() || is_probe(req.path()) {
            return true;
        }
        let host = req.headers().get(header::HOST).and_then(|host| host.to_str().ok()).unwrap_or_default();
        let name = host.rsplit_once(':').filter(|(_, port)| port.bytes().all(|b| b.is_ascii_digit()));
        let name = name.map_or(host, |(name, _)| name);
        self.hosts.iter().any(|allowed| allowed.eq_ignore_ascii_case(name))
    }
}

/// Health checks come from balancers, which name no host of ours.
fn is_probe(path: &str) -> bool {
    matches!(path, "/livez" | "/readyz")
}

/// The id the proxy gave the request, or a new one.
fn request_id(req: &ServiceRequest) -> HeaderValue {
    let given = req.headers().get(&REQUEST_ID).filter(|id| {
        let id = id.as_bytes();
        (1..=64).contains(&id.len())
            && id.iter().all(|byte| byte.is_ascii_alphanumeric() || b"-_.".contains(byte))
    });
    given.cloned().unwrap_or_else(|| {
        HeaderValue::from_bytes(RequestId::new().as_bytes()).unwrap_or(HeaderValue::from_static("0"))
    })
}
