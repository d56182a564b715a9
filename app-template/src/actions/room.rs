use regatta::prelude::*;
use serde::Serialize;

const LOBBY: &str = "lobby";

#[derive(Serialize)]
pub struct Joined {
    present: Vec<Present>,
    instance: String,
}

/// `POST /room/join` over a socket: from now on it hears who comes and goes, and is seen itself if it has a name.
pub async fn join(
    sockets: Sockets,
    session: Session,
    who: Requester,
    instance: Instance,
) -> Result<Json<Joined>> {
    let socket = who.socket()?;
    match session.get::<String>("name")? {
        Some(name) => socket.track(LOBBY, json!({ "name": name })).await?,
        None => socket.join(LOBBY).await?,
    }
    let present = sockets.presence(LOBBY).await?;
    Ok(Json(Joined { present, instance: instance.id().to_owned() }))
}
