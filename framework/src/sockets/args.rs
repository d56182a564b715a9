//! What events carry: one argument, or several as [`Args`].

use std::future::{Ready, ready};

use actix_web::body::BoxBody;
use actix_web::dev::Payload as Body;
use actix_web::{FromRequest, HttpMessage, HttpRequest, HttpResponse, Responder};
use bytes::Bytes;
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::binary::{self, Numbered};
use crate::http::Arguments;
use crate::protocol::event::Event;
use crate::{Error, Result};

/// Several arguments of an event or an acknowledgement: a tuple, a list, or `()` for none.
///
/// An event is emitted with it, a handler takes it as an extractor, and what a handler answers with it acknowledges with
/// as many arguments.
///
/// ```no_run
/// use regatta::prelude::*;
///
/// async fn place(who: Requester, args: Args<(u32, u32, String)>) -> Result<Args<(bool, String)>> {
///     let Args((x, y, piece)) = args;
///     who.socket()?.broadcast().emit("placed", Args((x, y, &piece))).await?;
///     Ok(Args((true, piece)))
/// }
///
/// fn draw(r: &mut Routes) {
///     r.on("place", place);
/// }
/// # draw(&mut Routes::default());
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Args<T>(pub T);

/// What an event carries: one argument by reference, or several as [`Args`].
pub trait Payload: sealed::Sealed {
    /// The event with its arguments, as it is sent.
    #[doc(hidden)]
    fn said(&self, event: &str) -> Result<Said>;
}

/// An event with its arguments.
#[doc(hidden)]
#[derive(Debug, Clone)]
pub struct Said(pub(super) Event);

impl<T: Serialize + ?Sized> Payload for &T {
    fn said(&self, event: &str) -> Result<Said> {
        let (args, numbered) = binary::written(|| Ok(serde_json::to_string(&(event, self))?))?;
        Ok(Said(binary::settle(args, &numbered)?))
    }
}

impl<T: Serialize> Payload for Args<T> {
    fn said(&self, event: &str) -> Result<Said> {
        let mut args = serde_json::to_string(&[event])?;
        let (list, numbered) = binary::written(|| list(&self.0))?;
        if let Some(rest) = list.strip_prefix('[').filter(|rest| *rest != "]") {
            args.pop();
            args.push(',');
            args.push_str(rest);
        }
        Ok(Said(binary::settle(args, &numbered)?))
    }
}

mod sealed {
    use super::Args;

    pub trait Sealed {}
    impl<T: ?Sized> Sealed for &T {}
    impl<T> Sealed for Args<T> {}
}

/// Arguments as a JSON list.
fn list(args: &impl Serialize) -> Result<String> {
    match serde_json::to_string(args)? {
        none if none == "null" => Ok("[]".to_owned()),
        list if list.starts_with('[') => Ok(list),
        other => Err(Error::internal(format!("arguments are a tuple or a list, not {other}"))),
    }
}

/// Marks an answer whose list are the arguments of the acknowledgement, with its binary values.
#[derive(Debug, Clone)]
pub(super) struct Several(pub(super) Numbered);

impl<T: DeserializeOwned> FromRequest for Args<T> {
    type Error = Error;
    type Future = Ready<Result<Self>>;

    fn from_request(req: &HttpRequest, _: &mut Body) -> Self::Future {
        let args = req.extensions().get().map(|Arguments { list, .. }| list.clone());
        let read = |list: Bytes| {
            let none = || serde_json::from_str("null").ok().filter(|_| &*list == b"[]");
            let args = serde_json::from_slice(&list).or_else(|error| none().ok_or(error));
            args.map(Self).map_err(|error| {
                Error::bad_request(format!("the event's arguments can't be understood: {error}"))
            })
        };
        let only_events = || Error::bad_request("only the event of a socket has arguments: emit it");
        ready(args.ok_or_else(only_events).and_then(read))
    }
}

impl<T: Serialize> Responder for Args<T> {
    type Body = BoxBody;

    fn respond_to(self, req: &HttpRequest) -> HttpResponse {
        let acknowledges = req.extensions().contains::<Arguments>();
        let written = if acknowledges {
            binary::written(|| list(&self.0))
        } else {
            list(&self.0).map(|list| (list, Vec::new()))
        };
        match written {
            Ok((list, numbered)) => {
                let mut response = HttpResponse::Ok().content_type("application/json").body(list);
                response.extensions_mut().insert(Several(numbered));
                response
            }
            Err(error) => HttpResponse::from_error(error),
        }
    }
}
