//! The chat app as its users see it: by page, by HTTP, by socket.

use std::time::Duration;

use regatta_tests::cdp::Page;
use regatta_tests::chromium::Chromium;
use regatta_tests::cluster::{Cluster, Instance};
use regatta_tests::http::Http;
use regatta_tests::socket::Socket;
use regatta_tests::wait;
use serde_json::{Value, json};

/// A visitor's browser page.
pub(crate) struct ChatPage {
    pub(crate) page: Page,
}

impl ChatPage {
    /// Opens the page, enters under a name and waits until the list of who is here shows it.
    #[track_caller]
    pub(crate) fn enter(browser: &Chromium, base: &str, name: &str) -> Self {
        let chat = Self { page: browser.open(&format!("{base}/")) };
        chat.page.type_into("form[action='/name'] [name=name]", name);
        chat.page.press_enter();
        // The page leaves its nameless socket for one with the name, and is in the list over that one.
        wait::until_true("the page's first socket has ended", wait::SOON, || chat.page.ended_sockets() > 0);
        let listed = format!("document.querySelector('#people')?.innerText.includes({name:?})");
        chat.page.wait_for(&listed, wait::SOON);
        chat
    }

    /// Types a message into the form and sends it.
    #[track_caller]
    pub(crate) fn say(&self, text: &str) {
        self.page.wait_for("document.querySelector(\"form[action='/message'] [name=body]\")", wait::SOON);
        self.page.type_into("form[action='/message'] [name=body]", text);
        self.page.press_enter();
    }

    /// Waits until the page shows a text.
    #[track_caller]
    pub(crate) fn wait_sees(&self, text: &str, deadline: Duration) {
        self.page.wait_for(&format!("document.body.innerText.includes({text:?})"), deadline);
    }

    /// Whether the page shows a text now.
    #[track_caller]
    pub(crate) fn sees(&self, text: &str) -> bool {
        self.page.evaluate(&format!("document.body.innerText.includes({text:?})")) == true
    }

    /// Which of these instances the page says it is connected to.
    #[track_caller]
    pub(crate) fn instance(&self, instances: &[Instance]) -> Instance {
        wait::until("the page names its instance", wait::SOON, || {
            let text = self.page.evaluate("document.body.innerText");
            let text = text.as_str().expect("a text");
            instances.iter().find(|instance| text.contains(&instance.id)).cloned()
        })
    }
}

/// A client with a name in its session.
#[track_caller]
pub(crate) fn named(base: &str, name: &str) -> Http {
    let http = Http::new(base);
    let answer = http.post_json("/name", &json!({"name": name}));
    assert_eq!(answer.status, 200, "{answer:?}");
    assert_eq!(answer.json()["name"], name);
    http
}

/// A socket that is in the room under a name, and the instance that holds it.
#[track_caller]
pub(crate) fn joined(base: &str, name: &str) -> (Socket, String) {
    let http = named(base, name);
    let mut socket = Socket::connect(base, &[("cookie", &http.cookie())]);
    let reply = socket.post("/room/join", &json!({}));
    assert_eq!(reply.status, 200, "{reply:?}");
    let instance = reply.body["instance"].as_str().expect("the reply names the instance").to_owned();
    (socket, instance)
}

/// The names in the room as a joined socket is told them, sorted.
#[track_caller]
pub(crate) fn present(socket: &mut Socket) -> Vec<String> {
    let reply = socket.post("/room/join", &json!({}));
    let present = reply.body["present"].as_array().expect("a list of who is here").clone();
    let mut names: Vec<_> =
        present.iter().filter_map(|one| one["meta"]["name"].as_str().map(str::to_owned)).collect();
    names.sort();
    names
}

/// Sockets in the room, named `visitor-0`, `visitor-1`, …, at least one on every instance of a shared port.
pub(crate) fn joined_on_every_instance(cluster: &Cluster) -> Vec<(Socket, String)> {
    let base = &cluster.bases()[0];
    let instances = cluster.instances();
    let mut sockets: Vec<(Socket, String)> = Vec::new();
    while !instances.iter().all(|instance| sockets.iter().any(|(_, holder)| *holder == instance.id)) {
        assert!(sockets.len() < 100, "100 sockets, and one of {instances:?} has none");
        sockets.push(joined(base, &format!("visitor-{}", sockets.len())));
    }
    sockets
}

/// The bodies of the messages a JSON list holds.
pub(crate) fn bodies(messages: &Value) -> Vec<&str> {
    let messages = messages.as_array().unwrap_or_else(|| panic!("not a list: {messages}"));
    messages.iter().filter_map(|message| message["body"].as_str()).collect()
}
