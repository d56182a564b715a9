//! The PEM files a datastore names.

use std::path::Path;
use std::{fs, io};

use super::TlsError;
use crate::config::DatastoreConfig;

/// What the files of a datastore hold, as PEM.
#[derive(Debug, Default)]
#[cfg_attr(not(feature = "tls"), allow(dead_code, reason = "without encryption nothing is made of them"))]
pub(crate) struct Files {
    /// The authorities that may have signed the server's certificate; without, the system's.
    pub(crate) authorities: Option<Vec<u8>>,
    /// The app's own certificate and its key.
    pub(crate) own: Option<(Vec<u8>, Vec<u8>)>,
}

impl Files {
    /// Reads them.
    ///
    /// # Errors
    /// A file that can't be read or holds nothing of its kind; a certificate without its key.
    pub(crate) fn read(config: &DatastoreConfig) -> Result<Self, TlsError> {
        let half = |there, missing| TlsError::Half { there, missing, address: config.address() };
        let own = match (&config.cert_file, &config.key_file) {
            (Some(cert), Some(key)) => Some((
                read("cert_file", cert, "-----BEGIN CERTIFICATE-----")?,
                read("key_file", key, "PRIVATE KEY-----")?,
            )),
            (Some(_), None) => return Err(half("cert_file", "key_file")),
            (None, Some(_)) => return Err(half("key_file", "cert_file")),
            (None, None) => None,
        };
        let authorities = config.ca_file.as_deref();
        let authorities =
            authorities.map(|path| read("ca_file", path, "-----BEGIN CERTIFICATE-----")).transpose()?;
        Ok(Self { authorities, own })
    }

    /// The first key that names a file.
    pub(crate) fn first_key(config: &DatastoreConfig) -> Option<&'static str> {
        let keys =
            [("ca_file", &config.ca_file), ("cert_file", &config.cert_file), ("key_file", &config.key_file)];
        keys.into_iter().find_map(|(key, path)| path.as_ref().map(|_| key))
    }
}

fn read(key: &'static str, path: &Path, expected: &str) -> Result<Vec<u8>, TlsError> {
    let failed = |reason: String| TlsError::File { key, path: path.display().to_string(), reason };
    let text = fs::read_to_string(path).map_err(|error| match error.kind() {
        io::ErrorKind::InvalidData => failed("it is not text".to_owned()),
        _ => failed(error.to_string()),
    })?;
    if !text.contains(expected) {
        return Err(failed(format!("it has no line with {expected}")));
    }
    Ok(text.into_bytes())
}
