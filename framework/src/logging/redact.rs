//! Keeps secrets out of the log.

use std::borrow::Cow;

use regex_lite::Regex;

use crate::config::Config;

const HIDDEN: &str = "***";
/// Shorter values would be found in words that are none.
const SHORTEST: usize = 6;
/// What the names of fields with secrets have in them.
const WORDS: [&str; 7] = ["password", "passwd", "secret", "token", "authorization", "cookie", "api_key"];

/// Hides the secrets of the configuration wherever they stand, and the values of fields whose names tell that they are
/// secrets: `password`, `passwd`, `secret`, `token`, `authorization`, `cookie`, `api_key`, also as `user_password`.
#[derive(Debug, Clone)]
pub(super) struct Redact {
    values: Vec<String>,
    /// `"name":"value"`, and `name=value` in text; nothing when the patterns are wrong.
    fields: Option<[Regex; 3]>,
}

impl Redact {
    pub(super) fn new(config: &Config) -> Self {
        let passwords = config.datastores.values().filter_map(|datastore| password(&datastore.url));
        let values = config.session.secret.iter().cloned().chain(passwords);
        Self { values: values.filter(|value| value.len() >= SHORTEST).collect(), fields: fields() }
    }

    /// The line as it may be written.
    pub(super) fn apply<'a>(&self, line: &'a str) -> Cow<'a, str> {
        let mut line = Cow::Borrowed(line);
        for value in self.values.iter().filter(|value| !value.is_empty()) {
            if line.contains(value.as_str()) {
                line = Cow::Owned(line.replace(value.as_str(), HIDDEN));
            }
        }
        let lower = line.to_ascii_lowercase();
        if !WORDS.iter().chain(&["bearer "]).any(|word| lower.contains(word)) {
            return line;
        }
        let Some([json, text, bearer]) = &self.fields else { return line };
        let line = json.replace_all(&line, format!("${{1}}\"{HIDDEN}\"")).into_owned();
        let line = text.replace_all(&line, format!("${{1}}{HIDDEN}")).into_owned();
        Cow::Owned(bearer.replace_all(&line, format!("${{1}}{HIDDEN}")).into_owned())
    }
}

fn fields() -> Option<[Regex; 3]> {
    let name = format!("[a-z0-9_.-]*(?:{})", WORDS.join("|"));
    let quoted = r#""(?:[^"\\]|\\.)*""#;
    let json = Regex::new(&format!(r#"(?i)("{name}":\s*)(?:{quoted}|[^\s,}}\]]+)"#)).ok()?;
    let text = Regex::new(&format!(r#"(?i)\b({name}=)(?:{quoted}|[^\s,;&"\\]+)"#)).ok()?;
    let bearer = Regex::new(r"(?i)\b(bearer )[a-z0-9._~+/=-]+").ok()?;
    Some([json, text, bearer])
}

/// The password in `scheme://user:password@host`.
fn password(url: &str) -> Option<String> {
    let (_, rest) = url.split_once("://")?;
    let (user, _) = rest.split('/').next()?.rsplit_once('@')?;
    user.split_once(':').map(|(_, password)| password.to_owned())
}
