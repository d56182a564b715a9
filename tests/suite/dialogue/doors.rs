//! The same question over HTTP and over a socket.

use regatta_tests::http::Http;
use serde_json::{Value, json};

use super::voice::{Voice, timeless};

/// Who can be asked.
pub(super) trait Asks {
    /// Status and body of a request; `body` is JSON, or nothing.
    fn ask(&mut self, verb: &str, path: &str, body: &str) -> (u16, String);

    /// Its body, when the status is the expected one; moments are written as `…`.
    #[track_caller]
    fn expect(&mut self, status: u16, verb: &str, path: &str, body: &str) -> String {
        let (got, answer) = self.ask(verb, path, body);
        assert_eq!(got, status, "{verb} {path} {body}: {answer}");
        timeless(&answer)
    }

    /// A read that succeeds.
    #[track_caller]
    fn get(&mut self, path: &str) -> String {
        self.expect(200, "GET", path, "")
    }

    /// The same as JSON.
    #[track_caller]
    fn json(&mut self, path: &str) -> Value {
        let body = self.get(path).replace('…', "0");
        serde_json::from_str(&body).unwrap_or_else(|error| panic!("{path}: {error} in {body}"))
    }

    /// The values of one attribute in a list.
    #[track_caller]
    fn column(&mut self, attribute: &str, path: &str) -> Vec<Value> {
        let Value::Array(list) = self.json(path) else { panic!("{path} gives no list") };
        list.iter().map(|record| record[attribute].clone()).collect()
    }
}

/// A way in.
pub(super) enum Door {
    Http(Http),
    Socket(Box<Voice>),
}

impl Door {
    pub(super) fn http(base: &str) -> Self {
        Self::Http(Http::new(base))
    }

    pub(super) fn socket(voice: Voice) -> Self {
        Self::Socket(Box::new(voice))
    }
}

impl Asks for Door {
    #[track_caller]
    fn ask(&mut self, verb: &str, path: &str, body: &str) -> (u16, String) {
        match self {
            Self::Http(http) => {
                let kind = [("accept", "application/json"), ("content-type", "application/json")];
                let kind = if body.is_empty() { &kind[..1] } else { &kind[..] };
                let answer = http.send(verb, path, kind, body);
                (answer.status, answer.body)
            }
            Self::Socket(voice) => voice.ask(verb, path, body),
        }
    }
}

impl Asks for Voice {
    #[track_caller]
    fn ask(&mut self, verb: &str, path: &str, body: &str) -> (u16, String) {
        let data = if body.is_empty() { json!({}) } else { serde_json::from_str(body).expect("JSON") };
        answer(&self.request(&verb.to_lowercase(), path, &data))
    }
}

/// Status and body of `[{"body":…,"headers":{},"statusCode":200}]`, whose bytes are looked at too.
#[track_caller]
pub(super) fn answer(ack: &str) -> (u16, String) {
    let parts = ack
        .strip_prefix("[{\"body\":")
        .and_then(|rest| rest.strip_suffix("}]"))
        .and_then(|rest| rest.rsplit_once(",\"headers\":{},\"statusCode\":"));
    let (body, status) = parts.unwrap_or_else(|| panic!("no answer of Sails: {ack}"));
    let text = serde_json::from_str::<String>(body).unwrap_or_else(|_| body.to_owned());
    (status.parse().expect("a status"), text)
}
