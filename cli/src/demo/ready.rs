//! Waiting until a program answers.

use std::thread;
use std::time::{Duration, Instant};

use super::interrupt::Interrupt;
use super::url;
use crate::process::{POLL, Program};
use crate::{Error, Result};

/// Asks until `complaint` has nothing to say; an error when the program ends, the deadline passes or Ctrl-C comes.
pub(super) fn wait(
    program: &mut Program,
    deadline: Duration,
    interrupt: &Interrupt,
    mut complaint: impl FnMut() -> Option<String>,
) -> Result<()> {
    let started = Instant::now();
    while let Some(last) = complaint() {
        interrupt.check()?;
        program.expect_running()?;
        if started.elapsed() >= deadline {
            return Err(Error::NotReady {
                name: program.name().to_owned(),
                seconds: deadline.as_secs(),
                last,
                tail: program.tail(),
            });
        }
        thread::sleep(POLL);
    }
    Ok(())
}

/// What keeps the server on `port` from being ready: no answer, or another status than 200 on `/readyz`.
pub(super) fn unready(agent: &ureq::Agent, port: u16) -> Option<String> {
    match agent.get(url(port, "/readyz")).call() {
        Ok(answer) if answer.status().as_u16() == 200 => None,
        Ok(answer) => Some(format!("port {port} answers {}", answer.status())),
        Err(error) => Some(format!("port {port}: {error}")),
    }
}
