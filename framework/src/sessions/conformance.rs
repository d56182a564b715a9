//! What every store of sessions does, seen from two instances.

use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::time::sleep;

use super::{Added, Delta, Id, Loaded, Owner, Store, Swapped, Values, Which};
use crate::config::{SessionConfig, Span};

/// A store that two instances share, for a configuration.
pub(super) trait Fleet {
    fn with(&self, config: SessionConfig) -> [Arc<dyn Store>; 2];
}

pub(super) fn set(pairs: &[(&str, &str)]) -> Delta {
    let set = pairs.iter().map(|&(key, value)| (key.to_owned(), value.to_owned())).collect();
    Delta { set, ..Delta::default() }
}

fn remove(key: &str) -> Delta {
    Delta { removed: vec![key.to_owned()], ..Delta::default() }
}

fn alive(pairs: &[(&str, &str)]) -> Loaded {
    let values = pairs.iter().map(|&(key, value)| (key.to_owned(), value.to_owned())).collect::<Values>();
    Loaded::Alive { values, user: None }
}

async fn created(store: &Arc<dyn Store>, pairs: &[(&str, &str)]) -> Id {
    let id = Id::random().unwrap();
    store.create(&id, &set(pairs)).await.unwrap();
    id
}

/// Runs the suite.
pub(super) async fn run(fleet: &dyn Fleet) {
    let [a, b] = fleet.with(SessionConfig::default());
    what_one_instance_writes_the_other_reads(&a, &b).await;
    changes_of_different_keys_are_all_kept(&a, &b).await;
    an_ended_session_takes_no_more_changes(&a, &b).await;
    a_renewed_session_lives_under_its_new_id_only(&a, &b).await;
    keys_may_have_any_name(&a, &b).await;
    numbers_are_counted_exactly(&a, &b).await;
    only_a_number_is_counted(&a, &b).await;
    a_value_is_replaced_only_if_it_is_the_expected_one(&a, &b).await;
    a_lock_has_one_holder_until_it_is_given_back_or_its_lease_ends(&a, &b).await;
    the_sessions_of_a_user_are_listed_and_ended(&a, &b).await;
    a_renewed_session_stands_in_the_list_once(&a, &b).await;
    a_user_has_so_many_sessions_at_most(fleet).await;
    an_unused_session_ends(fleet).await;
    a_used_session_ends_at_its_greatest_age(fleet).await;
}

async fn what_one_instance_writes_the_other_reads(a: &Arc<dyn Store>, b: &Arc<dyn Store>) {
    let id = created(a, &[("name", "\"Ada\""), ("n", "1")]).await;
    assert_eq!(b.load(&id).await.unwrap(), alive(&[("name", "\"Ada\""), ("n", "1")]));
    assert!(b.commit(&id, &set(&[("n", "2"), ("é", "\"😀\"")])).await.unwrap());
    assert!(a.commit(&id, &remove("name")).await.unwrap());
    assert_eq!(a.load(&id).await.unwrap(), alive(&[("n", "2"), ("é", "\"😀\"")]));
    assert!(
        a.commit(&id, &Delta { removed: vec!["n".into(), "é".into()], ..Delta::default() }).await.unwrap()
    );
    assert_eq!(b.load(&id).await.unwrap(), alive(&[]), "an emptied session is still one");
    assert_eq!(a.load(&Id::random().unwrap()).await.unwrap(), Loaded::Gone);
}

async fn changes_of_different_keys_are_all_kept(a: &Arc<dyn Store>, b: &Arc<dyn Store>) {
    for round in 0..50 {
        let id = created(a, &[("round", "0")]).await;
        let (left, right) = (set(&[("left", "1")]), set(&[("right", "1")]));
        let both = futures_util::future::join(a.commit(&id, &left), b.commit(&id, &right)).await;
        assert!(both.0.unwrap() && both.1.unwrap());
        let expected = alive(&[("round", "0"), ("left", "1"), ("right", "1")]);
        assert_eq!(a.load(&id).await.unwrap(), expected, "round {round}");
    }
}

