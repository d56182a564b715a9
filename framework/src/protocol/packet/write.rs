//! Packets that the server sends, as Engine.IO messages: `4`, then the packet. A namespace begins with `/` and holds no
//! comma; JSON is taken as it is.

use std::fmt::Write;

use serde_json::Value;
use serde_json::value::RawValue;

use crate::protocol::engine::Revision;

const CONNECT: char = '0';
const DISCONNECT: char = '1';
const EVENT: char = '2';
const ACK: char = '3';
const CONNECT_ERROR: char = '4';
const BINARY_EVENT: char = '5';
const BINARY_ACK: char = '6';

/// An event: `args_json` is `["name",…]`, and `ack` the id it shall be acknowledged with. Binary arguments are
/// `{"_placeholder":true,"num":0}` and so on in it, and their data follows in as many binary messages.
pub(crate) fn event(namespace: &str, ack: Option<u64>, attachments: usize, args_json: &str) -> String {
    let kind = if attachments == 0 { EVENT } else { BINARY_EVENT };
    packet(kind, namespace, ack, attachments, args_json)
}

/// The acknowledgement of the event with this id, with an array of arguments as in [`event`].
pub(crate) fn ack(namespace: &str, id: u64, attachments: usize, args_json: &str) -> String {
    let kind = if attachments == 0 { ACK } else { BINARY_ACK };
    packet(kind, namespace, Some(id), attachments, args_json)
}

/// The answer to a CONNECT: the socket's id and the private id with which it can be recovered. Clients of revision 3
/// derive the id themselves.
pub(crate) fn connected(namespace: &str, sid: &str, pid: Option<&str>, revision: Revision) -> String {
    let json = match (revision, pid) {
        (Revision::V3, _) => String::new(),
        (Revision::V4, None) => format!("{{\"sid\":{}}}", Value::from(sid)),
        (Revision::V4, Some(pid)) => {
            format!("{{\"sid\":{},\"pid\":{}}}", Value::from(sid), Value::from(pid))
        }
    };
    packet(CONNECT, namespace, None, 0, &json)
}

/// The refusal of a CONNECT: an object with the message and the data. Clients of revision 3 get the data alone, or else
/// the message.
pub(crate) fn refused(namespace: &str, message: &str, data: Option<&RawValue>, revision: Revision) -> String {
    let message = Value::from(message);
    let json = match (revision, data) {
        (Revision::V3, None) => message.to_string(),
        (Revision::V3, Some(data)) => data.get().to_owned(),
        (Revision::V4, None) => format!("{{\"message\":{message}}}"),
        (Revision::V4, Some(data)) => format!("{{\"message\":{message},\"data\":{data}}}"),
    };
    packet(CONNECT_ERROR, namespace, None, 0, &json)
}

/// The client is no longer in the namespace.
pub(crate) fn disconnected(namespace: &str) -> String {
    packet(DISCONNECT, namespace, None, 0, "")
}

fn packet(kind: char, namespace: &str, id: Option<u64>, attachments: usize, json: &str) -> String {
    /// The longest number with a hyphen.
    const NUMBER: usize = 21;
    let mut out = String::with_capacity(3 + namespace.len() + 2 * NUMBER + json.len());
    out.push('4');
    out.push(kind);
    // Writing to a string can't fail.
    if attachments > 0 {
        let _ = write!(out, "{attachments}-");
    }
    if namespace != "/" {
        out.push_str(namespace);
        out.push(',');
    }
    if let Some(id) = id {
        let _ = write!(out, "{id}");
    }
    out.push_str(json);
    out
}
