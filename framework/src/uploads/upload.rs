//! A file that was sent.

use std::io;
use std::path::{Path, PathBuf};

use tokio::fs::{self, File, OpenOptions};
use tokio::io::AsyncWriteExt as _;

use crate::{Error, Result};

/// A file of a form, on disk. It is removed when this is dropped, unless it was saved.
#[derive(Debug)]
pub struct Upload {
    field: String,
    client_name: Option<String>,
    content_type: Option<String>,
    bytes: u64,
    place: Place,
}

/// A file that is removed with its owner.
#[derive(Debug)]
struct Place(PathBuf);

/// A file that is being written.
pub(super) struct Writing {
    file: File,
    upload: Upload,
}

impl Upload {
    /// The name of its field in the form.
    pub fn field(&self) -> &str {
        &self.field
    }

    /// What the client calls it: for people to read, without folders and control characters, at most 255 characters. Never
    /// a path of this machine.
    pub fn client_name(&self) -> Option<&str> {
        self.client_name.as_deref()
    }

    /// What the client says it is. Look into the file before you believe it.
    pub fn content_type(&self) -> Option<&str> {
        self.content_type.as_deref()
    }

    /// How many bytes it has.
    pub fn bytes(&self) -> u64 {
        self.bytes
    }

    /// Where it lies for now.
    pub fn path(&self) -> &Path {
        &self.place.0
    }

    /// Moves it into `folder`, which is made when it is not there, under a random name with the ending the client's name
    /// has (letters and digits, at most 8). Answers with its path.
    ///
    /// # Errors
    /// 500 when it can't be moved there.
    pub async fn save(mut self, folder: impl AsRef<Path>) -> Result<PathBuf> {
        let folder = folder.as_ref();
        fs::create_dir_all(folder).await?;
        let to = folder.join(random_name()? + &self.ending());
        if fs::rename(&self.place.0, &to).await.is_err() {
            // Another disk: copied, and the first one removed with `self`.
            fs::copy(&self.place.0, &to).await?;
        } else {
            self.place.0 = PathBuf::new();
        }
        Ok(to)
    }

    fn ending(&self) -> String {
        let ending =
            self.client_name.as_deref().and_then(|name| name.rsplit_once('.')).map(|(_, ending)| ending);
        let is_plain = |ending: &&str| {
            (1..=8).contains(&ending.len()) && ending.bytes().all(|byte| byte.is_ascii_alphanumeric())
        };
        ending.filter(is_plain).map(|ending| format!(".{}", ending.to_ascii_lowercase())).unwrap_or_default()
    }
}

impl Writing {
    pub(super) async fn start(
        folder: &Path,
        field: String,
        client_name: Option<&str>,
        content_type: Option<String>,
    ) -> Result<Self> {
        let place = Place(folder.join(random_name()? + ".upload"));
        let mut options = OpenOptions::new();
        options.write(true).create_new(true).mode(0o600);
        let file = match options.open(&place.0).await {
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                fs::create_dir_all(folder).await?;
                options.open(&place.0).await?
            }
            file => file?,
        };
        let client_name = client_name.map(readable).filter(|name| !name.is_empty());
        Ok(Self { file, upload: Upload { field, client_name, content_type, bytes: 0, place } })
    }

    pub(super) fn bytes(&self) -> u64 {
        self.upload.bytes
    }

    pub(super) async fn write(&mut self, piece: &[u8]) -> Result<()> {
        self.file.write_all(piece).await?;
        self.upload.bytes += piece.len() as u64;
        Ok(())
    }

    pub(super) async fn finish(mut self) -> Result<Upload> {
        self.file.flush().await?;
        Ok(self.upload)
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        if self.0.as_os_str().is_empty() {
            return;
        }
        if let Err(error) = std::fs::remove_file(&self.0)
            && error.kind() != io::ErrorKind::NotFound
        {
            tracing::warn!(%error, file = %self.0.display(), "an upload could not be removed");
        }
    }
}

/// What stands behind the last slash or backslash, as text of one line.
fn readable(name: &str) -> String {
    let last = name.rsplit(['/', '\\']).next().unwrap_or_default();
    last.chars().filter(|letter| !letter.is_control()).take(255).collect()
}

fn random_name() -> Result<String> {
    let mut bytes = [0; 16];
    getrandom::fill(&mut bytes).map_err(|error| Error::internal(error.to_string()))?;
    Ok(bytes.iter().fold(String::with_capacity(40), |name, byte| name + &format!("{byte:02x}")))
}
