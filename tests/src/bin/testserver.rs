//! The black-box test server; see `regatta_tests::testserver`.

use std::process::ExitCode;

fn main() -> ExitCode {
    regatta_tests::testserver::main()
}
