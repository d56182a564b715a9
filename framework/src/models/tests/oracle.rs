//! Random criteria find the same records in the database as an evaluation in memory does.

use std::cmp::Ordering;

use serde_json::{Map, Value as Json, json};

use super::super::{
    Bounds, Criteria, Db, Decimal, Filter, Kind, Model, Record, Schema, Sort, Test, Uuid, Value, crud,
};
use super::zoo::Sample;

/// How many random queries are compared; each is a few statements.
const ROUNDS: usize = 400;

/// Few different values, so that criteria often meet them.
const TEXTS: [&str; 12] =
    ["", "a", "A", "ab", "a_b", "a%b", r"a\b", "ä", "🚣", "null", "' OR 1=1 --", "Zz top"];
const NUMBERS: [i64; 7] = [i64::MIN, -7, 0, 1, 2, 1_000, i64::MAX];
const FRACTIONS: [f64; 7] = [-1e300, -0.5, 0.0, 0.1, 1.0, 2.5, 1e300];
const PRICES: [&str; 8] = ["-9999.99", "-0.01", "0.00", "0.1", "0.30", "1", "12.50", "9999.99"];
/// What prices are compared with, but no price is.
const ODD_PRICES: [&str; 4] = ["0.105", "-0.005", "10000", "-123456789012345678901.5"];
const EXACT: [&str; 6] = [
    "-999999999999999999.9999999999",
    "-0.0000000001",
    "0",
    "0.3000000000",
    "123456789012345678.1234567891",
    "999999999999999999.9999999999",
];
const DAYS: [&str; 5] = ["0001-01-01", "1969-12-31", "1970-01-01", "2024-02-29", "9999-12-31"];
const UUIDS: [u128; 5] = [0, 1, 0x8d1c_6f5e_3a35_4b4e_9d0b_6a3f_0d3b_7a10, u128::MAX - 1, u128::MAX];
const BYTES: [&[u8]; 6] = [b"", b"\0", b"\0\0", b"a", b"ab", b"\xff"];

pub(super) async fn everything(db: &Db) {
    let mut random = Random::from_seed(0x5eed);
    let rows = (0..60).map(|_| random.row());
    Sample::create_each(rows.collect::<Vec<_>>()).exec(db).await.unwrap();
    let schema = Sample::schema();
    let all = crud::find(db, schema, &Criteria::default()).await.unwrap();
    for round in 0..ROUNDS {
        let criteria = Criteria {
            filter: random.filter(schema, 0),
            sort: random.sort(schema),
            limit: random.one_in(3).then(|| random.below(20) as u64),
            skip: if random.one_in(3) { random.below(20) as u64 } else { 0 },
            ..Criteria::default()
        };
        let expected = evaluate(&all, &criteria);
        let found = crud::find(db, schema, &criteria).await.unwrap();
        let ids =
            |records: &[Record]| records.iter().map(|record| record.id().to_string()).collect::<Vec<_>>();
        assert_eq!(ids(&found), expected, "round {round}: {criteria:?}");
        let count = crud::count(db, schema, &criteria).await.unwrap();
        let whole = Criteria { limit: None, skip: 0, ..criteria.clone() };
        assert_eq!(
            usize::try_from(count).unwrap(),
            evaluate(&all, &whole).len(),
            "round {round}: {criteria:?}"
        );
    }
    hostile(db, &all, &mut random).await;
    Sample::destroy_each(Sample::ID.gt(0)).exec(db).await.unwrap();
}

/// What clients send, however it is made, is a 400 or finds the right rows.
async fn hostile(db: &Db, all: &[Record], random: &mut Random) {
    let bounds = Bounds { depth: 3, conditions: 12, list: 6 };
    let (mut refused, mut answered) = (0, 0);
    for _ in 0..ROUNDS * 4 {
        let wanted = random.hostile(0);
        match Filter::from_json(Sample::schema(), &wanted, &bounds) {
            Err(error) => {
                assert_eq!((error.status().as_u16(), error.code()), (400, "E_INVALID_CRITERIA"), "{wanted}");
                refused += 1;
            }
            Ok(filter) => {
                let criteria = Criteria::of(filter);
                let found = crud::find(db, Sample::schema(), &criteria).await.unwrap();
                let ids: Vec<_> = found.iter().map(|record| record.id().to_string()).collect();
                assert_eq!(ids, evaluate(all, &criteria), "{wanted}");
                answered += 1;
            }
        }
    }
    assert!(refused > ROUNDS / 4 && answered > ROUNDS / 4, "{refused} refused, {answered} answered");
    assert_eq!(Sample::find().count(db).await.unwrap(), 60, "the table stands");
}

