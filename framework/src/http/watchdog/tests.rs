//! Only who blocks is named.

use std::sync::mpsc;
use std::time::Duration;

use actix_web::dev::Payload;
use actix_web::test::TestRequest;
use tokio::time::sleep;

use super::{Seat, Watchdog};
use crate::routes::Action;

const LIMIT: Duration = Duration::from_millis(150);

async fn call(action: &Action) {
    let answer = action.call(TestRequest::get().to_http_request(), Payload::None).await;
    assert!(answer.is_ok());
}

#[tokio::test]
async fn a_handler_that_blocks_is_named_while_it_does_and_once() {
    let (send, told) = mpsc::channel();
    let report = move |handler: &str, blocked: Duration| send.send((handler.to_owned(), blocked)).unwrap();
    let watchdog = Watchdog::start(LIMIT, Box::new(report)).unwrap();
    let seat = watchdog.seat();
    let waits = seat.watch(
        Action::from_handler(async || {
            sleep(5 * LIMIT).await;
            "done"
        }),
        "waits",
    );
    let quick = seat.watch(Action::from_handler(async || "quick"), "quick");
    let blocks = seat.watch(
        Action::from_handler(async || {
            std::thread::sleep(5 * LIMIT);
            "done"
        }),
        "blocks",
    );

    call(&waits).await;
    call(&quick).await;
    assert!(told.try_recv().is_err(), "waiting blocks nobody");
    call(&blocks).await;

    let (handler, blocked) = told.try_recv().expect("told while it blocks");
    assert_eq!(handler, "blocks");
    assert!(blocked >= LIMIT && blocked < 5 * LIMIT, "{blocked:?}");
    assert!(told.try_recv().is_err(), "once");
    let free: &Seat = &seat;
    assert!(free.0.lock().unwrap().is_none());
}
