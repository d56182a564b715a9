//! Headless Chromium.

use std::path::Path;
use std::process::Command;
use std::sync::Arc;

use serde_json::{Value, json};

use crate::cdp::{Connection, Page};
use crate::process::Process;
use crate::wait::START;
use crate::workdir::Workdir;

/// A running headless Chromium with a fresh profile.
#[derive(Debug)]
pub struct Chromium {
    connection: Arc<Connection>,
    _program: Process,
    _folder: Workdir,
}

impl Chromium {
    /// Starts one and connects to its DevTools.
    ///
    /// # Panics
    /// When Chromium is not installed or does not start.
    #[expect(clippy::new_without_default, reason = "it starts a program")]
    pub fn new() -> Self {
        let folder = Workdir::new();
        let mut command = Command::new("chromium");
        command
            .args([
                "--headless",
                "--no-sandbox",
                "--disable-gpu",
                "--disable-dev-shm-usage",
                "--disable-quic",
            ])
            .args(["--no-first-run", "--disable-background-networking", "--disable-component-update"])
            .args(["--disable-sync", "--disable-extensions", "--hide-scrollbars", "--no-proxy-server"])
            // Pages that are not in front must not be slowed down: tests look at several at once.
            .args(["--disable-background-timer-throttling", "--disable-renderer-backgrounding"])
            .args(["--disable-backgrounding-occluded-windows", "--remote-debugging-port=0"])
            .arg(format!("--user-data-dir={}", folder.path().join("profile").display()))
            .arg("about:blank")
            .env("HOME", folder.path());
        let program = Process::start("chromium", &mut command, folder.path());
        let line = program.wait_for_line("DevTools listening on ", START);
        let url = line.split_once("listening on ").expect("the line that was awaited").1.trim().to_owned();
        Self { connection: Connection::open(&url), _program: program, _folder: folder }
    }

    /// Opens an address in a page with cookies of its own, and waits until it is loaded.
    ///
    /// # Panics
    /// When the page can't be loaded.
    pub fn open(&self, url: &str) -> Page {
        let [page] = self.open_together(url);
        page
    }

    /// Opens an address in several pages of the same user, who share their cookies.
    ///
    /// # Panics
    /// When a page can't be loaded.
    pub fn open_together<const PAGES: usize>(&self, url: &str) -> [Page; PAGES] {
        let context = self.call("Target.createBrowserContext", &json!({}));
        std::array::from_fn(|_| self.open_in(&context["browserContextId"], url))
    }

    fn open_in(&self, context: &Value, url: &str) -> Page {
        let target =
            self.call("Target.createTarget", &json!({"url": "about:blank", "browserContextId": context}));
        let attached =
            self.call("Target.attachToTarget", &json!({"targetId": target["targetId"], "flatten": true}));
        let session = attached["sessionId"].as_str().expect("a session of the page");
        let page = Page::new(Arc::clone(&self.connection), session);
        page.go(url);
        page
    }

    fn call(&self, method: &str, params: &Value) -> Value {
        self.connection.call(None, method, params)
    }
}

/// Whether a picture was written: a PNG of at least this many bytes.
pub fn is_picture(path: &Path, bytes: usize) -> bool {
    std::fs::read(path).is_ok_and(|content| content.starts_with(b"\x89PNG") && content.len() >= bytes)
}
