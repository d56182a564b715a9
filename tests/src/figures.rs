//! Pages of figures in Prometheus' text format, read as strictly as the format is written down.
//! See <https://prometheus.io/docs/instrumenting/exposition_formats/>.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use crate::http::Http;

/// The figures of a page.
#[derive(Debug)]
pub struct Figures(Vec<Figure>);

/// A number with its name and labels.
#[derive(Debug, Clone, PartialEq)]
pub struct Figure {
    /// Its name, that of its family and what follows it.
    pub name: String,
    /// Its labels.
    pub labels: BTreeMap<String, String>,
    /// The number.
    pub value: f64,
}

impl Figures {
    /// Those at `/metrics` of this address.
    ///
    /// # Panics
    /// When there are none, or what comes is not in the format.
    #[track_caller]
    pub fn at(base: &str) -> Self {
        let answer = Http::new(base).get("/metrics");
        assert_eq!(answer.status, 200, "{}", answer.body);
        assert_eq!(answer.header("content-type"), Some("text/plain; version=0.0.4; charset=utf-8"));
        Self::read(&answer.body)
    }

    /// Reads a page.
    ///
    /// # Panics
    /// When it is not in the format: a name is told of twice or not before its figures, figures of a name don't stand
    /// together or come twice, a histogram does not rise or has no end.
    #[track_caller]
    pub fn read(page: &str) -> Self {
        assert!(page.ends_with('\n'), "the last line has an end");
        let mut told: HashMap<String, String> = HashMap::new();
        let mut helped = BTreeSet::new();
        let mut current = String::new();
        let mut figures = Vec::new();
        for line in page.lines() {
            if let Some(rest) = line.strip_prefix("# HELP ") {
                let (name, help) = rest.split_once(' ').expect("a help text");
                assert!(helped.insert(name.to_owned()) && !help.is_empty(), "{line}");
                current = name.to_owned();
            } else if let Some(rest) = line.strip_prefix("# TYPE ") {
                let (name, kind) = rest.split_once(' ').expect("a type");
                assert!(["counter", "gauge", "histogram"].contains(&kind) && name == current, "{line}");
                assert!(told.insert(name.to_owned(), kind.to_owned()).is_none(), "{line}");
                assert_eq!(kind == "counter", name.ends_with("_total"), "{line}");
            } else {
                let figure = Figure::read(line);
                let kind = told.get(&current).unwrap_or_else(|| panic!("of no type: {line}"));
                let suffix = figure.name.strip_prefix(&current).unwrap_or_else(|| panic!("not here: {line}"));
                let suffixes: &[&str] =
                    if kind == "histogram" { &["_bucket", "_sum", "_count"] } else { &[""] };
                assert!(suffixes.contains(&suffix), "{line}");
                figures.push(figure);
            }
        }
        let mut seen = BTreeSet::new();
        for figure in &figures {
            assert!(seen.insert((&figure.name, &figure.labels)), "twice: {figure:?}");
        }
        let figures = Self(figures);
        figures.check_histograms();
        figures
    }

    /// The sum of all figures of this name with these labels among theirs.
    pub fn sum(&self, name: &str, labels: &[(&str, &str)]) -> f64 {
        self.of(name, labels).map(|figure| figure.value).sum()
    }

    /// The figures of this name with these labels among theirs.
    pub fn of<'a>(&'a self, name: &'a str, labels: &'a [(&str, &str)]) -> impl Iterator<Item = &'a Figure> {
        self.0.iter().filter(move |figure| {
            let has = |(label, value): &(&str, &str)| figure.labels.get(*label).is_some_and(|is| is == value);
            figure.name == name && labels.iter().all(has)
        })
    }

    /// All values of a label.
    pub fn values(&self, label: &str) -> BTreeSet<&str> {
        self.0.iter().filter_map(|figure| figure.labels.get(label).map(String::as_str)).collect()
    }

    fn check_histograms(&self) {
        for end in self.0.iter().filter(|figure| figure.labels.get("le").is_some_and(|le| le == "+Inf")) {
            let name = end.name.strip_suffix("_bucket").expect("a bucket");
            let without = |labels: &BTreeMap<String, String>| {
                let mut labels = labels.clone();
                labels.remove("le");
                labels
            };
            let own = without(&end.labels);
            let buckets: Vec<_> = self
                .0
                .iter()
                .filter(|other| other.name == end.name && without(&other.labels) == own)
                .map(|bucket| {
                    (bucket.labels["le"].replace("+Inf", "inf").parse::<f64>().unwrap(), bucket.value)
                })
                .collect();
            assert!(buckets.is_sorted_by(|a, b| a.0 < b.0 && a.1 <= b.1), "{buckets:?}");
            let count =
                self.0.iter().find(|other| other.name == format!("{name}_count") && other.labels == own);
            assert_eq!(count.map(|count| count.value), Some(end.value), "{end:?}");
        }
    }
}

impl Figure {
    #[track_caller]
    fn read(line: &str) -> Self {
        let at = line.find(['{', ' ']).unwrap_or_else(|| panic!("no number: {line}"));
        let (name, mut rest) = line.split_at(at);
        let is_word = |word: &str| {
            word.starts_with(|letter: char| letter.is_ascii_alphabetic() || letter == '_')
                && word.chars().all(|letter| letter.is_ascii_alphanumeric() || letter == '_')
        };
        assert!(is_word(name), "{line}");
        let mut labels = BTreeMap::new();
        if let Some(inside) = rest.strip_prefix('{') {
            rest = inside;
            loop {
                let (label, after) = rest.split_once("=\"").unwrap_or_else(|| panic!("no label: {line}"));
                assert!(is_word(label), "{line}");
                let (value, after) = quoted(after);
                assert!(labels.insert(label.to_owned(), value).is_none(), "a label twice: {line}");
                let (between, after) = after.split_at(1);
                rest = after;
                match between {
                    "}" => break,
                    "," => {}
                    _ => panic!("{line}"),
                }
            }
        }
        let value = rest.strip_prefix(' ').and_then(|value| value.parse().ok());
        Self { name: name.to_owned(), labels, value: value.unwrap_or_else(|| panic!("no number: {line}")) }
    }
}

/// A value up to its closing quote, and what follows.
fn quoted(text: &str) -> (String, &str) {
    let mut value = String::new();
    let mut letters = text.char_indices();
    while let Some((at, letter)) = letters.next() {
        match letter {
            '"' => return (value, &text[at + 1..]),
            '\\' => match letters.next() {
                Some((_, 'n')) => value.push('\n'),
                Some((_, other @ ('\\' | '"'))) => value.push(other),
                _ => panic!("an escape that is none: {text}"),
            },
            other => value.push(other),
        }
    }
    panic!("no closing quote: {text}");
}
