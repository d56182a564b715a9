//! One place of the fleet: it always has an instance, whatever becomes of the processes.

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use futures_util::FutureExt as _;
use futures_util::future::select_all;
use tokio::sync::{mpsc, oneshot};
use tokio::time::{Instant, sleep_until};

use super::child::{Child, Event, Known, Start};
use super::logs::Said;
use super::orders::{ToChild, ToParent};
use super::words::{Row, State};
use crate::config::FleetConfig;
use crate::http::Door;

/// A child that lived this long was well; its next restart is at once.
const WELL: Duration = Duration::from_secs(10);
const FIRST_WAIT: Duration = Duration::from_millis(100);

/// What a place is asked to do.
pub(super) enum Order {
    /// Put a new instance in the place of the one there is, and answer when that is gone.
    Replace(Replaced),
    Tell(ToChild),
    /// End in good order; a second time: at once.
    Stop,
    Report(oneshot::Sender<Vec<Row>>),
    /// Give the running child away, for the next program in this process; the place ends.
    GiveUp(oneshot::Sender<Option<Child>>),
}

/// Hears the new instance's id, or why there is none.
pub(super) type Replaced = oneshot::Sender<std::result::Result<String, String>>;

/// How a place ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum End {
    Told,
    /// No instance ever got ready.
    NeverReady,
}

/// Bounds of a place.
#[derive(Debug, Clone)]
pub(super) struct Bounds {
    ready: Duration,
    attempts: u32,
    longest_wait: Duration,
    /// How long an instance may take to stop.
    stop: Duration,
}

impl Bounds {
    pub(super) fn new(config: &FleetConfig, shutdown: Duration) -> Self {
        Self {
            ready: config.ready_timeout.get(),
            attempts: config.attempts.max(1),
            longest_wait: config.longest_wait.get(),
            stop: shutdown + Duration::from_secs(5),
        }
    }
}

pub(super) struct Place {
    start: Arc<Start>,
    doors: Vec<Door>,
    bounds: Bounds,
    members: Vec<Member>,
    restarts: u32,
    failures: u32,
    was_ready: bool,
    /// When the next instance is started.
    next_start: Option<Instant>,
    is_stopping: bool,
}

/// A process of this place: the one that serves, one that is about to, or one that leaves.
struct Member {
    child: Child,
    role: Role,
    state: State,
    since: SystemTime,
    /// When it is killed, or not waited for any longer.
    deadline: Option<Instant>,
    started: Instant,
    replaced: Option<Replaced>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Role {
    Current,
    Successor,
    Leaving,
}

enum Step {
    Order(Option<Order>),
    Child(usize, Event),
    Deadline,
}

impl Place {
    pub(super) fn new(start: Arc<Start>, doors: Vec<Door>, bounds: Bounds) -> Self {
        Self {
            start,
            doors,
            bounds,
            members: Vec::new(),
            restarts: 0,
            failures: 0,
            was_ready: false,
            next_start: Some(Instant::now()),
            is_stopping: false,
        }
    }

    /// A place with an instance that runs already.
    pub(super) fn with(mut self, child: Child, restarts: u32) -> Self {
        let since = child.known.started;
        let mut member = Member::new(child, Role::Current, None);
        (member.state, member.since) = (State::Ready, since);
        self.members.push(member);
        (self.was_ready, self.restarts, self.next_start) = (true, restarts, None);
        self
    }

    /// Keeps an instance running until told otherwise.
    pub(super) async fn keep(mut self, mut orders: mpsc::Receiver<Order>) -> End {
        loop {
            if self.is_stopping && self.members.is_empty() {
                return End::Told;
            }
            match self.step(&mut orders).await {
                Step::Order(Some(Order::GiveUp(give))) => {
                    let current =
                        self.members.iter().position(|member| member.is(Role::Current, State::Ready));
                    let child = current.map(|at| self.members.swap_remove(at).child);
                    self.members.iter().for_each(|member| member.child.kill());
                    let _ = give.send(child);
                    return End::Told;
                }
                Step::Order(order) => self.obey(order),
                Step::Child(at, event) => self.heard(at, event),
                Step::Deadline => self.look(),
            }
            if self.failures >= self.bounds.attempts && !self.was_ready {
                tracing::error!("given up after {} attempts: its log says what to mend", self.failures);
                return End::NeverReady;
            }
        }
    }

