//! Models that are associated in every way there is.

use std::sync::Arc;

use serde_json::{Map, Value as Json};

use super::super::{
    Bytes, Callbacks, Condition, Date, Db, Decimal, Many, Model, Ref, Schema, Timestamp, Uuid,
};
use crate::{Error, Result};

/// Looks after pets and treats others; one-to-many and many-to-many.
#[derive(Debug, Clone, Model)]
#[model(rename_all = "camelCase", sortable(id, name), filterable(id, name))]
pub(crate) struct Keeper {
    pub(crate) id: i64,
    #[attr(required)]
    pub(crate) name: String,
    #[attr(collection, via = "owner")]
    pub(crate) pets: Many<Pet>,
    #[attr(collection, via = "vets")]
    pub(crate) patients: Many<Pet>,
    /// Nothing refers back.
    #[attr(collection)]
    pub(crate) favourites: Many<Pet>,
    #[attr(collection, via = "keeper", through = "visit")]
    pub(crate) visited: Many<Pet>,
}

/// Kept, treated, and a relative of other pets.
#[derive(Debug, Clone, Model)]
#[model(rename_all = "camelCase")]
pub(crate) struct Pet {
    pub(crate) id: i64,
    #[attr(required)]
    pub(crate) name: String,
    pub(crate) weight: f64,
    #[attr(model)]
    pub(crate) owner: Option<Ref<Keeper>>,
    #[attr(collection, via = "patients")]
    pub(crate) vets: Many<Keeper>,
    #[attr(collection, via = "children")]
    pub(crate) parents: Many<Pet>,
    #[attr(collection, via = "parents")]
    pub(crate) children: Many<Pet>,
    #[attr(collection, via = "pet", through = "visit")]
    pub(crate) visitors: Many<Keeper>,
}

/// Joins keepers and pets, with something of its own to say.
#[derive(Debug, Clone, Model)]
#[model(rename_all = "camelCase", unique(keeper, pet), index(pet, stars))]
pub(crate) struct Visit {
    pub(crate) id: i64,
    #[attr(model, on_delete = "cascade")]
    pub(crate) keeper: Option<Ref<Keeper>>,
    #[attr(model, on_delete = "cascade")]
    pub(crate) pet: Option<Ref<Pet>>,
    #[attr(default = 3)]
    pub(crate) stars: i64,
}

/// Has a version, a scope and callbacks.
#[derive(Debug, Clone, Model)]
#[model(rename_all = "camelCase", callbacks, default_scope = Note::kept)]
pub(crate) struct Note {
    pub(crate) id: i64,
    #[attr(required, unique)]
    pub(crate) title: String,
    pub(crate) group: String,
    pub(crate) stars: i64,
    pub(crate) gone_at: Option<Timestamp>,
    #[attr(version)]
    pub(crate) version: i64,
}

/// One of each kind that can be compared, with and without null.
#[derive(Debug, Clone, Model)]
pub(crate) struct Sample {
    pub(crate) id: i64,
    pub(crate) name: String,
    pub(crate) alias: Option<String>,
    pub(crate) rank: Option<i64>,
    pub(crate) share: Option<f64>,
    pub(crate) open: Option<bool>,
    pub(crate) at: Option<Timestamp>,
    #[attr(precision = 6, scale = 2)]
    pub(crate) price: Option<Decimal>,
    #[attr(precision = 28, scale = 10)]
    pub(crate) exact: Option<Decimal>,
    pub(crate) day: Option<Date>,
    pub(crate) code: Option<Uuid>,
    pub(crate) data: Option<Bytes>,
}

/// Its key is a new UUID.
#[derive(Debug, Clone, Model)]
pub(crate) struct Parcel {
    #[attr(auto_uuid)]
    pub(crate) id: Uuid,
    pub(crate) label: String,
    #[attr(model)]
    pub(crate) depot: Option<Ref<Depot>>,
    #[attr(collection, via = "passing")]
    pub(crate) route: Many<Depot>,
    pub(crate) stamps: u8,
    pub(crate) shift: Option<i8>,
    pub(crate) grams: Option<u64>,
    pub(crate) share: Option<f32>,
}

/// Its key is a text that whoever makes it gives.
#[derive(Debug, Clone, Model)]
pub(crate) struct Depot {
    #[attr(primary_key)]
    pub(crate) code: String,
    #[attr(collection, via = "depot")]
    pub(crate) parcels: Many<Parcel>,
    #[attr(collection, via = "route")]
    pub(crate) passing: Many<Parcel>,
}

impl Note {
    fn kept() -> Condition<Self> {
        Self::GONE_AT.is_null()
    }
}

impl Callbacks for Note {
    async fn before_create(_: &Db, values: &mut Map<String, Json>) -> Result<()> {
        if let Some(Json::String(title)) = values.get_mut("title") {
            *title = title.trim().to_owned();
        }
        Ok(())
    }

    async fn after_create(db: &Db, note: Self) -> Result<()> {
        match note.title.as_str() {
            "too many" if Self::find().count(db).await? > 1 => Err(Error::conflict("there is another one")),
            _ => Ok(()),
        }
    }

    async fn before_destroy(_: &Db, note: Self) -> Result<()> {
        if note.title == "kept" { Err(Error::conflict("it is kept")) } else { Ok(()) }
    }
}

pub(crate) fn models() -> Vec<Arc<Schema>> {
    vec![
        Keeper::schema().clone(),
        Pet::schema().clone(),
        Visit::schema().clone(),
        Note::schema().clone(),
        Sample::schema().clone(),
        Parcel::schema().clone(),
        Depot::schema().clone(),
    ]
}
