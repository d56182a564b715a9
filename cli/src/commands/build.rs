//! `regatta build`: one archive with all that a server needs to run the app.

use std::path::PathBuf;

use clap::Args;

use crate::output::say;
use crate::package::{self, Release};
use crate::{Error, Result, app};

const AFTER: &str = "\
The archive holds the binary, config/ without local.toml, views, assets, migrations, and deploy/ with the systemd and Upstart files.
It needs nothing but a C library on the server:
  tar -xzf chat-0.1.0-x86_64-linux.tar.gz -C /opt && ln -sfn chat-0.1.0 /opt/chat
  cp /opt/chat/deploy/chat@.* /etc/systemd/system/";

/// Build the app with optimisations and pack it into one archive
#[derive(Debug, Args)]
#[command(after_help = AFTER)]
pub struct Build {
    /// The folder of the archive [default: target/package in the app]
    #[arg(long, value_name = "FOLDER")]
    out: Option<PathBuf>,
    /// Without optimisations, to try it
    #[arg(long)]
    debug: bool,
}

impl Build {
    /// Builds, packs and lists what is in the archive.
    pub fn run(self) -> Result<()> {
        let here = std::env::current_dir().map_err(Error::file("read", std::path::Path::new(".")))?;
        let root = app::find(&here)?;
        let out = self.out.map_or_else(|| root.join("target/package"), |out| here.join(out));
        let packed = package::pack(&Release { root: &root, out: &out, optimised: !self.debug })?;
        for file in &packed.files {
            say!("{:>12}  {}", file.bytes, file.path.display());
        }
        say!("{} files in {}, {} bytes", packed.files.len(), packed.archive.display(), packed.bytes);
        Ok(())
    }
}
