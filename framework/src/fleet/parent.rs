//! The parent: it owns the listening sockets, keeps the places filled, and does what it is told by signals and over its
//! control socket.

use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::sync::mpsc;
use tokio::task::JoinSet;

use super::child::Start;
use super::control::{Asked, Control};
use super::figures::Figures;
use super::handover::{self, Handed, HandedPlace};
use super::listeners::same;
use super::orders::ToChild;
use super::place::{Bounds, End, Order, Place};
use super::rolling::{Rolled, Rolling, say_done};
use super::words::{Reply, Request, Status};
use super::{Doors, MOST, survey};
use crate::config::{Config, FleetConfig};
use crate::http::Door;
use crate::{Result, logging};

/// Orders that may wait for one place.
const QUEUE: usize = 16;

pub(super) struct Parent {
    pub(super) app: String,
    pub(super) start: Arc<Start>,
    pub(super) doors: Doors,
    pub(super) bounds: Bounds,
    pub(super) settings: FleetConfig,
    /// Whether another program may take this one's place: not with a private Redis, which ends with this one.
    pub(super) is_replaceable: bool,
    held: Vec<Held>,
    ends: JoinSet<(u64, End)>,
    next_key: u64,
    rolling: Rolling,
    figures: Arc<Figures>,
}

/// A place, and how to reach it.
struct Held {
    key: u64,
    orders: mpsc::Sender<Order>,
    /// It ends when its instance has.
    is_leaving: bool,
}

/// The signals a parent hears.
pub(super) struct Signals {
    term: Signal,
    int: Signal,
    usr1: Signal,
    usr2: Signal,
}

impl Signals {
    pub(super) fn open() -> Result<Self> {
        Ok(Self {
            term: signal(SignalKind::terminate())?,
            int: signal(SignalKind::interrupt())?,
            usr1: signal(SignalKind::user_defined1())?,
            usr2: signal(SignalKind::user_defined2())?,
        })
    }

    async fn next(&mut self) -> Heard {
        tokio::select! {
            _ = self.term.recv() => Heard::Stop,
            _ = self.int.recv() => Heard::Stop,
            _ = self.usr1.recv() => Heard::ReadLevelAgain,
            _ = self.usr2.recv() => Heard::Restart,
        }
    }

