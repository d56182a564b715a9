//! Values at their limits are the same on every engine.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value as Json, json};

use super::super::{Date, Db, Decimal, Model, Uuid};
use super::Person;
use super::zoo::{Depot, Parcel, Sample};

pub(super) async fn everything(db: &Db) {
    numbers_reach_their_ends(db).await;
    small_numbers_are_bounded(db).await;
    texts_and_bytes_are_long(db).await;
    texts_are_told_apart_by_every_byte(db).await;
    decimals_are_exact(db).await;
    days_are_days_in_every_time_zone(db).await;
    keys_are_uuids_and_texts(db).await;
    Sample::destroy_each(Sample::ID.gt(0)).exec(db).await.unwrap();
    Person::destroy_each(Person::ID.gt(0)).exec(db).await.unwrap();
}

async fn sample(db: &Db, values: Json) -> Sample {
    let made = Sample::create(values).exec(db).await.unwrap();
    Sample::find_one(made.id).get(db).await.unwrap().unwrap()
}

/// The rule that the value breaks.
async fn refused(db: &Db, attribute: &str, value: Json) -> String {
    let error = Sample::create(json!({ attribute: value.clone() })).exec(db).await.unwrap_err();
    assert_eq!(
        (error.status().as_u16(), error.code()),
        (400, "E_INVALID_NEW_RECORD"),
        "{attribute}: {value}"
    );
    error.extra()["errors"][attribute][0]["rule"].as_str().unwrap().to_owned()
}

fn decimal(text: &str) -> Decimal {
    text.parse().unwrap()
}

async fn numbers_reach_their_ends(db: &Db) {
    for rank in [i64::MIN, -1, 0, i64::MAX] {
        let found = sample(db, json!({ "rank": rank, "at": rank })).await;
        assert_eq!((found.rank, found.at.unwrap().as_millis()), (Some(rank), rank));
        assert_eq!(sample(db, json!({ "rank": rank.to_string() })).await.rank, Some(rank));
        let found = Sample::find().filter(Sample::RANK.eq(rank)).count(db).await.unwrap();
        assert_eq!(found, 2);
    }
    for share in [f64::MIN, -0.1, f64::MIN_POSITIVE, 0.1, f64::MAX] {
        assert_eq!(sample(db, json!({ "share": share })).await.share, Some(share));
    }
    for wrong in [json!("NaN"), json!("inf"), json!("-inf"), json!("1e999"), json!([]), json!("")] {
        let error = Sample::create(json!({ "share": wrong })).exec(db).await;
        assert!(wrong == json!("") || error.unwrap_err().status() == 400, "{wrong}");
    }
    for wrong in [json!(9_223_372_036_854_775_808_u64), json!("9223372036854775808"), json!(1e19), json!(0.5)]
    {
        assert_eq!(refused(db, "rank", wrong).await, "type");
    }
    let all = Sample::find().filter(Sample::SHARE.lt(f64::INFINITY)).count(db).await.unwrap();
    assert_eq!(all, 5);
    assert_eq!(Sample::find().filter(Sample::SHARE.gt(f64::INFINITY)).count(db).await.unwrap(), 0);
    assert_eq!(Sample::find().filter(Sample::SHARE.eq(f64::NAN)).count(db).await.unwrap(), 0);
    Sample::destroy_each(Sample::ID.gt(0)).exec(db).await.unwrap();
}

async fn small_numbers_are_bounded(db: &Db) {
    let made = Parcel::create(json!({ "stamps": 255, "shift": -128, "grams": i64::MAX, "share": 0.1 }));
    let made = made.exec(db).await.unwrap();
    assert_eq!((made.stamps, made.shift, made.grams), (255, Some(-128), Some(9_223_372_036_854_775_807)));
    assert_eq!(made.share, Some(0.1));
    for (name, value, rule) in [
        ("stamps", json!(256), "max"),
        ("stamps", json!(-1), "min"),
        ("shift", json!(128), "max"),
        ("grams", json!(-1), "min"),
    ] {
        let error = Parcel::create(json!({ name: value })).exec(db).await.unwrap_err();
        assert_eq!(error.extra()["errors"][name][0]["rule"], rule, "{error}");
    }
    Parcel::destroy(made.id).exec(db).await.unwrap();
}

