//! Instances that sign with different secrets.

use crate::app::App;
use crate::redis::RedisServer;
use crate::testing::TestApp;

const OLD: &str = "0f1e2d3c4b5a69788796a5b4c3d2e1f00f1e2d3c4b5a6978";
const NEW: &str = "9a8b7c6d5e4f30211203f4e5d6c7b8a99a8b7c6d5e4f3021";
const OTHER: &str = "5566778899aabbccddeeff0011223344556677889900aabb";

async fn instance(server: &RedisServer, secrets: &str) -> TestApp {
    let settings = vec![
        ("sockets.adapter", "redis".to_owned()),
        ("datastores.redis.url", server.url()),
        ("session.secret", secrets.to_owned()),
    ];
    TestApp::start_configured(App::new("secrets"), settings).await
}

async fn ready(app: &TestApp) -> (u16, String) {
    let answer = app.get("/readyz").await;
    (answer.status(), answer.text())
}

#[tokio::test]
async fn an_instance_with_another_secret_is_not_ready_and_says_why() {
    let server = RedisServer::start().unwrap();
    let first = instance(&server, OLD).await;
    assert_eq!(ready(&first).await.0, 200);
    let wrong = instance(&server, OTHER).await;
    let (status, text) = ready(&wrong).await;
    assert_eq!(status, 503);
    assert!(text.contains("SESSION_SECRET is not that of the other instances"), "{text}");
    assert_eq!(ready(&first).await.0, 200, "the others go on");
}

#[tokio::test]
async fn a_secret_can_be_changed_instance_by_instance() {
    let server = RedisServer::start().unwrap();
    let (a, b) = (instance(&server, OLD).await, instance(&server, &format!("{OLD},{NEW}")).await);
    assert_eq!((ready(&a).await.0, ready(&b).await.0), (200, 200));
    let c = instance(&server, &format!("{NEW},{OLD}")).await;
    assert_eq!((ready(&c).await.0, ready(&b).await.0), (200, 200));
    drop(a);
}
