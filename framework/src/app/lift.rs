//! `lift` of one instance.

use std::process::ExitCode;

use super::running::Stop;
use super::{App, levels, notify, server};
use crate::Result;
use crate::config::{Config, Environment};
use crate::fleet::{self, Orders, Told};
use crate::http::{self, Instance};

/// Serves until told to stop.
pub(super) fn lift(app: &App, config: Config, instance: Instance) -> Result<ExitCode> {
    http::take_all_files();
    actix_web::rt::System::new().block_on(async {
        // Heard from the first moment: an instance may be told to stop while it starts.
        let mut orders = Orders::open()?;
        let doors = fleet::doors(&config)?;
        notify::start(&doors);
        let address = doors.iter().map(fleet::address).collect::<Vec<_>>().join(", ");
        let environment = config.environment;
        let running = tokio::select! {
            running = server::start(app, config, &instance, doors) => running?,
            () = orders.told_to_stop() => {
                tracing::info!("stopped before it was ready");
                return Ok(ExitCode::SUCCESS);
            }
        };
        let pid = std::process::id();
        tracing::info!(app = app.name, %environment, pid, "listening on {address}");
        orders.tell_ready();
        actix_web::rt::spawn(obey(orders, running.handle(), environment));
        running.serve().await?;
        tracing::info!("stopped");
        Ok(ExitCode::SUCCESS)
    })
}

/// Does what this instance is told, for as long as it runs.
async fn obey(mut orders: Orders, stop: Stop, environment: Environment) {
    let mut is_stopping = false;
    loop {
        match orders.next().await {
            Told::Stop { .. } if is_stopping => {
                tracing::warn!("stopped at once: told so twice");
                stop.now();
            }
            Told::Stop { replaced } => {
                is_stopping = true;
                tracing::info!("stopping: requests in flight finish, sockets go elsewhere");
                orders.tell_draining();
                let stop = stop.clone();
                actix_web::rt::spawn(async move { stop.gracefully(replaced).await });
            }
            Told::ReadLevelAgain => levels::read_again(environment),
            Told::Level(level) => levels::set(environment, &level),
        }
    }
}
