//! What to do about an encrypted connection that did not come about.

use std::error::Error;

/// What to do, when `error` comes from the encryption of a connection.
#[cfg(not(feature = "tls"))]
pub(crate) fn advice(_: &(dyn Error + 'static)) -> Option<String> {
    None
}

/// What to do, when `error` comes from the encryption of a connection.
#[cfg(feature = "tls")]
pub(crate) fn advice(error: &(dyn Error + 'static)) -> Option<String> {
    let mut next = Some(error);
    while let Some(error) = next {
        if let Some(failure) = failure(error) {
            return Some(words(failure));
        }
        next = error.source();
    }
    None
}

/// The failure inside the wrappings that its way through the drivers has given it.
#[cfg(feature = "tls")]
fn failure<'a>(error: &'a (dyn Error + 'static)) -> Option<&'a rustls::Error> {
    if let Some(shared) = error.downcast_ref::<std::sync::Arc<dyn Error + Send + Sync>>() {
        return failure(&**shared);
    }
    if let Some(io) = error.downcast_ref::<std::io::Error>() {
        return failure(io.get_ref()?);
    }
    error.downcast_ref()
}

#[cfg(feature = "tls")]
fn words(failure: &rustls::Error) -> String {
    use rustls::{AlertDescription, CertificateError, Error};

    let todo = match failure {
        // A bad signature is what an authority of the same name with another key looks like.
        Error::InvalidCertificate(CertificateError::UnknownIssuer | CertificateError::BadSignature) => {
            "no authority known here has signed its certificate; name the file with the certificate of its authority as \
             `ca_file` in config/datastores.toml or in SSL_CERT_FILE"
        }
        Error::InvalidCertificate(
            CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. },
        ) => "write a host of its certificate into `url`, or give it a certificate for this one",
        Error::InvalidCertificate(CertificateError::Expired | CertificateError::ExpiredContext { .. }) => {
            "renew its certificate, or set this machine's clock"
        }
        Error::InvalidCertificate(_) => "give it a certificate that its authority signed for a server",
        Error::InvalidMessage(_) => {
            "it does not speak TLS there; write the port on which it does, or an address without encryption"
        }
        Error::AlertReceived(
            AlertDescription::CertificateRequired
            | AlertDescription::UnknownCA
            | AlertDescription::BadCertificate
            | AlertDescription::CertificateExpired
            | AlertDescription::CertificateUnknown
            | AlertDescription::HandshakeFailure,
        ) => {
            "it wants a certificate of this app; name one it accepts as `cert_file` and its key as `key_file`"
        }
        Error::NoCertificatesPresented => "give it a certificate",
        Error::InconsistentKeys(_) => "`key_file` is not the key of `cert_file`; name the one that is",
        _ => return failure.to_string(),
    };
    format!("{failure}: {todo}")
}
