//! Whether an SPDX licence expression is satisfied by a list of accepted licences.

/// `MIT OR Apache-2.0` needs one of both, `MIT AND Zlib` needs both; `MIT/Apache-2.0` is the old way to write OR.
pub(crate) fn is_accepted(expression: &str, accepted: &[String]) -> bool {
    let spaced = expression.replace('/', " OR ").replace('(', " ( ").replace(')', " ) ");
    let words: Vec<_> = spaced.split_whitespace().collect();
    let mut rest = words.as_slice();
    any_of(&mut rest, accepted) && rest.is_empty()
}

fn any_of(words: &mut &[&str], accepted: &[String]) -> bool {
    let mut holds = all_of(words, accepted);
    while take(words, "OR") {
        // Not `||`: the right side has to be read in any case.
        holds |= all_of(words, accepted);
    }
    holds
}

fn all_of(words: &mut &[&str], accepted: &[String]) -> bool {
    let mut holds = one(words, accepted);
    while take(words, "AND") {
        holds &= one(words, accepted);
    }
    holds
}

fn one(words: &mut &[&str], accepted: &[String]) -> bool {
    if take(words, "(") {
        let holds = any_of(words, accepted);
        return take(words, ")") && holds;
    }
    let Some((name, rest)) = words.split_first() else { return false };
    *words = rest;
    let mut licence = (*name).to_owned();
    if take(words, "WITH")
        && let Some((exception, rest)) = words.split_first()
    {
        licence = format!("{licence} WITH {exception}");
        *words = rest;
    }
    accepted.contains(&licence)
}

fn take(words: &mut &[&str], wanted: &str) -> bool {
    let found = words.first() == Some(&wanted);
    if found {
        *words = &words[1..];
    }
    found
}

#[test]
fn expressions_are_read_as_spdx_defines_them() {
    let accepted = ["MIT", "Apache-2.0", "Apache-2.0 WITH LLVM-exception"].map(str::to_owned);
    let accepts = |expression| is_accepted(expression, &accepted);

    assert!(accepts("MIT"));
    assert!(accepts("GPL-3.0 OR MIT"));
    assert!(accepts("Zlib/Apache-2.0"));
    assert!(accepts("(MIT OR GPL-3.0) AND Apache-2.0"));
    assert!(accepts("Apache-2.0 WITH LLVM-exception"));
    assert!(!accepts("MIT AND GPL-3.0"));
    assert!(!accepts("GPL-3.0"));
    assert!(!accepts("(MIT"));
    assert!(!accepts(""));
}
