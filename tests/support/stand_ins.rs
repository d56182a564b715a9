//! A site and a Socket.IO server of a few lines, in place of the app.

use std::io::{BufRead, BufReader, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::mpsc::{self, Receiver};
use std::{io, thread};

use futures_util::{SinkExt, StreamExt};
use tokio::runtime::Builder;
use tokio_tungstenite::accept_async;
use tokio_tungstenite::tungstenite::Message;

/// Serves `page` for every path on a free port, as the instance `name`, until the test ends.
pub(crate) fn site(name: &str, page: &'static str) -> u16 {
    let listener = TcpListener::bind(("127.0.0.1", 0)).expect("a port");
    let port = listener.local_addr().expect("its address").port();
    let name = name.to_owned();
    thread::spawn(move || {
        for visitor in listener.incoming().flatten() {
            let name = name.clone();
            thread::spawn(move || serve(visitor, &name, page));
        }
    });
    port
}

fn serve(visitor: TcpStream, name: &str, page: &str) -> io::Result<()> {
    let mut lines = BufReader::new(visitor.try_clone()?).lines();
    let request = lines.next().unwrap_or_else(|| Ok(String::new()))?;
    let mut cookie = String::new();
    for line in lines.map_while(Result::ok).take_while(|line| !line.is_empty()) {
        if let Some((_, value)) = line.split_once(':').filter(|(name, _)| name.eq_ignore_ascii_case("cookie"))
        {
            value.trim().clone_into(&mut cookie);
        }
    }
    let (status, body) =
        if request.contains("/missing") { ("404 Not Found", "nothing") } else { ("200 OK", page) };
    write!(
        &visitor,
        "HTTP/1.1 {status}\r\nconnection: close\r\ncontent-type: text/html\r\ncontent-length: {}\r\n\
         x-regatta-instance: {name}\r\nx-cookie: {cookie}\r\nset-cookie: seen={name}; Path=/; HttpOnly\r\n\r\n{body}",
        body.len()
    )
}

/// Accepts one socket: pings it at once, acknowledges what it asks with the question, tells it `hello` first and ends
/// the connection at `bye`. What the client sends is handed to the test.
pub(crate) fn socket_server() -> (u16, Receiver<String>) {
    let listener = TcpListener::bind(("127.0.0.1", 0)).expect("a port");
    listener.set_nonblocking(true).expect("a listener for the runtime");
    let port = listener.local_addr().expect("its address").port();
    let (seen, frames) = mpsc::channel();
    thread::spawn(move || {
        let runtime = Builder::new_current_thread().enable_all().build().expect("a runtime");
        runtime.block_on(async {
            let listener = tokio::net::TcpListener::from_std(listener).expect("the listener");
            let (visitor, _) = listener.accept().await.expect("a visitor");
            let mut socket = accept_async(visitor).await.expect("a WebSocket");
            let open = r#"0{"sid":"AAAAAAAAAAAAAAAAAAAA","upgrades":[],"pingInterval":25000,"pingTimeout":20000,"maxPayload":1000000}"#;
            for frame in [open, "2"] {
                socket.send(Message::text(frame)).await.expect("sent");
            }
            while let Some(Ok(message)) = socket.next().await {
                let Ok(text) = message.to_text().map(str::to_owned) else { continue };
                for answer in answers(&text) {
                    socket.send(Message::text(answer)).await.expect("sent");
                }
                let over = text.contains("\"bye\"");
                let _ = seen.send(text);
                if over {
                    break;
                }
            }
            let _ = socket.close(None).await;
        });
    });
    (port, frames)
}

fn answers(frame: &str) -> Vec<String> {
    if frame.starts_with("40") {
        return vec![r#"40{"sid":"BBBBBBBBBBBBBBBBBBBB"}"#.to_owned(), r#"42["hello",{"n":1}]"#.to_owned()];
    }
    let Some(rest) = frame.strip_prefix("42") else { return Vec::new() };
    let digits = rest.find('[').unwrap_or(0);
    if digits == 0 {
        return Vec::new();
    }
    vec![format!(
        "43{}[{{\"body\":{},\"headers\":{{}},\"statusCode\":200}}]",
        &rest[..digits],
        &rest[digits..]
    )]
}
