//! Multipart forms, with files streamed to disk.
//!
//! ```
//! use regatta::prelude::*;
//! use regatta::uploads::Uploads;
//!
//! async fn avatar(uploads: Uploads) -> Result<String> {
//!     let Some(picture) = uploads.into_files("avatar").next() else {
//!         return Err(Error::bad_request("choose a picture"));
//!     };
//!     let kept = picture.save("pictures").await?;
//!     Ok(kept.display().to_string())
//! }
//! # let mut routes = Routes::default(); routes.post("/avatar", avatar);
//! ```
//!
//! `config/uploads.toml` bounds a file, a request, the number of files and of fields, and the time. A file lies in a
//! temporary folder under a name of the server's making until it is saved; what is not saved is removed when the action is
//! done, and when the client goes away in the middle. See Sails' `req.file()`
//! (<https://sailsjs.com/documentation/concepts/file-uploads>).

mod form;
mod limits;
mod upload;

use std::future::Future;
use std::pin::Pin;

use actix_web::dev::Payload;
use actix_web::{FromRequest, HttpRequest};

use crate::{Error, Result};
pub(crate) use limits::Limits;
pub use upload::Upload;

/// The files and fields of a multipart form, in the order in which they were sent; an extractor.
///
/// # Errors
/// 400 for a form that is cut off or malformed, 408 for one that comes too slowly, 413 for one that is larger than
/// `config/uploads.toml` allows, 415 for another content type.
#[derive(Debug, Default)]
pub struct Uploads {
    files: Vec<Upload>,
    fields: Vec<(String, String)>,
}

impl Uploads {
    /// Every file. One with zero bytes is a file too; a file input left empty is none.
    pub fn files(&self) -> &[Upload] {
        &self.files
    }

    /// The files of the field `name`, to keep.
    pub fn into_files(self, name: &str) -> impl Iterator<Item = Upload> + use<'_> {
        self.files.into_iter().filter(move |file| file.field() == name)
    }

    /// The text of the field `name`; of several the first.
    pub fn field(&self, name: &str) -> Option<&str> {
        self.fields.iter().find(|(known, _)| known == name).map(|(_, text)| text.as_str())
    }

    /// Every field that is no file, with its text.
    pub fn fields(&self) -> impl Iterator<Item = (&str, &str)> {
        self.fields.iter().map(|(name, text)| (name.as_str(), text.as_str()))
    }
}

impl FromRequest for Uploads {
    type Error = Error;
    type Future = Pin<Box<dyn Future<Output = Result<Self>>>>;

    fn from_request(req: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let limits = req.app_data::<Limits>().cloned();
        let (headers, payload) = (req.headers().clone(), payload.take());
        Box::pin(async move {
            let limits = limits.ok_or_else(|| Error::internal("this server was built without uploads"))?;
            form::read(&headers, payload, &limits).await
        })
    }
}

#[cfg(test)]
#[cfg(feature = "testing")]
mod tests;