async fn texts_and_bytes_are_long(db: &Db) {
    let long = "🚣".repeat(262_144);
    let bytes: Vec<u8> = (0..=255).cycle().take(1_048_576).collect();
    let found = sample(db, json!({ "name": long, "alias": "", "data": STANDARD.encode(&bytes) })).await;
    assert_eq!((found.name.len(), found.alias.as_deref()), (1_048_576, Some("")));
    assert!(found.name == long && **found.data.as_ref().unwrap() == bytes);
    assert_eq!(Sample::find().filter(Sample::NAME.eq(long.clone())).count(db).await.unwrap(), 1);
    assert_eq!(Sample::find().filter(Sample::NAME.contains(&long[..400])).count(db).await.unwrap(), 1);
    assert_eq!(serde_json::to_value(&found).unwrap()["data"], json!(STANDARD.encode(&bytes)));
    Sample::destroy(found.id).exec(db).await.unwrap();

    assert_eq!(sample(db, json!({ "data": "" })).await.data, None, "a form's empty field");
    assert_eq!(
        sample(db, json!({ "data": "AP8" })).await.data.unwrap().into_vec(),
        [0, 255],
        "without its padding"
    );
    for wrong in [json!("A"), json!("A-_="), json!("AA=A"), json!(1), json!([0, 255])] {
        assert_eq!(refused(db, "data", wrong).await, "type");
    }
    assert_eq!(refused(db, "name", json!("a\0b")).await, "type");
    Sample::destroy_each(Sample::ID.gt(0)).exec(db).await.unwrap();
}

async fn texts_are_told_apart_by_every_byte(db: &Db) {
    let names = [
        "ann",
        "Ann",
        "ann ",
        " ann",
        "änn",
        "a\u{308}nn",
        "ａnn",
        "ann\t",
        "ann\n",
        "🚣",
        "🚣🚣",
        "ß",
        "ss",
    ];
    for name in names {
        Person::create(json!({ "name": name })).exec(db).await.unwrap();
    }
    for name in names {
        let found = Person::find().filter(Person::NAME.eq(name)).all(db).await.unwrap();
        assert_eq!(found.iter().map(|person| person.name.as_str()).collect::<Vec<_>>(), [name]);
        let error = Person::create(json!({ "name": name })).exec(db).await.unwrap_err();
        assert_eq!(error.extra()["attrNames"], json!(["name"]), "{name:?}");
    }
    let sorted = Person::find().sort(Person::NAME.asc()).all(db).await.unwrap();
    let mut expected = names;
    expected.sort_unstable();
    assert_eq!(sorted.iter().map(|person| person.name.as_str()).collect::<Vec<_>>(), expected);
    for (part, count) in [("ann", 5), ("ANN", 0), (" ", 2), ("🚣", 2), ("%", 0), ("s", 1)] {
        let found = Person::find().filter(Person::NAME.contains(part)).count(db).await.unwrap();
        assert_eq!(found, count, "{part:?}");
    }
}

async fn decimals_are_exact(db: &Db) {
    for price in ["0.10", "0.20"] {
        let found = sample(db, json!({ "price": price })).await;
        assert_eq!(serde_json::to_value(&found).unwrap()["price"], json!(price));
    }
    assert_eq!(Sample::find().sum(Sample::PRICE, db).await.unwrap(), decimal("0.30"));
    assert_eq!(
        Sample::find().avg(Sample::PRICE, db).await.unwrap().map(|average| (average * 1e9).round()),
        Some(0.15e9)
    );
    for (given, kept) in
        [(json!(12.5), "12.50"), (json!("-0"), "0.00"), (json!(-7), "-7.00"), (json!(" 1.5 "), "1.50")]
    {
        assert_eq!(sample(db, json!({ "price": given })).await.price.unwrap().to_string(), kept);
    }
    let wrong =
        [json!("1.005"), json!(1.005), json!("10000"), json!(1e300), json!("1,5"), json!("NaN"), json!(true)];
    for wrong in wrong {
        assert_eq!(refused(db, "price", wrong).await, "type");
    }
    let most = "999999999999999999.9999999999";
    let least = format!("-{most}");
    for exact in [most, &least, "123456789012345678.1234567891", "0.0000000001"] {
        let found = sample(db, json!({ "exact": exact })).await;
        assert_eq!(found.exact, Some(decimal(exact)));
        assert_eq!(Sample::find().filter(Sample::EXACT.eq(decimal(exact))).count(db).await.unwrap(), 1);
    }
    assert_eq!(
        refused(db, "exact", json!(1.234_567_890_123_456_7)).await,
        "type",
        "a float that lost digits"
    );
    let sum = Sample::find().sum(Sample::EXACT, db).await.unwrap();
    assert_eq!(sum, decimal("123456789012345678.1234567892"));
    let greatest = Sample::find().max(Sample::EXACT, db).await.unwrap();
    let smallest = Sample::find().min(Sample::EXACT, db).await.unwrap();
    assert_eq!((greatest, smallest), (Some(decimal(most)), Some(decimal(&least))));
    let below = |bound: &str| Sample::find().filter(Sample::PRICE.lt(decimal(bound)));
    assert_eq!(below("0.100000001").count(db).await.unwrap(), 3);
    assert_eq!(below("0.1").count(db).await.unwrap(), 2);
    assert_eq!(below("100000000000000000000").count(db).await.unwrap(), 6);
    Sample::destroy_each(Sample::ID.gt(0)).exec(db).await.unwrap();
}

