//! When to stop: SIGTERM, SIGINT, or the end of the parent.

use std::io::{self, Read as _};

use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::sync::watch;

/// Set for a child of the parent process.
pub(super) const CHILD: &str = "REGATTA_CHILD";

/// Resolves when this process is told to stop.
pub(crate) async fn told_to_stop() {
    let (Ok(mut term), Ok(mut int)) = (signal(SignalKind::terminate()), signal(SignalKind::interrupt()))
    else {
        tracing::error!("signals can't be received: stop this process by SIGKILL");
        return std::future::pending().await;
    };
    tokio::select! {
        _ = term.recv() => {}
        _ = int.recv() => {}
        () = parent_gone() => {}
    }
}

/// Hears SIGUSR1, for as long as this process runs; nothing when signals can't be received.
pub(crate) fn told_to_read_again() -> Option<Signal> {
    signal(SignalKind::user_defined1()).ok()
}

/// From now on SIGUSR1 ends this process no more, though nobody hears it yet: it may come while everything else starts.
///
/// # Errors
/// When the system has no room for a runtime, or lets nobody handle signals.
pub(crate) fn outlive_read_again() -> io::Result<()> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_io().build()?;
    let _inside = runtime.enter();
    // Its handler stays, whatever becomes of who listens.
    signal(SignalKind::user_defined1()).map(drop)
}

/// A child's standard input is a pipe its parent holds open.
async fn parent_gone() {
    use std::sync::OnceLock;
    static GONE: OnceLock<watch::Receiver<bool>> = OnceLock::new();
    if std::env::var_os(CHILD).is_none() {
        return std::future::pending().await;
    }
    let mut gone = GONE
        .get_or_init(|| {
            let (sender, receiver) = watch::channel(false);
            std::thread::spawn(move || {
                let mut rest = Vec::new();
                let _ = std::io::stdin().read_to_end(&mut rest);
                let _ = sender.send(true);
            });
            receiver
        })
        .clone();
    let _ = gone.wait_for(|gone| *gone).await;
}
