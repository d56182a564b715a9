//! Which pages may talk to the app.

use std::sync::Arc;

use actix_web::HttpRequest;
use actix_web::http::header;

use crate::config::Config;

/// The origins of sockets and of requests that change something: the app's own host and the listed ones.
#[derive(Debug, Clone)]
pub(crate) struct Origins(Arc<List>);

#[derive(Debug)]
struct List {
    exact: Vec<String>,
    any: bool,
}

impl Origins {
    /// Those of `config/sockets.toml` and the app's public address.
    pub(crate) fn for_sockets(config: &Config) -> Self {
        Self::new(config.sockets.allowed_origins.iter().chain(&config.http.public_url))
    }

    /// Those of `config/security.toml` and the app's public address.
    pub(crate) fn for_requests(config: &Config) -> Self {
        Self::new(config.security.trusted_origins.iter().chain(&config.http.public_url))
    }

    fn new<'a>(origins: impl Iterator<Item = &'a String>) -> Self {
        let exact: Vec<_> = origins.map(|origin| normal(origin)).collect();
        Self(Arc::new(List { any: exact.iter().any(|origin| origin == "*"), exact }))
    }

    /// Whether the request may come in: it names no origin (it is no browser's), the app's own host, or one of
    /// the list. A hostile page can't choose either header.
    pub(crate) fn allows(&self, req: &HttpRequest) -> bool {
        let Some(origin) = req.headers().get(header::ORIGIN) else { return true };
        let Ok(origin) = origin.to_str() else { return false };
        self.knows(origin, req.headers().get(header::HOST).and_then(|host| host.to_str().ok()))
    }

    pub(crate) fn knows(&self, origin: &str, host: Option<&str>) -> bool {
        let origin = normal(origin);
        let own = match (origin.split_once("://"), host) {
            (Some((scheme, authority)), Some(host)) => {
                normal_authority(authority, scheme) == normal_authority(&host.to_ascii_lowercase(), scheme)
            }
            _ => false,
        };
        own || self.0.any || self.0.exact.contains(&origin)
    }
}

/// Lower case, without a slash at the end and without the scheme's own port.
fn normal(origin: &str) -> String {
    let lower = origin.trim().trim_end_matches('/').to_ascii_lowercase();
    match lower.split_once("://") {
        Some((scheme, authority)) => format!("{scheme}://{}", normal_authority(authority, scheme)),
        None => lower,
    }
}

fn normal_authority<'a>(authority: &'a str, scheme: &str) -> &'a str {
    let port = match scheme {
        "http" | "ws" => ":80",
        "https" | "wss" => ":443",
        _ => return authority,
    };
    authority.strip_suffix(port).unwrap_or(authority)
}
