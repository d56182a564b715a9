//! The listener layer: what every HTTP request meets first and its answer last. Virtual requests don't pass here.

use std::sync::Arc;
use std::time::Instant;

use actix_web::HttpMessage;
use actix_web::body::{BoxBody, MessageBody};
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::http::header::{self, HeaderName, HeaderValue};
use actix_web::http::{ConnectionType, StatusCode};
use actix_web::middleware::Next;
use tracing::Instrument;

use super::bounds::Bounds;
use super::patience::{Late, Patience};
use super::{Drain, RequestId, TraceContext};
use crate::compression::Compress;
use crate::config::Config;
use crate::security::{Came, ClientAddress, Headers, Hops, Nonce};
use crate::{Error, Result};

const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");
const INSTANCE: HeaderName = HeaderName::from_static("x-regatta-instance");

/// What the layer needs, shared by all workers.
#[derive(Debug, Clone)]
pub(crate) struct Listener(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    instance: HeaderValue,
    headers: Headers,
    hops: Hops,
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
    pub(crate) fn new(config: &Config, instance: &str, drain: Drain) -> Result<Self> {
        Ok(Self(Arc::new(Shared {
            instance: HeaderValue::from_str(instance)
                .map_err(|_| Error::internal("an instance id is plain text"))?,
            headers: Headers::new(config)?,
            hops: Hops::new(&config.security.trusted_proxies)?,
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

/// Serves one HTTP request.
pub(crate) async fn serve<B: MessageBody + 'static>(
    listener: Listener,
    mut req: ServiceRequest,
    next: Next<B>,
) -> std::result::Result<ServiceResponse<BoxBody>, actix_web::Error> {
    let shared = &*listener.0;
    let id = request_id(&req);
    let peer = req.peer_addr().map(|peer| peer.ip());
    let client = Some(ClientAddress(shared.hops.client(peer, req.headers())));
    let is_secure = shared.hops.is_secure(peer, req.headers());
    req.extensions_mut().insert(Came { client, is_secure, ..Came::default() });
    let trace = TraceContext::of(req.headers());
    let span = tracing::info_span!(
        "request",
        id = id.to_str().unwrap_or_default(),
        method = %req.method(),
        path = req.path(),
        trace_id = trace.as_ref().map(TraceContext::trace_id),
        parent_id = trace.as_ref().and_then(TraceContext::parent_id),
        span_id = trace.as_ref().map(TraceContext::span_id),
    );
    if let Some(trace) = trace {
        req.extensions_mut().insert(trace);
    }

    let compress = shared.compress.filter(|_| !req.path().starts_with(&shared.socket_path));
    let accept = compress.and_then(|_| req.headers().get(header::ACCEPT_ENCODING).cloned());
    let started = shared.log_answers.then(Instant::now);
    let late = shared.patience.watch(&mut req);
    let mut response = match shared.accepts(&req) {
        Ok(()) => next.call(req).instrument(span.clone()).await?.map_into_boxed_body(),
        Err(error) => req.error_response(error),
    };
    if let Some(error) = late.as_ref().and_then(Late::error) {
        response = response.error_response(error);
        response.response_mut().head_mut().set_connection_type(ConnectionType::Close);
    }
    if let Some(started) = started {
        let status = response.status().as_u16();
        span.in_scope(|| tracing::info!("{status} in {} ms", started.elapsed().as_millis()));
    }
    let nonce = response.response_mut().extensions_mut().remove::<Nonce>();
    if let Some(compress) = compress {
        response = compress.apply(accept, response).await;
    }
    if shared.drain.has_begun() && response.status() != StatusCode::SWITCHING_PROTOCOLS {
        response.response_mut().head_mut().set_connection_type(ConnectionType::Close);
    }
    let headers = response.headers_mut();
    headers.insert(REQUEST_ID, id);
    headers.insert(INSTANCE, shared.instance.clone());
    shared.headers.add(headers, nonce);
    Ok(response)
}

impl Shared {
    /// # Errors
    /// For a request that is not for this app, or more than it takes.
    fn accepts(&self, req: &ServiceRequest) -> Result<()> {
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
        HeaderValue::from_str(RequestId::new().as_str()).unwrap_or(HeaderValue::from_static("0"))
    })
}
