//! One request to a blueprint.

use std::rc::Rc;
use std::sync::Arc;

use actix_web::HttpRequest;
use actix_web::dev::Payload;
use serde_json::{Map, Value as Json};

use super::{Blueprint, Params};
use crate::models::crud::Write;
use crate::models::{Criteria, Db, Filter, Populate, Schema, Value};
use crate::routes::{BlueprintOptions, BlueprintRoute};
use crate::sockets::Requester;
use crate::{Error, Result};

/// One request to a blueprint.
pub(super) struct Call {
    pub(super) blueprint: Rc<Blueprint>,
    pub(super) route: BlueprintRoute,
    pub(super) db: Db,
    pub(super) requester: Requester,
    pub(super) params: Params,
    pub(super) req: HttpRequest,
}

impl Call {
    pub(super) async fn read(
        blueprint: Rc<Blueprint>,
        route: BlueprintRoute,
        req: HttpRequest,
        payload: Payload,
    ) -> Result<Self> {
        let db = req.app_data::<Db>().cloned();
        let db = db.ok_or_else(|| Error::internal("this server was built without a database"))?;
        let requester = Requester::of(&req);
        let params = Params::read(&req, payload).await?;
        Ok(Self { blueprint, route, db, requester, params, req })
    }

    pub(super) fn schema(&self) -> &Arc<Schema> {
        &self.blueprint.schema
    }

    /// Whether the path names a record.
    pub(super) fn has_id(&self) -> bool {
        self.req.match_info().get("id").is_some()
    }

    /// The record the path names; without one, the one its parameters name.
    ///
    /// # Errors
    /// 400 when there is none, or it is none the model could have.
    pub(super) fn id(&mut self) -> Result<Value> {
        let schema = self.blueprint.schema.clone();
        if let Some(text) = self.req.match_info().get("id") {
            return schema.key(text);
        }
        let name = schema.primary_key().name();
        match self.params.take(name) {
            Some(given) if !given.is_null() => schema.key_from(&given),
            _ => Err(Error::bad_request(format!(
                "say which record of `{0}` is meant: /{0}/{{{name}}}",
                schema.identity()
            ))),
        }
    }

    /// The member the path names.
    ///
    /// # Errors
    /// 400 when it is none the other model could have.
    pub(super) fn member(&self, target: &Schema) -> Result<Value> {
        target.key(self.req.match_info().get("member").unwrap_or_default())
    }

    /// What the request is about to do, after the app's own hooks have looked at it.
    pub(super) fn options(&self, criteria: Criteria, values: Map<String, Json>) -> Result<BlueprintOptions> {
        let config = &self.blueprint.config;
        let mut options = BlueprintOptions::new(self.route.operation);
        (options.criteria, options.values) = (criteria, values);
        (options.mirror, options.auto_watch) = (config.mirror, config.auto_watch);
        for hook in &self.blueprint.hooks {
            hook(&self.req, &mut options)?;
        }
        Ok(options)
    }

    /// The options of a request about one record, populated as every answer about one is.
    pub(super) fn about(&self, id: Value, values: Map<String, Json>) -> Result<BlueprintOptions> {
        let filter = Filter::id(self.schema(), id);
        self.options(Criteria { populate: self.populate_all(), ..Criteria::of(filter) }, values)
    }

    /// Every association a client may populate, as much of it as an answer has.
    pub(super) fn populate_all(&self) -> Vec<Populate> {
        let limit = self.blueprint.config.populate_limit;
        self.schema().populatable().map(|(attribute, _)| Populate::at_most(attribute, limit)).collect()
    }

    /// What goes with a write.
    pub(super) fn write(&self, options: &BlueprintOptions) -> Write {
        let origin = self.requester.id().filter(|_| !options.mirror);
        Write {
            populate: options.criteria.populate.clone(),
            origin: origin.map(str::to_owned),
            from_client: true,
            single: false,
            unscoped: options.criteria.unscoped,
        }
    }
}
