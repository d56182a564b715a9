//! What commands answer on standard output.

use std::io::{self, ErrorKind, Write as _};
use std::process::exit;

use super::command::complain;

/// Prints a line of a command that does something: nobody may read it, as behind `| head`, and it is done to its end.
pub(super) fn say(line: &str) {
    match write(line) {
        Err(error) if error.kind() != ErrorKind::BrokenPipe => {
            complain(&format!("can't be printed: {error}"))
        }
        _ => {}
    }
}

/// Prints a line of a command that only shows something: it ends when nobody reads any more.
pub(super) fn show(line: &str) {
    match write(line) {
        Ok(()) => {}
        Err(error) if error.kind() == ErrorKind::BrokenPipe => exit(0),
        Err(error) => {
            complain(&format!("can't be printed: {error}"));
            exit(1);
        }
    }
}

fn write(line: &str) -> io::Result<()> {
    let mut out = io::stdout().lock();
    writeln!(out, "{line}")?;
    out.flush()
}
