use std::collections::BTreeSet;

use regatta_cli::scaffold::AppName;

fn parse(text: &str) -> Result<AppName, String> {
    let reserved = BTreeSet::from(["serde".to_owned(), "tokio-util".to_owned()]);
    AppName::parse(text, &reserved).map_err(|refusal| refusal.suggestion)
}

#[test]
fn crate_names_are_accepted() {
    for name in ["chat", "my-chat", "my_chat", "chat2", "x"] {
        assert_eq!(parse(name).unwrap().as_str(), name);
    }
}

#[test]
fn other_names_are_refused_with_the_nearest_valid_one() {
    for (name, suggestion) in [
        ("My Chat!", "my-chat"),
        ("MyChat", "my-chat"),
        ("-chat-", "chat"),
        ("a  b//c", "a-b-c"),
        ("2chat", "app-2chat"),
        ("", "my-app"),
        ("Чат", "my-app"),
        ("async", "async-app"),
        ("regatta", "regatta-app"),
        ("Regatta", "regatta-app"),
        ("test", "test-app"),
        ("std", "std-app"),
        ("core", "core-app"),
        ("proc-macro", "proc-macro-app"),
        ("build", "build-app"),
        ("serde", "serde-app"),
        ("tokio_util", "tokio_util-app"),
    ] {
        assert_eq!(parse(name), Err(suggestion.to_owned()), "{name}");
        assert!(parse(suggestion).is_ok(), "{suggestion}");
    }
}

#[test]
fn a_long_name_is_refused_with_a_shorter_one() {
    let suggestion = parse(&"a".repeat(65)).unwrap_err();

    assert!(parse(&suggestion).is_ok());
}

#[test]
fn a_name_has_a_form_for_code_and_one_for_people() {
    let name = parse("harbour-master_2").unwrap();

    assert_eq!(name.ident(), "harbour_master_2");
    assert_eq!(name.title(), "Harbour Master 2");
}
