//! `fleet install`: the fleet as a service of systemd. See systemd.service(5).

use std::fs;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};

use super::output::say;
use crate::config::Config;
use crate::fleet::{Count, program};
use crate::{Error, Result};

/// Where units of the machine's administrator live.
const UNITS: &str = "/etc/systemd/system";

/// How much longer than the app systemd waits before it kills, in seconds.
const PATIENCE: u64 = 15;

/// `fleet install`
#[derive(Debug, clap::Args)]
pub(crate) struct Install {
    /// The service's name [default: the app's]
    #[arg(long)]
    name: Option<String>,
    /// Who runs it [default: the owner of the app's folder]
    #[arg(long)]
    user: Option<String>,
    /// How many instances
    #[arg(long, value_name = "N|max", default_value = "max")]
    instances: Count,
    /// Only print the unit
    #[arg(long)]
    print: bool,
}

impl Install {
    /// Writes the unit and switches it on where that is possible, else says what to do.
    pub(super) fn run(&self, app: &str, config: &Config) -> Result<ExitCode> {
        let name = self.name.as_deref().unwrap_or(app);
        if name.is_empty() || !name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte))
        {
            return Err(Error::internal(format!(
                "`{name}` is no name of a service: write letters, digits, - and _"
            )));
        }
        let unit = self.unit(name, config)?;
        if self.print {
            say(unit.trim_end());
            return Ok(ExitCode::SUCCESS);
        }
        let file = format!("{name}.service");
        let runs = Path::new("/run/systemd/system").is_dir();
        if runs && rustix::process::geteuid().is_root() {
            fs::write(Path::new(UNITS).join(&file), unit)?;
            systemctl(&["daemon-reload"])?;
            systemctl(&["enable", "--now", &file])?;
            say(&format!("{file} runs, now and after each start of the machine: systemctl status {name}"));
            return Ok(ExitCode::SUCCESS);
        }
        let written = config.path(".tmp").join(&file);
        fs::create_dir_all(config.path(".tmp"))?;
        fs::write(&written, unit)?;
        let why = if runs { "this user may not install services" } else { "systemd does not run here" };
        say(&format!(
            "{why}: the unit is in {shown}. Where systemd runs, as root:\n  cp {shown} {UNITS}/\n  \
             systemctl daemon-reload\n  systemctl enable --now {file}",
            shown = written.display()
        ));
        Ok(ExitCode::FAILURE)
    }

    fn unit(&self, name: &str, config: &Config) -> Result<String> {
        let root = std::path::absolute(&config.root)?;
        let user = match &self.user {
            Some(user) => user.clone(),
            None => fs::metadata(&root)?.uid().to_string(),
        };
        let stop = config.http.shutdown_timeout.get().as_secs() + PATIENCE;
        let (program, root) = (plain(program()?)?, plain(root)?);
        let (environment, instances) = (config.environment, self.instances.get());
        Ok(format!(
            "[Unit]\n\
             Description={name}, {instances} instances\n\
             Wants=network-online.target\n\
             After=network-online.target\n\
             \n\
             [Service]\n\
             Type=exec\n\
             User={user}\n\
             WorkingDirectory={root}\n\
             Environment=REGATTA_ENV={environment}\n\
             # SESSION_SECRET, DATABASE_URL, REDIS_URL, PUBLIC_URL: one NAME=value a line, readable by root alone.\n\
             EnvironmentFile=-/etc/{name}.env\n\
             ExecStart=\"{program}\" lift --instances {instances}\n\
             # Every instance is replaced without a failed request, and the parent goes on as the new program.\n\
             ExecReload=/bin/kill -USR2 $MAINPID\n\
             # The parent alone is told to stop; it tells its instances.\n\
             KillMode=mixed\n\
             TimeoutStopSec={stop}\n\
             Restart=on-failure\n\
             LimitNOFILE=65536\n\
             NoNewPrivileges=yes\n\
             PrivateTmp=yes\n\
             ProtectSystem=full\n\
             \n\
             [Install]\n\
             WantedBy=multi-user.target\n"
        ))
    }
}

/// A path as a unit can have it.
fn plain(path: PathBuf) -> Result<String> {
    let text = path.into_os_string().into_string().ok();
    let plain = text.filter(|text| !text.contains(['"', '\\', '$', '\n']));
    plain.map(|text| text.replace('%', "%%")).ok_or_else(|| {
        Error::internal(
            "the app's path has letters that units can't have: move it to one of letters and digits",
        )
    })
}

fn systemctl(arguments: &[&str]) -> Result<()> {
    let done = Command::new("systemctl").args(arguments).status()?;
    if done.success() {
        return Ok(());
    }
    Err(Error::internal(format!("systemctl {} failed: its output says why", arguments.join(" "))))
}
