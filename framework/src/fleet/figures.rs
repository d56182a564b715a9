//! The figures of a whole fleet: every instance is asked at its private listener, and those of the parent are added.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, SystemTime};

use futures_util::FutureExt as _;
use futures_util::future::join_all;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::UnixStream;
use tokio::sync::mpsc;
use tokio::time::timeout;

use super::control::Asked;
use super::listeners::short;
use super::place::Order;
use super::private::of_instance;
use super::survey;
use super::words::{Reply, Request, Row, State};
use crate::config::Config;
use crate::http::{Answers, Told};
use crate::metrics::{Kind, Merged, Page, report_process};

/// The longest answer of an instance, in bytes.
const LONGEST: u64 = 8 * 1024 * 1024;

/// Lines that may wait for one who reads slowly.
const QUEUE: usize = 64;

/// What is asked for by whoever watches the fleet.
#[derive(Debug)]
pub(super) struct Figures {
    control: PathBuf,
    /// How long an instance may take.
    patience: Duration,
    started: SystemTime,
    /// Times an instance did not answer.
    unanswered: AtomicU64,
}

impl Figures {
    pub(super) fn new(config: &Config) -> Self {
        Self {
            control: config.path(&config.fleet.control),
            patience: config.metrics.timeout.get(),
            started: SystemTime::now(),
            unanswered: AtomicU64::new(0),
        }
    }

    /// Answers with all figures, line by line.
    pub(super) async fn answer(
        self: Arc<Self>,
        places: Vec<mpsc::Sender<Order>>,
        replies: mpsc::Sender<Reply>,
    ) {
        let page = self.page(&places).await;
        for line in page.lines() {
            if replies.send(Reply::Line(line.to_owned())).await.is_err() {
                return;
            }
        }
        let _ = replies.send(Reply::Done).await;
    }

    async fn page(&self, places: &[mpsc::Sender<Order>]) -> String {
        let by_place = join_all(places.iter().map(|place| survey::rows(std::slice::from_ref(place)))).await;
        let restarts =
            by_place.iter().filter_map(|rows| rows.first()).map(|row| u64::from(row.restarts)).sum();
        let rows: Vec<Row> = by_place.into_iter().flatten().collect();
        let answers = join_all(rows.iter().map(|row| self.ask(&row.id))).await;
        let mut merged = Merged::default();
        for (row, answer) in rows.iter().zip(&answers) {
            match answer {
                Some(page) => merged.add(&row.id, page),
                // It has nothing to tell yet.
                None if row.state == State::Starting => {}
                None => {
                    self.unanswered.fetch_add(1, Ordering::Relaxed);
                }
            }
        }
        merged.add("parent", &self.of_process());
        let mut whole = self.of_parent(&rows, &answers, restarts);
        whole.push_str(&merged.into_text());
        whole
    }

    /// What the parent tells of its instances.
    fn of_parent(&self, rows: &[Row], answers: &[Option<String>], restarts: u64) -> String {
        let mut page = Page::default();
        let mut states = page.family(Kind::Gauge, "regatta_fleet_instances", "Instances by their state.");
        for state in [State::Starting, State::Ready, State::Draining] {
            let count = rows.iter().filter(|row| row.state == state).count();
            states.sample(&[("state", state.as_str())], count);
        }
        page.counter(
            "regatta_fleet_restarts_total",
            "Instances started because another one had ended.",
            restarts,
        );
        let help = "Times an instance did not tell its figures within `timeout` of config/metrics.toml.";
        page.counter("regatta_fleet_unanswered_total", help, self.unanswered.load(Ordering::Relaxed));
        let mut up = page.family(
            Kind::Gauge,
            "regatta_instance_up",
            "Whether the instance told its figures, as 1 or 0.",
        );
        for (row, answer) in rows.iter().zip(answers) {
            up.sample(&[("instance", &row.id)], u8::from(answer.is_some()));
        }
        page.into_text()
    }

    /// What an instance tells; nothing when it does not within the time.
    async fn ask(&self, id: &str) -> Option<String> {
        let path = of_instance(&self.control, id);
        match timeout(self.patience, fetch(&path)).await {
            Ok(Ok(page)) => page,
            Ok(Err(error)) => {
                tracing::debug!(child = id, %error, "an instance tells no figures");
                None
            }
            Err(_) => None,
        }
    }

    /// The figures of the parent's own process.
    fn of_process(&self) -> String {
        let mut page = Page::default();
        report_process(&mut page, self.started);
        page.into_text()
    }
}

/// The body of the answer; nothing when it is none of figures.
async fn fetch(path: &Path) -> io::Result<Option<String>> {
    let (way, _folder) = short(path)?;
    let mut stream = UnixStream::connect(way).await?;
    stream.write_all(b"GET /metrics HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n").await?;
    let mut answer = Vec::new();
    stream.take(LONGEST).read_to_end(&mut answer).await?;
    let answer = String::from_utf8_lossy(&answer);
    let parts = answer.split_once("\r\n\r\n").filter(|(head, _)| head.starts_with("HTTP/1.1 200 "));
    Ok(parts.map(|(_, body)| body.to_owned()))
}

/// What the parent's private listener tells, asked of the parent itself.
pub(super) fn answers(asked: mpsc::Sender<Asked>) -> Answers {
    Arc::new(move |path| {
        let asked = asked.clone();
        async move {
            match path.as_str() {
                "/metrics" => Told::figures(figures(asked).await),
                "/livez" => Told::health(true, "ok\n".to_owned()),
                "/readyz" => {
                    let ready = ready(asked).await;
                    Told::health(ready > 0, format!("{ready} instances are ready\n"))
                }
                _ => Told::nothing(),
            }
        }
        .boxed()
    })
}

async fn figures(asked: mpsc::Sender<Asked>) -> String {
    let mut page = String::new();
    let mut lines = ask(asked, Request::Metrics).await;
    while let Some(Reply::Line(line)) = lines.recv().await {
        page.push_str(&line);
        page.push('\n');
    }
    page
}

/// How many instances take requests.
async fn ready(asked: mpsc::Sender<Asked>) -> usize {
    match ask(asked, Request::Status).await.recv().await {
        Some(Reply::Status(status)) => {
            status.instances.iter().filter(|row| row.state == State::Ready).count()
        }
        _ => 0,
    }
}

async fn ask(asked: mpsc::Sender<Asked>, request: Request) -> mpsc::Receiver<Reply> {
    let (replies, answers) = mpsc::channel(QUEUE);
    // A parent that ends answers nothing.
    let _ = asked.send(Asked { request, replies }).await;
    answers
}
