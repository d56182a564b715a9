//! The figures as Markdown.

use crate::contest::{Contest, Round};

/// Prints what was measured how, and the head of the table; `counted` names what is done so often a second.
pub(crate) fn print_head(how: &str, counted: &str) {
    println!(
        "\n{how}\n\
         Medians. A ratio says how often the first row does it while this one does it once, and a CPU ratio how much \
         more processor time this one takes for it: above 1 the first row is better. Each is the median (lowest to \
         highest) of the ratios of neighbouring rounds.\n"
    );
    println!("| workload | side | {counted}/s | best | ratio | CPU µs each | CPU ratio | p50 ms | p99 ms |");
    println!("|---|---|---:|---:|---:|---:|---:|---:|---:|");
}

/// Prints a row for each entry of the contest.
pub(crate) fn print_rows(contest: &Contest<'_>, figures: &[Vec<Round>]) {
    let first = &figures[0];
    for (place, (entry, rounds)) in contest.entries.iter().zip(figures).enumerate() {
        let rates = sorted(rounds.iter().map(Round::rate));
        let (mut ratio, mut cpu_ratio) = (String::new(), String::new());
        if place > 0 {
            let pairs = || first.iter().zip(rounds);
            let ratios = sorted(pairs().map(|(first, round)| first.rate() / round.rate()));
            ratio =
                format!("**{:.2}** ({:.2} to {:.2})", median(&ratios), ratios[0], ratios[ratios.len() - 1]);
            let spent = sorted(pairs().map(|(first, round)| round.cpu_micros() / first.cpu_micros()));
            cpu_ratio = format!("{:.2}", median(&spent));
        }
        println!(
            "| {} | {} | {:.0} | {:.0} | {ratio} | {:.1} | {cpu_ratio} | {:.1} | {:.1} |",
            if place == 0 { contest.title } else { "" },
            label(&entry.label, rounds),
            median(&rates),
            rates[rates.len() - 1],
            median(&sorted(rounds.iter().map(Round::cpu_micros))),
            median(&sorted(rounds.iter().map(Round::p50_millis))),
            median(&sorted(rounds.iter().map(Round::p99_millis))),
        );
    }
}

/// With how many came out of order: servers promise that none does.
fn label(label: &str, rounds: &[Round]) -> String {
    match rounds.iter().map(Round::early).sum() {
        0 => label.to_owned(),
        early @ 1.. => format!("{label}, {early} out of order"),
    }
}

/// Bytes of a server's memory without and with so many idle sockets.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Memory {
    pub before: u64,
    pub after: u64,
    pub sockets: u32,
}

impl Memory {
    #[expect(clippy::cast_precision_loss, reason = "memory has far fewer than 2^52 bytes")]
    fn kilobytes_each(&self) -> f64 {
        (self.after as f64 - self.before as f64) / 1_024.0 / f64::from(self.sockets)
    }
}

/// Prints the head of a table of what idle sockets cost.
pub(crate) fn print_memory_head(sockets: u32) {
    println!("\n| idle sockets | MB before | MB with {sockets} | KB each | ratio |");
    println!("|---|---:|---:|---:|---:|");
}

/// Prints a row of that table; the ratio is to the `first` row.
pub(crate) fn print_memory(label: &str, memory: Memory, first: Memory) {
    const MEGABYTE: u64 = 1_024 * 1_024;
    println!(
        "| {label} | {} | {} | {:.1} | {:.2} |",
        memory.before / MEGABYTE,
        memory.after / MEGABYTE,
        memory.kilobytes_each(),
        memory.kilobytes_each() / first.kilobytes_each(),
    );
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
