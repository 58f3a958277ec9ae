//! Object uids, in 16 bytes if they are UUIDs, which they are on every real API server.

use std::{fmt, sync::Arc};

/// The uid of an object. It prints exactly as the API server wrote it.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Uid(Repr);

#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
enum Repr {
    Uuid([u8; 16]),
    Text(Arc<str>),
}

/// Positions of the dashes in a UUID.
const DASHES: [usize; 4] = [8, 13, 18, 23];

fn parse_uuid(text: &str) -> Option<[u8; 16]> {
    let bytes = text.as_bytes();
    if bytes.len() != 36 || DASHES.iter().any(|&i| bytes[i] != b'-') {
        return None;
    }
    let mut digits = bytes.iter().enumerate().filter(|(i, _)| !DASHES.contains(i)).map(|(_, b)| match b {
        b'0'..=b'9' => Some(b - b'0'),
        // Upper case would not print back as written.
        b'a'..=b'f' => Some(b - b'a' + 10),
        _ => None,
    });
    let mut out = [0; 16];
    for byte in &mut out {
        *byte = digits.next()?? << 4 | digits.next()??;
    }
    Some(out)
}

impl From<&str> for Uid {
    fn from(text: &str) -> Self {
        Self(parse_uuid(text).map_or_else(|| Repr::Text(text.into()), Repr::Uuid))
    }
}

impl fmt::Display for Uid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Repr::Text(text) => f.write_str(text),
            Repr::Uuid(bytes) => {
                for (i, byte) in bytes.iter().enumerate() {
                    if matches!(i, 4 | 6 | 8 | 10) {
                        f.write_str("-")?;
                    }
                    write!(f, "{byte:02x}")?;
                }
                Ok(())
            }
        }
    }
}

impl fmt::Debug for Uid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn prints_as_written() {
        for text in [
            "6f1e2d3c-0a1b-4c2d-8e9f-001122334455",
            "6F1E2D3C-0A1B-4C2D-8E9F-001122334455",
            "6f1e2d3c-0a1b-4c2d-8e9f-00112233445",
            "6f1e2d3c00a1b-4c2d-8e9f-001122334455",
            "",
            "pod-1",
        ] {
            assert_eq!(Uid::from(text).to_string(), text);
        }
    }

    #[test]
    fn a_uuid_takes_no_heap() {
        assert!(matches!(Uid::from("6f1e2d3c-0a1b-4c2d-8e9f-001122334455").0, Repr::Uuid(_)));
        assert!(size_of::<Uid>() <= 24);
    }
}
