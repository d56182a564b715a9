//! Clients that never stop asking, and count every request that was not answered well. They keep their connections, try
//! nothing twice and forgive nothing.

use std::io::{self, BufRead, BufReader, ErrorKind, Read, Write};
use std::net::TcpStream;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use serde_json::json;

use crate::socket::Socket;
use crate::wire::{Frame, Wire};

/// How long an answer may take.
const ANSWER: Duration = Duration::from_secs(10);

/// How long a client of a socket waits before it connects again, at most, as clients of Socket.IO do.
const COME_BACK: Duration = Duration::from_millis(1_000);

/// How many clients of each kind, and how long they wait between two requests.
#[derive(Debug, Clone, Copy)]
pub struct Crowd {
    /// Clients that GET.
    pub getters: usize,
    /// Clients that POST.
    pub posters: usize,
    /// Clients that GET about once a second: their connections are idle meanwhile.
    pub idlers: usize,
    /// Sockets.
    pub sockets: usize,
}

/// A crowd at work.
#[derive(Debug)]
pub struct Load {
    shared: Arc<Shared>,
    threads: Vec<JoinHandle<()>>,
}

#[derive(Debug, Default)]
struct Shared {
    over: AtomicBool,
    /// How many milliseconds a socket may be silent before its client gives it up; 0: for ever.
    patience: AtomicU64,
    gets: AtomicU64,
    posts: AtomicU64,
    failed_gets: Mutex<Vec<String>>,
    failed_posts: Mutex<Vec<String>>,
    /// The bodies that were acknowledged.
    said: Mutex<Vec<String>>,
    sockets: Mutex<Sockets>,
}

/// What became of the sockets.
#[derive(Debug, Default, Clone)]
pub struct Sockets {
    /// How many are connected now.
    pub open: usize,
    /// How often one ended with a goodbye.
    pub ended: u64,
    /// How often one was cut off, and how.
    pub cut: Vec<String>,
    /// How long each was away.
    pub away: Vec<Duration>,
    /// When each came back.
    pub back: Vec<Instant>,
}

/// What a crowd saw.
#[derive(Debug)]
pub struct Seen {
    /// Requests that were answered well.
    pub gets: u64,
    /// The others.
    pub failed_gets: Vec<String>,
    /// Requests that were answered well.
    pub posts: u64,
    /// The others.
    pub failed_posts: Vec<String>,
    /// The bodies of the former.
    pub said: Vec<String>,
    /// What became of the sockets.
    pub sockets: Sockets,
}

impl Load {
    /// Sends the crowd to an address; those that POST send messages with this cookie.
    pub fn start(base: &str, cookie: &str, crowd: Crowd) -> Self {
        let shared = Arc::new(Shared::default());
        let host = base.trim_start_matches("http://").to_owned();
        let mut threads = Vec::new();
        let mut client = |work: Box<dyn FnOnce(&Shared) + Send>| {
            let shared = shared.clone();
            threads.push(thread::spawn(move || work(&shared)));
        };
        for n in 0..crowd.getters + crowd.idlers {
            let pause = Duration::from_millis(if n < crowd.getters { 10 } else { 900 + n as u64 * 7 });
            let host = host.clone();
            client(Box::new(move |shared| shared.get(Caller::new(&host, ""), pause)));
        }
        for n in 0..crowd.posters {
            let caller = Caller::new(&host, cookie);
            client(Box::new(move |shared| shared.post(caller, n)));
        }
        // Many sockets to a thread: connecting waits for answers, hearing does not.
        for share in 0..crowd.sockets.div_ceil(SHARE) {
            let count = SHARE.min(crowd.sockets - share * SHARE);
            let base = base.to_owned();
            client(Box::new(move |shared| shared.hold(&base, count)));
        }
        Self { shared, threads }
    }

    /// From now on clients give a socket up that is silent for so long, as they do when heartbeats are missing.
    pub fn set_patience(&self, patience: Duration) {
        self.shared.patience.store(patience.as_millis() as u64, Ordering::Relaxed);
    }

    /// What became of the sockets so far.
    pub fn sockets(&self) -> Sockets {
        lock(&self.shared.sockets).clone()
    }

    /// How many requests were answered so far.
    pub fn answered(&self) -> u64 {
        self.shared.gets.load(Ordering::Relaxed) + self.shared.posts.load(Ordering::Relaxed)
    }

    /// Ends the work and tells what was seen.
    pub fn end(self) -> Seen {
        self.shared.over.store(true, Ordering::Relaxed);
        for thread in self.threads {
            thread.join().expect("a client without a bug");
        }
        let shared = self.shared;
        Seen {
            gets: shared.gets.load(Ordering::Relaxed),
            failed_gets: lock(&shared.failed_gets).clone(),
            posts: shared.posts.load(Ordering::Relaxed),
            failed_posts: lock(&shared.failed_posts).clone(),
            said: lock(&shared.said).clone(),
            sockets: lock(&shared.sockets).clone(),
        }
    }
}

/// Sockets of one thread.
const SHARE: usize = 25;

impl Shared {
    fn is_over(&self) -> bool {
        self.over.load(Ordering::Relaxed)
    }

    fn get(&self, mut caller: Caller, pause: Duration) {
        while !self.is_over() {
            match caller.call("GET", "/visits", "") {
                Ok(200) => drop(self.gets.fetch_add(1, Ordering::Relaxed)),
                other => lock(&self.failed_gets).push(format!("{other:?}")),
            }
            let began = Instant::now();
            while began.elapsed() < pause && !self.is_over() {
                thread::sleep(pause.min(Duration::from_millis(20)));
            }
        }
    }

