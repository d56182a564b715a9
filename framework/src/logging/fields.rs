//! The fields of a span as JSON. Every request has a span and few write a line, so this is about making the text, not
//! about reading it.

use std::cell::RefCell;
use std::fmt::{self, Write as _};

use tracing::field::{Field, Visit};
use tracing_subscriber::field::RecordFields;
use tracing_subscriber::fmt::FormatFields;
use tracing_subscriber::fmt::format::{DefaultFields, JsonFields, Writer};

/// Writes the same as [`JsonFields`] in one go, without values in between.
pub(super) struct Fields(JsonFields);

impl Fields {
    pub(super) fn new() -> Self {
        Self(JsonFields::new())
    }
}

/// The same for people, as [`DefaultFields`] write them.
pub(super) struct TextFields(DefaultFields);

impl TextFields {
    pub(super) fn new() -> Self {
        Self(DefaultFields::new())
    }
}

thread_local! {
    /// Where a text grows before its length is known.
    static DRAFT: RefCell<String> = const { RefCell::new(String::new()) };
}

/// Has the text written in one piece, so that it takes memory once.
fn at_once(mut writer: Writer<'_>, write: impl FnOnce(&mut String) -> fmt::Result) -> fmt::Result {
    // A value that logs while it is written is in the middle of another text.
    let mut draft = DRAFT.with(RefCell::take);
    let written = write(&mut draft).and_then(|()| writer.write_str(&draft));
    draft.clear();
    DRAFT.set(draft);
    written
}

impl<'a> FormatFields<'a> for Fields {
    fn format_fields<R: RecordFields>(&self, writer: Writer<'a>, fields: R) -> fmt::Result {
        at_once(writer, |json| {
            let mut object = Object { json, front: '{', outcome: Ok(()) };
            fields.record(&mut object);
            object.outcome?;
            json.push_str(if json.is_empty() { "{}" } else { "}" });
            Ok(())
        })
    }

    fn add_fields(
        &self,
        current: &'a mut tracing_subscriber::fmt::FormattedFields<Self>,
        fields: &tracing::span::Record<'_>,
    ) -> fmt::Result {
        let mut formatted =
            tracing_subscriber::fmt::FormattedFields::<JsonFields>::new(current.fields.clone());
        self.0.add_fields(&mut formatted, fields)?;
        current.fields = formatted.fields;
        Ok(())
    }
}

impl<'a> FormatFields<'a> for TextFields {
    fn format_fields<R: RecordFields>(&self, writer: Writer<'a>, fields: R) -> fmt::Result {
        at_once(writer, |text| self.0.format_fields(Writer::new(text), fields))
    }
}

struct Object<'a> {
    json: &'a mut String,
    /// What comes before the next field.
    front: char,
    outcome: fmt::Result,
}

impl Object<'_> {
    fn name(&mut self, field: &Field) {
        self.json.push(std::mem::replace(&mut self.front, ','));
        self.json.push('"');
        self.json.push_str(field.name());
        self.json.push_str("\":");
    }

    fn plain(&mut self, field: &Field, value: fmt::Arguments<'_>) {
        self.name(field);
        let written = self.json.write_fmt(value);
        self.outcome = self.outcome.and(written);
    }

    fn text(&mut self, field: &Field, value: fmt::Arguments<'_>) {
        self.name(field);
        self.json.push('"');
        let written = Escaped(self.json).write_fmt(value);
        self.json.push('"');
        self.outcome = self.outcome.and(written);
    }
}

impl Visit for Object<'_> {
    fn record_f64(&mut self, field: &Field, value: f64) {
        if value.is_finite() {
            self.plain(field, format_args!("{value}"));
        } else {
            self.text(field, format_args!("{value}"));
        }
    }

    fn record_i64(&mut self, field: &Field, value: i64) {
        self.plain(field, format_args!("{value}"));
    }

    fn record_u64(&mut self, field: &Field, value: u64) {
        self.plain(field, format_args!("{value}"));
    }

    fn record_bool(&mut self, field: &Field, value: bool) {
        self.plain(field, format_args!("{value}"));
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        self.name(field);
        self.json.push('"');
        escape(self.json, value);
        self.json.push('"');
    }

    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        self.text(field, format_args!("{value:?}"));
    }
}

/// The inside of a JSON text.
struct Escaped<'a>(&'a mut String);

impl fmt::Write for Escaped<'_> {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        escape(self.0, text);
        Ok(())
    }
}

/// Whether a JSON text can't have this byte as it is.
fn is_special(byte: u8) -> bool {
    byte < 0x20 || matches!(byte, b'"' | b'\\')
}

/// Whether one of eight bytes is special, all looked at together: a byte's highest bit is set where subtracting from it
/// borrows and it had none.
fn has_special(eight: [u8; 8]) -> bool {
    const ONES: u64 = u64::from_ne_bytes([1; 8]);
    let below = |bytes: u64, bound: u8| bytes.wrapping_sub(ONES * u64::from(bound)) & !bytes;
    let bytes = u64::from_ne_bytes(eight);
    let is = |byte: u8| below(bytes ^ (ONES * u64::from(byte)), 1);
    (below(bytes, 0x20) | is(b'"') | is(b'\\')) & (ONES << 7) != 0
}

fn escape(json: &mut String, text: &str) {
    let (eights, rest) = text.as_bytes().as_chunks();
    if !eights.iter().any(|eight| has_special(*eight)) && !rest.iter().any(|byte| is_special(*byte)) {
        json.push_str(text);
        return;
    }
    let mut rest = text;
    while let Some(place) = rest.bytes().position(is_special) {
        let (clean, special) = rest.split_at(place);
        json.push_str(clean);
        let mut letters = special.chars();
        match letters.next() {
            Some(letter @ ('"' | '\\')) => json.extend(['\\', letter]),
            // Writing to a string can't fail.
            Some(letter) => _ = write!(json, "\\u{:04x}", u32::from(letter)),
            None => {}
        }
        rest = letters.as_str();
    }
    json.push_str(rest);
}
