use regatta::prelude::*;

use super::Message;

/// Somebody who has chosen a name.
#[derive(Debug, Model)]
#[model(rename_all = "camelCase")]
pub struct Person {
    pub id: i64,
    #[attr(required, unique, max_length = 40)]
    pub name: String,
    #[attr(collection, via = "author")]
    pub messages: Many<Message>,
    #[attr(auto_created_at)]
    pub created_at: Timestamp,
}

impl Person {
    /// The person of this name, created if there is none.
    pub async fn named(db: &Db, name: &str) -> Result<Person> {
        Person::find_or_create(Person::NAME.eq(name), json!({ "name": name })).exec(db).await
    }
}
