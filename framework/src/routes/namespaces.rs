//! The namespaces an app has, for whoever must know them without calling anything.

use std::collections::HashSet;

use actix_web::dev::ResourceDef;

use super::{Call, NamespaceEntry};

/// The longest name of a namespace, in bytes.
const LONGEST: usize = 255;

/// The namespaces an app has, `/` first.
#[derive(Debug)]
pub(crate) struct Namespaces(Vec<Declared>);

/// A namespace, or all those that fit a pattern.
#[derive(Debug)]
pub(crate) struct Declared {
    path: ResourceDef,
    /// How every name begins, when it is a pattern.
    start: Option<String>,
    calls: HashSet<Call>,
}

impl Namespaces {
    pub(crate) fn new(entries: &[NamespaceEntry]) -> Self {
        let declared = entries.iter().map(|entry| {
            let calls = entry.calls.iter().map(|call| call.call.clone());
            let connect = (!entry.before_connect.is_empty()).then_some(Call::Connect);
            Declared {
                path: ResourceDef::new(&*entry.name),
                start: entry.name.split_once('{').map(|(start, _)| start.to_owned()),
                calls: calls.chain(connect).collect(),
            }
        });
        Self(declared.collect())
    }

    /// The namespace of this name, when the app has it.
    pub(crate) fn find(&self, name: &str) -> Option<&Declared> {
        let is_name = name.len() <= LONGEST && !name.contains(['#', ',', '?']);
        self.0.iter().find(|declared| is_name && declared.path.is_match(name))
    }

    /// The place of the namespace of this name.
    pub(crate) fn place(&self, name: &str) -> Option<usize> {
        self.0.iter().position(|declared| declared.path.is_match(name))
    }

    /// All of them, as they are written.
    pub(crate) fn patterns(&self) -> impl Iterator<Item = &str> {
        self.0.iter().map(|declared| declared.path.pattern().unwrap_or_default())
    }

    /// The names that are no patterns.
    pub(crate) fn names(&self) -> impl Iterator<Item = &str> {
        self.0
            .iter()
            .filter(|declared| declared.start.is_none())
            .filter_map(|declared| declared.path.pattern())
    }

    /// How the names of those begin that are patterns.
    pub(crate) fn starts(&self) -> impl Iterator<Item = &str> {
        self.0.iter().filter_map(|declared| declared.start.as_deref())
    }
}

impl Declared {
    /// Whether something is done at such a call.
    pub(crate) fn takes(&self, call: &Call) -> bool {
        let any = matches!(call, Call::Event(_)) && self.calls.contains(&Call::AnyEvent);
        any || self.calls.contains(call)
    }
}
