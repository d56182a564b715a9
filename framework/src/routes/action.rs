//! A handler of any signature as one boxed function, so that guards, blueprints and socket events need no
//! generics of their own.

use std::rc::Rc;

use actix_web::dev::Payload;
use actix_web::{FromRequest, Handler, HttpRequest, HttpResponse, Responder};
use futures_util::TryFutureExt as _;
use futures_util::future::LocalBoxFuture;

use crate::policies::Policy;

type Outcome = LocalBoxFuture<'static, Result<HttpResponse, actix_web::Error>>;

/// A request handler.
#[derive(Clone)]
pub(crate) struct Action(Rc<dyn Fn(HttpRequest, Payload) -> Outcome>);

impl Action {
    /// An ordinary actix-web handler.
    pub(crate) fn from_handler<F, Args>(handler: F) -> Self
    where
        F: Handler<Args>,
        Args: FromRequest + 'static,
        F::Output: Responder + 'static,
    {
        Self(Rc::new(move |req, mut payload| {
            let handler = handler.clone();
            Box::pin(async move {
                let args = Args::from_request(&req, &mut payload).await.map_err(Into::into)?;
                Ok(handler.call(args).await.respond_to(&req).map_into_boxed_body())
            })
        }))
    }

    /// A function of the request and its body.
    pub(crate) fn from_fn<F, Fut>(run: F) -> Self
    where
        F: Fn(HttpRequest, Payload) -> Fut + 'static,
        Fut: Future<Output = crate::Result<HttpResponse>> + 'static,
    {
        Self(Rc::new(move |req, payload| Box::pin(run(req, payload).err_into())))
    }

    /// A function of the request and its body that may fail as actix-web's handlers do.
    pub(crate) fn from_raw(run: impl Fn(HttpRequest, Payload) -> Outcome + 'static) -> Self {
        Self(Rc::new(run))
    }

    /// The same, run only when every policy lets the request through.
    pub(crate) fn guarded(self, guards: Vec<Policy>) -> Self {
        if guards.is_empty() {
            return self;
        }
        let guards: Rc<[Policy]> = guards.into();
        Self(Rc::new(move |req, payload| {
            let guards = guards.clone();
            let action = self.clone();
            Box::pin(async move {
                for guard in guards.iter() {
                    guard.check(&req).await?;
                }
                action.call(req, payload).await
            })
        }))
    }

    pub(crate) fn call(&self, req: HttpRequest, payload: Payload) -> Outcome {
        (self.0)(req, payload)
    }
}

impl std::fmt::Debug for Action {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Action")
    }
}
