//! `regatta new`: a new app, no questions asked.

use std::path::PathBuf;

use clap::Args;

use crate::output::say;
use crate::scaffold::{self, NewApp};
use crate::{Result, process};

/// Make a new app: a live chat room with its model, page, config, tests and deploy files
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  regatta new chat\n  regatta new ~/code/harbour-master")]
pub struct New {
    /// The app's name, or the path of its folder, whose last part is the name
    name: PathBuf,
    /// The `framework` folder to build on; by default that of the checkout this CLI was built from
    #[arg(long, value_name = "DIR")]
    framework_path: Option<PathBuf>,
}

impl New {
    /// Writes the app and prints what to type next.
    pub fn run(self) -> Result<()> {
        let app = NewApp::plan(&self.name, self.framework_path.as_deref())?;
        let files = app.write()?;
        // Without the CLI on PATH (as after `cargo run -p regatta-cli`) the app's own binary does the same.
        let lift = match process::find_program("regatta") {
            Some(_) => "regatta lift",
            None => "cargo run -- lift",
        };
        say!(
            "{} is there: {files} files in {}\n\nType next:\n  cd {}\n  {lift:<18}  # then open http://localhost:1337\n  cargo test",
            app.name().title(),
            app.folder().display(),
            scaffold::quoted(&self.name),
        );
        Ok(())
    }
}
