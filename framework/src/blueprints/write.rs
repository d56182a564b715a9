//! `POST /model`, `PATCH /model/{id}`, `DELETE /model/{id}`.
//!
//! Only what a client may set is taken from its parameters: never the primary key, nor anything private,
//! read-only or undeclared.

use actix_web::HttpResponse;

use super::{Call, subscribe};
use crate::models::crud::{self, Write};
use crate::models::input::{self, Giver};
use crate::models::Record;
use crate::{Error, Result};

pub(super) async fn create(call: Call) -> Result<HttpResponse> {
    let write = call.write()?;
    let Call { blueprint, db, requester, params, .. } = call;
    let values = input::for_create(&blueprint.schema, &params.rest(), Giver::Client)?;
    let record = crud::create(&db, &blueprint.schema, values, write).await?;
    if let Some(socket) = requester.get() {
        subscribe::to_records(socket, std::slice::from_ref(&record), false).await?;
    }
    Ok(HttpResponse::Ok().json(record))
}

pub(super) async fn update(call: Call) -> Result<HttpResponse> {
    let (write, id) = (call.write()?, call.id()?);
    let Call { blueprint, db, requester, params, .. } = call;
    let values = input::for_update(&blueprint.schema, &params.rest(), Giver::Client)?;
    let record = found(crud::update(&db, &blueprint.schema, id, values, write).await?)?;
    if let Some(socket) = requester.get() {
        subscribe::to_records(socket, std::slice::from_ref(&record), false).await?;
    }
    Ok(HttpResponse::Ok().json(record))
}

pub(super) async fn destroy(call: Call) -> Result<HttpResponse> {
    let (write, id) = (call.write()?, call.id()?);
    let record = found(crud::destroy(&call.db, call.schema(), id, write).await?)?;
    Ok(HttpResponse::Ok().json(record))
}

fn found(record: Option<Record>) -> Result<Record> {
    record.ok_or_else(Error::not_found)
}

impl Call {
    /// What goes with a write: every association in the answer, and who caused it.
    fn write(&self) -> Result<Write> {
        let populate = self.blueprint.populate(None)?;
        Ok(Write { populate, origin: self.requester.id().map(str::to_owned) })
    }
}
