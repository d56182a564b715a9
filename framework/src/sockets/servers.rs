//! What instances say to each other's handlers.

use std::time::Duration;

use bytes::Bytes;
use serde_json::Value;
use serde_json::value::RawValue;
use tokio::sync::mpsc;

use super::args::Payload;
use super::calls;
use super::fleet::gather;
use super::hub::Hub;
use super::workers::Serving;
use super::{Fleet, Sockets};
use crate::Result;
use crate::bus::{Message, Question, Reply};
use crate::routes::Call;

impl Sockets {
    /// Emits an event to the other instances themselves, whose handlers [`Routes::on_server`](crate::routes::Routes::on_server)
    /// adds, and to Node servers on `@socket.io/redis-adapter`.
    ///
    /// ```no_run
    /// # use regatta::prelude::*;
    /// # fn example(sockets: Sockets) -> Result<()> {
    /// sockets.server_side_emit("prices changed", Args(("EUR", 7)))?;
    /// # Ok(()) }
    /// ```
    ///
    /// # Errors
    /// When the arguments can't be written as JSON.
    pub fn server_side_emit(&self, event: &str, data: impl Payload) -> Result<()> {
        let question = Question::Emit { args: Bytes::from(data.said(event)?.args) };
        let namespace = self.namespace().to_owned();
        self.bus().publish(Message::Question { namespace, id: None, question });
        Ok(())
    }

    /// The same, and waits until every other instance has answered or `timeout` is over. `asked` and `answered` count
    /// instances; one without a handler for the event does not answer.
    ///
    /// # Errors
    /// When the arguments can't be written as JSON; 503 when the other instances can't be reached.
    pub async fn server_side_emit_with_ack(
        &self,
        event: &str,
        data: impl Payload,
        timeout: Duration,
    ) -> Result<Fleet<Value>> {
        let question = Question::Emit { args: Bytes::from(data.said(event)?.args) };
        let answers = self.bus().ask(self.namespace(), question).await?;
        let asked = answers.others;
        let mut found = Vec::new();
        let answered = gather(answers, timeout, |reply| match reply {
            Reply::Emitted(value) => {
                found.push(value);
                true
            }
            _ => false,
        })
        .await;
        Ok(Fleet { found, asked, answered })
    }

    /// What this instance's handler answers to an event of another one; nothing when it has none.
    pub(super) async fn served(&self, args: &Bytes) -> Option<Value> {
        let args: Vec<&RawValue> = serde_json::from_slice(args).ok()?;
        let (name, args) = args.split_first()?;
        let call = Call::ServerEvent(serde_json::from_str(name.get()).ok()?);
        if !self.takes(&call) {
            return None;
        }
        let args = args.iter().map(|arg| (*arg).to_owned()).collect();
        let (sender, mut answer) = mpsc::unbounded_channel();
        self.workers().one(self.shared_namespace(), Serving { call, args, answer: sender }).await;
        answer.recv().await
    }
}

/// Runs the handler on this worker.
pub(super) async fn serve(hub: &Hub, namespace: &str, serving: &Serving) {
    let args: Vec<&RawValue> = serving.args.iter().map(|arg| &**arg).collect();
    let answer = calls::served(hub.dispatcher(), namespace, serving.call.clone(), &args).await;
    // Whoever asked may be gone by now.
    let _ = serving.answer.send(answer);
}
