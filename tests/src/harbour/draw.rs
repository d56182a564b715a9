//! What the sockets of the app do.

use regatta::prelude::*;
use regatta::sockets::{Disconnect, EventName};
use serde::Deserialize;

/// An order to somebody's sockets.
#[derive(Debug, Deserialize)]
struct Order {
    #[serde(default)]
    namespace: Option<String>,
    #[serde(default)]
    room: Option<String>,
    #[serde(default)]
    event: String,
    #[serde(default)]
    data: JsonValue,
}

pub(super) fn draw(r: &mut Routes) {
    r.before_connect(not_barred);
    r.after_disconnect(tell_who_left);
    r.on("join", join);
    r.on("rooms", async |who: Requester| Ok::<_, Error>(Json(who.socket()?.rooms())));
    r.on("tell", tell);
    r.on("leave me", async |who: Requester, close: Input<bool>| {
        who.socket()?.disconnect(*close);
        Ok::<_, Error>("never heard of when the connection is closed")
    });
    r.on("visits", visits);
    r.on("fetch", fetch);

    let mut admin = r.namespace("/admin");
    admin.before_connect(has_token).before_connect(greet);
    admin.after_disconnect(tell_who_left);
    admin.on("join", join);
    admin.on("tell", tell);
    admin.on("fetch", fetch);
    admin.on("leave me", async |who: Requester, close: Input<bool>| {
        who.socket()?.disconnect(*close);
        Ok::<_, Error>("gone")
    });
    admin.on("get", async || "no virtual request");
    admin.on_any(async |event: EventName, args: Input<JsonValue>| {
        Json(json!({ "any": event.0, "args": args.0 }))
    });

    r.namespace("/plain");
    let mut berth = r.namespace("/berth/{number}");
    berth.on("number", async |number: Path<u32>, who: Requester| {
        Ok::<_, Error>(Json(json!({ "number": *number, "namespace": who.socket()?.namespace() })))
    });
    berth.on("join", join);
    berth.on("tell", tell);
    berth.on("fetch", fetch);
}

/// Refuses who says so in its credentials.
async fn not_barred(who: Requester) -> Result<()> {
    match who.socket()?.auth()["barred"].as_str() {
        Some(why) => Err(Error::forbidden(why.to_owned()).with("details", "at the quay")),
        None => Ok(()),
    }
}

async fn has_token(who: Requester) -> Result<()> {
    let socket = who.socket()?;
    match socket.auth()["token"].as_str() {
        Some("sesame") => Ok(()),
        _ => Err(Error::unauthorized("no token").with("hint", "sesame")),
    }
}

/// What a policy does to a socket lasts, as its room and what it sends.
async fn greet(who: Requester) -> Result<()> {
    let socket = who.socket()?;
    socket.join("greeted").await?;
    socket.emit("greeting", &socket.namespace())
}

async fn tell_who_left(sockets: Sockets, who: Requester, gone: Disconnect, session: Session) -> Result<()> {
    let socket = who.socket()?;
    let told = json!({
        "id": socket.id(),
        "namespace": socket.namespace(),
        "reason": gone.reason,
        "rooms": gone.rooms,
        "visits": session.get::<u32>("visits")?,
    });
    sockets.to("watch").emit("left", &told).await
}

async fn join(who: Requester, room: Input<String>) -> Result<Json<Vec<String>>> {
    let socket = who.socket()?;
    socket.join(&room).await?;
    let mut rooms = socket.rooms();
    rooms.sort_unstable();
    Ok(Json(rooms))
}

/// Tells a room, or all, of the requester's namespace or another.
async fn tell(who: Requester, order: Input<Order>) -> Result<&'static str> {
    let own = who.socket()?.sockets();
    let sockets = order.namespace.as_deref().map_or_else(|| own.clone(), |namespace| own.of(namespace));
    match &order.room {
        Some(room) => sockets.to(room).emit(&order.event, &order.data).await?,
        None => sockets.blast(&order.event, &order.data).await?,
    }
    Ok("told")
}

async fn visits(session: Session) -> Result<Json<u32>> {
    let visits = session.get::<u32>("visits")?.unwrap_or_default() + 1;
    session.insert("visits", visits)?;
    Ok(Json(visits))
}

async fn fetch(who: Requester, room: Input<String>) -> Result<Json<JsonValue>> {
    let found = who.socket()?.sockets().to(&*room).fetch_sockets().await?;
    let ids: Vec<_> = found.found.iter().map(|socket| &socket.id).collect();
    Ok(Json(json!({ "ids": ids, "asked": found.asked, "answered": found.answered })))
}
