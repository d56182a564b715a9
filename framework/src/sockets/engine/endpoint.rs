//! `/socket.io/`: what requests to the Engine.IO endpoint want, and where their connections begin.
//! See <https://socket.io/docs/v4/engine-io-protocol/>.

use std::rc::Rc;
use std::sync::LazyLock;

use actix_http::{Response, ws};
use actix_web::body::MessageBody;
use actix_web::http::{Method, header};
use actix_web::{HttpRequest, HttpResponse, web};
use bytes::Bytes;
use tokio::sync::mpsc;

use super::connection::{Connection, Source};
use super::conversation::Conversation;
#[cfg(feature = "testing")]
use super::echo::Echo;
use super::outbox::{Bounds, ChannelBody, Outbox};
use super::polling::{self, Asked};
use super::refusal::{self, Refusal, is_upgrade};
use super::session::{INBOX, Inbound, Session};
use super::websocket::WebSocket;
use super::wire::Wire;
use super::{Link, frame};
use crate::compression::Variants;
use crate::config::{SocketsConfig, Transport};
use crate::protocol::engine::{Open, Revision};
use crate::security::{ClientAddress, Gate, IsSecure, Origins};
use crate::sockets::client::{Client, Surroundings};
use crate::sockets::handshake::Origin;
use crate::sockets::{Dispatcher, Handshake, Sockets, Worker};

/// What the endpoint of one worker needs.
#[derive(Clone)]
pub(crate) struct Endpoint {
    worker: Worker,
    config: Rc<SocketsConfig>,
    origins: Origins,
    gate: Gate,
    around: Rc<Surroundings>,
    /// Whether everything is sent back, and nothing else happens.
    #[cfg(feature = "testing")]
    echoes: bool,
}

impl Endpoint {
    /// The endpoint of the calling thread.
    pub(crate) fn new(
        sockets: &Sockets,
        config: &SocketsConfig,
        origins: &Origins,
        gate: &Gate,
        dispatcher: &Dispatcher,
    ) -> Self {
        let worker = Worker::start(sockets, dispatcher.clone());
        Self {
            around: Rc::new(Surroundings::new(sockets, worker.hub(), dispatcher, config)),
            worker,
            config: Rc::new(config.clone()),
            origins: origins.clone(),
            gate: gate.clone(),
            #[cfg(feature = "testing")]
            echoes: false,
        }
    }

    /// One that sends everything back.
    #[cfg(feature = "testing")]
    pub(crate) fn echoing(self, echoes: bool) -> Self {
        Self { echoes, ..self }
    }
}

/// Serves a request to the endpoint.
pub(crate) async fn endpoint(req: HttpRequest, body: web::Payload, to: web::Data<Endpoint>) -> HttpResponse {
    let served = if *req.method() == Method::OPTIONS {
        Ok(refusal::preflight(&req))
    } else {
        serve(&req, body, &to).await
    };
    let mut response = served.unwrap_or_else(|failure| match failure {
        Failure::Refused(refusal) => refusal.answer(&req),
        Failure::Broken(error) => HttpResponse::from_error(error),
    });
    refusal::share(&req, &to.origins, response.headers_mut());
    response
}

/// Why a request was not served.
enum Failure {
    Refused(Refusal),
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

/// The parts of a query that matter; values are compared as they are, as no client encodes them.
#[derive(Default)]
struct Query<'a> {
    transport: Option<&'a str>,
    id: Option<&'a str>,
    revision: Option<&'a str>,
    base64: bool,
    jsonp: Option<&'a str>,
}

impl<'a> Query<'a> {
    fn of(query: &'a str) -> Self {
        let mut found = Self::default();
        for (name, value) in query.split('&').filter_map(|pair| pair.split_once('=')) {
            match name {
                "transport" => found.transport = Some(value),
                "sid" => found.id = Some(value),
                "EIO" => found.revision = Some(value),
                "b64" => found.base64 = !matches!(value, "" | "0" | "false"),
                "j" => found.jsonp = Some(value),
                _ => {}
            }
        }
        found
    }

    fn asked(&self) -> Asked<'a> {
        Asked { wire: Wire { base64: self.base64 || self.jsonp.is_some() }, jsonp: self.jsonp }
    }
}

