//! The last lines of this process's log, kept for whoever asks while it runs.

use std::collections::VecDeque;
use std::io::{self, Write};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use tokio::sync::broadcast;

/// Lines that are kept, and that may wait for one who follows.
const LINES: usize = 1_000;

/// Of a longer line the rest is left out, in bytes.
const LONGEST: usize = 4_096;

/// A line of the log, without its end.
pub(crate) type Line = Arc<str>;

static RECENT: OnceLock<Recent> = OnceLock::new();

struct Recent {
    lines: Mutex<VecDeque<Line>>,
    news: broadcast::Sender<Line>,
}

/// From now on lines are kept.
pub(crate) fn keep() {
    RECENT.get_or_init(|| Recent { lines: Mutex::default(), news: broadcast::channel(LINES).0 });
}

/// The last lines, at most so many, and where those that follow are heard; nothing when none are kept.
pub(crate) fn recent(most: usize) -> Option<(Vec<Line>, broadcast::Receiver<Line>)> {
    let recent = RECENT.get()?;
    // Nothing comes twice, and nothing is left out: lines are told while they are locked.
    let lines = recent.lines.lock().unwrap_or_else(PoisonError::into_inner);
    let news = recent.news.subscribe();
    Some((lines.iter().skip(lines.len().saturating_sub(most)).cloned().collect(), news))
}

/// Standard error, with the lines kept if they are.
pub(super) struct Output;

impl Write for Output {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if let Some(recent) = RECENT.get() {
            recent.add(bytes);
        }
        io::stderr().write_all(bytes).map(|()| bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        io::stderr().flush()
    }
}

impl Recent {
    fn add(&self, line: &[u8]) {
        let line = String::from_utf8_lossy(line.get(..LONGEST).unwrap_or(line));
        let line: Line = line.trim_end().into();
        let mut lines = self.lines.lock().unwrap_or_else(PoisonError::into_inner);
        if lines.len() >= LINES {
            lines.pop_front();
        }
        lines.push_back(line.clone());
        // Mostly nobody follows.
        let _ = self.news.send(line);
    }
}
