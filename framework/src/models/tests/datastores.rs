//! Models in two datastores at once.

use std::sync::Arc;

use serde_json::{Map, Value as Json, json};

use super::super::{Attribute, Criteria, Db, Filter, Kind, Populated, Schema};
use super::Recorder;
use crate::config::DatastoreConfig;

fn values(json: Json) -> Map<String, Json> {
    json.as_object().cloned().unwrap()
}

fn models() -> Vec<Arc<Schema>> {
    let shop = Schema::builder("shop")
        .attribute(Attribute::new("name", Kind::Text).required())
        .attribute(Attribute::collection("sales", "sale", "shop"));
    let sale = Schema::builder("sale")
        .datastore("archive")
        .attribute(Attribute::new("amount", Kind::Integer))
        .attribute(Attribute::model("shop", "shop", Kind::Integer));
    vec![Arc::new(shop.build()), Arc::new(sale.build())]
}

#[tokio::test]
async fn associations_cross_datastores_and_transactions_do_not() {
    let folder = tempfile::tempdir().unwrap();
    let (main, archive) =
        (DatastoreConfig::at("sqlite://main.db"), DatastoreConfig::at("sqlite://archive.db"));
    let datastores = [("default".to_owned(), &main), ("archive".to_owned(), &archive)];
    let recorder = Arc::new(Recorder::default());
    let db = Db::open_at(&datastores, folder.path(), 2, models(), recorder).unwrap();
    db.migrate().await.unwrap();
    let (shops, sales) = (db.records("shop").unwrap(), db.records("sale").unwrap());

    let shop = shops.create(values(json!({"name": "corner"}))).await.unwrap();
    for amount in [3, 4] {
        sales.create(values(json!({"amount": amount, "shop": shop.id()}))).await.unwrap();
    }
    let populated = Criteria { populate: shops.paths(&["sales"]).unwrap(), ..Criteria::default() };
    let found = shops.find(&populated).await.unwrap();
    let Some(Populated::Many(of_it)) = found[0].populated("sales") else { panic!("{found:?}") };
    assert_eq!(of_it.len(), 2);

    let failed = db
        .transaction_in("archive", async |tx| {
            tx.records("sale")?.create(values(json!({"amount": 5}))).await?;
            tx.records("shop")?.create(values(json!({"name": "second"}))).await?;
            Err::<(), _>(crate::Error::conflict("undo"))
        })
        .await;
    assert_eq!(failed.unwrap_err().status(), 409);
    assert_eq!(sales.count(Filter::everything()).await.unwrap(), 2, "undone");
    assert_eq!(shops.count(Filter::everything()).await.unwrap(), 2, "of the other datastore");
    assert!(db.transaction_in("nowhere", async |_| Ok(())).await.is_err());
    assert!(std::fs::metadata(folder.path().join("archive.db")).unwrap().len() > 0);
}