    async fn told_to_stop(&mut self) {
        while self.next().await != Heard::Stop {}
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Heard {
    Stop,
    ReadLevelAgain,
    Restart,
}

impl Parent {
    pub(super) fn new(
        app: &str,
        start: Arc<Start>,
        doors: Doors,
        bounds: Bounds,
        config: &Config,
        is_replaceable: bool,
        figures: Arc<Figures>,
    ) -> Self {
        Self {
            app: app.to_owned(),
            start,
            doors,
            bounds,
            settings: config.fleet.clone(),
            is_replaceable,
            held: Vec::new(),
            ends: JoinSet::new(),
            next_key: 0,
            rolling: Rolling::default(),
            figures,
        }
    }

    /// Fills so many places with new instances.
    pub(super) fn fill(&mut self, count: usize) -> Result<()> {
        for at in self.serving().count()..count {
            let place = self.place(at)?;
            self.hold(place);
        }
        self.start.count.store(count, Ordering::Relaxed);
        Ok(())
    }

    /// Fills the places with the instances that are there already.
    pub(super) fn take_over(&mut self, places: Vec<HandedPlace>) -> Result<()> {
        self.start.count.store(places.len(), Ordering::Relaxed);
        for (at, handed) in places.into_iter().enumerate() {
            let place = self.place(at)?;
            self.hold(match handed.child {
                Some((child, restarts)) => place.with(child, restarts),
                None => place,
            });
        }
        Ok(())
    }

    fn place(&self, at: usize) -> Result<Place> {
        let doors: Vec<Door> = match &self.doors {
            Doors::Shared(doors) => doors.iter().map(same).collect::<Result<_>>()?,
            Doors::Each(doors) => doors.get(at).map(same).transpose()?.into_iter().collect(),
        };
        Ok(Place::new(self.start.clone(), doors, self.bounds.clone()))
    }

    fn hold(&mut self, place: Place) {
        let (orders, heard) = mpsc::channel(QUEUE);
        let key = self.next_key;
        self.next_key += 1;
        self.held.push(Held { key, orders, is_leaving: false });
        self.ends.spawn(async move { (key, place.keep(heard).await) });
    }

    fn serving(&self) -> impl Iterator<Item = &Held> {
        self.held.iter().filter(|held| !held.is_leaving)
    }

    /// Runs until told to stop, or until no instance could ever be started.
    pub(super) async fn run(mut self, mut control: Control, mut signals: Signals) -> Result<ExitCode> {
        loop {
            tokio::select! {
                heard = signals.next() => match heard {
                    Heard::Stop => {
                        self.stop(&mut signals).await;
                        return Ok(ExitCode::SUCCESS);
                    }
                    Heard::ReadLevelAgain => self.tell_all(&ToChild::ReadLevelAgain).await,
                    Heard::Restart => self.restart(None),
                },
                Some(Asked { request, replies }) = control.next() => match request {
                    Request::Stop => {
                        self.stop(&mut signals).await;
                        say_done(&replies).await;
                        return Ok(ExitCode::SUCCESS);
                    }
                    request => self.answer(request, replies).await,
                },
                rolled = self.rolling.next() => match self.rolled(rolled, control).await {
                    Some(kept) => control = kept,
                    None => return Ok(ExitCode::FAILURE),
                },
                Some(Ok((key, end))) = self.ends.join_next() => {
                    self.held.retain(|held| held.key != key);
                    if end == End::NeverReady && self.held.is_empty() {
                        tracing::error!("no instance is left");
                        return Ok(ExitCode::FAILURE);
                    }
                }
            }
        }
    }

    /// Ends every instance in good order; at once when told so again.
    async fn stop(&mut self, signals: &mut Signals) {
        tracing::info!("stopping all instances");
        self.order_all(|| Order::Stop).await;
        loop {
            tokio::select! {
                ended = self.ends.join_next() => if ended.is_none() { return },
                () = signals.told_to_stop() => {
                    tracing::warn!("stopped at once: told so twice");
                    self.order_all(|| Order::Stop).await;
                }
            }
        }
    }

    async fn order_all(&self, order: impl Fn() -> Order) {
        for held in &self.held {
            // One that has ended needs none.
            let _ = held.orders.send(order()).await;
        }
    }

    async fn tell_all(&self, what: &ToChild) {
        self.order_all(|| Order::Tell(what.clone())).await;
    }

    async fn answer(&mut self, request: Request, replies: mpsc::Sender<Reply>) {
        let all: Vec<_> = self.held.iter().map(|held| held.orders.clone()).collect();
        match request {
            Request::Status => {
                let instances = survey::rows(&all).await;
                let (app, listens) = (self.app.clone(), self.doors.addresses());
                let status = Status { app, parent: std::process::id(), listens, instances };
                let _ = replies.send(Reply::Status(status)).await;
                let _ = replies.send(Reply::Done).await;
            }
            Request::Scale(count) => self.scale(count.into(), replies).await,
            Request::Restart => self.restart(Some(replies)),
            Request::LogLevel(level) => {
                let reply = match logging::check_level(&level) {
                    Ok(()) => {
                        self.tell_all(&ToChild::Level(level)).await;
                        Reply::Done
                    }
                    Err(error) => Reply::Failed(error.to_string()),
                };
                let _ = replies.send(reply).await;
            }
            Request::Logs { lines, follow } => {
                tokio::spawn(self.start.logs.clone().answer(all, lines, follow, replies));
            }
            Request::Metrics => {
                tokio::spawn(self.figures.clone().answer(all, replies));
            }
            // Heard before.
            Request::Stop => {}
        }
    }

    async fn scale(&mut self, count: usize, replies: mpsc::Sender<Reply>) {
        let refusal = match &self.doors {
            Doors::Each(_) => Some("the instances have a port each: start with another --ports".to_owned()),
            Doors::Shared(_) if !(1..=usize::from(MOST)).contains(&count) => {
                Some(format!("a fleet has 1 to {MOST} instances; `fleet stop` ends it"))
            }
            Doors::Shared(_) if count > 1 && !self.start.may_be_several => Some(
                "several instances need a shared store: set adapter = \"redis\" in config/sockets.toml"
                    .to_owned(),
            ),
            Doors::Shared(_) if self.rolling.is_on() => {
                Some("a restart is under way: wait for its end".to_owned())
            }
            Doors::Shared(_) => self.fill(count).err().map(|error| error.to_string()),
        };
        if let Some(refusal) = refusal {
            let _ = replies.send(Reply::Failed(refusal)).await;
            return;
        }
        let before = self.serving().count();
        let surplus = self.held.iter_mut().filter(|held| !held.is_leaving).skip(count);
        for held in surplus {
            held.is_leaving = true;
            let _ = held.orders.send(Order::Stop).await;
        }
        tracing::info!("from {before} to {count} instances");
        let all: Vec<_> = self.held.iter().map(|held| held.orders.clone()).collect();
        tokio::spawn(survey::settled(all, count, self.settings.ready_timeout.get(), replies));
    }

    fn restart(&mut self, replies: Option<mpsc::Sender<Reply>>) {
        let places = self.serving().map(|held| held.orders.clone()).collect();
        self.rolling.start(places, self.settings.at_once, replies);
    }

    /// After all instances are new, the parent's program too is started anew, in this process and with all it has.
    /// Comes back when that is not to be, or could not be.
    async fn rolled(&mut self, rolled: Rolled, control: Control) -> Option<Control> {
        if rolled.is_done && self.is_replaceable && self.held.iter().all(|held| !held.is_leaving) {
            for end in self.start.logs.end_all() {
                self.tell_all(&end).await;
            }
            let all: Vec<_> = self.held.drain(..).map(|held| held.orders).collect();
            let places = handover::collect(&all).await;
            self.ends.detach_all();
            rolled.say_done().await;
            let handed = Handed { places, doors: &self.doors, control: control.fd() };
            let error = handover::go(&self.start.program, handed);
            tracing::error!(%error, "this process could not go on as the new program: it ends, and its instances with it");
            return None;
        }
        if rolled.is_done {
            tracing::info!("the parent stays the program it is");
        }
        rolled.say_done().await;
        Some(control)
    }
}

impl Doors {
    fn addresses(&self) -> Vec<String> {
        let (Self::Shared(doors) | Self::Each(doors)) = self;
        doors.iter().map(super::listeners::address).collect()
    }
}

/// The program as it was called: a link stays one, so that an upgrade may turn it elsewhere.
pub(crate) fn program() -> Result<PathBuf> {
    let called = std::env::args_os().next().map(PathBuf::from).filter(|path| path.components().count() > 1);
    match called.map(std::path::absolute) {
        Some(Ok(path)) if path.is_file() => Ok(path),
        _ => Ok(std::env::current_exe()?),
    }
}
