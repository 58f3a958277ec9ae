//! FNV-1a over 64 bits: fingerprints that are the same in every process and every version of the standard library.
//!
//! Source: <http://www.isthe.com/chongo/tech/comp/fnv/>. It guards against accidents, not against attackers.

use std::hash::Hasher;

use fnv::FnvHasher;

/// A running hash. Each item is delimited from the next by its length.
#[derive(Default)]
pub(crate) struct Fnv(FnvHasher);

impl Fnv {
    pub(crate) fn text(&mut self, text: &str) {
        self.number(text.len() as u64);
        self.0.write(text.as_bytes());
    }

    pub(crate) fn number(&mut self, n: u64) {
        self.0.write(&n.to_le_bytes());
    }

    pub(crate) fn finish(self) -> u64 {
        self.0.finish()
    }
}
