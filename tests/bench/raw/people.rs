//! A page of people from PostgreSQL, each with what they said.

use std::collections::HashMap;

use actix_web::Result;
use actix_web::error::ErrorInternalServerError;
use actix_web::web::{Data, Json, Query};
use serde::Serialize;
use sqlx::postgres::PgRow;
use sqlx::{FromRow, PgPool, Row};

use super::messages::Page;

const PEOPLE: &str = r#"SELECT "id", "name", "createdAt" FROM "person" ORDER BY "id" LIMIT $1"#;

/// The first 30 of each, as the app has it.
const MESSAGES: &str = r#"
SELECT "id", "body", "author", "createdAt" FROM (
  SELECT *, ROW_NUMBER() OVER (PARTITION BY "author" ORDER BY "id") AS "place" FROM "message" WHERE "author" = ANY($1)
) AS "numbered" WHERE "place" <= 30 ORDER BY "place""#;

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Message {
    id: i64,
    body: String,
    author: i64,
    created_at: i64,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Person {
    id: i64,
    name: String,
    messages: Vec<Message>,
    created_at: i64,
}

impl FromRow<'_, PgRow> for Message {
    fn from_row(row: &PgRow) -> sqlx::Result<Self> {
        Ok(Self {
            id: row.try_get(0)?,
            body: row.try_get(1)?,
            author: row.try_get(2)?,
            created_at: row.try_get(3)?,
        })
    }
}

impl FromRow<'_, PgRow> for Person {
    fn from_row(row: &PgRow) -> sqlx::Result<Self> {
        let messages = Vec::new();
        Ok(Self { id: row.try_get(0)?, name: row.try_get(1)?, messages, created_at: row.try_get(2)? })
    }
}

pub(super) async fn list(database: Data<PgPool>, page: Query<Page>) -> Result<Json<Vec<Person>>> {
    let database = database.get_ref();
    let people = sqlx::query_as(PEOPLE).bind(page.limit).fetch_all(database).await;
    let mut people: Vec<Person> = people.map_err(ErrorInternalServerError)?;
    let ids: Vec<_> = people.iter().map(|person| person.id).collect();
    let messages = sqlx::query_as(MESSAGES).bind(ids).fetch_all(database).await;
    let messages: Vec<Message> = messages.map_err(ErrorInternalServerError)?;
    let mut said: HashMap<i64, Vec<Message>> = HashMap::with_capacity(people.len());
    for message in messages {
        said.entry(message.author).or_default().push(message);
    }
    for person in &mut people {
        person.messages = said.remove(&person.id).unwrap_or_default();
    }
    Ok(Json(people))
}