    fn post(&self, mut caller: Caller, number: usize) {
        for n in 0.. {
            if self.is_over() {
                return;
            }
            let body = format!("load {number}/{n}");
            match caller.call("POST", "/message", &json!({ "body": body }).to_string()) {
                Ok(200 | 201) => {
                    self.posts.fetch_add(1, Ordering::Relaxed);
                    lock(&self.said).push(body);
                }
                other => lock(&self.failed_posts).push(format!("{body}: {other:?}")),
            }
            thread::sleep(Duration::from_millis(25));
        }
    }

    fn hold(&self, base: &str, count: usize) {
        let mut wires: Vec<_> = (0..count).map(|_| Held::Away(None, Instant::now())).collect();
        while !self.is_over() {
            for (n, held) in wires.iter_mut().enumerate() {
                self.tend(base, held, n as u32);
            }
            thread::sleep(Duration::from_millis(5));
        }
    }

    fn tend(&self, base: &str, held: &mut Held, number: u32) {
        match held {
            Held::Open(wire) => {
                let patience = Duration::from_millis(self.patience.load(Ordering::Relaxed));
                let why = match wire.next(Duration::ZERO) {
                    Some(Frame::Closed(why)) => why,
                    None if !patience.is_zero() && wire.silence() > patience => "silent".to_owned(),
                    Some(_) | None => return,
                };
                let mut sockets = lock(&self.sockets);
                sockets.open -= 1;
                sockets.ended += 1;
                if !why.contains("instance stops") {
                    sockets.cut.push(why);
                }
                let now = Instant::now();
                *held = Held::Away(Some(now), now + COME_BACK * (number % 10) / 10);
            }
            Held::Away(since, when) if *when <= Instant::now() => match Socket::open(base, &[]) {
                Ok(wire) => {
                    wire.send("40");
                    let mut sockets = lock(&self.sockets);
                    sockets.open += 1;
                    if let Some(since) = since {
                        sockets.away.push(since.elapsed());
                        sockets.back.push(Instant::now());
                    }
                    *held = Held::Open(wire);
                }
                Err(_) => *when = Instant::now() + COME_BACK / 2,
            },
            Held::Away(..) => {}
        }
    }
}

enum Held {
    Open(Wire),
    /// Since when, if it was there before, and when it comes back.
    Away(Option<Instant>, Instant),
}

fn lock<T>(what: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    what.lock().unwrap_or_else(PoisonError::into_inner)
}

/// A client with one connection, which it keeps for as long as the server lets it.
#[derive(Debug)]
pub struct Caller {
    host: String,
    cookie: String,
    line: Option<BufReader<TcpStream>>,
}

impl Caller {
    /// A client of an address such as `127.0.0.1:3001`.
    pub fn new(host: &str, cookie: &str) -> Self {
        Self { host: host.to_owned(), cookie: cookie.to_owned(), line: None }
    }

    /// Sends a request and reads its answer; the status.
    ///
    /// # Errors
    /// When there is no whole answer. Nothing is tried twice.
    pub fn call(&mut self, method: &str, path: &str, body: &str) -> io::Result<u16> {
        let mut line = match self.line.take() {
            Some(line) => line,
            None => {
                let stream = TcpStream::connect(&self.host)?;
                stream.set_read_timeout(Some(ANSWER))?;
                stream.set_nodelay(true)?;
                BufReader::new(stream)
            }
        };
        let (host, cookie) = (&self.host, &self.cookie);
        let head = format!(
            "{method} {path} HTTP/1.1\r\nhost: {host}\r\naccept: application/json\r\nsec-fetch-site: same-origin\r\n\
             cookie: {cookie}\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\r\n{body}",
            body.len()
        );
        line.get_mut().write_all(head.as_bytes())?;
        let answer = Answered::read(&mut line)?;
        if !answer.is_last {
            self.line = Some(line);
        }
        Ok(answer.status)
    }

    /// Whether the server lets it keep its connection.
    pub fn is_kept(&self) -> bool {
        self.line.is_some()
    }
}

struct Answered {
    status: u16,
    is_last: bool,
}

impl Answered {
    fn read(line: &mut BufReader<TcpStream>) -> io::Result<Self> {
        let first = text(line)?;
        let status = first.split(' ').nth(1).and_then(|status| status.parse().ok());
        let status = status.ok_or_else(|| io::Error::new(ErrorKind::InvalidData, first))?;
        let (mut is_last, mut length) = (false, None);
        loop {
            let header = text(line)?.to_ascii_lowercase();
            let Some((name, value)) = header.split_once(':') else { break };
            match name {
                "connection" => is_last = value.trim() == "close",
                "content-length" => length = value.trim().parse().ok(),
                _ => {}
            }
        }
        let length =
            length.ok_or_else(|| io::Error::new(ErrorKind::InvalidData, "an answer without a length"))?;
        line.take(length).read_to_end(&mut Vec::new())?;
        Ok(Self { status, is_last })
    }
}

fn text(line: &mut BufReader<TcpStream>) -> io::Result<String> {
    let mut text = String::new();
    if line.read_line(&mut text)? == 0 {
        return Err(ErrorKind::UnexpectedEof.into());
    }
    Ok(text.trim_end().to_owned())
}

impl Seen {
    /// One line for the log of a run.
    pub fn figures(&self) -> String {
        let away = self.sockets.away.iter().max().copied().unwrap_or_default();
        format!(
            "{} GETs, {} failed; {} POSTs, {} failed; sockets: {} open, {} goodbyes, {} cut, longest away {} ms",
            self.gets,
            self.failed_gets.len(),
            self.posts,
            self.failed_posts.len(),
            self.sockets.open,
            self.sockets.ended,
            self.sockets.cut.len(),
            away.as_millis()
        )
    }
}
