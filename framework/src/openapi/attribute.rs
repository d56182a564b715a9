//! An attribute as JSON Schema.

use serde_json::{Map, Value as Json, json};

use crate::models::{Attribute, Kind, Validation, Value};

pub(super) type Object = Map<String, Json>;

/// What a value of the kind is in JSON.
pub(super) fn kind(kind: Kind) -> Object {
    let schema = match kind {
        Kind::Text => json!({ "type": "string" }),
        Kind::Integer => json!({ "type": "integer", "format": "int64" }),
        Kind::Float => json!({ "type": "number", "format": "double" }),
        Kind::Boolean => json!({ "type": "boolean" }),
        Kind::Json => json!({}),
        Kind::Timestamp => {
            json!({ "type": "integer", "format": "int64", "description": "Milliseconds since 1970." })
        }
        Kind::Decimal { precision, scale: 0 } => {
            json!({ "type": "string", "format": "decimal", "pattern": format!("^-?[0-9]{{1,{precision}}}$") })
        }
        Kind::Decimal { precision, scale } => {
            let whole = precision.saturating_sub(scale).max(1);
            let pattern = format!("^-?[0-9]{{1,{whole}}}(\\.[0-9]{{1,{scale}}})?$");
            json!({ "type": "string", "format": "decimal", "pattern": pattern })
        }
        Kind::Date => json!({ "type": "string", "format": "date" }),
        Kind::Uuid => json!({ "type": "string", "format": "uuid" }),
        Kind::Bytes => json!({ "type": "string", "contentEncoding": "base64" }),
    };
    object(schema)
}

/// As the attribute stands in a record. Rules are left out: they were not always what they are now, and an
/// optional text that nobody sent is empty.
pub(super) fn stored(attribute: &Attribute) -> Json {
    let mut schema = kind(attribute.kind());
    if attribute.is_nullable() {
        allow_null(&mut schema);
    }
    describe(&mut schema, attribute);
    Json::Object(schema)
}

/// As a client sends the attribute, with every rule for it.
pub(super) fn sent(attribute: &Attribute) -> Object {
    let mut schema = kind(attribute.kind());
    if attribute.kind() == Kind::Text && attribute.is_required() {
        schema.insert("minLength".to_owned(), json!(1));
    }
    for rule in attribute.validations() {
        add_rule(&mut schema, attribute.kind(), rule);
    }
    if attribute.is_nullable() && !attribute.is_required() {
        allow_null(&mut schema);
    }
    describe(&mut schema, attribute);
    if attribute.is_version() {
        let text = "The version that was read: when it is not the record's any more, the answer is 409.";
        schema.insert("description".to_owned(), json!(text));
    }
    schema
}

/// What the model itself says of the attribute.
fn describe(schema: &mut Object, attribute: &Attribute) {
    if let Some(text) = attribute.description() {
        schema.insert("description".to_owned(), json!(text));
    }
    if let Some(value) = attribute.example_value() {
        schema.insert("examples".to_owned(), json!([value]));
    }
}

/// The value may be null too.
pub(super) fn allow_null(schema: &mut Object) {
    if let Some(kind) = schema.get_mut("type") {
        *kind = json!([kind.take(), "null"]);
    }
    if let Some(Json::Array(values)) = schema.get_mut("enum") {
        values.push(Json::Null);
    }
}

fn add_rule(schema: &mut Object, kind: Kind, rule: &Validation) {
    let is_text = kind == Kind::Text;
    let is_number = matches!(kind, Kind::Integer | Kind::Float | Kind::Timestamp);
    match rule {
        Validation::MaxLength(most) if is_text => add(schema, "maxLength", json!(most)),
        Validation::MinLength(least) if is_text => {
            schema.insert(
                "minLength".to_owned(),
                json!(if schema.contains_key("minLength") { (*least).max(1) } else { *least }),
            );
        }
        Validation::Max(most) if is_number => add(schema, "maximum", json!(Value::Float(*most))),
        Validation::Min(least) if is_number => add(schema, "minimum", json!(Value::Float(*least))),
        Validation::IsIn(list) => add(schema, "enum", json!(list)),
        Validation::IsNotIn(list) => add(schema, "not", json!({ "enum": list })),
        Validation::IsNotEmpty if is_text => add(schema, "pattern", json!("\\S")),
        Validation::IsEmail if is_text => add(schema, "format", json!("email")),
        Validation::IsUrl if is_text => {
            add(schema, "format", json!("uri"));
            add(schema, "pattern", json!("^https?://"));
        }
        Validation::IsIp if is_text => {
            add(schema, "anyOf", json!([{ "format": "ipv4" }, { "format": "ipv6" }]));
        }
        Validation::IsUuid if is_text => add(schema, "format", json!("uuid")),
        Validation::IsHexColor if is_text => {
            add(schema, "pattern", json!("^#?([0-9A-Fa-f]{3,4}|[0-9A-Fa-f]{6}|[0-9A-Fa-f]{8})$"))
        }
        // JSON Schema has no flags such as `(?i)`.
        Validation::Regex(pattern) if is_text && !pattern.text().contains("(?") => {
            add(schema, "pattern", json!(pattern.text()))
        }
        Validation::IsInteger if kind == Kind::Float => add(schema, "multipleOf", json!(1)),
        Validation::IsBoolean if kind == Kind::Json => add(schema, "type", json!("boolean")),
        Validation::IsNumber if kind == Kind::Json => add(schema, "type", json!("number")),
        Validation::IsString if kind == Kind::Json => add(schema, "type", json!("string")),
        Validation::IsInteger if kind == Kind::Json => add(schema, "type", json!("integer")),
        // A rule for text says nothing about a number, nor the other way round; and JSON Schema has no word for
        // moments, cards and what an app's own function looks at.
        _ => {}
    }
}

/// Adds a keyword; a second one of the same name holds beside the first.
fn add(schema: &mut Object, keyword: &str, value: Json) {
    if !schema.contains_key(keyword) {
        schema.insert(keyword.to_owned(), value);
        return;
    }
    let all = schema.entry("allOf").or_insert_with(|| json!([]));
    if let Json::Array(all) = all {
        all.push(json!({ keyword: value }));
    }
}

/// The fields of an object literal.
pub(super) fn object(json: Json) -> Object {
    match json {
        Json::Object(object) => object,
        _ => Object::new(),
    }
}
