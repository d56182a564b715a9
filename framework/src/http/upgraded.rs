//! A connection that stops speaking HTTP: after the answer to a WebSocket's handshake its bytes go straight to the
//! handler's body and come straight from it. Nothing of HTTP stays in memory, above all no buffer.
//! See RFC 9110, section 7.8.

use std::cell::RefCell;
use std::future::poll_fn;
use std::io::{self, ErrorKind};
use std::net::Shutdown;
use std::pin::{Pin, pin};
use std::rc::Rc;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use actix_codec::{Encoder as _, Framed};
use actix_http::h1::{Codec, Message};
use actix_http::{ConnectionType, Request};
use actix_service::Service;
use actix_web::HttpResponse;
use actix_web::body::{BodySize, BoxBody, MessageBody};
use actix_web::dev::{Payload, ServiceResponse};
use actix_web::error::PayloadError;
use actix_web::http::{Method, StatusCode};
use actix_web::rt::net::TcpStream;
use bytes::{Bytes, BytesMut};
use futures_util::Stream;
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

/// Answers a request that asks for an upgrade, and carries what follows it.
pub(super) async fn serve<S>(app: Rc<S>, req: Request, framed: Framed<TcpStream, Codec>)
where
    S: Service<Request, Response = ServiceResponse<BoxBody>, Error = actix_web::Error>,
{
    let parts = framed.into_parts();
    let io = Rc::new(parts.io);
    let incoming = Incoming { io: io.clone(), early: Bytes::copy_from_slice(&parts.read_buf) };
    let payload: Pin<Box<dyn Stream<Item = _>>> = Box::pin(incoming);
    let (req, _) = req.replace_payload(Payload::Stream { payload });
    let has_body = *req.method() != Method::HEAD;
    let (head, body) = answer(&*app, req).await.into_parts();
    drop(app);
    let served = async {
        let head = encode(head, body.size(), parts.codec, parts.write_buf)?;
        write(&io, &head).await?;
        if has_body { send(&io, body).await } else { Ok(()) }
    };
    match served.await {
        Ok(()) => drop(timeout(LINGER, end(&io)).await),
        Err(error) => tracing::debug!(%error, "an upgraded connection broke"),
    }
}

async fn answer<S>(app: &S, req: Request) -> HttpResponse
where
    S: Service<Request, Response = ServiceResponse<BoxBody>, Error = actix_web::Error>,
{
    match app.call(req).await {
        Ok(response) => response.into_parts().1,
        Err(error) => HttpResponse::from_error(error),
    }
}

/// The head of the answer, after what is still to be sent. A refused client has to come again with a new connection:
/// what follows its request may be anything.
fn encode(
    mut head: HttpResponse<()>,
    size: BodySize,
    mut codec: Codec,
    mut before: BytesMut,
) -> io::Result<BytesMut> {
    if head.status() != StatusCode::SWITCHING_PROTOCOLS {
        head.head_mut().set_connection_type(ConnectionType::Close);
    }
    codec.encode(Message::Item((head.into(), size)), &mut before)?;
    Ok(before)
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
