use std::sync::Arc;

use actix_web::App;
use actix_web::http::header;
use actix_web::test::{TestRequest, call_service, init_service, read_body};
use serde_json::{Value as Json, json};

use super::{Document, Subject, document};
use crate::blueprints;
use crate::config::{Config, Environment};
use crate::models::tests::{Message, Person};
use crate::models::{Attribute, Kind, Model, Schema, Validation};
use crate::routes::{Routes, register_alone};

fn config(environment: Environment, keys: &[(&'static str, &str)]) -> Config {
    let folder = tempfile::tempdir().unwrap();
    let keys: Vec<_> = keys.iter().map(|(key, value)| (*key, (*value).to_owned())).collect();
    Config::load_with(folder.path(), environment, &keys).unwrap()
}

/// The routes with their blueprints below them, as an app has them.
fn drawn(config: &Config, draw: impl FnOnce(&mut Routes)) -> Routes {
    let mut routes = Routes::default();
    draw(&mut routes);
    let settings = blueprints::Settings::new(config);
    for wanted in std::mem::take(&mut routes.blueprints) {
        routes.entries.extend(blueprints::routes(&wanted, &settings));
    }
    routes
}

fn models() -> Vec<Arc<Schema>> {
    vec![Person::schema().clone(), Message::schema().clone()]
}

/// The document of these routes, without shortcuts.
fn of(keys: &[(&'static str, &str)], draw: impl FnOnce(&mut Routes)) -> Json {
    let keys = [&[("blueprints.shortcuts", "false")], keys].concat();
    let config = config(Environment::Test, &keys);
    let routes = drawn(&config, draw);
    document(&Subject { name: "chat", config: &config, models: &models(), routes: &routes })
}

fn of_schema(schema: Schema) -> Json {
    let document = of(&[], |r| {
        r.blueprints_of(Arc::new(schema));
    });
    document["components"]["schemas"].clone()
}

async fn hello() -> &'static str {
    "hello"
}

async fn nobody() -> crate::Result<()> {
    Err(crate::Error::forbidden("nobody comes in"))
}

#[test]
fn every_route_is_there_once_with_a_name_of_its_own() {
    let document = of(&[("blueprints.shortcuts", "true")], |r| {
        r.get("/", hello);
        r.get("/again", hello);
        r.blueprints::<Person>();
        r.blueprints::<Message>();
    });

    let mut names: Vec<&str> = Vec::new();
    for (path, operations) in document["paths"].as_object().unwrap() {
        for (method, operation) in operations.as_object().unwrap() {
            names.push(operation["operationId"].as_str().unwrap());
            let parameters = operation["parameters"].as_array().into_iter().flatten();
            let in_path = parameters.filter(|parameter| parameter["in"] == "path").count();
            assert_eq!(in_path, path.matches('{').count(), "{method} {path}");
            assert!(!operation["responses"].as_object().unwrap().is_empty(), "{method} {path}");
        }
    }
    for name in
        ["testsHello", "testsHello2", "personFind", "personFindShortcut", "personUpdate", "personAddMessages"]
    {
        assert!(names.contains(&name), "{name} is not in {names:?}");
    }
    let all = names.len();
    names.sort_unstable();
    names.dedup();
    assert_eq!(names.len(), all);
    let tags: Vec<_> = document["tags"].as_array().unwrap().iter().map(|tag| &tag["name"]).collect();
    assert_eq!(tags, ["tests", "person", "message"]);
}

#[test]
fn what_is_private_is_nowhere() {
    let text = of(&[], |r| {
        r.blueprints::<Person>();
    })
    .to_string();

    assert!(text.contains("email") && !text.contains("secret"), "{text}");
}

#[test]
fn records_are_described_as_answers_have_them() {
    let document = of(&[], |r| {
        r.blueprints::<Message>();
    });
    let schemas = &document["components"]["schemas"];

    let message = &schemas["Message"];
    assert_eq!(message["required"], json!(["id", "body", "author", "extra", "weight", "seen"]));
    assert_eq!(message["properties"]["body"], json!({ "type": "string" }));
    let author = json!({ "oneOf": [
        { "type": ["integer", "null"], "format": "int64" },
        { "$ref": "#/components/schemas/Person" },
    ] });
    assert_eq!(message["properties"]["author"], author);
    let person = &schemas["Person"];
    assert_eq!(person["properties"]["email"], json!({ "type": ["string", "null"] }));
    let messages = json!({ "type": "array", "items": { "$ref": "#/components/schemas/Message" } });
    assert_eq!(person["properties"]["messages"], messages);
    assert!(!person["required"].as_array().unwrap().contains(&json!("messages")));
    let one = &document["paths"]["/message/{id}"]["get"]["responses"];
    let shown = &one["200"]["content"]["application/json"]["schema"];
    assert_eq!(shown, &json!({ "$ref": "#/components/schemas/Message" }));
    assert_eq!(one["404"], json!({ "$ref": "#/components/responses/NotFound" }));
    assert!(document["components"]["responses"]["NotFound"]["content"].get("text/plain").is_some());
}

#[test]
fn clients_are_told_what_they_may_send_and_the_rules_for_it() {
    let schemas = of_schema(
        Schema::builder("user_profile")
            .attribute(Attribute::new("name", Kind::Text).required().validate(Validation::MaxLength(40)))
            .attribute(Attribute::new("nick", Kind::Text).nullable().validate(Validation::MinLength(2)))
            .attribute(
                Attribute::new("mail", Kind::Text)
                    .required()
                    .default_to("a@b.c")
                    .validate(Validation::IsEmail),
            )
            .attribute(
                Attribute::new("age", Kind::Integer)
                    .default_to(18)
                    .validate(Validation::Min(0.0))
                    .validate(Validation::Max(150.0)),
            )
            .attribute(
                Attribute::new("level", Kind::Integer).validate(Validation::IsIn(vec![1.into(), 2.into()])),
            )
            .attribute(
                Attribute::new("colour", Kind::Text)
                    .nullable()
                    .validate(Validation::IsIn(vec!["red".into(), "blue".into()]))
                    .validate(Validation::IsNotIn(vec!["grey".into()])),
            )
            .attribute(
                Attribute::new("home", Kind::Text)
                    .validate(Validation::IsUrl)
                    .validate(Validation::IsNotEmpty),
            )
            .attribute(Attribute::new("ip", Kind::Text).validate(Validation::IsIp))
            .attribute(Attribute::new("key", Kind::Text).validate(Validation::IsUuid))
            .attribute(Attribute::new("extra", Kind::Json))
            .attribute(Attribute::new("seen", Kind::Boolean).read_only())
            .attribute(Attribute::new("hidden", Kind::Text).private())
            .build(),
    );

    let new = &schemas["NewUserProfile"];
    assert_eq!(new["required"], json!(["name"]));
    let expected = json!({
        "name": { "type": "string", "minLength": 1, "maxLength": 40 },
        "nick": { "type": ["string", "null"], "minLength": 2 },
        "mail": { "type": "string", "minLength": 1, "format": "email", "default": "a@b.c" },
        "age": { "type": "integer", "format": "int64", "minimum": 0, "maximum": 150, "default": 18 },
        "level": { "type": "integer", "format": "int64", "enum": [1, 2] },
        "colour": { "type": ["string", "null"], "enum": ["red", "blue", null], "not": { "enum": ["grey"] } },
        "home": { "type": "string", "format": "uri", "pattern": "^https?://", "allOf": [{ "pattern": "\\S" }] },
        "ip": { "type": "string", "anyOf": [{ "format": "ipv4" }, { "format": "ipv6" }] },
        "key": { "type": "string", "format": "uuid" },
        "extra": {},
    });
    assert_eq!(new["properties"], expected);
    let changes = &schemas["UserProfileChanges"];
    assert_eq!(changes.get("required"), None);
    assert_eq!(changes["properties"]["age"].get("default"), None);
    let clauses: Vec<_> = schemas["UserProfileWhere"]["properties"].as_object().unwrap().keys().collect();
    assert!(clauses.iter().any(|name| *name == "or") && !clauses.iter().any(|name| *name == "hidden"));
}

#[test]
fn lists_say_their_bounds() {
    let document = of(&[("blueprints.max_limit", "7"), ("blueprints.batch", "true")], |r| {
        r.blueprints::<Person>();
    });

    let find = &document["paths"]["/person"]["get"];
    let parameter = |name: &str| {
        let all = find["parameters"].as_array().unwrap();
        all.iter().find(|parameter| parameter["name"] == name).unwrap_or_else(|| panic!("no {name}")).clone()
    };
    assert_eq!(parameter("limit")["schema"]["maximum"], 7);
    let condition =
        json!({ "application/json": { "schema": { "$ref": "#/components/schemas/PersonWhere" } } });
    assert_eq!(parameter("where")["content"], condition);
    assert_eq!(parameter("age")["schema"]["items"]["type"], "integer");
    assert!(parameter("select")["schema"]["items"]["enum"].as_array().unwrap().contains(&json!("messages")));
    let create =
        &document["paths"]["/person"]["post"]["requestBody"]["content"]["application/json"]["schema"];
    assert_eq!(create["oneOf"][1]["items"], json!({ "$ref": "#/components/schemas/NewPerson" }));
    let members = &document["paths"]["/person/{id}/messages"]["put"]["requestBody"]["content"];
    assert_eq!(members["application/json"]["schema"]["items"]["type"], "integer");
}

#[test]
fn a_route_has_the_words_and_answers_its_line_gives() {
    let document = of(&[], |r| {
        r.post("/say", hello).summary("Say something").describe("It *stays*.").guard(nobody);
        r.get("/rooms", hello);
        r.on("typing", hello).summary("Somebody types");
        r.blueprints::<Message>().guard_writes(nobody);
    });

    let say = &document["paths"]["/say"]["post"];
    assert_eq!((&say["summary"], &say["description"]), (&json!("Say something"), &json!("It *stays*.")));
    let answers = |path: &str, method: &str| -> Vec<String> {
        document["paths"][path][method]["responses"].as_object().unwrap().keys().cloned().collect()
    };
    assert_eq!(answers("/say", "post"), ["default", "401", "403"]);
    assert_eq!(answers("/rooms", "get"), ["default"]);
    assert_eq!(answers("/message", "get"), ["200", "400", "503"]);
    assert_eq!(answers("/message", "post"), ["200", "400", "401", "403", "409", "503"]);
    let events = document["x-socket-events"].as_array().unwrap();
    assert_eq!(events[0], json!({ "event": "typing", "from": "client", "summary": "Somebody types" }));
    assert_eq!((&events[1]["event"], &events[1]["from"]), (&json!("message"), &json!("server")));
    let verbs: Vec<_> =
        document["components"]["schemas"]["MessageEvent"]["oneOf"].as_array().unwrap().iter().collect();
    assert_eq!(verbs[0]["properties"]["verb"], json!({ "const": "created" }));
}

#[test]
fn paths_are_written_as_openapi_wants_them() {
    let document = of(&[("http.public_url", "https://chat.example"), ("openapi.title", "The chat")], |r| {
        r.get("/files/{path:.*}", hello);
        r.get("/codes/{code:[0-9]{3}}/{part}", hello).summary("first");
        r.delete("/codes/{one:[0-9]{3}}/{two}", hello);
        r.get("/codes/{other}/{part}", hello).summary("second");
        r.route(actix_web::http::Method::from_bytes(b"PURGE").unwrap(), "/files/{path:.*}", hello);
    });

    let paths = document["paths"].as_object().unwrap();
    assert_eq!(paths.keys().collect::<Vec<_>>(), ["/files/{path}", "/codes/{code}/{part}"]);
    assert_eq!(paths["/files/{path}"]["get"]["parameters"][0]["schema"]["pattern"], "^(?:.*)$");
    assert!(paths["/files/{path}"].get("x-purge").is_some());
    let codes = &paths["/codes/{code}/{part}"];
    assert_eq!(codes["get"]["summary"], "first", "the first route that fits answers");
    assert_eq!(codes["delete"]["parameters"][0]["name"], "code");
    assert_eq!(codes["delete"]["parameters"][0]["schema"]["pattern"], "^(?:[0-9]{3})$");
    assert_eq!(document["servers"], json!([{ "url": "https://chat.example" }]));
    assert_eq!(document["info"], json!({ "title": "The chat", "version": "1.0.0" }));
}

#[test]
fn models_whose_names_meet_stay_apart() {
    let document = of(&[], |r| {
        for identity in ["user-profile", "user_profile", "error"] {
            r.blueprints_of(Arc::new(Schema::builder(identity).build()));
        }
    });

    let schemas = document["components"]["schemas"].as_object().unwrap();
    assert!(schemas.contains_key("UserProfile") && schemas.contains_key("UserProfile2"));
    assert!(schemas.contains_key("Error") && schemas.contains_key("Error2"));
}

async fn served(
    routes: Routes,
) -> impl actix_web::dev::Service<
    actix_http::Request,
    Response = actix_web::dev::ServiceResponse<impl actix_web::body::MessageBody>,
    Error = actix_web::Error,
> {
    init_service(App::new().configure(|services| register_alone(routes.entries, services))).await
}

#[tokio::test]
async fn it_is_served_before_what_answers_everything_and_sent_once() {
    let config = config(Environment::Development, &[]);
    let mut routes = drawn(&config, |r| {
        r.get("/{all:.*}", hello);
    });
    let subject = Subject { name: "chat", config: &config, models: &[], routes: &routes };
    let document = Document::served(&subject).unwrap().expect("served in development");
    document.add_to(&mut routes);
    let server = served(routes).await;

    let first = call_service(&server, TestRequest::get().uri("/openapi.json").to_request()).await;
    let tag = first.headers().get(header::ETAG).unwrap().clone();
    assert_eq!(first.headers().get(header::CONTENT_TYPE).unwrap(), "application/json");
    let body: Json = serde_json::from_slice(&read_body(first).await).unwrap();
    assert_eq!(body["info"]["title"], "chat");
    assert_eq!(body["paths"].as_object().unwrap().len(), 1, "not itself");
    let again = TestRequest::get().uri("/openapi.json").insert_header((header::IF_NONE_MATCH, tag));
    let again = call_service(&server, again.to_request()).await;
    assert_eq!(again.status(), 304);
    assert!(read_body(again).await.is_empty());
}

#[tokio::test]
async fn an_apps_own_route_there_is_left_alone() {
    let config = config(Environment::Test, &[]);
    let mut routes = drawn(&config, |r| {
        r.get("/openapi.json", hello);
    });
    let subject = Subject { name: "chat", config: &config, models: &[], routes: &routes };
    Document::served(&subject).unwrap().expect("served in tests").add_to(&mut routes);
    let server = served(routes).await;

    let answer = call_service(&server, TestRequest::get().uri("/openapi.json").to_request()).await;

    assert_eq!(read_body(answer).await, "hello");
}

#[test]
fn production_serves_it_where_it_is_asked_to() {
    let document = |keys: &[(&'static str, &str)]| {
        let config = config(Environment::Production, keys);
        let routes = Routes::default();
        Document::served(&Subject { name: "chat", config: &config, models: &[], routes: &routes })
    };

    assert!(document(&[]).unwrap().is_none());
    assert!(document(&[("openapi.enabled", "true")]).unwrap().is_some());
    let wrong = document(&[("openapi.enabled", "true"), ("openapi.path", "openapi.json")]).unwrap_err();
    assert!(wrong.to_string().contains("begin with a slash"), "{wrong}");
}
