//! What the configuration alone tells.

use super::{Circumstances, Named};
use crate::config::{Adapter, Config, Listen, Relay, SessionAdapter, Transport, unread_variables};
use crate::health::Finding;
use crate::{Error, Result};

pub(super) fn look(config: &Config, circumstances: Circumstances<'_>) -> Vec<Named> {
    let mut findings = vec![("config", Finding::Good(format!("read, for {}", config.environment)))];
    findings.extend(unread(config, std::env::vars().map(|(name, _)| name)));
    findings.extend(memory(config, circumstances.count()));
    findings.extend(proxies(config));
    findings.extend(sqlite(config));
    findings.extend(sessions(config));
    findings.extend(cookies(config));
    findings.extend(ending(config));
    findings.extend(relay(config, circumstances.count()));
    findings.extend(figures(config));
    findings
}

impl Circumstances<'_> {
    /// How many instances there are or shall be, as far as it is known without asking anybody.
    pub(super) fn count(&self) -> usize {
        self.wanted.unwrap_or(1).max(self.processes.len())
    }
}

/// Production refuses what would lose data or logins without anybody noticing.
///
/// # Errors
/// The first insecure setting, with the key that changes it.
pub(crate) fn refuse_insecure(config: &Config) -> Result<()> {
    if !config.environment.is_production() {
        return Ok(());
    }
    match memory(config, 1) {
        Some((_, Finding::Error(text))) => Err(Error::internal(text)),
        _ => Ok(()),
    }
}

/// Files and variables somebody wrote and nobody reads.
pub(super) fn unread(config: &Config, variables: impl Iterator<Item = String>) -> Vec<Named> {
    let files = Config::unread_files(&config.root).into_iter().map(|(name, near)| {
        Finding::Warning(format!(
            "config/{name} is no file of Regatta's: rename it to config/{near}.toml, unless the app itself reads it"
        ))
    });
    let variables = unread_variables(variables).into_iter().map(|(name, meant)| {
        Finding::Warning(format!("the variable {name} is read by nobody: it may be meant to be {meant}"))
    });
    files.chain(variables).map(|finding| ("config", finding)).collect()
}

fn memory(config: &Config, instances: usize) -> Option<Named> {
    let sessions_alone =
        config.sockets.adapter != Adapter::Memory && config.session_adapter() == SessionAdapter::Memory;
    let in_memory =
        config.sockets.adapter == Adapter::Memory || config.session_adapter() == SessionAdapter::Memory;
    if !in_memory {
        return None;
    }
    let finding = match (config.environment.is_production(), config.sockets.single_instance) {
        (true, true) if instances > 1 => Finding::Error(format!(
            "{instances} instances, and sessions or rooms are in the memory of each, which the others don't know: set \
             adapter = \"redis\" in config/sockets.toml, or run one instance"
        )),
        (true, true) => Finding::Good("one instance keeps sessions and rooms in its memory".to_owned()),
        (true, false) => Finding::Error(
            "production with adapter = \"memory\" loses every session at a restart and can't be more than one \
             instance: set adapter = \"redis\" in config/sockets.toml, or confirm single_instance = true there"
                .to_owned(),
        ),
        (false, _) if sessions_alone && instances > 1 => Finding::Error(format!(
            "{instances} instances, and each keeps the sessions in its own memory: take adapter = \"memory\" out of \
             config/session.toml"
        )),
        (false, _) if sessions_alone => Finding::Warning(
            "sessions are in the memory of each instance while rooms are shared, so that a login counts on one instance only: \
             take adapter = \"memory\" out of config/session.toml"
                .to_owned(),
        ),
        (false, _) if instances > 1 => Finding::Good(format!(
            "{instances} instances share a private Redis that their parent starts, for development"
        )),
        (false, _) => Finding::Good("sessions and rooms are in this process's memory: fine for one instance".to_owned()),
    };
    Some(("adapter", finding))
}

fn proxies(config: &Config) -> Option<Named> {
    let trusted = &config.security.trusted_proxies;
    let warning = |text: &str| Some(("proxies", Finding::Warning(text.to_owned())));
    if trusted.iter().any(|entry| entry.ends_with("/0")) {
        return warning(
            "trusted_proxies in config/security.toml has every address, so that anybody may claim any address: name the \
             proxy's, such as \"127.0.0.1\"",
        );
    }
    if config.environment.is_production() && trusted.is_empty() {
        return warning(
            "no trusted_proxies in config/security.toml: behind nginx or HAProxy every client seems to have the proxy's \
             address; add it, such as \"127.0.0.1\"",
        );
    }
    None
}

