//! What counts as a secret in a configuration file.

use toml_edit::DocumentMut;

use super::secret_in;

fn found(text: &str) -> Option<String> {
    secret_in(text.parse::<DocumentMut>().unwrap().as_table(), true)
}

#[test]
fn secrets_that_are_written_out_are_found() {
    for (text, key) in [
        ("secret = [\"0123456789abcdef\"]", "secret"),
        ("import_secret = \"abc\"", "import_secret"),
        ("secret = \"${SESSION_SECRET:-abc}\"", "secret"),
        ("[production]\nsecret = \"abc\"", "production.secret"),
        ("[production.default]\nurl = \"postgres://ann:abc@db/chat\"", "production.default.url"),
        ("redis = { url = \"redis://:abc@10.0.0.1:6379\" }", "redis.url"),
        ("[mail]\napi_key = \"abc\"", "mail.api_key"),
    ] {
        assert_eq!(found(text).as_deref(), Some(key), "{text}");
    }
}

#[test]
fn variables_and_what_production_does_not_read_are_no_secrets() {
    for text in [
        "secret = [\"${SESSION_SECRET}\"]",
        "url = \"${DATABASE_URL:-sqlite://.tmp/development.db}\"",
        "url = \"postgres://ann:${PASSWORD}@db/chat\"",
        "url = \"postgres://ann@db/chat\"",
        "[development]\nsecret = \"abc\"",
        "[test.default]\nurl = \"postgres://ann:abc@db/chat\"",
        "cookie = \"token\"\nmax_per_user = 3",
    ] {
        assert_eq!(found(text), None, "{text}");
    }
}
