//! Clients that go in the middle of a transaction.

use std::future::IntoFuture as _;
use std::io::Write;
use std::net::TcpStream;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use serde_json::json;

use crate::app::App;
use crate::models::tests::{Message, Person};
use crate::models::{Db, Model};
use crate::testing::TestApp;
use crate::{Error, Result};

static BEGUN: AtomicUsize = AtomicUsize::new(0);

async fn slow(db: Db) -> Result<&'static str> {
    db.transaction(async |tx| {
        let number = BEGUN.load(Ordering::SeqCst);
        Person::create(json!({ "name": format!("first {number}") })).exec(tx).await?;
        BEGUN.fetch_add(1, Ordering::SeqCst);
        actix_web::rt::time::sleep(Duration::from_millis(200)).await;
        Person::create(json!({ "name": format!("second {number}") })).exec(tx).await?;
        Ok::<_, Error>(())
    })
    .await?;
    Ok("done")
}

async fn write(db: Db) -> Result<&'static str> {
    Person::create(json!({ "name": "kept" })).exec(&db).await?;
    Ok("written")
}

#[tokio::test]
async fn their_transactions_are_whole_and_their_connections_come_back() {
    let app = App::new("gone").model::<Person>().model::<Message>().routes(|r| {
        r.get("/slow", slow);
        r.post("/write", write);
    });
    let settings = vec![("datastores.default.pool_size", "2".to_owned()), ("http.workers", "1".to_owned())];
    let app = TestApp::start_configured(app, settings).await;
    for round in 1..=6 {
        let mut client = TcpStream::connect(app.address()).unwrap();
        client
            .write_all(format!("GET /slow HTTP/1.1\r\nHost: {}\r\n\r\n", app.address()).as_bytes())
            .unwrap();
        let deadline = Instant::now() + Duration::from_secs(10);
        while BEGUN.load(Ordering::SeqCst) < round {
            assert!(Instant::now() < deadline, "transaction {round} begins: the pool has a connection");
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        drop(client);
    }
    let asked = Instant::now();
    app.post("/write").await.ok();
    assert!(asked.elapsed() < Duration::from_secs(5), "{:?}", asked.elapsed());
    let names: Vec<String> =
        Person::find().all(app.db()).await.unwrap().into_iter().map(|person| person.name).collect();
    let of = |word: &str| names.iter().filter(|name| name.starts_with(word)).count();
    assert_eq!(of("first"), of("second"), "a transaction is whole or not there: {names:?}");
    assert!(names.contains(&"kept".to_owned()));
    // Both connections of the pool are free again: a read beside a transaction finds one.
    let (done, read) = tokio::join!(app.get("/slow").into_future(), app.get("/livez").into_future());
    assert_eq!((done.text().as_str(), read.status()), ("done", 200));
}
