//! Two instances, one fleet: what one asks about sockets, the other answers.

use std::time::{Duration, Instant};

use serde_json::json;
use tokio::runtime::Handle;

use crate::app::App;
use crate::redis::Redis;
use crate::testing::TestCluster;

const PATIENCE: Duration = Duration::from_secs(5);

#[tokio::test(flavor = "multi_thread")]
async fn sockets_of_all_instances_are_found_and_asked() {
    are_found_and_asked(TestCluster::start(App::new("fleet"), 2).await).await;
}

#[cfg(feature = "tls")]
#[tokio::test(flavor = "multi_thread")]
async fn sockets_of_all_instances_are_found_and_asked_over_tls() {
    let certificates = crate::tls::tests::Certificates::local();
    let redis = crate::redis::RedisServer::start_encrypted(&certificates).unwrap();
    let authority = ("datastores.redis.ca_file", certificates.ca().display().to_string());
    are_found_and_asked(TestCluster::start_on(redis, App::new("fleet"), 2, &[authority]).await).await;
}

async fn are_found_and_asked(cluster: TestCluster) {
    let (here, there) = (cluster[0].sockets(), cluster[1].sockets());
    let (mut one, mut other) = (cluster[0].socket().await, cluster[1].socket().await);
    here.to(other.id()).sockets_join(&["lobby".to_owned()]).await;

    // The other instance takes the socket into the room when it hears of it.
    let deadline = tokio::time::Instant::now() + PATIENCE;
    let found = loop {
        let found = here.to("lobby").fetch_sockets().await.unwrap();
        if !found.found.is_empty() {
            break found;
        }
        assert!(tokio::time::Instant::now() < deadline, "the socket never joined");
    };
    assert!(found.is_whole() && found.asked == 1, "{found:?}");
    assert_eq!((found.found.len(), found.found[0].id.as_str()), (1, other.id()));
    assert_eq!(found.found[0].rooms, [other.id(), "lobby"]);
    let rooms = there.rooms().await.unwrap();
    assert!(["lobby", one.id(), other.id()].iter().all(|room| rooms.found.iter().any(|found| found == room)));

    let numbers = json!([1, 2]);
    let asked = here.to("lobby").to(one.id()).emit_with_ack("sum", &numbers, PATIENCE);
    let answers = async {
        one.acknowledge("sum", |data| json!(data[0].as_i64().unwrap() + data[1].as_i64().unwrap())).await;
        other.acknowledge("sum", |_| json!("three")).await;
    };
    let (asked, ()) = tokio::join!(asked, answers);
    let asked = asked.unwrap();
    assert_eq!((asked.asked, asked.answered), (2, 2));
    assert!(asked.found.contains(&json!(3)) && asked.found.contains(&json!("three")), "{asked:?}");

    let silent = here.to("lobby").emit_with_ack("sum", &json!([]), Duration::from_millis(200)).await.unwrap();
    assert_eq!((silent.asked, silent.answered), (1, 0), "who says nothing is counted");

    // Something that listens as an instance does, and never answers.
    let redis = Redis::open(&cluster.redis().datastore(), &Handle::current()).unwrap();
    let _hung = redis.listen(&[], &["socket.io-request#/#".to_owned()]).await.unwrap();
    let started = Instant::now();
    let found = here.all().timeout(Duration::from_millis(500)).fetch_sockets().await.unwrap();
    assert!(started.elapsed() < PATIENCE, "{:?}", started.elapsed());
    assert_eq!(
        (found.asked, found.answered, found.found.len()),
        (2, 1, 2),
        "it does not spoil the others' answers"
    );
}
