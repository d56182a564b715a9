//! What a new app does for its visitors and its operators in production, without an edit.

use regatta_tests::http::Http;
use regatta_tests::ports;
use regatta_tests::process::{Process, Signal};
use regatta_tests::scaffold::App;
use regatta_tests::wait::{self, SOON, START};

/// One server that is meant to be the only one.
const ALONE: [(&str, &str); 7] = [
    ("REGATTA_ENV", "production"),
    ("PUBLIC_URL", "https://chat.example.com"),
    ("DATABASE_URL", "sqlite://production.db"),
    ("SESSION_SECRET", "8d0f3a6be1c9427f5b7e60d1a2c3948e"),
    ("REGATTA__SOCKETS__ADAPTER", "memory"),
    ("REGATTA__SOCKETS__SINGLE_INSTANCE", "true"),
    ("REGATTA__MODELS__MIGRATE", "alter"),
];

fn lift(app: &App) -> (Process, Http) {
    let (process, base) = app.lift_one(ports::free(), &ALONE);
    (process, Http::new(&base))
}

/// The first address under `/assets/` that ends like this.
fn asset(page: &str, ending: &str) -> String {
    let addresses = page.split('"').filter(|text| text.starts_with("/assets/"));
    addresses.into_iter().find(|text| text.ends_with(ending)).expect("an asset in the page").to_owned()
}

#[test]
fn assets_have_addresses_that_browsers_keep_and_answers_are_compressed() {
    let app = App::new();
    let (_process, http) = lift(&app);
    let page = http.page("/");

    let script = asset(&page.body, ".js");
    assert_ne!(script, "/assets/chat.js");
    let kept = http.get(&script);
    assert_eq!(
        (kept.status, kept.header("cache-control")),
        (200, Some("public, max-age=31536000, immutable"))
    );
    assert_eq!(kept.body, app.read("assets/chat.js"));
    let plain = http.get("/assets/chat.js");
    assert_eq!((plain.status, plain.header("cache-control")), (200, Some("no-cache")));
    let tag = plain.header("etag").expect("a tag").to_owned();
    assert_eq!(http.send("GET", "/assets/chat.js", &[("If-None-Match", &tag)], "").status, 304);

    for path in [script.as_str(), "/regatta.io.js"] {
        for coding in ["br", "gzip"] {
            let answer = http.send("GET", path, &[("Accept-Encoding", coding)], "");
            assert_eq!(answer.header("content-encoding"), Some(coding), "{path}");
            assert!(answer.header("vary").is_some_and(|vary| vary.contains("accept-encoding")), "{path}");
        }
    }
}

#[test]
fn a_template_changed_on_disk_is_not_read_again() {
    let app = App::new();
    let (_process, http) = lift(&app);
    let before = http.page("/").body;

    app.edit("views/layouts/layout.html", "<body>", "<body><!-- changed -->");

    assert_eq!(http.page("/").body, before);
}

#[test]
fn errors_say_nothing_of_the_inside() {
    let app = App::new();
    app.write("views/pages/home.html", "{{ this_is_not_there.at_all }}");
    let (process, http) = lift(&app);

    let page = http.page("/");
    let json = http.get("/");

    assert_eq!((page.status, json.status), (500, 500));
    for body in [&page.body, &json.body] {
        assert!(!body.contains("this_is_not_there") && !body.contains("home.html"), "{body}");
    }
    assert_eq!(json.json()["message"], "Internal Server Error");
    process.wait_for_line("this_is_not_there", SOON);
    assert_eq!(http.get("/livez").status, 200, "the worker lives");
}

#[test]
fn the_logs_level_changes_while_all_instances_run() {
    let app = App::new();
    let port = ports::free();
    let arguments = ["--port", &port.to_string(), "--instances", "2"].map(str::to_owned);
    let parent = app.lift(&arguments, &[]);
    let base = format!("http://127.0.0.1:{port}");
    wait::until_true("both listen", START, || parent.log().matches("listening on").count() == 2);
    let http = Http::new(&base);
    let answers = |count: usize| (0..count).for_each(|_| drop(http.get("/livez")));
    answers(1);
    parent.wait_for_line("200 in", SOON);

    app.edit("config/log.toml", "level = \"info\"", "level = \"warn,regatta::app::levels=info\"");
    parent.signal(Signal::USR1);
    wait::until_true("both read it", SOON, || parent.log().matches("was read again").count() == 2);
    let said = parent.log().matches("200 in").count();
    answers(20);
    assert_eq!(parent.log().matches("200 in").count(), said, "quiet now");

    app.edit("config/log.toml", "level = \"warn,regatta::app::levels=info\"", "level = \"info\"");
    parent.signal(Signal::USR1);
    wait::until_true("both read it", SOON, || parent.log().matches("was read again").count() == 4);
    answers(1);
    wait::until_true("they talk again", SOON, || parent.log().matches("200 in").count() > said);
}

#[test]
fn a_signal_in_the_first_moments_ends_nobody() {
    let app = App::new();
    let port = ports::free();
    let arguments = ["--port", &port.to_string(), "--instances", "2"].map(str::to_owned);
    let parent = app.lift(&arguments, &[]);
    parent.wait_for_line("instance started", START);
    parent.signal(Signal::USR1);
    wait::until_true("both listen", START, || parent.log().matches("listening on").count() >= 2);
    wait::until_true("both read it", SOON, || parent.log().matches("was read again").count() == 2);
    assert_eq!(parent.log().matches("instance started").count(), 2, "{}", parent.log());
    drop(parent);

    let alone = app.lift(&arguments[..2], &[]);
    while !alone.log().contains("listening on") {
        // The program must have begun: before, the kernel answers.
        if hears(alone.pid(), Signal::USR1) {
            alone.signal(Signal::USR1);
        }
        assert!(alone.exit().is_none(), "{}", alone.log());
    }
}

/// Whether a process handles this signal, as the kernel tells it.
fn hears(pid: u32, signal: Signal) -> bool {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).unwrap_or_default();
    let caught = status.lines().find_map(|line| line.strip_prefix("SigCgt:"));
    let caught = caught.and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok()).unwrap_or(0);
    caught & (1 << (signal.as_raw() - 1)) != 0
}

#[test]
fn what_can_be_got_can_be_asked_for_by_its_head() {
    let app = App::new();
    let (_process, http) = lift(&app);
    for path in ["/", "/regatta.io.js", "/assets/chat.js", "/livez", "/readyz", "/message"] {
        let (head, get) = (http.send("HEAD", path, &[], ""), http.get(path));
        assert_eq!((head.status, get.status), (200, 200), "{path}");
        assert_eq!(head.body, "", "{path}");
        assert_eq!(head.header("content-type"), get.header("content-type"), "{path}");
    }
}