    async fn step(&mut self, orders: &mut mpsc::Receiver<Order>) -> Step {
        let deadlines = self.members.iter().filter_map(|member| member.deadline);
        let deadline = deadlines.chain(self.next_start).min();
        let members = async {
            if self.members.is_empty() {
                return std::future::pending().await;
            }
            let events = self.members.iter_mut().map(|member| member.child.next().boxed());
            let (event, at, _) = select_all(events).await;
            (at, event)
        };
        let late = async {
            match deadline {
                Some(deadline) => sleep_until(deadline).await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            order = orders.recv() => Step::Order(order),
            (at, event) = members => Step::Child(at, event),
            () = late => Step::Deadline,
        }
    }

    fn obey(&mut self, order: Option<Order>) {
        match order {
            Some(Order::Replace(replaced)) => {
                if self.is_stopping {
                    let _ = replaced.send(Err("it is being stopped".to_owned()));
                    return;
                }
                let role = if self.current().is_some() { Role::Successor } else { Role::Current };
                self.next_start = None;
                self.add(role, Some(replaced));
            }
            Some(Order::Tell(what)) => {
                // An instance that is due is told as well.
                self.look();
                self.members.iter().for_each(|member| {
                    member.child.tell(&what);
                });
            }
            Some(Order::Report(report)) => {
                let rows = self.members.iter().map(|member| member.row(self.restarts)).collect();
                let _ = report.send(rows);
            }
            Some(Order::Stop | Order::GiveUp(_)) | None => {
                (self.is_stopping, self.next_start) = (true, None);
                let patience = self.bounds.stop;
                self.members.iter_mut().for_each(|member| member.leave(false, patience));
            }
        }
    }

    fn heard(&mut self, at: usize, event: Event) {
        match event {
            Event::Said(ToParent::Ready) => self.is_ready(at),
            Event::Said(ToParent::Log { ask, line }) => self.start.logs.hear(Said::Line(ask, line)),
            Event::Said(ToParent::LogEnd { ask }) => self.start.logs.hear(Said::End(ask)),
            Event::Said(ToParent::Draining) => {
                let Some(member) = self.members.get_mut(at) else { return };
                member.turn(State::Draining);
                if member.role == Role::Current && !self.is_stopping {
                    // Somebody told it to stop by a signal: another one takes its place.
                    (member.role, member.deadline) = (Role::Leaving, Some(Instant::now() + self.bounds.stop));
                    self.restarts += 1;
                    self.next_start = Some(Instant::now());
                }
            }
            Event::Ended(how) => {
                let member = self.members.swap_remove(at);
                self.has_ended(member, &how);
            }
        }
    }

    fn is_ready(&mut self, at: usize) {
        (self.was_ready, self.failures) = (true, 0);
        let Some(member) = self.members.get_mut(at) else { return };
        if member.role == Role::Leaving {
            return;
        }
        member.turn(State::Ready);
        member.deadline = None;
        tracing::info!(child = member.child.known.id, "instance is ready");
        let id = member.child.known.id.clone();
        let replaced = member.replaced.take();
        if member.role == Role::Current {
            answer(replaced, Ok(id));
            return;
        }
        member.role = Role::Current;
        let patience = self.bounds.stop;
        let before = self
            .members
            .iter_mut()
            .enumerate()
            .find(|(other, member)| *other != at && member.role == Role::Current);
        match before {
            Some((_, before)) => {
                before.role = Role::Leaving;
                before.leave(true, patience);
                // Answered once it is gone.
                before.replaced = replaced;
            }
            None => answer(replaced, Ok(id)),
        }
    }

    fn has_ended(&mut self, member: Member, how: &str) {
        let (id, lived) = (&member.child.known.id, member.started.elapsed());
        self.start.clear(id);
        match member.role {
            Role::Leaving => {
                tracing::info!(child = id, "instance {how}");
                let now = self.current().map(|current| current.child.known.id.clone()).unwrap_or_default();
                answer(member.replaced, Ok(now));
            }
            Role::Successor => {
                tracing::error!(child = id, "the new instance {how}: the one before it stays");
                answer(
                    member.replaced,
                    Err(format!("the new instance {how} before it was ready: its log says why")),
                );
            }
            Role::Current if self.is_stopping => {
                answer(member.replaced, Err("it is being stopped".to_owned()))
            }
            Role::Current => {
                answer(
                    member.replaced,
                    Err(format!("the new instance {how} before it was ready: its log says why")),
                );
                if self.promote() {
                    return;
                }
                self.failures = if lived >= WELL { 0 } else { self.failures + 1 };
                self.restarts += 1;
                let wait = self.wait();
                tracing::error!(child = id, "instance {how}; another is started in {} ms", wait.as_millis());
                self.next_start = Some(Instant::now() + wait);
            }
        }
    }

    /// Lets a successor that is there be the one that serves.
    fn promote(&mut self) -> bool {
        let successor = self.members.iter_mut().find(|member| member.role == Role::Successor);
        successor.map(|member| member.role = Role::Current).is_some()
    }

    /// Does what is due.
    fn look(&mut self) {
        let now = Instant::now();
        if self.next_start.is_some_and(|at| at <= now) {
            self.next_start = None;
            self.add(Role::Current, None);
        }
        for member in self.members.iter_mut().filter(|member| member.deadline.is_some_and(|at| at <= now)) {
            let id = &member.child.known.id;
            match member.state {
                State::Starting => tracing::error!(
                    child = id,
                    "not ready within {} s (ready_timeout in config/fleet.toml): killed",
                    self.bounds.ready.as_secs()
                ),
                _ => tracing::error!(
                    child = id,
                    "did not stop within {} s: killed",
                    self.bounds.stop.as_secs()
                ),
            }
            member.deadline = None;
            member.child.kill();
        }
    }

    fn add(&mut self, role: Role, replaced: Option<Replaced>) {
        match self.start.child(&self.doors) {
            Ok(child) => {
                let mut member = Member::new(child, role, replaced);
                member.deadline = Some(Instant::now() + self.bounds.ready);
                self.members.push(member);
            }
            Err(error) => {
                answer(replaced, Err(error.to_string()));
                if role == Role::Current {
                    self.failures += 1;
                    let wait = self.wait();
                    tracing::error!(%error, "tried again in {} ms", wait.as_millis());
                    self.next_start = Some(Instant::now() + wait);
                }
            }
        }
    }

    fn current(&self) -> Option<&Member> {
        self.members.iter().find(|member| member.role == Role::Current)
    }

    /// The first restart is at once; then ever slower.
    fn wait(&self) -> Duration {
        match self.failures {
            0 | 1 => FIRST_WAIT,
            n => FIRST_WAIT.saturating_mul(1 << (n - 1).min(16)),
        }
        .min(self.bounds.longest_wait)
    }
}

impl Member {
    fn new(child: Child, role: Role, replaced: Option<Replaced>) -> Self {
        let (started, since) = (Instant::now(), SystemTime::now());
        Self { child, role, state: State::Starting, since, deadline: None, started, replaced }
    }

    fn is(&self, role: Role, state: State) -> bool {
        self.role == role && self.state == state
    }

    fn turn(&mut self, state: State) {
        if self.state != state {
            (self.state, self.since) = (state, SystemTime::now());
        }
    }

    fn leave(&mut self, replaced: bool, patience: Duration) {
        if self.state != State::Draining {
            self.deadline = Some(Instant::now() + patience);
        }
        self.turn(State::Draining);
        self.child.stop(replaced);
    }

    fn row(&self, restarts: u32) -> Row {
        let Known { id, pid, .. } = &self.child.known;
        Row::new(id, *pid, self.state, self.since, restarts)
    }
}

fn answer(replaced: Option<Replaced>, outcome: std::result::Result<String, String>) {
    if let Some(replaced) = replaced {
        // Whoever asked may be gone by now.
        let _ = replaced.send(outcome);
    }
}
