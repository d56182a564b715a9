//! Requests of one session that change the same key, on several instances.

use std::sync::Arc;
use std::time::{Duration, Instant};

use actix_web::http::StatusCode;
use futures_util::future::join_all;

use super::cluster::over;
use super::{Browser, Gate, config, get, in_memory, instance, post};
use crate::config::Span;
use crate::redis::RedisServer;
use crate::sessions::{Sessions, memory};

/// Each of eight clients goes from instance to instance.
macro_rules! a_hundred_times {
    ($apps:expr, $browser:expr, $path:expr) => {
        join_all((0..8).map(|client| {
            let (apps, browser): (_, &Browser) = (&$apps, &$browser);
            async move {
                for turn in (client..100).step_by(8) {
                    let answer = browser.clone().look(&apps[turn % apps.len()], post($path)).await;
                    assert_eq!(answer.status, StatusCode::OK, "{}", answer.body);
                }
            }
        }))
        .await
    };
}

#[tokio::test(flavor = "multi_thread")]
async fn a_hundred_counts_from_eight_clients_over_three_instances_are_a_hundred() {
    let server = RedisServer::start().unwrap();
    let gate = Gate::closed();
    let mut apps = Vec::new();
    for _ in 0..3 {
        apps.push(instance(over(&server), gate.clone()).await);
    }
    let mut browser = Browser::default();
    browser.send(&apps[0], post("/write/user/ada")).await;
    a_hundred_times!(apps, browser, "/incr/n/1");
    assert_eq!(browser.send(&apps[0], post("/incr/n/0")).await.body, "100");
    a_hundred_times!(apps, browser, "/count-in-turn");
    assert_eq!(browser.send(&apps[1], post("/incr/n/0")).await.body, "200", "serialized");
    a_hundred_times!(apps, browser, "/append/x");
    assert_eq!(browser.send(&apps[2], get("/read/list")).await.body, "x".repeat(100), "updated");
}

#[tokio::test]
async fn a_count_is_seen_at_once_and_not_undone_by_what_the_request_keeps() {
    let app = instance(in_memory(), Gate::closed()).await;
    let mut browser = Browser::default();
    assert_eq!(browser.send(&app, post("/pending/n")).await.body, "42");
    assert_eq!(browser.send(&app, get("/read/beside")).await.body, "kept");
    assert_eq!(browser.send(&app, post("/incr/n/-2")).await.body, "40");
    let refused = browser.send(&app, post("/incr/beside/1")).await;
    assert_eq!(refused.status, StatusCode::INTERNAL_SERVER_ERROR);
    assert_eq!(browser.send(&app, get("/read/beside")).await.body, "kept");
}

#[tokio::test]
async fn a_count_starts_a_session_for_a_client_that_has_none() {
    let app = instance(in_memory(), Gate::closed()).await;
    let mut browser = Browser::default();
    let answer = browser.send(&app, post("/incr/n/5")).await;
    assert!((&*answer.body, answer.set_cookie.is_some()) == ("5", true));
    let answer = browser.send(&app, post("/incr/n/5")).await;
    assert_eq!((&*answer.body, answer.set_cookie), ("10", None));
}

#[tokio::test]
async fn a_session_that_ended_meanwhile_counts_no_more() {
    let gate = Gate::closed();
    let app = instance(in_memory(), gate.clone()).await;
    let mut browser = Browser::default();
    browser.send(&app, post("/write/n/1")).await;
    let slow = browser.clone().look(&app, post("/slow-incr"));
    let logout = async {
        gate.reached_by(1).await;
        browser.clone().look(&app, post("/logout")).await;
        gate.let_on(1);
    };
    let (slow, ()) = futures_util::future::join(slow, logout).await;
    assert_eq!((slow.status, slow.ended, slow.set_cookie), (StatusCode::CONFLICT, true, None));
}

#[tokio::test]
async fn a_value_is_replaced_only_if_it_is_the_expected_one() {
    let app = instance(in_memory(), Gate::closed()).await;
    let mut browser = Browser::default();
    assert_eq!(browser.send(&app, post("/swap/step/-/one")).await.body, "true one");
    assert_eq!(browser.send(&app, post("/swap/step/one/two")).await.body, "true two");
    assert_eq!(browser.send(&app, post("/swap/step/one/three")).await.body, "false two");
    assert_eq!(browser.send(&app, post("/swap/step/-/three")).await.body, "false two");
}

#[tokio::test]
async fn a_turn_that_does_not_come_is_503_and_one_that_is_kept_too_long_ends() {
    let mut config = config();
    (config.session.turn_wait, config.session.turn_lease) = (Span::millis(100), Span::millis(600));
    let gate = Gate::closed();
    let app = instance(Sessions::new(&config, memory(&config)).unwrap(), Arc::clone(&gate)).await;
    let mut browser = Browser::default();
    browser.send(&app, post("/write/user/ada")).await;
    let holder = browser.clone().look(&app, post("/slow-in-turn"));
    let others = async {
        gate.reached_by(1).await;
        let refused = browser.clone().look(&app, post("/count-in-turn")).await;
        assert_eq!((refused.status, refused.retry_after), (StatusCode::SERVICE_UNAVAILABLE, true));
        let anonymous = Browser::default().look(&app, post("/count-in-turn")).await;
        assert_eq!(anonymous.status, StatusCode::OK, "it has no session whose turn could be taken");
        let started = Instant::now();
        while browser.clone().look(&app, post("/count-in-turn")).await.status != StatusCode::OK {
            assert!(started.elapsed() < Duration::from_secs(5), "the lease never ends");
        }
        gate.let_on(1);
    };
    futures_util::future::join(holder, others).await;
}