/// The primary keys of what the criteria ask for.
fn evaluate(all: &[Record], criteria: &Criteria) -> Vec<String> {
    let mut fitting: Vec<_> =
        all.iter().filter(|record| holds(record, &criteria.filter) == Some(true)).collect();
    fitting.sort_by(|one, other| {
        let by = |sort: &Sort| {
            let order = order(one.at(sort.attribute), other.at(sort.attribute));
            if sort.descending { order.reverse() } else { order }
        };
        let by_key = order(one.id(), other.id());
        criteria.sort.iter().map(by).find(|order| order.is_ne()).unwrap_or(by_key)
    });
    let limit = criteria.limit.map_or(usize::MAX, |limit| usize::try_from(limit).unwrap());
    let skip = usize::try_from(criteria.skip).unwrap();
    fitting.into_iter().skip(skip).take(limit).map(|record| record.id().to_string()).collect()
}

/// SQL's three answers: yes, no, and unknown for what is null.
fn holds(record: &Record, filter: &Filter) -> Option<bool> {
    match filter {
        Filter::All(all) => decided_by(Some(false), record, all),
        Filter::Any(any) => decided_by(Some(true), record, any),
        Filter::Not(inner) => holds(record, inner).map(|holds| !holds),
        Filter::Compare { attribute, test } => passes(record.at(*attribute), test),
    }
}

/// One such answer decides; else one unknown makes it unknown.
fn decided_by(answer: Option<bool>, record: &Record, filters: &[Filter]) -> Option<bool> {
    let answers: Vec<_> = filters.iter().map(|filter| holds(record, filter)).collect();
    if answers.contains(&answer) {
        return answer;
    }
    if answers.contains(&None) { None } else { answer.map(|answer| !answer) }
}

fn passes(value: &Value, test: &Test) -> Option<bool> {
    let text = || match value {
        Value::Text(text) => Some(text.as_str()),
        _ => None,
    };
    let compare = |other: &Value| (!value.is_null()).then(|| order(value, other));
    match test {
        Test::Equal(Value::Null) => Some(value.is_null()),
        Test::NotEqual(Value::Null) => Some(!value.is_null()),
        Test::Equal(other) => compare(other).map(Ordering::is_eq),
        Test::NotEqual(other) => compare(other).map(Ordering::is_ne),
        Test::Less(other) => compare(other).map(Ordering::is_lt),
        Test::LessOrEqual(other) => compare(other).map(Ordering::is_le),
        Test::Greater(other) => compare(other).map(Ordering::is_gt),
        Test::GreaterOrEqual(other) => compare(other).map(Ordering::is_ge),
        Test::In(list) => {
            if value.is_null() {
                // Listed only by name; nothing is in an empty list.
                let has_some = list.iter().any(|other| !other.is_null());
                return if list.contains(&Value::Null) { Some(true) } else { (!has_some).then_some(false) };
            }
            Some(list.iter().any(|other| !other.is_null() && order(value, other).is_eq()))
        }
        Test::NotIn(list) => {
            if value.is_null() {
                let has_some = list.iter().any(|other| !other.is_null());
                return if list.contains(&Value::Null) { Some(false) } else { (!has_some).then_some(true) };
            }
            Some(!list.iter().any(|other| !other.is_null() && order(value, other).is_eq()))
        }
        Test::Contains(part) => text().map(|text| text.contains(part)),
        Test::StartsWith(part) => text().map(|text| text.starts_with(part)),
        Test::EndsWith(part) => text().map(|text| text.ends_with(part)),
        Test::Like(pattern) => text().map(|text| {
            let (text, pattern): (Vec<_>, Vec<_>) = (text.chars().collect(), pattern.chars().collect());
            like(&text, &pattern)
        }),
    }
}

