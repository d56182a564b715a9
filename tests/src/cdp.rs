//! A page of a browser, driven over the Chrome DevTools protocol.

use std::collections::HashMap;
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{self, Sender};
use std::sync::{Arc, Mutex};
use std::time::Duration;
use std::{fs, thread};

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use serde_json::{Value, json};

use crate::wait::{self, START};
use crate::wire::{Frame, Outgoing, Wire};

/// The connection to a browser, shared by its pages.
#[derive(Debug)]
pub struct Connection {
    outgoing: Outgoing,
    state: Arc<Mutex<State>>,
    next: AtomicU64,
}

#[derive(Debug, Default)]
struct State {
    /// Who waits for the answer with this id.
    waiting: HashMap<u64, Sender<Value>>,
    /// What went wrong in the page of this session.
    errors: HashMap<String, Vec<String>>,
    /// How many WebSockets of the page of this session have ended.
    ended_sockets: HashMap<String, usize>,
}

impl Connection {
    /// Connects to the address a browser prints at its start.
    ///
    /// # Panics
    /// When the browser does not answer.
    pub fn open(url: &str) -> Arc<Self> {
        let wire = Wire::connect(url, &[], |_| None).expect("a connection to the browser");
        let (outgoing, incoming) = wire.split();
        let state = Arc::<Mutex<State>>::default();
        let received = Arc::clone(&state);
        // Ends with the connection, which is closed by dropping `outgoing`.
        thread::spawn(move || {
            while let Ok(Frame::Text(text)) = incoming.recv() {
                receive(&received, &text);
            }
        });
        Arc::new(Self { outgoing, state, next: AtomicU64::new(1) })
    }

    /// Calls a method of the browser, or of the page of a session, and waits for its result.
    ///
    /// # Panics
    /// When the browser reports an error or does not answer within a minute.
    #[track_caller]
    pub fn call(&self, session: Option<&str>, method: &str, params: &Value) -> Value {
        self.try_call(session, method, params).unwrap_or_else(|error| panic!("{method} {params}: {error}"))
    }

    /// The same, where an error of the browser is an outcome.
    fn try_call(&self, session: Option<&str>, method: &str, params: &Value) -> Result<Value, String> {
        let id = self.next.fetch_add(1, Ordering::Relaxed);
        let mut message = json!({"id": id, "method": method, "params": params});
        if let Some(session) = session {
            message["sessionId"] = json!(session);
        }
        let (answered, answer) = mpsc::channel();
        self.state.lock().unwrap().waiting.insert(id, answered);
        self.outgoing.send(message.to_string());
        let mut answer =
            answer.recv_timeout(START).unwrap_or_else(|_| panic!("no answer to {method} {params}"));
        match answer.get("error") {
            Some(error) => Err(error.to_string()),
            None => Ok(answer["result"].take()),
        }
    }
}

/// A page with cookies of its own.
#[derive(Debug)]
pub struct Page {
    connection: Arc<Connection>,
    session: String,
}

impl Page {
    pub(crate) fn new(connection: Arc<Connection>, session: &str) -> Self {
        let page = Self { connection, session: session.to_owned() };
        for domain in ["Page", "Runtime", "Log", "Network"] {
            page.call(&format!("{domain}.enable"), &json!({}));
        }
        page
    }

    /// Loads an address and waits until its document, scripts and styles are there.
    ///
    /// # Panics
    /// When it can't be loaded.
    #[track_caller]
    pub fn go(&self, url: &str) {
        let answer = self.call("Page.navigate", &json!({"url": url}));
        assert!(answer.get("errorText").is_none(), "{url}: {}", answer["errorText"]);
        self.wait_for("document.readyState === 'complete' && location.href !== 'about:blank'", START);
    }

    /// The value of a JavaScript expression; a promise is awaited.
    ///
    /// # Panics
    /// When the script throws.
    #[track_caller]
    pub fn evaluate(&self, script: &str) -> Value {
        self.try_evaluate(script).unwrap_or_else(|error| panic!("{script}: {error}"))
    }

    /// Waits until a JavaScript expression is true; one that throws, as while a page is replaced, is not.
    ///
    /// # Panics
    /// When it is not true within `deadline`; the message shows the page's text and errors.
    #[track_caller]
    pub fn wait_for(&self, condition: &str, deadline: Duration) {
        let holds = || {
            self.try_evaluate(&format!("Boolean({condition})")).is_ok_and(|value| value == true).then_some(())
        };
        if wait::poll(deadline, holds).is_none() {
            let text = self.try_evaluate("document.body.innerText");
            panic!("not within {deadline:?}: {condition}\npage: {text:?}\nerrors: {:?}", self.errors());
        }
    }

