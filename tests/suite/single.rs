//! One instance on a machine that has nothing else.

use regatta_tests::chromium::{Chromium, is_picture};
use regatta_tests::http::Http;
use regatta_tests::ports;
use regatta_tests::process::Process;
use regatta_tests::scaffold::App;
use regatta_tests::socket::Socket;
use regatta_tests::wait::SOON;
use regatta_tests::workdir::shared;
use serde_json::json;

use crate::chat::{ChatPage, bodies, named};

/// No program to be found: no redis-server, no database server.
const NOTHING_ELSE: [(&str, &str); 1] = [("PATH", "/nonexistent")];

fn lift(app: &App) -> (Process, String) {
    app.lift_one(ports::free(), &NOTHING_ELSE)
}

#[test]
fn the_page_works_without_javascript() {
    let app = App::new();
    let (_process, base) = lift(&app);
    let http = Http::new(&base);

    let named = http.post_form("/name", &[("name", "Ann")]);
    let said = http.post_form("/message", &[("body", "<b>bold</b> & true")]);
    let page = http.page("/");

    assert_eq!((named.status, named.header("location")), (303, Some("/")), "{named:?}");
    assert_eq!((said.status, said.header("location")), (303, Some("/")), "{said:?}");
    assert_eq!(page.status, 200);
    assert!(page.body.contains("&lt;b&gt;bold&lt;"), "{}", page.body);
    assert!(!page.body.contains("<b>bold"), "{}", page.body);
}

#[test]
fn the_page_is_live_and_fits_a_phone_and_a_desktop() {
    let app = App::new();
    let (_process, base) = lift(&app);
    let browser = Chromium::new();

    let ann = ChatPage::enter(&browser, &base, "Ann");
    let ben = ChatPage::enter(&browser, &base, "Ben");
    ann.wait_sees("Ben", SOON);
    ann.say("Good morning from a phone");
    ben.wait_sees("Good morning from a phone", SOON);
    ben.say("And from a desk: a long line, to see how it wraps on a narrow screen without pushing it wider than it is");
    ann.wait_sees("And from a desk", SOON);

    let pictures = shared("screenshots");
    for (width, height) in [(375, 812), (1280, 800)] {
        ann.page.resize(width, height);
        let picture = pictures.join(format!("chat-{width}x{height}.png"));
        ann.page.screenshot(&picture);
        println!("saved {}", picture.display());
        assert!(is_picture(&picture, 5_000));
        let wide = ann.page.evaluate("document.documentElement.scrollWidth").as_u64().expect("a width");
        let shown = ann.page.evaluate("innerWidth").as_u64().expect("a width");
        assert!(wide <= shown && shown == u64::from(width), "{wide} CSS pixels on a screen of {shown}");
    }
    assert_eq!(ann.page.errors(), Vec::<String>::new());
    assert_eq!(ben.page.errors(), Vec::<String>::new());
}

#[test]
fn a_message_needs_a_name() {
    let app = App::new();
    let (_process, base) = lift(&app);

    let answer = Http::new(&base).post_json("/message", &json!({"body": "who am I?"}));

    assert_eq!(answer.status, 403, "{answer:?}");
    assert_eq!(Http::new(&base).get("/message?limit=20").json(), json!([]));
}

#[test]
fn records_are_read_without_their_private_attributes() {
    let app = App::new();
    let (_process, base) = lift(&app);
    let http = named(&base, "Ann");

    let said = http.post_json("/message", &json!({"body": "hello"}));
    assert_eq!(said.status, 200, "{said:?}");
    assert_eq!(said.json()["author"]["name"], "Ann");
    let list = http.get("/message?limit=20").json();
    let one = http.get(&format!("/message/{}", said.json()["id"])).json();
    let by_socket = Socket::connect(&base, &[]).get("/message").body;

    assert_eq!(bodies(&list), ["hello"]);
    assert_eq!(one["body"], "hello");
    assert_eq!(bodies(&by_socket), ["hello"]);
    for record in [&said.json(), &list[0], &one, &by_socket[0]] {
        assert!(record.get("ip").is_none(), "{record}");
        assert!(record["createdAt"].is_u64(), "{record}");
    }
}

#[test]
fn messages_and_the_schema_survive_a_restart() {
    let app = App::new();
    {
        let (_process, base) = lift(&app);
        named(&base, "Ann").post_json("/message", &json!({"body": "remember me"}));
    }

    let (_process, base) = lift(&app);

    assert_eq!(bodies(&Http::new(&base).get("/message").json()), ["remember me"]);
}

#[test]
fn visits_are_counted_in_the_session() {
    let app = App::new();
    let (_process, base) = lift(&app);
    let (one, other) = (Http::new(&base), Http::new(&base));

    let visits = |http: &Http| http.get("/visits").json()["visits"].clone();

    assert_eq!([visits(&one), visits(&one), visits(&one)], [json!(1), json!(2), json!(3)]);
    assert_eq!(visits(&other), 1);
    assert!(!one.cookie().is_empty());
}

#[test]
fn every_answer_names_its_request_and_its_instance() {
    let app = App::new();
    let (_process, base) = lift(&app);
    let http = Http::new(&base);

    for path in ["/", "/livez", "/readyz", "/regatta.io.js", "/message", "/no-such-page"] {
        let answer = http.get(path);
        assert!(answer.header("x-request-id").is_some_and(|id| !id.is_empty()), "{path}: {answer:?}");
        assert!(!answer.instance().is_empty());
    }
}
