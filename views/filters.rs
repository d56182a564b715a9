//! Filters for places where escaping is not enough.

use tera::{Kwargs, State, Tera, TeraResult, Value};

/// The schemes a link may have.
const SCHEMES: [&str; 4] = ["http", "https", "mailto", "tel"];

pub(super) fn register(templates: &mut Tera) {
    templates.register_filter("json_script", json_script);
    templates.register_filter("safe_url", safe_url);
}

/// `{{ data | json_script(id="data") }}`: the value as JSON in a `<script type="application/json">`, whatever it
/// holds. Scripts read it with `JSON.parse(document.getElementById("data").textContent)`.
fn json_script(value: Value, kwargs: Kwargs, state: &State) -> TeraResult<Value> {
    let id = match kwargs.get::<String>("id")? {
        Some(id) => format!(" id=\"{}\"", state.escape(&id)?),
        None => String::new(),
    };
    let json = serde_json::to_string(&value).map_err(|error| tera::Error::message(error.to_string()))?;
    let mut html = format!("<script type=\"application/json\"{id}>");
    for letter in json.chars() {
        match letter {
            // These end the script, begin a comment in it, or end a line in old engines.
            '<' | '>' | '&' | '\u{2028}' | '\u{2029}' => html += &format!("\\u{:04x}", u32::from(letter)),
            other => html.push(other),
        }
    }
    html += "</script>";
    Ok(Value::safe_string(&html))
}

/// `<a href="{{ url | safe_url }}">`: the address if it leads to a page, a mail or a phone, else `#`: an address
/// that users gave may be a script.
fn safe_url(url: String, _: Kwargs, _: &State) -> String {
    // As browsers read it: without control characters around it, and without line ends and tabs anywhere.
    let read: String = url
        .trim_start_matches(|letter| letter <= ' ')
        .chars()
        .filter(|letter| !['\t', '\n', '\r'].contains(letter))
        .collect();
    let scheme = read.find([':', '/', '?', '#']).filter(|end| read[*end..].starts_with(':'));
    let is_safe = match scheme {
        Some(end) => SCHEMES.iter().any(|known| read[..end].eq_ignore_ascii_case(known)),
        None => true,
    };
    if is_safe { url } else { "#".to_owned() }
}
