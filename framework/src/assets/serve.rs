//! Requests for files.

use actix_files::Files;
use actix_web::body::{BoxBody, MessageBody};
use actix_web::dev::{HttpServiceFactory, ServiceRequest, ServiceResponse};
use actix_web::http::header::{self, HeaderValue};
use actix_web::http::{StatusCode, Uri};
use actix_web::middleware::{Next, from_fn};
use actix_web::{HttpResponse, web};

use super::Assets;
use super::fingerprints::{Fingerprints, Found};
use crate::cache::has_tag;

/// For an address that means these bytes and no others.
const FOR_EVER: HeaderValue = HeaderValue::from_static("public, max-age=31536000, immutable");
/// For an address whose file may change: ask each time whether it has.
const ASK: HeaderValue = HeaderValue::from_static("no-cache");

/// The service for the folder; nothing when the app has none.
pub(crate) fn service(assets: &Assets) -> Option<impl HttpServiceFactory + use<>> {
    let assets = assets.clone();
    let folder = assets.0.folder.clone();
    folder.is_dir().then(|| {
        let files = Files::new("", folder).prefer_utf8(true).use_etag(true).use_last_modified(true);
        web::scope("/assets").service(files).wrap(from_fn(move |req, next| {
            let assets = assets.clone();
            async move { serve(&assets, req, next).await }
        }))
    })
}

async fn serve<B: MessageBody + 'static>(
    assets: &Assets,
    mut req: ServiceRequest,
    next: Next<B>,
) -> Result<ServiceResponse<BoxBody>, actix_web::Error> {
    let path = req.match_info().unprocessed().trim_start_matches('/').to_owned();
    let found = assets.0.fingerprints.as_ref().and_then(|known| Fingerprints::find(known, &path));
    let Some(Found { name, known, is_exact }) = found else {
        let mut response = next.call(req).await?.map_into_boxed_body();
        response.headers_mut().insert(header::CACHE_CONTROL, ASK);
        return Ok(response);
    };
    let caching = if is_exact { FOR_EVER } else { ASK };
    let quoted = format!("\"{}\"", known.fingerprint);
    let tag = HeaderValue::from_str(&quoted).unwrap_or(ASK);
    if has_tag(req.headers(), &quoted) {
        let mut unchanged = HttpResponse::NotModified();
        unchanged.insert_header((header::CACHE_CONTROL, caching)).insert_header((header::ETAG, tag));
        unchanged.insert_header((header::VARY, "accept-encoding"));
        return Ok(req.into_response(unchanged.finish()));
    }
    if name != path {
        rename(&mut req, &name);
    }
    let variants = known.variants.clone();
    let mut response = next.call(req).await?.map_into_boxed_body();
    if response.status() == StatusCode::OK {
        response.response_mut().extensions_mut().insert(variants);
    }
    let headers = response.headers_mut();
    headers.insert(header::CACHE_CONTROL, caching);
    // What the file system tells differs between hosts.
    headers.insert(header::ETAG, tag);
    headers.remove(header::LAST_MODIFIED);
    Ok(response)
}

/// Lets the file service look for `name`.
fn rename(req: &mut ServiceRequest, name: &str) {
    let Ok(uri) = format!("/assets/{name}").parse::<Uri>() else { return };
    req.match_info_mut().get_mut().update(&uri);
    req.head_mut().uri = uri;
}
