//! Forms of every kind, and what is left of them afterwards: nothing.

use std::io::Write as _;
use std::net::{Shutdown, TcpStream};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use actix_web::web;
use serde_json::{Value, json};
use tempfile::TempDir;

use super::Uploads;
use crate::testing::{TestApp, TestResponse};
use crate::{App, Result};

const KIND: &str = "multipart/form-data; boundary=XX";

struct Bench {
    app: TestApp,
    folder: TempDir,
}

impl Bench {
    async fn start() -> Self {
        let folder = TempDir::new().unwrap();
        let kept = folder.path().join("kept");
        let app = App::new("uploads").routes(move |r| {
            let kept = kept.clone();
            r.post("/look", async |uploads: Uploads| web::Json(told(&uploads)));
            r.post("/save", move |uploads: Uploads| {
                let kept = kept.clone();
                async move { save(uploads, &kept).await }
            });
            r.post("/fail", async |_: Uploads| Err::<(), _>(crate::Error::conflict("no")));
        });
        let path = |name: &str| folder.path().join(name).display().to_string();
        let overrides = vec![
            ("datastores.default.url", format!("sqlite://{}", path("test.db"))),
            ("uploads.folder", path("waiting")),
            ("uploads.max_file_bytes", "100000".to_owned()),
            ("uploads.max_request_bytes", "400000".to_owned()),
            ("uploads.max_field_bytes", "1000".to_owned()),
            ("uploads.idle_timeout", "1500ms".to_owned()),
        ];
        Self { app: TestApp::start_with(app, overrides).await, folder }
    }

    async fn post(&self, path: &str, body: &str) -> TestResponse {
        self.app.post(path).body(body.as_bytes()).header("Content-Type", KIND).await
    }

    /// The files that lie in the folder for those of requests.
    fn waiting(&self) -> Vec<PathBuf> {
        files(&self.folder.path().join("waiting"))
    }

    #[track_caller]
    fn wait_until_empty(&self) {
        let started = Instant::now();
        while !self.waiting().is_empty() {
            assert!(started.elapsed() < Duration::from_secs(5), "left: {:?}", self.waiting());
            std::thread::sleep(Duration::from_millis(5));
        }
    }
}

fn files(folder: &Path) -> Vec<PathBuf> {
    std::fs::read_dir(folder).map(|all| all.flatten().map(|entry| entry.path()).collect()).unwrap_or_default()
}

fn told(uploads: &Uploads) -> Value {
    let files = uploads.files().iter().map(|file| {
        let text = std::fs::read_to_string(file.path()).unwrap();
        json!([file.field(), file.client_name(), file.content_type(), file.bytes(), text.len()])
    });
    json!({ "files": files.collect::<Vec<_>>(), "fields": uploads.fields().collect::<Vec<_>>() })
}

async fn save(uploads: Uploads, kept: &Path) -> Result<String> {
    let mut names = Vec::new();
    for file in uploads.into_files("a") {
        let path = file.save(kept).await?;
        names.push(path.file_name().unwrap_or_default().to_string_lossy().into_owned());
    }
    Ok(names.join(" "))
}

fn part(name: &str, file: Option<&str>, text: &str) -> String {
    let file =
        file.map(|file| format!("; filename=\"{file}\"\r\nContent-Type: text/plain")).unwrap_or_default();
    format!("--XX\r\nContent-Disposition: form-data; name=\"{name}\"{file}\r\n\r\n{text}\r\n")
}

fn form(parts: &[String]) -> String {
    parts.concat() + "--XX--\r\n"
}

#[tokio::test(flavor = "multi_thread")]
async fn fields_and_files_arrive_and_leave_nothing_behind() {
    let bench = Bench::start().await;
    let body = form(&[
        part("title", None, "Grüße"),
        part("a", Some("one.txt"), "first"),
        part("a", Some("one.txt"), "the same name"),
        part("empty", Some("zero.txt"), ""),
        part("unchosen", Some(""), ""),
        part("a", Some("../../etc/passwd"), "x"),
        part("a", Some("C:\\\\temp\\\\evil.exe"), "y"),
    ]);

    let answer = bench.post("/look", &body).await.ok();

    let expected = json!({
        "files": [
            ["a", "one.txt", "text/plain", 5, 5],
            ["a", "one.txt", "text/plain", 13, 13],
            ["empty", "zero.txt", "text/plain", 0, 0],
            ["a", "passwd", "text/plain", 1, 1],
            ["a", "evil.exe", "text/plain", 1, 1],
        ],
        "fields": [["title", "Grüße"]],
    });
    assert_eq!(answer.json(), expected);
    bench.wait_until_empty();
    assert_eq!(bench.post("/fail", &body).await.status(), 409);
    bench.wait_until_empty();
}