/// Null is less than everything; text is compared by its code points.
fn order(one: &Value, other: &Value) -> Ordering {
    match (one, other) {
        (Value::Null, Value::Null) => Ordering::Equal,
        (Value::Null, _) => Ordering::Less,
        (_, Value::Null) => Ordering::Greater,
        (Value::Text(one), Value::Text(other)) => one.cmp(other),
        (Value::Integer(one) | Value::Timestamp(one), Value::Integer(other) | Value::Timestamp(other)) => {
            one.cmp(other)
        }
        (Value::Float(one), Value::Float(other)) => one.partial_cmp(other).unwrap(),
        (Value::Boolean(one), Value::Boolean(other)) => one.cmp(other),
        (Value::Decimal(one), Value::Decimal(other)) => one.cmp(other),
        (Value::Date(one), Value::Date(other)) => one.cmp(other),
        (Value::Uuid(one), Value::Uuid(other)) => one.cmp(other),
        (Value::Bytes(one), Value::Bytes(other)) => one.cmp(other),
        _ => panic!("{one:?} and {other:?} are of two kinds"),
    }
}

fn decimal(text: &str) -> Decimal {
    text.parse().unwrap()
}

fn like(text: &[char], pattern: &[char]) -> bool {
    match pattern {
        [] => text.is_empty(),
        ['%', rest @ ..] => (0..=text.len()).any(|skipped| like(&text[skipped..], rest)),
        ['_', rest @ ..] => !text.is_empty() && like(&text[1..], rest),
        ['\\', plain, rest @ ..] => text.first() == Some(plain) && like(&text[1..], rest),
        [plain, rest @ ..] => text.first() == Some(plain) && like(&text[1..], rest),
    }
}

/// The same numbers in every run (xorshift64*).
struct Random(u64);

impl Random {
    fn from_seed(seed: u64) -> Self {
        Self(seed)
    }

    fn below(&mut self, bound: usize) -> usize {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        let number = self.0.wrapping_mul(0x2545_f491_4f6c_dd1d) >> 33;
        usize::try_from(number).unwrap() % bound
    }

    fn one_in(&mut self, bound: usize) -> bool {
        self.below(bound) == 0
    }

    fn of<T: Copy>(&mut self, all: &[T]) -> T {
        all[self.below(all.len())]
    }

    fn row(&mut self) -> Json {
        let mut row = Map::new();
        for attribute in Sample::schema().attributes().iter().filter(|a| !a.is_primary_key()) {
            let value = match self.stored(attribute.kind()) {
                _ if attribute.is_nullable() && self.one_in(4) => Json::Null,
                value => serde_json::to_value(value).unwrap(),
            };
            row.insert(attribute.name().to_owned(), value);
        }
        Json::Object(row)
    }

    fn value(&mut self, kind: Kind) -> Value {
        match kind {
            Kind::Text => self.of(&TEXTS).into(),
            Kind::Integer => self.of(&NUMBERS).into(),
            Kind::Timestamp => Value::Timestamp(self.of(&NUMBERS)),
            Kind::Float => self.of(&FRACTIONS).into(),
            Kind::Boolean | Kind::Json => Value::Boolean(self.one_in(2)),
            Kind::Decimal { scale: 2, .. } if self.one_in(3) => Value::Decimal(decimal(self.of(&ODD_PRICES))),
            Kind::Decimal { .. } | Kind::Date | Kind::Uuid | Kind::Bytes => self.stored(kind),
        }
    }

    /// A value that a column can hold.
    fn stored(&mut self, kind: Kind) -> Value {
        match kind {
            Kind::Decimal { scale: 2, .. } => Value::Decimal(decimal(self.of(&PRICES))),
            Kind::Decimal { .. } => Value::Decimal(decimal(self.of(&EXACT))),
            Kind::Date => Value::Date(self.of(&DAYS).parse().unwrap()),
            Kind::Uuid => Value::Uuid(Uuid::from_u128(self.of(&UUIDS))),
            Kind::Bytes => Value::Bytes(self.of(&BYTES).to_vec()),
            kind => self.value(kind),
        }
    }

    fn filter(&mut self, schema: &Schema, depth: usize) -> Filter {
        match self.below(if depth > 2 { 1 } else { 6 }) {
            1 => Filter::All((0..self.below(4)).map(|_| self.filter(schema, depth + 1)).collect()),
            2 => Filter::Any((0..self.below(4)).map(|_| self.filter(schema, depth + 1)).collect()),
            3 => Filter::Not(Box::new(self.filter(schema, depth + 1))),
            _ => {
                let attribute = self.below(schema.attributes().len());
                let kind = schema.attributes()[attribute].kind();
                Filter::Compare { attribute, test: self.test(kind) }
            }
        }
    }

