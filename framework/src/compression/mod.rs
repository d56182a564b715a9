//! Answers in the coding the client likes best: brotli, gzip, and zstd where the app has the feature `zstd`.

mod accept;
mod body;
mod coding;
mod variants;

use actix_web::body::{BodySize, BoxBody, MessageBody, to_bytes_limited};
use actix_web::dev::ServiceResponse;
use actix_web::http::StatusCode;
use actix_web::http::header::{self, HeaderMap, HeaderValue};
use bytes::Bytes;

use crate::config::{Compression, HttpConfig};
use body::Encoded;
use coding::{Coding, Effort};
pub(crate) use variants::Variants;

/// A body of this many bytes or more is compressed away from the worker, which has other requests to serve.
const LARGE: usize = 65_536;
/// The largest body of which compressed variants are kept, in bytes.
const KEPT: usize = 4 * 1_048_576;

/// What is compressed; nothing when the proxy in front does it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Compress {
    min_bytes: u64,
}

impl Compress {
    pub(crate) fn new(config: &HttpConfig) -> Option<Self> {
        let min_bytes = u64::try_from(config.compression_min_bytes).unwrap_or(u64::MAX);
        (config.compression == Compression::Auto).then_some(Self { min_bytes })
    }

    /// The answer, if it [is worth it](Self::is_worth_it), in a coding that the request names, or as it is.
    pub(crate) async fn apply(self, response: ServiceResponse) -> ServiceResponse {
        let (req, response) = response.into_parts();
        let (mut response, body) = response.into_parts();
        vary(response.headers_mut());
        let Some(coding) = accept::choose(text(req.headers(), &header::ACCEPT_ENCODING)) else {
            return ServiceResponse::new(req, response.set_body(body));
        };
        let variants = response.extensions().get::<Variants>().cloned();
        let body = match encode(coding, body, variants).await {
            Ok(body) => body,
            Err(plain) => return ServiceResponse::new(req, response.set_body(plain)),
        };
        let headers = response.headers_mut();
        headers.insert(header::CONTENT_ENCODING, HeaderValue::from_static(coding.name()));
        headers.remove(header::CONTENT_LENGTH);
        weaken(headers);
        ServiceResponse::new(req, response.set_body(body))
    }

    /// Whether the answer has a body of a size and a kind that gets smaller.
    pub(crate) fn is_worth_it(self, response: &ServiceResponse) -> bool {
        let (status, headers) = (response.status(), response.headers());
        let large_enough = match response.response().body().size() {
            BodySize::None => false,
            BodySize::Sized(bytes) => bytes >= self.min_bytes,
            BodySize::Stream => true,
        };
        let whole = !status.is_informational()
            && !matches!(status, StatusCode::NO_CONTENT | StatusCode::PARTIAL_CONTENT)
            && !headers.contains_key(header::CONTENT_RANGE);
        large_enough
            && whole
            && !headers.contains_key(header::CONTENT_ENCODING)
            && !text(headers, &header::CACHE_CONTROL).contains("no-transform")
            && is_compressible(text(headers, &header::CONTENT_TYPE))
    }
}

fn text<'a>(headers: &'a HeaderMap, name: &header::HeaderName) -> &'a str {
    headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default()
}

/// Pictures, sound and archives are compressed already; a stream of events must not wait for a full block.
fn is_compressible(content_type: &str) -> bool {
    let kind = content_type.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    match kind.split_once('/') {
        Some(("text", subtype)) => subtype != "event-stream",
        Some(("application", subtype)) => {
            matches!(
                subtype,
                "json" | "javascript" | "x-javascript" | "xml" | "wasm" | "x-ndjson" | "graphql"
            ) || subtype.ends_with("+json")
                || subtype.ends_with("+xml")
        }
        Some(("image", subtype)) => matches!(subtype, "svg+xml" | "bmp" | "x-icon" | "vnd.microsoft.icon"),
        Some(("font", subtype)) => matches!(subtype, "ttf" | "otf" | "collection"),
        _ => false,
    }
}

/// Says to caches that another client may get another coding.
fn vary(headers: &mut HeaderMap) {
    let told = headers.get_all(header::VARY).filter_map(|value| value.to_str().ok());
    let mut names = told.flat_map(|value| value.split(',')).map(str::trim);
    if !names.any(|name| name == "*" || name.eq_ignore_ascii_case("accept-encoding")) {
        headers.append(header::VARY, HeaderValue::from_static("accept-encoding"));
    }
}

/// A strong tag promises the same bytes, which compression breaks (RFC 9110, section 8.8.1).
fn weaken(headers: &mut HeaderMap) {
    let tag = text(headers, &header::ETAG);
    if tag.starts_with('"')
        && let Ok(weak) = HeaderValue::from_str(&format!("W/{tag}"))
    {
        headers.insert(header::ETAG, weak);
    }
}

/// The body in this coding; as it is when that fails.
async fn encode(coding: Coding, body: BoxBody, variants: Option<Variants>) -> Result<BoxBody, BoxBody> {
    if let Some(variants) = variants {
        return kept(coding, body, &variants).await;
    }
    let flushes = matches!(body.size(), BodySize::Stream);
    match body.try_into_bytes() {
        Ok(plain) => whole(coding, Effort::Quick, plain).await.map(BoxBody::new).map_err(BoxBody::new),
        Err(body) => Ok(BoxBody::new(Encoded::new(body, coding.encoder(Effort::Quick), flushes))),
    }
}

/// A body that is sent often: compressed well, once for each coding.
async fn kept(coding: Coding, body: BoxBody, variants: &Variants) -> Result<BoxBody, BoxBody> {
    if let Some(bytes) = variants.get(coding) {
        return Ok(BoxBody::new(bytes));
    }
    if !matches!(body.size(), BodySize::Sized(bytes) if bytes <= KEPT as u64) {
        return Ok(BoxBody::new(Encoded::new(body, coding.encoder(Effort::Quick), false)));
    }
    // What breaks off here would have broken off on its way to the client.
    let Ok(Ok(plain)) = to_bytes_limited(body, KEPT).await else { return Err(BoxBody::new(())) };
    let bytes = whole(coding, Effort::Best, plain).await.map_err(BoxBody::new)?;
    variants.keep(coding, bytes.clone());
    Ok(BoxBody::new(bytes))
}

/// All of a body at once.
async fn whole(coding: Coding, effort: Effort, plain: Bytes) -> Result<Bytes, Bytes> {
    if plain.len() < LARGE && effort == Effort::Quick {
        return coding.encode(effort, &plain).map_err(|_| plain);
    }
    let work = plain.clone();
    match tokio::task::spawn_blocking(move || coding.encode(effort, &work)).await {
        Ok(Ok(bytes)) => Ok(bytes),
        _ => Err(plain),
    }
}

#[cfg(test)]
#[cfg(feature = "testing")]
mod tests;
