use std::io::{self, Write};
use std::sync::{Arc, Mutex};

use serde_json::{Value, json};
use tracing_subscriber::fmt::MakeWriter;
use tracing_subscriber::layer::SubscriberExt;

use super::fields::Fields;
use super::format::Named;
use super::redact::Redact;
use crate::config::{Config, Environment};

/// What was written.
#[derive(Clone, Default)]
struct Lines(Arc<Mutex<Vec<u8>>>);

impl Write for Lines {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl<'a> MakeWriter<'a> for Lines {
    type Writer = Self;

    fn make_writer(&'a self) -> Self {
        self.clone()
    }
}

fn redact() -> Redact {
    let folder = tempfile::TempDir::new().unwrap();
    let overrides = [
        ("datastores.default.url", "postgres://app:p4ss:word@db.example/app".to_owned()),
        ("session.secret", "0123456789abcdef0123456789abcdef".to_owned()),
    ];
    Redact::new(&Config::load_with(folder.path(), Environment::Test, &overrides).unwrap())
}

/// The one line that `work` writes in production.
fn line(work: impl FnOnce()) -> Value {
    let lines = Lines::default();
    let format = tracing_subscriber::fmt::format().json().flatten_event(true).with_span_list(false);
    let layer = tracing_subscriber::fmt::layer().with_writer(lines.clone()).fmt_fields(Fields::new());
    let layer = layer.event_format(Named::json(format, "one", redact()));
    tracing::subscriber::with_default(tracing_subscriber::registry().with(layer), work);
    serde_json::from_slice(&lines.0.lock().unwrap()).unwrap()
}

#[test]
fn a_line_names_the_instance_and_the_fields_of_its_span() {
    let line = line(|| {
        let span = tracing::info_span!(
            "request", id = "7f", method = %"GET", path = "/a\"b\\c\n\u{7f}é", size = 3_u64, share = 0.5,
            wrong = f64::NAN, secure = true, off = -1_i64, list = ?["x"], late = tracing::field::Empty
        );
        span.record("late", "now");
        span.in_scope(|| tracing::info!(answer = 42, "done"));
    });
    assert_eq!(line["instance"], "one");
    assert_eq!(line["answer"], 42);
    assert_eq!(line["message"], "done");
    assert_eq!(
        line["span"],
        json!({
            "name": "request", "id": "7f", "method": "GET", "path": "/a\"b\\c\n\u{7f}é", "size": 3, "share": 0.5,
            "wrong": "NaN", "secure": true, "off": -1, "list": "[\"x\"]", "late": "now",
        })
    );
}

#[test]
fn a_letter_json_has_another_way_for_is_found_at_every_place() {
    for special in ['"', '\\', '\u{1f}', '\0'] {
        for place in 0..20 {
            let text = format!("{}{special}\u{7f}é\u{20}", "a".repeat(place));
            let line =
                line(|| tracing::info_span!("s", text = text.as_str()).in_scope(|| tracing::info!("done")));
            assert_eq!(line["span"]["text"], text);
        }
    }
}

#[test]
fn a_span_without_fields_is_an_object_too() {
    let line = line(|| tracing::info_span!("empty").in_scope(|| tracing::info!("done")));
    assert_eq!(line["span"], json!({ "name": "empty" }));
}

#[test]
fn no_line_has_a_secret_in_it() {
    let line = line(|| {
        let span = tracing::info_span!("request", access_token = "span-secret", id = 1);
        span.in_scope(|| {
            tracing::info!(
                password = "a \"quoted\" one", user = "ann", headers = ?[("cookie", "x")],
                "connecting to postgres://app:p4ss:word@db.example/app with 0123456789abcdef0123456789abcdef"
            );
        });
    });
    assert_eq!((&line["password"], &line["user"]), (&json!("***"), &json!("ann")));
    assert_eq!(line["span"]["access_token"], "***");
    assert_eq!(line["message"], "connecting to postgres://app:***@db.example/app with ***");

    let redact = redact();
    for (text, expected) in [
        ("user_password=hunter2 id=7", "user_password=*** id=7"),
        ("api_key=\"a b\" id=7", "api_key=*** id=7"),
        ("GET /x?token=abc&page=2", "GET /x?token=***&page=2"),
        ("{\"authorization\": \"Basic eA==\", \"n\": 1}", "{\"authorization\": \"***\", \"n\": 1}"),
        ("sent Bearer abc.def-g to", "sent Bearer *** to"),
        ("the secret of success", "the secret of success"),
        ("tokens=7 passwords are long", "tokens=7 passwords are long"),
    ] {
        assert_eq!(redact.apply(text), expected);
    }
}
