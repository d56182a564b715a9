//! A page of figures in Prometheus' text format, version 0.0.4.
//! See <https://prometheus.io/docs/instrumenting/exposition_formats/>.

use std::fmt::{Display, Write as _};

/// What kind of figure a family has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// It only grows, from the start of the process.
    Counter,
    /// It is as it is now.
    Gauge,
    /// How many were at most so large.
    Histogram,
}

/// The page while it is written.
#[derive(Debug, Default)]
pub(crate) struct Page {
    text: String,
}

/// Figures of one name, with labels that tell them apart.
#[derive(Debug)]
pub(crate) struct Family<'a> {
    text: &'a mut String,
    name: &'static str,
    /// Written before the first figure: a name without any is left out.
    head: Option<(Kind, &'static str)>,
}

impl Page {
    /// One number that only grows.
    pub(crate) fn counter(&mut self, name: &'static str, help: &'static str, value: u64) {
        self.family(Kind::Counter, name, help).sample(&[], value);
    }

    /// One number as it is now.
    pub(crate) fn gauge(&mut self, name: &'static str, help: &'static str, value: impl Display) {
        self.family(Kind::Gauge, name, help).sample(&[], value);
    }

    /// Several numbers of one name. Each name once a page.
    pub(crate) fn family(&mut self, kind: Kind, name: &'static str, help: &'static str) -> Family<'_> {
        Family { text: &mut self.text, name, head: Some((kind, help)) }
    }

    pub(crate) fn into_text(self) -> String {
        self.text
    }
}

impl Family<'_> {
    /// The number of these labels.
    pub(crate) fn sample(&mut self, labels: &[(&str, &str)], value: impl Display) {
        self.part("", labels, value);
    }

    /// A number whose name goes on behind that of the family: `_bucket`, `_sum` and `_count` of a histogram.
    pub(crate) fn part(&mut self, suffix: &str, labels: &[(&str, &str)], value: impl Display) {
        let (text, name) = (&mut *self.text, self.name);
        // Writing to a string can't fail.
        if let Some((kind, help)) = self.head.take() {
            let _ = writeln!(text, "# HELP {name} {help}\n# TYPE {name} {}", kind.as_str());
        }
        let _ = write!(text, "{name}{suffix}");
        let mut before = '{';
        for (label, value) in labels {
            let _ = write!(text, "{before}{label}=\"");
            escape(text, value);
            text.push('"');
            before = ',';
        }
        if !labels.is_empty() {
            text.push('}');
        }
        let _ = writeln!(text, " {value}");
    }
}

impl Kind {
    fn as_str(self) -> &'static str {
        match self {
            Self::Counter => "counter",
            Self::Gauge => "gauge",
            Self::Histogram => "histogram",
        }
    }
}

fn escape(text: &mut String, value: &str) {
    for letter in value.chars() {
        match letter {
            '\\' => text.push_str("\\\\"),
            '"' => text.push_str("\\\""),
            '\n' => text.push_str("\\n"),
            other => text.push(other),
        }
    }
}
