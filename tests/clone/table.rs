//! The figures as Markdown.

use std::fmt::Write as _;

use crate::load::Outcome;
use crate::sides::Target;

/// The medians of one side.
#[derive(Debug, Clone)]
pub(crate) struct Row {
    pub name: String,
    pub group: &'static str,
    pub processes: usize,
    pub requests_per_second: f64,
    pub p50_millis: f64,
    pub p99_millis: f64,
    /// Of all rounds.
    pub errors: u64,
}

impl Row {
    pub(crate) fn of(target: &Target, rounds: &[Outcome]) -> Self {
        let median_of = |figure: fn(&Outcome) -> f64| median(rounds.iter().map(figure).collect());
        Self {
            name: target.name.clone(),
            group: target.group,
            processes: target.processes,
            requests_per_second: median_of(|round| round.requests_per_second),
            p50_millis: median_of(|round| round.p50_millis),
            p99_millis: median_of(|round| round.p99_millis),
            errors: rounds.iter().map(|round| round.errors).sum(),
        }
    }

    /// How many times as many requests as the one process of its group.
    fn times(&self, rows: &[Self]) -> Option<f64> {
        let one = rows.iter().find(|row| row.group == self.group && row.processes == 1)?;
        let is_known = self.processes > 1 && one.requests_per_second > 0.0;
        is_known.then(|| self.requests_per_second / one.requests_per_second)
    }
}

/// The table.
pub(crate) fn markdown(how: &str, rows: &[Row]) -> String {
    let mut table = format!(
        "{how}\n\n| | requests/s | times one | p50 ms | p99 ms | errors |\n|---|---:|---:|---:|---:|---:|\n"
    );
    for row in rows {
        let times = row.times(rows).map_or_else(String::new, |times| format!("**{times:.2}**"));
        let _ = writeln!(
            table,
            "| {} | {:.0} | {times} | {:.0} | {:.0} | {} |",
            row.name, row.requests_per_second, row.p50_millis, row.p99_millis, row.errors
        );
    }
    table
}

/// The middle one, or the mean of the two in the middle.
fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    let middle = values.len() / 2;
    match values.len() {
        0 => 0.0,
        length if length % 2 == 1 => values[middle],
        _ => f64::midpoint(values[middle - 1], values[middle]),
    }
}
