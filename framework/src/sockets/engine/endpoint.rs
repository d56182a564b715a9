//! `GET /socket.io/`: the Engine.IO handshake over WebSocket, and the browser client.

use std::rc::Rc;

use actix_web::http::header::{self, ContentType};
use actix_web::{HttpRequest, HttpResponse, web};
use serde_json::json;

use super::connection::Connection;
use super::outbox::{Bounds, Outbox};
use super::{Link, id};
use crate::config::SocketsConfig;
use crate::protocol::engine::{Open, Revision};
use crate::security::Origins;
use crate::sockets::client::{Client, Surroundings};
use crate::sockets::{Dispatcher, Handshake, Sockets, Worker};

/// What the endpoint of one worker needs.
#[derive(Clone)]
pub(crate) struct Endpoint {
    pub(crate) sockets: Sockets,
    pub(crate) worker: Worker,
    pub(crate) config: Rc<SocketsConfig>,
    pub(crate) origins: Origins,
    pub(crate) dispatcher: Dispatcher,
}

/// Answers of the Engine.IO server: <https://socket.io/docs/v4/engine-io-protocol/#handshake>.
#[derive(Debug, Clone, Copy)]
enum Refusal {
    Transport,
    Session,
    Method,
    Request,
    Version,
}

/// Opens a socket, or says why not.
pub(crate) async fn endpoint(req: HttpRequest, body: web::Payload, to: web::Data<Endpoint>) -> HttpResponse {
    match open(&req, body, &to) {
        Ok(response) => response,
        Err(Failure::Refused(refusal)) => refuse(&req, refusal),
        Err(Failure::Draining) => {
            HttpResponse::ServiceUnavailable().insert_header((header::RETRY_AFTER, 1)).finish()
        }
        Err(Failure::Broken(error)) => HttpResponse::from_error(error),
    }
}

/// Why no socket was opened.
enum Failure {
    Refused(Refusal),
    /// The instance stops: another one takes the client.
    Draining,
    Broken(crate::Error),
}

impl From<Refusal> for Failure {
    fn from(refusal: Refusal) -> Self {
        Self::Refused(refusal)
    }
}

impl From<crate::Error> for Failure {
    fn from(error: crate::Error) -> Self {
        Self::Broken(error)
    }
}

fn open(req: &HttpRequest, body: web::Payload, to: &Endpoint) -> Result<HttpResponse, Failure> {
    let revision = check(req)?;
    if !to.origins.allows(req) {
        tracing::warn!(
            origin = ?req.headers().get(header::ORIGIN),
            "socket refused: add the origin to allowed_origins in config/sockets.toml if it is yours"
        );
        return Err(Refusal::Request.into());
    }
    if to.worker.hub().is_draining() {
        return Err(Failure::Draining);
    }
    let (response, session, stream) = actix_ws::handle(req, body).map_err(|_| Refusal::Request)?;
    let id = id::random()?;
    let config = &to.config;
    let outbox = Outbox::new(Bounds { bytes: config.queue_bytes, packets: config.queue_packets });
    let handshake = Handshake {
        headers: req.headers().clone(),
        query: req.query_string().to_owned(),
        address: req.peer_addr(),
        secure: req.app_config().secure(),
    };
    let hub = to.worker.hub().clone();
    let link = Link::new(id, hub.key(), revision, handshake, outbox.clone());
    let open = Open {
        sid: link.id(),
        upgrades: [],
        ping_interval: config.ping_interval.get().as_millis() as u64,
        ping_timeout: config.ping_timeout.get().as_millis() as u64,
        max_payload: config.max_payload,
    };
    let open = serde_json::to_string(&open).map_err(crate::Error::from)?;
    link.send_text(&format!("0{open}"));

    let stream = stream
        .max_frame_size(config.max_payload)
        .aggregate_continuations()
        .max_continuation_size(config.max_payload);
    let around = Surroundings {
        sockets: to.sockets.clone(),
        hub,
        dispatcher: to.dispatcher.clone(),
        max_namespaces: config.max_namespaces,
        max_rooms: config.max_rooms,
        max_in_flight: config.max_in_flight,
    };
    let connection = Connection::new(link.clone(), Client::new(link.clone(), around), config);
    let worker = to.worker.clone();
    actix_web::rt::spawn(async move {
        worker.opened(&link);
        connection.run(stream).await;
        worker.closed(&link);
        // Kept until here: dropping it ends the response body it belongs to.
        drop(session);
    });
    Ok(response.map_body(|_, upstream| outbox.into_body(upstream)).map_into_boxed_body())
}

fn check(req: &HttpRequest) -> Result<Revision, Refusal> {
    let query = req.query_string();
    let param = |name: &str| {
        query
            .split('&')
            .find_map(|pair| pair.split_once('=').filter(|(key, _)| *key == name))
            .map(|(_, value)| value)
    };
    if param("transport") != Some("websocket") {
        return Err(Refusal::Transport);
    }
    if param("sid").is_some() {
        return Err(Refusal::Session);
    }
    if req.method() != actix_web::http::Method::GET {
        return Err(Refusal::Method);
    }
    if !is_upgrade(req) {
        return Err(Refusal::Request);
    }
    match param("EIO") {
        Some("3") => Ok(Revision::V3),
        Some("4") => Ok(Revision::V4),
        _ => Err(Refusal::Version),
    }
}

fn is_upgrade(req: &HttpRequest) -> bool {
    let upgrade = req.headers().get(header::UPGRADE).and_then(|value| value.to_str().ok());
    upgrade.is_some_and(|value| value.eq_ignore_ascii_case("websocket"))
}

fn refuse(req: &HttpRequest, refusal: Refusal) -> HttpResponse {
    let (code, message) = match refusal {
        Refusal::Transport => (0, "Transport unknown"),
        Refusal::Session => (1, "Session ID unknown"),
        Refusal::Method => (2, "Bad handshake method"),
        Refusal::Request => (3, "Bad request"),
        Refusal::Version => (5, "Unsupported protocol version"),
    };
    let mut response = HttpResponse::BadRequest();
    if is_upgrade(req) {
        return response.force_close().insert_header(ContentType::html()).body(message);
    }
    response.json(json!({ "code": code, "message": message }))
}

/// `GET /regatta.io.js`: the browser client.
pub(crate) async fn serve_client(req: HttpRequest) -> HttpResponse {
    const CLIENT: &str = include_str!("../../../client/regatta.io.js");
    let tag = concat!("\"", env!("CARGO_PKG_VERSION"), "\"");
    let known = req.headers().get(header::IF_NONE_MATCH).is_some_and(|value| value == tag);
    let mut response = if known { HttpResponse::NotModified() } else { HttpResponse::Ok() };
    response
        .insert_header((header::ETAG, tag))
        .insert_header((header::CACHE_CONTROL, "no-cache"))
        .insert_header((header::CONTENT_TYPE, "text/javascript; charset=utf-8"));
    if known { response.finish() } else { response.body(CLIENT) }
}
