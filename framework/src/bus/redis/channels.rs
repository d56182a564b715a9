//! What an instance subscribes to, and what it is that arrives there.

use std::sync::Arc;

use super::super::{Interests, Question};
use crate::protocol::classic;

/// The channels of the namespaces an instance is interested in.
///
/// A namespace known by its name has a pattern for its broadcasts, and its requests and responses by their names, so that
/// Redis can count who hears them. Those known by how they begin share three patterns.
#[derive(Debug)]
pub(super) struct Channels {
    key: Arc<str>,
    uid: Arc<str>,
    interests: Interests,
}

/// What has arrived.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Arrived<'a> {
    Broadcast,
    /// A request in a namespace.
    Request(&'a str),
    Response,
    /// What arrives a second time, because two subscriptions fit it.
    Copy,
}

impl Channels {
    pub(super) fn new(key: Arc<str>, uid: Arc<str>, interests: Interests) -> Self {
        Self { key, uid, interests }
    }

    /// The patterns to subscribe to.
    pub(super) fn patterns(&self) -> Vec<String> {
        let names = self.interests.names.iter().map(|name| classic::pattern(&self.key, name));
        let starts = self.interests.starts.iter();
        let starts =
            starts.flat_map(|start| ["", "-request", "-response"].map(|kind| self.glob(kind, start)));
        names.chain(starts).collect()
    }

    /// The channels to subscribe to.
    pub(super) fn names(&self) -> Vec<String> {
        let channels = |name: &String| {
            let own = classic::own_response_channel(&self.key, name, &self.uid);
            [classic::request_channel(&self.key, name), classic::response_channel(&self.key, name), own]
        };
        let fellows = classic::fellows_channel(&self.key);
        self.interests.names.iter().flat_map(channels).chain([fellows]).collect()
    }

    /// The channel whose subscribers answer the question in `namespace`, as far as Redis can count them.
    pub(super) fn counted(&self, namespace: &str, question: &Question) -> String {
        if *question == Question::Settled {
            return classic::fellows_channel(&self.key);
        }
        let is_known = self.interests.names.iter().any(|name| name == namespace);
        classic::request_channel(&self.key, if is_known { namespace } else { "/" })
    }

    /// The namespaces known by their names. Messages in them are numbered, in each by itself: an app that does not
    /// know one does not miss what is said there.
    pub(super) fn numbered(&self) -> &[String] {
        &self.interests.names
    }

    /// The place of a namespace in [`Channels::numbered`], if it is there.
    pub(super) fn place(&self, namespace: &str) -> Option<usize> {
        self.interests.names.iter().position(|name| name == namespace)
    }

    /// Whether what is said in `namespace` is heard.
    pub(super) fn are_heard(&self, namespace: &str) -> bool {
        let Interests { names, starts } = &self.interests;
        names.iter().any(|name| name == namespace) || starts.iter().any(|start| namespace.starts_with(start))
    }

    /// The namespace to which a channel belongs.
    pub(super) fn namespace<'c>(&self, channel: &'c str) -> Option<&'c str> {
        let (_, rest) = channel.strip_prefix(&*self.key)?.split_once('#')?;
        rest.split('#').next()
    }

    /// Whether a message may fit two subscriptions, and so arrive twice.
    pub(super) fn overlap(&self) -> bool {
        !self.interests.starts.is_empty()
    }

    /// What has arrived on `channel`; with the pattern that fits it when it was subscribed to by one.
    pub(super) fn arrived<'c>(&self, channel: &'c str, pattern: Option<&str>) -> Option<Arrived<'c>> {
        let (kind, rest) = channel.strip_prefix(&*self.key)?.split_once('#')?;
        let namespace = rest.split('#').next()?;
        let arrived = match kind {
            "" => Arrived::Broadcast,
            "-request" => Arrived::Request(namespace),
            "-response" => Arrived::Response,
            _ => return None,
        };
        match pattern.filter(|_| self.overlap()) {
            Some(pattern) if self.chosen(kind, namespace).as_deref() != Some(pattern) => Some(Arrived::Copy),
            _ => Some(arrived),
        }
    }

    /// Whether it is a broadcast channel of `namespace`.
    pub(super) fn is_of(&self, channel: &str, namespace: &str) -> bool {
        let rest = channel.strip_prefix(&*self.key).and_then(|rest| rest.strip_prefix('#'));
        rest.and_then(|rest| rest.strip_prefix(namespace)).is_some_and(|rest| rest.starts_with('#'))
    }

    /// Of the patterns that fit, the one whose messages count.
    fn chosen(&self, kind: &str, namespace: &str) -> Option<String> {
        if self.interests.names.iter().any(|name| name == namespace) {
            return kind.is_empty().then(|| classic::pattern(&self.key, namespace));
        }
        let start = self.interests.starts.iter().find(|start| namespace.starts_with(start.as_str()))?;
        Some(self.glob(kind, start))
    }

    fn glob(&self, kind: &str, start: &str) -> String {
        classic::glob(&format!("{}{kind}#{start}", self.key))
    }
}

#[cfg(test)]
mod tests;