async fn an_ended_session_takes_no_more_changes(a: &Arc<dyn Store>, b: &Arc<dyn Store>) {
    let id = created(a, &[("user", "1")]).await;
    b.destroy(&id).await.unwrap();
    assert!(!a.commit(&id, &set(&[("n", "1")])).await.unwrap());
    assert_eq!(a.renew(&id, &Id::random().unwrap(), &Delta::default()).await.unwrap(), None);
    assert_eq!(a.load(&id).await.unwrap(), Loaded::Gone);
    a.destroy(&id).await.unwrap();
}

async fn a_renewed_session_lives_under_its_new_id_only(a: &Arc<dyn Store>, b: &Arc<dyn Store>) {
    let (old, new) = (created(a, &[("cart", "[1]"), ("guest", "true")]).await, Id::random().unwrap());
    let delta = Delta { removed: vec!["guest".into()], ..set(&[("user", "7")]) };
    assert_eq!(a.renew(&old, &new, &delta).await.unwrap(), Some(vec![]));
    assert_eq!(b.load(&new).await.unwrap(), alive(&[("cart", "[1]"), ("user", "7")]));
    assert_eq!(b.load(&old).await.unwrap(), Loaded::Renewed);
    assert!(!b.commit(&old, &set(&[("n", "1")])).await.unwrap());
    assert_eq!(b.renew(&old, &Id::random().unwrap(), &Delta::default()).await.unwrap(), None);
    assert_eq!(a.load(&new).await.unwrap(), alive(&[("cart", "[1]"), ("user", "7")]));
}

async fn keys_may_have_any_name(a: &Arc<dyn Store>, b: &Arc<dyn Store>) {
    let odd = [("_a", "1"), ("_c", "2"), ("_r", "3"), ("__x", "4"), ("", "5"), ("a b\"\n", "6")];
    let id = created(a, &odd).await;
    assert_eq!(b.load(&id).await.unwrap(), alive(&odd));
    assert!(b.commit(&id, &remove("_a")).await.unwrap());
    assert_eq!(a.load(&id).await.unwrap(), alive(&odd[1..]));
}

async fn numbers_are_counted_exactly(a: &Arc<dyn Store>, b: &Arc<dyn Store>) {
    let id = created(a, &[("other", "1")]).await;
    let counts = (0..100).map(|n| {
        let (store, id) = ([a, b][n % 2].clone(), id.clone());
        tokio::spawn(async move { store.add(&id, "n", 1).await.unwrap() })
    });
    let mut sums = Vec::new();
    for count in futures_util::future::join_all(counts).await {
        match count.unwrap() {
            Added::Now(sum) => sums.push(sum),
            other => panic!("{other:?}"),
        }
    }
    sums.sort_unstable();
    assert_eq!(sums, (1..=100).collect::<Vec<i64>>(), "each sum is told once");
    assert_eq!(a.add(&id, "n", -100).await.unwrap(), Added::Now(0));
    assert_eq!(a.load(&id).await.unwrap(), alive(&[("other", "1"), ("n", "0")]));
    assert_eq!(b.add(&Id::random().unwrap(), "n", 1).await.unwrap(), Added::Gone);
}

async fn only_a_number_is_counted(a: &Arc<dyn Store>, b: &Arc<dyn Store>) {
    let largest = i64::MAX.to_string();
    let held = [("text", "\"1\""), ("half", "1.5"), ("largest", &*largest)];
    let id = created(a, &held).await;
    for (key, _) in held {
        assert_eq!(b.add(&id, key, 1).await.unwrap(), Added::NoNumber, "{key}");
    }
    assert_eq!(b.add(&id, "largest", -1).await.unwrap(), Added::Now(i64::MAX - 1), "no digit is lost");
    assert_eq!(b.add(&id, "_a", 2).await.unwrap(), Added::Now(2), "the store's own fields are apart");
}

async fn a_value_is_replaced_only_if_it_is_the_expected_one(a: &Arc<dyn Store>, b: &Arc<dyn Store>) {
    let id = created(a, &[("n", "1")]).await;
    let holds = |text: Option<&str>| Swapped::Holds(text.map(str::to_owned));
    assert_eq!(a.swap(&id, "n", Some("1"), "2").await.unwrap(), Swapped::Done);
    assert_eq!(b.swap(&id, "n", Some("1"), "3").await.unwrap(), holds(Some("2")));
    assert_eq!(b.swap(&id, "n", None, "3").await.unwrap(), holds(Some("2")));
    assert_eq!(b.swap(&id, "new", Some("1"), "2").await.unwrap(), holds(None));
    assert_eq!(b.swap(&id, "new", None, "\"\"").await.unwrap(), Swapped::Done);
    assert_eq!(a.load(&id).await.unwrap(), alive(&[("n", "2"), ("new", "\"\"")]));
    assert_eq!(a.swap(&Id::random().unwrap(), "n", None, "1").await.unwrap(), Swapped::Gone);
}

