//! The OpenAPI document of the generated app: by the official schema, and true to what the app answers.

use std::fs;
use std::path::Path;

use regatta_tests::http::Http;
use regatta_tests::node::Node;
use regatta_tests::ports;
use regatta_tests::scaffold::{App, Scaffold};
use serde_json::{Value, json};

/// The app with a second model's blueprints, an event, and words about a route.
fn app() -> App {
    let edit = |folder: &Path| {
        let file = folder.join("src/routes.rs");
        let source = fs::read_to_string(&file).expect("the app's routes");
        let line = "r.post(\"/room/join\", room::join)";
        assert!(source.contains(line), "{source}");
        let source = source.replacen(line, &format!("{line}.summary(\"Come in\")"), 1);
        let more = "    r.on(\"wave\", room::join).describe(\"Heard by *everybody*.\");\n    r.blueprints::<crate::models::Person>();\n}\n";
        fs::write(&file, source.trim_end().trim_end_matches('}').to_owned() + more)
            .expect("the app's routes");
    };
    Scaffold::edited("described", edit).copy()
}

/// The document of the app, loaded by a validator that found nothing wrong with it.
#[track_caller]
fn load(validator: &mut Node, document: &Value) {
    let loaded = validator.run(&json!({ "do": "load", "document": document }));
    assert_eq!((&loaded["version"], &loaded["errors"]), (&json!("3.1"), &json!([])), "{loaded}");
}

/// What the document says of an answer's body.
fn schema_of(path: &str, method: &str, status: u16) -> String {
    let path = path.replace('/', "~1");
    format!("/paths/{path}/{method}/responses/{status}/content/application~1json/schema")
}

#[test]
fn the_document_is_valid_and_what_the_app_answers_fits_it() {
    let app = app();
    let (_process, base) = app.lift_one(ports::free(), &[("REGATTA__BLUEPRINTS__BATCH", "true")]);
    let http = Http::new(&base);
    let document = http.get("/openapi.json").json();
    let mut validator = Node::start("openapi.mjs");
    load(&mut validator, &document);
    assert_eq!(document["paths"]["/room/join"]["post"]["summary"], "Come in");
    assert_eq!(document["x-socket-events"][0]["description"], "Heard by *everybody*.");
    assert!(!document.to_string().contains("\"ip\""), "private attributes are nowhere");

    let mut fits = |schema: &str, value: &Value| {
        let report = validator.run(&json!({ "do": "fits", "schema": schema, "value": value }));
        assert_eq!(report["errors"], json!([]), "{schema}: {value}");
    };
    assert_eq!(http.post_json("/name", &json!({ "name": "Ann" })).status, 200);
    assert_eq!(http.post_json("/message", &json!({ "body": "Ahoy" })).status, 200);
    for (path, template) in [
        ("/message", "/message"),
        ("/message?populate=false", "/message"),
        ("/message/1", "/message/{id}"),
        ("/person", "/person"),
        ("/person/1", "/person/{id}"),
        ("/person/1?populate=messages.author", "/person/{id}"),
        ("/person/1/messages", "/person/{id}/messages"),
        ("/message/1/author", "/message/{id}/author"),
    ] {
        let answer = http.get(path);
        assert_eq!(answer.status, 200, "{path}: {}", answer.body);
        fits(&schema_of(template, "get", 200), &answer.json());
    }
    let made = http.post_json("/person", &json!({ "name": "Bo" }));
    fits(&schema_of("/person", "post", 200), &made.json());
    fits("/components/schemas/NewPerson", &json!({ "name": "Bo" }));
    let several = http.post_json("/person", &json!([{ "name": "Cy" }, { "name": "Di" }]));
    fits(&schema_of("/person", "post", 200), &several.json());
    let values = "/components/responses/BadValues/content/application~1json/schema";
    for wrong in [json!({}), json!({ "name": "Bo" }), json!({ "name": "x".repeat(41) })] {
        let refused = http.post_json("/person", &wrong);
        assert_eq!(refused.status, 400, "{wrong}");
        fits(values, &refused.json());
    }
    let criteria = "/components/responses/BadRequest/content/application~1json/schema";
    fits(criteria, &http.get("/person?sort=nothing").json());
    let missing = http.get("/person/99");
    assert_eq!((missing.status, missing.body.as_str()), (404, "Not Found"));
    assert!(missing.header("content-type").is_some_and(|kind| kind.starts_with("text/plain")));
}

#[test]
fn the_command_prints_it_without_a_server_or_a_database() {
    let app = app();
    let mut command = app.command(&["openapi"]);
    let nowhere = format!("postgres://nobody@127.0.0.1:{}/nothing", ports::free());

    let output = command.env("DATABASE_URL", nowhere).output().expect("the app's binary");

    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let document: Value = serde_json::from_slice(&output.stdout).expect("nothing but the document");
    load(&mut Node::start("openapi.mjs"), &document);
}

#[test]
fn production_serves_no_document_unless_told_to() {
    let app = app();
    let settings = [
        ("DATABASE_URL", "sqlite://.tmp/production.db"),
        ("PUBLIC_URL", "https://chat.example"),
        ("SESSION_SECRET", "9f2c61d04b7e8a35c1f7d2906e3ab48d57f0c3e2"),
        ("REGATTA__SOCKETS__ADAPTER", "memory"),
        ("REGATTA__SESSION__ADAPTER", "memory"),
        ("REGATTA__SOCKETS__SINGLE_INSTANCE", "true"),
        ("REGATTA__MODELS__MIGRATE", "alter"),
        ("REGATTA_ENV", "production"),
    ];
    let on = [&settings[..], &[("REGATTA__OPENAPI__ENABLED", "true")]].concat();

    let (process, base) = app.lift_one(ports::free(), &settings);
    assert_eq!(Http::new(&base).get("/openapi.json").status, 404);
    process.end();
    let (_process, base) = app.lift_one(ports::free(), &on);
    let document = Http::new(&base).get("/openapi.json");

    assert_eq!(document.json()["servers"], json!([{ "url": "https://chat.example" }]));
    assert!(document.json()["paths"].get("/message/create").is_none(), "shortcuts are for development");
    let tag = document.header("etag").expect("a tag").to_owned();
    let again = Http::new(&base).send("GET", "/openapi.json", &[("if-none-match", &tag)], "");
    assert_eq!((again.status, again.body.as_str()), (304, ""));
}
