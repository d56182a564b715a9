//! Compressed forms of a body that is sent often.

use std::sync::{Arc, OnceLock};

use bytes::Bytes;

use super::coding::Coding;

/// The compressed forms, each made when first asked for. An answer with one of these among its extensions is compressed
/// once for each coding; clones share what was made.
#[derive(Debug, Clone, Default)]
pub(crate) struct Variants(Arc<[OnceLock<Bytes>; Coding::PREFERRED.len()]>);

impl Variants {
    pub(super) fn get(&self, coding: Coding) -> Option<Bytes> {
        self.0.get(coding as usize)?.get().cloned()
    }

    pub(super) fn keep(&self, coding: Coding, bytes: Bytes) {
        if let Some(place) = self.0.get(coding as usize) {
            // Two that were made at the same time are the same.
            let _ = place.set(bytes);
        }
    }
}
