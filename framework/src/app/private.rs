//! The private listener of an instance: its figures and its health, at an address of its own.

use std::sync::Arc;

use futures_util::FutureExt as _;
use tokio::runtime::Handle;

use super::server::Parts;
use crate::fleet::PrivateFile;
use crate::http::{Answers, Private, Told};
use crate::{Result, fleet};

/// Opens the listener, when somebody wants one; its file goes with what is given back.
///
/// # Errors
/// When its address is taken or not allowed; the message says what to do.
pub(super) fn open(parts: &Parts, runtime: &Handle) -> Result<Option<PrivateFile>> {
    let Some((door, file)) = fleet::private_door(&parts.config)? else { return Ok(None) };
    if fleet::is_child() {
        tracing::debug!("figures for the parent at {}", fleet::address(&door));
    } else {
        tracing::info!("figures and health checks at {}", fleet::address(&door));
    }
    let listener = {
        let _inside = runtime.enter();
        Private::at(door)?
    };
    runtime.spawn(listener.serve(answers(parts)));
    Ok(file)
}

fn answers(parts: &Parts) -> Answers {
    let (metrics, probes) = (parts.metrics.clone(), parts.probes.clone());
    Arc::new(move |path| {
        let (metrics, probes) = (metrics.clone(), probes.clone());
        async move {
            match path.as_str() {
                "/metrics" => {
                    probes.refresh().await;
                    Told::figures(metrics.page())
                }
                "/livez" => Told::health(true, "ok\n".to_owned()),
                "/readyz" => probes.tell().await,
                _ => Told::nothing(),
            }
        }
        .boxed()
    })
}
