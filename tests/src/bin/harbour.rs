//! An app whose sockets do everything; see `regatta_tests::harbour`.

use std::process::ExitCode;

fn main() -> ExitCode {
    regatta_tests::harbour::main()
}
