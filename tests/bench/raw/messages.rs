//! A page of messages from PostgreSQL.

use actix_web::error::ErrorInternalServerError;
use actix_web::web::{Data, Json, Query};
use actix_web::{Either, Result};
use serde::{Deserialize, Serialize};
use sqlx::postgres::PgRow;
use sqlx::{FromRow, PgPool, Row};

const WITH_IDS: &str = r#"SELECT "id", "body", "author", "createdAt" FROM "message" ORDER BY "id" LIMIT $1"#;

const WITH_AUTHORS: &str = r#"
SELECT m."id", m."body", m."createdAt", p."id" AS "personId", p."name" AS "personName", p."createdAt" AS "personCreatedAt"
FROM "message" m LEFT JOIN "person" p ON p."id" = m."author"
ORDER BY m."id" LIMIT $1"#;

#[derive(Deserialize)]
pub(super) struct Page {
    pub(super) limit: i64,
    #[serde(default = "yes")]
    populate: bool,
}

fn yes() -> bool {
    true
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Message<A> {
    id: i64,
    body: String,
    author: Option<A>,
    created_at: i64,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Person {
    id: i64,
    name: String,
    created_at: i64,
}

impl FromRow<'_, PgRow> for Message<i64> {
    fn from_row(row: &PgRow) -> sqlx::Result<Self> {
        Ok(Self {
            id: row.try_get(0)?,
            body: row.try_get(1)?,
            author: row.try_get(2)?,
            created_at: row.try_get(3)?,
        })
    }
}

impl FromRow<'_, PgRow> for Message<Person> {
    fn from_row(row: &PgRow) -> sqlx::Result<Self> {
        let author = match row.try_get(3)? {
            Some(id) => Some(Person { id, name: row.try_get(4)?, created_at: row.try_get(5)? }),
            None => None,
        };
        Ok(Self { id: row.try_get(0)?, body: row.try_get(1)?, author, created_at: row.try_get(2)? })
    }
}

type List<A> = Json<Vec<Message<A>>>;

pub(super) async fn list(
    database: Data<PgPool>,
    page: Query<Page>,
) -> Result<Either<List<Person>, List<i64>>> {
    let database = database.get_ref();
    if page.populate {
        let messages = sqlx::query_as(WITH_AUTHORS).bind(page.limit).fetch_all(database).await;
        Ok(Either::Left(Json(messages.map_err(ErrorInternalServerError)?)))
    } else {
        let messages = sqlx::query_as(WITH_IDS).bind(page.limit).fetch_all(database).await;
        Ok(Either::Right(Json(messages.map_err(ErrorInternalServerError)?)))
    }
}
