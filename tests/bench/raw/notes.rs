//! One note in PostgreSQL: read, made, changed.

use std::time::{SystemTime, UNIX_EPOCH};

use actix_web::Result;
use actix_web::error::{ErrorBadRequest, ErrorInternalServerError, ErrorNotFound};
use actix_web::web::{self, Data, Json, Path, ServiceConfig};
use serde::{Deserialize, Serialize};
use sqlx::postgres::PgRow;
use sqlx::{FromRow, PgPool, Row};

use super::news::News;

const GET: &str =
    r#"SELECT "id", "title", "text", "done", "createdAt", "updatedAt" FROM "note" WHERE "id" = $1"#;

const CREATE: &str = r#"
INSERT INTO "note" ("title", "text", "done", "createdAt", "updatedAt") VALUES ($1, $2, $3, $4, $4)
RETURNING "id", "title", "text", "done", "createdAt", "updatedAt""#;

const UPDATE: &str = r#"
UPDATE "note" SET "title" = COALESCE($2, "title"), "text" = COALESCE($3, "text"), "done" = COALESCE($4, "done"),
  "updatedAt" = $5
WHERE "id" = $1 RETURNING "id", "title", "text", "done", "createdAt", "updatedAt""#;

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Note {
    id: i64,
    title: String,
    text: String,
    done: bool,
    created_at: i64,
    updated_at: i64,
}

#[derive(Deserialize)]
struct New {
    title: String,
    #[serde(default)]
    text: String,
    #[serde(default)]
    done: bool,
}

#[derive(Deserialize)]
struct Change {
    title: Option<String>,
    text: Option<String>,
    done: Option<bool>,
}

impl FromRow<'_, PgRow> for Note {
    fn from_row(row: &PgRow) -> sqlx::Result<Self> {
        Ok(Self {
            id: row.try_get(0)?,
            title: row.try_get(1)?,
            text: row.try_get(2)?,
            done: row.try_get(3)?,
            created_at: row.try_get(4)?,
            updated_at: row.try_get(5)?,
        })
    }
}

pub(super) fn routes(services: &mut ServiceConfig) {
    services
        .route("", web::post().to(create))
        .service(web::resource("/{id}").route(web::get().to(get)).route(web::patch().to(update)));
}

async fn get(database: Data<PgPool>, id: Path<i64>) -> Result<Json<Note>> {
    let note = sqlx::query_as(GET).bind(*id).fetch_optional(database.get_ref()).await;
    note.map_err(ErrorInternalServerError)?.map(Json).ok_or_else(|| ErrorNotFound("Not Found"))
}

async fn create(database: Data<PgPool>, news: Data<News>, new: Json<New>) -> Result<Json<Note>> {
    let New { title, text, done } = new.into_inner();
    check(&title)?;
    let note = sqlx::query_as(CREATE).bind(title).bind(text).bind(done).bind(now());
    let note: Note = note.fetch_one(database.get_ref()).await.map_err(ErrorInternalServerError)?;
    news.tell("created", &note)?;
    Ok(Json(note))
}

async fn update(
    database: Data<PgPool>,
    news: Data<News>,
    id: Path<i64>,
    change: Json<Change>,
) -> Result<Json<Note>> {
    let Change { title, text, done } = change.into_inner();
    title.as_deref().map(check).transpose()?;
    let note = sqlx::query_as(UPDATE).bind(*id).bind(title).bind(text).bind(done).bind(now());
    let note: Option<Note> =
        note.fetch_optional(database.get_ref()).await.map_err(ErrorInternalServerError)?;
    let note = note.ok_or_else(|| ErrorNotFound("Not Found"))?;
    news.tell("updated", &note)?;
    Ok(Json(note))
}

fn check(title: &str) -> Result<()> {
    if title.is_empty() || title.chars().count() > 80 {
        return Err(ErrorBadRequest("a title has 1 to 80 characters"));
    }
    Ok(())
}

fn now() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_millis()).unwrap_or(i64::MAX)
}
