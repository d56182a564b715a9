//! A small HTTP client with cookies, and raw requests for what no client would send.

use std::collections::BTreeMap;
use std::io::{Read, Write};
use std::net::TcpStream;
use std::sync::Mutex;
use std::time::Duration;

use serde_json::Value;
use ureq::Agent;
use ureq::http::{Request, Response};

use crate::wait::{self, SOON};

/// A browser-like client of one address: it keeps cookies, follows no redirect and opens a connection per request, so
/// that behind a balancer every request may meet another instance.
#[derive(Debug)]
pub struct Http {
    agent: Agent,
    base: String,
    cookies: Mutex<BTreeMap<String, String>>,
}

/// An answer, whatever its status.
#[derive(Debug)]
pub struct Answer {
    /// The status code.
    pub status: u16,
    /// Names in lower case, in the order received.
    pub headers: Vec<(String, String)>,
    /// The body as text.
    pub body: String,
}

impl Http {
    /// A client without cookies of `base`, for example `http://127.0.0.1:3001`.
    pub fn new(base: &str) -> Self {
        let config = Agent::config_builder()
            .http_status_as_error(false)
            .max_redirects(0)
            .max_idle_connections(0)
            .proxy(None)
            .timeout_global(Some(Duration::from_secs(30)))
            .build();
        Self { agent: config.into(), base: base.trim_end_matches('/').to_owned(), cookies: Mutex::default() }
    }

    /// The address it was made for.
    pub fn base(&self) -> &str {
        &self.base
    }

    /// Another client with the same cookies for another address, as a browser that is balanced to another instance.
    pub fn at(&self, base: &str) -> Self {
        let other = Self::new(base);
        other.cookies.lock().unwrap().clone_from(&self.cookies.lock().unwrap());
        other
    }

    /// The `Cookie` header it sends.
    pub fn cookie(&self) -> String {
        let cookies = self.cookies.lock().unwrap();
        cookies.iter().map(|(name, value)| format!("{name}={value}")).collect::<Vec<_>>().join("; ")
    }

    /// GET as a program that reads JSON.
    pub fn get(&self, path: &str) -> Answer {
        self.send("GET", path, &[("accept", "application/json")], "")
    }

    /// GET as a browser that opens a page.
    pub fn page(&self, path: &str) -> Answer {
        self.send("GET", path, &[("accept", "text/html")], "")
    }

    /// POST of a form as a browser without JavaScript does.
    pub fn post_form(&self, path: &str, fields: &[(&str, &str)]) -> Answer {
        let form: Vec<_> = fields.iter().map(|(name, value)| format!("{name}={}", escaped(value))).collect();
        let headers = [
            ("accept", "text/html"),
            ("content-type", "application/x-www-form-urlencoded"),
            ("sec-fetch-site", "same-origin"),
        ];
        self.send("POST", path, &headers, &form.join("&"))
    }

    /// POST of a JSON body as a page's script does.
    pub fn post_json(&self, path: &str, body: &Value) -> Answer {
        let headers = [
            ("accept", "application/json"),
            ("content-type", "application/json"),
            ("sec-fetch-site", "same-origin"),
        ];
        self.send("POST", path, &headers, &body.to_string())
    }

    /// Any request.
    ///
    /// # Panics
    /// When no answer arrives within 30 s.
    #[track_caller]
    pub fn send(&self, method: &str, path: &str, headers: &[(&str, &str)], body: &str) -> Answer {
        self.try_send(method, path, headers, body).unwrap_or_else(|error| panic!("{method} {path}: {error}"))
    }

    /// Any request, where being refused or cut off is an expected outcome.
    ///
    /// # Errors
    /// When there is no whole answer.
    pub fn try_send(
        &self,
        method: &str,
        path: &str,
        headers: &[(&str, &str)],
        body: &str,
    ) -> Result<Answer, ureq::Error> {
        let mut request = Request::builder().method(method).uri(format!("{}{path}", self.base));
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let cookie = self.cookie();
        if !cookie.is_empty() {
            request = request.header("cookie", cookie);
        }
        let answer = if body.is_empty() && method == "GET" {
            self.agent.run(request.body(())?)?
        } else {
            self.agent.run(request.body(body.to_owned())?)?
        };
        self.keep_cookies(&answer);
        let headers = answer.headers().iter().map(|(name, value)| {
            (name.as_str().to_owned(), String::from_utf8_lossy(value.as_bytes()).into_owned())
        });
        let (status, headers) = (answer.status().as_u16(), headers.collect());
        Ok(Answer { status, headers, body: answer.into_body().read_to_string()? })
    }

    fn keep_cookies<B>(&self, answer: &Response<B>) {
        let mut cookies = self.cookies.lock().unwrap();
        for header in answer.headers().get_all("set-cookie") {
            let text = header.to_str().expect("a cookie is text");
            let (pair, attributes) = text.split_once(';').unwrap_or((text, ""));
            let (name, value) = pair.split_once('=').expect("a cookie has a name");
            if attributes.to_ascii_lowercase().contains("max-age=0") {
                cookies.remove(name.trim());
            } else {
                cookies.insert(name.trim().to_owned(), value.trim().to_owned());
            }
        }
    }
}

impl Answer {
    /// The first header of this lower-case name.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(header, _)| header == name).map(|(_, value)| value.as_str())
    }

    /// The body as JSON.
    ///
    /// # Panics
    /// When it is none; the message shows the answer.
    #[track_caller]
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap_or_else(|error| panic!("not JSON ({error}): {self:?}"))
    }

    /// The id of the instance that answered.
    ///
    /// # Panics
    /// When the answer does not name it.
    #[track_caller]
    pub fn instance(&self) -> String {
        self.header("x-regatta-instance")
            .unwrap_or_else(|| panic!("no X-Regatta-Instance: {self:?}"))
            .to_owned()
    }
}

/// Waits until `GET /readyz` of this address answers 200.
#[track_caller]
pub fn wait_ready(base: &str, deadline: Duration) {
    let http = Http::new(base);
    wait::until_true(&format!("{base}/readyz answers 200"), deadline, || {
        http.try_send("GET", "/readyz", &[], "").is_ok_and(|answer| answer.status == 200)
    });
}

/// Sends these bytes to `host:port` of `base` and reads until the server closes or falls silent for 10 s.
///
/// # Panics
/// When the server can't be reached.
#[track_caller]
pub fn raw(base: &str, bytes: &[u8]) -> String {
    let address = base.strip_prefix("http://").unwrap_or(base);
    let mut stream = TcpStream::connect(address).unwrap_or_else(|error| panic!("{address}: {error}"));
    stream.set_read_timeout(Some(SOON)).expect("a read deadline");
    // The server may answer and close before it has read everything.
    let _ = stream.write_all(bytes);
    let mut answer = Vec::new();
    let mut part = [0; 4096];
    while let Ok(length @ 1..) = stream.read(&mut part) {
        answer.extend_from_slice(&part[..length]);
    }
    String::from_utf8_lossy(&answer).into_owned()
}

/// A form field's value as `application/x-www-form-urlencoded`.
fn escaped(value: &str) -> String {
    let byte = |byte: u8| match byte {
        b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'.' | b'_' => char::from(byte).to_string(),
        b' ' => "+".to_owned(),
        other => format!("%{other:02X}"),
    };
    value.bytes().map(byte).collect()
}
