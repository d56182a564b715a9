//! The proof that the instances are one app: a message and a session seen on all of them.

use std::collections::{BTreeMap, BTreeSet};
use std::thread;
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use ureq::http::{Response, header};
use ureq::{Agent, Body, RequestBuilder};

use super::{Site, url};
use crate::output::say;
use crate::process::POLL;
use crate::{Error, Result};

const TIMEOUT: Duration = Duration::from_secs(5);
/// Enough for a balancer that takes turns to reach every instance, however it begins.
const MOST_VISITS: usize = 60;
const INSTANCE: &str = "X-Regatta-Instance";

/// A client for this machine: no proxy, 5 s for an answer, every status an answer.
pub fn agent() -> Agent {
    let config =
        Agent::config_builder().proxy(None).timeout_global(Some(TIMEOUT)).http_status_as_error(false);
    config.build().into()
}

/// Checks the running cluster and prints what was seen; needs at least two instances.
pub fn cluster(site: &Site) -> Result<()> {
    let [first, .., last] = site.instances.as_slice() else {
        return Err(Error::Check("there is only one instance".to_owned()));
    };
    let mut visitor = Visitor::new();
    message_is_seen_elsewhere(&mut visitor, *first, *last)?;
    session_continues(&mut visitor, site)
}

fn message_is_seen_elsewhere(visitor: &mut Visitor, here: u16, there: u16) -> Result<()> {
    let body = format!("Ahoy from port {here}, process {}", std::process::id());
    visitor.post(here, "/name", &json!({ "name": "Checker" }))?;
    let posted = visitor.post(here, "/message", &json!({ "body": body }))?;
    say!("Instance {} took the message {body:?}", posted.instance);

    let deadline = Instant::now() + TIMEOUT;
    loop {
        let seen = visitor.get(there, "/message?limit=20")?;
        if seen.text.contains(&body) {
            say!("Instance {} has it", seen.instance);
            return Ok(());
        }
        if Instant::now() >= deadline {
            let text = seen.text;
            return Err(Error::Check(format!(
                "port {there} does not have the message {body:?}; it answers {text}"
            )));
        }
        thread::sleep(POLL);
    }
}

fn session_continues(visitor: &mut Visitor, site: &Site) -> Result<()> {
    let mut instances = BTreeSet::new();
    let mut expected = None;
    for _ in 0..MOST_VISITS {
        let answer = visitor.get(site.front, "/visits")?;
        let visits =
            serde_json::from_str::<Value>(&answer.text).ok().and_then(|body| body["visits"].as_u64());
        let Some(visits) = visits else {
            return Err(Error::Check(format!("/visits answers {:?}, which counts nothing", answer.text)));
        };
        if expected.is_some_and(|expected| visits != expected) {
            return Err(Error::Check(format!(
                "the session's counter is at {visits} on instance {} where {} was due",
                answer.instance,
                expected.unwrap_or_default()
            )));
        }
        expected = Some(visits + 1);
        instances.insert(answer.instance);
        if instances.len() >= site.instances.len() {
            let names: Vec<_> = instances.into_iter().collect();
            say!("One session counted to {visits} through nginx over instances {}", names.join(", "));
            return Ok(());
        }
    }
    Err(Error::Check(format!(
        "nginx reached only {} of {} instances in {MOST_VISITS} requests",
        instances.len(),
        site.instances.len()
    )))
}

/// A browser of sorts: it keeps its cookies and says where its requests come from.
#[derive(Debug)]
struct Visitor {
    agent: Agent,
    cookies: BTreeMap<String, String>,
}

#[derive(Debug)]
struct Answer {
    text: String,
    instance: String,
}

impl Visitor {
    fn new() -> Self {
        Self { agent: agent(), cookies: BTreeMap::new() }
    }

    fn get(&mut self, port: u16, path: &str) -> Result<Answer> {
        let answer = self.prepared(self.agent.get(url(port, path))).call();
        self.read("GET", port, path, answer)
    }

    /// With the Origin that a page of that port would send: a session cookie alone proves nothing.
    fn post(&mut self, port: u16, path: &str, body: &Value) -> Result<Answer> {
        let request = self.agent.post(url(port, path)).header(header::ORIGIN, url(port, ""));
        let answer = self.prepared(request).send_json(body);
        self.read("POST", port, path, answer)
    }

    fn prepared<B>(&self, request: RequestBuilder<B>) -> RequestBuilder<B> {
        let request = request.header(header::ACCEPT, "application/json");
        if self.cookies.is_empty() {
            return request;
        }
        let pairs: Vec<_> = self.cookies.iter().map(|(name, value)| format!("{name}={value}")).collect();
        request.header(header::COOKIE, pairs.join("; "))
    }

    /// The answer's text if its status is of the 2xx.
    fn read(
        &mut self,
        method: &str,
        port: u16,
        path: &str,
        answer: Result<Response<Body>, ureq::Error>,
    ) -> Result<Answer> {
        let failed = |what: String| Error::Check(format!("{method} {path} on port {port}: {what}"));
        let mut answer = answer.map_err(|error| failed(error.to_string()))?;
        for cookie in answer.headers().get_all(header::SET_COOKIE) {
            let pair = cookie.to_str().ok().and_then(|text| text.split(';').next()?.split_once('='));
            if let Some((name, value)) = pair {
                self.cookies.insert(name.trim().to_owned(), value.trim().to_owned());
            }
        }
        let instance = answer.headers().get(INSTANCE).and_then(|id| id.to_str().ok());
        let instance = instance.unwrap_or("(unnamed)").to_owned();
        let text = answer.body_mut().read_to_string().map_err(|error| failed(error.to_string()))?;
        if !answer.status().is_success() {
            return Err(failed(format!("{} {text}", answer.status())));
        }
        Ok(Answer { text, instance })
    }
}
