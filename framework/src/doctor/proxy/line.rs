//! A connection to a proxy, plain or encrypted.

use std::process::Stdio;
use std::time::Duration;

use tokio::io::{self, AsyncRead, AsyncReadExt as _, AsyncWrite};
use tokio::net::TcpStream;
use tokio::process::{Child, Command};
use tokio::time::timeout;

use super::Address;

/// How long connecting may take.
const CONNECT: Duration = Duration::from_secs(2);

/// What carries bytes both ways.
pub(super) trait Carrier: AsyncRead + AsyncWrite + Send + Unpin {}
impl<T: AsyncRead + AsyncWrite + Send + Unpin> Carrier for T {}

/// A connection.
pub(super) struct Line {
    pub(super) carrier: Box<dyn Carrier>,
    /// The program that encrypts; it ends with the line.
    program: Option<Child>,
}

impl Line {
    /// Connects.
    ///
    /// # Errors
    /// Why it could not, with what to do.
    pub(super) async fn open(address: &Address) -> Result<Self, String> {
        let place = (address.host.as_str(), address.port);
        let connected = timeout(CONNECT, TcpStream::connect(place)).await;
        let stream = match connected {
            Ok(Ok(stream)) => stream,
            Ok(Err(error)) => return Err(format!("{} can't be reached ({error})", address.origin())),
            Err(_) => return Err(format!("{} can't be reached (no answer within 2 s)", address.origin())),
        };
        if !address.is_encrypted {
            return Ok(Self { carrier: Box::new(stream), program: None });
        }
        drop(stream);
        Self::encrypted(address)
    }

    /// Lets the program `openssl` encrypt: an app whose proxy does that has no such code in it.
    fn encrypted(address: &Address) -> Result<Self, String> {
        let is_name = address.host.parse::<std::net::IpAddr>().is_err();
        let place = if address.host.contains(':') {
            format!("[{}]:{}", address.host, address.port)
        } else {
            format!("{}:{}", address.host, address.port)
        };
        let mut command = Command::new("openssl");
        command.args(["s_client", "-quiet", "-verify_return_error", "-alpn", "http/1.1", "-connect", &place]);
        match is_name {
            true => command.args(["-servername", &address.host, "-verify_hostname", &address.host]),
            false => command.args(["-noservername", "-verify_ip", &address.host]),
        };
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).kill_on_drop(true);
        let mut program = command.spawn().map_err(|error| {
            format!("the program `openssl` speaks TLS for the doctor and can't be run ({error}): apt-get install openssl")
        })?;
        match (program.stdout.take(), program.stdin.take()) {
            (Some(from), Some(to)) => {
                Ok(Self { carrier: Box::new(io::join(from, to)), program: Some(program) })
            }
            _ => Err("`openssl` has no pipes".to_owned()),
        }
    }

    /// Why nothing came, when the encryption is the reason.
    pub(super) async fn trouble(mut self) -> Option<String> {
        let mut said = String::new();
        let mut errors = self.program.take()?.stderr.take()?;
        // It may still run: what it has said until now is enough.
        let _ = timeout(Duration::from_millis(200), errors.read_to_string(&mut said)).await;
        let line = said.lines().find_map(|line| line.split_once("verify error:").map(|(_, reason)| reason));
        let reason = line.or_else(|| said.lines().rev().find(|line| line.contains("error")))?;
        Some(reason.split_once(':').map_or(reason, |(_, words)| words).trim().to_owned())
    }
}
