//! The commands of `fleet`: a running fleet, asked over its control socket.

use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use clap::Subcommand;
use tokio::time::sleep;

use super::install::Install;
use super::output::show;
use crate::config::Config;
use crate::fleet::{Asking, Reply, Request, Row, Status};
use crate::{Error, Result};

/// Between two looks at what instances use.
const SAMPLE: Duration = Duration::from_millis(250);

/// `fleet`
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:\n  fleet status --json\n  fleet restart\n  fleet log-level regatta=debug")]
pub(crate) struct Fleet {
    #[command(subcommand)]
    command: Command,
    /// Answer in JSON
    #[arg(long, global = true)]
    json: bool,
    /// The fleet's control socket [default: `control` in config/fleet.toml]
    #[arg(long, global = true)]
    control: Option<PathBuf>,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Show the instances: state, restarts, memory, processor.
    Status,
    /// The same, again and again.
    Top {
        /// Seconds between two looks
        #[arg(long, default_value_t = 1, value_parser = clap::value_parser!(u64).range(1..=3600))]
        every: u64,
        /// Look so often, then end
        #[arg(long)]
        times: Option<u64>,
    },
    /// Run so many instances from now on.
    Scale { instances: u16 },
    /// Replace every instance by a new one of the program as it is now, without a failed request.
    Restart,
    /// End the fleet in good order.
    Stop,
    /// Show the last lines of every instance's log.
    Logs {
        /// So many of each
        #[arg(short = 'n', long, default_value_t = 100)]
        lines: usize,
        /// And those that come
        #[arg(short, long)]
        follow: bool,
    },
    /// Show the figures of all instances, in Prometheus' text format.
    Metrics,
    /// Make the fleet a service of systemd.
    Install(Install),
    /// Let every instance log more or less until it is restarted, such as regatta=debug.
    LogLevel { level: String },
}

/// Asks the fleet, and shows what it answers.
pub(super) fn run(app: &str, config: &Config, wanted: &Fleet) -> Result<ExitCode> {
    if let Command::Install(install) = &wanted.command {
        return install.run(app, config);
    }
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(wanted.run(config))?;
    Ok(ExitCode::SUCCESS)
}

impl Fleet {
    async fn run(&self, config: &Config) -> Result<()> {
        let path = self.control.clone().unwrap_or_else(|| config.path(&config.fleet.control));
        let done = |what: &str| self.show_done(what);
        match &self.command {
            Command::Status => self.show(&sampled(&path, SAMPLE, None).await?.1),
            Command::Top { every, times } => {
                let mut before = None;
                let mut left = times.unwrap_or(u64::MAX);
                while left > 0 {
                    left -= 1;
                    let wait = before.as_ref().map_or(SAMPLE, |_| Duration::from_secs(*every));
                    let (raw, status) = sampled(&path, wait, before.take()).await?;
                    before = Some(raw);
                    self.show_again(&status)?;
                }
                Ok(())
            }
            Command::Scale { instances } => {
                self.follow(&path, &Request::Scale(*instances)).await?;
                done(&format!("{instances} instances run"))
            }
            Command::Restart => {
                self.follow(&path, &Request::Restart).await?;
                done("all instances are new")
            }
            Command::Stop => {
                self.follow(&path, &Request::Stop).await?;
                done("the fleet has ended")
            }
            Command::Logs { lines, follow } => {
                self.follow(&path, &Request::Logs { lines: *lines, follow: *follow }).await
            }
            Command::Metrics => self.follow(&path, &Request::Metrics).await,
            // Nobody is asked.
            Command::Install(_) => Ok(()),
            Command::LogLevel { level } => {
                self.follow(&path, &Request::LogLevel(level.clone())).await?;
                done("the level is changed until an instance is restarted")
            }
        }
    }

    /// Shows what comes until all is done.
    async fn follow(&self, path: &std::path::Path, request: &Request) -> Result<()> {
        let mut asking = Asking::start(path, request).await?;
        while let Some(reply) = asking.next().await? {
            if let Reply::Line(line) = reply {
                show(&if self.json { serde_json::json!({ "line": line }).to_string() } else { line });
            }
        }
        Ok(())
    }

    fn show_done(&self, what: &str) -> Result<()> {
        show(&if self.json { serde_json::json!({ "done": what }).to_string() } else { what.to_owned() });
        Ok(())
    }

    fn show(&self, status: &Status) -> Result<()> {
        show(&if self.json { serde_json::to_string(status)? } else { table(status) });
        Ok(())
    }

    fn show_again(&self, status: &Status) -> Result<()> {
        if !self.json {
            // Clears the terminal, as top does.
            show("\u{1b}[2J\u{1b}[H");
        }
        self.show(status)
    }
}

/// Which instances run.
pub(super) async fn ask_status(path: &std::path::Path) -> Result<Status> {
    let mut asking = Asking::start(path, &Request::Status).await?;
    let mut status = None;
    while let Some(reply) = asking.next().await? {
        if let Reply::Status(found) = reply {
            status = Some(found);
        }
    }
    status.ok_or_else(|| Error::internal("the parent answered nothing: it may be of another version"))
}

/// The status after `wait`, as it came and with the processor time since the one before it.
async fn sampled(path: &std::path::Path, wait: Duration, before: Option<Status>) -> Result<(Status, Status)> {
    let before = match before {
        Some(before) => before,
        None => ask_status(path).await?,
    };
    sleep(wait).await;
    let raw = ask_status(path).await?;
    let mut status = raw.clone();
    for row in &mut status.instances {
        let earlier = before.instances.iter().find(|earlier| earlier.id == row.id);
        let spent = earlier.and_then(|earlier| row.cpu_ms?.checked_sub(earlier.cpu_ms?));
        row.cpu_percent = spent.map(|spent| spent as f64 * 100.0 / wait.as_millis().max(1) as f64);
    }
    Ok((raw, status))
}

fn table(status: &Status) -> String {
    let head = format!(
        "{}: parent {}, {}\n{:<10} {:>8} {:<9} {:>9} {:>9} {:>9} {:>6}",
        status.app,
        status.parent,
        status.listens.join(", "),
        "INSTANCE",
        "PID",
        "STATE",
        "FOR",
        "RESTARTS",
        "MEMORY",
        "CPU"
    );
    status.instances.iter().fold(head, |table, row| table + "\n" + &line(row))
}

fn line(row: &Row) -> String {
    let memory =
        row.rss_bytes.map_or_else(|| "-".to_owned(), |bytes| format!("{:.1} MB", bytes as f64 / 1e6));
    let cpu = row.cpu_percent.map_or_else(|| "-".to_owned(), |percent| format!("{percent:.0} %"));
    let age = humantime::format_duration(Duration::from_secs(row.for_seconds)).to_string().replace(' ', "");
    let (id, pid, state, restarts) = (&row.id, row.pid, row.state.as_str(), row.restarts);
    format!("{id:<10} {pid:>8} {state:<9} {age:>9} {restarts:>9} {memory:>9} {cpu:>6}")
}
