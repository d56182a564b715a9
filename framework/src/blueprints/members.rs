//! `GET|PUT /model/{id}/{association}` and `PUT|DELETE /model/{id}/{association}/{member}`.

use std::sync::Arc;

use actix_web::HttpResponse;
use serde_json::{Map, Value as Json};

use super::{Call, query, subscribe};
use crate::models::crud::{self, Members};
use crate::models::{Criteria, Filter, Populate, Populated, Record, Schema, Test, Value};
use crate::routes::BlueprintOptions;
use crate::{Error, Result};

/// What an association of a record refers to, chosen and sorted as a list is.
pub(super) async fn populate(mut call: Call) -> Result<HttpResponse> {
    let id = call.id()?;
    let (attribute, target) = call.association()?;
    let mut params = call.params.rest();
    // What the members refer to comes along only when it is asked for.
    params.entry("populate").or_insert(Json::Bool(false));
    let criteria = call.reader().list(&target, &mut params)?;
    let select = [call.schema().primary_key_index(), attribute];
    let stored = call.schema().stored().map(|(place, _)| place).filter(|place| select.contains(place));
    let parent = Criteria {
        select: Some(stored.collect()),
        populate: vec![Populate { attribute, criteria }],
        ..Criteria::of(Filter::id(call.schema(), id))
    };
    let options = call.options(parent, Map::new())?;
    let found = crud::find_within(&call.db, call.schema(), &options.criteria, &mut call.budget()).await?;
    let record = found.into_iter().next().ok_or_else(Error::not_found)?;
    let populated = record.populated_at(attribute).ok_or_else(Error::not_found)?;
    if let Some(socket) = call.requester.get() {
        if options.auto_watch {
            subscribe::to_model(socket, &target).await?;
        }
        for record in populated.records() {
            let related = std::slice::from_ref(record.as_ref());
            subscribe::to_records(socket, &call.db, related, options.auto_watch).await?;
        }
    }
    match populated {
        Populated::One(None) => Err(Error::not_found()),
        populated => Ok(HttpResponse::Ok().json(populated)),
    }
}

pub(super) async fn add(mut call: Call) -> Result<HttpResponse> {
    let (options, owner, target) = call.parent().await?;
    let member = call.known_member(&target).await?;
    let origin = call.write(&options).origin;
    crud::add(&call.db, call.members(&owner)?, std::slice::from_ref(&member), origin.as_ref()).await?;
    if let Some(socket) = call.requester.get() {
        socket.join(&target.record_room(&member)).await?;
    }
    call.answer(options).await
}

pub(super) async fn remove(mut call: Call) -> Result<HttpResponse> {
    let (options, owner, target) = call.parent().await?;
    let member = call.known_member(&target).await?;
    let origin = call.write(&options).origin;
    crud::remove(&call.db, call.members(&owner)?, &[member], origin.as_ref()).await?;
    call.answer(options).await
}

pub(super) async fn replace(mut call: Call) -> Result<HttpResponse> {
    let (options, owner, target) = call.parent().await?;
    let ids = call.ids(&target)?;
    let ids = call.known(&target, ids).await?;
    let origin = call.write(&options).origin;
    crud::replace(&call.db, call.members(&owner)?, &ids, origin.as_ref()).await?;
    call.answer(options).await
}

impl Call {
    /// The association in the path and the model it leads to.
    fn association(&self) -> Result<(usize, Arc<Schema>)> {
        let place = self.route.association;
        let found =
            place.and_then(|place| Some((place, self.db.link(self.schema(), place)?.target().clone())));
        found.ok_or_else(|| Error::internal("the route has no association"))
    }

    /// The record whose collection is meant, found before anything is written.
    async fn parent(&mut self) -> Result<(BlueprintOptions, Value, Arc<Schema>)> {
        let id = self.id()?;
        let (attribute, target) = self.association()?;
        if !self.db.is_writable(self.schema(), attribute) {
            let (model, name) = (self.schema().identity(), self.schema().attribute_at(attribute).name());
            return Err(Error::forbidden(format!("`{model}.{name}` can't be changed by clients")));
        }
        let options = self.about(id.clone(), Map::new())?;
        let wanted = Criteria { populate: Vec::new(), ..options.criteria.clone() };
        if !crud::exists(&self.db, self.schema(), &wanted).await? {
            return Err(Error::not_found());
        }
        Ok((options, id, target))
    }

    /// The member the path names, which exists.
    async fn known_member(&self, target: &Arc<Schema>) -> Result<Value> {
        let member = self.member(target)?;
        let wanted = Criteria::of(Filter::id(target, member.clone()));
        if crud::exists(&self.db, target, &wanted).await? { Ok(member) } else { Err(Error::not_found()) }
    }

    fn members<'a>(&'a self, owner: &'a Value) -> Result<Members<'a>> {
        Ok(Members { schema: self.schema(), owner, attribute: self.association()?.0 })
    }

    /// The ids in the body, or in the parameter with the association's name.
    fn ids(&mut self, target: &Schema) -> Result<Vec<Value>> {
        let (attribute, _) = self.association()?;
        let name = self.schema().attribute_at(attribute).name().to_owned();
        let list = match (self.params.take_list(), self.params.take(&name)) {
            (Some(list), _) | (None, Some(Json::Array(list))) => list,
            (None, Some(text)) => match query::from_text(&name, text)? {
                Json::Array(list) => list,
                one => vec![one],
            },
            (None, None) => {
                return Err(Error::bad_request(format!("send a list of ids, or `{name}` with one")));
            }
        };
        let most = self.blueprint.config.max_list;
        if list.len() > most {
            return Err(Error::bad_request(format!(
                "that is a list of {} ids: {most} are allowed (`max_list` of config/blueprints.toml)",
                list.len()
            )));
        }
        list.iter().map(|id| target.key_from(id)).collect()
    }

    /// Those of the ids that exist.
    async fn known(&self, target: &Arc<Schema>, ids: Vec<Value>) -> Result<Vec<Value>> {
        let key = target.primary_key_index();
        let listed = Filter::Compare { attribute: key, test: Test::In(ids.clone()) };
        let criteria = Criteria { select: Some([key].into()), ..Criteria::of(listed) };
        let found = crud::find(&self.db, target, &criteria).await?;
        let known: Vec<_> = ids.iter().filter(|id| found.iter().any(|record| record.id() == *id)).collect();
        if self.blueprint.config.strict && known.len() < ids.len() {
            return Err(Error::not_found());
        }
        let mut distinct: Vec<Value> = Vec::with_capacity(known.len());
        for id in known {
            if !distinct.contains(id) {
                distinct.push(id.clone());
            }
        }
        Ok(distinct)
    }

    /// The parent as it is now.
    async fn answer(self, options: BlueprintOptions) -> Result<HttpResponse> {
        let found = crud::find(&self.db, self.schema(), &options.criteria).await?;
        let record: Record = found.into_iter().next().ok_or_else(Error::not_found)?;
        if let Some(socket) = self.requester.get() {
            socket.join(&self.schema().record_room(record.id())).await?;
        }
        Ok(HttpResponse::Ok().json(record))
    }
}
