//! Which of the app's instances this process is.

use crate::{Error, Result};

/// One running copy of the app.
#[derive(Debug, Clone)]
pub(crate) struct Instance {
    id: String,
}

impl Instance {
    /// The id the parent gave, else a new one of 6 hexadecimal digits.
    pub(crate) fn new() -> Result<Self> {
        if let Some(id) = std::env::var("REGATTA_INSTANCE").ok().filter(|id| is_plain(id)) {
            return Ok(Self { id });
        }
        Ok(Self { id: random_id()? })
    }

    pub(crate) fn named(id: &str) -> Self {
        Self { id: id.to_owned() }
    }

    pub(crate) fn id(&self) -> &str {
        &self.id
    }
}

/// A new instance id.
pub(super) fn random_id() -> Result<String> {
    let mut bytes = [0; 3];
    getrandom::fill(&mut bytes).map_err(|error| Error::internal(error.to_string()))?;
    Ok(bytes.iter().fold(String::new(), |id, byte| id + &format!("{byte:02x}")))
}

fn is_plain(id: &str) -> bool {
    (1..=32).contains(&id.len()) && id.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
}
