use regatta::prelude::*;

use crate::models::Message;

/// How many messages the page shows at first.
const SHOWN: u64 = 50;

/// `GET /`
pub async fn home(db: Db, session: Session, views: Views) -> Result<HttpResponse> {
    let messages = Message::latest(&db, SHOWN).await?;
    views.render("pages/home", &context! { name: session.get::<String>("name")?, messages: messages })
}
