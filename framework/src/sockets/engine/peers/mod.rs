//! The other instances of the fleet, reached directly: requests of a client whose connection lives there.
//!
//! Each instance has a number and listens on a port of its own; Redis says which instance has which number, with
//! a lease. One connection carries all calls between two instances.

mod calls;
mod frame;
mod line;

use std::collections::HashMap;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::atomic::{AtomicU16, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream, UdpSocket};
use tokio::sync::Mutex as AsyncMutex;
use tokio::task::AbortHandle;
use tokio::time::{interval, timeout};

use super::handover::{Handover, Request, random_node};
use super::id::Place;
use super::refusal::Refusal;
use crate::config::Relay;
use crate::redis::Redis;
use crate::{Error, Result};
use line::Line;

/// How long an instance's number is its own without a word from it.
const LEASE: Duration = Duration::from_secs(10);

/// Numbers that are tried before an instance takes one that may be another's.
const ATTEMPTS: usize = 8;

/// How often the lease is renewed.
const RENEWAL: Duration = Duration::from_secs(3);

/// How long Redis or another instance may take to answer.
const PATIENCE: Duration = Duration::from_secs(1);

/// What the greeting's signature is for.
const PURPOSE: &[u8] = b"regatta instance\0";

const NONCE: usize = 16;
const SIGNATURE: usize = 32;

/// The instances of the fleet. Clones share the connections.
#[derive(Clone)]
pub(in crate::sockets) struct Peers(Arc<Inner>);

struct Inner {
    redis: Redis,
    key: String,
    node: AtomicU16,
    relay: Relay,
    /// All instances have the first secret or know it.
    signers: Vec<Hmac<Sha256>>,
    lines: Mutex<HashMap<u16, Arc<AsyncMutex<Option<Line>>>>>,
    next_call: AtomicU64,
    tasks: Mutex<Vec<AbortHandle>>,
}

impl Peers {
    /// The fleet whose instances share `key` in this Redis, and the secrets.
    ///
    /// # Errors
    /// When the system has no random bytes.
    pub(in crate::sockets) fn new(
        redis: &Redis,
        key: &str,
        relay: Relay,
        secrets: &[String],
    ) -> Result<Self> {
        // A key of any length is accepted.
        let signers = secrets.iter().filter_map(|secret| Hmac::new_from_slice(secret.as_bytes()).ok());
        Ok(Self(Arc::new(Inner {
            redis: redis.clone(),
            key: key.to_owned(),
            node: AtomicU16::new(random_node()?),
            relay,
            signers: signers.collect(),
            lines: Mutex::default(),
            next_call: AtomicU64::new(0),
            tasks: Mutex::default(),
        })))
    }

    /// This instance's number.
    pub(super) fn node(&self) -> u16 {
        self.0.node.load(Ordering::Relaxed)
    }

    /// Listens for the others, and says where, until the instance ends.
    ///
    /// # Errors
    /// When there is no address to listen on.
    pub(in crate::sockets) async fn start(&self, handover: &Arc<Handover>) -> Result<()> {
        let address = match self.0.relay {
            Relay::Off => return Ok(()),
            Relay::Auto => SocketAddr::new(self.way_to_redis().await, 0),
            Relay::At(address) => address,
        };
        let cannot = |error| {
            Error::internal(format!("relay in config/sockets.toml: can't listen on {address}: {error}"))
        };
        let listener = TcpListener::bind(address).await.map_err(cannot)?;
        let address = listener.local_addr().map_err(cannot)?;
        tracing::debug!(%address, node = self.node(), "other instances pass requests on here");
        self.claim_number(address).await?;
        let runtime = self.0.redis.runtime();
        let (peers, handover) = (self.clone(), handover.clone());
        let listening = runtime.spawn(async move { peers.listen(&listener, &handover).await });
        let peers = self.clone();
        let claiming = runtime.spawn(async move { peers.keep_number(address).await });
        let mut tasks = self.0.tasks.lock().unwrap_or_else(PoisonError::into_inner);
        tasks.extend([listening.abort_handle(), claiming.abort_handle()]);
        Ok(())
    }

    /// Gives the number back.
    pub(in crate::sockets) async fn end(&self) {
        for task in self.0.tasks.lock().unwrap_or_else(PoisonError::into_inner).drain(..) {
            task.abort();
        }
        let mut command = redis::cmd("DEL");
        command.arg(self.name(self.node()));
        if let Err(error) = self.0.redis.query::<()>(&command, PATIENCE).await {
            tracing::debug!(%error, "the instance's number is free when its lease ends");
        }
    }

    /// Brings a request to the instance that has its connection.
    pub(super) async fn pass(&self, place: Place, request: Request) -> std::result::Result<(), Refusal> {
        if self.0.relay == Relay::Off {
            return Err(Refusal::Session);
        }
        let line = self.line(place.node).await.ok_or(Refusal::Session)?;
        let call = line.call(self.0.next_call.fetch_add(1, Ordering::Relaxed));
        self.0.redis.runtime().spawn(calls::ask(call, place.worker, request));
        Ok(())
    }

