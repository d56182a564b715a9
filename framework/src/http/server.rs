//! The server of an instance: its workers, and what each connection may cost.

use std::cell::OnceCell;
use std::convert::Infallible;
use std::io;
use std::net::{SocketAddr, TcpListener};
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::net::UnixListener;
use std::rc::Rc;
use std::time::Duration;

use actix_http::error::DispatchError;
use actix_http::{HttpService, Protocol, Request};
use actix_service::{
    IntoServiceFactory, Service, ServiceFactory, ServiceFactoryExt as _, fn_factory, fn_service,
};
use actix_web::body::BoxBody;
use actix_web::dev::{AppConfig, Server, ServiceResponse};
use actix_web::rt::net::{TcpStream, UnixStream};
use socket2::SockRef;
use tokio::task::yield_now;

use super::Drain;
use super::room::Room;
use super::upgraded::{self, Places};
use crate::config::HttpConfig;

/// Where clients come in: a listening socket.
#[derive(Debug)]
pub(crate) enum Door {
    Tcp(TcpListener),
    Unix(UnixListener),
}

/// A server with so many workers, each with an application of its own. It runs once it is awaited.
///
/// # Errors
/// When a listening socket can't be used.
pub(crate) fn server<F, I, S>(
    doors: Vec<Door>,
    config: &HttpConfig,
    drain: &Drain,
    workers: usize,
    application: F,
) -> io::Result<Server>
where
    F: Fn() -> I + Send + Clone + 'static,
    I: IntoServiceFactory<S, Request>,
    S: ServiceFactory<
            Request,
            Config = AppConfig,
            Response = ServiceResponse<BoxBody>,
            Error = actix_web::Error,
            InitError = (),
        > + 'static,
    S::Service: 'static,
    <S::Service as Service<Request>>::Future: 'static,
{
    let (keep_alive, header_timeout) = (config.keep_alive.get(), config.header_timeout.get());
    let (max_connections, room) = (config.max_connections, Room::keeping(config.spare_files));
    let (send_buffer, user_timeout) = (config.send_buffer, config.tcp_user_timeout.get());
    let mut builder = Server::build()
        .workers(workers)
        .max_concurrent_connections(max_connections)
        .shutdown_timeout(config.shutdown_timeout.get().as_secs())
        .disable_signals();
    for door in doors {
        let (application, drain) = (application.clone(), drain.clone());
        let service = move || {
            let factory = application().into_factory();
            let drain = drain.clone();
            // The worker's application serves plain requests and upgrades alike.
            let built = Rc::new(OnceCell::<Rc<S::Service>>::new());
            let (app, places) = (built.clone(), Places::new(max_connections));
            HttpService::build()
                .keep_alive(keep_alive)
                .client_request_timeout(header_timeout)
                .graceful_shutdown_signal(move || drain.connection())
                .on_connect_ext(move |io: &TcpStream, _| bound_kernel(io, send_buffer, user_timeout))
                .tcp_nodelay(true)
                .upgrade(fn_service(move |(req, framed)| {
                    let (app, places) = (app.get().cloned(), places.clone());
                    // In a box of its own, or every connection had room for it.
                    Box::pin(async move {
                        if let Some(app) = app {
                            upgraded::serve(app, places, req, framed).await;
                        }
                        Ok::<_, Infallible>(())
                    })
                }))
                .finish(fn_factory(move || {
                    let (service, built) = (factory.new_service(AppConfig::default()), built.clone());
                    async move {
                        let service = Rc::new(service.await?);
                        Ok::<_, ()>(built.get_or_init(|| service).clone())
                    }
                }))
        };
        builder = match door {
            Door::Tcp(listener) => builder.listen("http", listener, move || {
                fn_service(move |io: TcpStream| async move {
                    turn_away(room, &io)?;
                    let peer = io.peer_addr().ok();
                    // Until the loop has turned once, after a process was stopped for longer than header_timeout, the time is
                    // that of before, and whatever the client has sent is not seen: it would get 408.
                    yield_now().await;
                    Ok::<_, DispatchError>((io, Protocol::Http1, peer))
                })
                .and_then(service())
            })?,
            Door::Unix(listener) => builder.listen_uds("http", listener, move || {
                fn_service(move |io: UnixStream| async move {
                    turn_away(room, &io)?;
                    let io = same_for_unix(io).map_err(DispatchError::Io)?;
                    // Whoever reaches the file is on this machine.
                    let here = SocketAddr::from(([127, 0, 0, 1], 0));
                    Ok::<_, DispatchError>((io, Protocol::Http1, Some(here)))
                })
                .and_then(service())
            })?,
        };
    }
    Ok(builder.run())
}

/// # Errors
/// For a client for whom there is no room: its connection ends.
fn turn_away(room: Room, client: &impl AsFd) -> Result<(), DispatchError> {
    if room.has_place(client) {
        return Ok(());
    }
    Err(DispatchError::Io(io::ErrorKind::ConnectionRefused.into()))
}

/// A connection over a Unix socket in the type of the others: reading, writing and ending it are the same calls.
fn same_for_unix(io: UnixStream) -> io::Result<TcpStream> {
    TcpStream::from_std(OwnedFd::from(io.into_std()?).into())
}

/// A client that reads slowly or not at all costs a bounded amount of kernel memory for a bounded time.
fn bound_kernel(stream: &TcpStream, send_buffer: usize, user_timeout: Duration) {
    let socket = SockRef::from(stream);
    let bounded =
        socket.set_tcp_user_timeout(Some(user_timeout)).and(socket.set_send_buffer_size(send_buffer));
    if let Err(error) = bounded {
        tracing::debug!(%error, "a connection keeps the kernel's own bounds");
    }
}
