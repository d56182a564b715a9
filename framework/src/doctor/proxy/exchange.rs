//! One request, and its answer.

use std::time::Duration;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::time::timeout;

use super::Address;
use super::line::Line;

/// How long an answer may take.
const DEADLINE: Duration = Duration::from_secs(3);
/// The most bytes of an answer that are read.
const MOST: usize = 1024 * 1024;

/// An answer.
#[derive(Debug, Default)]
pub(super) struct Answer {
    pub(super) status: u16,
    /// Names in lower case.
    headers: Vec<(String, String)>,
    pub(super) body: Vec<u8>,
}

impl Answer {
    /// The values of a header, its name in lower case.
    pub(super) fn headers(&self, name: &str) -> impl Iterator<Item = &str> {
        self.headers.iter().filter(move |(header, _)| header == name).map(|(_, value)| value.as_str())
    }

    /// The first value of a header.
    pub(super) fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(header, _)| header == name).map(|(_, value)| value.as_str())
    }

    pub(super) fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }
}

/// A request; every one has a connection of its own, so that a balancer may send each to another instance.
#[derive(Debug, Clone)]
pub(super) struct Request<'a> {
    method: &'a str,
    path: &'a str,
    headers: Vec<(&'a str, String)>,
    body: &'a str,
}

impl<'a> Request<'a> {
    pub(super) fn get(path: &'a str) -> Self {
        Self { method: "GET", path, headers: Vec::new(), body: "" }
    }

    pub(super) fn post(path: &'a str, body: &'a str) -> Self {
        Self {
            method: "POST",
            path,
            headers: vec![("content-type", "text/plain;charset=UTF-8".to_owned())],
            body,
        }
    }

    pub(super) fn with(mut self, name: &'a str, value: impl Into<String>) -> Self {
        self.headers.push((name, value.into()));
        self
    }

    fn text(&self, address: &Address, connection: &str) -> String {
        let (method, path, body) = (self.method, self.path, self.body);
        let mut text = format!(
            "{method} {path} HTTP/1.1\r\nhost: {}\r\nuser-agent: regatta-doctor\r\nconnection: {connection}\r\n",
            address.authority()
        );
        for (name, value) in &self.headers {
            text += &format!("{name}: {value}\r\n");
        }
        if !body.is_empty() {
            text += &format!("content-length: {}\r\n", body.len());
        }
        text + "\r\n" + body
    }

    /// Sends it and reads the whole answer.
    ///
    /// # Errors
    /// Why there is none.
    pub(super) async fn send(self, address: &Address) -> Result<Answer, String> {
        let mut line = Line::open(address).await?;
        let text = self.text(address, "close");
        let asked = async {
            line.carrier.write_all(text.as_bytes()).await?;
            line.carrier.flush().await?;
            read(&mut line).await
        };
        match timeout(DEADLINE, asked).await {
            Ok(Ok(Some(answer))) => Ok(answer),
            outcome => {
                let late = outcome.is_err();
                Err(no_answer(line, address, late).await)
            }
        }
    }

    /// Asks for a WebSocket; what the line carries after the answer's head comes with it.
    ///
    /// # Errors
    /// Why there is no answer.
    pub(super) async fn upgrade(self, address: &Address) -> Result<(Answer, Line, Vec<u8>), String> {
        let mut line = Line::open(address).await?;
        let text = self.text(address, "Upgrade");
        let asked = async {
            line.carrier.write_all(text.as_bytes()).await?;
            line.carrier.flush().await?;
            let mut bytes = Vec::new();
            let end = head(&mut line, &mut bytes).await?;
            std::io::Result::Ok(end.and_then(|end| Some((parse(&bytes[..end])?, bytes.split_off(end)))))
        };
        match timeout(DEADLINE, asked).await {
            Ok(Ok(Some((answer, rest)))) => Ok((answer, line, rest)),
            outcome => {
                let late = outcome.is_err();
                Err(no_answer(line, address, late).await)
            }
        }
    }
}

async fn no_answer(line: Line, address: &Address, late: bool) -> String {
    if let Some(reason) = line.trouble().await {
        return format!(
            "{} has a certificate or an encryption that is not to be trusted ({reason}): renew it, or name the whole chain in \
             the proxy",
            address.origin()
        );
    }
    let how = if late { "nothing within 3 s" } else { "the connection ends" };
    format!("{} does not answer ({how}): see the proxy's log", address.origin())
}

/// Reads until the head is there; where it ends.
async fn head(line: &mut Line, bytes: &mut Vec<u8>) -> std::io::Result<Option<usize>> {
    loop {
        if let Some(end) = bytes.windows(4).position(|four| four == b"\r\n\r\n") {
            return Ok(Some(end + 4));
        }
        if bytes.len() > MOST || line.carrier.read_buf(bytes).await? == 0 {
            return Ok(None);
        }
    }
}

async fn read(line: &mut Line) -> std::io::Result<Option<Answer>> {
    let mut bytes = Vec::new();
    let Some(end) = head(line, &mut bytes).await? else { return Ok(None) };
    let Some(mut answer) = parse(&bytes[..end]) else { return Ok(None) };
    let mut body = bytes.split_off(end);
    let length: Option<usize> = answer.header("content-length").and_then(|length| length.parse().ok());
    let is_chunked = answer.header("transfer-encoding").is_some_and(|coding| coding.contains("chunked"));
    while body.len() < length.unwrap_or(MOST).min(MOST) {
        let is_whole = is_chunked && body.ends_with(b"0\r\n\r\n");
        if is_whole || line.carrier.read_buf(&mut body).await? == 0 {
            break;
        }
    }
    answer.body = if is_chunked { unchunked(&body) } else { body };
    Ok(Some(answer))
}

/// The head of an answer.
pub(super) fn parse(head: &[u8]) -> Option<Answer> {
    let text = String::from_utf8_lossy(head);
    let mut lines = text.split("\r\n");
    let status = lines.next()?.split(' ').nth(1)?.parse().ok()?;
    let headers = lines.filter_map(|line| line.split_once(':'));
    let headers = headers.map(|(name, value)| (name.trim().to_ascii_lowercase(), value.trim().to_owned()));
    Some(Answer { status, headers: headers.collect(), body: Vec::new() })
}

/// A body without the lengths between its parts.
pub(super) fn unchunked(mut body: &[u8]) -> Vec<u8> {
    let mut whole = Vec::new();
    while let Some(end) = body.windows(2).position(|two| two == b"\r\n") {
        let size = std::str::from_utf8(&body[..end]).ok();
        let size = size.and_then(|size| usize::from_str_radix(size.split(';').next()?.trim(), 16).ok());
        let Some(size) = size.filter(|size| *size > 0) else { break };
        let rest = &body[end + 2..];
        whole.extend_from_slice(&rest[..size.min(rest.len())]);
        body = rest.get(size + 2..).unwrap_or_default();
    }
    whole
}
