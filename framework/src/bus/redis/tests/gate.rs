//! A way to Redis that can be shut for one instance alone.

use std::net::Ipv4Addr;
use std::time::Duration;

use tokio::io;
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::JoinHandle;

use super::{Redis, RedisServer, redis_at};

/// What a gate does with what comes by.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Way {
    Open,
    /// Redis gets what is said and no answer comes back.
    Mute,
    /// Every connection ends, and no other one is made.
    Shut,
}

pub(super) struct Gate {
    way: watch::Sender<Way>,
    port: u16,
    task: JoinHandle<()>,
}

impl Gate {
    pub(super) async fn to(server: &RedisServer) -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
        let (port, target) = (listener.local_addr().unwrap().port(), server.port());
        let (way, seen) = watch::channel(Way::Open);
        let task = tokio::spawn(async move {
            loop {
                let (client, _) = listener.accept().await.unwrap();
                if *seen.borrow() == Way::Open
                    && let Ok(server) = TcpStream::connect((Ipv4Addr::LOCALHOST, target)).await
                {
                    tokio::spawn(carry(client, server, seen.clone()));
                }
            }
        });
        Self { way, port, task }
    }

    pub(super) fn redis(&self) -> Redis {
        redis_at(&format!("redis://127.0.0.1:{}", self.port))
    }

    pub(super) fn turn(&self, way: Way) {
        self.way.send_replace(way);
    }

    /// Shuts it and waits until `bus` has noticed.
    pub(super) async fn shut(&self, bus: &dyn super::bus::Bus) {
        self.turn(Way::Shut);
        let check = bus.check().unwrap();
        while !check.run().await.text().contains("are not heard") {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    }
}

impl Drop for Gate {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn carry(client: TcpStream, server: TcpStream, mut way: watch::Receiver<Way>) {
    let (from_client, to_client) = client.into_split();
    let (from_server, to_server) = server.into_split();
    let answers = way.clone();
    tokio::select! {
        _ = there(from_client, to_server) => {}
        () = back(from_server, to_client, answers) => {}
        _ = way.wait_for(|way| *way == Way::Shut) => {}
    }
}

async fn there(mut from: OwnedReadHalf, mut to: OwnedWriteHalf) -> io::Result<u64> {
    io::copy(&mut from, &mut to).await
}

async fn back(mut from: OwnedReadHalf, mut to: OwnedWriteHalf, mut way: watch::Receiver<Way>) {
    tokio::select! {
        _ = io::copy(&mut from, &mut to) => {}
        () = async { drop(way.wait_for(|way| *way == Way::Mute).await) } => std::future::pending().await,
    }
}
