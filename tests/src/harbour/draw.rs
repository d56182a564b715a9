//! What the sockets of the app do.

use std::time::Duration;

use regatta::prelude::*;
use regatta::sockets::{Disconnect, EventName};
use serde::Deserialize;

/// How long clients and fellows may take to answer.
const PATIENCE: Duration = Duration::from_secs(3);

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
    r.on("place", place);
    r.on("none", async |_: Args<()>| Args(()));
    r.on("keep", keep);
    r.on("quiz", quiz);
    r.on("move", move_somebody);
    r.on("ask servers", ask_servers);
    r.on("tell servers", async |sockets: Sockets, note: Input<JsonValue>| {
        sockets.server_side_emit("note", Args((&note.0, "from a fellow")))?;
        Ok::<_, Error>("told")
    });
    r.on_server("load", async |instance: Instance, factor: Input<u32>| {
        Json(json!({ "instance": instance.id(), "load": *factor * 2 }))
    });
    r.on_server("note", async |sockets: Sockets, note: Args<(JsonValue, String)>| {
        sockets.all().local().emit("noted", note).await
    });
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
    socket.emit("greeting", socket.namespace())
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
    let names = found.found.iter().map(|socket| &socket.data["name"]).filter(|name| !name.is_null());
    let names: Vec<_> = names.collect();
    Ok(Json(json!({ "ids": ids, "names": names, "asked": found.asked, "answered": found.answered })))
}

/// Several arguments in, to others, and in the answer.
async fn place(who: Requester, args: Args<(u32, u32, String)>) -> Result<Args<(u32, String)>> {
    let Args((x, y, piece)) = args;
    who.socket()?.broadcast().emit("placed", Args((x, y, &piece))).await?;
    Ok(Args((x + y, piece)))
}

async fn keep(who: Requester, name: Input<String>) -> Result<Json<JsonValue>> {
    let socket = who.socket()?;
    socket.set("name", &*name)?;
    socket.set("gone", &1)?;
    let kept: Option<String> = socket.get("name")?;
    let gone = socket.unset("gone");
    Ok(Json(json!({ "kept": kept, "gone": gone, "wrong": socket.get::<u32>("name").is_err() })))
}

/// Asks the client itself.
async fn quiz(who: Requester) -> Result<Json<JsonValue>> {
    let socket = who.socket()?;
    let one: String = socket.emit_with_ack("question", Args((1, 2)), PATIENCE).await?;
    let wrong = socket.emit_with_ack::<u32>("question", &3, PATIENCE).await;
    let anywhere: String =
        socket.sockets().socket(socket.id()).emit_with_ack("question", &4, PATIENCE).await?;
    let all = socket.sockets().to(socket.id()).emit_with_ack("question", &5, PATIENCE).await?;
    let wrong = wrong.is_err_and(|error| error.status() == 400);
    Ok(Json(json!({ "one": one, "wrong": wrong, "anywhere": anywhere, "all": all.found })))
}

/// Moves a socket that may be anywhere.
async fn move_somebody(sockets: Sockets, args: Args<(String, String, bool)>) -> Result<&'static str> {
    let Args((id, room, joins)) = args;
    match joins {
        true => sockets.socket(&id).join(&room).await?,
        false => sockets.socket(&id).leave(&room).await?,
    }
    Ok("moved")
}

async fn ask_servers(sockets: Sockets, factor: Input<u32>) -> Result<Json<JsonValue>> {
    let answers = sockets.server_side_emit_with_ack("load", &*factor, PATIENCE).await?;
    let found = answers.found;
    Ok(Json(json!({ "found": found, "asked": answers.asked, "answered": answers.answered })))
}
