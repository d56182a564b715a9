//! The measured app: as `regatta new` makes it, with one model and a few routes more.

use std::fs;
use std::path::Path;

use regatta_tests::http::Http;
use regatta_tests::ports;
use regatta_tests::scaffold::{Scaffold, succeed};
use serde_json::json;

use crate::side::{DATABASE_CONNECTIONS, Services, Side};

pub(crate) const PEOPLE: usize = 20;
pub(crate) const MESSAGES_EACH: usize = 10;

// As `openssl rand -hex 32` makes them: production refuses less.
const SECRET: &str = "9f3c1a7be05d4286b1c97ad2630e58f47d10b6c2e9a4835f6e2d71c0ab94f358";

/// Actions as a user would write them: one that only says hello, and what the sockets of the bench do.
const ACTIONS: &str = r#"
#[derive(serde::Serialize)]
struct Hello {
    hello: &'static str,
}

async fn hello() -> Json<Hello> {
    Json(Hello { hello: "world" })
}

#[derive(serde::Serialize)]
struct Headline {
    number: u32,
    text: String,
}

async fn headlines() -> Json<Vec<Headline>> {
    Json((0..20).map(|number| Headline { number, text: format!("Headline {number}: the wind turns") }).collect())
}

#[derive(serde::Serialize, serde::Deserialize)]
struct News {
    number: u64,
    text: String,
}

async fn enter(who: Requester) -> Result<Json<()>> {
    who.socket()?.join("crowd").await?;
    Ok(Json(()))
}

async fn publish(sockets: Sockets, news: Input<News>) -> Result<()> {
    sockets.to("crowd").emit("news", &*news).await
}

async fn ask(news: Input<News>) -> Json<News> {
    Json(news.into_inner())
}
"#;

/// A model that refers to nothing, open to everybody.
const NOTE: &str = r#"
#[derive(Debug, Model)]
#[model(rename_all = "camelCase")]
pub struct Note {
    pub id: i64,
    #[attr(required, max_length = 80)]
    pub title: String,
    pub text: String,
    pub done: bool,
    #[attr(auto_created_at)]
    pub created_at: Timestamp,
    #[attr(auto_updated_at)]
    pub updated_at: Timestamp,
}
"#;

const ROUTES: &str = r#"
    r.get("/hello", hello);
    r.get("/headlines", headlines).cache("30s");
    r.on("enter", enter);
    r.on("publish", publish);
    r.on("ask", ask);
    r.blueprints::<crate::models::Note>();
    r.blueprints::<crate::models::Person>();
"#;

/// The app, built for release.
#[derive(Debug)]
pub(crate) struct Bench(Scaffold);

impl Bench {
    pub(crate) fn make() -> Self {
        Self(Scaffold::released(extend))
    }

    /// Lifts one instance of a copy in the production environment, on the services and as the cluster that
    /// `config/sockets.toml` makes of it.
    pub(crate) fn lift(&self, services: &Services) -> Side {
        self.lift_as(services, &[("REGATTA__SOCKETS__ADAPTER", "redis")])
    }

    /// Lifts one that shares nothing with others.
    pub(crate) fn lift_alone(&self, services: &Services) -> Side {
        let alone = [("REGATTA__SOCKETS__ADAPTER", "memory"), ("REGATTA__SOCKETS__SINGLE_INSTANCE", "true")];
        self.lift_as(services, &alone)
    }

    fn lift_as(&self, services: &Services, sockets: &[(&str, &str)]) -> Side {
        let app = self.0.copy();
        let port = ports::free();
        let (base, workers) = (format!("http://127.0.0.1:{port}"), services.workers.to_string());
        let connections = DATABASE_CONNECTIONS.to_string();
        let mut settings = vec![
            ("REGATTA_ENV", "production"),
            ("DATABASE_URL", &*services.postgres),
            ("REDIS_URL", &services.redis),
            ("SESSION_SECRET", SECRET),
            ("PUBLIC_URL", &base),
            ("REGATTA__HTTP__WORKERS", &workers),
            ("REGATTA__DATASTORES__DEFAULT__POOL_SIZE", &connections),
        ];
        settings.extend_from_slice(sockets);
        succeed(app.command(&["migrate"]).envs(settings.iter().copied()));
        let (process, _) = app.lift_one(port, &settings);
        Side::new("scaffolded app", port, process, app.into_folder())
    }
}

fn extend(root: &Path) {
    insert(root, "src/routes.rs", "pub fn draw(r: &mut Routes) {", ROUTES, ACTIONS);
    insert(root, "src/models/mod.rs", "mod person;", "\nuse regatta::prelude::*;\n", NOTE);
    insert(root, "src/lib.rs", ".model::<Person>()", ".model::<models::Note>()", "");
}

/// Writes `text` behind the words `place` of a file, and `end` at its end.
fn insert(root: &Path, file: &str, place: &str, text: &str, end: &str) {
    let file = root.join(file);
    let old = fs::read_to_string(&file).expect("an app has this file");
    assert!(old.contains(place), "{} looks different:\n{old}", file.display());
    fs::write(&file, old.replacen(place, &format!("{place}{text}"), 1) + end).expect("a file of the app");
}

/// Fills the app as people do: they give their names and say something.
pub(crate) fn seed(base: &str) {
    for person in 0..PEOPLE {
        let http = Http::new(base);
        let named = http.post_json("/name", &json!({ "name": format!("Person {person}") }));
        assert_eq!(named.status, 200, "{named:?}");
        for message in 0..MESSAGES_EACH {
            let body = format!(
                "This is what person {person} has to say in message {message}: \"smooth sailing\" & more."
            );
            let said = http.post_json("/message", &json!({ "body": body }));
            assert!(matches!(said.status, 200 | 201), "{said:?}");
        }
    }
}
