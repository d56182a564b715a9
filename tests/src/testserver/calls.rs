//! `POST /__t/{model}/{method}`: the methods of models, called from outside.

use std::sync::Arc;

use regatta::actix_web::http::StatusCode;
use regatta::models::{Aggregate, Criteria, Record, Records, Value as Stored};
use regatta::prelude::*;
use serde::Deserialize;
use serde_json::{Map, Value};

use super::criteria;
use super::models::Models;
use super::routes::text;

/// Records of one step of `stream`, as Waterline has it.
const BATCH: u64 = 30;

/// The arguments of a call.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Call {
    args: Vec<Value>,
    populate: Value,
    set: Value,
    members: Value,
    meta: Meta,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Meta {
    fetch: bool,
}

/// Adds the route.
pub(super) fn draw(r: &mut Routes, models: &Arc<Models>) {
    let models = models.clone();
    r.post("/__t/{model}/{method}", move |db: Db, path: Path<(String, String)>, body: String| {
        let models = models.clone();
        async move {
            let (model, method) = path.into_inner();
            match answer(&db, &models, &model.to_lowercase(), &method, &body).await {
                Ok(result) => HttpResponse::Ok().json(json!({ "r": result })),
                Err(error) => failed(&error),
            }
        }
    });
}

async fn answer(db: &Db, models: &Models, model: &str, method: &str, body: &str) -> Result<Value> {
    let mut call: Call = serde_json::from_str(if body.is_empty() { "{}" } else { body })?;
    call.meta.fetch |= models.fetches(model, method);
    run(db, model, method, call).await
}

/// 500 with the message, and the details where there are any.
fn failed(error: &Error) -> HttpResponse {
    let message = match error.extra().get("details").and_then(Value::as_str) {
        Some(details) => format!("{}\nDetails:\n  {details}", error.message()),
        None => error.message().to_owned(),
    };
    let mut answer = text(message);
    *answer.status_mut() = StatusCode::INTERNAL_SERVER_ERROR;
    answer
}

async fn run(db: &Db, model: &str, method: &str, call: Call) -> Result<Value> {
    let records = db.records(model)?;
    let schema = records.schema().clone();
    let paths = criteria::populate(db, &schema, &call.populate)?;
    let records = records.populate(paths.clone());
    let first = call.argument(0);
    let wanted = |given: &Value| {
        Ok::<_, Error>(criteria::with(&schema, criteria::read(&schema, given)?, paths.clone()))
    };
    match method {
        "find" => json_of(&records.find(&wanted(first)?).await?),
        "findOne" => json_of(&records.find_one(&wanted(first)?).await?),
        "stream" => stream(&records, wanted(first)?).await,
        "create" => {
            let made = records.create(call.values(&records, 0)?).await?;
            call.fetched(&made)
        }
        "createEach" => {
            let all = first.as_array().ok_or_else(|| missing("a list of records"))?;
            let all = all.iter().map(|values| known(&records, values)).collect::<Result<_>>()?;
            let made = records.create_each(all).await?;
            call.fetched(&made)
        }
        "findOrCreate" => {
            let filter = criteria::filter(&schema, first)?;
            json_of(&records.find_or_create(filter, call.values(&records, 1)?).await?.0)
        }
        "update" => {
            let filter = criteria::filter(&schema, first)?;
            let changed = records.update(filter, call.values(&records, 1)?).await?;
            call.fetched(&changed)
        }
        "updateOne" => {
            let filter = criteria::filter(&schema, first)?;
            json_of(&records.update_one(filter, call.values(&records, 1)?).await?)
        }
        "destroy" => {
            let gone = records.destroy(criteria::filter(&schema, first)?).await?;
            call.fetched(&gone)
        }
        "destroyOne" => json_of(&records.destroy_one(criteria::filter(&schema, first)?).await?),
        "count" => Ok(records.count(criteria::filter(&schema, first)?).await?.into()),
        "sum" | "avg" => add_up(&records, method, &call).await,
        "addToCollection" | "removeFromCollection" | "replaceCollection" => {
            members(db, &records, method, &call).await?;
            Ok(Value::Null)
        }
        other => Err(Error::internal(format!("`{other}` is none of the methods there are"))),
    }
}

impl Call {
    fn argument(&self, place: usize) -> &Value {
        self.args.get(place).unwrap_or(&Value::Null)
    }

    /// `set`, else the argument at `place`.
    fn values(&self, records: &Records, place: usize) -> Result<Map<String, Value>> {
        known(records, if self.set.is_null() { self.argument(place) } else { &self.set })
    }

    /// What was written, when it was asked for.
    fn fetched(&self, written: &impl serde::Serialize) -> Result<Value> {
        if self.meta.fetch { json_of(written) } else { Ok(Value::Null) }
    }
}

/// The values the model has attributes for: Waterline drops the others.
fn known(records: &Records, values: &Value) -> Result<Map<String, Value>> {
    let values = values.as_object().ok_or_else(|| missing("an object of values"))?;
    let known = values.iter().filter(|(name, _)| records.schema().attribute(name).is_some());
    Ok(known.map(|(name, value)| (name.clone(), value.clone())).collect())
}

/// Every record the criteria mean, read in batches.
async fn stream(records: &Records, wanted: Criteria) -> Result<Value> {
    let (skip, most) = (wanted.skip, wanted.limit.unwrap_or(u64::MAX));
    let mut all: Vec<Record> = Vec::new();
    loop {
        let read = u64::try_from(all.len()).unwrap_or(u64::MAX);
        let limit = BATCH.min(most - read);
        let part = Criteria { skip: skip + read, limit: Some(limit), ..wanted.clone() };
        let batch = records.find(&part).await?;
        let is_last = u64::try_from(batch.len()).is_ok_and(|found| found < BATCH) || limit < BATCH;
        all.extend(batch);
        if is_last {
            return json_of(&all);
        }
    }
}

async fn add_up(records: &Records, method: &str, call: &Call) -> Result<Value> {
    let name = call.argument(0).as_str().unwrap_or_default();
    let place = records.schema().index_of(name).ok_or_else(|| missing("the name of an attribute"))?;
    let filter = criteria::filter(records.schema(), call.argument(1))?;
    let aggregate = if method == "sum" { Aggregate::Sum(place) } else { Aggregate::Average(place) };
    let groups = records.aggregate(filter, &[], &[aggregate]).await?;
    match groups.first().and_then(|group| group.values.first()) {
        None | Some(Stored::Null) => Ok(0.into()),
        Some(value) => json_of(value),
    }
}

async fn members(db: &Db, records: &Records, method: &str, call: &Call) -> Result<()> {
    let owners = criteria::ids(records.schema(), call.argument(0))?;
    let name = call.argument(1).as_str().unwrap_or_default();
    let association = records.schema().attribute(name).and_then(|attribute| attribute.association());
    let target = db.schema(association.ok_or_else(|| missing("the name of a collection"))?.identity())?;
    let given = if call.members.is_null() { call.argument(2) } else { &call.members };
    let ids = criteria::ids(target, given)?;
    for owner in &owners {
        match method {
            "addToCollection" => records.add_to(owner, name, &ids).await?,
            "removeFromCollection" => records.remove_from(owner, name, &ids).await?,
            _ => records.replace_collection(owner, name, &ids).await?,
        }
    }
    Ok(())
}

fn json_of(value: &impl serde::Serialize) -> Result<Value> {
    Ok(serde_json::to_value(value)?)
}

fn missing(what: &str) -> Error {
    Error::internal(format!("the call lacks {what}"))
}
