//! The name that somebody most likely meant.
//!
//! In: what was written, and the names that there are. Out: the nearest one, where one is near enough. Pure.

/// The most letters by which two names may differ and still be taken for one another.
const MOST_APART: usize = 3;
/// The least letters of a name that is recognised within a longer one.
const LEAST_WITHIN: usize = 3;
/// The least letters of a name that was cut short on purpose: `min-mem`.
const LEAST_CUT: usize = 5;

/// The one of `names` that is most like `written`: upper case, dashes and dots do not count, two letters in the wrong order
/// count as one. Of equally near names the first in the alphabet.
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

/// How far two names are apart; `None` where they are too far to be meant for one another.
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
