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
        if let Some(person) = Self::find_named(db, name).await? {
            return Ok(person);
        }
        match Person::create(json!({ "name": name })).exec(db).await {
            Ok(person) => Ok(person),
            // Another request may have created the same person in the meantime.
            Err(error) => Self::find_named(db, name).await?.ok_or(error),
        }
    }

    async fn find_named(db: &Db, name: &str) -> Result<Option<Person>> {
        Ok(Person::find().filter(Person::NAME.eq(name)).limit(1).all(db).await?.into_iter().next())
    }
}
