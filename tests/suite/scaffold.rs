use std::fs;
use std::path::PathBuf;
use std::time::Instant;

use regatta_tests::http::Http;
use regatta_tests::ports;
use regatta_tests::scaffold::{App, cargo, scaffold, succeed};
use regatta_tests::workdir::files_below;

const FILES: usize = 50;
const LINES: usize = 1_000;
const CONFIG_LINES: usize = 25;

/// The files `regatta new` wrote, without the lock.
fn written() -> Vec<PathBuf> {
    let mut files = files_below(&scaffold().folder);
    files.retain(|file| file != "Cargo.lock" && !file.starts_with(".git") && !file.starts_with("target"));
    files
}

fn read(file: &PathBuf) -> String {
    let bytes = fs::read(scaffold().folder.join(file)).expect("a file of the app");
    String::from_utf8(bytes).unwrap_or_else(|_| panic!("{} is no text", file.display()))
}

#[test]
fn a_new_app_is_small_enough_to_read() {
    let files = written();
    let lines: usize = files.iter().map(|file| read(file).lines().count()).sum();
    let lock = fs::read_to_string(scaffold().folder.join("Cargo.lock")).expect("a new app has a lock");
    println!(
        "figures: {} files, {lines} lines, {} crates in the lock",
        files.len(),
        lock.matches("[[package]]").count()
    );

    assert!(files.len() <= FILES, "{} files: {files:?}", files.len());
    assert!(lines <= LINES, "{lines} lines");
}

#[test]
fn its_configuration_fits_on_a_screen() {
    for file in written().iter().filter(|file| file.starts_with("config")) {
        let lines = read(file).lines().count();
        assert!(lines <= CONFIG_LINES, "{} has {lines} lines", file.display());
    }
}

#[test]
fn nothing_in_it_is_switched_off_by_a_comment() {
    let is_setting = |line: &str| {
        line.strip_prefix('#').is_some_and(|rest| {
            toml::from_str::<toml::Table>(rest.trim()).is_ok_and(|table| !table.is_empty())
        })
    };
    let is_code = |line: &str| line.starts_with("//") && line.ends_with([';', '{', '}']);
    for file in written() {
        let kind = file.extension().and_then(|kind| kind.to_str()).unwrap_or_default().to_owned();
        for line in read(&file).lines().map(str::trim) {
            let off = match kind.as_str() {
                "toml" => is_setting(line),
                "rs" | "js" => is_code(line),
                _ => false,
            };
            assert!(!off, "{}: {line}", file.display());
        }
    }
}

#[test]
fn its_own_tests_pass() {
    succeed(cargo("test").arg("--locked").current_dir(&scaffold().folder));
}

#[test]
fn nothing_of_the_template_is_left_in_it() {
    for file in written() {
        let text = read(&file);
        assert!(!text.contains("app_template") && !text.contains("app-template"), "{}", file.display());
    }
}

#[test]
fn a_new_app_of_any_name_serves_its_first_page() {
    let scaffold = scaffold();
    assert!(scaffold.binary.exists(), "the dependencies are built");

    let start = Instant::now();
    let app = App::made("harbour-talk");
    let (_process, base) = app.lift_one(ports::free(), &[]);
    let page = Http::new(&base).page("/");

    println!(
        "figures: first page {:.1} s after `regatta new`, dependencies built",
        start.elapsed().as_secs_f64()
    );
    assert_eq!(page.status, 200);
}
