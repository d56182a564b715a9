//! One room on actix-web and actix-ws, with as much of Socket.IO as its clients need: a message is encoded once, and
//! what has no need to be shared between threads isn't.

use std::borrow::Cow;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use actix_web::{App, Error, HttpRequest, HttpResponse, HttpServer, rt, web};
use actix_ws::{Closed, Message, MessageStream, Session};
use bytestring::ByteString;
use rustix::process::{Signal, set_parent_process_death_signal};
use serde::{Deserialize, Serialize};
use tokio::sync::mpsc;
use tokio::time::{Instant, interval_at};

use super::room::Room;
use crate::options::Sockets;

const HEARTBEAT: Duration = Duration::from_secs(25);

#[derive(Serialize, Deserialize)]
struct News<'a> {
    number: u64,
    #[serde(borrow)]
    text: Cow<'a, str>,
}

/// Serves until it is told to stop.
pub(super) async fn run(settings: Sockets) -> Result<(), Box<dyn std::error::Error>> {
    set_parent_process_death_signal(Some(Signal::TERM))?;
    let (ready, mut all_ready) = mpsc::unbounded_channel();
    let server = HttpServer::new(move || {
        // Made on the thread of the worker: all that a message passes through is there.
        let room = Room::open(settings.redis.clone(), ready.clone());
        App::new().app_data(web::Data::new(room)).route("/socket.io/", web::get().to(connect))
    })
    .workers(1)
    .tcp_nodelay(true)
    .shutdown_timeout(1)
    .bind(("127.0.0.1", settings.port))?;
    let serving = rt::spawn(server.run());
    all_ready.recv().await;
    println!("listening");
    Ok(serving.await??)
}

async fn connect(req: HttpRequest, body: web::Payload, room: web::Data<Room>) -> Result<HttpResponse, Error> {
    static LAST: AtomicU64 = AtomicU64::new(0);
    let (response, mut session, messages) = actix_ws::handle(&req, body)?;
    let number = LAST.fetch_add(1, Ordering::Relaxed);
    rt::spawn(async move {
        // A closed session needs no more than what follows.
        let _ = converse(number, &mut session, messages, &room).await;
        room.leave(number).await;
        let _ = session.close(None).await;
    });
    Ok(response)
}

async fn converse(
    number: u64,
    session: &mut Session,
    mut messages: MessageStream,
    room: &Room,
) -> Result<(), Closed> {
    let open = format!(
        r#"0{{"sid":"{number:020}","upgrades":[],"pingInterval":25000,"pingTimeout":20000,"maxPayload":1000000}}"#
    );
    session.text(open).await?;
    let mut heartbeat = interval_at(Instant::now() + HEARTBEAT, HEARTBEAT);
    loop {
        tokio::select! {
            message = messages.recv() => match message {
                Some(Ok(Message::Text(text))) => take(&text, number, session, room).await?,
                Some(Ok(Message::Ping(data))) => session.pong(&data).await?,
                Some(Ok(Message::Close(_)) | Err(_)) | None => return Ok(()),
                Some(Ok(_)) => {}
            },
            _ = heartbeat.tick() => session.text("2").await?,
        }
    }
}

async fn take(packet: &str, number: u64, session: &mut Session, room: &Room) -> Result<(), Closed> {
    let Some(event) = packet.strip_prefix("42") else {
        if packet == "40" {
            session.text(format!(r#"40{{"sid":"{number:020}"}}"#)).await?;
        }
        return Ok(());
    };
    let (ack, arguments) = event.split_at(event.find('[').unwrap_or_default());
    if arguments == r#"["enter"]"# {
        room.enter(number, session.clone()).await;
        return session.text(format!("43{ack}[null]")).await;
    }
    match serde_json::from_str::<(&str, News<'_>)>(arguments) {
        Ok(("publish", news)) => {
            if let Ok(news) = serde_json::to_string(&("news", news)) {
                room.tell(ByteString::from(format!("42{news}"))).await;
            }
            Ok(())
        }
        Ok(("ask", news)) => match serde_json::to_string(&[news]) {
            Ok(answer) => session.text(format!("43{ack}{answer}")).await,
            Err(_) => Ok(()),
        },
        _ => Err(Closed),
    }
}