async fn serve(req: &HttpRequest, body: web::Payload, to: &Endpoint) -> Result<HttpResponse, Failure> {
    let query = Query::of(req.query_string());
    let transport = match query.transport {
        Some("polling") => Transport::Polling,
        Some("websocket") => Transport::WebSocket,
        _ => return Err(Refusal::Transport.into()),
    };
    if !to.config.transports.contains(&transport) {
        return Err(Refusal::Transport.into());
    }
    if !to.origins.allows(req) {
        tracing::warn!(
            origin = ?req.headers().get(header::ORIGIN),
            "socket refused: add the origin to allowed_origins in config/sockets.toml if it is yours"
        );
        return Err(Refusal::Request.into());
    }
    match (query.id, transport) {
        (Some(id), Transport::WebSocket) if is_upgrade(req) => upgrade(req, body, to, id, &query).await,
        (Some(id), Transport::Polling) => {
            let (desk, asked) = (to.worker.desk(), query.asked());
            match *req.method() {
                Method::GET => Ok(polling::poll(desk, id, &asked).await?),
                Method::POST => Ok(polling::post(desk, id, &asked, req, body, to.config.max_payload).await?),
                _ => Err(Refusal::Method.into()),
            }
        }
        _ if *req.method() != Method::GET => Err(Refusal::Method.into()),
        (None, Transport::WebSocket) if is_upgrade(req) => {
            let revision = revision(&query, &to.config)?;
            to.gate.connects(req, to.config.connects_per_minute).await?;
            open_websocket(req, body, to, revision)
        }
        (None, Transport::Polling) => {
            let revision = revision(&query, &to.config)?;
            to.gate.connects(req, to.config.connects_per_minute).await?;
            open_polling(req, to, revision, &query.asked()).await
        }
        _ => Err(Refusal::Request.into()),
    }
}

fn revision(query: &Query<'_>, config: &SocketsConfig) -> Result<Revision, Refusal> {
    match query.revision {
        Some("4") => Ok(Revision::V4),
        Some("3") if config.allow_eio3 => Ok(Revision::V3),
        _ => Err(Refusal::Version),
    }
}

/// A connection that begins with a WebSocket.
fn open_websocket(
    req: &HttpRequest,
    body: web::Payload,
    to: &Endpoint,
    revision: Revision,
) -> Result<HttpResponse, Failure> {
    let mut response = ws::handshake(req.head()).map_err(|_| Refusal::Request)?;
    let (session, link) = begin(req, to, revision, None)?;
    let response = response.message_body(session.outbox().clone().into_body());
    let incoming = WebSocket::new(body.into_inner(), to.config.max_payload, revision);
    run(to, session, link, Source::WebSocket(incoming));
    Ok(answer(response)?)
}

/// A connection that begins with polling.
async fn open_polling(
    req: &HttpRequest,
    to: &Endpoint,
    revision: Revision,
    asked: &Asked<'_>,
) -> Result<HttpResponse, Failure> {
    let (inbox, arriving) = mpsc::channel(INBOX);
    let (session, link) = begin(req, to, revision, Some(inbox))?;
    let batch = session.poll(asked.wire).await?;
    let mut response = polling::respond(batch, asked);
    if let Some(name) = &to.config.cookie {
        let cookie = format!("{name}={}; Path=/; HttpOnly; SameSite=Lax", link.id());
        let cookie = header::HeaderValue::from_str(&cookie).map_err(crate::Error::internal)?;
        response.headers_mut().append(header::SET_COOKIE, cookie);
    }
    run(to, session, link, Source::Inbox(arriving));
    Ok(response)
}

/// A WebSocket that is to take over a connection, whoever has it.
async fn upgrade(
    req: &HttpRequest,
    body: web::Payload,
    to: &Endpoint,
    id: &str,
    query: &Query<'_>,
) -> Result<HttpResponse, Failure> {
    let revision = revision(query, &to.config)?;
    let mut response = ws::handshake(req.head()).map_err(|_| Refusal::Request)?;
    let (into, from) = mpsc::channel(INBOX);
    let (sender, out) = mpsc::channel::<Bytes>(INBOX);
    match to.worker.desk().upgrade(id, from, sender.clone()).await {
        Ok(()) => {}
        // It has one already: another is of no use, and is told so in its own way.
        Err(Refusal::Request) => drop(sender.try_send(frame::close(frame::NORMAL, ""))),
        Err(refusal) => return Err(refusal.into()),
    }
    drop(sender);
    let mut socket = WebSocket::new(body.into_inner(), to.config.max_payload, revision);
    actix_web::rt::spawn(async move {
        loop {
            let message = tokio::select! {
                message = socket.next() => message,
                // Whoever has the connection has ended it.
                () = into.closed() => None,
            };
            let Some(message) = message else { break };
            if into.send(message).await.is_err() {
                break;
            }
        }
    });
    Ok(answer(response.message_body(ChannelBody::new(out)))?)
}

