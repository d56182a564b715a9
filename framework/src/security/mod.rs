//! Who may ask: origins, cross-site requests, rates, trusted proxies, host names, response headers.

mod address;
mod cors;
mod csrf;
mod gate;
mod headers;
mod hops;
mod limits;
mod nonce;
mod origins;
mod rate;
mod same_secret;
mod seen;
mod token;

pub(crate) use address::Came;
pub use address::{ClientAddress, IsSecure};
pub use cors::Cors;
pub(crate) use csrf::Csrf;
pub(crate) use gate::{Admitted, Gate, Rules};
pub(crate) use headers::Headers;
pub(crate) use hops::Hops;
pub(crate) use limits::Limits;
pub(crate) use nonce::Nonce;
pub(crate) use origins::Origins;
pub use rate::Rate;
pub(crate) use same_secret::{
    DIFFERS as SECRET_DIFFERS, NAME as SECRET_CHECK, check as check_secret, mark as mark_secret,
    of_fleet as secret_of_fleet,
};
pub(crate) use seen::{ASKED, PATH as SEEN_PATH, Seen, ask as ask_seen, may_ask};
pub use token::{CsrfToken, grant_csrf_token};

#[cfg(test)]
mod tests;
