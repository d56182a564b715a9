//! A script of `tests/clients` in Node.js or Python, driven by lines of JSON.

use std::ffi::OsStr;
use std::io::{BufRead, BufReader, Write};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::mpsc::{self, Receiver};
use std::thread;
use std::time::Instant;

use serde_json::Value;

use crate::process::{self, Signal};
use crate::wait::{SOON, START};
use crate::workdir::repository;

/// A running script: it reads one command a line and writes one report a line. Dropping it ends it.
#[derive(Debug)]
pub struct Node {
    child: Child,
    commands: ChildStdin,
    reports: Receiver<Value>,
}

impl Node {
    /// Starts `tests/clients/<script>`.
    ///
    /// # Panics
    /// When Node.js or the script's packages are missing.
    #[track_caller]
    pub fn start(script: &str) -> Self {
        let folder = repository().join("tests/clients");
        assert!(
            folder.join("node_modules").is_dir(),
            "packages are missing: npm ci --prefix {}",
            folder.display()
        );
        Self::run_script("node", script)
    }

    /// Starts `tests/clients/<script>` in Python.
    ///
    /// # Panics
    /// When Python or the script's packages are missing.
    #[track_caller]
    pub fn start_python(script: &str) -> Self {
        let python = repository().join("tests/clients/.venv/bin/python");
        assert!(python.is_file(), "packages are missing: tests/run installs them");
        Self::run_script(python, script)
    }

    #[track_caller]
    fn run_script(program: impl AsRef<OsStr>, script: &str) -> Self {
        let child = Command::new(program.as_ref())
            .arg(script)
            .current_dir(repository().join("tests/clients"))
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::inherit())
            .spawn();
        let mut child = child.unwrap_or_else(|error| panic!("{}: {error}", program.as_ref().display()));
        let commands = child.stdin.take().expect("a piped stdin");
        let lines = BufReader::new(child.stdout.take().expect("a piped stdout")).lines();
        let (sender, reports) = mpsc::channel();
        thread::spawn(move || {
            for line in lines.map_while(Result::ok) {
                let report = serde_json::from_str(&line).unwrap_or(Value::String(line));
                if sender.send(report).is_err() {
                    return;
                }
            }
        });
        Self { child, commands, reports }
    }

    /// Sends one command.
    ///
    /// # Panics
    /// When the script has ended.
    #[track_caller]
    pub fn send(&mut self, command: &Value) {
        writeln!(self.commands, "{command}").expect("the script reads commands");
    }

    /// The next reports, at most `count` and as many as there are within 10 s.
    pub fn reports(&self, count: usize) -> Vec<Value> {
        let deadline = Instant::now() + SOON;
        let next = || self.reports.recv_timeout(deadline.saturating_duration_since(Instant::now())).ok();
        std::iter::from_fn(next).take(count).collect()
    }

    /// The next report that satisfies `wanted`; others before it are dropped.
    ///
    /// # Panics
    /// When there is none within 10 s; the message shows the others.
    #[track_caller]
    pub fn next_where(&self, what: &str, mut wanted: impl FnMut(&Value) -> bool) -> Value {
        let deadline = Instant::now() + SOON;
        let mut others = Vec::new();
        while let Ok(report) = self.reports.recv_timeout(deadline.saturating_duration_since(Instant::now())) {
            if wanted(&report) {
                return report;
            }
            others.push(report);
        }
        panic!("no {what} within {SOON:?}, only {others:?}")
    }

    /// Sends a command and waits for the report `{"done": <its do>, …}`.
    ///
    /// # Panics
    /// When there is none within 10 s.
    #[track_caller]
    pub fn run(&mut self, command: &Value) -> Value {
        self.send(command);
        self.next_where(&format!("answer to {command}"), |report| report["done"] == command["do"])
    }
}

impl Drop for Node {
    fn drop(&mut self) {
        process::send(self.child.id(), Signal::TERM);
        let ended = crate::wait::poll(START, || self.child.try_wait().ok().flatten());
        if ended.is_none() {
            // It can only have ended in between.
            let _ = self.child.kill();
        }
    }
}
