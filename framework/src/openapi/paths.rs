//! The app's paths as OpenAPI writes them, and names for what they lead to.

use std::collections::HashSet;

/// A path with its parameters.
#[derive(Debug)]
pub(super) struct Template {
    /// What stands before each parameter, and after the last.
    literals: Vec<String>,
    pub(super) parameters: Vec<Parameter>,
}

/// A parameter of a path.
#[derive(Debug)]
pub(super) struct Parameter {
    /// Its name in the document.
    pub(super) name: String,
    /// Its name in the app's route.
    pub(super) own: String,
    /// The expression it must match.
    pub(super) pattern: Option<String>,
}

impl Template {
    /// Reads a path of actix-web: `/user/{id}`, `/files/{path:.*}`.
    pub(super) fn read(path: &str) -> Self {
        let mut template = Self { literals: Vec::new(), parameters: Vec::new() };
        let mut rest = path;
        while let Some(start) = rest.find('{') {
            let Some(end) = closing(&rest[start..]) else { break };
            let inner = &rest[start + 1..start + end];
            let (name, pattern) = inner.split_once(':').map_or((inner, None), |(name, p)| (name, Some(p)));
            template.literals.push(rest[..start].to_owned());
            template.parameters.push(Parameter {
                name: name.to_owned(),
                own: name.to_owned(),
                pattern: pattern.map(|pattern| format!("^(?:{pattern})$")),
            });
            rest = &rest[start + end + 1..];
        }
        template.literals.push(rest.to_owned());
        if !template.literals[0].starts_with('/') {
            template.literals[0].insert(0, '/');
        }
        template
    }

    /// `/files/{path}`
    pub(super) fn text(&self) -> String {
        self.with(self.parameters.iter().map(|parameter| parameter.name.as_str()))
    }

    /// The path without the names of its parameters: two of the same shape are one path.
    pub(super) fn shape(&self) -> String {
        self.with(self.parameters.iter().map(|_| ""))
    }

    /// Gives the parameters the names of another path of this shape.
    pub(super) fn rename(&mut self, names: &[String]) {
        for (parameter, name) in self.parameters.iter_mut().zip(names) {
            parameter.name.clone_from(name);
        }
    }

    fn with<'a>(&self, names: impl Iterator<Item = &'a str>) -> String {
        let names = names.map(|name| format!("{{{name}}}")).chain([String::new()]);
        self.literals.iter().zip(names).fold(String::new(), |text, (literal, name)| text + literal + &name)
    }
}

/// Where the brace that `text` begins with is closed; an expression may have braces of its own.
fn closing(text: &str) -> Option<usize> {
    let mut depth = 0_usize;
    text.char_indices().find_map(|(at, letter)| {
        match letter {
            '{' => depth += 1,
            '}' => depth = depth.saturating_sub(1),
            _ => {}
        }
        (depth == 0).then_some(at)
    })
}

/// `messagesSay` for `messages::say`.
pub(super) fn camel(name: &str) -> String {
    let words: Vec<_> =
        name.split(|c: char| !c.is_ascii_alphanumeric()).filter(|word| !word.is_empty()).collect();
    let first = words.first().map(|word| word[..1].to_ascii_lowercase() + &word[1..]).unwrap_or_default();
    words.iter().skip(1).fold(first, |all, word| all + &capital(word))
}

/// `UserProfile` for `user_profile`.
pub(super) fn pascal(name: &str) -> String {
    capital(&camel(name))
}

/// `Choose name` for `account::choose_name`.
pub(super) fn words(name: &str) -> String {
    capital(&name.rsplit("::").next().unwrap_or(name).replace('_', " "))
}

fn capital(word: &str) -> String {
    let mut letters = word.chars();
    letters.next().map(|first| first.to_ascii_uppercase().to_string() + letters.as_str()).unwrap_or_default()
}

/// Names that are given once.
#[derive(Debug, Default)]
pub(super) struct Names(HashSet<String>);

impl Names {
    /// `wanted`, or with the lowest number that makes it new.
    pub(super) fn give(&mut self, wanted: &str) -> String {
        let wanted = if wanted.is_empty() { "unnamed" } else { wanted };
        let numbered = (2..).map(|number: u32| format!("{wanted}{number}"));
        let mut candidates = std::iter::once(wanted.to_owned()).chain(numbered);
        let free = candidates.find(|name| !self.0.contains(name)).unwrap_or_default();
        self.0.insert(free.clone());
        free
    }
}
