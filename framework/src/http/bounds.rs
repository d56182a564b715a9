//! How much a request may be, besides its body's size.

use actix_web::HttpRequest;
use actix_web::http::StatusCode;

use crate::config::HttpConfig;
use crate::{Error, Result};

/// The bounds of one app.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Bounds {
    url: usize,
    query: usize,
    headers: usize,
    parameters: usize,
    depth: usize,
}

impl Bounds {
    pub(crate) fn new(config: &HttpConfig) -> Self {
        Self {
            url: config.url_limit,
            query: config.query_limit,
            headers: config.header_limit,
            parameters: config.parameter_limit,
            depth: config.json_depth,
        }
    }

    /// Those of the request's app.
    pub(super) fn of(req: &HttpRequest) -> Self {
        req.app_data::<Self>().copied().unwrap_or_else(|| Self::new(&HttpConfig::default()))
    }

    /// Looks at what stands before the body.
    ///
    /// # Errors
    /// 414, 431 or 400.
    pub(crate) fn check_head(&self, req: &HttpRequest) -> Result<()> {
        let query = req.query_string();
        if req.uri().path().len() + query.len() > self.url || query.len() > self.query {
            return Err(Error::new(
                StatusCode::URI_TOO_LONG,
                "E_URL_TOO_LONG",
                "the address is longer than url_limit or query_limit in config/http.toml allows: send the inputs as a body",
            ));
        }
        if req.headers().len() > self.headers {
            return Err(Error::new(
                StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE,
                "E_TOO_MANY_HEADERS",
                "there are more headers than header_limit in config/http.toml allows: send fewer",
            ));
        }
        self.check_parameters(query.as_bytes())
    }

    /// Looks at a query or a form.
    ///
    /// # Errors
    /// 400 when it has too many parameters.
    pub(super) fn check_parameters(&self, text: &[u8]) -> Result<()> {
        if text.is_empty() || text.iter().filter(|byte| **byte == b'&').count() < self.parameters {
            return Ok(());
        }
        Err(Error::new(
            StatusCode::BAD_REQUEST,
            "E_TOO_MANY_PARAMETERS",
            "there are more parameters than parameter_limit in config/http.toml allows: send fewer",
        ))
    }

    /// Looks at a JSON text before it is read.
    ///
    /// # Errors
    /// 400 when lists and objects are nested too deeply.
    pub(super) fn check_json(&self, text: &[u8]) -> Result<()> {
        if depth(text) <= self.depth {
            return Ok(());
        }
        Err(Error::new(
            StatusCode::BAD_REQUEST,
            "E_TOO_DEEP",
            "the JSON is nested deeper than json_depth in config/http.toml allows: send it flatter",
        ))
    }
}

/// How deeply lists and objects are nested in a JSON text; nonsense may count as anything.
fn depth(text: &[u8]) -> usize {
    let (mut depth, mut deepest) = (0usize, 0);
    let mut bytes = text.iter();
    while let Some(byte) = bytes.next() {
        match byte {
            b'[' | b'{' => {
                depth += 1;
                deepest = deepest.max(depth);
            }
            b']' | b'}' => depth = depth.saturating_sub(1),
            b'"' => {
                while let Some(byte) = bytes.next() {
                    match byte {
                        b'\\' => _ = bytes.next(),
                        b'"' => break,
                        _ => {}
                    }
                }
            }
            _ => {}
        }
    }
    deepest
}

#[cfg(test)]
mod tests;
