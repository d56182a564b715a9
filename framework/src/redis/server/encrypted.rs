//! Servers that take encrypted connections only.

use std::io;
use std::net::{Ipv4Addr, TcpStream};

use super::{Kind, RedisServer, ServerError, folder};
use crate::tls::tests::Certificates;

const FOR_ALL: Kind = Kind { scheme: "rediss", listen: |port| options(port, "no"), answers };
/// They ask for a certificate that their own authority has signed.
const FOR_KNOWN: Kind = Kind { scheme: "rediss", listen: |port| options(port, "yes"), answers };

impl RedisServer {
    pub(crate) fn start_encrypted(certificates: &Certificates) -> Result<Self, ServerError> {
        Self::launch_with(&FOR_ALL, certificates)
    }

    pub(crate) fn start_for_known(certificates: &Certificates) -> Result<Self, ServerError> {
        Self::launch_with(&FOR_KNOWN, certificates)
    }

    fn launch_with(kind: &'static Kind, certificates: &Certificates) -> Result<Self, ServerError> {
        let folder = folder()?;
        certificates.copy_to(&folder);
        Self::launch(kind, folder)
    }
}

fn options(port: u16, clients: &str) -> Vec<String> {
    let files =
        ["--tls-cert-file", "server.pem", "--tls-key-file", "server.key", "--tls-ca-cert-file", "ca.pem"];
    let port = port.to_string();
    let options =
        ["--port", "0", "--tls-port", &port, "--tls-auth-clients", clients, "--tls-replication", "yes"];
    options.into_iter().chain(files).map(str::to_owned).collect()
}

/// It listens once it has loaded everything.
fn answers(port: u16) -> io::Result<bool> {
    TcpStream::connect((Ipv4Addr::LOCALHOST, port)).map(|_| true)
}
