//! Random values, the same ones from the same seed.

use bytes::Bytes;
use serde_json::{Value, json};

use super::codecs::binary;
use crate::protocol::payload::Unit;

/// What may go wrong within texts.
const PIECES: [&str; 16] = [
    "",
    "a",
    "hello",
    "\"",
    "\\",
    "\\n",
    "\n",
    "\r\n",
    "€",
    "🚣",
    "\u{2028}",
    "\u{0}",
    "1:2",
    "b",
    "</script>",
    "%2B+",
];
const NAMESPACES: [&str; 4] = ["/", "/admin", "/a-b/c", "/ünï"];
const NUMBERS: [i64; 6] = [0, 1, -1, 10, -4_294_967_296, 9_007_199_254_740_991];
const FRACTIONS: [f64; 4] = [0.5, -0.125, 1e-7, 1.5e300];

/// xorshift64*.
pub(super) struct Random(u64);

impl Random {
    pub(super) fn from_seed(seed: u64) -> Self {
        Self(seed)
    }

    pub(super) fn below(&mut self, bound: usize) -> usize {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        let number = self.0.wrapping_mul(0x2545_f491_4f6c_dd1d) >> 33;
        usize::try_from(number).unwrap() % bound
    }

    pub(super) fn one_in(&mut self, bound: usize) -> bool {
        self.below(bound) == 0
    }

    pub(super) fn of<T: Copy>(&mut self, all: &[T]) -> T {
        all[self.below(all.len())]
    }

    pub(super) fn byte(&mut self) -> u8 {
        self.below(256) as u8
    }

    /// Without a backslash before a line feed, which JSON never has and JSONP requests can't carry.
    fn text(&mut self) -> String {
        (0..self.below(6)).map(|_| self.of(&PIECES)).collect::<String>().replace("\\\n", "\\ \n")
    }

    fn bytes(&mut self) -> Vec<u8> {
        let most = self.of(&[1, 4, 300]);
        (0..self.below(most)).map(|_| self.byte()).collect()
    }

    /// Packets of a payload, at least one. None of them closes the connection.
    pub(super) fn units(&mut self) -> Vec<Unit> {
        (0..=self.below(6)).map(|_| self.unit()).collect()
    }

    fn unit(&mut self) -> Unit {
        if self.one_in(3) {
            return Unit::Binary(Bytes::from(self.bytes()));
        }
        let kind = self.of(&['0', '2', '3', '4', '5', '6']);
        Unit::Text(format!("{kind}{}", self.text()).into())
    }

    /// An event or acknowledgement, as the JavaScript library shows it.
    pub(super) fn packet(&mut self) -> Value {
        let is_event = self.one_in(2);
        let id = if is_event && self.one_in(2) { Value::Null } else { json!(self.below(1 << 30)) };
        let mut data = Vec::new();
        if is_event {
            // Not a reserved name.
            data.push(if self.one_in(8) {
                json!(self.of(&NUMBERS))
            } else {
                json!(format!("on {}", self.text()))
            });
        }
        let mut attachments = self.below(11);
        data.extend((0..self.below(5)).map(|_| self.json(3, &mut attachments)));
        json!({ "type": if is_event { 2 } else { 3 }, "nsp": self.of(&NAMESPACES), "id": id, "data": data })
    }

    /// JSON with at most so many attachments.
    fn json(&mut self, depth: usize, attachments: &mut usize) -> Value {
        match self.below(if depth == 0 { 6 } else { 8 }) {
            0 => Value::Null,
            1 => self.one_in(2).into(),
            2 => self.of(&NUMBERS).into(),
            3 => self.of(&FRACTIONS).into(),
            4 if *attachments > 0 => {
                *attachments -= 1;
                binary(&self.bytes())
            }
            4 | 5 => self.text().into(),
            6 => (0..self.below(4)).map(|_| self.json(depth - 1, attachments)).collect(),
            _ => {
                let fields = (0..self.below(4)).map(|_| (self.text(), self.json(depth - 1, attachments)));
                Value::Object(fields.collect())
            }
        }
    }
}
