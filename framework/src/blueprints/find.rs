//! `GET /model` and `GET /model/{id}`.

use actix_web::HttpResponse;
use actix_web::http::header::ContentType;
use serde_json::Map;

use super::pages::Asked;
use super::query::Reader;
use super::{Call, subscribe};
use crate::models::crud;
use crate::models::populate::Budget;
use crate::models::{Criteria, Filter};
use crate::{Error, Result};

/// Bytes that most records take at most as JSON; a list that takes more only costs another allocation.
const USUAL: usize = 256;

pub(super) async fn find(mut call: Call) -> Result<HttpResponse> {
    let mut params = call.params.rest();
    let asked = Asked::take(&call, &mut params);
    let criteria = call.reader().list(call.schema(), &mut params)?;
    let options = call.options(criteria, Map::new())?;
    let criteria = asked.narrow(call.schema(), &options.criteria)?;
    let mut records = crud::find_within(&call.db, call.schema(), &criteria, &mut call.budget()).await?;
    if let Some(socket) = call.requester.get() {
        subscribe::to_records(socket, &call.db, &records, options.auto_watch).await?;
        if options.auto_watch {
            subscribe::to_model(socket, call.schema()).await?;
        }
    }
    let mut answer = HttpResponse::Ok();
    asked.tell(&call, &options.criteria, &records, &mut answer).await?;
    for record in &mut records {
        record.select(options.criteria.select.as_ref());
    }
    let mut body = Vec::with_capacity(records.len() * USUAL + 2);
    serde_json::to_writer(&mut body, &records)?;
    Ok(answer.content_type(ContentType::json()).body(body))
}

pub(super) async fn find_one(mut call: Call) -> Result<HttpResponse> {
    let id = call.id()?;
    let mut params = call.params.rest();
    let criteria = call.reader().one(call.schema(), &mut params)?;
    let criteria = Criteria { filter: Filter::id(call.schema(), id), ..criteria };
    let options = call.options(criteria, Map::new())?;
    let found = crud::find_within(&call.db, call.schema(), &options.criteria, &mut call.budget()).await?;
    let record = found.into_iter().next().ok_or_else(Error::not_found)?;
    if let Some(socket) = call.requester.get() {
        let found = std::slice::from_ref(&record);
        subscribe::to_records(socket, &call.db, found, options.auto_watch).await?;
    }
    Ok(HttpResponse::Ok().json(record))
}

impl Call {
    pub(super) fn reader(&self) -> Reader<'_> {
        Reader { db: &self.db, config: &self.blueprint.config }
    }

    /// How many records one request may populate.
    pub(super) fn budget(&self) -> Budget {
        Budget::of(self.blueprint.config.max_populated)
    }
}
