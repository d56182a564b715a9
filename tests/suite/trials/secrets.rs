//! The secret that signs cookies: what production refuses, and how a fleet changes it while it runs.

use regatta_tests::http::Http;
use regatta_tests::ports;
use regatta_tests::redis::Redis;
use regatta_tests::wait::SOON;
use serde_json::json;

use super::{PRODUCTION, app};

const OLD: &str = "0f1e2d3c4b5a69788796a5b4c3d2e1f00f1e2d3c";
const NEW: &str = "9d02c7e15a8b46f3b1708e6cd24f95a37be0c841";

#[test]
fn production_starts_with_no_secret_that_others_may_know() {
    let app = app();
    for (what, secret, word) in [
        ("none", "", "SESSION_SECRET"),
        ("only blanks", "   ", "SESSION_SECRET"),
        ("short", "8d0f3a6be1c9427f5b7e60d1a2c3948", "32"),
        ("low entropy", "abababababababababababababababababababab", "openssl"),
        ("a sample", "please-change-this-to-something-longer-0123", "openssl"),
        ("Sails' own", "extremely-secure-keyboard-cat-0123456789", "openssl"),
        ("a good one and a short one", "8d0f3a6be1c9427f5b7e60d1a2c3948e,short", "32"),
    ] {
        let mut settings: Vec<_> =
            PRODUCTION.into_iter().filter(|(name, _)| *name != "SESSION_SECRET").collect();
        settings.push(("SESSION_SECRET", secret));
        let process = app.lift(&["--port".to_owned(), ports::free().to_string()], &settings);
        let status = process.wait_for_exit(SOON);
        let log = process.log();
        assert!(!status.success() && log.contains(word), "{what}: {log}");
        assert!(secret.trim().is_empty() || !log.contains(secret), "{what}: {log}");
        let doctor = app.command(&["doctor"]).envs(settings.iter().copied()).output().expect("it runs");
        assert!(!doctor.status.success(), "doctor with {what}");
    }
}

#[test]
fn a_secret_is_changed_instance_by_instance_and_nobody_is_logged_out() {
    let app = app();
    let redis = Redis::new();
    let url = redis.url();
    let lift = |secrets: &str| {
        let settings =
            [("REGATTA__SOCKETS__ADAPTER", "redis"), ("REDIS_URL", &url), ("SESSION_SECRET", secrets)];
        app.lift_one(ports::free(), &settings)
    };
    let user = |http: &Http| http.get("/all").json()["user"].clone();
    let steps = [OLD.to_owned(), format!("{OLD},{NEW}"), format!("{NEW},{OLD}"), NEW.to_owned()];
    let mut running = lift(&steps[0]);
    let visitor = Http::new(&running.1);
    assert_eq!(visitor.post_json("/log-in/ada", &json!({})).status, 200);
    let first = visitor.cookie();

    // Each step lifts the next instance beside the one before: both are ready, as `lift_one` waits for.
    let mut visitor = visitor;
    for secrets in &steps[1..] {
        // As after the minute in which nobody signs with the secret of before any more.
        redis.command("DEL regatta:session:secret");
        let next = lift(secrets);
        visitor = visitor.at(&next.1);
        assert_eq!(user(&visitor), "ada", "{secrets}");
        assert_eq!(user(&visitor.at(&running.1)), "ada", "and on the instance of before");
        running = next;
    }
    assert_ne!(visitor.cookie(), first, "signed anew on the way");
    let late = Http::new(&running.1).send("GET", "/all", &[("cookie", &first)], "");
    assert!(late.json()["user"].is_null(), "the old signature is nobody's now");
    println!("P19: 7 secrets refused, {} steps of a change, nobody logged out", steps.len());
}
