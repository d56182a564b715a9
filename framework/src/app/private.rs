//! The private listener of an instance: its figures and its health, at an address of its own.

use std::path::PathBuf;

use futures_util::FutureExt as _;
use tokio::runtime::Handle;

use super::server::Parts;
use crate::config::{Config, Listen};
use crate::http::{Answers, Door, Private, Told};
use crate::{Result, fleet};

/// A private listener for as long as this is kept; its file goes with it.
#[derive(Debug)]
pub(super) struct Opened(Option<PathBuf>);

impl Drop for Opened {
    fn drop(&mut self) {
        if let Some(path) = &self.0 {
            // Its parent may have been faster.
            let _ = std::fs::remove_file(path);
        }
    }
}

/// Opens the listener where the parent of this instance wants it, or else the configuration; nothing when nobody does.
///
/// # Errors
/// When its address is taken or not allowed; the message says what to do.
pub(super) fn open(parts: &Parts, runtime: &Handle) -> Result<Option<Opened>> {
    let Some((door, path)) = door(&parts.config)? else { return Ok(None) };
    tracing::info!("figures and health checks at {}", fleet::address(&door));
    let listener = {
        let _inside = runtime.enter();
        Private::at(door)?
    };
    runtime.spawn(listener.serve(answers(parts)));
    Ok(Some(Opened(path)))
}

fn door(config: &Config) -> Result<Option<(Door, Option<PathBuf>)>> {
    let file = |path: PathBuf| -> Result<_> {
        let door = fleet::bind_unix(&path, Some(0o600)).map(Door::Unix)?;
        Ok(Some((door, Some(path))))
    };
    if fleet::is_child() {
        return fleet::private().map_or(Ok(None), file);
    }
    match &config.metrics.listen {
        Listen::Auto | Listen::Off => Ok(None),
        Listen::At(address) => Ok(Some((fleet::bind_private(*address).map(Door::Tcp)?, None))),
        Listen::Unix(path) => file(config.path(path)),
    }
}

fn answers(parts: &Parts) -> Answers {
    let (metrics, readiness) = (parts.metrics.clone(), parts.readiness.clone());
    std::sync::Arc::new(move |path| {
        let (metrics, readiness) = (metrics.clone(), readiness.clone());
        async move {
            match path.as_str() {
                "/metrics" => Told::figures(metrics.page()),
                "/livez" => Told::health(true, "ok\n".to_owned()),
                "/readyz" => readiness.tell().await,
                _ => Told::nothing(),
            }
        }
        .boxed()
    })
}
