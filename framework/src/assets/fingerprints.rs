//! What is in the files, in a few characters each.

use std::collections::HashMap;
use std::fs::File;
use std::io::{self, Read};
use std::path::Path;

use sha2::{Digest, Sha256};

use crate::compression::Variants;
use crate::{Error, Result};

/// The most files a folder may have.
const FILES: usize = 20_000;
/// Characters of a fingerprint: 64 bits, so that no two files of an app share one by chance.
const LENGTH: usize = 16;

/// The files of a folder as they were when the app started.
#[derive(Debug)]
pub(super) struct Fingerprints(HashMap<String, Known>);

/// What is known of a file.
#[derive(Debug, Clone)]
pub(super) struct Known {
    /// Of its content, in hexadecimal digits.
    pub(super) fingerprint: String,
    /// Its compressed forms.
    pub(super) variants: Variants,
}

/// The file a request means.
pub(super) struct Found<'a> {
    /// Below the folder.
    pub(super) name: String,
    pub(super) known: &'a Known,
    /// Whether the request named the fingerprint: then the answer never changes.
    pub(super) is_exact: bool,
}

impl Fingerprints {
    /// # Errors
    /// A file that can't be read, or too many of them.
    pub(super) fn of(folder: &Path) -> Result<Self> {
        let mut known = HashMap::new();
        let mut folders = vec![folder.to_owned()];
        while let Some(next) = folders.pop() {
            let Ok(entries) = std::fs::read_dir(&next) else { continue };
            for path in entries.flatten().map(|entry| entry.path()) {
                if path.is_dir() {
                    folders.push(path);
                    continue;
                }
                if known.len() == FILES {
                    return Err(Error::internal(format!(
                        "{} has more than {FILES} files: let a file server or a content network serve them",
                        folder.display()
                    )));
                }
                let name = path.strip_prefix(folder).unwrap_or(&path).to_string_lossy().into_owned();
                // A name that an address writes otherwise has no fingerprint.
                if !name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"/-._~".contains(&byte)) {
                    continue;
                }
                let fingerprint = fingerprint(&path)
                    .map_err(|error| Error::internal(format!("{}: {error}", path.display())))?;
                known.insert(name, Known { fingerprint, variants: Variants::default() });
            }
        }
        Ok(Self(known))
    }

    /// The file's name with its fingerprint: `js/chat.0123456789abcdef.js`.
    pub(super) fn name(&self, path: &str) -> Option<String> {
        let fingerprint = &self.0.get(path)?.fingerprint;
        let (folder, file) = parts(path);
        Some(match file.rsplit_once('.') {
            Some((stem, ending)) => format!("{folder}{stem}.{fingerprint}.{ending}"),
            None => format!("{path}.{fingerprint}"),
        })
    }

    /// The file for a path with or without a fingerprint. One of another version of the app gets the file as it is now:
    /// while instances are replaced, a page of the new ones may ask an old one.
    pub(super) fn find(&self, path: &str) -> Option<Found<'_>> {
        if let Some(known) = self.0.get(path) {
            return Some(Found { name: path.to_owned(), known, is_exact: false });
        }
        let (name, fingerprint) = split(path)?;
        let known = self.0.get(&name)?;
        Some(Found { name, known, is_exact: known.fingerprint == fingerprint })
    }
}

/// The folder of a path, up to its `/`, and the file in it.
fn parts(path: &str) -> (&str, &str) {
    path.split_at(path.rfind('/').map_or(0, |slash| slash + 1))
}

/// `js/chat.0123456789abcdef.js` as `js/chat.js` and the fingerprint.
fn split(path: &str) -> Option<(String, &str)> {
    let (folder, file) = parts(path);
    let (front, last) = file.rsplit_once('.')?;
    if is_fingerprint(last) {
        return Some((format!("{folder}{front}"), last));
    }
    let (stem, middle) = front.rsplit_once('.')?;
    is_fingerprint(middle).then(|| (format!("{folder}{stem}.{last}"), middle))
}

fn is_fingerprint(text: &str) -> bool {
    text.len() == LENGTH && text.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
}

fn fingerprint(path: &Path) -> io::Result<String> {
    let mut file = File::open(path)?;
    let mut hash = Sha256::new();
    let mut piece = vec![0; 65_536];
    loop {
        match file.read(&mut piece)? {
            0 => break,
            read => hash.update(piece.get(..read).unwrap_or_default()),
        }
    }
    let digest = hash.finalize();
    Ok(digest.iter().take(LENGTH / 2).fold(String::new(), |text, byte| text + &format!("{byte:02x}")))
}
