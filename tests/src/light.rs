//! A Socket.IO client that costs little: thousands of them share one core with the services. It knows WebSocket frames
//! and Engine.IO's heartbeat; what else arrives it hands on as bytes.

use std::cell::RefCell;
use std::io::{Error, ErrorKind, Result};
use std::net::SocketAddr;
use std::rc::Rc;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

const TEXT: u8 = 0x81;
const PONG: u8 = 0x8a;

/// Servers look at the key's form only.
const KEY: &str = "dGhlIHNhbXBsZSBub25jZQ==";

thread_local! {
    /// All clients read into the same bytes, which so stay in the processor's cache.
    static BUFFER: RefCell<Vec<u8>> = RefCell::new(vec![0; 64 * 1024]);
}

/// The sending half of a connection.
#[derive(Debug, Clone)]
pub struct Writer(Rc<TcpStream>);

/// The receiving half.
#[derive(Debug)]
pub struct Reader {
    writer: Writer,
    /// The start of a frame whose rest has not arrived.
    rest: Vec<u8>,
}

/// Opens a WebSocket, and a socket of the default namespace over it.
///
/// # Errors
/// When the server refuses, or says something else.
pub async fn connect(address: SocketAddr) -> Result<(Writer, Reader)> {
    let mut stream = TcpStream::connect(address).await?;
    stream.set_nodelay(true)?;
    let request = format!(
        "GET /socket.io/?EIO=4&transport=websocket&__sails_io_sdk_version=1.2.1 HTTP/1.1\r\nHost: {address}\r\n\
         Origin: http://{address}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n\
         Sec-WebSocket-Key: {KEY}\r\n\r\n"
    );
    stream.write_all(request.as_bytes()).await?;
    let rest = upgraded(&mut stream).await?;
    let writer = Writer(Rc::new(stream));
    let mut reader = Reader { writer: writer.clone(), rest };
    reader.expect("0{").await?;
    writer.send("40")?;
    reader.expect("40{").await?;
    Ok((writer, reader))
}

/// Reads the answer's head; returns what came behind it.
async fn upgraded(stream: &mut TcpStream) -> Result<Vec<u8>> {
    let mut head = Vec::with_capacity(1024);
    loop {
        if stream.read_buf(&mut head).await? == 0 {
            return Err(ErrorKind::UnexpectedEof.into());
        }
        if let Some(end) = head.windows(4).position(|end| end == b"\r\n\r\n") {
            let rest = head.split_off(end + 4);
            let is_upgrade = head.starts_with(b"HTTP/1.1 101");
            return if is_upgrade { Ok(rest) } else { Err(unexpected("the handshake's answer", &head)) };
        }
    }
}

impl Writer {
    /// Sends a text frame.
    ///
    /// # Errors
    /// When the connection has ended, or the server does not read.
    pub fn send(&self, text: &str) -> Result<()> {
        self.send_frame(TEXT, text.as_bytes())
    }

    /// Clients mask what they send; a mask of zeros changes nothing.
    fn send_frame(&self, kind: u8, data: &[u8]) -> Result<()> {
        let mut frame = Vec::with_capacity(data.len() + 8);
        frame.push(kind);
        match u16::try_from(data.len()) {
            Ok(length @ ..126) => frame.push(0x80 | length.to_le_bytes()[0]),
            Ok(length) => {
                frame.push(0x80 | 126);
                frame.extend(length.to_be_bytes());
            }
            Err(_) => return Err(Error::other("this client sends no long frames")),
        }
        frame.extend([0; 4]);
        frame.extend_from_slice(data);
        // Nobody here sends more than the kernel holds: a full buffer means that the server reads nothing.
        let sent = self.0.try_write(&frame)?;
        if sent == frame.len() { Ok(()) } else { Err(Error::other("the server does not read")) }
    }

    /// Makes the connection end at once when both halves are dropped, without the minute for which its port would be
    /// taken.
    ///
    /// # Errors
    /// When the kernel refuses.
    pub fn end_abruptly(&self) -> Result<()> {
        self.0.set_zero_linger()
    }
}

impl Reader {
    /// Waits until something has arrived and hands every text frame in it to `take`.
    ///
    /// # Errors
    /// When the connection ends, or something else than frames of text arrives.
    pub async fn read(&mut self, mut take: impl FnMut(&[u8])) -> Result<()> {
        if !self.rest.is_empty() && self.frames(&[], &mut take)? {
            return Ok(());
        }
        let stream = self.writer.0.clone();
        loop {
            stream.readable().await?;
            let read = BUFFER.with_borrow_mut(|buffer| match stream.try_read(buffer) {
                Ok(0) => Err(Error::new(ErrorKind::UnexpectedEof, "the server ended the connection")),
                Ok(read) => self.frames(&buffer[..read], &mut take),
                Err(error) if error.kind() == ErrorKind::WouldBlock => Ok(false),
                Err(error) => Err(error),
            });
            if read? {
                return Ok(());
            }
        }
    }

    /// Waits for one frame, which has to start so.
    ///
    /// # Errors
    /// When another one arrives, or the connection ends.
    pub async fn expect(&mut self, start: &str) -> Result<()> {
        let mut found = Err(Error::other("no frame"));
        self.read(|frame| {
            let is_it = frame.starts_with(start.as_bytes());
            found = if is_it { Ok(()) } else { Err(unexpected(start, frame)) };
        })
        .await?;
        found
    }

    /// Hands on the whole frames of what has arrived; says whether there was one.
    fn frames(&mut self, arrived: &[u8], take: &mut impl FnMut(&[u8])) -> Result<bool> {
        let mut whole = std::mem::take(&mut self.rest);
        let mut data = match whole.is_empty() {
            true => arrived,
            false => {
                whole.extend_from_slice(arrived);
                &whole[..]
            }
        };
        let mut any = false;
        while let Some((kind, text, behind)) = frame(data) {
            match kind {
                TEXT if text == b"2" => self.writer.send("3")?,
                TEXT => {
                    any = true;
                    take(text);
                }
                0x89 => self.writer.send_frame(PONG, text)?,
                PONG => {}
                _ => return Err(unexpected("a text frame", data)),
            }
            data = behind;
        }
        self.rest = data.to_vec();
        Ok(any)
    }
}

/// The first frame's first byte, its data, and what is behind it; nothing when it is not whole.
fn frame(data: &[u8]) -> Option<(u8, &[u8], &[u8])> {
    let (&kind, rest) = data.split_first()?;
    let (&length, rest) = rest.split_first()?;
    let (length, rest) = match length {
        126 => {
            let (length, rest) = rest.split_first_chunk()?;
            (usize::from(u16::from_be_bytes(*length)), rest)
        }
        127 => {
            let (length, rest) = rest.split_first_chunk()?;
            (usize::try_from(u64::from_be_bytes(*length)).ok()?, rest)
        }
        short => (usize::from(short), rest),
    };
    let (data, behind) = rest.split_at_checked(length)?;
    Some((kind, data, behind))
}

/// An error that shows what came instead.
pub fn unexpected(wanted: &str, data: &[u8]) -> Error {
    let start = String::from_utf8_lossy(&data[..data.len().min(400)]);
    Error::other(format!("not {wanted}, but {start:?}"))
}
