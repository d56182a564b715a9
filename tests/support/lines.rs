use std::io::{ErrorKind, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::thread;
use std::time::Duration;

use regatta_tests::proxy::{Line, Proxy};

/// A server that says back what it is told, and the proxy before it.
fn echo() -> Proxy {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let port = listener.local_addr().expect("its number").port();
    thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            thread::spawn(move || std::io::copy(&mut &stream, &mut &stream));
        }
    });
    Proxy::to(port)
}

fn connect(proxy: &Proxy) -> TcpStream {
    let stream = TcpStream::connect(("127.0.0.1", proxy.port())).expect("a connection");
    stream.set_read_timeout(Some(Duration::from_millis(300))).expect("a deadline");
    stream
}

fn asked(mut stream: &TcpStream) -> Result<u8, ErrorKind> {
    stream.write_all(b"?").map_err(|error| error.kind())?;
    heard(stream)
}

fn heard(mut stream: &TcpStream) -> Result<u8, ErrorKind> {
    let mut answer = [0];
    stream.read_exact(&mut answer).map(|()| answer[0]).map_err(|error| error.kind())
}

#[test]
fn a_refused_line_resets_what_stood_and_takes_nothing_new() {
    let proxy = echo();
    let stream = connect(&proxy);
    assert_eq!(asked(&stream), Ok(b'?'));

    proxy.turn(Line::Refused);
    assert_eq!(heard(&stream), Err(ErrorKind::ConnectionReset));
    assert!(TcpStream::connect(("127.0.0.1", proxy.port())).is_err());

    proxy.turn(Line::Open);
    assert_eq!(asked(&connect(&proxy)), Ok(b'?'));
}

#[test]
fn a_hung_line_holds_back_and_delivers_later() {
    for line in [Line::Hung, Line::OneWay] {
        let proxy = echo();
        let stream = connect(&proxy);
        assert_eq!(asked(&stream), Ok(b'?'));

        proxy.turn(line);
        assert_eq!(asked(&stream), Err(ErrorKind::WouldBlock));

        proxy.turn(Line::Open);
        assert_eq!(heard(&stream), Ok(b'?'));
    }
}

#[test]
fn a_reset_leaves_the_line_open() {
    let proxy = echo();
    let stream = connect(&proxy);
    assert_eq!(asked(&stream), Ok(b'?'));
    proxy.reset();
    assert_eq!(heard(&stream), Err(ErrorKind::ConnectionReset));
    assert_eq!(asked(&connect(&proxy)), Ok(b'?'));
}
