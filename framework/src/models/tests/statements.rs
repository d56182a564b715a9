//! How many statements a query costs: one, and one for each populated path, however many records there are.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use serde_json::json;
use tracing::span;

use super::super::{Db, Model};
use super::zoo::{Keeper, Note, Pet};

/// Counts the statements that sqlx tells of.
#[derive(Debug, Clone, Default)]
struct Counter(Arc<AtomicUsize>);

impl tracing::Subscriber for Counter {
    fn enabled(&self, metadata: &tracing::Metadata<'_>) -> bool {
        metadata.target() == "sqlx::query"
    }

    fn new_span(&self, _: &span::Attributes<'_>) -> span::Id {
        span::Id::from_u64(1)
    }

    fn record(&self, _: &span::Id, _: &span::Record<'_>) {}

    fn record_follows_from(&self, _: &span::Id, _: &span::Id) {}

    fn event(&self, _: &tracing::Event<'_>) {
        self.0.fetch_add(1, Ordering::Relaxed);
    }

    fn enter(&self, _: &span::Id) {}

    fn exit(&self, _: &span::Id) {}
}

/// How many statements `work` costs.
async fn count<T>(work: impl Future<Output = crate::Result<T>>) -> (usize, T) {
    let counter = Counter::default();
    let guard = tracing::subscriber::set_default(counter.clone());
    let outcome = work.await.unwrap();
    drop(guard);
    (counter.0.load(Ordering::Relaxed), outcome)
}

pub(super) async fn everything(db: &Db) {
    let mut costs = Vec::new();
    for records in [1, 1_000] {
        let keepers = (0..records).map(|n| json!({"name": format!("k{n}")}));
        let (created, keepers) = count(Keeper::create_each(keepers).exec(db)).await;
        assert_eq!(created, 1);
        let pets = keepers.iter().map(|keeper| json!({"name": "p", "owner": keeper.id}));
        let pets = Pet::create_each(pets).exec(db).await.unwrap();
        let vet = keepers[0].id;
        let (added, ()) = count(Keeper::members(vet, "patients").add(pets.iter().map(|p| p.id), db)).await;
        assert_eq!(added, 1);
        let (plain, all) = count(Keeper::find().all(db)).await;
        assert_eq!(all.len(), records);
        let (populated, all) = count(Keeper::find().populate("pets").populate("patients").all(db)).await;
        assert!(all.iter().all(|keeper| keeper.pets.len() == 1) && all[0].patients.len() == records);
        let nested = Keeper::find().populate("pets.owner").populate("patients.vets");
        let (nested, _) = count(nested.all(db)).await;
        let (one, _) = count(Keeper::find_one(vet).populate("pets").get(db)).await;
        let (updated, _) =
            count(Keeper::update_each(Keeper::ID.gt(0)).set(json!({"name": "x"})).exec(db)).await;
        let (gone, _) = count(Pet::destroy_each(Pet::ID.gt(0)).exec(db)).await;
        Keeper::destroy_each(Keeper::ID.gt(0)).exec(db).await.unwrap();
        costs.push([plain, populated, nested, one, updated, gone]);
    }
    assert_eq!(costs, [[1, 3, 5, 2, 2, 2]; 2]);
    let (created, _) = count(Note::create(json!({"title": "counted"})).exec(db)).await;
    assert_eq!(created, 2, "callbacks have a transaction, which begins");
    Note::destroy_each(Note::ID.gt(0)).exec(db).await.unwrap();
}
