//! JSON text as MessagePack, without a tree between them.

use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, MapAccess, SeqAccess, Visitor};

use super::{write_array_len, write_float, write_map_len, write_negative, write_str, write_unsigned};

/// Writes one JSON text.
///
/// # Errors
/// When it is none; then something may have been written.
pub(crate) fn write_json(json: &[u8], out: &mut Vec<u8>) -> serde_json::Result<()> {
    let mut text = serde_json::Deserializer::from_slice(json);
    text.deserialize_any(Writer(out))?;
    text.end()
}

struct Writer<'a>(&'a mut Vec<u8>);

impl Writer<'_> {
    /// Puts the head before a list or an object that was written from `start`: how much it has is known at its end.
    fn head(self, start: usize, len: usize, write_len: fn(usize, &mut Vec<u8>)) {
        let end = self.0.len();
        write_len(len, self.0);
        // Short ones have one byte, for which room was left.
        match self.0.get(end..) {
            Some(&[head]) => {
                if let Some(place) = self.0.get_mut(start) {
                    *place = head;
                }
                self.0.truncate(end);
            }
            _ => {
                let head = self.0.split_off(end);
                self.0.splice(start..=start, head);
            }
        }
    }
}

impl<'de> DeserializeSeed<'de> for Writer<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, from: D) -> Result<(), D::Error> {
        from.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Writer<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON")
    }

    fn visit_unit<E>(self) -> Result<(), E> {
        self.0.push(0xc0);
        Ok(())
    }

    fn visit_bool<E>(self, value: bool) -> Result<(), E> {
        self.0.push(if value { 0xc3 } else { 0xc2 });
        Ok(())
    }

    fn visit_u64<E>(self, value: u64) -> Result<(), E> {
        write_unsigned(value, self.0);
        Ok(())
    }

    fn visit_i64<E>(self, value: i64) -> Result<(), E> {
        write_negative(value, self.0);
        Ok(())
    }

    fn visit_f64<E>(self, value: f64) -> Result<(), E> {
        write_float(value, self.0);
        Ok(())
    }

    fn visit_str<E>(self, value: &str) -> Result<(), E> {
        write_str(value, self.0);
        Ok(())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<(), A::Error> {
        let (start, mut len) = (self.0.len(), 0);
        self.0.push(0);
        while items.next_element_seed(Writer(self.0))?.is_some() {
            len += 1;
        }
        self.head(start, len, write_array_len);
        Ok(())
    }

    fn visit_map<A: MapAccess<'de>>(self, mut fields: A) -> Result<(), A::Error> {
        let (start, mut len) = (self.0.len(), 0);
        self.0.push(0);
        while fields.next_key_seed(Writer(self.0))?.is_some() {
            fields.next_value_seed(Writer(self.0))?;
            len += 1;
        }
        self.head(start, len, write_map_len);
        Ok(())
    }
}
