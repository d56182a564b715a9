//! One socket speaks, many hear it.

use std::cell::{Cell, RefCell};
use std::net::SocketAddr;
use std::rc::Rc;
use std::time::{Duration, Instant};

use tokio::task::JoinSet;
use tokio::time::{MissedTickBehavior, interval};

use super::news;
use super::order::{Order, Turn};
use super::tally::Tally;
use crate::contest::Outcome;
use regatta_tests::light::{Reader, Writer, connect, unexpected};

/// Handshakes under way at once while a crowd gathers.
const DOORS: usize = 20;

/// For so many messages it is known when they were sent: more than can be under way.
const MEMORY: usize = 1_024;

/// How fast the messages follow each other.
#[derive(Debug, Clone, Copy)]
pub(super) enum Pace {
    /// As fast as they are heard, with so many of them under way at once.
    Rush { window: u64 },
    /// So many a second.
    Even { a_second: u32 },
}

/// Sockets that share a room, and one outside of it that speaks to them.
#[derive(Debug)]
pub(super) struct Crowd {
    speaker: Writer,
    size: u64,
    heard: Rc<Heard>,
    /// Held for their end.
    _listeners: JoinSet<()>,
}

/// What the members have heard.
#[derive(Debug)]
struct Heard {
    tally: Tally,
    /// The number of the last message.
    said: Cell<u64>,
    /// When the last messages were sent, each at its number modulo the length.
    sent: RefCell<Vec<Instant>>,
}

impl Crowd {
    /// Of the servers of that name, connects `size` members, in turns to `homes`, and a speaker to `pulpit`.
    pub(super) async fn gather(
        of: &'static str,
        pulpit: SocketAddr,
        homes: &[SocketAddr],
        size: u32,
    ) -> Self {
        let (speaker, ears) = connect(pulpit).await.expect("a socket for the speaker");
        let heard = Rc::new(Heard {
            tally: Tally::new(of),
            said: Cell::new(0),
            sent: RefCell::new(vec![Instant::now(); MEMORY]),
        });
        let mut listeners = JoinSet::new();
        listeners.spawn_local(hear_nothing(ears, heard.clone()));
        let mut arriving = JoinSet::new();
        for (_, home) in (0..size).zip(homes.iter().cycle()) {
            if arriving.len() == DOORS {
                let member = arriving.join_next().await.expect("a member on its way");
                listeners.spawn_local(listen(member.expect("a member"), heard.clone()));
            }
            arriving.spawn_local(enter(*home));
        }
        for member in arriving.join_all().await {
            listeners.spawn_local(listen(member, heard.clone()));
        }
        let crowd = Self { speaker, size: size.into(), heard, _listeners: listeners };
        // Every member hears every message once and with the same bytes; `listen` looks.
        for _ in 0..20 {
            crowd.say();
        }
        crowd.heard.tally.reach(20 * crowd.size).await;
        crowd
    }

    /// Has it hear messages for `time`.
    pub(super) async fn hear(&self, pace: Pace, time: Duration) -> Outcome {
        self.tally().clear();
        let started = Instant::now();
        let said = match pace {
            Pace::Rush { window } => self.rush(started + time, window).await,
            Pace::Even { a_second } => self.pace(started + time, a_second).await,
        };
        self.tally().reach(said * self.size).await;
        let outcome = self.tally().outcome(started);
        assert_eq!(outcome.count, said * self.size, "a message was heard twice");
        outcome
    }

    async fn rush(&self, end: Instant, window: u64) -> u64 {
        let mut said = 0;
        while Instant::now() < end {
            while said < self.tally().arrived() / self.size + window {
                self.say();
                said += 1;
            }
            self.tally().reach((said - window + 1) * self.size).await;
        }
        said
    }

    async fn pace(&self, end: Instant, a_second: u32) -> u64 {
        let mut ticks = interval(Duration::from_secs(1) / a_second);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Skip);
        let mut said = 0;
        while Instant::now() < end {
            ticks.tick().await;
            self.say();
            said += 1;
        }
        said
    }

    fn say(&self) {
        let number = self.heard.said.get() + 1;
        self.heard.said.set(number);
        self.heard.sent.borrow_mut()[place(number)] = Instant::now();
        self.speaker.send(&news::publish(number)).expect("a socket to speak over");
    }

    fn tally(&self) -> &Tally {
        &self.heard.tally
    }
}

impl Heard {
    fn count(&self, number: u64) {
        self.tally.count(self.sent.borrow()[place(number)]);
    }
}

/// Connects a member.
async fn enter(home: SocketAddr) -> Reader {
    let (writer, mut reader) = connect(home).await.expect("a socket for a member");
    writer.send(r#"420["enter"]"#).expect("a socket to enter by");
    reader.expect("430[").await.expect("the way in");
    reader
}

/// Hears every message once, or reports what it heard instead.
async fn listen(mut member: Reader, heard: Rc<Heard>) {
    let mut order = Order::default();
    loop {
        let read = member.read(|frame| match news::heard(frame).map(|number| (number, order.take(number))) {
            Some((number, Turn::Next)) => heard.count(number),
            Some((number, Turn::Early)) => {
                heard.tally.count_early();
                heard.count(number);
            }
            Some((_, Turn::Wrong)) | None => {
                heard.tally.fail(&unexpected(&format!("message {}", order.next), frame));
            }
        });
        if let Err(error) = read.await {
            return heard.tally.fail(&error);
        }
    }
}

/// The speaker is in no room and asks for no answer.
async fn hear_nothing(mut ears: Reader, heard: Rc<Heard>) {
    loop {
        let read = ears.read(|frame| heard.tally.fail(&unexpected("silence", frame)));
        if let Err(error) = read.await {
            return heard.tally.fail(&error);
        }
    }
}

fn place(number: u64) -> usize {
    usize::try_from(number).unwrap_or_default() % MEMORY
}
