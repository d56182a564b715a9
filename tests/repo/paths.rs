//! Finds the modules of the same crate that a Rust source names.

/// The first names after the crate's root in a source, with their line numbers, groups opened: `use crate::{bus,
/// db::Pool}` gives `bus` and `db`. The root is written `crate::`, `regatta::` or, in a file `depth` modules below it,
/// as so many `super::`. Comments and strings don't count.
pub(crate) fn root_paths(source: &str, depth: usize) -> Vec<(usize, String)> {
    let code = without_comments_and_strings(source);
    let mut found = Vec::new();
    for root in ["crate::", "regatta::", &"super::".repeat(depth)] {
        for (at, _) in code.match_indices(root) {
            // `$crate::` of a macro is a path of this crate, `my_crate::` and `x::super::` are other paths.
            if code[..at].ends_with(|letter: char| letter.is_alphanumeric() || letter == '_' || letter == ':')
            {
                continue;
            }
            let line = code[..at].matches('\n').count() + 1;
            found.extend(heads(&code[at + root.len()..]).into_iter().map(|name| (line, name)));
        }
    }
    found.sort();
    found
}

/// What the root re-exports, as the name and the module that has it: `pub use error::{Error, Result}` gives both.
pub(crate) fn re_exports(root: &str) -> Vec<(String, String)> {
    let code = without_comments_and_strings(root);
    let mut found = Vec::new();
    for (at, _) in code.match_indices("pub use ") {
        let statement = code[at + "pub use ".len()..].split(';').next().unwrap_or_default();
        let path = statement.trim().trim_start_matches("crate::").trim_start_matches("self::");
        let Some(module) = identifier(path) else { continue };
        let names = path.split(|letter: char| !(letter.is_alphanumeric() || letter == '_'));
        found.extend(
            names
                .filter(|name| !name.is_empty() && *name != module)
                .map(|name| (name.to_owned(), module.clone())),
        );
    }
    found
}

/// The first identifier of a path, or those of each member of a group.
fn heads(rest: &str) -> Vec<String> {
    let rest = rest.trim_start();
    let Some(group) = rest.strip_prefix('{') else { return identifier(rest).into_iter().collect() };
    let mut names = Vec::new();
    let mut depth = 0;
    let mut member = String::new();
    for letter in group.chars() {
        match letter {
            '{' => depth += 1,
            '}' if depth == 0 => break,
            '}' => depth -= 1,
            ',' if depth == 0 => names.extend(identifier(&std::mem::take(&mut member))),
            _ if depth == 0 => member.push(letter),
            _ => {}
        }
    }
    names.extend(identifier(&member));
    names
}

fn identifier(text: &str) -> Option<String> {
    let text = text.trim_start();
    let end = text.find(|letter: char| !(letter.is_alphanumeric() || letter == '_')).unwrap_or(text.len());
    (end > 0).then(|| text[..end].to_owned())
}

/// The source with comments and the contents of strings blanked, line breaks kept.
fn without_comments_and_strings(source: &str) -> String {
    let mut code = String::with_capacity(source.len());
    let mut rest = source;
    while let Some(letter) = rest.chars().next() {
        let skipped = match letter {
            '/' if rest.starts_with("//") => rest.find('\n').unwrap_or(rest.len()),
            '/' if rest.starts_with("/*") => block_comment(rest),
            '"' => string(rest),
            'r' if !ends_in_identifier(&code) => raw_string(rest),
            '\'' => character(rest),
            _ => 0,
        };
        if skipped == 0 {
            code.push(letter);
            rest = &rest[letter.len_utf8()..];
        } else {
            code.extend(rest[..skipped].chars().filter(|letter| *letter == '\n'));
            code.push(' ');
            rest = &rest[skipped..];
        }
    }
    code
}

fn ends_in_identifier(code: &str) -> bool {
    code.ends_with(|letter: char| letter.is_alphanumeric() || letter == '_')
}

fn block_comment(rest: &str) -> usize {
    let mut depth = 0;
    let mut at = 0;
    while at < rest.len() {
        if rest[at..].starts_with("/*") {
            depth += 1;
            at += 2;
        } else if rest[at..].starts_with("*/") {
            depth -= 1;
            at += 2;
            if depth == 0 {
                return at;
            }
        } else {
            at += rest[at..].chars().next().map_or(1, char::len_utf8);
        }
    }
    rest.len()
}

fn string(rest: &str) -> usize {
    let mut escaped = false;
    for (at, letter) in rest.char_indices().skip(1) {
        match letter {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            '"' => return at + 1,
            _ => {}
        }
    }
    rest.len()
}

fn raw_string(rest: &str) -> usize {
    let hashes = rest[1..].chars().take_while(|letter| *letter == '#').count();
    if !rest[1 + hashes..].starts_with('"') {
        return 0;
    }
    let end = format!("\"{}", "#".repeat(hashes));
    let content = 2 + hashes;
    rest[content..].find(&end).map_or(rest.len(), |at| content + at + end.len())
}

/// The length of a character literal; 0 for a lifetime.
fn character(rest: &str) -> usize {
    let mut letters = rest.char_indices().skip(1);
    match letters.next() {
        Some((_, '\\')) => rest[3..].find('\'').map_or(0, |at| at + 4),
        Some(_) => letters.next().filter(|(_, letter)| *letter == '\'').map_or(0, |(at, _)| at + 1),
        None => 0,
    }
}

#[test]
fn paths_and_groups_are_found_with_their_lines() {
    let source = "use crate::error::Error;\nuse crate::{bus, db::{Pool, Row},\n  config as c};\nfn f() -> regatta::redis::Client {}";

    let found = root_paths(source, 1);

    let wanted = [(1, "error"), (2, "bus"), (2, "config"), (2, "db"), (4, "redis")];
    assert_eq!(found, wanted.map(|(line, name)| (line, name.to_owned())));
}

#[test]
fn the_root_is_also_reached_step_by_step() {
    let source = "use super::sibling;\nuse super::super::app::App;";

    assert_eq!(root_paths(source, 2), [(2, "app".to_owned())]);
}

#[test]
fn comments_strings_and_other_crates_are_no_paths() {
    let source = r###"
        //! See [`crate::app`].
        /* crate::app /* crate::app */ crate::app */
        const A: &str = "crate::app \" crate::app";
        const B: &str = r#"crate::app " crate::app"#;
        const C: char = '"'; const D: char = '\''; fn e<'a>(_: &'a str) {}
        use my_crate::app;
        use crate::health;
    "###;

    assert_eq!(root_paths(source, 1), [(8, "health".to_owned())]);
}

#[test]
fn re_exports_name_their_module() {
    let root = "pub use error::{Error, Result};\npub mod app;\npub use crate::app::run;";

    let wanted = [("Error", "error"), ("Result", "error"), ("run", "app")];
    assert_eq!(re_exports(root), wanted.map(|(name, module)| (name.to_owned(), module.to_owned())));
}
