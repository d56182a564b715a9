//! The figures of each fault, and what must hold for all of them.

use std::fmt::Write as _;
use std::fs;
use std::time::Duration;

use regatta_tests::workdir::shared;

use super::history::Verdict;

/// How long the own instance's numbers may stay away, of which they take 50 ms themselves.
const STALL: Duration = Duration::from_millis(300);

pub(super) struct Row {
    pub(super) fault: &'static str,
    pub(super) length: Duration,
    pub(super) healed: Duration,
    pub(super) verdict: Verdict,
}

pub(super) struct Table(pub(super) Vec<Row>);

impl Row {
    /// Nothing comes twice or out of order, the own instance is always heard, and clients are told what they lost.
    #[track_caller]
    pub(super) fn check(&self) {
        let line = self.line();
        let Verdict { twice, out_of_order, stall, losses, .. } = &self.verdict;
        assert_eq!((*twice, *out_of_order), (0, 0), "{line}");
        assert!(*stall <= STALL, "{line}");
        for (node, lost, told) in losses {
            assert!(told.is_known && told.count == *lost, "instance {node}: {told:?}, lost {lost}: {line}");
        }
    }

    /// Its line of the table.
    pub(super) fn line(&self) -> String {
        let Verdict { said, twice, out_of_order, stall, arrived_late, died_with_it, losses } = &self.verdict;
        let by_node = |figure: &dyn Fn(&(usize, u64, super::history::Told)) -> u64| {
            let of = |node| losses.iter().filter(|loss| loss.0 == node).map(figure).max().unwrap_or(0);
            format!("{} / {} / {}", of(0), of(1), of(2))
        };
        let lost = by_node(&|(_, lost, _)| *lost);
        let told = by_node(&|(.., told)| told.count);
        format!(
            "| {} | {:.1} | {said} | {lost} | {told} | {twice} | {out_of_order} | {arrived_late} | {died_with_it} | {} | {:.1} |",
            self.fault,
            self.length.as_secs_f64(),
            stall.as_millis(),
            self.healed.as_secs_f64(),
        )
    }
}

impl Table {
    /// Prints it, and writes it to `regatta-tests/faults.md` in the target folder.
    pub(super) fn write(&self) {
        let mut text = "| fault | seconds | numbers said | lost by a client of a / b / c | told as missed | twice | out of order \
            | late (> 500 ms) | died with it | longest silence of the own instance, ms | healed after, s |\n"
            .to_owned();
        text.push_str("|---|---|---|---|---|---|---|---|---|---|---|\n");
        for row in &self.0 {
            let _ = writeln!(text, "{}", row.line());
        }
        println!("{text}");
        fs::write(shared("figures").join("faults.md"), text).expect("the table");
    }
}
