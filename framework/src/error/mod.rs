//! What goes wrong, with the answer a client gets for it.
//!
//! Every module has its own `thiserror` enum; all of them convert into [`Error`], which carries the HTTP
//! status, a machine-readable code and a message that ends with what to do. A message of a 5xx is shown in
//! development only.

mod response;

use std::borrow::Cow;
use std::error::Error as StdError;
use std::fmt;
use std::time::Duration;

use actix_web::http::StatusCode;
use serde_json::{Map, Value};

pub(crate) use response::{Body, is_production, set_production};

/// The result of everything in Regatta that a request can meet.
pub type Result<T, E = Error> = std::result::Result<T, E>;

type Source = Box<dyn StdError + Send + Sync>;

/// An error with the HTTP answer it becomes.
///
/// ```
/// use regatta::prelude::*;
///
/// fn only_even(n: i64) -> Result<i64> {
///     if n % 2 != 0 {
///         return Err(Error::bad_request("`n` is odd: send an even number"));
///     }
///     Ok(n)
/// }
/// assert_eq!(only_even(3).unwrap_err().status(), 400);
/// ```
pub struct Error(Box<Inner>);

struct Inner {
    status: StatusCode,
    code: Cow<'static, str>,
    message: Cow<'static, str>,
    extra: Map<String, Value>,
    retry_after: Option<Duration>,
    source: Option<Source>,
}

impl Error {
    /// An error with any status, a machine-readable `code` such as `E_QUOTA` and a message for people.
    pub fn new(
        status: StatusCode,
        code: impl Into<Cow<'static, str>>,
        message: impl Into<Cow<'static, str>>,
    ) -> Self {
        Self(Box::new(Inner {
            status,
            code: code.into(),
            message: message.into(),
            extra: Map::new(),
            retry_after: None,
            source: None,
        }))
    }

    /// 400: the request is wrong; the message says how to mend it.
    pub fn bad_request(message: impl Into<Cow<'static, str>>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, "E_BAD_REQUEST", message)
    }

    /// 401: nobody is logged in.
    pub fn unauthorized(message: impl Into<Cow<'static, str>>) -> Self {
        Self::new(StatusCode::UNAUTHORIZED, "E_UNAUTHORIZED", message)
    }

    /// 403: whoever asks may not do this.
    pub fn forbidden(message: impl Into<Cow<'static, str>>) -> Self {
        Self::new(StatusCode::FORBIDDEN, "E_FORBIDDEN", message)
    }

    /// 404: there is no such thing. Clients that don't ask for HTML get the text `Not Found`, as in Sails.
    pub fn not_found() -> Self {
        Self::new(StatusCode::NOT_FOUND, "E_NOT_FOUND", "Not Found")
    }

    /// 409: the request clashes with what is stored.
    pub fn conflict(message: impl Into<Cow<'static, str>>) -> Self {
        Self::new(StatusCode::CONFLICT, "E_CONFLICT", message)
    }

    /// 503 with `Retry-After: 1`: something the request needs is away at the moment.
    pub fn unavailable(message: impl Into<Cow<'static, str>>) -> Self {
        let mut error = Self::new(StatusCode::SERVICE_UNAVAILABLE, "E_UNAVAILABLE", message);
        error.0.retry_after = Some(Duration::from_secs(1));
        error
    }

    /// 429 with `Retry-After`, in whole seconds: whoever asks did so too often.
    pub fn too_many_requests(retry_after: Duration) -> Self {
        let seconds = retry_after.as_secs() + u64::from(retry_after.subsec_nanos() > 0);
        let mut error = Self::new(
            StatusCode::TOO_MANY_REQUESTS,
            "E_RATE_LIMIT",
            format!("too many requests: try again in {} s", seconds.max(1)),
        );
        error.0.retry_after = Some(Duration::from_secs(seconds.max(1)));
        error
    }

    /// 500 caused by `source`; clients see its text in development only.
    pub fn internal(source: impl Into<Source>) -> Self {
        let source = source.into();
        let mut error =
            Self::new(StatusCode::INTERNAL_SERVER_ERROR, "E_INTERNAL", Cow::Owned(source.to_string()));
        error.0.source = Some(source);
        error
    }

    /// Remembers the cause, for the log.
    pub fn with_source(mut self, source: impl Into<Source>) -> Self {
        self.0.source = Some(source.into());
        self
    }

    /// Adds a key to the JSON body, such as `details` or `errors`.
    pub fn with(mut self, key: &str, value: impl Into<Value>) -> Self {
        self.0.extra.insert(key.to_owned(), value.into());
        self
    }

    /// The HTTP status.
    pub fn status(&self) -> StatusCode {
        self.0.status
    }

    /// The machine-readable code, such as `E_NOT_FOUND`.
    pub fn code(&self) -> &str {
        &self.0.code
    }

    /// The message for people.
    pub fn message(&self) -> &str {
        &self.0.message
    }

    /// What else the JSON body says, such as `details`.
    pub fn extra(&self) -> &Map<String, Value> {
        &self.0.extra
    }

    pub(crate) fn retry_after(&self) -> Option<Duration> {
        self.0.retry_after
    }
}

impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Error")
            .field("status", &self.0.status.as_u16())
            .field("code", &self.0.code)
            .field("message", &self.0.message)
            .field("source", &self.0.source)
            .finish()
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.message)
    }
}

impl StdError for Error {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        self.0.source.as_ref().map(|source| &**source as &(dyn StdError + 'static))
    }
}

macro_rules! internal_from {
    ($($source:ty),+ $(,)?) => {$(
        impl From<$source> for Error {
            fn from(source: $source) -> Self {
                Self::internal(source)
            }
        }
    )+};
}

internal_from!(
    std::io::Error,
    serde_json::Error,
    tera::Error,
    actix_session::SessionInsertError,
    actix_session::SessionGetError,
);
