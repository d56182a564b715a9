//! Policies: functions that decide whether a request may go on.
//!
//! A policy is an async function with extractors, like an action, that returns `Result<()>`; its error is
//! the answer. It guards HTTP and virtual requests alike. See Sails' policies
//! (<https://sailsjs.com/documentation/concepts/policies>).

use std::fmt;
use std::rc::Rc;

use actix_web::dev::Payload;
use actix_web::{FromRequest, Handler, HttpRequest};
use futures_util::future::LocalBoxFuture;

use crate::Result;

type Verdict = LocalBoxFuture<'static, std::result::Result<(), actix_web::Error>>;

/// A boxed policy.
#[derive(Clone)]
pub(crate) struct Policy(Rc<dyn Fn(&HttpRequest) -> Verdict>);

impl Policy {
    pub(crate) fn new<F, Args>(policy: F) -> Self
    where
        F: Handler<Args, Output = Result<()>>,
        Args: FromRequest + 'static,
    {
        Self(Rc::new(move |req| {
            let policy = policy.clone();
            let req = req.clone();
            Box::pin(async move {
                let args = Args::from_request(&req, &mut Payload::None).await.map_err(Into::into)?;
                policy.call(args).await.map_err(Into::into)
            })
        }))
    }

    pub(crate) async fn check(&self, req: &HttpRequest) -> std::result::Result<(), actix_web::Error> {
        (self.0)(req).await
    }
}

impl fmt::Debug for Policy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Policy")
    }
}
