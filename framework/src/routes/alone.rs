//! Routes with nothing around them, for tests.

use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::web;

use super::{Around, Entry, register};

/// Adds every route with nothing around it.
pub(crate) fn register_alone(entries: Vec<Entry>, services: &mut web::ServiceConfig) {
    register(entries, Vec::new(), Alone, services);
}

#[derive(Clone)]
struct Alone;

impl Around for Alone {
    async fn around<F>(
        &self,
        req: ServiceRequest,
        answer: impl FnOnce(ServiceRequest) -> F,
    ) -> ServiceResponse
    where
        F: Future<Output = ServiceResponse>,
    {
        answer(req).await
    }
}
