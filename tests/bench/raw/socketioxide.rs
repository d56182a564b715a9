//! The same room with socketioxide on axum, as its guide shows it.

use axum::Router;
use axum::serve::ListenerExt as _;
use rustix::process::{Signal, set_parent_process_death_signal};
use serde::{Deserialize, Serialize};
use socketioxide::SocketIo;
use socketioxide::adapter::Adapter;
use socketioxide::extract::{AckSender, Data, SocketRef};
use socketioxide_redis::{RedisAdapter, RedisAdapterConfig, RedisAdapterCtr};
use tokio::net::TcpListener;

use crate::options::Sockets;

#[derive(Serialize, Deserialize)]
struct News {
    number: u64,
    text: String,
}

/// Serves until it is told to stop.
pub(super) async fn run(settings: Sockets) -> Result<(), Box<dyn std::error::Error>> {
    set_parent_process_death_signal(Some(Signal::TERM))?;
    let app = match settings.redis {
        None => {
            let (layer, io) = SocketIo::new_layer();
            io.ns("/", connected);
            Router::new().layer(layer)
        }
        Some(url) => {
            let redis = redis::Client::open(format!("{url}?protocol=resp3"))?;
            // The default is that of the other servers on the same Redis.
            let config = RedisAdapterConfig::new().with_prefix("socketioxide");
            let adapter = RedisAdapterCtr::new_with_redis_config(&redis, config).await?;
            let (layer, io) = SocketIo::builder().with_adapter::<RedisAdapter<_>>(adapter).build_layer();
            io.ns("/", connected).await?;
            Router::new().layer(layer)
        }
    };
    let listener = TcpListener::bind(("127.0.0.1", settings.port)).await?;
    println!("listening");
    let listener = listener.tap_io(|stream| {
        // Without it a client only waits longer.
        let _ = stream.set_nodelay(true);
    });
    Ok(axum::serve(listener, app).await?)
}

async fn connected<A: Adapter>(socket: SocketRef<A>) {
    socket.on("enter", enter);
    socket.on("publish", publish);
    socket.on("ask", async |Data::<News>(news), ack: AckSender<A>| _ = ack.send(&news));
}

async fn enter<A: Adapter>(socket: SocketRef<A>, ack: AckSender<A>) {
    socket.join("crowd");
    // Whoever has gone needs no answer.
    let _ = ack.send(&());
}

async fn publish<A: Adapter>(io: SocketIo<A>, Data(news): Data<News>) {
    if let Err(error) = io.to("crowd").emit("news", &news).await {
        eprintln!("{error}");
    }
}
