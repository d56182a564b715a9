//! How many there are, and where the next ones are.

use actix_web::http::header::{HeaderMap, LINK};
use actix_web::test::TestRequest;
use serde_json::{Value as Json, json};

use super::{ask, config, ids, respond, serve};
use crate::models::tests::{Message, Person, message, person, sqlite};
use crate::models::{Db, Model, Sort};
use crate::routes::Routes;

fn draw(r: &mut Routes) {
    r.blueprints::<Message>();
}

/// Seven messages that are called a, b, a, b …
async fn seven(db: &Db) {
    for n in 0..7 {
        message(db, if n % 2 == 0 { "a" } else { "b" }, None).await;
    }
}

fn link(headers: &HeaderMap) -> Option<&str> {
    headers.get(LINK).map(|value| value.to_str().unwrap())
}

/// The path in `<…>; rel="next"`.
fn next(headers: &HeaderMap) -> Option<String> {
    let (path, relation) = link(headers)?.strip_prefix('<')?.split_once('>')?;
    assert_eq!(relation, "; rel=\"next\"");
    Some(path.to_owned())
}

#[tokio::test]
async fn the_count_comes_when_it_is_asked_for() {
    let (db, _, _folder) = sqlite().await;
    seven(&db).await;
    let server = serve(&db, &config(), draw).await;
    let get = |path: &str| TestRequest::with_uri(path);

    let (_, headers, _) = respond!(server, get("/message?limit=3"));
    assert!(headers.get("x-total-count").is_none() && link(&headers).is_none());
    for request in [
        get("/message?limit=3&skip=3&count=true"),
        get("/message?limit=3&skip=3").insert_header(("prefer", "count=exact")),
    ] {
        let (_, headers, body): (_, _, Json) = respond!(server, request);
        assert_eq!(ids(&body), [4, 5, 6]);
        assert_eq!(headers.get("x-total-count").unwrap(), "7");
        let link = link(&headers).unwrap();
        let relations: Vec<_> = link.split(", ").map(|link| link.rsplit_once("; ").unwrap()).collect();
        let names: Vec<_> = relations.iter().map(|(_, name)| *name).collect();
        assert_eq!(names, ["rel=\"first\"", "rel=\"prev\"", "rel=\"next\"", "rel=\"last\""]);
        for ((path, _), skip) in relations.iter().zip(["skip=0>", "skip=0>", "skip=6>", "skip=6>"]) {
            assert!(path.starts_with("</message?limit=3&") && path.ends_with(skip), "{path}");
        }
    }
    let (_, headers, _) =
        respond!(server, get("/message?count=true&where=%7B%22body%22%3A%22a%22%7D&limit=10"));
    assert_eq!(headers.get("x-total-count").unwrap(), "4", "of those that are meant");
    let (_, headers, body): (_, _, Json) = respond!(server, get("/message?count=true&limit=0"));
    assert_eq!((headers.get("x-total-count").unwrap().to_str().unwrap(), body), ("7", json!([])));
}

#[tokio::test]
async fn pages_behind_a_cursor_neither_skip_nor_repeat() {
    let (db, _, _folder) = sqlite().await;
    seven(&db).await;
    let server = serve(&db, &config(), draw).await;

    for (query, expected) in [
        ("limit=3", vec![1, 2, 3, 4, 5, 6, 7, 8]),
        ("limit=3&sort=id%20DESC", vec![8, 7, 6, 5, 4, 3, 2, 1]),
        ("limit=2&sort=body", vec![1, 3, 5, 7, 8, 2, 4, 6]),
        ("limit=2&sort=body%20DESC", vec![2, 4, 6, 1, 3, 5, 7, 8]),
        ("limit=2&sort=body&select=seen", vec![1, 3, 5, 7, 8, 2, 4, 6]),
        ("limit=2&sort=body%20DESC&omit=body", vec![2, 4, 6, 1, 3, 5, 7, 8]),
    ] {
        let (mut path, mut seen) = (format!("/message?{query}&after="), Vec::new());
        loop {
            let (_, headers, body): (_, _, Json) = respond!(server, TestRequest::with_uri(&path));
            seen.extend(ids(&body));
            assert!(seen.len() <= expected.len(), "{query} goes on: {seen:?}");
            let shows_body = !query.contains("&select") && !query.contains("&omit");
            assert!(body.as_array().unwrap().iter().all(|record| record.get("body").is_some() == shows_body));
            if query == "limit=3" && seen.len() == 3 {
                message(&db, "a", None).await;
            }
            match next(&headers) {
                Some(next) => path = next,
                None => break,
            }
        }
        assert_eq!(seen, expected, "{query}");
    }
}

#[tokio::test]
async fn an_order_by_what_is_private_has_no_cursor() {
    let (db, _, _folder) = sqlite().await;
    for name in ["ann", "bo", "cleo"] {
        person(&db, name).await;
    }
    let secret = Person::schema().index_of("secret").unwrap();
    let server = serve(&db, &config(), move |r: &mut Routes| {
        r.blueprints::<Person>().options(move |_, options| {
            options.criteria.sort = vec![Sort { attribute: secret, descending: false }];
            Ok(())
        });
    })
    .await;
    let (_, headers, body): (_, _, Json) = respond!(server, TestRequest::with_uri("/person?limit=2&after="));
    assert_eq!((ids(&body), link(&headers)), (vec![1, 2], None));
}

#[tokio::test]
async fn a_cursor_of_another_list_is_refused() {
    let (db, _, _folder) = sqlite().await;
    seven(&db).await;
    let server = serve(&db, &config(), draw).await;

    let (_, headers, _) = respond!(server, TestRequest::with_uri("/message?limit=1&after="));
    let of_ids = next(&headers).unwrap();
    for path in [
        format!("{of_ids}&sort=body"),
        "/message?after=nonsense!".to_owned(),
        "/message?after=WyJ4Il0".to_owned(),
        format!("/message?after={}", "A".repeat(9_000)),
    ] {
        assert_eq!(ask!(server, GET path).1["code"], "E_INVALID_CRITERIA", "{path}");
    }
}
