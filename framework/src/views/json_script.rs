//! `{{ data | json_script(id="data") }}`: data for a page's scripts that can't become a script itself.

use tera::{Filter, Kwargs, State, TeraResult, Value};

/// Writes `<script id="…" type="application/json">…</script>`. See Django's filter of this name.
pub(super) struct JsonScript;

impl Filter<Value, TeraResult<String>> for JsonScript {
    fn call(&self, value: Value, arguments: Kwargs, _: &State<'_>) -> TeraResult<String> {
        let id = arguments.must_get::<&str>("id")?;
        let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_');
        if id.is_empty() || !id.bytes().all(is_plain) {
            return Err(tera::Error::message(format!(
                "json_script has the id `{id}`: write one of letters, digits, `-` and `_`"
            )));
        }
        let json = serde_json::to_string(&value).map_err(|error| tera::Error::message(error.to_string()))?;
        Ok(format!("<script id=\"{id}\" type=\"application/json\">{}</script>", harmless(&json)))
    }

    fn is_safe(&self) -> bool {
        true
    }
}

/// JSON without a character that HTML or older JavaScript would read as its own.
fn harmless(json: &str) -> String {
    let mut text = String::with_capacity(json.len());
    for letter in json.chars() {
        match letter {
            '<' | '>' | '&' | '\u{2028}' | '\u{2029}' => {
                text.push_str(&format!("\\u{:04x}", u32::from(letter)))
            }
            other => text.push(other),
        }
    }
    text
}
