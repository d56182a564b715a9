use regatta::prelude::*;
use serde::Deserialize;

use super::{account, page_or_json};
use crate::models::{Message, Person};

#[derive(Deserialize)]
pub struct Say {
    body: String,
}

/// `POST /message {body}`: stores it; everybody who watches the messages gets the event `message`.
pub async fn say(
    req: HttpRequest,
    db: Db,
    session: Session,
    client: ClientAddress,
    input: Input<Say>,
) -> Result<HttpResponse> {
    let author = Person::named(&db, &account::name(&session)?).await?;
    let ip = client.0.map(|ip| ip.to_string()).unwrap_or_default();
    let said = json!({ "body": input.body.trim(), "author": author.id, "ip": ip });
    let message = Message::create(said).populate("author").exec(&db).await?;
    Ok(page_or_json(&req, &message))
}