    /// The line to an instance; nothing when there is none, or it does not answer.
    async fn line(&self, node: u16) -> Option<Line> {
        let slot = {
            let mut lines = self.0.lines.lock().unwrap_or_else(PoisonError::into_inner);
            lines.entry(node).or_default().clone()
        };
        let mut slot = slot.lock().await;
        if let Some(line) = slot.as_ref().filter(|line| line.is_open()) {
            return Some(line.clone());
        }
        let opened = timeout(PATIENCE, self.open(node)).await.ok().flatten();
        if opened.is_none() {
            self.0.lines.lock().unwrap_or_else(PoisonError::into_inner).remove(&node);
        }
        *slot = opened.clone();
        opened
    }

    async fn open(&self, node: u16) -> Option<Line> {
        let mut command = redis::cmd("GET");
        command.arg(self.name(node));
        let address: Option<String> = self.0.redis.query(&command, PATIENCE).await.ok()?;
        let address: SocketAddr = address?.parse().ok()?;
        let connect = async move {
            let stream = TcpStream::connect(address).await?;
            stream.set_nodelay(true)?;
            std::io::Result::Ok(stream)
        };
        let peers = self.clone();
        // On the runtime that outlives the worker that asks.
        let opening = self.0.redis.runtime().spawn(async move {
            let mut stream = connect.await.ok()?;
            let mut nonce = [0; NONCE];
            stream.read_exact(&mut nonce).await.ok()?;
            let signature = peers.0.signers.first().map(|signer| sign(signer, &nonce))?;
            stream.write_all(&signature).await.ok()?;
            // Calls go one way only: the other instance has a line of its own for its calls.
            let (line, work) = Line::open(stream, |_, _| ());
            tokio::spawn(work);
            Some(line)
        });
        opening.await.ok().flatten()
    }

    async fn listen(&self, listener: &TcpListener, handover: &Arc<Handover>) {
        loop {
            let Ok((stream, _)) = listener.accept().await else {
                tokio::time::sleep(PATIENCE).await;
                continue;
            };
            let (peers, handover) = (self.clone(), handover.clone());
            tokio::spawn(async move {
                let Ok(Some(stream)) = timeout(PATIENCE, peers.greet(stream)).await else { return };
                let (_line, work) = Line::open(stream, move |opening, call| {
                    tokio::spawn(calls::answer(handover.clone(), opening, call));
                });
                work.await;
            });
        }
    }

    /// Lets only an instance in that knows one of the secrets.
    async fn greet(&self, mut stream: TcpStream) -> Option<TcpStream> {
        stream.set_nodelay(true).ok()?;
        let mut nonce = [0; NONCE];
        getrandom::fill(&mut nonce).ok()?;
        stream.write_all(&nonce).await.ok()?;
        let mut signature = [0; SIGNATURE];
        stream.read_exact(&mut signature).await.ok()?;
        let known = |signer: &Hmac<Sha256>| {
            let signer = signer.clone().chain_update(PURPOSE).chain_update(nonce);
            signer.verify_slice(&signature).is_ok()
        };
        self.0.signers.iter().any(known).then_some(stream)
    }

    /// Takes a number that no other instance has. While Redis is away it may be any: others rarely have the same.
    async fn claim_number(&self, address: SocketAddr) -> Result<()> {
        for _ in 0..ATTEMPTS {
            let mut command = self.lease(address);
            command.arg("NX");
            match self.0.redis.query::<Option<String>>(&command, PATIENCE).await {
                Ok(None) => self.0.node.store(random_node()?, Ordering::Relaxed),
                Ok(Some(_)) | Err(_) => return Ok(()),
            }
        }
        Ok(())
    }

    fn lease(&self, address: SocketAddr) -> redis::Cmd {
        let mut command = redis::cmd("SET");
        let lease = u64::try_from(LEASE.as_millis()).unwrap_or(u64::MAX);
        command.arg(self.name(self.node())).arg(address.to_string()).arg("PX").arg(lease);
        command
    }

    /// Tells the others where this instance is, again and again: Redis may lose it.
    async fn keep_number(&self, address: SocketAddr) {
        let command = self.lease(address);
        let mut renewal = interval(RENEWAL);
        loop {
            renewal.tick().await;
            if let Err(error) = self.0.redis.query::<()>(&command, PATIENCE).await {
                tracing::debug!(%error, "other instances may not find this one until Redis is back");
            }
        }
    }

    /// The address of this host that Redis sees: the others see it too.
    async fn way_to_redis(&self) -> IpAddr {
        let way = async {
            let socket = UdpSocket::bind("0.0.0.0:0").await.ok()?;
            socket.connect(self.0.redis.host()?).await.ok()?;
            Some(socket.local_addr().ok()?.ip())
        };
        way.await.unwrap_or(IpAddr::V4(Ipv4Addr::LOCALHOST))
    }

    fn name(&self, node: u16) -> String {
        format!("{}:node:{node}", self.0.key)
    }
}

fn sign(signer: &Hmac<Sha256>, nonce: &[u8]) -> [u8; SIGNATURE] {
    signer.clone().chain_update(PURPOSE).chain_update(nonce).finalize().into_bytes().into()
}
