//! Addresses with several hosts.

/// The port of Sentinels when an address names none.
const PORT: &str = "26379";

/// `url` once for each of its hosts: `redis://:secret@a,b:5/1` is `redis://:secret@a:26379/1` and `redis://:secret@b:5/1`.
pub(super) fn each(url: &str) -> Vec<String> {
    let (scheme, rest) = url.split_once("://").unwrap_or(("redis", url));
    let (user, rest) = rest.rsplit_once('@').map_or(("", rest), |(user, rest)| (user, rest));
    let at = if user.is_empty() { "" } else { "@" };
    let (hosts, tail) = rest.split_at(rest.find(['/', '?', '#']).unwrap_or(rest.len()));
    let one = |host: &str| {
        // Behind the bracket that ends an IPv6 address.
        let has_port = host.rsplit(']').next().is_some_and(|end| end.contains(':'));
        let port = if has_port { String::new() } else { format!(":{PORT}") };
        format!("{scheme}://{user}{at}{host}{port}{tail}")
    };
    hosts.split(',').map(str::trim).filter(|host| !host.is_empty()).map(one).collect()
}

/// Whether it has more than one.
pub(super) fn are_several(url: &str) -> bool {
    each(url).len() > 1
}

#[cfg(test)]
mod tests;
