//! Whole numbers in few bytes: LEB128, seven bits a byte, the lowest first.
//!
//! In: numbers and bytes. Out: the same in the other form. Later versions read stored data: the format never changes.

/// Why bytes are not a number.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum VarintError {
    /// They end before the number does.
    #[error("the bytes end within a number")]
    Truncated,
    /// It does not fit into 64 bits.
    #[error("a number beyond 64 bits")]
    TooLarge,
}

/// Appends a number.
pub fn put(out: &mut Vec<u8>, mut number: u64) {
    while number >= 0x80 {
        out.push((number & 0x7f) as u8 | 0x80);
        number >>= 7;
    }
    out.push(number as u8);
}

/// Removes a number from the front. After an error, the rest begins behind the last byte that was read.
///
/// # Errors
/// If the bytes end within the number, or it does not fit into 64 bits.
pub fn take(bytes: &mut &[u8]) -> Result<u64, VarintError> {
    let mut number = 0u64;
    for shift in (0..64).step_by(7) {
        let (byte, rest) = bytes.split_first().ok_or(VarintError::Truncated)?;
        *bytes = rest;
        let part = u64::from(byte & 0x7f);
        if part << shift >> shift != part {
            return Err(VarintError::TooLarge);
        }
        number |= part << shift;
        if byte & 0x80 == 0 {
            return Ok(number);
        }
    }
    Err(VarintError::TooLarge)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn numbers_have_the_form_that_is_stored() {
        for (number, bytes) in [
            (0, vec![0]),
            (127, vec![0x7f]),
            (128, vec![0x80, 0x01]),
            (300, vec![0xac, 0x02]),
            (u64::MAX, vec![0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01]),
        ] {
            let mut out = Vec::new();
            put(&mut out, number);
            assert_eq!(out, bytes, "{number}");
        }
    }

    #[test]
    fn what_is_damaged_is_seen() {
        let beyond = [0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x02, 0x07];
        for (bytes, error, left) in [
            (&[][..], VarintError::Truncated, 0),
            (&[0x80, 0xff], VarintError::Truncated, 0),
            (&[0xff; 12], VarintError::TooLarge, 2),
            (&beyond, VarintError::TooLarge, 1),
        ] {
            let mut rest = bytes;
            assert_eq!((take(&mut rest), rest.len()), (Err(error), left), "{bytes:?}");
        }
    }

    proptest! {
        #[test]
        fn numbers_come_back(numbers in prop::collection::vec(any::<u64>(), 0..20)) {
            let mut bytes = Vec::new();
            numbers.iter().for_each(|n| put(&mut bytes, *n));
            let mut rest = bytes.as_slice();
            for number in numbers {
                prop_assert_eq!(take(&mut rest), Ok(number));
            }
            prop_assert_eq!(take(&mut rest), Err(VarintError::Truncated));
        }
    }
}
