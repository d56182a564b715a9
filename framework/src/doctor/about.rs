//! What an instance tells about itself, beside its lease in Redis.

use std::fs::{self, File};
use std::io::Read as _;

use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use crate::security::mark_secret;

/// Bytes at the start of a program that differ from build to build: they hold its build id and its layout.
const HEAD: u64 = 4_096;

/// An instance, in the eyes of a doctor on any host.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct About {
    /// The framework's version.
    pub(crate) version: String,
    /// Tells builds of the app's program apart.
    pub(crate) build: String,
    /// The name of its host, for people.
    pub(crate) host: String,
    /// Tells hosts apart: containers on one host have different names.
    pub(crate) machine: String,
    /// Marks of its session secrets, which tell nothing about them; the first signs.
    pub(crate) secrets: Vec<String>,
}

impl About {
    /// This process.
    pub(crate) fn this(secrets: &[String]) -> Self {
        let read = |path: &str| fs::read_to_string(path).unwrap_or_default().trim().to_owned();
        Self {
            version: env!("CARGO_PKG_VERSION").to_owned(),
            build: build().unwrap_or_default(),
            host: read("/proc/sys/kernel/hostname"),
            machine: hex(&Sha256::digest(read("/proc/sys/kernel/random/boot_id"))),
            secrets: secrets.iter().map(|secret| mark_secret(secret)).collect(),
        }
    }

    /// As it is kept.
    pub(crate) fn text(&self) -> String {
        serde_json::to_string(self).unwrap_or_default()
    }
}

/// The program this process was started from, also when its file has been replaced since.
fn build() -> std::io::Result<String> {
    let program = File::open("/proc/self/exe")?;
    let mut hash = Sha256::new();
    hash.update(program.metadata()?.len().to_le_bytes());
    let mut head = Vec::new();
    program.take(HEAD).read_to_end(&mut head)?;
    hash.update(&head);
    Ok(hex(&hash.finalize()))
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().take(4).fold(String::new(), |hex, byte| hex + &format!("{byte:02x}"))
}
