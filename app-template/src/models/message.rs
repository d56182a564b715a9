use regatta::prelude::*;

use super::Person;

/// Something a person said.
#[derive(Debug, Model)]
#[model(rename_all = "camelCase")]
pub struct Message {
    pub id: i64,
    #[attr(required, max_length = 280)]
    pub body: String,
    #[attr(model, read_only)]
    pub author: Option<Ref<Person>>,
    /// Where it came from: kept against abuse, shown to nobody.
    #[attr(private)]
    pub ip: String,
    #[attr(auto_created_at)]
    pub created_at: Timestamp,
}

impl Message {
    /// The last `count` messages with their authors, oldest first.
    pub async fn latest(db: &Db, count: u64) -> Result<Vec<Message>> {
        let latest = Message::find().sort(Message::ID.desc()).limit(count).populate("author");
        let mut messages = latest.all(db).await?;
        messages.reverse();
        Ok(messages)
    }

    /// The author's name, when the author was populated.
    pub fn author_name(&self) -> Option<&str> {
        Some(&self.author.as_ref()?.get()?.name)
    }
}
