//! The same generator over plain HTTP, for the requests that virtual ones are compared with.

use std::io::{Error, ErrorKind, Result};
use std::net::SocketAddr;
use std::rc::Rc;
use std::time::{Duration, Instant};

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::task::JoinSet;

use super::tally::Tally;
use crate::contest::Outcome;
use regatta_tests::light::unexpected;

/// Has `connections` of them ask for `path` again and again for `time`. Every answer is a 200 that contains `wanted`.
pub(super) async fn get(
    address: SocketAddr,
    connections: u32,
    time: Duration,
    path: &'static str,
    wanted: &'static str,
) -> Outcome {
    let mut streams = Vec::new();
    for _ in 0..connections {
        let stream = TcpStream::connect(address).await.expect("a connection");
        stream.set_nodelay(true).expect("a connection without delay");
        streams.push(stream);
    }
    let tally = Rc::new(Tally::new("over HTTP"));
    let request =
        Rc::new(format!("GET {path} HTTP/1.1\r\nHost: {address}\r\nAccept: application/json\r\n\r\n"));
    let started = Instant::now();
    let mut asking = JoinSet::new();
    for mut stream in streams {
        let (tally, request) = (tally.clone(), request.clone());
        asking.spawn_local(async move {
            let mut answer = Vec::with_capacity(16 * 1024);
            while started.elapsed() < time {
                let sent = Instant::now();
                ask(&mut stream, &request, &mut answer, wanted).await.expect("an answer");
                tally.count(sent);
            }
        });
    }
    asking.join_all().await;
    tally.outcome(started)
}

async fn ask(stream: &mut TcpStream, request: &str, answer: &mut Vec<u8>, wanted: &str) -> Result<()> {
    answer.clear();
    stream.write_all(request.as_bytes()).await?;
    let body = loop {
        if stream.read_buf(answer).await? == 0 {
            return Err(ErrorKind::UnexpectedEof.into());
        }
        if let Some(body) = body(answer)? {
            break body;
        }
    };
    let is_wanted = answer.starts_with(b"HTTP/1.1 200")
        && body.windows(wanted.len()).any(|found| found == wanted.as_bytes());
    if is_wanted { Ok(()) } else { Err(unexpected("the answer", answer)) }
}

/// The body, once the answer is whole.
fn body(answer: &[u8]) -> Result<Option<&[u8]>> {
    let Some(end) = answer.windows(4).position(|end| end == b"\r\n\r\n") else { return Ok(None) };
    let head = std::str::from_utf8(&answer[..end]).map_err(Error::other)?;
    let length = head.lines().find_map(|line| {
        let (name, value) = line.split_once(':')?;
        name.eq_ignore_ascii_case("content-length").then(|| value.trim().parse::<usize>().ok())?
    });
    let length = length.ok_or_else(|| unexpected("an answer with its length", answer))?;
    Ok(answer.get(end + 4..end + 4 + length))
}
