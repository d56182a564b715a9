//! The findings, for people and for programs.

use serde::Serialize;

use super::Named;
use crate::health::Finding;

/// All that was found.
#[derive(Debug, Default)]
pub(crate) struct Report {
    findings: Vec<Named>,
    instances: Option<usize>,
}

/// What `--json` prints.
#[derive(Debug, Serialize)]
struct Told<'a> {
    /// Whether nothing is an error.
    ok: bool,
    app: &'a str,
    environment: &'a str,
    /// How many instances the findings are about.
    #[serde(skip_serializing_if = "Option::is_none")]
    instances: Option<usize>,
    findings: Vec<Line<'a>>,
}

#[derive(Debug, Serialize)]
struct Line<'a> {
    check: &'a str,
    level: &'a str,
    text: &'a str,
}

impl Report {
    /// Adds findings; what is there already, of another part that saw the same, is not told twice.
    pub(crate) fn add(&mut self, found: Vec<Named>) {
        for (name, finding) in found {
            if !self.findings.iter().any(|(_, known)| known.text() == finding.text()) {
                self.findings.push((name, finding));
            }
        }
    }

    pub(super) fn count(&mut self, instances: usize) {
        self.instances = Some(instances);
    }

    /// Whether something does not work.
    pub(crate) fn is_bad(&self) -> bool {
        self.findings.iter().any(|(_, finding)| finding.is_error())
    }

    /// A line for each finding, and one that counts them.
    pub(crate) fn table(&self) -> String {
        let width = self.findings.iter().map(|(name, _)| name.len()).max().unwrap_or(0);
        let mut table = String::new();
        for (name, finding) in &self.findings {
            table += &format!("{:7}  {name:width$}  {}\n", level(finding), finding.text());
        }
        let count = |wanted: &str| {
            let count = self.findings.iter().filter(|(_, finding)| level(finding) == wanted).count();
            format!("{count} {wanted}{}", if count == 1 { "" } else { "s" })
        };
        table + &format!("{}, {}, {}", count("error"), count("warning"), count("hint"))
    }

    /// The same as JSON; the guide `doctor.md` describes it.
    ///
    /// # Errors
    /// When it can't be written as JSON.
    pub(crate) fn json(&self, app: &str, environment: &str) -> crate::Result<String> {
        let line = |(check, finding)| {
            let finding: &Finding = finding;
            Line { check, level: level(finding), text: finding.text() }
        };
        let findings = self.findings.iter().map(|(check, finding)| line((*check, finding))).collect();
        let told = Told { ok: !self.is_bad(), app, environment, instances: self.instances, findings };
        Ok(serde_json::to_string_pretty(&told)?)
    }
}

/// The word for how bad a finding is.
fn level(finding: &Finding) -> &'static str {
    match finding {
        Finding::Good(_) => "ok",
        Finding::Hint(_) => "hint",
        Finding::Warning(_) => "warning",
        Finding::Error(_) => "error",
    }
}
