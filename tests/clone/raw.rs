//! The same by hand: a plain actix-web handler, nothing shared with the framework.

use std::io;
use std::net::TcpListener;
use std::os::fd::AsFd as _;
use std::process::ExitCode;

use actix_web::{App, HttpResponse, HttpServer, web};
use rustix::process::{Signal, set_parent_process_death_signal};

use crate::work::work;

/// Serves with one worker, on the listening socket that is the standard input, until it is told to stop or the
/// experiment that started it is gone.
pub(crate) fn serve() -> ExitCode {
    match actix_web::rt::System::new().block_on(run()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}

async fn run() -> io::Result<()> {
    set_parent_process_death_signal(Some(Signal::TERM))?;
    let listener = TcpListener::from(io::stdin().as_fd().try_clone_to_owned()?);
    let server = HttpServer::new(|| App::new().route("/work", web::get().to(answer)));
    let server = server.workers(1).tcp_nodelay(true).shutdown_timeout(1).listen(listener)?;
    println!("listening");
    server.run().await
}

async fn answer() -> HttpResponse {
    HttpResponse::Ok().json(serde_json::json!({ "answer": work() }))
}
