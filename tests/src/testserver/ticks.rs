//! An instance that says numbers to everybody, at a steady pace: what a test of faults listens to.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, SystemTime};

use regatta::actix_web::rt;
use regatta::prelude::*;
use tokio::time::{MissedTickBehavior, interval};

use super::params::Params;

/// How often ticking was started or stopped.
static STARTS: AtomicU64 = AtomicU64::new(0);

/// Adds the route: `{from, every}` starts an event `tick` with `{from, n, at}` to every socket each `every` ms, `n`
/// counted from 1 and `at` in ms since 1970; without `every` it ends.
pub(super) fn draw(r: &mut Routes) {
    r.post("/__tick", async |sockets: Sockets, params: Params| {
        let run = STARTS.fetch_add(1, Ordering::Relaxed) + 1;
        if let Some(every) = params.value("every").as_u64() {
            rt::spawn(tick(sockets, params.text_or("from", ""), Duration::from_millis(every), run));
        }
        HttpResponse::Ok().finish()
    });
}

async fn tick(sockets: Sockets, from: String, every: Duration, run: u64) {
    let mut pace = interval(every);
    // An instance that was stopped goes on; it does not make up for it.
    pace.set_missed_tick_behavior(MissedTickBehavior::Delay);
    for n in 1_u64.. {
        pace.tick().await;
        if STARTS.load(Ordering::Relaxed) != run {
            return;
        }
        let at = SystemTime::UNIX_EPOCH.elapsed().map_or(0, |since| since.as_millis());
        let said = sockets.blast("tick", &json!({ "from": from, "n": n, "at": at as u64 })).await;
        said.expect("numbers are JSON");
    }
}
