//! The name that somebody most likely meant.
//!
//! In: the written name, and the existing names. Out: the nearest one, if it is near enough. Pure.

/// Maximum number of differing letters in names that are taken for one another.
const MOST_APART: usize = 3;
/// Minimum length of a name that is recognised within a longer one.
const LEAST_WITHIN: usize = 3;
/// Minimum length of a deliberately abbreviated name: `min-mem`.
const LEAST_CUT: usize = 5;

/// The one of `names` most similar to `written`: upper case, dashes and dots do not count, two swapped letters count as
/// one. Among equally near names the first in alphabetical order.
pub fn nearest<'a>(written: &str, names: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let letters = letters(written);
    names
        .into_iter()
        .filter_map(|name| Some((distance(&letters, &self::letters(name))?, name)))
        .min()
        .map(|(_, name)| name)
}

fn letters(name: &str) -> String {
    name.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase).collect()
}

/// The distance of two names; `None` if they are too far apart to be meant for one another.
fn distance(a: &str, b: &str) -> Option<usize> {
    let (shorter, longer) = if a.len() <= b.len() { (a, b) } else { (b, a) };
    let apart = strsim::osa_distance(shorter, longer);
    let most = (longer.chars().count() / 2).min(MOST_APART);
    let begins = shorter.len() >= LEAST_CUT && longer.starts_with(shorter);
    if apart > 0 && begins {
        Some(1)
    } else if apart <= most {
        Some(apart)
    } else {
        (shorter.len() >= LEAST_WITHIN && longer.contains(shorter)).then_some(MOST_APART + 1)
    }
}

#[cfg(test)]
mod tests {
    use super::nearest;

    #[test]
    fn what_was_meant_is_found_and_nothing_is_guessed() {
        let names = ["app", "istio-proxy", "metrics", "mode", "min-cpu", "min-memory", "vault-agent"];
        for (written, expected) in [
            ("istio-poxy", Some("istio-proxy")),
            ("istioproxy", Some("istio-proxy")),
            ("proxy", Some("istio-proxy")),
            ("mod", Some("mode")),
            ("Mode", Some("mode")),
            ("mdoe", Some("mode")),
            ("minCpu", Some("min-cpu")),
            ("min-memroy", Some("min-memory")),
            ("min-mem", Some("min-memory")),
            ("min-cpu-request", Some("min-cpu")),
            ("vault", Some("vault-agent")),
            ("web", None),
            ("x", None),
            ("", None),
            ("something-else-altogether", None),
        ] {
            assert_eq!(nearest(written, names), expected, "{written:?}");
        }
        assert_eq!(nearest("app1", ["app3", "app2"]), Some("app2"), "of equals the first in the alphabet");
    }
}
