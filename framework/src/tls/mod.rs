//! Encrypted connections to the stores: what an app was built and told to do, and why one did not come about.

mod advice;
mod files;
#[cfg(test)]
pub(crate) mod tests;

pub(crate) use advice::advice;
pub(crate) use files::Files;

/// A datastore whose encryption can't be had as it is written.
#[derive(Debug, Clone, thiserror::Error)]
pub(crate) enum TlsError {
    #[error(
        "`{address}` asks for an encrypted connection, which this app was built without: run `cargo add regatta --features tls` \
         and build it again"
    )]
    #[cfg_attr(feature = "tls", allow(dead_code, reason = "this is the build that has it"))]
    NotBuilt { address: String },
    #[error(
        "`{key}` is set for {address}, whose connections would not be {missing}: write {instead} in its `url` in \
         config/datastores.toml, or take `{key}` out"
    )]
    Unused { key: &'static str, address: String, missing: &'static str, instead: &'static str },
    #[error(
        "`{key}` in config/datastores.toml names {path}, which can't be used ({reason}): name a PEM file this user can read"
    )]
    File { key: &'static str, path: String, reason: String },
    #[error(
        "`{there}` is set for {address} without `{missing}`: a certificate is shown with its key, so name both"
    )]
    Half { there: &'static str, missing: &'static str, address: String },
    #[error(
        "`{address}` asks for a connection whose certificate is not checked: name the file of its authority as `ca_file` in \
         config/datastores.toml and take `#insecure` out"
    )]
    Unchecked { address: String },
}

/// Whether encrypted connections can be made; without, an address that asks for one is refused.
///
/// # Errors
/// [`TlsError::NotBuilt`] without the feature `tls`.
#[cfg(not(feature = "tls"))]
pub(crate) fn ready(address: String) -> Result<(), TlsError> {
    Err(TlsError::NotBuilt { address })
}

/// Chooses the implementation of the ciphers, which several crates of one app may bring.
#[cfg(feature = "tls")]
pub(crate) fn ready(_: String) -> Result<(), TlsError> {
    // It fails only where the app has chosen one itself.
    let _ = rustls::crypto::ring::default_provider().install_default();
    Ok(())
}
