//! What the test server can't do it says at its start.

use serde_json::{Value, json};

use super::server::command;

/// What it says instead of starting.
#[track_caller]
fn refusal(config: &Value, variables: &[(&str, &str)]) -> String {
    let output = command(config, variables).output().expect("the program runs");
    assert!(!output.status.success(), "it started");
    String::from_utf8_lossy(&output.stderr).into_owned()
}

#[test]
fn what_is_not_there_is_refused_by_its_key() {
    let user = |attribute: Value| json!({"models": {"user": {"attributes": {"name": attribute}}}});
    for (config, words) in [
        (json!({"sockets": {"transports": ["webtransport"]}}), "webtransport"),
        (json!({"sockets": {"sendStatusCode": false}}), "sockets.sendStatusCode"),
        (json!({"sockets": {"adapter": "mongo"}}), "sockets.adapter"),
        (json!({"security": {"cors": {"allRoutes": true}}}), "security.cors.allRoutes"),
        (json!({"session": {"cookie": {"domain": "x"}}}), "session.cookie.domain"),
        (json!({"blueprints": {"shortcut": true}}), "did you mean"),
        (json!({"blueprints": 1}), "`blueprints` must be an object"),
        (json!({"routes": {"GET /x": "nobody/home"}}), "GET /x"),
        (json!({"routes": {"x": "/hello"}}), "no address"),
        (json!({"models": {"user": {"color": "red"}}}), "models.user: `color`"),
        (user(json!({"type": "money"})), "`money` is none of"),
        (user(json!({"type": "string", "encrypt": true})), "`encrypt` is not there yet"),
        (user(json!({"model": "nobody"})), "there is no model `nobody`"),
        (user(json!({"type": "string", "required": 1})), "`required` must be true or false"),
        (user(json!({"collection": "user", "via": "nobody"})), "nobody"),
    ] {
        let said = refusal(&config, &[]);
        assert!(said.contains(words), "{config}: {said}");
    }
    let mode = refusal(&json!({}), &[("REGATTA_TESTSERVER", "pigeon")]);
    assert!(mode.contains("REGATTA_TESTSERVER=pigeon"), "{mode}");
    let text = refusal(&json!({}), &[("SAILS_TEST_CONFIG", "{")]);
    assert!(text.contains("SAILS_TEST_CONFIG is not JSON"), "{text}");
}
