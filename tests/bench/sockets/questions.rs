//! Clients that ask again as soon as they have the answer.

use std::cell::Cell;
use std::io::Result;
use std::net::SocketAddr;
use std::rc::Rc;
use std::time::{Duration, Instant};

use tokio::task::JoinSet;
use tokio::time::sleep;

use super::news;
use super::tally::Tally;
use crate::contest::Outcome;
use regatta_tests::light::{Reader, Writer, connect, unexpected};

/// What is asked.
#[derive(Debug)]
pub(super) enum Question {
    /// An event that is acknowledged with its own argument.
    Ask,
    /// A virtual request to this address, and what its answer has to contain.
    Get(&'static str, &'static str),
}

/// Sockets that ask.
#[derive(Debug)]
pub(super) struct Askers {
    askers: Vec<Rc<Asker>>,
    round: Rc<Round>,
    /// Held for their end.
    _readers: JoinSet<()>,
}

#[derive(Debug)]
struct Asker {
    writer: Writer,
    number: Cell<u64>,
    sent: Cell<Instant>,
}

#[derive(Debug)]
struct Round {
    tally: Tally,
    question: Question,
    asked: Cell<u64>,
    /// Nothing is asked after this.
    end: Cell<Instant>,
}

impl Askers {
    /// Connects `count` sockets to the server of that name and has each ask once.
    pub(super) async fn connect(
        of: &'static str,
        address: SocketAddr,
        count: u32,
        question: Question,
    ) -> Self {
        let (asked, end) = (Cell::new(0), Cell::new(Instant::now()));
        let round = Rc::new(Round { tally: Tally::new(of), question, asked, end });
        let (mut askers, mut readers) = (Vec::new(), JoinSet::new());
        for _ in 0..count {
            let (writer, reader) = connect(address).await.expect("a socket that asks");
            let asker = Rc::new(Asker { writer, number: Cell::new(0), sent: Cell::new(Instant::now()) });
            readers.spawn_local(keep_asking(asker.clone(), reader, round.clone()));
            askers.push(asker);
        }
        let askers = Self { askers, round, _readers: readers };
        askers.run(Duration::ZERO).await;
        askers
    }

    /// Has all of them ask for `time`.
    pub(super) async fn run(&self, time: Duration) -> Outcome {
        let Round { tally, asked, end, .. } = &*self.round;
        tally.clear();
        asked.set(0);
        let started = Instant::now();
        end.set(started + time);
        for asker in &self.askers {
            asker.ask(&self.round).expect("a socket to ask over");
        }
        sleep(time).await;
        while tally.arrived() < asked.get() {
            tally.reach(asked.get()).await;
        }
        tally.outcome(started)
    }
}

impl Asker {
    fn ask(&self, round: &Round) -> Result<()> {
        self.number.set(self.number.get() + 1);
        self.sent.set(Instant::now());
        round.asked.set(round.asked.get() + 1);
        self.writer.send(&round.question.text(self.number.get()))
    }

    fn take(&self, answer: &[u8], round: &Round) -> Result<()> {
        if !round.question.is_answered(answer, self.number.get()) {
            return Err(unexpected("the answer", answer));
        }
        round.tally.count(self.sent.get());
        if Instant::now() < round.end.get() { self.ask(round) } else { Ok(()) }
    }
}

impl Question {
    fn text(&self, number: u64) -> String {
        match self {
            Self::Ask => news::ask(number),
            Self::Get(url, _) => {
                format!(r#"42{number}["get",{{"method":"get","headers":{{}},"data":{{}},"url":"{url}"}}]"#)
            }
        }
    }

    fn is_answered(&self, answer: &[u8], number: u64) -> bool {
        match self {
            Self::Ask => news::is_answer(answer, number),
            Self::Get(_, wanted) => {
                let contains = |part: &str| answer.windows(part.len()).any(|found| found == part.as_bytes());
                answer.starts_with(format!("43{number}[").as_bytes())
                    && answer.ends_with(br#""statusCode":200}]"#)
                    && contains(wanted)
            }
        }
    }
}

/// Asks again after each answer, until the end of the round.
async fn keep_asking(asker: Rc<Asker>, mut reader: Reader, round: Rc<Round>) {
    loop {
        let mut taken = Ok(());
        let read = reader.read(|answer| taken = asker.take(answer, &round)).await;
        if let Err(error) = read.and(taken) {
            return round.tally.fail(&error);
        }
    }
}
