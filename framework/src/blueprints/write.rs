//! `POST /model`, `PATCH /model/{id}`, `DELETE /model/{id}`.
//!
//! Only what a client may set is taken from its parameters: never the primary key, nor anything private,
//! read-only or undeclared.

use actix_web::HttpResponse;
use serde_json::Map;

use super::{Call, batch, subscribe};
use crate::models::crud;
use crate::models::{Criteria, Record};
use crate::{Error, Result};

pub(super) async fn create(mut call: Call) -> Result<HttpResponse> {
    if let Some(list) = call.params.take_list() {
        return batch::create(call, list).await;
    }
    let values = call.params.rest();
    let criteria = Criteria { populate: call.populate_all(), ..Criteria::default() };
    let options = call.options(criteria, values)?;
    let write = call.write(&options);
    let record = crud::create(&call.db, call.schema(), options.values, &write).await?;
    call.subscribe(std::slice::from_ref(&record)).await?;
    Ok(HttpResponse::Ok().json(record))
}

pub(super) async fn update(mut call: Call) -> Result<HttpResponse> {
    if !call.has_id() {
        return batch::update(call).await;
    }
    let id = call.id()?;
    let values = call.params.rest();
    let options = call.about(id, values)?;
    let write = call.write(&options);
    let changed =
        crud::update(&call.db, call.schema(), options.criteria.filter, options.values, &write).await?;
    let record = one(changed)?;
    call.subscribe(std::slice::from_ref(&record)).await?;
    Ok(HttpResponse::Ok().json(record))
}

pub(super) async fn destroy(mut call: Call) -> Result<HttpResponse> {
    if !call.has_id() && call.params.has("where") {
        return batch::destroy(call).await;
    }
    let id = call.id()?;
    let options = call.about(id, Map::new())?;
    let write = call.write(&options);
    let gone = crud::destroy(&call.db, call.schema(), options.criteria.filter, &write).await?;
    let gone = one(gone)?;
    if let Some(socket) = call.requester.get() {
        socket.leave(&gone.schema().record_room(gone.id())).await?;
    }
    Ok(HttpResponse::Ok().json(gone))
}

fn one(records: Vec<Record>) -> Result<Record> {
    records.into_iter().next().ok_or_else(Error::not_found)
}

impl Call {
    /// A socket hears of the records it has written.
    pub(super) async fn subscribe(&self, records: &[Record]) -> Result<()> {
        let Some(socket) = self.requester.get() else { return Ok(()) };
        for record in records {
            subscribe::to_record(socket, record).await?;
        }
        Ok(())
    }
}
