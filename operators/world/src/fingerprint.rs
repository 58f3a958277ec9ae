//! FNV-1a over 64 bits: fingerprints that are the same in every process and every version of the standard library.
//!
//! Source: <http://www.isthe.com/chongo/tech/comp/fnv/>. It guards against accidents, not against attackers.

/// A running hash. Each item is told apart from the next by its length.
pub(crate) struct Fnv(u64);

impl Fnv {
    pub(crate) fn new() -> Self {
        Self(0xcbf2_9ce4_8422_2325)
    }

    fn bytes(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.0 = (self.0 ^ u64::from(*byte)).wrapping_mul(0x0000_0100_0000_01b3);
        }
    }

    pub(crate) fn text(&mut self, text: &str) {
        self.number(text.len() as u64);
        self.bytes(text.as_bytes());
    }

    pub(crate) fn number(&mut self, n: u64) {
        self.bytes(&n.to_le_bytes());
    }

    pub(crate) fn finish(self) -> u64 {
        self.0
    }
}
