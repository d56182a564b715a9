//! A TCP proxy that can be made a bad line.

use std::net::{Ipv4Addr, TcpStream as Probe};
use std::time::Duration;

use tokio::io::{self, AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::JoinHandle;

use crate::wait::{self, SOON};
use crate::{ports, wire};

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
}

/// A port on which a server on another port is reached.
#[derive(Debug)]
pub struct Proxy {
    port: u16,
    line: watch::Sender<Line>,
    /// How often all connections were reset.
    cuts: watch::Sender<u64>,
    task: JoinHandle<()>,
}

impl Proxy {
    /// Stands between its own port and `target`, a port of this machine on which something may listen or not.
    pub fn to(target: u16) -> Self {
        let port = ports::free();
        let (line, seen) = watch::channel(Line::Open);
        let (cuts, cut) = watch::channel(0);
        let task = wire::runtime().spawn(stand(port, target, seen, cut));
        let proxy = Self { port, line, cuts, task };
        proxy.wait();
        proxy
    }

    /// Its port.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// Changes the line and returns when it is so.
    pub fn turn(&self, line: Line) {
        self.line.send_replace(line);
        if line == Line::Refused {
            self.reset();
        }
        self.wait();
    }

    /// Resets the connections that stand; new ones are as before.
    pub fn reset(&self) {
        self.cuts.send_modify(|cuts| *cuts += 1);
    }

    fn wait(&self) {
        let refuses = *self.line.borrow() == Line::Refused;
        wait::until_true("the proxy is as it shall be", SOON, || {
            Probe::connect((Ipv4Addr::LOCALHOST, self.port)).is_err() == refuses
        });
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.task.abort();
        self.reset();
    }
}

async fn stand(port: u16, target: u16, mut line: watch::Receiver<Line>, cut: watch::Receiver<u64>) {
    while line.wait_for(|line| *line != Line::Refused).await.is_ok() {
        let Ok(listener) = TcpListener::bind((Ipv4Addr::LOCALHOST, port)).await else {
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
                tokio::spawn(carry(client, target, line.clone(), cut.clone()));
            }
        }
    }
}

async fn carry(
    mut client: TcpStream,
    target: u16,
    line: watch::Receiver<Line>,
    mut cut: watch::Receiver<u64>,
) {
    cut.mark_unchanged();
    let connected = tokio::select! {
        connected = TcpStream::connect((Ipv4Addr::LOCALHOST, target)) => connected,
        _ = cut.changed() => return,
    };
    let Ok(mut server) = connected else { return };
    let is_cut = {
        let (from_client, to_client) = client.split();
        let (from_server, to_server) = server.split();
        let there = pump(from_client, to_server, line.clone(), |line| line == Line::Hung);
        let back = pump(from_server, to_client, line, |line| matches!(line, Line::Hung | Line::OneWay));
        tokio::select! {
            _ = there => false,
            _ = back => false,
            _ = cut.changed() => true,
        }
    };
    if is_cut {
        // An error means that the connection has ended by itself.
        let _ = client.set_zero_linger();
    }
}

async fn pump(
    mut from: impl io::AsyncRead + Unpin,
    mut to: impl io::AsyncWrite + Unpin,
    mut line: watch::Receiver<Line>,
    holds_back: fn(Line) -> bool,
) -> io::Result<()> {
    let mut buffer = vec![0; 64 * 1024];
    loop {
        let count = from.read(&mut buffer).await?;
        if count == 0 || line.wait_for(|line| !holds_back(*line)).await.is_err() {
            return Ok(());
        }
        to.write_all(&buffer[..count]).await?;
    }
}
