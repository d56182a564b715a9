//! Whether instances know who asks, and believe nobody who only claims it.

use super::{Address, Request};
use crate::doctor::Named;
use crate::health::Finding;
use crate::security::{ASKED, SEEN_PATH, Seen, ask_seen};

/// An address that is nobody's, kept for documents like this.
const FORGED: &str = "203.0.113.77";
const FORGED_HOST: &str = "forged.invalid";
/// Questions, so that more than one instance is met.
const TIMES: usize = 4;
const CHECK: &str = "proxy headers";

pub(super) async fn look(address: &Address, secrets: &[String]) -> Vec<Named> {
    let Some(secret) = secrets.first() else { return Vec::new() };
    let asked = ask_seen(secret);
    // The opposite of what is true.
    let scheme = if address.is_encrypted { "http" } else { "https" };
    let forged = Request::get(SEEN_PATH)
        .with(ASKED, asked)
        .with("x-forwarded-for", FORGED)
        .with("x-forwarded-proto", scheme)
        .with("x-forwarded-host", FORGED_HOST)
        .with("forwarded", format!("for={FORGED};proto={scheme};host={FORGED_HOST}"));
    let answers = futures_util::future::join_all((0..TIMES).map(|_| forged.clone().send(address))).await;
    let mut findings: Vec<Named> = Vec::new();
    for answer in answers {
        let found = match answer {
            Err(reason) => vec![Finding::Error(reason)],
            Ok(answer) => match serde_json::from_slice::<Seen>(&answer.body) {
                Ok(seen) if answer.status == 200 => judge(&seen, address),
                _ => vec![Finding::Warning(format!(
                    "an instance does not say what it sees (status {}): run doctor with the SESSION_SECRET of the instances, \
                     which sign with another one or are of an older version",
                    answer.status
                ))],
            },
        };
        for finding in found {
            if !findings.iter().any(|(_, known)| *known == finding) {
                findings.push((CHECK, finding));
            }
        }
    }
    findings
}

/// What is to be said of a request that claimed to be somebody else's.
pub(super) fn judge(seen: &Seen, address: &Address) -> Vec<Finding> {
    let peer = seen.peer.as_deref().unwrap_or("a Unix socket");
    let mut findings = Vec::new();
    if seen.host.as_deref() != Some(&address.authority()) {
        findings.push(Finding::Error(format!(
            "the proxy passes on the host `{}` instead of `{}`, so that origins and links are wrong: with nginx set \
             `proxy_set_header Host $http_host`",
            seen.host.as_deref().unwrap_or_default(),
            address.authority()
        )));
    }
    if seen.client.as_deref() == Some(FORGED) {
        findings.push(Finding::Error(format!(
            "whoever asks may claim any address, because the trusted proxy {peer} passes X-Forwarded-For on as it comes: with \
             nginx set `proxy_set_header X-Forwarded-For $remote_addr`, with HAProxy `http-request set-header X-Forwarded-For \
             %[src]`; or give doctor the address of the proxy, not of an instance"
        )));
    } else if seen.is_trusted && seen.forwarded_for.is_none() {
        findings.push(Finding::Warning(format!(
            "the trusted proxy {peer} does not say who asks, so that all clients seem to be one: with nginx set \
             `proxy_set_header X-Forwarded-For $remote_addr`"
        )));
    } else if !seen.is_trusted && seen.forwarded_for.as_deref().is_some_and(|told| told != FORGED) {
        findings.push(Finding::Warning(format!(
            "the proxy at {peer} is not trusted, so that every client seems to have its address: add \"{peer}\" to \
             trusted_proxies in config/security.toml"
        )));
    }
    match (address.is_encrypted, seen.is_secure) {
        (true, false) => findings.push(Finding::Error(format!(
            "instances take encrypted requests for plain ones (X-Forwarded-Proto is `{}` from {peer}): with nginx set \
             `proxy_set_header X-Forwarded-Proto $scheme`, and have the proxy in trusted_proxies",
            seen.forwarded_proto.as_deref().unwrap_or_default()
        ))),
        (false, true) => findings.push(Finding::Error(format!(
            "whoever asks may claim to be encrypted, because the trusted proxy {peer} passes X-Forwarded-Proto on as it comes: \
             with nginx set `proxy_set_header X-Forwarded-Proto $scheme`"
        ))),
        _ => {}
    }
    if findings.is_empty() {
        let who = seen.client.as_deref().unwrap_or("unknown");
        findings
            .push(Finding::Good(format!("instances see the client at {who} and believe no forged header")));
    }
    findings
}
