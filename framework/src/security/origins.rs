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
    /// The app's own host when it is public over HTTPS only: what claims to be a page of it over HTTP is none.
    secure_host: Option<String>,
    /// Whether every page may talk to the app as its own do.
    any: bool,
    /// Whether every page may read answers, where a route shares them with the listed.
    any_reads: bool,
}

impl Origins {
    /// Those of requests, and those of `config/sockets.toml`.
    pub(crate) fn for_sockets(config: &Config) -> Self {
        let mut list = Self::listed(config);
        list.any = config.sockets.allowed_origins.iter().any(|origin| origin.trim() == "*");
        list.exact.extend(config.sockets.allowed_origins.iter().map(|origin| normal(origin)));
        Self(Arc::new(list))
    }

    /// Those of `config/security.toml` and the app's public address.
    pub(crate) fn for_requests(config: &Config) -> Self {
        Self(Arc::new(Self::listed(config)))
    }

    /// `*` among them lets every page read, where a route shares its answers; it never lets one change something.
    fn listed(config: &Config) -> List {
        let listed = config.security.allowed_origins.iter().chain(&config.http.public_url);
        let (stars, exact): (Vec<_>, Vec<_>) = listed.map(|origin| normal(origin)).partition(|o| o == "*");
        let public = config.http.public_url.as_deref().map(normal);
        let secure_host = public.and_then(|url| url.strip_prefix("https://").map(str::to_owned));
        List { exact, secure_host, any: false, any_reads: !stars.is_empty() }
    }

    /// Whether every page may read what is shared with the listed ones.
    pub(super) fn any_may_read(&self) -> bool {
        self.0.any_reads
    }

    /// Whether `origin` is in the list.
    pub(super) fn lists(&self, origin: &str) -> bool {
        self.0.exact.contains(&normal(origin))
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
                let is_insecure = scheme == "http" && self.0.secure_host.as_deref() == Some(authority);
                let host = host.to_ascii_lowercase();
                !is_insecure && authority == normal_authority(&host, scheme)
            }
            _ => false,
        };
        own || self.0.any || self.0.exact.contains(&origin)
    }
}

/// Lower case, without a slash at the end and without the scheme's own port.
pub(super) fn normal(origin: &str) -> String {
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
