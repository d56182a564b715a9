//! What arrives through the address people type: proxies change what they pass on.

mod address;
mod answers;
mod exchange;
mod forwarded;
mod line;
mod sockets;

pub(crate) use address::Address;
use exchange::Request;

use super::Named;
use crate::config::Config;
use crate::health::Finding;

/// Everything about the proxy at `address`.
pub(super) async fn look(address: &Address, config: &Config, secrets: &[String]) -> Vec<Named> {
    // Without it every other question would find the same again.
    match Request::get("/livez").send(address).await {
        Err(reason) => return vec![("proxy", Finding::Error(reason))],
        Ok(answer) if matches!(answer.status, 300..=399) => {
            let text = format!(
                "{} leads elsewhere: run doctor with --url {}",
                address.origin(),
                answer.header("location").unwrap_or_default().trim_end_matches("livez")
            );
            return vec![("proxy", Finding::Error(text))];
        }
        Ok(answer) if answer.header("x-regatta-instance").is_none() => {
            let text = format!(
                "{} answers {} and is none of the app's instances: let the proxy pass every path on, see `regatta deploy nginx`",
                address.origin(),
                answer.status
            );
            return vec![("proxy", Finding::Error(text))];
        }
        Ok(_) => {}
    }
    let (forwarded, upgrade, polling, ready, cookie, compressed) = tokio::join!(
        forwarded::look(address, secrets),
        sockets::upgrade(address, config),
        sockets::polling(address, config),
        answers::ready(address),
        answers::cookie(address, config),
        answers::compression(address),
    );
    let mut findings = vec![ready];
    findings.extend(forwarded);
    findings.extend([upgrade, polling, cookie].into_iter().flatten());
    findings.push(compressed);
    findings
}

#[cfg(test)]
mod tests;
