//! Blueprints: the automatic REST + realtime API of a model, on its run-time schema.
//!
//! Routes, shapes and status codes are Sails' (<https://sailsjs.com/documentation/reference/blueprint-api>):
//! a create answers 200 with the record, what is not there is the text `Not Found`. Over a socket the
//! requester is subscribed to the records it gets.

mod find;
mod params;
mod query;
mod subscribe;
mod write;

use std::future::Future;
use std::rc::Rc;
use std::sync::Arc;

use actix_web::dev::Payload;
use actix_web::http::Method;
use actix_web::{HttpRequest, HttpResponse};

use crate::config::BlueprintsConfig;
use crate::models::{Db, Schema, Value};
use crate::routes::{Action, Entry};
use crate::sockets::Requester;
use crate::{Error, Result};
use params::Params;

/// What the blueprints of one model work with.
#[derive(Debug)]
struct Blueprint {
    schema: Arc<Schema>,
    config: BlueprintsConfig,
}

/// One request to a blueprint.
struct Call {
    blueprint: Rc<Blueprint>,
    db: Db,
    requester: Requester,
    params: Params,
    /// The record's id in the path.
    id: Option<String>,
}

/// The routes of a model.
pub(crate) fn routes(schema: &Arc<Schema>, config: &BlueprintsConfig) -> Vec<Entry> {
    let blueprint = Rc::new(Blueprint { schema: schema.clone(), config: config.clone() });
    let list = format!("{}/{}", config.prefix.trim_end_matches('/'), schema.identity());
    let one = format!("{list}/{{id}}");
    vec![
        entry(&blueprint, Method::GET, &list, "find", find::find),
        entry(&blueprint, Method::GET, &one, "findOne", find::find_one),
        entry(&blueprint, Method::POST, &list, "create", write::create),
        entry(&blueprint, Method::PATCH, &one, "update", write::update),
        entry(&blueprint, Method::PUT, &one, "update", write::update),
        entry(&blueprint, Method::DELETE, &one, "destroy", write::destroy),
    ]
}

fn entry<Fut>(
    blueprint: &Rc<Blueprint>,
    method: Method,
    path: &str,
    name: &str,
    run: impl Fn(Call) -> Fut + Copy + 'static,
) -> Entry
where
    Fut: Future<Output = Result<HttpResponse>> + 'static,
{
    let name = format!("blueprint {}/{name}", blueprint.schema.identity());
    let blueprint = blueprint.clone();
    let action = Action::from_fn(move |req, payload| {
        let call = Call::read(blueprint.clone(), req, payload);
        async move { run(call.await?).await }
    });
    Entry { method, path: path.to_owned(), name, action, guards: Vec::new() }
}

impl Call {
    async fn read(blueprint: Rc<Blueprint>, req: HttpRequest, payload: Payload) -> Result<Self> {
        let db = req.app_data::<Db>().cloned();
        let db = db.ok_or_else(|| Error::internal("this server was built without a database"))?;
        let id = req.match_info().get("id").map(str::to_owned);
        let requester = Requester::of(&req);
        let params = Params::read(&req, payload).await?;
        Ok(Self { blueprint, db, requester, params, id })
    }

    fn schema(&self) -> &Arc<Schema> {
        &self.blueprint.schema
    }

    /// The primary key in the path.
    ///
    /// # Errors
    /// 400 when it is none the model could have.
    fn id(&self) -> Result<Value> {
        let text = self.id.clone().unwrap_or_default();
        self.schema().key(&text)
    }
}
