//! The end of all connections of an instance that stops: spread, so that the others are not met by all clients at once.

use std::time::Duration;

use actix_web::rt::time::{Instant, sleep_until};

use super::engine::Link;

/// Over how long so many connections are ended: `per_second`, or faster so that half of `deadline` is left for their
/// clients to go. A few go at once.
pub(super) fn over(connections: usize, per_second: usize, deadline: Duration) -> Duration {
    if connections <= per_second / 10 || per_second == 0 {
        return Duration::ZERO;
    }
    Duration::from_secs_f64(connections as f64 / per_second as f64).min(deadline / 2)
}

/// Ends the connections of this worker one after the other, each at a random moment of its share of the time.
pub(super) fn say(links: Vec<Link>, over: Duration) {
    if over.is_zero() {
        links.iter().for_each(Link::go_elsewhere);
        return;
    }
    let started = Instant::now();
    actix_web::rt::spawn(async move {
        let share = over.div_f64(links.len().max(1) as f64);
        for (place, link) in links.iter().enumerate() {
            sleep_until(started + share.mul_f64(place as f64 + scatter(link.key()))).await;
            link.go_elsewhere();
        }
    });
}

/// Somewhere from 0 to 1, for each number elsewhere.
fn scatter(number: u64) -> f64 {
    (number.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 32) as f64 / f64::from(u32::MAX)
}

#[cfg(test)]
mod tests;
