//! Names of workloads that run to completion, and matching pods to them by name.
//!
//! In: names of CronJobs and Jobs by namespace. Out: whether a pod is of such a run, and the pattern to query a server
//! for them. Pure. Their pods live for minutes, so they are read at a finer step than the others.

use std::collections::{BTreeMap, BTreeSet};

/// Number of letters at the end of a pod's name.
const ENDING: usize = 5;
/// Number of digits of the time in the name of a CronJob's Job: minutes since 1970, seconds before Kubernetes 1.21.
const SCHEDULED: std::ops::RangeInclusive<usize> = 8..=10;

/// The workloads of one namespace that run to completion.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RunNames {
    /// Names of CronJobs.
    pub cron_jobs: BTreeSet<String>,
    /// Names of Jobs that no CronJob created.
    pub jobs: BTreeSet<String>,
}

impl RunNames {
    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.cron_jobs.is_empty() && self.jobs.is_empty()
    }

    /// How many there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.cron_jobs.len() + self.jobs.len()
    }

    /// Whether a pod of this name is of one of them. A name cut to fit into 63 letters is not recognised.
    #[must_use]
    pub fn owns(&self, pod: &str) -> bool {
        let Some((maker, ending)) = pod.rsplit_once('-') else { return false };
        if ending.len() != ENDING || !ending.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit()) {
            return false;
        }
        if self.jobs.contains(maker) {
            return true;
        }
        let Some((above, digits)) = number(maker) else { return false };
        if self.jobs.contains(above) || (SCHEDULED.contains(&digits) && self.cron_jobs.contains(above)) {
            return true;
        }
        // An indexed Job of a CronJob: CRONJOB-TIME-INDEX-xxxxx.
        number(above).is_some_and(|(above, digits)| SCHEDULED.contains(&digits) && self.cron_jobs.contains(above))
    }
}

/// The part of `name` before the number at its end, and the number of digits.
fn number(name: &str) -> Option<(&str, usize)> {
    let (above, digits) = name.rsplit_once('-')?;
    (!digits.is_empty() && digits.bytes().all(|b| b.is_ascii_digit())).then_some((above, digits.len()))
}

/// The workloads of several namespaces that run to completion.
pub type RunsByNamespace = BTreeMap<String, RunNames>;

/// An RE2 pattern of the names of all pods of `runs`, whatever their namespace. `push` appends a name as a literal.
#[must_use]
pub fn pattern(runs: &RunsByNamespace, push: impl Fn(&mut String, &str)) -> String {
    let one_of = |names: BTreeSet<&String>| {
        let mut text = String::new();
        for name in names {
            if !text.is_empty() {
                text.push('|');
            }
            push(&mut text, name);
        }
        text
    };
    let cron_jobs = one_of(runs.values().flat_map(|r| &r.cron_jobs).collect());
    let jobs = one_of(runs.values().flat_map(|r| &r.jobs).collect());
    let mut parts = Vec::new();
    if !cron_jobs.is_empty() {
        parts.push(format!("({cron_jobs})-[0-9]{{8,10}}(-[0-9]+)?-[a-z0-9]{{5}}"));
    }
    if !jobs.is_empty() {
        parts.push(format!("({jobs})(-[0-9]+)?-[a-z0-9]{{5}}"));
    }
    parts.join("|")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pods_of_runs_are_told_by_name() {
        let names = RunNames {
            cron_jobs: ["nightly".to_owned()].into(),
            jobs: ["import".to_owned(), "load-2024".to_owned()].into(),
        };
        for (pod, expected) in [
            ("nightly-28374650-bc2df", true),
            ("nightly-1702480000-bc2df", true),
            ("nightly-28374650-0-bc2df", true),
            ("nightly-7d9f8c6b5d-x2k4z", false),
            ("nightly-0", false),
            ("nightly-12-bc2df", false),
            ("nightly-x2k4z", false),
            ("import-x2k4z", true),
            ("import-3-x2k4z", true),
            ("import-web-x2k4z", false),
            ("load-2024-x2k4z", true),
            ("import", false),
        ] {
            assert_eq!(names.owns(pod), expected, "{pod}");
        }
        let runs = RunsByNamespace::from([("a".to_owned(), names)]);
        assert_eq!(
            pattern(&runs, |text, name| text.push_str(name)),
            "(nightly)-[0-9]{8,10}(-[0-9]+)?-[a-z0-9]{5}|(import|load-2024)(-[0-9]+)?-[a-z0-9]{5}"
        );
    }
}
