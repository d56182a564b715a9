//! The two ends of a call: the instance that a client reached, and the one that has its connection.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use tokio::sync::{mpsc, oneshot};
use tokio::time::timeout;

use super::frame::{Frame, Opening, Wanted};
use super::line::Call;
use crate::sockets::engine::handover::{Answer, Ask, Handover, Request, reply};
use crate::sockets::engine::refusal::Refusal;
use crate::sockets::engine::session::{INBOX, Inbound};
use crate::sockets::engine::wire::Batch;

/// How long an answer may take to be written to a client.
const DELIVERY: Duration = Duration::from_secs(60);

/// Asks the other instance, and brings its answers to whoever waits here.
pub(super) async fn ask(mut call: Call, worker: u8, Request { id, ask }: Request) {
    let open = |wanted| Frame::Open(Opening { worker, id, wanted });
    match ask {
        Ask::Poll { wire, mut answer } => {
            // On a line that has ended nothing is heard either.
            let _ = call.say(open(Wanted::Poll(wire))).await;
            let heard = tokio::select! {
                heard = call.hear() => heard,
                () = answer.closed() => None,
            };
            let Some(Frame::Batch { body, is_binary }) = heard else {
                return reply(answer, Err(refused(heard)));
            };
            let (delivered, confirmed) = oneshot::channel();
            let sent = answer.send(Ok(Batch { body, is_binary, delivered }));
            let delivered = sent.is_ok() && confirmed.await.is_ok();
            let _ = call.say(Frame::Delivered(delivered)).await;
        }
        Ask::Post { body, is_binary, answer } => {
            let _ = call.say(open(Wanted::Post { body, is_binary })).await;
            let heard = call.hear().await;
            let done = if matches!(heard, Some(Frame::Done)) { Ok(()) } else { Err(refused(heard)) };
            reply(answer, done);
        }
        Ask::Overflow => drop(call.say(open(Wanted::Overflow)).await),
        Ask::Upgrade { from, to, answer } => {
            let _ = call.say(open(Wanted::Upgrade)).await;
            upgrade(call, from, to, answer).await;
        }
    }
}

async fn upgrade(
    mut call: Call,
    mut from: mpsc::Receiver<Inbound>,
    to: mpsc::Sender<Bytes>,
    answer: Answer<()>,
) {
    let heard = call.hear().await;
    if !matches!(heard, Some(Frame::Done)) {
        return reply(answer, Err(refused(heard)));
    }
    if answer.send(Ok(())).is_err() {
        return;
    }
    loop {
        let said = tokio::select! {
            message = from.recv() => match message {
                Some(message) => call.say(Frame::In(message)).await,
                None => return,
            },
            heard = call.hear() => match heard {
                Some(Frame::Out(data)) => to.send(data).await.map_err(drop),
                _ => return,
            },
        };
        if said.is_err() {
            return;
        }
    }
}

/// What the other instance said instead of what was asked for.
fn refused(heard: Option<Frame>) -> Refusal {
    match heard {
        Some(Frame::Refused(refusal)) => refusal,
        _ => Refusal::Session,
    }
}

/// Does what the other instance asks for.
pub(super) async fn answer(handover: Arc<Handover>, Opening { worker, id, wanted }: Opening, call: Call) {
    match wanted {
        Wanted::Poll(wire) => {
            let (answer, answered) = oneshot::channel();
            let request = Request { id, ask: Ask::Poll { wire, answer } };
            polled(call, handover.pass_here(worker, request).await, answered).await;
        }
        Wanted::Post { body, is_binary } => {
            let (answer, answered) = oneshot::channel();
            let request = Request { id, ask: Ask::Post { body, is_binary, answer } };
            let passed = handover.pass_here(worker, request).await;
            let _ = call.say(done(passed, answered).await).await;
        }
        Wanted::Overflow => {
            let _ = handover.pass_here(worker, Request { id, ask: Ask::Overflow }).await;
        }
        Wanted::Upgrade => {
            let (answer, answered) = oneshot::channel();
            let (into, from) = mpsc::channel(INBOX);
            let (to, out) = mpsc::channel(INBOX);
            let passed =
                handover.pass_here(worker, Request { id, ask: Ask::Upgrade { from, to, answer } }).await;
            let done = done(passed, answered).await;
            let accepted = matches!(done, Frame::Done);
            if call.say(done).await.is_ok() && accepted {
                upgraded(call, into, out).await;
            }
        }
    }
}

async fn polled(
    mut call: Call,
    passed: Result<(), Refusal>,
    answered: oneshot::Receiver<Result<Batch, Refusal>>,
) {
    let batch = tokio::select! {
        batch = answered => passed.and(batch.unwrap_or(Err(Refusal::Session))),
        // The client left: nobody waits for the batch any longer.
        _ = call.hear() => return,
    };
    match batch {
        Ok(Batch { body, is_binary, delivered }) => {
            let said = call.say(Frame::Batch { body, is_binary }).await;
            let told = timeout(DELIVERY, call.hear()).await;
            if said.is_ok() && matches!(told, Ok(Some(Frame::Delivered(true)))) {
                let _ = delivered.send(());
            }
        }
        Err(refusal) => drop(call.say(Frame::Refused(refusal)).await),
    }
}

async fn done(passed: Result<(), Refusal>, answered: oneshot::Receiver<Result<(), Refusal>>) -> Frame {
    let outcome = match passed {
        Ok(()) => answered.await.unwrap_or(Err(Refusal::Session)),
        Err(refusal) => Err(refusal),
    };
    outcome.map_or_else(Frame::Refused, |()| Frame::Done)
}

async fn upgraded(mut call: Call, into: mpsc::Sender<Inbound>, mut out: mpsc::Receiver<Bytes>) {
    loop {
        let said = tokio::select! {
            heard = call.hear() => match heard {
                Some(Frame::In(message)) => into.send(message).await.map_err(drop),
                _ => return,
            },
            data = out.recv() => match data {
                Some(data) => call.say(Frame::Out(data)).await,
                None => return,
            },
        };
        if said.is_err() {
            return;
        }
    }
}
