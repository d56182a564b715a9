//! What instances send each other about connections: a length, the number of a call, and one of these.

use bytes::{Buf, BufMut, Bytes, BytesMut};
use bytestring::ByteString;

use crate::sockets::engine::refusal::Refusal;
use crate::sockets::engine::session::Inbound;
use crate::sockets::engine::wire::Wire;

/// The longest frame that is read: the largest message with what stands before it.
pub(super) const MAX: usize = 64 * 1024 * 1024;

/// What begins a call: which connection, and what is wanted of it.
#[derive(Debug)]
pub(super) struct Opening {
    pub(super) worker: u8,
    pub(super) id: String,
    pub(super) wanted: Wanted,
}

#[derive(Debug)]
pub(super) enum Wanted {
    Poll(Wire),
    Post { body: Bytes, is_binary: bool },
    Overflow,
    Upgrade,
}

#[derive(Debug)]
pub(super) enum Frame {
    Open(Opening),
    /// What waited for the client.
    Batch {
        body: Bytes,
        is_binary: bool,
    },
    /// What was wanted is done.
    Done,
    Refused(Refusal),
    /// Whether a batch reached the client; before there is one, that it left.
    Delivered(bool),
    /// From the client's WebSocket.
    In(Inbound),
    /// For the client's WebSocket.
    Out(Bytes),
    /// The caller or the called has nothing more to say.
    End,
}

impl Frame {
    pub(super) fn write(self, call: u64, out: &mut BytesMut) {
        let start = out.len();
        out.put_u32(0);
        out.put_u64(call);
        match self {
            Self::Open(Opening { worker, id, wanted }) => {
                let (kind, flag, body) = match wanted {
                    Wanted::Poll(wire) => (1, wire.base64, Bytes::new()),
                    Wanted::Post { body, is_binary } => (2, is_binary, body),
                    Wanted::Overflow => (3, false, Bytes::new()),
                    Wanted::Upgrade => (4, false, Bytes::new()),
                };
                out.put_slice(&[kind, worker, u8::from(flag), u8::try_from(id.len()).unwrap_or_default()]);
                out.put_slice(id.as_bytes());
                out.put_slice(&body);
            }
            Self::Batch { body, is_binary } => {
                out.put_slice(&[10, u8::from(is_binary)]);
                out.put_slice(&body);
            }
            Self::Done => out.put_u8(11),
            Self::Refused(refusal) => out.put_slice(&[12, refusal as u8]),
            Self::Delivered(delivered) => out.put_slice(&[13, u8::from(delivered)]),
            Self::Out(data) => {
                out.put_u8(14);
                out.put_slice(&data);
            }
            Self::End => out.put_u8(15),
            Self::In(message) => match message {
                Inbound::Text(text) => {
                    out.put_u8(20);
                    out.put_slice(text.as_bytes());
                }
                Inbound::Binary(data) => {
                    out.put_u8(21);
                    out.put_slice(&data);
                }
                Inbound::Ping(data) => {
                    out.put_u8(22);
                    out.put_slice(&data);
                }
                Inbound::Close(code) => {
                    out.put_u8(23);
                    out.put_u16(code.unwrap_or_default());
                }
                Inbound::TooBig => out.put_u8(24),
                Inbound::Broken => out.put_u8(25),
            },
        }
        let length = u32::try_from(out.len() - start - 4).unwrap_or(u32::MAX);
        if let Some(head) = out.get_mut(start..).and_then(<[u8]>::first_chunk_mut) {
            *head = length.to_be_bytes();
        }
    }

    /// The next frame in `buffer`, if all of it is there; nothing sensible is `Err`.
    pub(super) fn read(buffer: &mut BytesMut) -> Result<Option<(u64, Self)>, ()> {
        let Some(length) = buffer.first_chunk::<4>() else { return Ok(None) };
        let length = u32::from_be_bytes(*length) as usize;
        if !(9..=MAX).contains(&length) {
            return Err(());
        }
        if buffer.len() < 4 + length {
            buffer.reserve(4 + length - buffer.len());
            return Ok(None);
        }
        buffer.advance(4);
        let mut data = buffer.split_to(length).freeze();
        let call = data.get_u64();
        let kind = data.get_u8();
        Ok(Some((call, Self::of(kind, data)?)))
    }

    fn of(kind: u8, mut data: Bytes) -> Result<Self, ()> {
        let flag = |data: &mut Bytes| data.try_get_u8().map(|flag| flag != 0).map_err(drop);
        Ok(match kind {
            1..=4 => {
                let worker = data.try_get_u8().map_err(drop)?;
                let flag = flag(&mut data)?;
                let length = usize::from(data.try_get_u8().map_err(drop)?);
                if data.len() < length {
                    return Err(());
                }
                let id = String::from_utf8(data.split_to(length).to_vec()).map_err(drop)?;
                let wanted = match kind {
                    1 => Wanted::Poll(Wire { base64: flag }),
                    2 => Wanted::Post { body: data, is_binary: flag },
                    3 => Wanted::Overflow,
                    _ => Wanted::Upgrade,
                };
                Self::Open(Opening { worker, id, wanted })
            }
            10 => Self::Batch { is_binary: flag(&mut data)?, body: data },
            11 => Self::Done,
            12 => Self::Refused(Refusal::from_code(data.try_get_u8().map_err(drop)?)),
            13 => Self::Delivered(flag(&mut data)?),
            14 => Self::Out(data),
            15 => Self::End,
            20 => Self::In(Inbound::Text(ByteString::try_from(data).map_err(drop)?)),
            21 => Self::In(Inbound::Binary(data)),
            22 => Self::In(Inbound::Ping(data)),
            23 => {
                let code = data.try_get_u16().map_err(drop)?;
                Self::In(Inbound::Close((code != 0).then_some(code)))
            }
            24 => Self::In(Inbound::TooBig),
            25 => Self::In(Inbound::Broken),
            _ => return Err(()),
        })
    }
}
