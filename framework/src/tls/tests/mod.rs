#[cfg(feature = "tls")]
mod advice;
#[cfg(feature = "tls")]
mod certificates;

#[cfg(feature = "tls")]
pub(crate) use certificates::Certificates;