#[tokio::test(flavor = "multi_thread")]
async fn saved_files_have_names_of_the_servers_making() {
    let bench = Bench::start().await;
    let body = form(&[
        part("a", Some("../x/photo.JPG"), "1"),
        part("a", Some("run.sh/../../"), "2"),
        part("b", Some("other.txt"), "3"),
    ]);

    let names = bench.post("/save", &body).await.ok().text();

    let names: Vec<_> = names.split(' ').collect();
    assert!(names[0].len() == 36 && names[0].ends_with(".jpg"), "{names:?}");
    assert!(names[1].len() == 32 && names[1].bytes().all(|byte| byte.is_ascii_hexdigit()), "{names:?}");
    assert_eq!(files(&bench.folder.path().join("kept")).len(), 2);
    bench.wait_until_empty();
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_too_much_is_refused_and_removed() {
    let bench = Bench::start().await;
    let file = |bytes: usize| part("a", Some("a.txt"), &"x".repeat(bytes));
    let many = |count: usize, part: String| form(&vec![part; count]);
    let long_header =
        format!("--XX\r\nContent-Disposition: form-data; name=\"{}\"\r\n\r\n\r\n", "n".repeat(100_000));
    for (body, word) in [
        (form(&[file(100_001)]), "max_file_bytes"),
        (many(5, file(90_000)), "max_request_bytes"),
        (many(11, file(1)), "max_files"),
        (many(10_000, part("f", None, "")), "max_"),
        (many(101, part("f", None, "1")), "max_fields"),
        (form(&[part("f", None, &"x".repeat(1_001))]), "max_field_bytes"),
        (form(&[long_header]), "headers"),
    ] {
        let answer = bench.post("/look", &body).await;
        assert_eq!(answer.status(), 413, "{}", answer.text());
        assert!(answer.json()["message"].as_str().unwrap().contains(word), "{word}: {}", answer.text());
        bench.wait_until_empty();
    }
    let exact = bench.post("/look", &form(&[file(100_000), part("f", None, &"x".repeat(1_000))])).await;
    assert_eq!(exact.status(), 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_broken_is_refused_and_removed() {
    let bench = Bench::start().await;
    let whole = form(&[part("a", Some("a.txt"), &"x".repeat(9_000))]);
    for cut in [3, 40, 90, 5_000, whole.len() - 4] {
        let answer = bench.post("/look", &whole[..cut]).await;
        assert_eq!(answer.status(), 400, "cut after {cut}: {}", answer.text());
        bench.wait_until_empty();
    }
    let other = bench.app.post("/look").json(&json!({})).await;
    assert_eq!(other.status(), 415);
}

#[tokio::test(flavor = "multi_thread")]
async fn who_goes_away_or_falls_silent_leaves_nothing_behind() {
    let bench = Bench::start().await;
    let start = |bytes: usize| {
        let part = part("a", Some("a.txt"), &"x".repeat(bytes));
        let head = format!(
            "POST /look HTTP/1.1\r\nHost: x\r\nContent-Type: {KIND}\r\nContent-Length: 300000\r\n\r\n{part}"
        );
        let mut client = TcpStream::connect(bench.app.address()).unwrap();
        client.write_all(head.as_bytes()).unwrap();
        let started = Instant::now();
        while bench.waiting().is_empty() {
            assert!(started.elapsed() < Duration::from_secs(5), "the file never began");
            std::thread::sleep(Duration::from_millis(2));
        }
        client
    };

    let gone = start(50_000);
    gone.shutdown(Shutdown::Both).unwrap();
    drop(gone);
    bench.wait_until_empty();

    let mut silent = start(50_000);
    bench.wait_until_empty();
    let mut answer = [0; 12];
    std::io::Read::read_exact(&mut silent, &mut answer).unwrap();
    assert_eq!(&answer, b"HTTP/1.1 408");
}
