//! A connection that stops speaking HTTP: after the answer to a WebSocket's handshake its bytes go straight to the
//! handler and come straight from its body. Nothing of HTTP stays in memory, above all no buffer, and for the server the
//! connection has ended. See RFC 9110, section 7.8.

use std::cell::{Cell, RefCell};
use std::future::poll_fn;
use std::io::{self, ErrorKind};
use std::net::Shutdown;
use std::pin::{Pin, pin};
use std::rc::Rc;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use actix_codec::{Encoder as _, Framed, FramedParts};
use actix_http::h1::{Codec, Message};
use actix_http::{ConnectionType, Request};
use actix_service::Service;
use actix_web::HttpResponse;
use actix_web::body::{BoxBody, MessageBody};
use actix_web::dev::{Payload, ServiceResponse};
use actix_web::error::PayloadError;
use actix_web::http::{StatusCode, header};
use actix_web::rt::{self, net::TcpStream};
use bytes::{Bytes, BytesMut};
use futures_util::{FutureExt as _, Stream};
use socket2::SockRef;
use tokio::time::timeout;

/// The most that is read at once.
const READ: usize = 16 * 1024;

/// How long a client may take to close its side: whoever closes on unread bytes takes back what was sent last.
const LINGER: Duration = Duration::from_secs(1);

thread_local! {
    /// Where bytes arrive before they have a place of their own: connections that wait have none.
    static ARRIVING: RefCell<Box<[u8]>> = RefCell::new(vec![0; READ].into());
}

/// How many upgraded connections a worker may have.
#[derive(Debug, Clone)]
pub(super) struct Places {
    taken: Rc<Cell<usize>>,
    most: usize,
}

/// The place of one; free again when it goes.
struct Place(Rc<Cell<usize>>);

impl Places {
    pub(super) fn new(most: usize) -> Self {
        Self { taken: Rc::default(), most }
    }

    fn take(&self) -> Option<Place> {
        let taken = self.taken.get();
        (taken < self.most).then(|| {
            self.taken.set(taken + 1);
            Place(self.taken.clone())
        })
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        self.0.set(self.0.get() - 1);
    }
}

/// Answers a request that asks for an upgrade, and carries what follows it.
pub(super) async fn serve<S>(app: Rc<S>, places: Places, req: Request, framed: Framed<TcpStream, Codec>)
where
    S: Service<Request, Response = ServiceResponse<BoxBody>, Error = actix_web::Error>,
{
    let FramedParts { io, codec, read_buf, write_buf, .. } = framed.into_parts();
    let io = Rc::new(io);
    let incoming = Incoming { io: io.clone(), early: Bytes::copy_from_slice(&read_buf) };
    drop(read_buf);
    let payload: Pin<Box<dyn Stream<Item = _>>> = Box::pin(incoming);
    let (req, _) = req.replace_payload(Payload::Stream { payload });
    let place = places.take();
    let answer = match &place {
        Some(_) => answer(app, req).await,
        None => full(),
    };
    let (head, mut body) = answer.into_parts();
    match greet(&io, head, &mut body, codec, write_buf).await {
        Ok(()) => drop(rt::spawn(carry(io, body, place))),
        Err(error) => tracing::debug!(%error, "an upgrade could not be answered"),
    }
}

async fn carry(io: Rc<TcpStream>, body: BoxBody, _place: Option<Place>) {
    match send(&io, body).await {
        Ok(()) => drop(timeout(LINGER, end(&io)).await),
        Err(error) => tracing::debug!(%error, "an upgraded connection broke"),
    }
}

/// The answer when every place is taken.
fn full() -> HttpResponse {
    tracing::warn!(
        "a WebSocket was refused: raise max_connections in config/http.toml, or run more instances"
    );
    HttpResponse::ServiceUnavailable().insert_header((header::RETRY_AFTER, "5")).finish()
}

async fn answer<S>(app: Rc<S>, req: Request) -> HttpResponse
where
    S: Service<Request, Response = ServiceResponse<BoxBody>, Error = actix_web::Error>,
{
    match app.call(req).await {
        Ok(response) => response.into_parts().1,
        Err(error) => HttpResponse::from_error(error),
    }
}

/// Sends the head of the answer, after what is still to be sent. A refused client gets what follows it in the same
/// piece, and has to come again with a new connection: what follows its request may be anything.
async fn greet(
    io: &TcpStream,
    mut head: HttpResponse<()>,
    body: &mut BoxBody,
    mut codec: Codec,
    mut out: BytesMut,
) -> io::Result<()> {
    let is_refused = head.status() != StatusCode::SWITCHING_PROTOCOLS;
    if is_refused {
        head.head_mut().set_connection_type(ConnectionType::Close);
    }
    codec.encode(Message::Item((head.into(), body.size())), &mut out)?;
    if is_refused
        && let Some(Some(Ok(chunk))) = poll_fn(|cx| Pin::new(&mut *body).poll_next(cx)).now_or_never()
    {
        out.extend_from_slice(&chunk);
    }
    write(io, &out).await
}

/// Sends the body as it is: its end is the connection's, or stands in the head.
async fn send(io: &TcpStream, body: BoxBody) -> io::Result<()> {
    let mut body = pin!(body);
    while let Some(chunk) = poll_fn(|cx| body.as_mut().poll_next(cx)).await {
        write(io, &chunk.map_err(|error| io::Error::other(error.to_string()))?).await?;
    }
    Ok(())
}

async fn write(io: &TcpStream, mut bytes: &[u8]) -> io::Result<()> {
    while !bytes.is_empty() {
        match io.try_write(bytes) {
            Ok(written) => bytes = bytes.get(written..).unwrap_or_default(),
            Err(error) if error.kind() == ErrorKind::WouldBlock => io.writable().await?,
            Err(error) => return Err(error),
        }
    }
    Ok(())
}

/// Says that nothing more follows, and waits for the client to do the same.
async fn end(io: &TcpStream) -> io::Result<()> {
    SockRef::from(io).shutdown(Shutdown::Write)?;
    loop {
        io.readable().await?;
        let read = ARRIVING.with_borrow_mut(|buffer| io.try_read(buffer));
        match read {
            Ok(0) => return Ok(()),
            Ok(_) => {}
            Err(error) if error.kind() == ErrorKind::WouldBlock => {}
            Err(error) => return Err(error),
        }
    }
}

/// What the client sends after its request.
struct Incoming {
    io: Rc<TcpStream>,
    /// What came together with the request.
    early: Bytes,
}

impl Stream for Incoming {
    type Item = Result<Bytes, PayloadError>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        if !self.early.is_empty() {
            return Poll::Ready(Some(Ok(std::mem::take(&mut self.early))));
        }
        loop {
            ready!(self.io.poll_read_ready(cx)).map_err(PayloadError::Io)?;
            let read = ARRIVING.with_borrow_mut(|buffer| {
                let read = self.io.try_read(buffer)?;
                Ok(Bytes::copy_from_slice(buffer.get(..read).unwrap_or_default()))
            });
            return Poll::Ready(match read {
                Ok(bytes) if bytes.is_empty() => None,
                Ok(bytes) => Some(Ok(bytes)),
                Err(error) if io::Error::kind(&error) == ErrorKind::WouldBlock => continue,
                Err(error) => Some(Err(PayloadError::Io(error))),
            });
        }
    }
}

#[cfg(test)]
mod tests;
