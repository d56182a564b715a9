//! Which of the app's instances this process is.

use std::future::{Ready, ready};

use actix_web::dev::Payload;
use actix_web::{FromRequest, HttpRequest};

use crate::{Error, Result};

/// The running copy of the app that serves the request; an extractor.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Instance {
    id: String,
}

impl Instance {
    /// The id the parent gave, else a new one of 6 hexadecimal digits.
    pub(crate) fn new() -> Result<Self> {
        if let Some(id) = std::env::var("REGATTA_INSTANCE").ok().filter(|id| is_plain(id)) {
            return Ok(Self { id });
        }
        Ok(Self { id: random_id()? })
    }

    pub(crate) fn named(id: &str) -> Self {
        Self { id: id.to_owned() }
    }

    /// Its id, as in every log line and in the header `X-Regatta-Instance`.
    pub fn id(&self) -> &str {
        &self.id
    }
}

/// A new instance id.
pub(crate) fn random_id() -> Result<String> {
    let mut bytes = [0; 3];
    getrandom::fill(&mut bytes).map_err(|error| Error::internal(error.to_string()))?;
    Ok(bytes.iter().fold(String::new(), |id, byte| id + &format!("{byte:02x}")))
}

fn is_plain(id: &str) -> bool {
    (1..=32).contains(&id.len()) && id.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
}

impl FromRequest for Instance {
    type Error = Error;
    type Future = Ready<Result<Self>>;

    fn from_request(req: &HttpRequest, _: &mut Payload) -> Self::Future {
        let instance = req.app_data::<Self>().cloned();
        ready(instance.ok_or_else(|| Error::internal("this server was built without an instance id")))
    }
}
