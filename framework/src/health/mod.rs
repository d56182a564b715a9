//! What can be checked: each part of the framework brings its checks, `/readyz` and `doctor` run them.

mod readiness;

use std::fmt;
use std::future::Future;
use std::sync::{Arc, Mutex, PoisonError};

use futures_util::future::BoxFuture;

pub(crate) use readiness::{Readiness, Standing};

/// What a check found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Finding {
    /// All is well; the text says what was seen.
    Good(String),
    /// It works; something could be better: what, and the key or command for it.
    Hint(String),
    /// It works, but something should be changed: what, and the key or command that changes it.
    Warning(String),
    /// It does not work: what, and the key or command that mends it.
    Error(String),
}

impl Finding {
    /// Whether this is [`Finding::Error`].
    pub(crate) fn is_error(&self) -> bool {
        matches!(self, Self::Error(_))
    }

    /// What was found.
    pub(crate) fn text(&self) -> &str {
        match self {
            Self::Good(text) | Self::Hint(text) | Self::Warning(text) | Self::Error(text) => text,
        }
    }
}

type Run = Arc<dyn Fn() -> BoxFuture<'static, Finding> + Send + Sync>;

/// Something that can be asked how it is.
#[derive(Clone)]
pub(crate) struct Check {
    /// What is checked, such as `redis` or `database`.
    pub(crate) name: &'static str,
    /// Whether an instance without it should get no traffic: then `/readyz` asks it too.
    pub(crate) readiness: bool,
    run: Run,
}

impl Check {
    /// A check that only `doctor` runs.
    pub(crate) fn new<F, Fut>(name: &'static str, run: F) -> Self
    where
        F: Fn() -> Fut + Send + Sync + 'static,
        Fut: Future<Output = Finding> + Send + 'static,
    {
        Self { name, readiness: false, run: Arc::new(move || Box::pin(run())) }
    }

    /// A check that decides about readiness too.
    pub(crate) fn for_readiness(mut self) -> Self {
        self.readiness = true;
        self
    }

    /// Runs the check. It has its own deadline.
    pub(crate) async fn run(&self) -> Finding {
        (self.run)().await
    }
}

impl fmt::Debug for Check {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Check").field("name", &self.name).field("readiness", &self.readiness).finish()
    }
}

/// The checks of an app.
#[derive(Debug, Clone, Default)]
pub(crate) struct Health(Arc<Mutex<Vec<Check>>>);

impl Health {
    /// Adds a check.
    pub(crate) fn register(&self, check: Check) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).push(check);
    }

    /// Every check registered so far.
    pub(crate) fn checks(&self) -> Vec<Check> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

#[cfg(test)]
mod tests;
