use regatta::prelude::*;

use crate::actions::account;
use crate::models::Message;

/// Lets those through who have chosen a name.
pub async fn has_name(session: Session) -> Result<()> {
    account::name(&session).map(|_| ())
}

/// Lets through who wrote the message of the path.
pub async fn is_author(db: Db, session: Session, id: Path<i64>) -> Result<()> {
    let name = account::name(&session)?;
    let message = Message::find_one(*id).populate("author").get(&db).await?.ok_or_else(Error::not_found)?;
    if message.author_name() == Some(name.as_str()) {
        return Ok(());
    }
    Err(Error::forbidden("This message is somebody else's: only who wrote it can change it."))
}
