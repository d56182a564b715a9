//! What becomes of answers on their way: readiness, cookies, compression.

use std::io::Read as _;

use super::{Address, Request};
use crate::config::Config;
use crate::doctor::Named;
use crate::health::Finding;
use crate::sockets::COOKIE_PATH;

/// A text that every app serves, long enough to be compressed.
const TEXT: &str = "/regatta.io.js";
/// What begins what gzip made.
const GZIP: [u8; 2] = [0x1f, 0x8b];

pub(super) async fn ready(address: &Address) -> Named {
    let finding = match Request::get("/readyz").send(address).await {
        Err(reason) => Finding::Error(reason),
        Ok(answer) => match answer.status {
            200 => Finding::Good(format!("an instance behind {} is ready", address.origin())),
            404 | 403 => Finding::Good("the proxy keeps /readyz to itself".to_owned()),
            status => Finding::Error(format!(
                "/readyz answers {status} ({}): the lines above say what is missing, or run doctor on the instance's host",
                answer.text().trim().replace('\n', "; ")
            )),
        },
    };
    ("proxy ready", finding)
}

/// Whether browsers keep and protect the session's cookie.
pub(super) async fn cookie(address: &Address, config: &Config) -> Option<Named> {
    if !config.sockets.grant_third_party_cookie {
        return None;
    }
    let answer = Request::get(COOKIE_PATH).send(address).await.ok()?;
    let cookie = answer.headers("set-cookie").next().map(str::to_ascii_lowercase);
    Some(("proxy cookie", judge_cookie(address, cookie.as_deref()?)))
}

pub(super) fn judge_cookie(address: &Address, cookie: &str) -> Finding {
    let has = |name: &str| cookie.split(';').skip(1).any(|attribute| attribute.trim() == name);
    match (address.is_encrypted, has("secure")) {
        (true, true) => Finding::Good("the session cookie is for encrypted connections alone".to_owned()),
        (false, false) => Finding::Hint(
            "the session cookie goes over unencrypted connections, as people's requests do here: put TLS in front, \
             `regatta deploy nginx --domain NAME`"
                .to_owned(),
        ),
        (true, false) => Finding::Warning(
            "the session cookie is not Secure, so that it may leave a browser unencrypted: set cookie_secure = true in \
             config/session.toml, or run with REGATTA_ENV=production"
                .to_owned(),
        ),
        (false, true) => Finding::Warning(format!(
            "the session cookie is Secure and {} is not encrypted, so that browsers drop it and nobody stays logged in: put TLS \
             in front, or set cookie_secure = false in config/session.toml",
            address.origin()
        )),
    }
}

/// Whether a text comes back as it is, compressed once.
pub(super) async fn compression(address: &Address) -> Named {
    let asked = async |accept: &str| Request::get(TEXT).with("accept-encoding", accept).send(address).await;
    let finding = match tokio::join!(asked("gzip"), asked("identity")) {
        (Err(reason), _) | (_, Err(reason)) => Finding::Error(reason),
        (Ok(packed), Ok(plain)) => {
            let coding: Vec<_> = packed.headers("content-encoding").collect();
            judge_compression(&coding.join(", "), &packed.body, &plain.body)
        }
    };
    ("proxy compression", finding)
}

pub(super) fn judge_compression(coding: &str, packed: &[u8], plain: &[u8]) -> Finding {
    let codings: Vec<_> = coding.split(',').map(str::trim).filter(|coding| !coding.is_empty()).collect();
    let twice = |how: &str| {
        Finding::Error(format!(
            "answers are compressed twice ({how}), which browsers can't read: set compression = \"off\" in config/http.toml, or \
             switch the proxy's compression off"
        ))
    };
    match codings.as_slice() {
        [] => Finding::Hint(
            "texts are not compressed on their way: let the proxy pass Accept-Encoding on, or set compression = \"off\" in \
             config/http.toml and run `regatta deploy nginx` for one that compresses"
                .to_owned(),
        ),
        ["gzip"] => {
            let mut once = Vec::new();
            let unpacked = flate2::read::MultiGzDecoder::new(packed).read_to_end(&mut once);
            match unpacked {
                Ok(_) if once == plain => Finding::Good("texts are compressed, once".to_owned()),
                Ok(_) if once.starts_with(&GZIP) => twice("gzip in gzip"),
                _ => Finding::Error(
                    "a compressed text is another than the plain one: empty the proxy's cache, and let it keep answers apart by \
                     Vary"
                        .to_owned(),
                ),
            }
        }
        [_, _, ..] => twice(coding),
        [other] => Finding::Warning(format!(
            "{other} was answered where gzip was asked for: let the proxy keep answers apart by Vary, or empty its cache"
        )),
    }
}
