//! The secrets that sign cookies: configured, or outside production made once and kept beside the app.

use std::fs::{self, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

use super::SessionError;
use super::id::hex;
use crate::config::Config;

/// Characters a secret has at least in production.
pub(super) const MIN_LENGTH: usize = 32;
/// Different characters it has at least.
const MIN_DISTINCT: usize = 8;
/// Words that a random secret does not have and a sample does.
const SAMPLE_WORDS: [&str; 8] =
    ["change", "secret", "example", "sample", "keyboard", "password", "your-", "your_"];

/// The secrets in use, at least one: the first signs, all verify.
pub(crate) fn load(config: &Config) -> Result<Vec<String>, SessionError> {
    let given = config.session.secret.iter().map(|secret| secret.trim()).filter(|secret| !secret.is_empty());
    let given: Vec<String> = given.map(str::to_owned).collect();
    let production = config.environment.is_production();
    match (given.is_empty(), production) {
        (true, true) => Err(SessionError::NoSecret),
        (true, false) => Ok(vec![kept(&config.path(".tmp/session-secret"))?]),
        (false, true) => {
            given.iter().try_for_each(|secret| judge(secret))?;
            Ok(given)
        }
        (false, false) => Ok(given),
    }
}

pub(crate) fn judge(secret: &str) -> Result<(), SessionError> {
    if secret.chars().count() < MIN_LENGTH {
        return Err(SessionError::ShortSecret);
    }
    let lower = secret.to_lowercase();
    let mut distinct: Vec<char> = lower.chars().collect();
    distinct.sort_unstable();
    distinct.dedup();
    if distinct.len() < MIN_DISTINCT || SAMPLE_WORDS.iter().any(|word| lower.contains(word)) {
        return Err(SessionError::SampleSecret);
    }
    Ok(())
}

/// The secret in the file `path`, made when there is none.
fn kept(path: &Path) -> Result<String, SessionError> {
    let failed = |reason: String| SessionError::SecretFile { path: path.to_owned(), reason };
    let secret = read_or_make(path).map_err(|error| failed(error.to_string()))?;
    let secret = secret.trim();
    if secret.len() < MIN_LENGTH {
        return Err(failed("it is too short".to_owned()));
    }
    Ok(secret.to_owned())
}

fn read_or_make(path: &Path) -> io::Result<String> {
    match fs::read_to_string(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => {}
        read => return read,
    }
    let folder = path.parent().unwrap_or(Path::new("."));
    fs::create_dir_all(folder)?;
    let draft = path.with_extension(hex(&random::<8>()?));
    let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&draft)?;
    let written = file.write_all(hex(&random::<32>()?).as_bytes()).and_then(|()| file.sync_all());
    // A link appears whole and only once, so instances that start together agree on one secret.
    let linked = written.and_then(|()| fs::hard_link(&draft, path));
    fs::remove_file(&draft)?;
    match linked {
        Err(error) if error.kind() != io::ErrorKind::AlreadyExists => Err(error),
        _ => fs::read_to_string(path),
    }
}

fn random<const N: usize>() -> io::Result<[u8; N]> {
    let mut bytes = [0; N];
    getrandom::fill(&mut bytes).map_err(io::Error::other)?;
    Ok(bytes)
}

#[cfg(test)]
mod tests;
