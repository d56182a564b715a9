//! Authorities and certificates of a test's own, made by the program `openssl`.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// An authority and a server's certificate signed by it, as PEM files that are removed when dropped.
pub(crate) struct Certificates(tempfile::TempDir);

impl Certificates {
    /// A certificate for `localhost` and `127.0.0.1`.
    pub(crate) fn local() -> Self {
        Self::of("DNS:localhost,IP:127.0.0.1")
    }

    /// A certificate for `names` (`DNS:db.example,IP:10.0.0.1`).
    pub(crate) fn of(names: &str) -> Self {
        let made = Self(tempfile::Builder::new().prefix("regatta-tls-").tempdir().unwrap());
        let authority = ["-subj", "/CN=An authority", "-addext", "basicConstraints=critical,CA:TRUE"];
        made.openssl("ca", &authority);
        made.signed("server", names);
        made
    }

    /// A client's certificate from the same authority: the file and that of its key.
    pub(crate) fn client(&self) -> (PathBuf, PathBuf) {
        self.signed("client", "DNS:app");
        (self.path("client.pem"), self.path("client.key"))
    }

    fn signed(&self, file: &str, names: &str) {
        let (ca, key) = (self.path("ca.pem"), self.path("ca.key"));
        let names = format!("subjectAltName={names}");
        let (ca, key) = (ca.to_str().unwrap(), key.to_str().unwrap());
        let signed_by = ["-CA", ca, "-CAkey", key, "-subj", "/CN=server"];
        let about = ["-addext", &names, "-addext", "basicConstraints=critical,CA:FALSE"];
        self.openssl(file, &[&signed_by[..], &about].concat());
    }

    fn openssl(&self, file: &str, arguments: &[&str]) {
        let mut command = Command::new("openssl");
        command.args([
            "req",
            "-x509",
            "-nodes",
            "-newkey",
            "ec",
            "-pkeyopt",
            "ec_paramgen_curve:P-256",
            "-days",
            "2",
        ]);
        command.arg("-keyout").arg(self.path(&format!("{file}.key")));
        command.arg("-out").arg(self.path(&format!("{file}.pem"))).args(arguments);
        let made = command.stdin(Stdio::null()).output();
        let made =
            made.unwrap_or_else(|error| panic!("openssl: {error}; install it (apt-get install openssl)"));
        assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    /// The certificate of the authority.
    pub(crate) fn ca(&self) -> PathBuf {
        self.path("ca.pem")
    }

    /// The server's certificate.
    pub(crate) fn cert(&self) -> PathBuf {
        self.path("server.pem")
    }

    /// The key of the server's certificate.
    pub(crate) fn key(&self) -> PathBuf {
        self.path("server.key")
    }

    /// Puts the authority's and the server's files into `folder`, as `ca.pem`, `server.pem` and `server.key`.
    pub(crate) fn copy_to(&self, folder: &Path) {
        for file in [self.ca(), self.cert(), self.key()] {
            fs::copy(&file, folder.join(file.file_name().unwrap())).unwrap();
        }
    }
}
