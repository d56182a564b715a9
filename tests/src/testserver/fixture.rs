//! The models and actions that are there when nobody gives models.

use regatta::prelude::*;
use serde_json::{Map, Value};

use super::params::Params;
use super::routes::{any, text};

/// The record whose watchers `/user/message` greets.
const GREETED: i64 = 1;

/// The models in Sails' language.
pub(super) fn models() -> Map<String, Value> {
    let models = json!({
        "user": {
            "primaryKey": "user_id",
            "attributes": {
                "name": {"type": "string"},
                "pets": {"collection": "pet", "via": "owner"},
                "patients": {"collection": "pet", "via": "vets"},
                "profile": {"model": "userprofile"},
            },
        },
        "pet": {
            "primaryKey": "pet_id",
            "attributes": {
                "name": {"type": "string"},
                "owner": {"model": "user"},
                "bestFriend": {"model": "user"},
                "parents": {"collection": "pet", "via": "children"},
                "children": {"collection": "pet", "via": "parents"},
                "bestFurryFriend": {"model": "pet"},
                "vets": {"collection": "user", "via": "patients"},
                "isPet": {"type": "boolean", "defaultsTo": true},
            },
        },
        "userprofile": {"attributes": {"user": {"model": "user"}, "zodiac": {"type": "string"}}},
        "quiz": {"attributes": {"bar": {"type": "string"}}},
        "test": {},
        "empty": {"attributes": {"foo": {"type": "string"}}},
    });
    match models {
        Value::Object(models) => models,
        _ => Map::new(),
    }
}

/// Adds the actions, by their addresses and as those of a controller.
pub(super) fn draw(r: &mut Routes) {
    any(r, "/user/watch", watch);
    any(r, "/user/message", message);
    any(r, "/user/subscribe", subscribe);
    r.controller("user").action("watch", watch).action("message", message).action("subscribe", subscribe);
}

/// Hears of new users from now on.
pub(super) async fn watch(db: Db, who: Requester) -> Result<HttpResponse> {
    if let Some(socket) = who.get() {
        socket.join(&db.schema("user")?.class_room()).await?;
    }
    Ok(text("OK"))
}

/// Greets those who watch a certain user, but not the sender.
pub(super) async fn message(db: Db, sockets: Sockets, who: Requester) -> Result<HttpResponse> {
    let users = db.records("user")?;
    let id = regatta::models::Value::Integer(GREETED);
    let filter = regatta::models::Filter::id(users.schema(), id.clone());
    if users.count(filter).await? == 0 {
        return Err(Error::not_found());
    }
    let mut greeting = sockets.to(users.schema().record_room(&id));
    if let Some(sender) = who.id() {
        greeting = greeting.except(sender);
    }
    greeting.emit("user", &json!({"greeting": "hello"})).await?;
    Ok(text("OK"))
}

/// Hears of changes of one user from now on.
pub(super) async fn subscribe(db: Db, who: Requester, params: Params) -> Result<HttpResponse> {
    let id = params.text("id").ok_or_else(|| Error::bad_request("send an `id`"))?;
    let id = regatta::models::Value::Text(id);
    if let Some(socket) = who.get() {
        socket.join(&db.schema("user")?.record_room(&id)).await?;
    }
    Ok(text("OK"))
}
