//! An event as it travels, whatever over.

use bytes::Bytes;

/// An event or the arguments of an acknowledgement: the JSON text of a list, in which binary values are
/// `{"_placeholder":true,"num":0}` and so on, and their data in that order.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Event {
    pub(crate) json: Bytes,
    pub(crate) attachments: Vec<Bytes>,
}

impl Event {
    /// How many bytes it has.
    pub(crate) fn len(&self) -> usize {
        self.json.len() + self.attachments.iter().map(Bytes::len).sum::<usize>()
    }
}

impl From<&'static str> for Event {
    fn from(json: &'static str) -> Self {
        Self { json: Bytes::from_static(json.as_bytes()), attachments: Vec::new() }
    }
}

impl From<String> for Event {
    fn from(json: String) -> Self {
        Self { json: json.into(), attachments: Vec::new() }
    }
}
