//! Own writes that the watch does not show yet.

use std::{
    collections::HashMap,
    time::{Duration, Instant},
};

use super::SizesRow;

/// A watch that has not shown a write after this time never will, for example because the object was deleted in
/// between.
const LOST: Duration = Duration::from_secs(30);

struct Written<T> {
    version: String,
    entry: Option<T>,
    at: Instant,
}

/// By namespace and key.
pub(super) struct Overlay<T>(HashMap<(String, String), Written<T>>);

impl<T> Default for Overlay<T> {
    fn default() -> Self {
        Self(HashMap::new())
    }
}

impl<T: Clone> Overlay<T> {
    pub(super) fn wrote<'a>(
        &mut self,
        namespace: &str,
        version: &str,
        entries: impl Iterator<Item = (&'a str, Option<&'a T>)>,
    ) where
        T: 'a,
    {
        let at = Instant::now();
        self.0.retain(|_, written| at.duration_since(written.at) < LOST);
        for (key, entry) in entries {
            let written = Written { version: version.to_owned(), entry: entry.cloned(), at };
            self.0.insert((namespace.to_owned(), key.to_owned()), written);
        }
    }

    /// The value written to a key, if `row`, which the watch shows, is older than the write.
    pub(super) fn get(&mut self, namespace: &str, key: &str, row: Option<&SizesRow>) -> Option<Option<T>> {
        let at = (namespace.to_owned(), key.to_owned());
        let written = self.0.get(&at)?;
        let shown = row.is_some_and(|row| not_before(&row.resource_version, &written.version));
        if shown || written.at.elapsed() >= LOST {
            self.0.remove(&at);
            return None;
        }
        Some(written.entry.clone())
    }
}

/// Whether version `a` of an object is `b` or later. Versions are increasing decimal numbers, since 1.35 by
/// specification.
fn not_before(a: &str, b: &str) -> bool {
    let number = |text: &str| text.parse::<u128>().ok();
    a == b || number(a).zip(number(b)).is_some_and(|(a, b)| a >= b)
}

#[cfg(test)]
mod tests {
    use super::not_before;

    #[test]
    fn versions_are_numbers() {
        for (a, b, expected) in
            [("10", "9", true), ("9", "10", false), ("9", "9", true), ("x", "x", true), ("x", "1", false)]
        {
            assert_eq!(not_before(a, b), expected, "{a} {b}");
        }
    }
}
