//! Trying again what had to give way to others.

use std::time::Duration;

/// How often the same is tried again.
const MOST: u32 = 4;

/// The first pause; each one after it is twice as long, and of random length up to that.
const PAUSE: Duration = Duration::from_millis(10);

/// How often something was tried again.
#[derive(Debug, Default)]
pub(crate) struct Retry(u32);

impl Retry {
    /// Waits a little and says whether to try again. Of those who met each other one comes back later than the other.
    pub(crate) async fn again(&mut self) -> bool {
        if self.0 == MOST {
            return false;
        }
        let longest = PAUSE * 2_u32.pow(self.0);
        self.0 += 1;
        let share = getrandom::u32().map_or(0.5, |random| f64::from(random) / f64::from(u32::MAX));
        tokio::time::sleep(longest.mul_f64(share)).await;
        true
    }
}
