//! Prices and blocks of the price table.
//!
//! In: prices and bytes. Out: each encoded for the table, or decoded. A price is its billionths with trailing zeros
//! counted instead of written, `mantissa × 10 + zeros`, so that list prices take two or three bytes; `0` is "not sold
//! here". Blocks are raw deflate.

use std::io::{Read, Write};

use flate2::{Compression, read::DeflateDecoder, write::DeflateEncoder};

/// Encodes a price in billionths. `None` beyond 64 bits.
pub fn pack_price(nanos: u64) -> Option<u64> {
    let (mut mantissa, mut zeros) = (nanos, 0);
    while mantissa > 0 && mantissa.is_multiple_of(10) && zeros < 9 {
        mantissa /= 10;
        zeros += 1;
    }
    mantissa.checked_mul(10)?.checked_add(zeros)
}

/// Decodes a price into billionths. `None` beyond 64 bits.
pub fn unpack_price(packed: u64) -> Option<u64> {
    let zeros = u32::try_from(packed % 10).ok()?;
    (packed / 10).checked_mul(10u64.pow(zeros))
}

/// Deflates a block.
pub fn deflate(bytes: &[u8]) -> std::io::Result<Vec<u8>> {
    let mut encoder = DeflateEncoder::new(Vec::new(), Compression::best());
    encoder.write_all(bytes)?;
    encoder.finish()
}

/// The most memory that is set aside before a block is read: a damaged length may be any number.
const AT_ONCE: usize = 1 << 20;

/// Inflates a block with this known length. `None` if it has another or is damaged.
pub fn inflate(bytes: &[u8], length: usize) -> Option<Box<[u8]>> {
    let mut out = Vec::with_capacity(length.min(AT_ONCE));
    // One byte more than expected reveals a block that is too long, and bounds the output of a damaged one.
    let limit = u64::try_from(length).ok()?.checked_add(1)?;
    DeflateDecoder::new(bytes).take(limit).read_to_end(&mut out).ok()?;
    (out.len() == length).then(|| out.into_boxed_slice())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used)]
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn prices_come_back(nanos in 0u64..1_000_000_000_000_000, zeros in 0u32..4) {
            let nanos = nanos * 10u64.pow(zeros);
            prop_assert_eq!(unpack_price(pack_price(nanos).unwrap()), Some(nanos));
        }

        #[test]
        fn blocks_come_back_and_noise_does_not_panic(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
            prop_assert_eq!(inflate(&deflate(&bytes).unwrap(), bytes.len()).unwrap().to_vec(), bytes.clone());
            let _ = inflate(&bytes, 100);
            for byte in &bytes {
                let _ = unpack_price(u64::MAX - u64::from(*byte));
            }
        }
    }

    #[test]
    fn what_is_damaged_is_seen() {
        assert_eq!(inflate(&deflate(b"abc").unwrap(), 2), None);
        for length in [4, usize::MAX - 1, usize::MAX] {
            assert_eq!(inflate(&deflate(b"abc").unwrap(), length), None);
        }
    }
}
