//! Tags of what a client has already.

use actix_web::http::header::{self, HeaderMap};

/// Whether the client has what this tag stands for, by the weak comparison (RFC 9110, section 13.1.2).
pub(crate) fn has_tag(headers: &HeaderMap, tag: &str) -> bool {
    let bare = |tag: &str| tag.trim().trim_start_matches("W/").to_owned();
    let told = headers.get_all(header::IF_NONE_MATCH).filter_map(|value| value.to_str().ok());
    let mut tags = told.flat_map(|value| value.split(','));
    tags.any(|told| told.trim() == "*" || bare(told) == bare(tag))
}
