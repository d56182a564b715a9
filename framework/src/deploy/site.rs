//! What all files of a site must agree on, read from the app's configuration once.

use std::path::PathBuf;
use std::time::Duration;

use serde::Serialize;

use super::front::Front;
use super::{plain, refused};
use crate::Result;
use crate::config::{Compression, Config, Span};

/// The instances of a new app's files.
const INSTANCES: u16 = 3;
const FIRST_PORT: u16 = 3001;
/// The most servers of one balancer's file.
const MOST: usize = 1_024;

/// How long an answer may take before a proxy gives up on it; for sockets it follows from their heartbeat.
const ANSWER: Duration = Duration::from_secs(60);
/// What a wait of a proxy is longer, or shorter, than that of the app which it must not meet.
const MARGIN: u64 = 5;
/// How long sockets get to leave a stopping instance, before `shutdown_timeout` begins.
const SOCKETS_LEAVE: u64 = 5;
/// How long a stopping container is still sent requests by proxies that have not heard of it.
const UNHEARD: u64 = 5;

/// What the command line asks for.
#[derive(Debug, Clone, Default)]
pub(crate) struct Wanted {
    /// How many instances; the ports decide when there are any.
    pub(crate) instances: Option<u16>,
    /// One instance on each of these ports of every host.
    pub(crate) ports: Vec<u16>,
    /// The hosts the instances run on; none: the proxy's own.
    pub(crate) hosts: Vec<String>,
    pub(crate) domain: Option<String>,
    /// How long a proxy keeps what it answers to people without a cookie; none: not at all.
    pub(crate) keep: Option<Span>,
}

/// The values of the templates. Times are in whole seconds, rounded up; sizes in bytes.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct Site {
    pub(super) name: String,
    #[serde(skip)]
    pub(super) root: PathBuf,
    front: Front,
    instances: usize,
    first_port: u16,
    last_port: u16,
    /// As `lift` takes them: `3001-3003`.
    ports: String,
    servers: Vec<Server>,
    /// The address an instance listens on.
    listen: String,
    /// The port of an instance that has its host for itself.
    port: u16,
    body_limit: u64,
    /// The longest line of a request's head, in KiB.
    head_kib: usize,
    header_timeout: u64,
    body_timeout: u64,
    answer_timeout: u64,
    client_keep_alive: u64,
    /// How long a proxy keeps an idle connection to an instance: less than the instance does.
    upstream_keep_alive: u64,
    socket_path: String,
    socket_timeout: u64,
    compress: bool,
    compress_min: usize,
    /// Seconds that answers to people without a cookie are kept; 0: not at all.
    keep: u64,
    stop_timeout: u64,
    unheard: u64,
    open_files: usize,
    pub(super) views: String,
    pub(super) assets: String,
    trusted: Vec<String>,
    #[serde(skip)]
    hosts_are_given: bool,
    #[serde(skip)]
    listens_locally: bool,
}

/// One instance as a balancer sees it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(super) struct Server {
    name: String,
    host: String,
    port: u16,
}

impl Site {
    /// Brings together what is configured and what is asked for.
    ///
    /// # Errors
    /// A value that one of the files could not hold as it is; the message names its key.
    pub(crate) fn new(app: &str, config: &Config, wanted: &Wanted) -> Result<Self> {
        let (http, sockets) = (&config.http, &config.sockets);
        let name = plain::name(app)?;
        let ports = ports(wanted)?;
        let hosts = hosts(wanted)?;
        if hosts.len() * ports.len() > MOST {
            return Err(refused(format!("that is more than {MOST} instances: name fewer hosts or ports")));
        }
        let servers: Vec<_> =
            hosts.iter().flat_map(|host| ports.iter().map(|port| Server::new(&name, host, *port))).collect();
        let (first_port, last_port) =
            (ports.first().copied().unwrap_or(0), ports.last().copied().unwrap_or(0));
        let heartbeat = seconds(sockets.ping_interval) + seconds(sockets.ping_timeout);
        let body_limit =
            (http.body_limit as u64).max(config.uploads.max_request_bytes).max(sockets.max_payload as u64);
        let workers = http.workers.max(1);
        let trusted = config.security.trusted_proxies.iter().map(|proxy| plain_network(proxy));
        Ok(Self {
            root: config.root.clone(),
            front: Front::of(wanted.domain.as_deref(), http.public_url.as_deref())?,
            instances: servers.len(),
            first_port,
            last_port,
            ports: if first_port == last_port {
                first_port.to_string()
            } else {
                format!("{first_port}-{last_port}")
            },
            servers,
            listen: plain::host(&http.host.to_string())?,
            port: http.port,
            body_limit,
            head_kib: http.url_limit.div_ceil(1_024) + 4,
            header_timeout: seconds(http.header_timeout).max(1),
            body_timeout: seconds(http.body_idle_timeout).max(1),
            answer_timeout: ANSWER.as_secs(),
            client_keep_alive: seconds(http.keep_alive),
            upstream_keep_alive: seconds(http.keep_alive).saturating_sub(MARGIN),
            socket_path: plain::path("path in config/sockets.toml", &sockets.path)?,
            socket_timeout: (heartbeat + 3 * MARGIN).max(ANSWER.as_secs()),
            compress: http.compression == Compression::Off,
            compress_min: http.compression_min_bytes,
            keep: wanted.keep.map_or(0, seconds),
            stop_timeout: SOCKETS_LEAVE + seconds(http.shutdown_timeout) + MARGIN,
            unheard: UNHEARD,
            open_files: (workers * http.max_connections + 1_024).max(65_536),
            views: plain::file("folder in config/views.toml", &config.views.folder)?,
            assets: plain::file("assets in config/views.toml", &config.views.assets)?,
            trusted: trusted.collect::<Result<_>>()?,
            hosts_are_given: !wanted.hosts.is_empty(),
            listens_locally: http.host.is_loopback(),
            name,
        })
    }

