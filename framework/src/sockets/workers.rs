//! How the workers of one instance reach each other's sockets.
//!
//! Each worker has a channel; whatever concerns sockets of all workers goes to the own hub at once and to
//! the others over theirs. A full channel makes the sender wait, never drop.

use std::cell::RefCell;
use std::fmt;
use std::rc::Rc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use serde_json::Value;
use serde_json::value::RawValue;
use tokio::sync::mpsc;

use super::engine::{Desk, Link};
use super::frames::Frames;
use super::hub::Hub;
use super::registry::{Registry, Selection};
use super::{Dispatcher, Sockets, farewells, servers};
use crate::bus::Message;
use crate::protocol::event::Event;
use crate::routes::Call;

/// Orders that may wait for one worker.
const CHANNEL: usize = 4_096;

/// What a worker is asked to do with its sockets.
#[derive(Debug, Clone)]
pub(super) struct Order {
    pub(super) namespace: Arc<str>,
    pub(super) rooms: Arc<[String]>,
    pub(super) except: Arc<[String]>,
    pub(super) what: What,
}

#[derive(Debug, Clone)]
pub(super) enum What {
    Deliver {
        frames: Frames,
        volatile: bool,
    },
    Join(Arc<[String]>),
    Leave(Arc<[String]>),
    LeaveAll,
    Disconnect {
        close: bool,
    },
    Run(Task),
    Serve(Arc<Serving>),
    /// The sockets of these sessions shall leave.
    EndSessions {
        keys: Arc<[String]>,
        may_return: bool,
    },
    /// Which sessions the sockets have.
    TellSessions(mpsc::UnboundedSender<Vec<String>>),
    /// An event, `["event", argument, …]`, for every socket of every namespace.
    Tell(Arc<Event>),
    /// New connections are turned away, and those there are end one after the other over this time.
    Drain(Duration),
}

/// Another instance's event for one worker to handle.
#[derive(Debug)]
pub(super) struct Serving {
    pub(super) call: Call,
    pub(super) args: Vec<Box<RawValue>>,
    pub(super) answer: mpsc::UnboundedSender<Value>,
}

type Run = dyn Fn(&Registry, Selection<'_>) + Send + Sync;

/// Something to do with a worker's selected sockets.
#[derive(Clone)]
pub(super) struct Task(Arc<Run>);

impl fmt::Debug for Task {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Task")
    }
}

/// A worker by its number.
type Channel = (usize, mpsc::Sender<Order>);

/// The channels of the running workers.
#[derive(Debug)]
pub(crate) struct Workers {
    /// Tells this app's workers from those of another app in the same process.
    app: u64,
    channels: Mutex<Arc<[Channel]>>,
    next: AtomicUsize,
    /// Whose turn it is to do what one worker is enough for.
    turn: AtomicUsize,
    /// Connections on all workers, for the drain.
    open: Arc<AtomicUsize>,
}

thread_local! {
    /// The hubs of the workers that run on this thread: one, unless a test runs several apps.
    static HERE: RefCell<Vec<(u64, usize, Rc<Hub>)>> = const { RefCell::new(Vec::new()) };
}

impl Default for Workers {
    fn default() -> Self {
        static NEXT_APP: AtomicU64 = AtomicU64::new(0);
        Self {
            app: NEXT_APP.fetch_add(1, Ordering::Relaxed),
            channels: Mutex::new(Arc::from([])),
            next: AtomicUsize::new(0),
            turn: AtomicUsize::new(0),
            open: Arc::default(),
        }
    }
}

impl Workers {
    /// Does `order` with the sockets of every worker of this instance.
    pub(super) async fn all(&self, order: &Order) {
        let own = self.here().map(|(index, hub)| {
            carry_out(&hub, order);
            index
        });
        let channels = Arc::clone(&self.channels.lock().unwrap_or_else(PoisonError::into_inner));
        for (index, channel) in channels.iter().filter(|(index, _)| Some(*index) != own) {
            match channel.reserve().await {
                Ok(place) => place.send(order.clone()),
                Err(_) => self.forget(*index),
            }
        }
    }