async fn a_lock_has_one_holder_until_it_is_given_back_or_its_lease_ends(
    a: &Arc<dyn Store>,
    b: &Arc<dyn Store>,
) {
    let (id, long, short) =
        (created(a, &[("n", "1")]).await, Duration::from_secs(60), Duration::from_millis(300));
    assert!(a.lock(&id, "one", long).await.unwrap());
    assert!(!b.lock(&id, "two", long).await.unwrap());
    b.unlock(&id, "two").await.unwrap();
    assert!(!b.lock(&id, "two", long).await.unwrap(), "only its holder gives it back");
    a.unlock(&id, "one").await.unwrap();
    assert!(b.lock(&id, "two", short).await.unwrap());
    let started = Instant::now();
    while !a.lock(&id, "three", long).await.unwrap() {
        assert!(started.elapsed() < Duration::from_secs(5), "its lease never ends");
        sleep(Duration::from_millis(10)).await;
    }
    assert!(started.elapsed() > Duration::from_millis(200), "it ended too early");
    b.unlock(&id, "two").await.unwrap();
    assert!(!b.lock(&id, "two", long).await.unwrap(), "it is somebody else's by now");
    assert_eq!(a.load(&id).await.unwrap(), alive(&[("n", "1")]));
}

fn signs_in(user: &str, label: &str) -> Delta {
    let owner = Owner { user: user.to_owned(), label: label.to_owned() };
    Delta { owner: Some(owner), ..set(&[("n", "1")]) }
}

async fn signed_in(store: &Arc<dyn Store>, user: &str, label: &str) -> Id {
    let id = Id::random().unwrap();
    assert_eq!(store.create(&id, &signs_in(user, label)).await.unwrap(), Vec::<String>::new());
    id
}

/// The hashes of the ids of a user's sessions.
async fn listed(store: &Arc<dyn Store>, user: &str) -> Vec<String> {
    store.of_user(user).await.unwrap().into_iter().map(|session| session.id).collect()
}

async fn the_sessions_of_a_user_are_listed_and_ended(a: &Arc<dyn Store>, b: &Arc<dyn Store>) {
    let mut ids = Vec::new();
    for label in ["laptop", "phone", "tablet", "clock"] {
        ids.push(signed_in(a, "ann", label).await);
        // So that the order of the sign-ins is one.
        sleep(Duration::from_millis(3)).await;
    }
    let other = signed_in(a, "ben", "").await;
    let hashes: Vec<String> = ids.iter().map(Id::hash).collect();
    let told = b.of_user("ann").await.unwrap();
    let labels: Vec<_> = told.iter().map(|session| (&*session.id, &*session.label)).collect();
    let labelled = hashes.iter().map(|hash| &**hash).zip(["laptop", "phone", "tablet", "clock"]);
    assert_eq!(labels, labelled.collect::<Vec<_>>());
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap().as_millis() as i64;
    assert!(
        told.iter().all(|session| (now - 60_000..=now + 60_000).contains(&session.started_at)),
        "{told:?}"
    );
    assert!(told.iter().all(|session| session.seen_at >= session.started_at - 1), "{told:?}");
    assert!(
        matches!(a.load(&ids[0]).await.unwrap(), Loaded::Alive { user: Some(user), .. } if user == "ann")
    );

    assert_eq!(a.end("ben", Which::One(&hashes[0])).await.unwrap(), Vec::<String>::new(), "not that user's");
    assert_eq!(b.end("ann", Which::One(&hashes[0])).await.unwrap(), [&*hashes[0]]);
    assert_eq!(a.load(&ids[0]).await.unwrap(), Loaded::Gone);
    assert!(!a.commit(&ids[0], &set(&[("n", "2")])).await.unwrap());
    a.destroy(&ids[1]).await.unwrap();
    assert_eq!(listed(b, "ann").await, hashes[2..]);
    assert_eq!(a.end("ann", Which::AllBut(&hashes[2])).await.unwrap(), [&*hashes[3]]);
    let all: Vec<String> = hashes.iter().cloned().chain([other.hash()]).collect();
    assert_eq!(b.alive(&all).await.unwrap(), [false, false, true, false, true]);
    assert_eq!(a.end("ann", Which::All).await.unwrap(), [&*hashes[2]]);
    assert_eq!(b.end("ann", Which::All).await.unwrap(), Vec::<String>::new());
    assert_eq!(listed(a, "ann").await, Vec::<String>::new());
    assert_eq!(listed(a, "ben").await, [other.hash()]);
}

