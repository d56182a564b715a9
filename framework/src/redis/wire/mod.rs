//! Connections whose replies are read here. The `redis` crate knows addresses, commands, scripts, values and errors; only the
//! replies of its own connections cost more than everything else that a session or a message between instances needs.
//! Encrypted connections are the crate's.

mod hearing;
mod pipeline;
mod replies;
mod resp;
mod stream;
#[cfg(test)]
mod tests;

use futures_util::FutureExt as _;
use redis::aio::{ConnectionLike, MultiplexedConnection};
use redis::{Client, Cmd, RedisFuture, RedisResult, Value};

pub(crate) use hearing::{Ear, Heard, Mouth};
pub(super) use hearing::{listen, listen_encrypted};
use pipeline::Pipeline;

/// A connection for the commands of many; clones share it.
#[derive(Clone)]
pub(crate) struct Line(Kind);

#[derive(Clone)]
enum Kind {
    Own { pipeline: Pipeline, db: i64 },
    Encrypted(MultiplexedConnection),
}

impl Line {
    /// Connects on the calling runtime; `ended` is called when the connection breaks later. Nothing for an address that
    /// asks for encryption.
    ///
    /// # Errors
    /// When nobody listens there, or does not let this user in.
    pub(super) async fn open(
        client: &Client,
        ended: impl FnOnce() + Send + 'static,
    ) -> RedisResult<Option<Self>> {
        let Some(stream) = stream::open(client).await? else { return Ok(None) };
        let db = client.get_connection_info().redis_settings().db();
        let mut line = Self(Kind::Own { pipeline: Pipeline::start(stream, ended), db });
        for greeting in greetings(client) {
            greeting.query_async::<Value>(&mut line).await?;
        }
        Ok(Some(line))
    }

    pub(super) fn encrypted(connection: MultiplexedConnection) -> Self {
        Self(Kind::Encrypted(connection))
    }
}

/// What is said first. The last word is answered only to who may ask.
fn greetings(client: &Client) -> Vec<Cmd> {
    let settings = client.get_connection_info().redis_settings();
    let mut greetings = Vec::new();
    if let Some(password) = settings.password() {
        let mut auth = redis::cmd("AUTH");
        auth.arg(settings.username()).arg(password);
        greetings.push(auth);
    }
    if settings.db() != 0 {
        let mut select = redis::cmd("SELECT");
        select.arg(settings.db());
        greetings.push(select);
    }
    greetings.push(redis::cmd("PING"));
    greetings
}

impl ConnectionLike for Line {
    fn req_packed_command<'a>(&'a mut self, cmd: &'a Cmd) -> RedisFuture<'a, Value> {
        match &mut self.0 {
            Kind::Own { pipeline, .. } => async move {
                let mut replies = pipeline.ask(cmd.get_packed_command(), 1).await?;
                Ok(replies.pop().unwrap_or_default())
            }
            .boxed(),
            Kind::Encrypted(connection) => connection.req_packed_command(cmd),
        }
    }

    fn req_packed_commands<'a>(
        &'a mut self,
        commands: &'a redis::Pipeline,
        offset: usize,
        count: usize,
    ) -> RedisFuture<'a, Vec<Value>> {
        match &mut self.0 {
            Kind::Own { pipeline, .. } => async move {
                let mut replies = pipeline.ask(commands.get_packed_pipeline(), offset + count).await?;
                for skipped in replies.drain(..offset) {
                    skipped.extract_error()?;
                }
                Ok(replies)
            }
            .boxed(),
            Kind::Encrypted(connection) => connection.req_packed_commands(commands, offset, count),
        }
    }

    fn get_db(&self) -> i64 {
        match &self.0 {
            Kind::Own { db, .. } => *db,
            Kind::Encrypted(connection) => connection.get_db(),
        }
    }
}
