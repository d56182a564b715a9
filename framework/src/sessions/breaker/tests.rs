use std::time::{Duration, Instant};

use tokio::time::sleep;

use super::{Breaker, PROBE, WINDOW};

fn fail(breaker: &Breaker, times: u32) {
    for _ in 0..times {
        breaker.failed();
    }
}

#[tokio::test]
async fn five_failures_in_a_second_open_it_and_an_answer_closes_it() {
    let breaker = Breaker::default();
    fail(&breaker, 4);
    breaker.admit().unwrap();
    breaker.failed();
    assert_eq!(breaker.admit().unwrap_err().status(), 503);
    breaker.succeeded();
    breaker.admit().unwrap();
}

#[tokio::test]
async fn failures_with_answers_between_them_or_long_apart_do_not_open_it() {
    let breaker = Breaker::default();
    fail(&breaker, 4);
    breaker.succeeded();
    fail(&breaker, 4);
    breaker.admit().unwrap();
    sleep(WINDOW + Duration::from_millis(50)).await;
    fail(&breaker, 4);
    breaker.admit().unwrap();
}

#[tokio::test]
async fn while_it_is_open_one_is_let_through_every_quarter_of_a_second() {
    let breaker = Breaker::default();
    fail(&breaker, 5);
    let (started, mut admitted) = (Instant::now(), 0);
    while started.elapsed() < PROBE * 4 + PROBE / 2 {
        admitted += u32::from(breaker.admit().is_ok());
        sleep(Duration::from_millis(5)).await;
    }
    assert!((3..=4).contains(&admitted), "{admitted}");
}