async fn a_renewed_session_stands_in_the_list_once(a: &Arc<dyn Store>, b: &Arc<dyn Store>) {
    let (guest, first, second, third) = (
        created(a, &[("cart", "[1]")]).await,
        Id::random().unwrap(),
        Id::random().unwrap(),
        Id::random().unwrap(),
    );
    assert_eq!(a.renew(&guest, &first, &signs_in("cleo", "tv")).await.unwrap(), Some(vec![]));
    assert_eq!(listed(b, "cleo").await, [first.hash()]);
    assert_eq!(b.renew(&first, &second, &Delta::default()).await.unwrap(), Some(vec![]));
    assert_eq!(listed(b, "cleo").await, [second.hash()], "the same user, the new id");
    assert_eq!(b.of_user("cleo").await.unwrap()[0].label, "tv");
    assert_eq!(a.renew(&second, &third, &signs_in("dora", "tv")).await.unwrap(), Some(vec![]));
    assert_eq!(listed(b, "cleo").await, Vec::<String>::new());
    assert_eq!(listed(b, "dora").await, [third.hash()]);
    assert_eq!(b.alive(&[second.hash(), third.hash()]).await.unwrap(), [false, true]);
}

async fn a_user_has_so_many_sessions_at_most(fleet: &dyn Fleet) {
    let [a, b] = fleet.with(SessionConfig { max_per_user: 2, ..SessionConfig::default() });
    let mut ids = Vec::new();
    for _ in 0..2 {
        ids.push(signed_in(&a, "emma", "").await);
        sleep(Duration::from_millis(3)).await;
    }
    let third = Id::random().unwrap();
    assert_eq!(b.create(&third, &signs_in("emma", "")).await.unwrap(), [ids[0].hash()]);
    assert_eq!(a.load(&ids[0]).await.unwrap(), Loaded::Gone);
    assert_eq!(listed(&a, "emma").await, [ids[1].hash(), third.hash()]);
}

fn lifetimes(idle: u64, absolute: u64) -> SessionConfig {
    SessionConfig { idle: Span::millis(idle), absolute: Span::millis(absolute), ..SessionConfig::default() }
}

async fn an_unused_session_ends(fleet: &dyn Fleet) {
    let [a, b] = fleet.with(lifetimes(400, 60_000));
    let (used, unused) = (created(&a, &[("n", "1")]).await, created(&a, &[("n", "1")]).await);
    // Time is what this is about: nothing can be waited for but its passing.
    for _ in 0..6 {
        sleep(Duration::from_millis(100)).await;
        assert_eq!(b.load(&used).await.unwrap(), alive(&[("n", "1")]));
    }
    assert_eq!(b.load(&unused).await.unwrap(), Loaded::Gone);
    assert!(!b.commit(&unused, &set(&[("n", "2")])).await.unwrap());
}

async fn a_used_session_ends_at_its_greatest_age(fleet: &dyn Fleet) {
    let [a, b] = fleet.with(lifetimes(60_000, 400));
    let id = created(&a, &[("n", "1")]).await;
    let started = Instant::now();
    while b.commit(&id, &set(&[("n", "2")])).await.unwrap() {
        assert!(started.elapsed() < Duration::from_secs(5), "it outlived its age");
        sleep(Duration::from_millis(10)).await;
    }
    assert!(started.elapsed() > Duration::from_millis(300));
    assert_eq!(a.load(&id).await.unwrap(), Loaded::Gone);
}
