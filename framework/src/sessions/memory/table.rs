//! The sessions themselves: by id, by their last use, and by who they are signed in as.

use std::collections::{BTreeMap, HashMap};
use std::time::Instant;

use crate::sessions::{Owner, Values, Which};

/// By the hash of a session's id.
#[derive(Debug, Default)]
pub(super) struct Table {
    pub(super) sessions: HashMap<String, Entry>,
    /// Ids by their last use, oldest first: the order in which they become idle too.
    pub(super) by_use: BTreeMap<u64, String>,
    /// The sessions of each user, in the order of their sign-ins.
    pub(super) by_user: HashMap<String, Vec<String>>,
    uses: u64,
}

#[derive(Debug)]
pub(super) struct Entry {
    /// `None`: it was renewed.
    pub(super) values: Option<Values>,
    pub(super) owner: Option<Owner>,
    pub(super) started: Instant,
    pub(super) used: Instant,
    pub(super) expires: Instant,
    last_use: u64,
    /// Whose turn it is, and until when.
    pub(super) lock: Option<(String, Instant)>,
}

impl Entry {
    pub(super) fn new(
        values: Option<Values>,
        owner: Option<Owner>,
        started: Instant,
        expires: Instant,
    ) -> Self {
        Self { values, owner, started, used: Instant::now(), expires, last_use: 0, lock: None }
    }
}

impl Table {
    /// The living session, moved to the end of the order.
    pub(super) fn touch(&mut self, key: &str, now: Instant) -> Option<&mut Entry> {
        if self.sessions.get(key)?.expires <= now {
            self.remove(key);
            return None;
        }
        let entry = self.sessions.get_mut(key).filter(|entry| entry.values.is_some())?;
        self.by_use.remove(&entry.last_use);
        self.uses += 1;
        (entry.last_use, entry.used) = (self.uses, now);
        self.by_use.insert(self.uses, key.to_owned());
        Some(entry)
    }

    /// Whether there is such a session, without using it.
    pub(super) fn is_alive(&self, key: &str, now: Instant) -> bool {
        self.sessions.get(key).is_some_and(|entry| entry.values.is_some() && entry.expires > now)
    }

    /// Puts an entry in the place of any other; what must go because there are more than `max`, or the user has more
    /// than `max_per_user`, is returned.
    pub(super) fn put(
        &mut self,
        key: &str,
        mut entry: Entry,
        max: usize,
        max_per_user: usize,
    ) -> Vec<String> {
        self.remove(key);
        self.uses += 1;
        entry.last_use = self.uses;
        let mut ended = Vec::new();
        if let Some(owner) = &entry.owner {
            ended = self.too_many(&owner.user, max_per_user);
            self.by_user.entry(owner.user.clone()).or_default().push(key.to_owned());
        }
        self.by_use.insert(self.uses, key.to_owned());
        self.sessions.insert(key.to_owned(), entry);
        self.make_room(max);
        ended
    }

    /// Ends the user's oldest sessions until there is room for one more.
    fn too_many(&mut self, user: &str, max: usize) -> Vec<String> {
        let now = Instant::now();
        let mut ended = Vec::new();
        while let Some(own) = self.by_user.get(user).filter(|own| own.len() >= max) {
            let dead = own.iter().find(|key| !self.is_alive(key, now));
            let (key, alive) = match (dead, own.first()) {
                (Some(dead), _) => (dead.clone(), false),
                (None, Some(oldest)) => (oldest.clone(), true),
                (None, None) => break,
            };
            self.remove(&key);
            ended.extend(alive.then_some(key));
        }
        ended
    }

    /// Ends sessions of a user; those that lived are returned.
    pub(super) fn end(&mut self, user: &str, which: Which<'_>) -> Vec<String> {
        let now = Instant::now();
        let own = self.by_user.get(user).cloned().unwrap_or_default();
        let mut ended: Vec<String> = own.into_iter().filter(|key| which.means(key)).collect();
        ended.retain(|key| {
            let alive = self.is_alive(key, now);
            self.remove(key);
            alive
        });
        ended
    }

    pub(super) fn remove(&mut self, key: &str) -> Option<Entry> {
        let entry = self.sessions.remove(key)?;
        self.by_use.remove(&entry.last_use);
        if let Some(owner) = &entry.owner
            && let Some(own) = self.by_user.get_mut(&owner.user)
        {
            own.retain(|other| other != key);
            if own.is_empty() {
                self.by_user.remove(&owner.user);
            }
        }
        Some(entry)
    }

    /// Takes out what has expired at the old end, and more while there are too many.
    fn make_room(&mut self, max: usize) {
        let now = Instant::now();
        while let Some((_, oldest)) = self.by_use.first_key_value() {
            let oldest = oldest.clone();
            let expired = self.sessions.get(&oldest).is_none_or(|entry| entry.expires <= now);
            if !expired && self.sessions.len() <= max {
                return;
            }
            self.remove(&oldest);
        }
    }
}
