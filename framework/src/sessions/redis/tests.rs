use std::sync::Arc;
use std::time::{Duration, Instant};

use redis::cmd;
use tokio::runtime::Handle;

use super::RedisStore;
use crate::config::SessionConfig;
use crate::redis::{Redis, RedisServer};
use crate::sessions::conformance::{self, Fleet, set};
use crate::sessions::{Id, Loaded, Store};

const DEADLINE: Duration = Duration::from_secs(5);

fn open(server: &RedisServer) -> Redis {
    Redis::open(&server.datastore(), &Handle::current()).unwrap()
}

fn store(server: &RedisServer) -> RedisStore {
    RedisStore::new(open(server), &SessionConfig::default())
}

impl Fleet for RedisServer {
    fn with(&self, config: SessionConfig) -> [Arc<dyn Store>; 2] {
        [open(self), open(self)].map(|redis| Arc::new(RedisStore::new(redis, &config)) as Arc<dyn Store>)
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn it_conforms() {
    let server = RedisServer::start().unwrap();
    conformance::run(&server).await;
}

#[cfg(feature = "tls")]
#[tokio::test(flavor = "multi_thread")]
async fn it_conforms_over_tls() {
    let server = RedisServer::start_encrypted(&crate::tls::tests::Certificates::local()).unwrap();
    conformance::run(&server).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_server_never_sees_the_id_and_forgets_the_session_by_itself() {
    let server = RedisServer::start().unwrap();
    let (store, redis) = (store(&server), open(&server));
    let id = Id::random().unwrap();
    store.create(&id, &set(&[("n", "1")])).await.unwrap();
    let keys: Vec<String> = redis.query(cmd("KEYS").arg("*"), DEADLINE).await.unwrap();
    assert_eq!(keys, [format!("regatta:session:{}", id.hash())]);
    let left: u64 = redis.query(cmd("TTL").arg(&keys[0]), DEADLINE).await.unwrap();
    assert!((86_390..=86_400).contains(&left), "{left}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_session_is_prolonged_only_once_a_tenth_of_its_time_is_over() {
    let server = RedisServer::start().unwrap();
    let (store, redis) = (store(&server), open(&server));
    let id = Id::random().unwrap();
    store.create(&id, &set(&[("n", "1")])).await.unwrap();
    let key = store.key(&id);
    let ttl = async || redis.query::<i64>(cmd("TTL").arg(&key), DEADLINE).await.unwrap();
    let age = async |seconds: i64| {
        redis.query::<()>(cmd("EXPIRE").arg(&key).arg(seconds), DEADLINE).await.unwrap();
    };
    age(80_000).await;
    store.load(&id).await.unwrap();
    // A later answer on the same connection: a prolongation asked for before it would have happened.
    store.load(&id).await.unwrap();
    assert!(ttl().await <= 80_000);
    age(70_000).await;
    store.load(&id).await.unwrap();
    let started = Instant::now();
    while ttl().await <= 80_000 {
        assert!(started.elapsed() < DEADLINE, "it was not prolonged");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_died_is_an_error_within_the_deadline_and_found_again() {
    let mut server = RedisServer::start().unwrap();
    let store = store(&server);
    let id = Id::random().unwrap();
    store.create(&id, &set(&[("n", "1")])).await.unwrap();
    server.kill();
    for _ in 0..3 {
        let started = Instant::now();
        assert_eq!(store.load(&id).await.unwrap_err().status(), 503);
        assert_eq!(store.commit(&id, &set(&[("n", "2")])).await.unwrap_err().status(), 503);
        assert!(started.elapsed() < Duration::from_millis(700));
    }
    server.restart().unwrap();
    let started = Instant::now();
    let loaded = loop {
        match store.load(&id).await {
            Ok(loaded) => break loaded,
            Err(_) => assert!(started.elapsed() < DEADLINE, "it was not found again"),
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    };
    assert_eq!(loaded, Loaded::Gone, "the server came back empty");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_full_server_is_an_error_for_writes_and_none_for_reads() {
    let server = RedisServer::start().unwrap();
    let (store, redis) = (store(&server), open(&server));
    let id = Id::random().unwrap();
    store.create(&id, &set(&[("n", "1")])).await.unwrap();
    let full = cmd("CONFIG").arg("SET").arg("maxmemory").arg("1").to_owned();
    redis.query::<()>(&full, DEADLINE).await.unwrap();
    assert_eq!(store.commit(&id, &set(&[("n", "2")])).await.unwrap_err().status(), 503);
    assert!(matches!(store.load(&id).await.unwrap(), Loaded::Alive { .. }));
}

#[cfg(feature = "redis-sentinel")]
#[tokio::test(flavor = "multi_thread")]
async fn what_a_replica_has_acknowledged_outlives_the_master() {
    let (master, replica) = (RedisServer::start().unwrap(), RedisServer::start().unwrap());
    let mut watched = crate::redis::Watched::start(master, replica).await;
    let redis = Redis::open(&watched.datastore(), &Handle::current()).unwrap();
    let store = RedisStore::new(redis.clone(), &SessionConfig::default());
    let mut ids = Vec::new();
    for n in 0..100 {
        let id = Id::random().unwrap();
        store.create(&id, &set(&[("n", &n.to_string())])).await.unwrap();
        ids.push(id);
    }
    let everywhere = cmd("WAIT").arg(1).arg(5000).to_owned();
    assert_eq!(redis.query::<i64>(&everywhere, DEADLINE).await.unwrap(), 1);

    watched.master.kill();
    let killed = Instant::now();
    while store.commit(&ids[0], &set(&[("late", "1")])).await.is_err() {
        assert!(killed.elapsed() < 2 * DEADLINE, "the new master was not found");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    for (n, id) in ids.iter().enumerate() {
        let Loaded::Alive { values, .. } = store.load(id).await.unwrap() else { panic!("{n} is lost") };
        assert_eq!(values["n"].to_string(), n.to_string());
    }
}
