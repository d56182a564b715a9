//! The `regatta` command.

fn main() -> std::process::ExitCode {
    regatta_cli::run(std::env::args_os())
}
