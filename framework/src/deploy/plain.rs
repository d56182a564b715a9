//! Values that mean the same in every format: anything that would need quotes in one of them is refused.

use super::refused;
use crate::Result;

/// A name of the app, of a host or of a file: what neither a shell nor a configuration file gives a meaning.
fn is_plain(text: &str, also: &str) -> bool {
    !text.is_empty() && text.chars().all(|letter| letter.is_ascii_alphanumeric() || also.contains(letter))
}

/// The app's name, which becomes the name of units, files and users.
pub(super) fn name(text: &str) -> Result<String> {
    let starts = text.starts_with(|letter: char| letter.is_ascii_lowercase());
    if !starts || text.len() > 31 || !is_plain(text, "-_") || text.chars().any(|c| c.is_ascii_uppercase()) {
        return Err(refused(format!(
            "`{text}` can't be the name of a service: give the app one of at most 31 lower-case letters, digits and `-`, \
             in `App::new`"
        )));
    }
    Ok(text.to_owned())
}

/// A host's name or address; an IPv6 address gets its brackets.
pub(super) fn host(text: &str) -> Result<String> {
    let text = text.trim();
    let bare = text.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')).unwrap_or(text);
    if bare.parse::<std::net::Ipv6Addr>().is_ok() {
        return Ok(format!("[{bare}]"));
    }
    if text.len() > 253 || !is_plain(text, ".-") || text.starts_with(['-', '.']) {
        return Err(refused(format!("`{text}` is no host: write a name or an address, such as 10.0.0.5")));
    }
    Ok(text.to_ascii_lowercase())
}

/// A path of an address, from a configuration key.
pub(super) fn path(key: &str, text: &str) -> Result<String> {
    if !text.starts_with('/') || !is_plain(text, "/-_.~") {
        return Err(refused(format!(
            "{key} is `{text}`, which a proxy may read differently: use letters, digits, `/`, `-`, `_`, `.` and `~`, \
             beginning with `/`"
        )));
    }
    Ok(text.to_owned())
}

/// A folder or file on disk, from a configuration key or the manifest.
pub(super) fn file(key: &str, text: &str) -> Result<String> {
    if !is_plain(text, "/-_.+@") {
        return Err(refused(format!(
            "{key} is `{text}`, which needs quotes in some file: use letters, digits, `/`, `-`, `_`, `.`, `+` and `@`"
        )));
    }
    Ok(text.to_owned())
}
