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
fn at_once(mut writer: Writer<'_>, write: impl FnOnce(Writer<'_>) -> fmt::Result) -> fmt::Result {
    // A value that logs while it is written is in the middle of another text.
    let mut draft = DRAFT.with(RefCell::take);
    let written = write(Writer::new(&mut draft)).and_then(|()| writer.write_str(&draft));
    draft.clear();
    DRAFT.set(draft);
    written
}

impl<'a> FormatFields<'a> for Fields {
    fn format_fields<R: RecordFields>(&self, writer: Writer<'a>, fields: R) -> fmt::Result {
        at_once(writer, |writer| {
            let mut object = Object { writer, front: "{", outcome: Ok(()) };
            fields.record(&mut object);
            object.outcome?;
            object.writer.write_str(if object.front == "{" { "{}" } else { "}" })
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
        at_once(writer, |writer| self.0.format_fields(writer, fields))
    }
}

struct Object<'a> {
    writer: Writer<'a>,
    /// What comes before the next field.
    front: &'static str,
    outcome: fmt::Result,
}

impl Object<'_> {
    fn plain(&mut self, field: &Field, value: fmt::Arguments<'_>) {
        let front = std::mem::replace(&mut self.front, ",");
        let written = write!(self.writer, "{front}\"{}\":{value}", field.name());
        self.outcome = self.outcome.and(written);
    }

    fn text(&mut self, field: &Field, value: fmt::Arguments<'_>) {
        self.plain(field, format_args!("\""));
        let written = Escaped(&mut self.writer).write_fmt(value);
        let ended = self.writer.write_char('"');
        self.outcome = self.outcome.and(written).and(ended);
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
        self.text(field, format_args!("{value}"));
    }

    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        self.text(field, format_args!("{value:?}"));
    }
}

/// The inside of a JSON text.
struct Escaped<'a, 'w>(&'a mut Writer<'w>);

impl fmt::Write for Escaped<'_, '_> {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        let mut rest = text;
        while let Some(place) = rest.bytes().position(|byte| byte < 0x20 || matches!(byte, b'"' | b'\\')) {
            let (clean, special) = rest.split_at(place);
            self.0.write_str(clean)?;
            match special.as_bytes()[0] {
                byte @ (b'"' | b'\\') => write!(self.0, "\\{}", char::from(byte))?,
                byte => write!(self.0, "\\u{byte:04x}")?,
            }
            rest = &special[1..];
        }
        self.0.write_str(rest)
    }
}
