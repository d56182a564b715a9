use regatta::prelude::*;
use serde::{Deserialize, Serialize};

use super::page_or_json;
use crate::models::Person;

#[derive(Deserialize, Serialize)]
pub struct Name {
    name: String,
}

#[derive(Serialize)]
pub struct Visits {
    visits: i64,
    instance: String,
}

/// The name in the session.
///
/// # Errors
/// 403 when nobody has chosen one yet.
pub fn name(session: &Session) -> Result<String> {
    let name = session.get::<String>("name")?;
    name.ok_or_else(|| Error::forbidden("Choose a name first: POST /name takes it."))
}

/// `POST /name {name}`
pub async fn choose_name(
    req: HttpRequest,
    db: Db,
    session: Session,
    input: Input<Name>,
) -> Result<HttpResponse> {
    let person = Person::named(&db, input.name.trim()).await?;
    session.insert("name", &person.name)?;
    Ok(page_or_json(&req, &Name { name: person.name }))
}

/// `GET /visits`: how often this session was here, whichever instance counted.
pub async fn visits(session: SharedSession, instance: Instance) -> Result<Json<Visits>> {
    let visits = session.incr("visits", 1).await?;
    Ok(Json(Visits { visits, instance: instance.id().to_owned() }))
}
