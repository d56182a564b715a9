//! What answers what sockets do.

use std::collections::HashMap;

use actix_web::HttpMessage as _;
use actix_web::dev::{ResourceDef, ServiceRequest};

use super::{Call, NamespaceEntry, Target};

/// The method of what sockets do, whose path is their namespace.
pub(crate) const CALL: &str = "CALL";

/// The handlers of every namespace; a [`Call`] among a request's extensions says which is meant.
#[derive(Debug)]
pub(crate) struct Called(Vec<(ResourceDef, HashMap<Call, Target>)>);

impl Called {
    pub(crate) fn new(namespaces: Vec<NamespaceEntry>) -> Self {
        let targets = |entry: NamespaceEntry| (ResourceDef::new(&*entry.name), entry.into_targets());
        Self(namespaces.into_iter().map(targets).collect())
    }

    /// What answers in the namespace that is the request's path, whose parts are then known.
    pub(crate) fn find(&self, req: &mut ServiceRequest) -> Option<Target> {
        let call = req.extensions().get::<Call>().cloned()?;
        let namespace = self.0.iter().find(|(name, _)| name.capture_match_info(req.match_info_mut()));
        let targets = &namespace?.1;
        let any = || targets.get(&Call::AnyEvent).filter(|_| matches!(call, Call::Event(_)));
        targets.get(&call).or_else(any).cloned()
    }
}
