//! Who a client is behind one proxy, two, or none.

use actix_web::web::Json;
use serde_json::{Value, json};

use crate::app::App;
use crate::security::{ClientAddress, IsSecure};
use crate::testing::{TestApp, TestRequest};

async fn who(client: ClientAddress, is_secure: IsSecure) -> Json<Value> {
    Json(json!([client.0.map(|address| address.to_string()), is_secure.0]))
}

async fn app(settings: &[(&'static str, &str)]) -> TestApp {
    let settings = settings.iter().map(|(key, value)| (*key, (*value).to_owned())).collect();
    let app = App::new("hops").routes(|r| {
        r.get("/who", who);
        r.post("/change", async || "changed");
    });
    TestApp::start_configured(app, settings).await
}

/// Everything a client can claim.
fn spoofed(request: TestRequest) -> TestRequest {
    let request = request.header("Forwarded", "for=6.6.6.6;proto=https;host=evil.example");
    request.header("X-Forwarded-Host", "evil.example").header("X-Real-IP", "6.6.6.6")
}

async fn seen(app: &TestApp, forwarded_for: &str, proto: &str) -> Value {
    let request = spoofed(app.get("/who")).header("X-Forwarded-For", forwarded_for);
    request.header("X-Forwarded-Proto", proto).await.ok().json()
}

#[tokio::test]
async fn a_peer_that_is_no_trusted_proxy_is_the_client_whatever_it_says() {
    for settings in [&[][..], &[("security.trusted_proxies", "10.0.0.0/8")]] {
        let app = app(settings).await;
        assert_eq!(seen(&app, "6.6.6.6, 10.0.0.1", "https").await, json!(["127.0.0.1", false]));
    }
}

#[tokio::test]
async fn behind_one_proxy_the_address_it_wrote_last_is_the_clients() {
    let app = app(&[("security.trusted_proxies", "127.0.0.1")]).await;
    assert_eq!(seen(&app, "198.51.100.7", "https").await, json!(["198.51.100.7", true]));
    assert_eq!(seen(&app, "6.6.6.6, 198.51.100.7", "http").await, json!(["198.51.100.7", false]));
    // A proxy that keeps what the client said before its own word.
    assert_eq!(seen(&app, "6.6.6.6, 198.51.100.7", "https, http").await, json!(["198.51.100.7", false]));
    assert_eq!(seen(&app, "127.0.0.1, 198.51.100.7", "HTTPS").await, json!(["198.51.100.7", true]));
}

#[tokio::test]
async fn behind_two_proxies_both_are_looked_through() {
    let app = app(&[("security.trusted_proxies", "127.0.0.1,10.0.0.0/8")]).await;
    let two = "198.51.100.7, 10.0.0.1";
    assert_eq!(seen(&app, two, "https").await, json!(["198.51.100.7", true]));
    assert_eq!(seen(&app, two, "https, http").await, json!(["198.51.100.7", true]), "TLS ends at the first");
    assert_eq!(
        seen(&app, two, "https, http, http").await,
        json!(["198.51.100.7", false]),
        "the first lies outside"
    );
    assert_eq!(
        seen(&app, &format!("10.6.6.6, 6.6.6.6, {two}"), "http").await,
        json!(["198.51.100.7", false])
    );
}

#[tokio::test]
async fn a_socket_and_its_virtual_requests_have_the_clients_address() {
    let app = app(&[("security.trusted_proxies", "127.0.0.1")]).await;
    assert_eq!(app.socket().await.get("/who").await, json!(["127.0.0.1", false]));
}

#[tokio::test]
async fn only_listed_hosts_are_answered_and_probes_are_not_asked() {
    let app =
        app(&[("security.allowed_hosts", "chat.example.com"), ("security.trusted_proxies", "127.0.0.1")])
            .await;
    let asked = |path: &str, host: &str| {
        app.get(path).header("Host", host).header("X-Forwarded-Host", "chat.example.com")
    };
    assert_eq!(asked("/who", "chat.example.com").await.status(), 200);
    assert_eq!(asked("/who", "CHAT.example.com:8443").await.status(), 200);
    for host in ["evil.example", "chat.example.com.evil.example", "xchat.example.com", "127.0.0.1"] {
        let refused = asked("/who", host).await;
        assert_eq!((refused.status(), &refused.json()["code"]), (421, &json!("E_HOST")), "{host}");
    }
    assert_eq!(asked("/livez", "10.0.0.9").await.status(), 200);
}

#[tokio::test]
async fn a_claimed_host_makes_no_page_the_apps_own() {
    let app = app(&[("security.trusted_proxies", "127.0.0.1")]).await;
    let forged = spoofed(app.post("/change")).header("Origin", "https://evil.example");
    assert_eq!(forged.await.status(), 403);
}
