//! Whether sockets come through: a WebSocket in both directions, and requests that poll.

use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::time::timeout;

use super::exchange::Answer;
use super::line::Line;
use super::{Address, Request};
use crate::config::{Config, Transport};
use crate::doctor::Named;
use crate::health::Finding;

/// How long a message may take.
const DEADLINE: Duration = Duration::from_secs(2);
/// The most bytes that are read before a message.
const MOST: usize = 64 * 1024;

/// `40`, which asks to be let into the namespace `/`, as a masked text frame; the mask is zero.
const ENTER: [u8; 8] = [0x81, 0x82, 0, 0, 0, 0, b'4', b'0'];
/// The goodbye of a WebSocket, masked.
const GOODBYE: [u8; 6] = [0x88, 0x80, 0, 0, 0, 0];

pub(super) async fn upgrade(address: &Address, config: &Config) -> Option<Named> {
    if !config.sockets.transports.contains(&Transport::WebSocket) {
        return None;
    }
    let finding = match websocket(address, &config.sockets.path).await {
        Ok(()) => Finding::Good("a WebSocket comes through, in both directions".to_owned()),
        Err(text) => Finding::Error(text),
    };
    Some(("proxy websocket", finding))
}

async fn websocket(address: &Address, path: &str) -> Result<(), String> {
    let mut key = [0; 16];
    getrandom::fill(&mut key).map_err(|error| error.to_string())?;
    let path = format!("{path}?EIO=4&transport=websocket");
    let request = Request::get(&path)
        .with("upgrade", "websocket")
        .with("sec-websocket-version", "13")
        .with("sec-websocket-key", STANDARD.encode(key))
        .with("origin", address.origin());
    let (answer, mut line, mut bytes) = request.upgrade(address).await?;
    if answer.status != 101 {
        return Err(refused(&answer, address));
    }
    let one_way = || {
        "the proxy accepts WebSockets and then does not carry what is said on them: let it pass the path on without buffering, \
         `proxy_buffering off` with nginx"
            .to_owned()
    };
    let said = async {
        expect(&mut line, &mut bytes, b"0{").await?;
        line.carrier.write_all(&ENTER).await?;
        line.carrier.flush().await?;
        expect(&mut line, &mut bytes, b"40").await?;
        line.carrier.write_all(&GOODBYE).await?;
        line.carrier.flush().await
    };
    match timeout(DEADLINE, said).await {
        Ok(Ok(())) => Ok(()),
        _ => Err(one_way()),
    }
}

fn refused(answer: &Answer, address: &Address) -> String {
    // An instance that was asked for an upgrade refuses it in a text for people, else in JSON.
    let saw_it = answer.header("content-type").is_some_and(|kind| kind.starts_with("text/html"))
        && answer.header("x-regatta-instance").is_some();
    match answer.status {
        400 if saw_it => origin_refused(address),
        status => format!(
            "the proxy does not pass the upgrade to a WebSocket on (status {status}): with nginx set `proxy_http_version 1.1`, \
             `proxy_set_header Upgrade $http_upgrade` and `proxy_set_header Connection \"upgrade\"`, or use the file of \
             `regatta deploy nginx`"
        ),
    }
}

fn origin_refused(address: &Address) -> String {
    let origin = address.origin();
    format!(
        "pages of {origin} may not connect sockets: set PUBLIC_URL={origin} or add it to allowed_origins in \
         config/sockets.toml, and let the proxy pass Host and X-Forwarded-Proto on"
    )
}

/// Reads until the text is there.
async fn expect(line: &mut Line, bytes: &mut Vec<u8>, text: &[u8]) -> std::io::Result<()> {
    loop {
        if let Some(place) = bytes.windows(text.len()).position(|part| part == text) {
            bytes.drain(..place + text.len());
            return Ok(());
        }
        if bytes.len() > MOST || line.carrier.read_buf(bytes).await? == 0 {
            return Err(std::io::ErrorKind::UnexpectedEof.into());
        }
    }
}

/// A client that polls: each request may meet another instance than the one before.
pub(super) async fn polling(address: &Address, config: &Config) -> Option<Named> {
    if !config.sockets.transports.contains(&Transport::Polling) {
        return None;
    }
    let finding = match polled(address, &config.sockets.path).await {
        Ok(()) => Finding::Good("clients that poll come through, whichever instance they meet".to_owned()),
        Err(text) => Finding::Error(text),
    };
    Some(("proxy polling", finding))
}

async fn polled(address: &Address, path: &str) -> Result<(), String> {
    let path = format!("{path}?EIO=4&transport=polling");
    let opened = Request::get(&path).with("origin", address.origin()).send(address).await?;
    let text = opened.text();
    if opened.status == 400 && text.contains("\"Bad request\"") {
        return Err(origin_refused(address));
    }
    let sid = text.split_once("\"sid\":\"").and_then(|(_, rest)| rest.split('"').next());
    let Some(sid) = sid.filter(|_| opened.status == 200) else {
        return Err(format!(
            "a client that polls gets status {} instead of a connection: let the proxy pass {} on",
            opened.status, path
        ));
    };
    let path = format!("{path}&sid={sid}");
    let entered = Request::post(&path, "40").with("origin", address.origin()).send(address).await?;
    let polled = Request::get(&path).with("origin", address.origin()).send(address).await?;
    let is_in = polled.text().contains("40{");
    // So that it is gone at once; it would be after a missed heartbeat.
    let _ = Request::post(&path, "1").with("origin", address.origin()).send(address).await;
    match (entered.status, polled.status) {
        (200, 200) if is_in => Ok(()),
        (400, _) | (_, 400) => Err(
            "a client that polls is not known to the instance it meets next: set relay = \"auto\" in config/sockets.toml and let \
             instances reach each other, or make the balancer sticky (the generated files name the line)"
                .to_owned(),
        ),
        (one, other) => Err(format!(
            "a client that polls gets status {one} and {other} after it has connected: see the proxy's log, and compare its file \
             with that of `regatta deploy nginx`"
        )),
    }
}
