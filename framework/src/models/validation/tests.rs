use serde_json::{Value as Json, json};

use super::super::{Attribute, Bytes, Date, Decimal, Kind, Model, Schema, Uuid, Value};
use super::Validation;
use crate::models::registry::Registry;

fn text(text: &str) -> Value {
    text.into()
}

fn any(json: Json) -> Value {
    Value::Json(Box::new(json))
}

fn check(rule: &Validation, right: &[Value], wrong: &[Value]) {
    for value in right {
        assert!(rule.holds(value), "{} takes {value:?}", rule.name());
    }
    for value in wrong {
        assert!(!rule.holds(value), "{} refuses {value:?}", rule.name());
    }
    assert!(rule.holds(&Value::Null), "{} says nothing about null", rule.name());
    assert!(!rule.advice().is_empty());
}

fn check_texts(rule: &Validation, right: &[&str], wrong: &[&str]) {
    let values = |texts: &[&str]| texts.iter().map(|one| text(one)).collect::<Vec<_>>();
    check(rule, &values(right), &values(wrong));
    let any = |texts: &[&str]| texts.iter().map(|one| any(json!(one))).collect::<Vec<_>>();
    check(rule, &any(right), &any(wrong));
}

#[test]
fn lengths_count_characters() {
    check_texts(&Validation::MaxLength(3), &["", "abc", "🚣🚣🚣", "äöü"], &["abcd", "🚣🚣🚣🚣"]);
    check_texts(&Validation::MinLength(2), &["ab", "🚣🚣", "abc"], &["", "a", "🚣"]);
    let bytes = |count| Value::from(Bytes::from(vec![0; count]));
    check(&Validation::MaxLength(3), &[bytes(0), bytes(3)], &[bytes(4)]);
    check(&Validation::MinLength(3), &[bytes(3)], &[bytes(2)]);
}

#[test]
fn bounds_are_compared_exactly() {
    let decimal = |text: &str| Value::from(text.parse::<Decimal>().unwrap());
    check(
        &Validation::Max(0.1),
        &[0.into(), 0.1.into(), (-1e300).into(), decimal("0.1"), decimal("0.1000"), any(json!(0.1))],
        &[1.into(), 0.100_000_01.into(), decimal("0.1000000000000000000000001"), any(json!(1))],
    );
    check(
        &Validation::Min(-0.5),
        &[0.into(), (-0.5).into(), decimal("-0.5"), i64::MAX.into()],
        &[(-1).into(), (-0.500_1).into(), i64::MIN.into()],
    );
    // As floats both would be the same.
    check(
        &Validation::Max(9_007_199_254_740_992.0),
        &[9_007_199_254_740_992_i64.into()],
        &[9_007_199_254_740_993_i64.into(), i64::MAX.into()],
    );
    check(
        &Validation::Max(1e19),
        &[i64::MAX.into(), decimal("9999999999999999999999999999").clone()][..1],
        &[],
    );
    check(&Validation::Min(-1e300), &[i64::MIN.into(), decimal("-79228162514264337593543950335")], &[]);
    check(&Validation::Max(-1e300), &[], &[i64::MIN.into(), decimal("-79228162514264337593543950335")]);
}

#[test]
fn lists_hold_texts_and_numbers() {
    let decimal = |text: &str| Value::from(text.parse::<Decimal>().unwrap());
    let colours = vec!["red".into(), "blue".into()];
    check_texts(&Validation::IsIn(colours.clone()), &["red", "blue"], &["", "Red", "red "]);
    check_texts(&Validation::IsNotIn(colours), &["", "Red"], &["red", "blue"]);
    let numbers = Validation::IsIn(vec![1.into(), 2.5.into(), (-3).into()]);
    check(
        &numbers,
        &[
            1.into(),
            1.0.into(),
            2.5.into(),
            decimal("1.00"),
            decimal("2.50"),
            any(json!(-3)),
            any(json!(1.0)),
        ],
        &[2.into(), 0.into(), decimal("2.51"), any(json!("1")), any(json!(null)), any(json!([1]))],
    );
    assert_eq!(numbers.expected(), json!([1, 2.5, -3]));
    assert_eq!(numbers.advice(), "use one of 1, 2.5, -3");
}

#[test]
fn moments_come_as_numbers_days_and_texts() {
    let day = |text: &str| Value::from(text.parse::<Date>().unwrap());
    let after = Validation::is_after("2026-11-21");
    let begins = 1_795_219_200_000_i64;
    check(
        &after,
        &[
            Value::Timestamp(begins + 1),
            (begins + 1).into(),
            day("2026-11-22"),
            text("2026-11-21T00:00:00.001Z"),
            text("2026-11-21T00:30:00-01:00"),
            any(json!("9999-12-31")),
            any(json!(begins + 1)),
        ],
        &[
            Value::Timestamp(begins),
            day("2026-11-21"),
            day("0001-01-01"),
            text("2026-11-21"),
            text("2026-11-21T00:30:00+01:00"),
            text("tomorrow"),
            text(""),
            any(json!({})),
            true.into(),
        ],
    );
    let before = Validation::is_before("2026-11-21T08:30:00+01:00");
    check(
        &before,
        &[Value::Timestamp(begins), day("2026-11-21"), Value::Timestamp(i64::MIN)],
        &[Value::Timestamp(begins + 27_000_000), day("2026-11-22"), Value::Timestamp(i64::MAX)],
    );
    assert_eq!(before.expected(), json!("2026-11-21T08:30:00+01:00"));
}

