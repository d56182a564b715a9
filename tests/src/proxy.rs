//! A TCP proxy that can be made a bad line.

use std::net::{Ipv4Addr, TcpStream as Probe};
use std::time::Duration;

use futures_util::future::try_join;
use tokio::io::{self, AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{mpsc, watch};
use tokio::task::JoinHandle;
use tokio::time::{Instant, sleep_until};

use crate::wait::{self, SOON};
use crate::{ports, wire};

/// Pieces that may be under way in one direction.
const UNDER_WAY: usize = 1_024;

/// What becomes of what goes over the line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Line {
    /// It arrives.
    Open,
    /// Connections that stood are reset, new ones refused.
    Refused,
    /// Nothing arrives in either direction before the line is open again; connections stand, new ones too.
    Hung,
    /// What the client says arrives; no answer does before the line is open again.
    OneWay,
    /// Everything arrives, answers so much later.
    Late(Duration),
}

impl Line {
    fn delay(self) -> Duration {
        match self {
            Self::Late(delay) => delay,
            _ => Duration::ZERO,
        }
    }
}

/// How connections end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum End {
    Reset,
    Stranded,
}

/// A port on which a server on another port is reached.
#[derive(Debug)]
pub struct Proxy {
    address: Ipv4Addr,
    port: u16,
    line: watch::Sender<Line>,
    /// What befell all connections last.
    ends: watch::Sender<End>,
    task: JoinHandle<()>,
}

impl Proxy {
    /// Stands between its own port and `target`, a port of this machine on which something may listen or not.
    pub fn to(target: u16) -> Self {
        Self::on(Ipv4Addr::LOCALHOST, target)
    }

    /// The same at another address of this machine.
    pub fn on(address: Ipv4Addr, target: u16) -> Self {
        let port = ports::free();
        let (line, seen) = watch::channel(Line::Open);
        let (ends, end) = watch::channel(End::Reset);
        let task = wire::runtime().spawn(stand((address, port), target, seen, end));
        let proxy = Self { address, port, line, ends, task };
        proxy.wait();
        proxy
    }

    /// Its port.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// Changes the line and returns when it is so.
    pub fn turn(&self, line: Line) {
        if line == Line::Refused {
            // First, or what a hung line held back would arrive.
            self.reset();
        }
        self.line.send_replace(line);
        self.wait();
    }

    /// Resets the connections that stand; new ones are as before.
    pub fn reset(&self) {
        self.ends.send_replace(End::Reset);
    }

    /// Nothing arrives any more on the connections that stand, as when a firewall has forgotten them; new ones are
    /// as before.
    pub fn strand(&self) {
        self.ends.send_replace(End::Stranded);
    }

    fn wait(&self) {
        let refuses = *self.line.borrow() == Line::Refused;
        wait::until_true("the proxy is as it shall be", SOON, || {
            Probe::connect((self.address, self.port)).is_err() == refuses
        });
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.task.abort();
        self.reset();
    }
}

async fn stand(at: (Ipv4Addr, u16), target: u16, mut line: watch::Receiver<Line>, end: watch::Receiver<End>) {
    while line.wait_for(|line| *line != Line::Refused).await.is_ok() {
        let Ok(listener) = TcpListener::bind(at).await else {
            tokio::time::sleep(Duration::from_millis(10)).await;
            continue;
        };
        let mut changes = line.clone();
        let mut refused = std::pin::pin!(changes.wait_for(|line| *line == Line::Refused));
        loop {
            let client = tokio::select! {
                client = listener.accept() => client,
                _ = &mut refused => break,
            };
            if let Ok((client, _)) = client {
                tokio::spawn(carry(client, target, line.clone(), end.clone()));
            }
        }
    }
}

async fn carry(
    mut client: TcpStream,
    target: u16,
    line: watch::Receiver<Line>,
    mut end: watch::Receiver<End>,
) {
    end.mark_unchanged();
    let connected = tokio::select! {
        connected = TcpStream::connect((Ipv4Addr::LOCALHOST, target)) => connected,
        _ = end.changed() => return,
    };
    let Ok(mut server) = connected else { return };
    {
        let (from_client, to_client) = client.split();
        let (from_server, to_server) = server.split();
        let there = pump(from_client, to_server, line.clone(), |line| line == Line::Hung, |_| Duration::ZERO);
        let holds_answers = |line| matches!(line, Line::Hung | Line::OneWay);
        let back = pump(from_server, to_client, line, holds_answers, Line::delay);
        tokio::select! {
            biased;
            _ = end.changed() => {}
            _ = there => return,
            _ = back => return,
        }
    }
    // It fails when the proxy itself is gone: then so is the connection.
    let _ = end.wait_for(|end| *end == End::Reset).await;
    // An error means that the connection has ended by itself.
    let _ = client.set_zero_linger();
}

/// What is read stays in order, and is not waited for before more is read: a line that is late is not a narrow one.
async fn pump(
    mut from: impl io::AsyncRead + Unpin,
    mut to: impl io::AsyncWrite + Unpin,
    line: watch::Receiver<Line>,
    holds_back: fn(Line) -> bool,
    delay: fn(Line) -> Duration,
) -> io::Result<()> {
    let (under_way, mut arriving) = mpsc::channel::<(Instant, Vec<u8>)>(UNDER_WAY);
    let mut change = line.clone();
    let reads = async move {
        let mut buffer = vec![0; 64 * 1024];
        loop {
            let count = from.read(&mut buffer).await?;
            let due = Instant::now() + delay(*line.borrow());
            if count == 0 || under_way.send((due, buffer[..count].to_vec())).await.is_err() {
                return Ok(());
            }
        }
    };
    let writes = async move {
        while let Some((due, bytes)) = arriving.recv().await {
            sleep_until(due).await;
            if change.wait_for(|line| !holds_back(*line)).await.is_err() {
                return Ok(());
            }
            to.write_all(&bytes).await?;
        }
        Ok(())
    };
    try_join(reads, writes).await.map(|((), ())| ())
}
