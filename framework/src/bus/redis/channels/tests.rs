//! Which subscription's message counts.

use super::{Channels, Heard};
use crate::bus::{Interests, Question};

fn channels(names: &[&str], starts: &[&str]) -> Channels {
    let owned = |texts: &[&str]| texts.iter().map(|&text| text.to_owned()).collect();
    Channels::new("io".into(), "uidabc".into(), Interests { names: owned(names), starts: owned(starts) })
}

#[test]
fn names_are_subscribed_to_as_node_does() {
    let channels = channels(&["/", "/admin"], &[]);

    assert_eq!(channels.patterns(), ["io#/#*", "io#/admin#*"]);
    assert_eq!(
        channels.names(),
        [
            "io-request#/#",
            "io-response#/#",
            "io-response#/#uidabc#",
            "io-request#/admin#",
            "io-response#/admin#",
            "io-response#/admin#uidabc#",
            "io-regatta#",
        ]
    );
    assert_eq!(channels.heard("io#/admin#room#", Some("io#/admin#*")), Some(Heard::Broadcast));
    assert_eq!(channels.heard("io-request#/admin#", None), Some(Heard::Request("/admin")));
    assert_eq!(channels.heard("io-response#/#uidabc#", None), Some(Heard::Response));
    assert_eq!(channels.heard("other#/#", None), None);
}

#[test]
fn what_two_subscriptions_fit_counts_once() {
    let channels = channels(&["/", "/project/new"], &["/project/", "/"]);

    let fits = |channel: &'static str| {
        let all = channels.patterns();
        let begins = |pattern: &&String| channel.starts_with(pattern.trim_end_matches('*'));
        let by_pattern = all.iter().filter(begins).map(|pattern| channels.heard(channel, Some(pattern)));
        let by_name = channels.names().contains(&channel.to_owned()).then(|| channels.heard(channel, None));
        by_pattern.chain(by_name).flatten().filter(|heard| *heard != Heard::Copy).collect::<Vec<_>>()
    };
    assert_eq!(fits("io#/project/7#"), [Heard::Broadcast]);
    assert_eq!(fits("io#/project/new#room#"), [Heard::Broadcast]);
    assert_eq!(fits("io#/#"), [Heard::Broadcast]);
    assert_eq!(fits("io-request#/project/7#"), [Heard::Request("/project/7")]);
    assert_eq!(fits("io-request#/project/new#"), [Heard::Request("/project/new")]);
    assert_eq!(fits("io-response#/#"), [Heard::Response]);
    assert_eq!(channels.counted("/project/new", &Question::Rooms), "io-request#/project/new#");
    assert_eq!(channels.counted("/project/7", &Question::Rooms), "io-request#/#");
    assert_eq!(channels.counted("/", &Question::Settled), "io-regatta#");
}