async fn days_are_days_in_every_time_zone(db: &Db) {
    let days = ["0001-01-01", "1582-10-10", "1969-12-31", "1970-01-01", "2024-02-29", "9999-12-31"];
    for day in days {
        let found = sample(db, json!({ "day": day })).await;
        assert_eq!(found.day, Some(day.parse::<Date>().unwrap()));
        assert_eq!(serde_json::to_value(&found).unwrap()["day"], json!(day));
        assert_eq!(Sample::find().filter(Sample::DAY.eq(found.day.unwrap())).count(db).await.unwrap(), 1);
    }
    let sorted = Sample::find().sort(Sample::DAY.desc()).limit(2).all(db).await.unwrap();
    assert_eq!(
        sorted.iter().map(|sample| sample.day.unwrap().to_string()).collect::<Vec<_>>(),
        ["9999-12-31", "2024-02-29"]
    );
    for wrong in [
        "0000-01-01",
        "10000-01-01",
        "2023-02-29",
        "2026-1-1",
        "2026-11-21T00:00:00Z",
        "21.11.2026",
        "+026-11-21",
    ] {
        assert_eq!(refused(db, "day", json!(wrong)).await, "type");
    }
    Sample::destroy_each(Sample::ID.gt(0)).exec(db).await.unwrap();
}

async fn keys_are_uuids_and_texts(db: &Db) {
    for code in ["north", "North", "ü/🚣"] {
        Depot::create(json!({ "code": code })).exec(db).await.unwrap();
    }
    let error = Depot::create(json!({ "code": "north" })).exec(db).await.unwrap_err();
    assert_eq!((error.code(), &error.extra()["attrNames"]), ("E_UNIQUE", &json!(["code"])));
    assert_eq!(Depot::create(json!({})).exec(db).await.unwrap_err().status(), 400);

    let labels = ["first", "second", "third"].map(|label| json!({ "label": label, "depot": "north" }));
    let parcels = Parcel::create_each(labels).exec(db).await.unwrap();
    assert_eq!(
        parcels.iter().map(|parcel| parcel.label.as_str()).collect::<Vec<_>>(),
        ["first", "second", "third"]
    );
    assert!(parcels.is_sorted_by_key(|parcel| parcel.id), "new keys go up");
    assert!(parcels.iter().all(|parcel| parcel.id.get_version_num() == 7));
    let first = parcels[0].id;
    let json = serde_json::to_value(&parcels[0]).unwrap();
    assert_eq!((&json["id"], &json["depot"]), (&json!(first.to_string()), &json!("north")));

    let found = Parcel::find_one(first).populate("depot").get(db).await.unwrap().unwrap();
    assert_eq!(found.depot.unwrap().get().unwrap().code, "north");
    let changed = Parcel::update(first).set(json!({ "depot": "ü/🚣" })).exec(db).await.unwrap().unwrap();
    assert_eq!(changed.depot.unwrap().id(), "ü/🚣");
    Parcel::members(first, "route").add(["north".to_owned(), "North".to_owned()], db).await.unwrap();
    Depot::members("ü/🚣", "passing").add([parcels[1].id, parcels[2].id], db).await.unwrap();
    let depots =
        Depot::find().populate("parcels").populate("passing").sort(Depot::CODE.asc()).all(db).await.unwrap();
    let counts: Vec<_> =
        depots.iter().map(|depot| (depot.code.as_str(), depot.parcels.len(), depot.passing.len())).collect();
    assert_eq!(counts, [("North", 0, 1), ("north", 2, 1), ("ü/🚣", 1, 2)]);
    let found = Parcel::find_one(first).populate("route").get(db).await.unwrap().unwrap();
    assert_eq!(found.route.iter().map(|depot| depot.code.as_str()).collect::<Vec<_>>(), ["North", "north"]);

    let own = Uuid::from_u128(7);
    Parcel::create(json!({ "id": own.to_string().to_uppercase() })).exec(db).await.unwrap();
    assert_eq!(Parcel::find().sort(Parcel::ID.asc()).first(db).await.unwrap().unwrap().id, own);
    let error = Parcel::create(json!({ "id": own })).exec(db).await.unwrap_err();
    assert_eq!((error.code(), &error.extra()["attrNames"]), ("E_UNIQUE", &json!(["id"])));
    for wrong in [
        json!("7"),
        json!(7),
        json!("00000000000000000000000000000007"),
        json!("{00000000-0000-0000-0000-000000000007}"),
    ] {
        assert_eq!(Parcel::create(json!({ "id": wrong })).exec(db).await.unwrap_err().status(), 400);
    }
    let gone = Parcel::destroy_each(!Parcel::ID.eq(Uuid::nil())).exec(db).await.unwrap();
    assert_eq!(gone.len(), 4);
    assert_eq!(Depot::destroy_each(Depot::CODE.ne("")).exec(db).await.unwrap().len(), 3);
}
