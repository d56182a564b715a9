//! Puts packets with binary data together: a text packet with placeholders, then one binary message for each.
//! See the Socket.IO protocol, revision 5 (<https://socket.io/docs/v4/socket-io-protocol/#binary_event>).

pub(crate) mod placeholders;

use bytes::Bytes;
use serde_json::value::RawValue;

use super::packet::{Packet, PacketError};

/// How many attachments Socket.IO's own libraries accept in a packet.
pub(crate) const MAX_ATTACHMENTS: usize = 10;

/// The messages of one connection, in their order. After an error the connection is to be closed.
#[derive(Debug)]
pub(crate) struct Assembler {
    max_attachments: usize,
    max_bytes: usize,
    waiting: Option<Waiting>,
}

/// A packet some of whose attachments are still to come.
#[derive(Debug)]
struct Waiting {
    packet: Assembled,
    count: usize,
    bytes: usize,
}

/// An event or acknowledgement with all its attachments. In `args` each of them has one placeholder,
/// `{"_placeholder":true,"num":<its index>}` with whatever white space.
#[derive(Debug)]
pub(crate) struct Assembled {
    pub(crate) kind: Kind,
    pub(crate) namespace: String,
    /// The id of the acknowledgement that is given or, by an event, asked for.
    pub(crate) ack: Option<u64>,
    pub(crate) args: Vec<Box<RawValue>>,
    pub(crate) attachments: Vec<Bytes>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    Event,
    Ack,
}

impl Assembler {
    /// For packets with at most `max_attachments`, which together have at most `max_bytes`.
    pub(crate) fn new(max_attachments: usize, max_bytes: usize) -> Self {
        Self { max_attachments, max_bytes, waiting: None }
    }

    /// A text message: a packet, unless its attachments must come first.
    pub(crate) fn text<'a>(&mut self, text: &'a str) -> Result<Option<Packet<'a>>, PacketError> {
        if self.waiting.is_some() {
            return Err(PacketError::NoAttachment);
        }
        let packet = Packet::parse(text, self.max_attachments)?;
        let (kind, namespace, ack, args, count) = match &packet {
            Packet::Event { namespace, ack, args, attachments: count @ 1.. } => {
                (Kind::Event, namespace, *ack, args, *count)
            }
            Packet::Ack { namespace, id, args, attachments: count @ 1.. } => {
                (Kind::Ack, namespace, Some(*id), args, *count)
            }
            _ => return Ok(Some(packet)),
        };
        placeholders::check(args, count)?;
        let packet = Assembled {
            kind,
            namespace: (*namespace).to_owned(),
            ack,
            args: args.iter().map(|arg| (*arg).to_owned()).collect(),
            attachments: Vec::with_capacity(count),
        };
        self.waiting = Some(Waiting { packet, count, bytes: 0 });
        Ok(None)
    }

    /// A binary message: the packet it completes, if it does.
    pub(crate) fn binary(&mut self, data: Bytes) -> Result<Option<Assembled>, PacketError> {
        let mut waiting = self.waiting.take().ok_or(PacketError::NoPacket)?;
        waiting.bytes += data.len();
        if waiting.bytes > self.max_bytes {
            return Err(PacketError::TooLargeAttachments);
        }
        waiting.packet.attachments.push(data);
        if waiting.packet.attachments.len() == waiting.count {
            return Ok(Some(waiting.packet));
        }
        self.waiting = Some(waiting);
        Ok(None)
    }
}

#[cfg(test)]
mod tests;
