use regatta_tests::chromium::{Chromium, is_picture};
use regatta_tests::wait::SOON;
use regatta_tests::workdir::Workdir;

use crate::stand_ins::site;

const PAGE: &str =
    "<!doctype html><meta name=viewport content='width=device-width'><link rel=icon href='data:,'>
<form><input name=body><button>Send</button></form><ul></ul>
<script>
  document.querySelector('form').addEventListener('submit', (event) => {
    event.preventDefault();
    const line = document.createElement('li');
    line.textContent = document.querySelector('input').value;
    document.querySelector('ul').append(line);
  });
</script>";

#[test]
fn a_page_is_typed_into_clicked_and_photographed() {
    let folder = Workdir::new();
    let browser = Chromium::new();
    let page = browser.open(&format!("http://127.0.0.1:{}/", site("one", PAGE)));

    page.type_into("input", "hello \"you\"");
    page.click("button");
    page.wait_for("document.querySelector('li')?.textContent === 'hello \"you\"'", SOON);
    page.press_enter();
    page.wait_for("document.querySelectorAll('li').length === 2", SOON);
    assert_eq!(page.evaluate("new Promise((done) => setTimeout(done, 1, 42))"), 42);

    for (width, height) in [(375, 812), (1280, 800)] {
        page.resize(width, height);
        assert_eq!(page.evaluate("innerWidth"), width);
        let picture = folder.path().join(format!("{width}.png"));
        page.screenshot(&picture);
        assert!(is_picture(&picture, 1000));
    }
    assert_eq!(page.errors(), Vec::<String>::new());
}

#[test]
fn what_goes_wrong_in_a_page_is_collected() {
    let browser = Chromium::new();
    let page = browser.open(&format!("http://127.0.0.1:{}/", site("one", PAGE)));

    page.evaluate("console.error('spoken')");
    page.evaluate("void setTimeout(() => { throw new Error('thrown') })");
    page.evaluate("fetch('/missing').then(() => 0)");
    page.wait_for("true", SOON);

    let wanted = ["spoken", "thrown", "404"];
    regatta_tests::wait::until_true("three kinds of errors", SOON, || {
        let errors = page.errors().join("\n");
        wanted.iter().all(|word| errors.contains(word))
    });
    page.forget_errors();
    assert!(page.errors().is_empty());
}

#[test]
fn two_pages_have_cookies_of_their_own() {
    let browser = Chromium::new();
    let address = format!("http://127.0.0.1:{}/", site("one", PAGE));
    let (one, other) = (browser.open(&address), browser.open(&address));

    one.evaluate("document.cookie = 'who=one'");

    assert_eq!(other.evaluate("document.cookie"), "");
}
