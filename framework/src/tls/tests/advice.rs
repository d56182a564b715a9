use std::io;
use std::sync::Arc;

use rustls::{AlertDescription, CertificateError, Error};

use super::super::advice;

#[test]
fn each_cause_has_something_to_do() {
    let causes = [
        (Error::InvalidCertificate(CertificateError::UnknownIssuer), "`ca_file`"),
        (Error::InvalidCertificate(CertificateError::NotValidForName), "host of its certificate"),
        (Error::InvalidCertificate(CertificateError::Expired), "renew its certificate"),
        (Error::InvalidCertificate(CertificateError::BadSignature), "`ca_file`"),
        (Error::InvalidCertificate(CertificateError::InvalidPurpose), "signed for a server"),
        (Error::AlertReceived(AlertDescription::CertificateRequired), "`cert_file`"),
        (Error::InvalidMessage(rustls::InvalidMessage::InvalidContentType), "does not speak TLS there"),
        (Error::NoCertificatesPresented, "give it a certificate"),
    ];
    for (cause, expected) in causes {
        let text = advice(&io::Error::other(cause)).unwrap();
        assert!(text.contains(expected), "{text}");
    }
}

#[test]
fn it_is_found_in_what_the_drivers_wrap_it_in() {
    let cause = || Error::InvalidCertificate(CertificateError::UnknownIssuer);
    let of_redis = redis::RedisError::from(io::Error::other(cause()));
    let of_sql = sqlx::Error::Io(io::Error::other(cause()));
    assert!(advice(&of_redis).is_some() && advice(&of_sql).is_some());
    assert!(advice(&redis::RedisError::from(cause())).is_some());
    assert!(advice(&sqlx::Error::Tls(Box::new(cause()))).is_some());
    let shared: Arc<dyn std::error::Error + Send + Sync> = Arc::new(cause());
    assert!(advice(&shared).is_some());
    assert_eq!(advice(&io::Error::other("something else")), None);
}
