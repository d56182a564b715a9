//! A packet of Socket.IO as the frames it takes: its text, then one for each attachment.

use std::sync::Arc;

use bytes::Bytes;

use super::engine::frame;
use crate::protocol::event::Event;
use crate::protocol::packet::write;

/// A packet ready for the wire, shared between all who get it.
#[derive(Debug, Clone)]
pub(super) struct Frames {
    pub(super) text: Bytes,
    pub(super) attachments: Arc<[Bytes]>,
}

impl Frames {
    /// An event, with the id it shall be acknowledged with.
    pub(super) fn event(namespace: &str, ack: Option<u64>, event: &Event) -> Self {
        let json = String::from_utf8_lossy(&event.json);
        Self::new(&write::event(namespace, ack, event.attachments.len(), &json), &event.attachments)
    }

    /// The acknowledgement of the event with this id.
    pub(super) fn ack(namespace: &str, id: u64, args: &Event) -> Self {
        let json = String::from_utf8_lossy(&args.json);
        Self::new(&write::ack(namespace, id, args.attachments.len(), &json), &args.attachments)
    }

    fn new(packet: &str, attachments: &[Bytes]) -> Self {
        let attachments = attachments.iter().map(|data| frame::binary(data)).collect();
        Self { text: frame::text(packet), attachments }
    }
}
