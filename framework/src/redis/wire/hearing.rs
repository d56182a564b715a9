//! A connection on which channels are heard: one half asks, the other one hears.

use std::collections::VecDeque;
use std::io;

use bytes::Bytes;
use futures_util::StreamExt as _;
use redis::aio::{PubSub, PubSubSink, PubSubStream};
use redis::{Client, RedisResult, Value};
use tokio::io::{AsyncWriteExt as _, WriteHalf};
use tokio::sync::watch;

use super::replies::Replies;
use super::stream::{self, Stream};
use super::{greetings, resp};

const PING: &[u8] = b"*1\r\n$4\r\nPING\r\n";

/// A message of a channel.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Heard {
    channel: Bytes,
    /// The subscription it fits, when that is a pattern.
    pattern: Option<Bytes>,
    payload: Bytes,
}

impl Heard {
    /// The channel's name; one that is no text is nobody's here.
    pub(crate) fn channel(&self) -> &str {
        str::from_utf8(&self.channel).unwrap_or("?")
    }

    pub(crate) fn pattern(&self) -> Option<&str> {
        str::from_utf8(self.pattern.as_ref()?).ok()
    }

    pub(crate) fn payload(&self) -> &[u8] {
        &self.payload
    }
}

/// The half that asks; it is answered only while the other one is heard.
pub(crate) struct Mouth(Speaking);

enum Speaking {
    Own {
        writer: WriteHalf<Box<dyn Stream>>,
        /// How many questions were asked, and how many bytes of the last one are not written yet.
        asked: u64,
        unwritten: usize,
        answered: watch::Receiver<u64>,
    },
    Encrypted(Box<PubSubSink>),
}

/// The half that hears.
pub(crate) struct Ear(Hearing);

enum Hearing {
    Own {
        replies: Replies,
        /// What came before every subscription was confirmed.
        early: VecDeque<Heard>,
        answered: watch::Sender<u64>,
    },
    Encrypted(Box<PubSubStream>),
}

/// Connects and subscribes; nothing for an address that asks for encryption.
///
/// # Errors
/// When nobody listens there, or does not let this user in.
pub(in crate::redis) async fn listen(
    client: &Client,
    patterns: &[String],
    channels: &[String],
) -> RedisResult<Option<(Mouth, Ear)>> {
    let Some(stream) = stream::open(client).await? else { return Ok(None) };
    let (reader, mut writer) = tokio::io::split(stream);
    let mut commands = Vec::new();
    let greetings = greetings(client);
    greetings.iter().for_each(|greeting| greeting.write_packed_command(&mut commands));
    for (name, subjects) in [("PSUBSCRIBE", patterns), ("SUBSCRIBE", channels)] {
        if !subjects.is_empty() {
            redis::cmd(name).arg(subjects).write_packed_command(&mut commands);
        }
    }
    writer.write_all(&commands).await?;
    let mut replies = Replies::new(reader);
    for _ in greetings {
        resp::value(&replies.next().await?)?.extract_error()?;
    }
    let (mut early, mut due) = (VecDeque::new(), patterns.len() + channels.len());
    while due > 0 {
        match said(replies.next().await?)? {
            Said::Message(heard) => early.push_back(heard),
            Said::Answer => {}
            Said::Subscribed => due -= 1,
        }
    }
    let (answered, answers) = watch::channel(0);
    let mouth = Speaking::Own { writer, asked: 0, unwritten: 0, answered: answers };
    Ok(Some((Mouth(mouth), Ear(Hearing::Own { replies, early, answered }))))
}

/// The same on an encrypted connection.
///
/// # Errors
/// When it is lost, or this user may not hear that.
pub(in crate::redis) async fn listen_encrypted(
    connection: PubSub,
    patterns: &[String],
    channels: &[String],
) -> RedisResult<(Mouth, Ear)> {
    let (mut sink, stream) = connection.split();
    if !patterns.is_empty() {
        sink.psubscribe(patterns).await?;
    }
    if !channels.is_empty() {
        sink.subscribe(channels).await?;
    }
    Ok((Mouth(Speaking::Encrypted(Box::new(sink))), Ear(Hearing::Encrypted(Box::new(stream)))))
}

impl Mouth {
    /// Asks whether the server is there. It may be given up and asked again.
    ///
    /// # Errors
    /// When the connection is lost.
    #[expect(clippy::indexing_slicing, reason = "at most the whole of it is unwritten")]
    pub(crate) async fn ping(&mut self) -> RedisResult<()> {
        match &mut self.0 {
            Speaking::Own { writer, asked, unwritten, answered } => {
                if *unwritten == 0 {
                    *unwritten = PING.len();
                    *asked += 1;
                }
                while *unwritten > 0 {
                    *unwritten -= writer.write(&PING[PING.len() - *unwritten..]).await?;
                }
                let gone = |_| io::Error::from(io::ErrorKind::BrokenPipe);
                answered.wait_for(|answered| *answered >= *asked).await.map_err(gone)?;
                Ok(())
            }
            Speaking::Encrypted(sink) => sink.ping::<Value>().await.map(drop),
        }
    }
}

impl Ear {
    /// The next message; nothing when the connection is lost. No message is lost when nobody waits for it any longer.
    pub(crate) async fn next(&mut self) -> Option<Heard> {
        match &mut self.0 {
            Hearing::Own { replies, early, answered } => {
                if let Some(heard) = early.pop_front() {
                    return Some(heard);
                }
                loop {
                    match replies.next().await.and_then(said) {
                        Ok(Said::Message(heard)) => return Some(heard),
                        Ok(Said::Answer) => answered.send_modify(|answered| *answered += 1),
                        Ok(Said::Subscribed) => {}
                        Err(error) => {
                            tracing::debug!(%error, "a connection to Redis ended");
                            return None;
                        }
                    }
                }
            }
            Hearing::Encrypted(stream) => {
                let message = stream.next().await?;
                let pattern = message.get_pattern::<Option<Vec<u8>>>().ok().flatten();
                Some(Heard {
                    channel: Bytes::copy_from_slice(message.get_channel_name().as_bytes()),
                    pattern: pattern.map(Bytes::from),
                    payload: Bytes::copy_from_slice(message.get_payload_bytes()),
                })
            }
        }
    }
}

/// What a server says on a connection with subscriptions.
enum Said {
    Message(Heard),
    /// To a ping.
    Answer,
    Subscribed,
}

fn said(reply: Bytes) -> io::Result<Said> {
    let [kind, first, second, third] = resp::texts(&reply)?;
    let text = |place: Option<(usize, usize)>| {
        place.map(|(start, end)| reply.slice(start..end)).ok_or(io::ErrorKind::InvalidData)
    };
    let kind = text(kind)?;
    Ok(match &*kind {
        b"message" => Said::Message(Heard { channel: text(first)?, pattern: None, payload: text(second)? }),
        b"pmessage" => {
            let pattern = Some(text(first)?);
            Said::Message(Heard { channel: text(second)?, pattern, payload: text(third)? })
        }
        b"pong" => Said::Answer,
        b"subscribe" | b"psubscribe" => Said::Subscribed,
        _ => return Err(io::ErrorKind::InvalidData.into()),
    })
}
