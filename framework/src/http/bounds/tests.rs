//! How deep a text is.

use super::depth;

#[test]
fn lists_and_objects_count_and_strings_do_not() {
    for (text, expected) in [
        ("", 0),
        ("1", 0),
        ("[]", 1),
        ("[[],[[]]]", 3),
        (r#"{"a":{"b":[1]}}"#, 3),
        (r#"["[[[["]"#, 1),
        (r#"["\"[[", "\\", [1]]"#, 2),
        ("]]]][[", 2),
        (r#"["unfinished [[["#, 1),
    ] {
        assert_eq!(depth(text.as_bytes()), expected, "{text}");
    }
}

#[cfg(feature = "testing")]
mod app;
