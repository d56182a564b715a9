//! Several records with one request, where `batch` of `config/blueprints.toml` is on: all of them or none.

use actix_web::HttpResponse;
use serde_json::{Map, Value};

use super::Call;
use crate::models::crud;
use crate::models::{Bounds, Criteria, Filter, refuse_criteria};
use crate::{Error, Result};

/// `POST /model` with a list.
pub(super) async fn create(call: Call, list: Vec<Value>) -> Result<HttpResponse> {
    call.allow_batch()?;
    call.check_size(u64::try_from(list.len()).unwrap_or(u64::MAX))?;
    let mut all = Vec::with_capacity(list.len());
    let criteria = Criteria { populate: call.populate_all(), ..Criteria::default() };
    let mut write = None;
    for values in list {
        let Value::Object(values) = values else {
            return Err(Error::bad_request(
                "the body must be a list of objects with the records' attributes",
            ));
        };
        let options = call.options(criteria.clone(), values)?;
        write.get_or_insert_with(|| call.write(&options));
        all.push(options.values);
    }
    let records = crud::create_each(&call.db, call.schema(), all, &write.unwrap_or_default()).await?;
    call.subscribe(&records).await?;
    Ok(HttpResponse::Ok().json(records))
}

/// `PATCH /model?where=…`
pub(super) async fn update(mut call: Call) -> Result<HttpResponse> {
    let key = call.schema().primary_key().name().to_owned();
    let filter = match call.params.take(&key) {
        Some(id) => Filter::id(call.schema(), call.schema().key_from(&id)?),
        None => {
            call.allow_batch()?;
            call.which()?
        }
    };
    let values = call.params.rest();
    let criteria = Criteria { populate: call.populate_all(), ..Criteria::of(filter) };
    let options = call.options(criteria, values)?;
    call.check_many(&options.criteria.filter).await?;
    let write = call.write(&options);
    let records =
        crud::update(&call.db, call.schema(), options.criteria.filter, options.values, &write).await?;
    call.subscribe(&records).await?;
    Ok(HttpResponse::Ok().json(records))
}

/// `DELETE /model?where=…`
pub(super) async fn destroy(mut call: Call) -> Result<HttpResponse> {
    call.allow_batch()?;
    let criteria = Criteria { populate: call.populate_all(), ..Criteria::of(call.which()?) };
    let options = call.options(criteria, Map::new())?;
    call.check_many(&options.criteria.filter).await?;
    let write = call.write(&options);
    let records = crud::destroy(&call.db, call.schema(), options.criteria.filter, &write).await?;
    Ok(HttpResponse::Ok().json(records))
}

impl Call {
    fn allow_batch(&self) -> Result<()> {
        if self.blueprint.config.batch {
            return Ok(());
        }
        Err(Error::bad_request(format!(
            "this writes one record of `{}` at a time: send an object and name the record in the path, or set \
             `batch = true` in config/blueprints.toml",
            self.schema().identity()
        )))
    }

    /// The records that `where` means; all of them only when it says so with `{}`.
    fn which(&mut self) -> Result<Filter> {
        let Some(wanted) = self.params.take("where") else {
            return Err(refuse_criteria("where", "Say which records are meant, `{}` for all of them."));
        };
        let wanted = super::query::from_text("where", wanted)?;
        Filter::from_json(self.schema(), &wanted, &Bounds::from(&*self.blueprint.config))
    }

    fn check_size(&self, records: u64) -> Result<()> {
        let most = self.blueprint.config.max_limit;
        if records <= most {
            return Ok(());
        }
        Err(Error::bad_request(format!(
            "that would write {records} records at once: {most} are allowed (`max_limit` of \
             config/blueprints.toml)"
        )))
    }

    async fn check_many(&self, filter: &Filter) -> Result<()> {
        self.check_size(crud::count(&self.db, self.schema(), &Criteria::of(filter.clone())).await?)
    }
}