    /// What `ask` finds out about the selected sockets of each worker of this instance that has any in `namespace`.
    pub(super) async fn collect<T: Send + 'static>(
        &self,
        namespace: &Arc<str>,
        rooms: &[String],
        except: &[String],
        ask: impl Fn(&Registry, Selection<'_>) -> T + Send + Sync + 'static,
    ) -> Vec<T> {
        let (sender, mut answers) = mpsc::unbounded_channel();
        let task = Task(Arc::new(move |registry, selection| {
            // Whoever asks may be gone by now.
            let _ = sender.send(ask(registry, selection));
        }));
        let namespace = namespace.clone();
        let order = Order { namespace, rooms: rooms.into(), except: except.into(), what: What::Run(task) };
        self.all(&order).await;
        // It holds the sender.
        drop(order);
        let mut all = Vec::new();
        // It ends when every worker has done its part, or is gone.
        while let Some(answer) = answers.recv().await {
            all.push(answer);
        }
        all
    }

    /// Lets one worker handle another instance's event, each in its turn.
    pub(super) async fn one(&self, namespace: &Arc<str>, serving: Serving) {
        let channels = Arc::clone(&self.channels.lock().unwrap_or_else(PoisonError::into_inner));
        let turn = self.turn.fetch_add(1, Ordering::Relaxed);
        let Some((index, channel)) = channels.get(turn % channels.len().max(1)) else { return };
        let (namespace, rooms, except) = (namespace.clone(), Arc::from([]), Arc::from([]));
        let order = Order { namespace, rooms, except, what: What::Serve(Arc::new(serving)) };
        if channel.send(order).await.is_err() {
            self.forget(*index);
        }
    }

    /// Emits `["event", argument, …]` to every socket of this instance, whatever its namespace.
    pub(super) async fn tell_all(&self, event: Event) {
        let (rooms, except) = (Arc::from([]), Arc::from([]));
        self.all(&Order { namespace: Arc::from(""), rooms, except, what: What::Tell(Arc::new(event)) }).await;
    }

    /// Does what another instance asked for.
    pub(super) async fn receive(&self, message: Message) {
        let (namespace, rooms, except, what) = match message {
            Message::Broadcast { namespace, data, rooms, except, volatile } => {
                let frames = Frames::event(&namespace, None, &data);
                (namespace, rooms, except, What::Deliver { frames, volatile })
            }
            Message::Join { namespace, rooms, except, targets } => {
                (namespace, rooms, except, What::Join(targets.into()))
            }
            Message::Leave { namespace, rooms, except, targets } => {
                (namespace, rooms, except, What::Leave(targets.into()))
            }
            Message::LeaveAll { namespace, rooms, except } => (namespace, rooms, except, What::LeaveAll),
            Message::Disconnect { namespace, rooms, except, close } => {
                (namespace, rooms, except, What::Disconnect { close })
            }
            Message::Question { .. }
            | Message::Reply { .. }
            | Message::Missed { .. }
            | Message::Probe { .. } => return,
        };
        let (rooms, except) = (rooms.into(), except.into());
        self.all(&Order { namespace: namespace.into(), rooms, except, what }).await;
    }

