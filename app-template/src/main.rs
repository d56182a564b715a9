use std::process::ExitCode;

fn main() -> ExitCode {
    regatta::run(app_template::app())
}
