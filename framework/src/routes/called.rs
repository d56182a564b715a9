//! What answers what sockets do.

use std::collections::HashMap;

use actix_web::dev::{ResourceDef, ServiceRequest};
use actix_web::{HttpMessage as _, HttpResponse};

use super::service::{Find, Found};
use super::{Call, NamespaceEntry, Target};
use crate::Error;

/// The method of what sockets do, whose path is their namespace.
pub(crate) const CALL: &str = "CALL";

/// The handlers of every namespace; a [`Call`] among a request's extensions says which is meant.
#[derive(Debug)]
pub(super) struct Called(Vec<(ResourceDef, HashMap<Call, Target>)>);

impl Called {
    pub(super) fn new(namespaces: Vec<NamespaceEntry>) -> Self {
        let targets = |entry: NamespaceEntry| (ResourceDef::new(&*entry.name), entry.into_targets());
        Self(namespaces.into_iter().map(targets).collect())
    }

    fn target(&self, req: &mut ServiceRequest) -> Option<&Target> {
        let call = req.extensions().get::<Call>().cloned()?;
        let namespace = self.0.iter().find(|(name, _)| name.capture_match_info(req.match_info_mut()));
        let targets = &namespace?.1;
        let any = || targets.get(&Call::AnyEvent).filter(|_| matches!(call, Call::Event(_)));
        targets.get(&call).or_else(any)
    }
}

impl Find for Called {
    /// What answers in the namespace that is the request's path.
    fn find<'t>(&'t self, req: &mut ServiceRequest) -> Found<'t> {
        match self.target(req) {
            Some(target) => Found::Target(target),
            None => Found::Answer(HttpResponse::from_error(Error::not_found())),
        }
    }
}
