//! What can be wrong with a configuration, and what to do about it.

use crate::config::{Adapter, Config, SessionAdapter};
use crate::health::Finding;
use crate::{Error, Result};

type Named = (&'static str, Finding);

/// The word a finding is printed with.
pub(crate) fn word(finding: &Finding) -> &'static str {
    match finding {
        Finding::Good(_) => "ok     ",
        Finding::Warning(_) => "warning",
        Finding::Error(_) => "error  ",
    }
}

/// What the configuration alone tells.
pub(crate) fn look_at(config: &Config) -> Vec<Named> {
    let mut findings = vec![("config", Finding::Good(format!("read, for {}", config.environment)))];
    findings.extend(memory(config));
    findings.extend(proxies(config));
    findings.extend(sqlite(config));
    findings.extend(sessions(config));
    findings
}

/// Production refuses what would lose data or logins without anybody noticing.
///
/// # Errors
/// The first insecure setting, with the key that changes it.
pub(crate) fn refuse_insecure(config: &Config) -> Result<()> {
    if !config.environment.is_production() {
        return Ok(());
    }
    match memory(config) {
        Some((_, Finding::Error(text))) => Err(Error::internal(text)),
        _ => Ok(()),
    }
}

fn memory(config: &Config) -> Option<Named> {
    let in_memory =
        config.sockets.adapter == Adapter::Memory || config.session_adapter() == SessionAdapter::Memory;
    if !in_memory {
        return None;
    }
    let finding = match (config.environment.is_production(), config.sockets.single_instance) {
        (true, true) => Finding::Good("one instance keeps sessions and rooms in its memory".to_owned()),
        (true, false) => Finding::Error(
            "production with adapter = \"memory\" loses every session at a restart and can't be more than one \
             instance: set adapter = \"redis\" in config/sockets.toml, or confirm single_instance = true there"
                .to_owned(),
        ),
        (false, _) => Finding::Good("sessions and rooms are in this process's memory: fine for one instance".to_owned()),
    };
    Some(("adapter", finding))
}

fn proxies(config: &Config) -> Option<Named> {
    let needed = config.environment.is_production() && config.security.trusted_proxies.is_empty();
    needed.then(|| {
        let text = "no trusted_proxies in config/security.toml: behind nginx or HAProxy every client seems to have \
                    the proxy's address; add it, such as \"127.0.0.1\"";
        ("proxies", Finding::Warning(text.to_owned()))
    })
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

#[cfg(test)]
mod tests;
