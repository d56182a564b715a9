//! A chat room: the people in it, the messages they wrote, and who is here now.
//!
//! | folder | holds |
//! |---|---|
//! | `src/models` | what is stored: one struct a model |
//! | `src/actions` | what answers a request, whether it came by HTTP or over a socket |
//! | `src/policies.rs` | who may do what |
//! | `src/routes.rs` | the sitemap: which action answers which address |
//! | `views`, `assets` | the page, its style and its script |
//! | `config` | one file a subject, every environment inside |

mod actions;
mod models;
mod policies;
mod routes;

use regatta::prelude::*;

pub use models::{Message, Person};

/// The app: what `main` runs and the tests start.
pub fn app() -> App {
    App::new("app-template").model::<Person>().model::<Message>().routes(routes::draw)
}