    /// Closes every connection, so many in a second, and waits until none is left or `deadline` passed.
    pub(super) async fn drain(&self, per_second: usize, deadline: Duration) {
        let started = Instant::now();
        let (rooms, except) = (Arc::from([]), Arc::from([]));
        let over = farewells::over(self.open.load(Ordering::Relaxed), per_second, deadline);
        self.all(&Order { namespace: Arc::from(""), rooms, except, what: What::Drain(over) }).await;
        while self.open.load(Ordering::Relaxed) > 0 && started.elapsed() < deadline {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }

    /// Open connections on all workers.
    pub(super) fn open(&self) -> usize {
        self.open.load(Ordering::Relaxed)
    }

    fn here(&self) -> Option<(usize, Rc<Hub>)> {
        HERE.with_borrow(|here| {
            here.iter().find(|(app, ..)| *app == self.app).map(|(_, index, hub)| (*index, hub.clone()))
        })
    }

    fn forget(&self, index: usize) {
        let mut channels = self.channels.lock().unwrap_or_else(PoisonError::into_inner);
        *channels = channels.iter().filter(|(other, _)| *other != index).cloned().collect();
    }
}

/// One worker's part: made on its thread when it starts.
#[derive(Clone)]
pub(crate) struct Worker {
    hub: Rc<Hub>,
    open: Arc<AtomicUsize>,
    desk: Desk,
    _place: Rc<Place>,
}

/// Takes the worker's hub off its thread when the worker ends.
#[derive(Debug)]
struct Place(u64);

impl Drop for Place {
    fn drop(&mut self) {
        let app = self.0;
        let _ = HERE.try_with(|here| here.borrow_mut().retain(|(other, ..)| *other != app));
    }
}

impl Worker {
    /// Joins the calling thread to `sockets`.
    pub(crate) fn start(sockets: &Sockets, dispatcher: Dispatcher) -> Self {
        let workers = sockets.workers();
        let hub = Rc::new(Hub::new(dispatcher, sockets.clone()));
        let index = workers.next.fetch_add(1, Ordering::Relaxed);
        let (sender, mut orders) = mpsc::channel::<Order>(CHANNEL);
        {
            let mut channels = workers.channels.lock().unwrap_or_else(PoisonError::into_inner);
            *channels = channels.iter().cloned().chain([(index, sender)]).collect();
        }
        HERE.with_borrow_mut(|here| here.push((workers.app, index, hub.clone())));
        let own = hub.clone();
        actix_web::rt::spawn(async move {
            while let Some(order) = orders.recv().await {
                carry_out(&own, &order);
            }
        });
        let desk = Desk::start(sockets.handover());
        Self { hub, open: workers.open.clone(), desk, _place: Rc::new(Place(workers.app)) }
    }

    pub(super) fn desk(&self) -> &Desk {
        &self.desk
    }

    pub(super) fn hub(&self) -> &Rc<Hub> {
        &self.hub
    }

    pub(super) fn opened(&self, link: &Link) {
        self.hub.opened(link);
        self.open.fetch_add(1, Ordering::Relaxed);
    }

    pub(super) fn closed(&self, link: &Link) {
        self.hub.closed(link);
        self.open.fetch_sub(1, Ordering::Relaxed);
    }
}

fn carry_out(hub: &Rc<Hub>, order: &Order) {
    match &order.what {
        What::Drain(over) => {
            hub.start_draining();
            farewells::say(hub.connections(), *over);
        }
        What::Serve(serving) => {
            let (hub, namespace, serving) = (hub.clone(), order.namespace.clone(), serving.clone());
            actix_web::rt::spawn(async move { servers::serve(&hub, &namespace, &serving).await });
        }
        What::EndSessions { keys, may_return } => {
            for socket in hub.sockets() {
                if socket.company().is_of(keys) {
                    socket.lose_session(*may_return);
                }
            }
        }
        What::TellSessions(tell) => {
            let sessions = hub.sockets().iter().filter_map(|socket| socket.company().session()).collect();
            // Whoever asked may be gone by now.
            let _ = tell.send(sessions);
        }
        What::Tell(event) => {
            for (namespace, registry) in hub.registries() {
                let frames = Frames::event(&namespace, None, event);
                registry.deliver(&frames, Selection { rooms: &[], except: &[] }, false);
            }
        }
        _ => with_sockets(hub, order),
    }
}

/// Does what concerns sockets, where there are any.
fn with_sockets(hub: &Hub, order: &Order) {
    let Some(registry) = hub.registry(&order.namespace) else { return };
    let selection = Selection { rooms: &order.rooms, except: &order.except };
    match &order.what {
        What::Deliver { frames, volatile } => registry.deliver(frames, selection, *volatile),
        What::Join(targets) => {
            for socket in registry.select(selection) {
                for room in targets.iter() {
                    socket.enter(room);
                }
            }
        }
        What::Leave(targets) => {
            for socket in registry.select(selection) {
                for room in targets.iter() {
                    socket.exit(room);
                }
            }
        }
        What::LeaveAll => {
            for socket in registry.select(selection) {
                for room in socket.rooms() {
                    socket.exit(&room);
                }
            }
        }
        What::Disconnect { close } => {
            for socket in registry.select(selection) {
                socket.disconnect(*close);
            }
        }
        What::Run(Task(run)) => run(&registry, selection),
        What::Serve(_)
        | What::Tell(_)
        | What::EndSessions { .. }
        | What::TellSessions(_)
        | What::Drain(_) => {}
    }
}
