//! A browser's half of a test: HTTP with cookies.

use std::collections::BTreeMap;
use std::future::{Future, IntoFuture};
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};

use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

use super::{PATIENCE, TestSocket};

type Jar = Arc<Mutex<BTreeMap<String, String>>>;

/// An HTTP client that keeps its cookies, as one browser does.
#[derive(Debug, Clone)]
pub struct TestClient {
    address: SocketAddr,
    cookies: Jar,
}

impl TestClient {
    pub(super) fn new(address: SocketAddr) -> Self {
        Self { address, cookies: Jar::default() }
    }

    /// The same browser on another instance.
    pub fn at(&self, other: &TestClient) -> Self {
        Self { address: other.address, cookies: self.cookies.clone() }
    }

    /// The address requests go to.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// `GET path`.
    pub fn get(&self, path: &str) -> TestRequest {
        self.request("GET", path)
    }

    /// `POST path`.
    pub fn post(&self, path: &str) -> TestRequest {
        self.request("POST", path)
    }

    /// `PATCH path`.
    pub fn patch(&self, path: &str) -> TestRequest {
        self.request("PATCH", path)
    }

    /// `DELETE path`.
    pub fn delete(&self, path: &str) -> TestRequest {
        self.request("DELETE", path)
    }

    /// Any request; awaiting it sends it.
    pub fn request(&self, method: &str, path: &str) -> TestRequest {
        TestRequest {
            client: self.clone(),
            method: method.to_owned(),
            path: path.to_owned(),
            headers: vec![("Origin".to_owned(), format!("http://{}", self.address))],
            body: Vec::new(),
        }
    }

    /// A socket that sends the cookies this client has so far.
    pub async fn socket(&self) -> TestSocket {
        TestSocket::connect(self.address, self.cookie_header()).await
    }

    fn cookie_header(&self) -> Option<String> {
        let jar = self.cookies.lock().unwrap_or_else(PoisonError::into_inner);
        let pairs: Vec<_> = jar.iter().map(|(name, value)| format!("{name}={value}")).collect();
        (!pairs.is_empty()).then(|| pairs.join("; "))
    }

    fn keep(&self, set_cookie: &str) {
        let mut jar = self.cookies.lock().unwrap_or_else(PoisonError::into_inner);
        let pair = set_cookie.split(';').next().unwrap_or_default();
        if let Some((name, value)) = pair.split_once('=') {
            if value.is_empty() || set_cookie.contains("Max-Age=0") {
                jar.remove(name);
            } else {
                jar.insert(name.to_owned(), value.to_owned());
            }
        }
    }
}

/// A request not sent yet.
#[derive(Debug)]
#[must_use = "a request is sent by awaiting it"]
pub struct TestRequest {
    client: TestClient,
    method: String,
    path: String,
    headers: Vec<(String, String)>,
    body: Vec<u8>,
}

impl TestRequest {
    /// With a header; it replaces one of the same name.
    pub fn header(mut self, name: &str, value: &str) -> Self {
        self.headers.retain(|(other, _)| !other.eq_ignore_ascii_case(name));
        self.headers.push((name.to_owned(), value.to_owned()));
        self
    }

    /// Without a header it would have, such as `Origin`.
    pub fn without(mut self, name: &str) -> Self {
        self.headers.retain(|(other, _)| !other.eq_ignore_ascii_case(name));
        self
    }

    /// With these bytes as the body.
    pub fn body(mut self, bytes: impl Into<Vec<u8>>) -> Self {
        self.body = bytes.into();
        self
    }

    /// With a JSON body.
    pub fn json(mut self, body: &impl Serialize) -> Self {
        self.body = serde_json::to_vec(body).expect("a JSON body");
        self.header("Content-Type", "application/json")
    }

    /// With a form as the body, sent as a browser's page would.
    pub fn form(mut self, fields: &[(&str, &str)]) -> Self {
        let encode = |text: &str| {
            let bytes = text.bytes();
            bytes.fold(String::new(), |out, byte| match byte {
                b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'_' | b'.' => {
                    out + &char::from(byte).to_string()
                }
                other => out + &format!("%{other:02X}"),
            })
        };
        let pairs: Vec<_> =
            fields.iter().map(|(name, value)| format!("{}={}", encode(name), encode(value))).collect();
        self.body = pairs.join("&").into_bytes();
        self.header("Content-Type", "application/x-www-form-urlencoded").header("Accept", "text/html")
    }

    fn send(self) -> TestResponse {
        let config = ureq::Agent::config_builder()
            .http_status_as_error(false)
            .max_redirects(0)
            .timeout_global(Some(PATIENCE))
            .build();
        let mut request = ureq::http::Request::builder()
            .method(self.method.as_str())
            .uri(format!("http://{}{}", self.client.address, self.path));
        for (name, value) in &self.headers {
            request = request.header(name, value);
        }
        if let Some(cookies) = self.client.cookie_header() {
            request = request.header("Cookie", cookies);
        }
        let request = request.body(self.body).expect("a well-formed request");
        let mut response = ureq::Agent::from(config).run(request).expect("an answer");
        for value in response.headers().get_all("set-cookie") {
            self.client.keep(value.to_str().expect("a cookie of ASCII"));
        }
        let headers = response.headers().iter();
        let headers = headers
            .map(|(name, value)| (name.to_string(), String::from_utf8_lossy(value.as_bytes()).into_owned()));
        TestResponse {
            status: response.status().as_u16(),
            headers: headers.collect(),
            body: response.body_mut().read_to_vec().expect("a whole body"),
        }
    }
}

impl IntoFuture for TestRequest {
    type Output = TestResponse;
    type IntoFuture = Pin<Box<dyn Future<Output = TestResponse>>>;

    fn into_future(self) -> Self::IntoFuture {
        Box::pin(async move { tokio::task::spawn_blocking(move || self.send()).await.expect("an answer") })
    }
}

/// An answer, read whole.
#[derive(Debug, Clone)]
pub struct TestResponse {
    status: u16,
    headers: Vec<(String, String)>,
    body: Vec<u8>,
}

impl TestResponse {
    /// The status.
    pub fn status(&self) -> u16 {
        self.status
    }

    /// A header's value.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers
            .iter()
            .find(|(other, _)| other.eq_ignore_ascii_case(name))
            .map(|(_, value)| value.as_str())
    }

    /// The body as it came.
    pub fn bytes(&self) -> &[u8] {
        &self.body
    }

    /// The body as text.
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    /// The body as JSON.
    pub fn json(&self) -> Value {
        self.json_as()
    }

    /// The body as JSON of a type.
    pub fn json_as<T: DeserializeOwned>(&self) -> T {
        serde_json::from_slice(&self.body).unwrap_or_else(|error| panic!("{error} in: {}", self.text()))
    }

    /// Asserts that the status is 2xx or 3xx, and goes on with the answer.
    pub fn ok(self) -> Self {
        assert!((200..400).contains(&self.status), "{}: {}", self.status, self.text());
        self
    }
}
