//! `GET /model` and `GET /model/{id}`.

use actix_web::HttpResponse;

use super::{Call, subscribe};
use crate::models::crud;
use crate::{Error, Result};

pub(super) async fn find(call: Call) -> Result<HttpResponse> {
    let Call { blueprint, db, requester, params, .. } = call;
    let criteria = blueprint.criteria(params)?;
    let records = crud::find(&db, &blueprint.schema, &criteria).await?;
    if let Some(socket) = requester.get() {
        subscribe::to_records(socket, &records, blueprint.config.auto_watch).await?;
        subscribe::to_model(socket, &blueprint).await?;
    }
    Ok(HttpResponse::Ok().json(records))
}

pub(super) async fn find_one(mut call: Call) -> Result<HttpResponse> {
    let populate = call.blueprint.populate(call.params.take("populate"))?;
    let id = call.id()?;
    let Some(record) = crud::find_one(&call.db, call.schema(), id, &populate).await? else {
        return Err(Error::not_found());
    };
    if let Some(socket) = call.requester.get() {
        subscribe::to_records(socket, std::slice::from_ref(&record), call.blueprint.config.auto_watch).await?;
    }
    Ok(HttpResponse::Ok().json(record))
}
