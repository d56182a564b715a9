//! A private Redis: on loopback, on a port of its own, keeping nothing.

use std::io::{Read as _, Write as _};
use std::net::{Ipv4Addr, TcpStream};
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use super::interrupt::Interrupt;
use super::{ports, ready};
use crate::Result;
use crate::process::Program;

const DEADLINE: Duration = Duration::from_secs(10);

/// A running redis-server; ended when dropped.
#[derive(Debug)]
pub struct Redis {
    program: Program,
    port: u16,
}

impl Redis {
    /// Starts `executable` in `folder` with its output in the file `log`, and waits until it answers.
    pub fn start(executable: &Path, folder: &Path, log: &Path, interrupt: &Interrupt) -> Result<Self> {
        let port = ports::free_or(0)?;
        let mut command = Command::new(executable);
        command.current_dir(folder).arg("--port").arg(port.to_string());
        command.args(["--bind", "127.0.0.1", "--save", "", "--appendonly", "no", "--daemonize", "no"]);
        let mut program = Program::start("redis-server", &mut command, log)?;
        ready::wait(&mut program, DEADLINE, interrupt, || ping(port))?;
        Ok(Self { program, port })
    }

    /// Its address, as `REDIS_URL` has it.
    pub fn url(&self) -> String {
        format!("redis://127.0.0.1:{}", self.port)
    }

    /// The running program.
    pub fn program(&mut self) -> &mut Program {
        &mut self.program
    }
}

/// Nothing when Redis answers PONG, else what it did instead.
fn ping(port: u16) -> Option<String> {
    let answer = || {
        let mut stream = TcpStream::connect((Ipv4Addr::LOCALHOST, port))?;
        stream.set_read_timeout(Some(Duration::from_secs(1)))?;
        stream.write_all(b"PING\r\n")?;
        let mut answer = [0; 7];
        stream.read_exact(&mut answer)?;
        Ok::<_, std::io::Error>(answer)
    };
    match answer() {
        Ok(answer) if &answer == b"+PONG\r\n" => None,
        Ok(answer) => Some(format!("it answers {:?}", String::from_utf8_lossy(&answer))),
        Err(error) => Some(error.to_string()),
    }
}
