//! What an app needs in most of its files: `use regatta::prelude::*;`.

pub use actix_session::Session;
pub use actix_web::web::{Form, Json, Path, Query, Redirect};
pub use actix_web::{HttpRequest, HttpResponse, Responder};
pub use serde_json::{Value as JsonValue, json};

pub use crate::app::App;
pub use crate::context;
pub use crate::error::{Error, Result};
pub use crate::http::{Answer, ClientAddress, Input, Instance, Rules, Valid};
pub use crate::models::{Db, Many, Model, Ref, Timestamp};
pub use crate::routes::Routes;
pub use crate::sessions::{Flash, SharedSession};
pub use crate::sockets::{Args, Binary, Present, Requester, Socket, Sockets};
pub use crate::views::Views;
