//! What checks say of a change. In: the observation behind one check; or all checks of a change. Out: the check as the
//! status has it; or why the change is undone, or has to wait.

use trimtab_api::verification::{Check, Verdict};
use trimtab_core::text::cut;

use crate::text;

/// The longest message that the schema accepts.
const MAX_MESSAGE: usize = 512;

/// How many checks a status keeps.
const MOST: usize = 32;

/// A check as the status has it.
pub fn check(name: impl Into<String>, verdict: Verdict, message: impl AsRef<str>) -> Check {
    Check { name: name.into(), verdict, message: cut(message.as_ref(), MAX_MESSAGE) }
}

/// The verdict on something that may pass by itself, with the end of its message: inconclusive for `grace_s` seconds of a
/// stage, of which `stage_s` have passed, and a failure once it lasts.
pub fn transient(grace_s: i64, stage_s: i64) -> (Verdict, String) {
    if stage_s < grace_s {
        let why = format!("; it may recover in the first {grace_s} s of this stage, of which {stage_s} s have passed");
        return (Verdict::Inconclusive, why);
    }
    (Verdict::Fail, String::new())
}

/// As many of `checks` as a status keeps.
pub fn kept(checks: &[Check]) -> Vec<Check> {
    checks.iter().take(MOST).cloned().collect()
}

/// Why the change is undone: what is worse than before; `None` if no check fails.
pub fn failed(checks: &[Check]) -> Option<String> {
    let fails = checks.iter().any(|c| c.verdict == Verdict::Fail);
    fails.then(|| format!("worse than before: {}", text::checks(checks, Verdict::Fail)))
}

/// Why the checks do not show that it is no worse than before. No checks at all are inconclusive, too. A run that has not
/// come yet is not waited for.
pub fn inconclusive(checks: &[Check]) -> Option<String> {
    if checks.is_empty() {
        return Some("no check could run; it continues when they pass".to_owned());
    }
    checks.iter().any(|c| !matches!(c.verdict, Verdict::Pass | Verdict::NotRun)).then(|| {
        format!("it is not known whether it is worse than before; it continues when it is: {}", {
            text::checks(checks, Verdict::Inconclusive)
        })
    })
}

#[cfg(test)]
mod tests {
    use trimtab_api::verification::Verdict::{Fail, Inconclusive, NotRun, Pass};

    use super::*;

    #[test]
    fn one_failure_undoes_and_doubt_or_silence_waits() {
        let all = |verdicts: &[Verdict]| verdicts.iter().map(|v| check(format!("{v:?}"), *v, "x")).collect::<Vec<_>>();
        for (verdicts, fails, waits) in [
            (&[][..], None, Some("no check could run; it continues when they pass")),
            (&[Pass, NotRun], None, None),
            (
                &[Pass, Inconclusive],
                None,
                Some("it is not known whether it is worse than before; it continues when it is: Inconclusive: x"),
            ),
            (&[Pass, Fail, Fail], Some("worse than before: Fail: x; Fail: x"), None),
        ] {
            let checks = all(verdicts);
            assert_eq!(failed(&checks).as_deref(), fails, "{verdicts:?}");
            if fails.is_none() {
                assert_eq!(inconclusive(&checks).as_deref(), waits, "{verdicts:?}");
            }
        }
    }

    #[test]
    fn what_lasts_longer_than_its_grace_fails() {
        assert_eq!(transient(30, 29).0, Inconclusive);
        assert_eq!(transient(30, 30), (Fail, String::new()));
    }
}
