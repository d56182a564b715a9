//! The same answers written by hand: plain actix-web handlers, nothing shared with the framework. For sockets also with
//! what others use.

mod cached;
mod hello;
mod messages;
mod news;
mod notes;
mod people;
mod room;
mod socketioxide;
mod sockets;
mod visits;

use std::process::ExitCode;

use actix_web::{App, HttpServer, web};
use deadpool_redis::{Config, Runtime};
use rustix::process::{Signal, set_parent_process_death_signal};
use sqlx::postgres::PgPoolOptions;

use crate::options::{Command, Raw};
use news::News;
use visits::{Signer, Store};

/// Serves until it is told to stop, or until the bench that started it is gone.
pub(crate) fn serve(command: Command) -> ExitCode {
    let served = match command {
        Command::Raw(settings) => actix_web::rt::System::new().block_on(run(&settings)),
        Command::RawSockets(settings) => actix_web::rt::System::new().block_on(sockets::run(settings)),
        Command::Socketioxide(settings) => {
            one_thread().and_then(|own| own.block_on(socketioxide::run(settings)))
        }
    };
    match served {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}

/// What a worker of actix-web has too.
fn one_thread() -> Result<tokio::runtime::Runtime, Box<dyn std::error::Error>> {
    Ok(tokio::runtime::Builder::new_current_thread().enable_all().build()?)
}

async fn run(settings: &Raw) -> Result<(), Box<dyn std::error::Error>> {
    set_parent_process_death_signal(Some(Signal::TERM))?;
    // Like the framework's, this pool spends no round trip on a test before every statement.
    let database = PgPoolOptions::new()
        .max_connections(settings.database_connections)
        .test_before_acquire(false)
        .connect(&settings.database)
        .await?;
    let redis = redis::Client::open(settings.redis.as_str())?;
    let shared = redis.get_multiplexed_async_connection().await?;
    let pool = Config::from_url(&settings.redis).create_pool(Some(Runtime::Tokio1))?;
    let signer = Signer::random()?;
    let news = News::open(&redis, shared.clone()).await?;

    let kept = web::Data::new(cached::Kept::default());

    let server = HttpServer::new(move || {
        App::new()
            .app_data(kept.clone())
            .route("/headlines", web::get().to(cached::headlines))
            .app_data(web::Data::new(database.clone()))
            .app_data(web::Data::new(signer.clone()))
            .route("/hello", web::get().to(hello::hello))
            .route("/message", web::get().to(messages::list))
            .route("/person", web::get().to(people::list))
            .service(web::scope("/note").app_data(web::Data::new(news.clone())).configure(notes::routes))
            .service(
                web::scope("/silent/note").app_data(web::Data::new(News::Silent)).configure(notes::routes),
            )
            .service(
                web::resource("/visits")
                    .app_data(web::Data::new(Store::Shared(shared.clone())))
                    .get(visits::count),
            )
            .service(
                web::resource("/visits-pooled")
                    .app_data(web::Data::new(Store::Pooled(pool.clone())))
                    .get(visits::count),
            )
    })
    .workers(settings.workers)
    .tcp_nodelay(true)
    .shutdown_timeout(1)
    .bind(("127.0.0.1", settings.port))?;
    println!("listening on port {}", settings.port);
    Ok(server.run().await?)
}
