//! Reads a form piece by piece.

use actix_multipart::{Field, Multipart, MultipartError};
use actix_web::dev::Payload;
use actix_web::error::PayloadError;
use actix_web::http::StatusCode;
use actix_web::http::header::HeaderMap;
use bytes::Bytes;
use futures_util::{Stream, StreamExt as _};
use tokio::time::{Instant, timeout_at};

use super::upload::Writing;
use super::{Limits, Uploads};
use crate::{Error, Result};

/// What the body stream ends with when it has given as much as is allowed.
const TOO_MUCH: &str = "more than max_request_bytes";

/// The whole form, or nothing of it: what was written so far is removed with the error.
pub(super) async fn read(headers: &HeaderMap, payload: Payload, limits: &Limits) -> Result<Uploads> {
    let mut form = Multipart::new(headers, bounded(payload, limits.max_request_bytes));
    let mut clock = Clock { limits, ends: Instant::now() + limits.timeout.get() };
    let mut uploads = Uploads::default();
    while let Some(part) = clock.wait(form.next()).await? {
        let part = part.map_err(refusal)?;
        let name = part.name().unwrap_or_default().to_owned();
        let client_name = part.content_disposition().and_then(|told| told.get_filename()).map(str::to_owned);
        match client_name {
            Some(client_name) => {
                if uploads.files.len() == limits.max_files {
                    return Err(too_large(format!("more than {} files (max_files)", limits.max_files)));
                }
                let file = file(part, name, &client_name, &mut clock).await?;
                // What a browser sends for a file input that was left empty.
                if !(client_name.is_empty() && file.bytes() == 0) {
                    uploads.files.push(file);
                }
            }
            None => {
                if uploads.fields.len() == limits.max_fields {
                    return Err(too_large(format!("more than {} fields (max_fields)", limits.max_fields)));
                }
                let text = field(part, &mut clock).await?;
                uploads.fields.push((name, text));
            }
        }
    }
    Ok(uploads)
}

async fn file(
    mut part: Field,
    name: String,
    client_name: &str,
    clock: &mut Clock<'_>,
) -> Result<super::Upload> {
    let kind = part.content_type().map(ToString::to_string);
    let most = clock.limits.max_file_bytes;
    let mut writing = Writing::start(clock.limits.folder(), name, Some(client_name), kind).await?;
    while let Some(piece) = clock.wait(part.next()).await? {
        let piece = piece.map_err(refusal)?;
        if writing.bytes() + piece.len() as u64 > most {
            return Err(too_large(format!("a file of more than {most} bytes (max_file_bytes)")));
        }
        writing.write(&piece).await?;
    }
    writing.finish().await
}

async fn field(mut part: Field, clock: &mut Clock<'_>) -> Result<String> {
    let most = clock.limits.max_field_bytes;
    let mut text = Vec::new();
    while let Some(piece) = clock.wait(part.next()).await? {
        let piece = piece.map_err(refusal)?;
        if text.len() + piece.len() > most {
            return Err(too_large(format!("a field of more than {most} bytes (max_field_bytes)")));
        }
        text.extend_from_slice(&piece);
    }
    String::from_utf8(text)
        .map_err(|_| Error::bad_request("a field of the form is no text: send it as UTF-8"))
}

/// The body up to `most` bytes, then an error.
fn bounded(payload: Payload, most: u64) -> impl Stream<Item = Result<Bytes, PayloadError>> + 'static {
    let mut taken = 0;
    payload.map(move |piece| {
        let piece = piece?;
        taken += piece.len() as u64;
        if taken > most { Err(PayloadError::Io(std::io::Error::other(TOO_MUCH))) } else { Ok(piece) }
    })
}

/// How long a client may take.
struct Clock<'a> {
    limits: &'a Limits,
    ends: Instant,
}

impl Clock<'_> {
    async fn wait<T>(&mut self, next: impl Future<Output = T>) -> Result<T> {
        let until = self.ends.min(Instant::now() + self.limits.idle_timeout.get());
        timeout_at(until, next).await.map_err(|_| {
            let message =
                "the form comes too slowly: send it faster, or raise timeout in config/uploads.toml";
            Error::new(StatusCode::REQUEST_TIMEOUT, "E_TIMEOUT", message)
        })
    }
}

fn refusal(error: MultipartError) -> Error {
    match error {
        MultipartError::ContentTypeMissing
        | MultipartError::ContentTypeParse
        | MultipartError::ContentTypeIncompatible => Error::new(
            StatusCode::UNSUPPORTED_MEDIA_TYPE,
            "E_CONTENT_TYPE",
            "this is no form with files: send multipart/form-data",
        ),
        MultipartError::Payload(PayloadError::Io(cause)) if cause.to_string() == TOO_MUCH => {
            too_large(format!("{TOO_MUCH} allows"))
        }
        MultipartError::Payload(PayloadError::Overflow) => {
            too_large("a part with headers that don't end".to_owned())
        }
        error => Error::bad_request(format!("the form can't be read ({error}): send it whole")),
    }
}

fn too_large(what: String) -> Error {
    Error::new(
        StatusCode::PAYLOAD_TOO_LARGE,
        "E_UPLOAD_TOO_LARGE",
        format!("the form has {what}: send less, or raise the limit in config/uploads.toml"),
    )
}
