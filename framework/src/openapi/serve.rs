//! The document over HTTP: made once, and not sent to who has it.

use std::rc::Rc;

use actix_web::http::Method;
use actix_web::http::header::{self, EntityTag, Header as _, IfNoneMatch};
use actix_web::{HttpRequest, HttpResponse};
use bytes::Bytes;
use sha2::{Digest as _, Sha256};

use super::{Subject, document};
use crate::config::{Config, OpenapiConfig};
use crate::routes::{Action, Doc, Entry, Routes};
use crate::security::Rules;
use crate::{Error, Result};

/// The text of a document. Cloning is cheap.
#[derive(Debug, Clone)]
pub(crate) struct Document {
    path: String,
    text: Bytes,
    tag: EntityTag,
}

impl Document {
    /// The app's document, where the configuration has it served.
    ///
    /// # Errors
    /// A path that is none.
    pub(crate) fn served(subject: &Subject<'_>) -> Result<Option<Self>> {
        let Config { openapi: OpenapiConfig { enabled, path, .. }, environment, .. } = subject.config;
        if !enabled.unwrap_or(!environment.is_production()) {
            return Ok(None);
        }
        if !path.starts_with('/') {
            return Err(Error::internal(format!(
                "`{path}` is no path: let `path` in config/openapi.toml begin with a slash, as in /openapi.json"
            )));
        }
        let text = Bytes::from(serde_json::to_vec(&document(subject))?);
        let digest = Sha256::digest(&text);
        let tag = digest.iter().take(12).fold(String::new(), |tag, byte| tag + &format!("{byte:02x}"));
        Ok(Some(Self { path: path.clone(), text, tag: EntityTag::new_strong(tag) }))
    }

    /// Adds the document's route, before one that answers every path, unless the app has its own.
    pub(crate) fn add_to(&self, routes: &mut Routes) {
        let is_there = |entry: &Entry| entry.method == Method::GET && entry.path == self.path;
        if routes.entries.iter().any(is_there) {
            return;
        }
        let document = Rc::new(self.clone());
        let action = Action::from_fn(move |req, _| {
            let answer = document.answer(&req);
            async move { Ok(answer) }
        });
        let entry = Entry {
            method: Method::GET,
            path: self.path.clone(),
            name: "openapi".to_owned(),
            action,
            guards: Vec::new(),
            blueprint: None,
            doc: Doc::default(),
            cache: None,
            rules: Rules::default(),
        };
        routes.entries.insert(0, entry);
    }

    fn answer(&self, req: &HttpRequest) -> HttpResponse {
        let is_known = match IfNoneMatch::parse(req) {
            Ok(IfNoneMatch::Any) => true,
            Ok(IfNoneMatch::Items(tags)) => tags.iter().any(|tag| tag.weak_eq(&self.tag)),
            Err(_) => false,
        };
        let mut answer = if is_known { HttpResponse::NotModified() } else { HttpResponse::Ok() };
        answer
            .insert_header(header::ETag(self.tag.clone()))
            .insert_header((header::CACHE_CONTROL, "no-cache"));
        if is_known {
            answer.finish()
        } else {
            answer.content_type("application/json").body(self.text.clone())
        }
    }
}
