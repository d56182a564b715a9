//! Whether connections to a database server are encrypted, and whom they trust.

use crate::config::DatastoreConfig;
use crate::tls::{self, Files, TlsError};

/// How much an address asks for, weakest first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Wish {
    Never,
    /// When the server offers it.
    Offered,
    Always,
    /// Always, and with a certificate that is checked.
    Checked,
}

/// The words an engine has for that.
pub(super) struct Words {
    /// The keys of an address that say how much, and the one that names the authorities.
    pub(super) keys: [&'static str; 3],
    pub(super) strictest: &'static str,
}

/// What becomes of a datastore's wish.
pub(super) struct Encryption {
    pub(super) files: Files,
    /// Whoever names authorities and says no more wants them asked.
    pub(super) is_strictest: bool,
}

impl Encryption {
    /// # Errors
    /// What can't be had: encryption in a build without, authorities for connections nobody checks, unreadable files.
    pub(super) fn of(config: &DatastoreConfig, wish: Wish, words: &Words) -> Result<Self, TlsError> {
        let [mode, other_mode, authorities] = words.keys;
        let says = |key: &str| config.url.contains(&format!("{key}="));
        let names_authorities = config.ca_file.is_some() || says(authorities);
        let is_strictest = wish == Wish::Offered && names_authorities && !says(mode) && !says(other_mode);
        let wish = if is_strictest { Wish::Checked } else { wish };

        let unused = |key, missing| {
            Err(TlsError::Unused { key, address: config.address(), missing, instead: words.strictest })
        };
        let key = Files::first_key(config);
        match (wish, key) {
            (Wish::Never, Some(key)) => return unused(key, "encrypted"),
            (Wish::Never | Wish::Offered | Wish::Always, _) if names_authorities => {
                return unused(if config.ca_file.is_some() { "ca_file" } else { authorities }, "checked");
            }
            _ => {}
        }
        if wish >= Wish::Always || key.is_some() {
            tls::ready(config.address())?;
        }
        Ok(Self { files: Files::read(config)?, is_strictest })
    }
}
