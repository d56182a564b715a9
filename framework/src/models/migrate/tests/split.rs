//! Files are cut where statements end, and nowhere else.

use crate::db::Engine;
use crate::models::migrate::split::split;

fn cut(engine: Engine, text: &str) -> Vec<(usize, String)> {
    split(engine, text).into_iter().map(|statement| (statement.line, statement.sql)).collect()
}

fn both(text: &str, expected: &[(usize, &str)]) {
    for engine in [Engine::Sqlite, Engine::Postgres] {
        let expected: Vec<_> = expected.iter().map(|(line, sql)| (*line, (*sql).to_owned())).collect();
        assert_eq!(cut(engine, text), expected, "{engine:?}");
    }
}

#[test]
fn at_semicolons() {
    both("SELECT 1;\n\nSELECT 2 ;", &[(1, "SELECT 1"), (3, "SELECT 2")]);
    both("SELECT 1", &[(1, "SELECT 1")]);
    both("", &[]);
    both(" ;; \n;", &[]);
}

#[test]
fn not_in_texts_and_names() {
    both(
        "INSERT INTO a VALUES ('x;y', 'it''s;');SELECT 1",
        &[(1, "INSERT INTO a VALUES ('x;y', 'it''s;')"), (1, "SELECT 1")],
    );
    both("SELECT \"a;b\"\"c;\" FROM t;", &[(1, "SELECT \"a;b\"\"c;\" FROM t")]);
    both("SELECT 'never ends;", &[(1, "SELECT 'never ends;")]);
}

#[test]
fn not_in_comments() {
    both(
        "-- first; comment\nSELECT 1; -- after;\n/* a; */ SELECT /* b; */ 2;\n-- end;",
        &[(2, "SELECT 1"), (3, "SELECT /* b; */ 2")],
    );
    let nested = "SELECT 1 /* a /* b; */ c; */ + 1;";
    assert_eq!(cut(Engine::Postgres, nested), [(1, "SELECT 1 /* a /* b; */ c; */ + 1".to_owned())]);
    assert_eq!(cut(Engine::Sqlite, nested).len(), 2, "comments of SQLite do not nest");
}

#[test]
fn not_in_dollar_quotes_and_escapes_of_postgres() {
    let function =
        "CREATE FUNCTION f() RETURNS int AS $body$ BEGIN; RETURN $1$x; END $body$ LANGUAGE plpgsql";
    let text = format!("{function};\nSELECT $$a;b$$, E'it\\'s;', $1;");
    assert_eq!(
        cut(Engine::Postgres, &text),
        [(1, function.to_owned()), (2, "SELECT $$a;b$$, E'it\\'s;', $1".to_owned())]
    );
}

#[test]
fn not_in_bodies() {
    let trigger = "CREATE TRIGGER t AFTER UPDATE ON a BEGIN\n  UPDATE b SET x = CASE WHEN 1 THEN 2 END;\n  DELETE FROM c;\nEND";
    assert_eq!(
        cut(Engine::Sqlite, &format!("{trigger};\nSELECT 1;")),
        [(1, trigger.to_owned()), (5, "SELECT 1".to_owned())]
    );
    let function =
        "CREATE FUNCTION f(a int) RETURNS int BEGIN ATOMIC SELECT CASE a WHEN 1 THEN 2 END; SELECT 3; END";
    assert_eq!(
        cut(Engine::Postgres, &format!("{function};SELECT 1")),
        [(1, function.to_owned()), (1, "SELECT 1".to_owned())]
    );
}

#[test]
fn backticks_and_brackets_are_names_on_sqlite() {
    assert_eq!(cut(Engine::Sqlite, "SELECT `a;b`, [c;d];").len(), 1);
}

#[test]
fn statements_about_transactions_are_known() {
    for sql in ["BEGIN", "begin immediate", "COMMIT", "ROLLBACK", "START TRANSACTION"] {
        assert!(split(Engine::Postgres, sql)[0].is_about_transactions(), "{sql}");
    }
    assert!(!split(Engine::Postgres, "SELECT 'BEGIN'")[0].is_about_transactions());
}

#[test]
fn any_text_is_cut_without_a_loss() {
    let parts = [
        "'",
        "\"",
        ";",
        "$",
        "$a$",
        "--",
        "\n",
        "/*",
        "*/",
        "BEGIN",
        " ",
        "é",
        "CREATE TRIGGER ",
        "END",
        "E'\\",
    ];
    for seed in 0..20_000_usize {
        let text: String = (0..8)
            .map(|place| parts[(seed * 31 + place * place * 7 + seed / (place + 1)) % parts.len()])
            .collect();
        for engine in [Engine::Sqlite, Engine::Postgres] {
            for (line, sql) in cut(engine, &text) {
                assert!(text.contains(&sql) && line >= 1, "{text:?}");
            }
        }
    }
}
