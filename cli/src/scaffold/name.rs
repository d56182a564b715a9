//! The name of an app: of its crate, its binary, its folder and, spelled out, its title.

use std::collections::BTreeSet;

/// Rust's keywords, also those of older and later editions: none can name a library.
const KEYWORDS: [&str; 52] = [
    "abstract", "as", "async", "await", "become", "box", "break", "const", "continue", "crate", "do", "dyn",
    "else", "enum", "extern", "false", "final", "fn", "for", "gen", "if", "impl", "in", "let", "loop",
    "macro", "match", "mod", "move", "mut", "override", "priv", "pub", "ref", "return", "self", "static",
    "struct", "super", "trait", "true", "try", "type", "typeof", "union", "unsafe", "unsized", "use",
    "virtual", "where", "while", "yield",
];
/// Rust's own libraries.
const LIBRARIES: [&str; 5] = ["alloc", "core", "proc_macro", "std", "test"];
/// Folders that cargo keeps beside the binaries.
const CARGO_FOLDERS: [&str; 4] = ["build", "deps", "examples", "incremental"];
/// The longest name; crates.io allows no longer one.
const MAX_LENGTH: usize = 64;

/// A name that can be an app's: `[a-z][a-z0-9_-]*`, at most 64 characters, and not taken in Rust or in the app.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct AppName(String);

/// Why a name can't be an app's, with one that can.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Refusal {
    /// The reason, as the end of a sentence.
    pub reason: String,
    /// The nearest name that is accepted.
    pub suggestion: String,
}

impl AppName {
    /// Accepts `text` as a name unless it breaks a rule or is the name of a `reserved` dependency.
    ///
    /// ```
    /// use regatta_cli::scaffold::AppName;
    ///
    /// let none = Default::default();
    /// assert_eq!(AppName::parse("my-chat", &none).map(|name| name.title()), Ok("My Chat".to_owned()));
    /// assert_eq!(AppName::parse("My Chat!", &none).map_err(|refusal| refusal.suggestion), Err("my-chat".to_owned()));
    /// ```
    pub fn parse(text: &str, reserved: &BTreeSet<String>) -> Result<Self, Refusal> {
        match objection(text, reserved) {
            None => Ok(Self(text.to_owned())),
            Some(reason) => Err(Refusal { reason, suggestion: suggestion(text, reserved) }),
        }
    }

    /// The crate's name, as typed.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The name in Rust code: `my_chat`.
    pub fn ident(&self) -> String {
        identifier(&self.0)
    }

    /// The name for people: `My Chat`.
    pub fn title(&self) -> String {
        let words = self.0.split(['-', '_']).filter(|word| !word.is_empty());
        words.map(capitalised).collect::<Vec<_>>().join(" ")
    }
}

fn objection(text: &str, reserved: &BTreeSet<String>) -> Option<String> {
    if text.is_empty() {
        return Some("it is empty".to_owned());
    }
    if !text.starts_with(|c: char| c.is_ascii_lowercase()) {
        return Some("it must begin with a letter from a to z".to_owned());
    }
    let allowed = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_' || c == '-';
    if let Some(other) = text.chars().find(|&c| !allowed(c)) {
        return Some(format!("{other:?} is none of a-z, 0-9, `-` and `_`"));
    }
    if text.len() > MAX_LENGTH {
        return Some(format!("it is longer than {MAX_LENGTH} characters"));
    }
    let ident = identifier(text);
    if KEYWORDS.contains(&ident.as_str()) {
        return Some("it is a keyword of Rust".to_owned());
    }
    if LIBRARIES.contains(&ident.as_str()) {
        return Some("it is a library of Rust's own".to_owned());
    }
    if CARGO_FOLDERS.contains(&ident.as_str()) {
        return Some("cargo has a folder of that name where the binary goes".to_owned());
    }
    if ident == "regatta" || reserved.iter().any(|name| identifier(name) == ident) {
        return Some("the app uses a crate of that name".to_owned());
    }
    None
}

/// `My Chat!` → `my-chat`, `2chat` → `app-2chat`, `serde` → `serde-app`.
fn suggestion(text: &str, reserved: &BTreeSet<String>) -> String {
    let mut name = String::new();
    let mut previous = ' ';
    for c in text.chars() {
        let new_word = c.is_ascii_uppercase() && (previous.is_ascii_lowercase() || previous.is_ascii_digit());
        let separator = !c.is_ascii_alphanumeric() && c != '_';
        if (new_word || separator) && !name.is_empty() && !name.ends_with('-') {
            name.push('-');
        }
        if !separator {
            name.push(c.to_ascii_lowercase());
        }
        previous = c;
    }
    name.truncate(MAX_LENGTH - "app-".len());
    let name = name.trim_matches(['-', '_']);
    if name.is_empty() {
        return "my-app".to_owned();
    }
    if !name.starts_with(|c: char| c.is_ascii_lowercase()) {
        return format!("app-{name}");
    }
    match objection(name, reserved) {
        None => name.to_owned(),
        Some(_) => format!("{name}-app"),
    }
}

fn identifier(name: &str) -> String {
    name.replace('-', "_")
}

fn capitalised(word: &str) -> String {
    let mut letters = word.chars();
    letters.next().map(|first| first.to_ascii_uppercase()).into_iter().chain(letters).collect()
}