#[test]
fn kinds_of_json_are_told_apart() {
    let decimal = Value::from("2.50".parse::<Decimal>().unwrap());
    let (yes, one, half, word, list) =
        (any(json!(true)), any(json!(1)), any(json!(0.5)), any(json!("1")), any(json!([])));
    let all = [&yes, &one, &half, &word, &list].map(Clone::clone);
    let only = |places: &[usize]| places.iter().map(|&place| all[place].clone()).collect::<Vec<_>>();
    check(&Validation::IsBoolean, &only(&[0]), &only(&[1, 2, 3, 4]));
    check(&Validation::IsNumber, &only(&[1, 2]), &only(&[0, 3, 4]));
    check(&Validation::IsInteger, &only(&[1]), &only(&[0, 2, 3, 4]));
    check(&Validation::IsString, &only(&[3]), &only(&[0, 1, 2, 4]));
    check(&Validation::IsBoolean, &[true.into()], &[text("true")]);
    check(&Validation::IsNumber, &[1.into(), 0.5.into(), decimal.clone()], &[text("1")]);
    check(&Validation::IsInteger, &[1.into(), 2.0.into()], &[0.5.into(), decimal, f64::INFINITY.into()]);
    check(&Validation::IsString, &[text("")], &[1.into(), true.into()]);
}

#[test]
fn texts_have_forms() {
    check_texts(&Validation::IsNotEmpty, &["a", " a ", "🚣"], &["", " ", "\t\n\u{a0}"]);
    check_texts(
        &Validation::IsEmail,
        &["a@b.co", "a.b+c@d-e.org", "ü@ü.de", "a'b@c.de"],
        &[
            "", "a", "a@b", "@b.co", "a@b@c.de", "a b@c.de", "a@-b.de", "a@b-.de", "a@b..de", "a@.de",
            "a@b.de\n",
        ],
    );
    let long = format!("{}@b.co", "a".repeat(65));
    check_texts(&Validation::IsEmail, &[&long[1..]], &[&long]);
    check_texts(
        &Validation::IsUrl,
        &["http://a", "https://a.b/c?d=e#f", "http://[::1]:80/", "http://user@host:1/"],
        &["", "a.b", "ftp://a.b", "javascript:alert(1)", "http://", "http:///a", "http://a b", "//a.b"],
    );
    check_texts(
        &Validation::IsIp,
        &["127.0.0.1", "0.0.0.0", "::1", "2001:db8::ff00:42:8329", "::ffff:1.2.3.4"],
        &["", "1.2.3", "256.1.1.1", "01.2.3.4", "1.2.3.4:80", "[::1]", "::g", "1.2.3.4 "],
    );
    check_texts(
        &Validation::IsUuid,
        &["8d1c6f5e-3a35-4b4e-9d0b-6a3f0d3b7a10", "8D1C6F5E-3A35-4B4E-9D0B-6A3F0D3B7A10"],
        &[
            "",
            "8d1c6f5e3a354b4e9d0b6a3f0d3b7a10",
            "{8d1c6f5e-3a35-4b4e-9d0b-6a3f0d3b7a10}",
            "8d1c6f5e-3a35-4b4e-9d0b-6a3f0d3b7a1g",
        ],
    );
    check(&Validation::IsUuid, &[Uuid::nil().into()], &[]);
    check_texts(
        &Validation::IsHexColor,
        &["#fff", "fff", "#0aF3", "#00aaff", "00AAFF", "#00aaff80"],
        &["", "#", "#ff", "#fffff", "#ggg", "##fff", "red", "#00aaff8", "ü2"],
    );
    check_texts(
        &Validation::IsCreditCard,
        &[
            "4111111111111111",
            "4111 1111 1111 1111",
            "3782-822463-10005",
            "6759649826438453",
            "4222222222222",
        ],
        &[
            "",
            "0",
            "4111111111111112",
            "1234567890123456",
            "0000000000000000",
            "４111111111111111",
            "41111111111",
            "4111x1111111111111",
            "-",
        ],
    );
}

#[test]
fn a_pattern_is_found_in_time_proportional_to_the_text() {
    let code = Validation::regex("^[A-Z]{3}-[0-9]+$");
    check_texts(&code, &["ABC-1", "XYZ-0099"], &["", "abc-1", "ABC-", "xABC-1", "ABC-1\n"]);
    check_texts(&Validation::regex("rust"), &["rust", "trusty"], &["Rust", ""]);
    check_texts(&Validation::regex("(?i)^ü$"), &["ü"], &["u"]);
    assert_eq!(code.expected(), json!("^[A-Z]{3}-[0-9]+$"));

    // An engine that goes back and tries again would not end before the sun does.
    let start = std::time::Instant::now();
    check_texts(&Validation::regex("^(a+)+$"), &[], &[&format!("{}b", "a".repeat(10_000))]);
    assert!(start.elapsed() < std::time::Duration::from_secs(5), "{:?}", start.elapsed());
}

