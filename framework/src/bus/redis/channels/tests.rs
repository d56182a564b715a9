//! Which subscription's message counts.

use super::{Arrived, Channels};
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
    assert_eq!(channels.arrived("io#/admin#room#", Some("io#/admin#*")), Some(Arrived::Broadcast));
    assert_eq!(channels.arrived("io-request#/admin#", None), Some(Arrived::Request("/admin")));
    assert_eq!(channels.arrived("io-response#/#uidabc#", None), Some(Arrived::Response));
    assert_eq!(channels.arrived("other#/#", None), None);
    assert_eq!((channels.place("/admin"), channels.place("/other")), (Some(1), None));
}

#[test]
fn what_two_subscriptions_fit_counts_once() {
    let channels = channels(&["/", "/project/new"], &["/project/", "/"]);

    let fits = |channel: &'static str| {
        let all = channels.patterns();
        let begins = |pattern: &&String| channel.starts_with(pattern.trim_end_matches('*'));
        let by_pattern = all.iter().filter(begins).map(|pattern| channels.arrived(channel, Some(pattern)));
        let by_name = channels.names().contains(&channel.to_owned()).then(|| channels.arrived(channel, None));
        by_pattern.chain(by_name).flatten().filter(|arrived| *arrived != Arrived::Copy).collect::<Vec<_>>()
    };
    assert_eq!(fits("io#/project/7#"), [Arrived::Broadcast]);
    assert_eq!(fits("io#/project/new#room#"), [Arrived::Broadcast]);
    assert_eq!(fits("io#/#"), [Arrived::Broadcast]);
    assert_eq!(fits("io-request#/project/7#"), [Arrived::Request("/project/7")]);
    assert_eq!(fits("io-request#/project/new#"), [Arrived::Request("/project/new")]);
    assert_eq!(fits("io-response#/#"), [Arrived::Response]);
    assert_eq!(channels.namespace("io-request#/project/7#"), Some("/project/7"));
    assert_eq!((channels.place("/project/7"), channels.are_heard("/project/7")), (None, true));
    assert_eq!(channels.counted("/project/new", &Question::Rooms), "io-request#/project/new#");
    assert_eq!(channels.counted("/project/7", &Question::Rooms), "io-request#/#");
    assert_eq!(channels.counted("/", &Question::Settled), "io-regatta#");
}