/// The answer to a handshake.
fn answer(
    response: Result<Response<impl MessageBody + 'static>, actix_http::Error>,
) -> crate::Result<HttpResponse> {
    let response = response.map_err(|error| crate::Error::internal(error.to_string()))?;
    Ok(HttpResponse::from(response.map_into_boxed_body()))
}

/// A new connection of this worker, with its greeting queued.
fn begin(
    req: &HttpRequest,
    to: &Endpoint,
    revision: Revision,
    inbox: Option<mpsc::Sender<Inbound>>,
) -> Result<(Session, Link), Failure> {
    if to.worker.hub().is_draining() {
        return Err(Refusal::Draining.into());
    }
    let config = &to.config;
    let bounds = Bounds { bytes: config.queue_bytes, packets: config.queue_packets };
    let outbox = Outbox::new(bounds, revision);
    let origin =
        Origin { peer: req.peer_addr(), client: ClientAddress::of(req).0, secure: IsSecure::of(req).0 };
    let handshake = Handshake::new(req.headers(), req.query_string(), origin);
    let id = to.worker.desk().new_id()?;
    let link = Link::new(id, to.worker.hub().key(), revision, handshake, outbox.clone());
    let upgrades: &[&str] = if inbox.is_some() && config.transports.contains(&Transport::WebSocket) {
        &["websocket"]
    } else {
        &[]
    };
    let open = Open {
        sid: link.id(),
        upgrades,
        ping_interval: config.ping_interval.get().as_millis() as u64,
        ping_timeout: config.ping_timeout.get().as_millis() as u64,
        max_payload: config.max_payload,
    };
    let open = serde_json::to_string(&open).map_err(crate::Error::from)?;
    link.send_text(&format!("0{open}"));
    Ok((Session::new(link.clone(), outbox, inbox), link))
}

/// Lives the connection's life, from now to its end.
fn run(to: &Endpoint, session: Session, link: Link, incoming: Source) {
    #[cfg(feature = "testing")]
    if to.echoes {
        return converse(to, session, Echo(link.clone()), link, incoming);
    }
    converse(to, session, Client::new(link.clone(), to.around.clone()), link, incoming);
}

fn converse(to: &Endpoint, session: Session, with: impl Conversation, link: Link, incoming: Source) {
    // In a box: a task has room for what it is given and for what it makes of it.
    let mut connection = Box::new(Connection::new(link.clone(), with, incoming, to.config.clone()));
    let worker = to.worker.clone();
    worker.desk().sessions().add(&session);
    worker.opened(&link);
    actix_web::rt::spawn(async move {
        connection.run().await;
        drop(connection);
        session.fetched().await;
        worker.desk().sessions().remove(link.id());
        worker.closed(&link);
    });
}

/// `GET /regatta.io.js`: the browser client.
pub(crate) async fn serve_client(req: HttpRequest) -> HttpResponse {
    static VARIANTS: LazyLock<Variants> = LazyLock::new(Variants::default);
    const CLIENT: &str = include_str!("../../../client/regatta.io.js");
    let tag = concat!("\"", env!("CARGO_PKG_VERSION"), "\"");
    if !matches!(*req.method(), Method::GET | Method::HEAD) {
        return HttpResponse::MethodNotAllowed().insert_header((header::ALLOW, "GET, HEAD")).finish();
    }
    // Compressed, the tag comes back as a weak one.
    let told = req.headers().get(header::IF_NONE_MATCH).and_then(|value| value.to_str().ok());
    let known = told.is_some_and(|told| told.trim_start_matches("W/") == tag);
    let mut response = if known { HttpResponse::NotModified() } else { HttpResponse::Ok() };
    response
        .insert_header((header::ETAG, tag))
        .insert_header((header::CACHE_CONTROL, "no-cache"))
        .insert_header((header::CONTENT_TYPE, "text/javascript; charset=utf-8"));
    if known {
        return response.finish();
    }
    let mut response = response.body(CLIENT);
    response.extensions_mut().insert(VARIANTS.clone());
    response
}