fn sqlite(config: &Config) -> Option<Named> {
    let url = &config.datastore(&config.models.datastore).ok()?.url;
    let shared = config.sockets.adapter == Adapter::Redis && url.starts_with("sqlite:");
    shared.then(|| {
        let text = "the models are in a SQLite file: instances on this host share it, instances on other hosts \
                    can't; set DATABASE_URL to a PostgreSQL database for those";
        ("database", Finding::Warning(text.to_owned()))
    })
}

fn sessions(config: &Config) -> Option<Named> {
    let session = &config.session;
    let in_sqlite = || {
        let datastore = config.datastore(config.session_datastore());
        datastore.is_ok_and(|datastore| datastore.url.starts_with("sqlite:"))
    };
    let text = if session.idle.get() > session.absolute.get() {
        "idle in config/session.toml is longer than absolute, at which every session ends: lower idle or raise absolute"
    } else if session.turn_wait.get().is_zero() || session.turn_lease.get().is_zero() {
        "turn_wait or turn_lease in config/session.toml is 0, so that serialized routes fail or don't wait: give them \
         some seconds"
    } else if config.session_adapter() == SessionAdapter::Sql
        && config.sockets.adapter == Adapter::Redis
        && in_sqlite()
    {
        "the sessions are in a SQLite file: instances on other hosts don't know them; name a PostgreSQL datastore in \
         config/session.toml, or set adapter = \"redis\" there"
    } else {
        return None;
    };
    Some(("sessions", Finding::Warning(text.to_owned())))
}

/// Whether browsers keep the session cookie on the address people type.
fn cookies(config: &Config) -> Option<Named> {
    let url = config.http.public_url.as_deref()?;
    let secure = config.session.cookie_secure.unwrap_or(config.environment.is_production());
    let local =
        ["http://localhost", "http://127.", "http://[::1]"].iter().any(|start| url.starts_with(start));
    let text = match (url.starts_with("https://"), secure) {
        (false, true) if !local => {
            "public_url in config/http.toml begins with http:// while the session cookie is Secure, so that browsers drop it \
             and nobody stays logged in: put TLS in front and set PUBLIC_URL to https://"
        }
        (true, false) => {
            "public_url in config/http.toml begins with https:// while the session cookie is not Secure, so that it may leave \
             a browser unencrypted: set cookie_secure = true in config/session.toml"
        }
        _ => return None,
    };
    Some(("cookies", Finding::Warning(text.to_owned())))
}

/// Whether there is time left to end in after the balancer was told.
fn ending(config: &Config) -> Option<Named> {
    let http = &config.http;
    let needed = http.drain_delay.get() + http.drain_idle.get();
    (needed >= http.shutdown_timeout.get()).then(|| {
        let text = "drain_delay and drain_idle in config/http.toml leave nothing of shutdown_timeout for requests in flight: \
                    raise shutdown_timeout";
        ("drain", Finding::Warning(text.to_owned()))
    })
}

/// Whether clients that poll find their connection again.
fn relay(config: &Config, instances: usize) -> Option<Named> {
    let polls = config.sockets.transports.contains(&Transport::Polling);
    let shared = config.sockets.adapter == Adapter::Redis;
    (polls && shared && instances > 1 && config.sockets.relay == Relay::Off).then(|| {
        let text = "relay = \"off\" in config/sockets.toml with several instances: clients that poll are refused wherever the \
                    balancer sends them to another instance; set relay = \"auto\", or make the balancer sticky";
        ("sockets", Finding::Warning(text.to_owned()))
    })
}

/// Whether figures are for whoever reaches this machine.
fn figures(config: &Config) -> Option<Named> {
    let Listen::At(address) = config.metrics.listen else { return None };
    address.ip().is_unspecified().then(|| {
        let text = format!(
            "the private listener at {address} tells its figures on every interface: name one that only Prometheus reaches as \
             listen in config/metrics.toml, such as 127.0.0.1:{}, or let a firewall admit nobody else",
            address.port()
        );
        ("metrics", Finding::Warning(text))
    })
}