#[test]
fn a_function_of_the_app_decides() {
    let even = Validation::custom(|value| matches!(value, Value::Integer(number) if number % 2 == 0));
    check(&even, &[2.into(), 0.into()], &[1.into(), text("2")]);
    assert_eq!((even.clone(), even.name()), (even, "custom"));
}

fn is_shouted(value: &Value) -> bool {
    matches!(value, Value::Text(text) if *text == text.to_uppercase())
}

#[derive(Debug, Model)]
#[allow(dead_code, reason = "only its schema is looked at")]
struct Ruled {
    id: i64,
    #[attr(is_after = "2020-01-01", is_before = "2030-01-01T00:00:00Z")]
    day: Date,
    #[attr(is_boolean)]
    flag: Json,
    #[attr(is_number, is_integer)]
    count: Json,
    #[attr(is_string)]
    word: Json,
    #[attr(is_credit_card)]
    card: String,
    #[attr(is_hex_color, custom = is_shouted)]
    colour: String,
    #[attr(is_in = [1, 2.5, -3])]
    level: f64,
    #[attr(is_in = ["a", "b"], is_not_in = ["c"])]
    letter: String,
    #[attr(regex = "^[a-z]+$")]
    name: String,
    #[attr(precision = 6, scale = 2, default = "1.5", description = "What it costs.", example = "12.50")]
    price: Decimal,
    #[attr(column_type = "varchar(40)")]
    short: String,
    small: u8,
    wide: Option<u64>,
}

#[test]
fn the_derive_knows_every_rule() {
    let schema = Ruled::schema();
    let rules = |name: &str| {
        let rules = schema.attribute(name).unwrap().validations().iter();
        rules.map(|rule| (rule.name(), rule.expected())).collect::<Vec<_>>()
    };
    assert_eq!(rules("day"), [("isAfter", json!("2020-01-01")), ("isBefore", json!("2030-01-01T00:00:00Z"))]);
    assert_eq!(rules("flag"), [("isBoolean", json!(true))]);
    assert_eq!(rules("count"), [("isNumber", json!(true)), ("isInteger", json!(true))]);
    assert_eq!(rules("word"), [("isString", json!(true))]);
    assert_eq!(rules("card"), [("isCreditCard", json!(true))]);
    assert_eq!(rules("colour"), [("isHexColor", json!(true)), ("custom", json!(true))]);
    assert_eq!(rules("level"), [("isIn", json!([1, 2.5, -3]))]);
    assert_eq!(rules("letter"), [("isIn", json!(["a", "b"])), ("isNotIn", json!(["c"]))]);
    assert_eq!(rules("name"), [("regex", json!("^[a-z]+$"))]);
    assert_eq!(rules("small"), [("min", json!(0)), ("max", json!(255))]);
    assert_eq!(rules("wide"), [("min", json!(0))]);
    let price = schema.attribute("price").unwrap();
    assert_eq!(price.kind(), Kind::Decimal { precision: 6, scale: 2 });
    assert_eq!(price.default().unwrap().to_string(), "1.50");
    assert_eq!((price.description(), price.example_value()), (Some("What it costs."), Some(&json!("12.50"))));
    assert_eq!(schema.attribute("short").unwrap().sql_type(), Some("varchar(40)"));
    assert!(schema.attribute("colour").unwrap().validations()[1].holds(&text("ABC")));
}

#[test]
fn a_wrong_rule_is_told_when_the_app_starts() {
    let told = |attribute: Attribute| {
        let schema = Schema::builder("pet").attribute(attribute).build();
        Registry::new(vec![schema.into()]).unwrap_err().to_string()
    };
    let name = || Attribute::new("name", Kind::Text);
    let wrong = told(name().validate(Validation::regex("(")));
    assert!(wrong.starts_with("`pet.name`: the regular expression `(` can't be used"), "{wrong}");
    let wrong = told(name().validate(Validation::is_after("soon")));
    assert!(wrong.contains("`soon` is no moment: write 2026-11-21"), "{wrong}");
    let wrong = told(Attribute::new("price", Kind::Decimal { precision: 29, scale: 2 }));
    assert!(wrong.contains("a decimal has 1 to 28 digits"), "{wrong}");
    let wrong = told(Attribute::new("price", Kind::Decimal { precision: 4, scale: 2 }).default_to("123.45"));
    assert!(wrong.contains("its default `123.45` is no decimal with at most 4 digits"), "{wrong}");
    let wrong = told(Attribute::new("id", Kind::Float).primary_key());
    assert!(wrong.contains("a primary key is a whole number, a string or a UUID"), "{wrong}");
    let wrong = told(Attribute::new("key", Kind::Integer).auto(crate::models::Auto::Uuid));
    assert!(wrong.contains("make it a UUID or a string"), "{wrong}");
}
