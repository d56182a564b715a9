//! A file of SQL as single statements.

use crate::db::Engine;

/// A statement of a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Statement {
    /// Where it begins, counted from 1.
    pub(super) line: usize,
    /// Without comments before it and the semicolon after it.
    pub(super) sql: String,
}

impl Statement {
    /// Whether it begins or ends a transaction.
    pub(super) fn is_about_transactions(&self) -> bool {
        let mut words = self.sql.split(|c: char| !c.is_alphanumeric()).map(str::to_uppercase);
        let first = words.next().unwrap_or_default();
        matches!(first.as_str(), "BEGIN" | "COMMIT" | "ROLLBACK" | "END" | "ABORT")
            || (first == "START" && words.next().as_deref() == Some("TRANSACTION"))
    }

    /// The table it makes: `CREATE TABLE "person" (`.
    pub(super) fn created_table(&self) -> Option<String> {
        let rest = self.sql.strip_prefix("CREATE TABLE ")?;
        let rest = rest.strip_prefix("IF NOT EXISTS ").unwrap_or(rest);
        let end = rest.find(|c: char| c.is_whitespace() || c == '(').unwrap_or(rest.len());
        Some(rest[..end].trim_matches(['"', '`']).to_owned())
    }

    /// Its beginning, for a message.
    pub(super) fn start(&self) -> String {
        let line = self.sql.lines().next().unwrap_or_default();
        match line.char_indices().nth(80) {
            Some((end, _)) => format!("{}…", &line[..end]),
            None => line.to_owned(),
        }
    }
}

/// Cuts a file at its semicolons, but not at those in texts, names, comments and bodies of triggers or functions.
pub(super) fn split(engine: Engine, text: &str) -> Vec<Statement> {
    let mut splitter = Splitter { engine, text, at: 0, start: None, words: Vec::new(), depth: 0 };
    let mut statements = Vec::new();
    while splitter.at < text.len() {
        if splitter.step() {
            statements.extend(splitter.take(1));
        }
    }
    statements.extend(splitter.take(0));
    statements
}

struct Splitter<'a> {
    engine: Engine,
    text: &'a str,
    at: usize,
    /// Where the statement began.
    start: Option<usize>,
    /// Its first words, and the last one seen.
    words: Vec<String>,
    /// How many bodies are open.
    depth: usize,
}

/// Words that tell what a statement makes: `CREATE OR REPLACE TEMP TRIGGER`.
const TELLING: usize = 6;

impl Splitter<'_> {
    /// Goes on by one thing; says whether it was the semicolon that ends the statement.
    fn step(&mut self) -> bool {
        let rest = &self.text[self.at..];
        let Some(next) = rest.chars().next() else { return false };
        if let Some(length) = self.comment(rest) {
            self.at += length;
            return false;
        }
        if next.is_whitespace() {
            self.at += next.len_utf8();
            return false;
        }
        if next == ';' && self.depth == 0 {
            self.at += 1;
            return true;
        }
        self.start.get_or_insert(self.at);
        if next.is_alphanumeric() || next == '_' {
            let end =
                rest.find(|c: char| !(c.is_alphanumeric() || matches!(c, '_' | '$'))).unwrap_or(rest.len());
            let word = &rest[..end];
            self.at += end;
            // PostgreSQL's texts with escapes.
            if self.engine == Engine::Postgres
                && word.eq_ignore_ascii_case("e")
                && rest[end..].starts_with('\'')
            {
                self.at += quoted_length(&rest[end..], '\'', true);
            } else {
                self.word(word.to_uppercase());
            }
            return false;
        }
        self.at += self.quoted(rest, next).unwrap_or(next.len_utf8());
        false
    }

    /// The length of the comment that begins here.
    fn comment(&self, rest: &str) -> Option<usize> {
        let is_mysql = self.engine == Engine::MySql;
        if rest.starts_with("--") || (is_mysql && rest.starts_with('#')) {
            return Some(rest.find('\n').map_or(rest.len(), |end| end + 1));
        }
        // What MySQL or MariaDB runs although others take it for a comment.
        let is_run = is_mysql && (rest.starts_with("/*!") || rest.starts_with("/*M!"));
        if !rest.starts_with("/*") || is_run {
            return None;
        }
        let nests = self.engine == Engine::Postgres;
        let (mut depth, mut at) = (1, 2);
        while depth > 0 {
            let tail = &rest[at..];
            let close = tail.find("*/");
            match (tail.find("/*").filter(|_| nests), close) {
                (Some(open), Some(close)) if open < close => (depth, at) = (depth + 1, at + open + 2),
                (_, Some(close)) => (depth, at) = (depth - 1, at + close + 2),
                (_, None) => return Some(rest.len()),
            }
        }
        Some(at)
    }

    /// The length of the text or name in quotes that begins here.
    fn quoted(&self, rest: &str, next: char) -> Option<usize> {
        match (next, self.engine) {
            ('\'' | '"', engine) => Some(quoted_length(rest, next, engine == Engine::MySql)),
            ('`', Engine::Sqlite | Engine::MySql) => Some(quoted_length(rest, '`', false)),
            ('[', Engine::Sqlite) => Some(rest.find(']').map_or(rest.len(), |end| end + 1)),
            ('$', Engine::Postgres) => {
                let tag = rest[1..].find('$').map(|end| &rest[..end + 2])?;
                let is_tag = tag[1..tag.len() - 1].chars().all(|c| c.is_alphanumeric() || c == '_');
                let body = is_tag.then(|| &rest[tag.len()..])?;
                Some(body.find(tag).map_or(rest.len(), |end| end + 2 * tag.len()))
            }
            _ => None,
        }
    }

    /// Follows the bodies of triggers (SQLite) and of functions in standard SQL (PostgreSQL).
    fn word(&mut self, word: String) {
        let last = self.words.last().map_or("", String::as_str);
        let makes = |what: &str| {
            self.words.first().is_some_and(|first| first == "CREATE") && self.words.iter().any(|w| w == what)
        };
        match (self.engine, word.as_str()) {
            (Engine::Sqlite, "BEGIN") if self.depth == 0 && makes("TRIGGER") => self.depth = 1,
            (Engine::Postgres, "ATOMIC") if last == "BEGIN" && self.depth == 0 => self.depth = 1,
            (_, "CASE") if self.depth > 0 => self.depth += 1,
            (_, "END") if self.depth > 0 => self.depth -= 1,
            _ => {}
        }
        if self.words.len() > TELLING {
            self.words.pop();
        }
        self.words.push(word);
    }

    /// The statement that ends here, `after` bytes of which are its semicolon.
    fn take(&mut self, after: usize) -> Option<Statement> {
        let start = self.start.take();
        self.words.clear();
        self.depth = 0;
        let start = start?;
        let line = 1 + self.text[..start].matches('\n').count();
        Some(Statement { line, sql: self.text[start..self.at - after].trim_end().to_owned() })
    }
}

/// The length of a quoted text at the beginning of `rest`; twice the quote is a quote in it.
fn quoted_length(rest: &str, quote: char, escapes: bool) -> usize {
    let mut chars = rest.char_indices().skip(1).peekable();
    while let Some((at, c)) = chars.next() {
        if escapes && c == '\\' {
            chars.next();
        } else if c == quote {
            match chars.peek() {
                Some((_, next)) if *next == quote => drop(chars.next()),
                _ => return at + quote.len_utf8(),
            }
        }
    }
    rest.len()
}