    fn test(&mut self, kind: Kind) -> Test {
        let list = |random: &mut Self| {
            (0..random.below(5))
                .map(|_| if random.one_in(5) { Value::Null } else { random.value(kind) })
                .collect::<Vec<_>>()
        };
        let pattern = |random: &mut Self| {
            (0..random.below(4)).map(|_| random.of(&["%", "_", "a", "b", r"\%", r"\\", "A"])).collect()
        };
        match self.below(if kind == Kind::Text { 14 } else { 10 }) {
            0 => Test::Equal(Value::Null),
            1 => Test::NotEqual(Value::Null),
            2 => Test::Equal(self.value(kind)),
            3 => Test::NotEqual(self.value(kind)),
            4 => Test::Less(self.value(kind)),
            5 => Test::LessOrEqual(self.value(kind)),
            6 => Test::Greater(self.value(kind)),
            7 => Test::GreaterOrEqual(self.value(kind)),
            8 => Test::In(list(self)),
            9 => Test::NotIn(list(self)),
            10 => Test::Contains(self.of(&TEXTS).to_owned()),
            11 => Test::StartsWith(self.of(&TEXTS).to_owned()),
            12 => Test::EndsWith(self.of(&TEXTS).to_owned()),
            _ => Test::Like(pattern(self)),
        }
    }

    fn sort(&mut self, schema: &Schema) -> Vec<Sort> {
        let sort = |random: &mut Self| Sort {
            attribute: random.below(schema.attributes().len()),
            descending: random.one_in(2),
        };
        (0..self.below(3)).map(|_| sort(self)).collect()
    }

    /// A client's `where`, right in parts and wrong in others.
    fn hostile(&mut self, depth: usize) -> Json {
        const NAMES: [&str; 17] = [
            "id",
            "name",
            "rank",
            "share",
            "open",
            "at",
            "price",
            "exact",
            "day",
            "code",
            "data",
            "secret",
            "nope",
            "id\"; DROP TABLE sample;--",
            "name' OR '1'='1",
            "",
            "__proto__",
        ];
        let mut clauses = Map::new();
        for _ in 0..=self.below(2) {
            if depth < 5 && self.one_in(4) {
                let branches = (0..self.below(3)).map(|_| self.hostile(depth + 1)).collect();
                clauses.insert(self.of(&["and", "or"]).to_owned(), Json::Array(branches));
                continue;
            }
            let bound = if self.one_in(4) { NAMES.len() } else { 11 };
            clauses.insert(NAMES[self.below(bound)].to_owned(), self.clause());
        }
        if self.one_in(40) { json!([clauses]) } else { Json::Object(clauses) }
    }

    fn clause(&mut self) -> Json {
        const OPERATORS: [&str; 15] = [
            "in",
            "nin",
            "!=",
            "<",
            "<=",
            ">",
            ">=",
            "contains",
            "startsWith",
            "endsWith",
            "like",
            "$ne",
            "regex",
            "= 1 OR 1",
            "raw",
        ];
        match self.below(3) {
            0 => self.operand(),
            1 => Json::Array((0..self.below(8)).map(|_| self.operand()).collect()),
            _ => {
                let bound = if self.one_in(5) { OPERATORS.len() } else { 11 };
                let operator = OPERATORS[self.below(bound)];
                let operand = match operator {
                    "in" | "nin" => Json::Array((0..self.below(7)).map(|_| self.operand()).collect()),
                    _ => self.operand(),
                };
                json!({ operator: operand })
            }
        }
    }

    fn operand(&mut self) -> Json {
        match self.below(12) {
            0 => Json::Null,
            1 => json!(self.one_in(2)),
            2 => json!(self.of(&NUMBERS)),
            3 => json!(self.of(&FRACTIONS)),
            4 => json!("0); DELETE FROM sample; --"),
            5 => json!({"$gt": ""}),
            6 => json!("a\0b"),
            7 => json!(self.of(&PRICES)),
            8 => json!(self.of(&DAYS)),
            9 => json!(Uuid::from_u128(self.of(&UUIDS))),
            _ => json!(self.of(&TEXTS)),
        }
    }
}
