//! The instances that run: how many, of which build, on which hosts, with which secrets.

use std::collections::{BTreeMap, BTreeSet};

use super::{About, Circumstances, Named, Services};
use crate::config::Config;
use crate::health::Finding;
use crate::security::{SECRET_CHECK, SECRET_DIFFERS, mark_secret, secret_of_fleet};
use crate::sockets;

/// The instances as they tell it in Redis, and those that somebody said there shall be.
#[derive(Debug, Default)]
pub(super) struct Fleet {
    pub(super) running: Vec<(String, About)>,
    /// As many as are known of otherwise.
    pub(super) at_least: usize,
    /// This process.
    pub(super) own: Option<About>,
}

impl Fleet {
    /// Asks the shared Redis who is there.
    pub(super) async fn find(services: &Services, config: &Config, known: Circumstances<'_>) -> Self {
        let told = match &services.shared {
            Some(redis) => sockets::running(redis, &config.sockets.key).await.unwrap_or_default(),
            None => Vec::new(),
        };
        // An instance of an older version tells nothing about itself.
        let running =
            told.into_iter().filter_map(|(id, about)| Some((id, serde_json::from_str(&about).ok()?)));
        Self {
            running: running.collect(),
            at_least: known.count(),
            own: Some(About::this(&services.secrets)),
        }
    }

    /// How many instances the findings are about.
    pub(super) fn count(&self) -> usize {
        self.running.len().max(self.at_least).max(1)
    }

    /// The names of their hosts.
    pub(super) fn hosts(&self) -> Vec<&str> {
        let hosts: BTreeMap<_, _> =
            self.running.iter().map(|(_, about)| (about.machine.as_str(), about.host.as_str())).collect();
        hosts.into_values().collect()
    }

    /// Whether all that run are of one build, and of the one that is here.
    pub(super) fn look(&self, config: &Config) -> Vec<Named> {
        if self.running.is_empty() {
            return Vec::new();
        }
        let mut builds: BTreeMap<(&str, &str), Vec<&str>> = BTreeMap::new();
        for (id, about) in &self.running {
            builds.entry((&about.version, &about.build)).or_default().push(id);
        }
        let told = |((version, build), ids): (&(&str, &str), &Vec<&str>)| {
            format!("{} of build {build} with Regatta {version} ({})", ids.len(), ids.join(", "))
        };
        let all = builds.iter().map(told).collect::<Vec<_>>().join("; ");
        let own = self.own.as_ref().map(|own| (own.version.as_str(), own.build.as_str()));
        let finding = if builds.len() > 1 {
            Finding::Warning(format!(
                "the instances that run are not the same program: {all}; replace the old ones with `fleet restart`"
            ))
        } else if own.is_some_and(|own| !builds.contains_key(&own)) {
            Finding::Hint(format!(
                "the instances that run are of another build than this program: {all}; `fleet restart` replaces them"
            ))
        } else {
            Finding::Good(format!("{} run, all of this build", self.running.len()))
        };
        let mut findings = vec![("instances", finding)];
        let alone = config.sockets.single_instance && self.running.len() > 1;
        findings.extend(alone.then(|| {
            let text =
                "single_instance = true in config/sockets.toml, and several instances run: take it out";
            ("instances", Finding::Warning(text.to_owned()))
        }));
        findings
    }

    /// Instances that sign with what another one does not know, or do not know what it signs with.
    pub(super) fn strangers(&self) -> Vec<&str> {
        let signed: BTreeSet<&String> =
            self.running.iter().filter_map(|(_, about)| about.secrets.first()).collect();
        let lacks = |about: &About| signed.iter().any(|mark| !about.secrets.contains(mark));
        self.running.iter().filter(|(_, about)| lacks(about)).map(|(id, _)| id.as_str()).collect()
    }
}

/// Whether the instances know each other's secrets, and this process theirs.
pub(super) async fn compare_secrets(services: &Services, config: &Config, fleet: &Fleet) -> Vec<Named> {
    let strangers = fleet.strangers();
    if !strangers.is_empty() {
        let text = format!(
            "instances sign sessions with secrets that others don't know ({} of {}: {}), so that logins come and go with the \
             balancer's choice: give all the same SESSION_SECRET, then `fleet restart` on each host",
            strangers.len(),
            fleet.running.len(),
            strangers.join(", ")
        );
        return vec![(SECRET_CHECK, Finding::Error(text))];
    }
    let own: Vec<_> = services.secrets.iter().map(|secret| mark_secret(secret)).collect();
    let theirs = fleet.running.iter().filter_map(|(_, about)| about.secrets.first());
    let mut theirs: BTreeSet<String> = theirs.cloned().collect();
    if let Some(redis) = services.sessions.as_ref().or(services.shared.as_ref()) {
        // Whether Redis answers is another check's question.
        theirs.extend(secret_of_fleet(redis, config).await.ok().flatten());
    }
    if theirs.is_empty() {
        return Vec::new();
    }
    let finding = if theirs.iter().all(|mark| own.contains(mark)) {
        Finding::Good("the same on every instance".to_owned())
    } else {
        Finding::Error(SECRET_DIFFERS.to_owned())
    };
    vec![(SECRET_CHECK, finding)]
}