    /// Clicks the middle of the first element a CSS selector finds, as a mouse does.
    ///
    /// # Panics
    /// When there is no such element.
    #[track_caller]
    pub fn click(&self, selector: &str) {
        let place = self.evaluate(&format!(
            "(() => {{ const e = document.querySelector({selector:?}); e.scrollIntoView({{block: 'center'}}); \
             const r = e.getBoundingClientRect(); return {{x: r.x + r.width / 2, y: r.y + r.height / 2}}; }})()"
        ));
        for kind in ["mousePressed", "mouseReleased"] {
            let event =
                json!({"type": kind, "x": place["x"], "y": place["y"], "button": "left", "clickCount": 1});
            self.call("Input.dispatchMouseEvent", &event);
        }
    }

    /// Clicks a field and types a text into it.
    #[track_caller]
    pub fn type_into(&self, selector: &str, text: &str) {
        self.evaluate(&format!("document.querySelector({selector:?}).focus()"));
        self.call("Input.insertText", &json!({"text": text}));
    }

    /// Presses the Enter key.
    pub fn press_enter(&self) {
        for kind in ["keyDown", "keyUp"] {
            let event = json!({"type": kind, "key": "Enter", "code": "Enter", "windowsVirtualKeyCode": 13, "text": "\r"});
            self.call("Input.dispatchKeyEvent", &event);
        }
    }

    /// Gives the page a screen of this many CSS pixels; narrower than 600 it is a phone's.
    pub fn resize(&self, width: u32, height: u32) {
        let metrics =
            json!({"width": width, "height": height, "deviceScaleFactor": 1, "mobile": width < 600});
        self.call("Emulation.setDeviceMetricsOverride", &metrics);
        self.wait_for(&format!("document.documentElement.clientWidth <= {width}"), START);
    }

    /// Saves what the screen shows as a PNG file.
    ///
    /// # Panics
    /// When the file can't be written.
    pub fn screenshot(&self, path: &Path) {
        let picture = self.call("Page.captureScreenshot", &json!({"format": "png"}));
        let picture = BASE64_STANDARD.decode(picture["data"].as_str().expect("a picture")).expect("base64");
        fs::write(path, picture).unwrap_or_else(|error| panic!("can't write {}: {error}", path.display()));
    }

    /// Everything that went wrong so far: console errors, exceptions, failed and refused requests.
    pub fn errors(&self) -> Vec<String> {
        self.connection.state.lock().unwrap().errors.get(&self.session).cloned().unwrap_or_default()
    }

    /// Forgets the errors so far, for a test that causes some on purpose.
    pub fn forget_errors(&self) {
        self.connection.state.lock().unwrap().errors.remove(&self.session);
    }

    /// How many of its WebSockets have ended so far, whoever ended them.
    pub fn ended_sockets(&self) -> usize {
        self.connection.state.lock().unwrap().ended_sockets.get(&self.session).copied().unwrap_or(0)
    }

    fn try_evaluate(&self, script: &str) -> Result<Value, String> {
        let options = json!({"expression": script, "awaitPromise": true, "returnByValue": true});
        // A page that is replaced meanwhile is an error of the browser.
        let mut answer = self.connection.try_call(Some(&self.session), "Runtime.evaluate", &options)?;
        if let Some(exception) = answer.get("exceptionDetails") {
            return Err(exception["exception"]["description"].as_str().unwrap_or("an exception").to_owned());
        }
        Ok(answer["result"]["value"].take())
    }

    #[track_caller]
    fn call(&self, method: &str, params: &Value) -> Value {
        self.connection.call(Some(&self.session), method, params)
    }
}

/// Hands an answer to who waits for it, or keeps what an event says went wrong.
fn receive(state: &Mutex<State>, text: &str) {
    let message: Value = serde_json::from_str(text).expect("the browser speaks JSON");
    let mut state = state.lock().unwrap();
    if let Some(waiting) = message["id"].as_u64().and_then(|id| state.waiting.remove(&id)) {
        // The caller may have given up.
        let _ = waiting.send(message);
        return;
    }
    let Some(session) = message["sessionId"].as_str() else { return };
    if message["method"] == "Network.webSocketClosed" {
        *state.ended_sockets.entry(session.to_owned()).or_default() += 1;
    }
    if let Some(error) = error_in(&message) {
        state.errors.entry(session.to_owned()).or_default().push(error);
    }
}

/// What an event reports as wrong, if anything.
fn error_in(message: &Value) -> Option<String> {
    let params = &message["params"];
    match message["method"].as_str()? {
        "Runtime.exceptionThrown" => Some(format!("exception: {}", params["exceptionDetails"])),
        "Runtime.consoleAPICalled" if params["type"] == "error" => {
            Some(format!("console.error: {}", params["args"]))
        }
        "Log.entryAdded" if params["entry"]["level"] == "error" => Some(format!(
            "{} {}",
            params["entry"]["text"].as_str()?,
            params["entry"]["url"].as_str().unwrap_or("")
        )),
        "Network.responseReceived" if params["response"]["status"].as_u64()? >= 400 => {
            Some(format!("{} {}", params["response"]["status"], params["response"]["url"]))
        }
        // A request that was cancelled, as by leaving the page, is no failure.
        "Network.loadingFailed" if params["canceled"] != true => {
            Some(format!("request failed: {}", params["errorText"].as_str()?))
        }
        _ => None,
    }
}
