//! The figures as Markdown.

use crate::contest::{Contest, Entry, Round};
use crate::cores::Cores;
use crate::options::Options;
use crate::side::{DATABASE_CONNECTIONS, Services};

/// Prints what was measured how, and the head of the table.
pub(crate) fn print_head(options: &Options, cores: &Cores, services: &Services) {
    println!(
        "{} alternating rounds of {} s with {} connections (wrk); workers {}, database connections {DATABASE_CONNECTIONS}, {cores}.\n\
         Medians; a ratio is the median (lowest to highest) of the ratios to the first row in neighbouring rounds.\n",
        options.rounds, options.seconds, options.connections, services.workers,
    );
    println!(
        "| workload | side | requests/s | best | ratio | CPU µs/request | CPU ratio | p50 ms | p99 ms |"
    );
    println!("|---|---|---:|---:|---:|---:|---:|---:|---:|");
}

/// Prints a row for each entry of the contest.
pub(crate) fn print_rows(contest: &Contest<'_>, figures: &[Vec<Round>]) {
    let reference = &figures[0];
    for (place, (entry, rounds)) in contest.entries.iter().zip(figures).enumerate() {
        let rates = sorted(rounds.iter().map(Round::rate));
        let (mut ratio, mut cpu_ratio) = (String::from("1"), String::from("1"));
        if place > 0 {
            let pairs = || rounds.iter().zip(reference);
            let ratios = sorted(pairs().map(|(round, other)| round.rate() / other.rate()));
            ratio =
                format!("**{:.2}** ({:.2} to {:.2})", median(&ratios), ratios[0], ratios[ratios.len() - 1]);
            // The other way round, so that less work is more here too.
            let saved = sorted(pairs().map(|(round, other)| other.cpu_micros() / round.cpu_micros()));
            cpu_ratio = format!("{:.2}", median(&saved));
        }
        println!(
            "| {} | {} | {:.0} | {:.0} | {ratio} | {:.1} | {cpu_ratio} | {:.1} | {:.1} |",
            if place == 0 { contest.title } else { "" },
            label(entry),
            median(&rates),
            rates[rates.len() - 1],
            median(&sorted(rounds.iter().map(Round::cpu_micros))),
            median(&sorted(rounds.iter().map(Round::p50_millis))),
            median(&sorted(rounds.iter().map(Round::p99_millis))),
        );
    }
}

fn label(entry: &Entry<'_>) -> String {
    match entry.note {
        "" => entry.side.name().to_owned(),
        note => format!("{}, {note}", entry.side.name()),
    }
}

fn sorted(values: impl Iterator<Item = f64>) -> Vec<f64> {
    let mut values: Vec<_> = values.collect();
    values.sort_by(f64::total_cmp);
    values
}

/// The middle one, or the mean of the two in the middle.
fn median(sorted: &[f64]) -> f64 {
    let middle = sorted.len() / 2;
    if sorted.len() % 2 == 1 { sorted[middle] } else { f64::midpoint(sorted[middle - 1], sorted[middle]) }
}