    /// The instances where each is a container with a name of its own.
    pub(super) fn containers(&self) -> Vec<Server> {
        let named = |number| {
            let host = format!("app{number}");
            Server { name: host.clone(), host, port: self.port }
        };
        (1..=self.instances).map(named).collect()
    }

    /// What the person who asked should know, and do.
    pub(crate) fn notes(&self) -> Vec<String> {
        let mut notes = Vec::new();
        if self.hosts_are_given && self.listens_locally {
            notes.push(format!(
                "the instances listen on {} only, where a proxy on another host can't reach them: set host = \"0.0.0.0\" in \
                 config/http.toml, and let a firewall admit nobody but the proxy",
                self.listen
            ));
        }
        if self.trusted.is_empty() {
            notes.push(
                "no proxy is trusted, so that every client seems to have the proxy's address: set trusted_proxies in \
                 config/security.toml"
                    .to_owned(),
            );
        }
        if self.front.domain.is_none() {
            notes.push(
                "without --domain or PUBLIC_URL the proxies listen on port 8080 and speak no TLS".to_owned(),
            );
        }
        notes
    }
}

impl Server {
    fn new(app: &str, host: &str, port: u16) -> Self {
        let place = host.trim_matches(['[', ']']).replace(['.', ':'], "-");
        Self { name: format!("{app}-{place}-{port}"), host: host.to_owned(), port }
    }
}

fn ports(wanted: &Wanted) -> Result<Vec<u16>> {
    let count = wanted.instances.map_or(wanted.ports.len(), usize::from);
    match wanted.ports.first() {
        None => {
            let count = wanted.instances.unwrap_or(INSTANCES);
            Ok((FIRST_PORT..).take(count.into()).collect())
        }
        Some(first) if wanted.ports.len() == 1 => {
            let ports: Vec<_> = (*first..=u16::MAX).take(count).collect();
            if ports.len() < count {
                return Err(refused(format!("there are no {count} ports from {first} on: begin lower")));
            }
            Ok(ports)
        }
        Some(_) if count == wanted.ports.len() => Ok(wanted.ports.clone()),
        Some(_) => Err(refused(format!(
            "--instances {count} and --ports with {} ports do not agree: leave one of them out",
            wanted.ports.len()
        ))),
    }
}

fn hosts(wanted: &Wanted) -> Result<Vec<String>> {
    if wanted.hosts.is_empty() {
        return Ok(vec!["127.0.0.1".to_owned()]);
    }
    wanted.hosts.iter().map(|host| plain::host(host)).collect()
}

/// An address or a network as Varnish and others write it: `"10.0.0.0"/8` has its quotes in the template.
fn plain_network(text: &str) -> Result<String> {
    let (address, bits) = text.split_once('/').map_or((text, None), |(address, bits)| (address, Some(bits)));
    let known = address.trim().parse::<std::net::IpAddr>();
    let bits = bits.map(|bits| bits.trim().parse::<u8>()).transpose();
    match (known, bits) {
        (Ok(address), Ok(None)) => Ok(format!("\"{address}\"")),
        (Ok(address), Ok(Some(bits))) => Ok(format!("\"{address}\"/{bits}")),
        _ => Err(refused(format!(
            "trusted_proxies in config/security.toml has `{text}`: write an address or a network such as 10.0.0.0/8"
        ))),
    }
}

fn seconds(span: Span) -> u64 {
    span.get().as_secs() + u64::from(span.get().subsec_nanos() > 0)
}
