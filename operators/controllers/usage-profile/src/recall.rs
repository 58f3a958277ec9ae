//! What happens to a stored profile when this instance begins to lead.
//!
//! In: a profile and what is known of its workload. Out: a [`Verdict`]. Pure: nothing is guessed. A workload that was
//! deleted and recreated under its name has the history of its name.

use trimtab_api::UsageProfile;
use trimtab_core::{WorkloadId, WorkloadKind};
use trimtab_usage_history::{Containers, profile};

use crate::object;

/// Whether a workload exists.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Live {
    /// It exists, with this uid.
    Uid(String),
    /// It does not exist.
    Gone,
    /// Its kind or namespace cannot be watched, so that is unknown.
    Unseen,
}

/// What happens to a profile.
#[derive(Debug)]
pub enum Verdict {
    /// Its histories are those of this workload.
    Restore(WorkloadId, Containers),
    /// It belongs to this workload, but its history cannot be read, for this reason.
    Unreadable(WorkloadId, String),
    /// It belongs to a former workload of the same name, whose histories this one inherits. The next write takes it
    /// over.
    Inherit(WorkloadId, Containers),
    /// Its workload is gone: it is deleted.
    Gone,
    /// It is unknown whether its workload exists: it is left alone.
    Unseen,
    /// It is not one of those maintained here: it is left alone.
    Foreign,
}

/// Judges a profile by the state of its workload, which `live` returns.
pub fn judge(profile: &UsageProfile, live: impl FnOnce(&WorkloadId) -> Live) -> Verdict {
    let target = &profile.spec.target_ref;
    let (Some(namespace), Some(name)) = (&profile.metadata.namespace, &profile.metadata.name) else {
        return Verdict::Foreign;
    };
    let Some(kind) = WorkloadKind::of(&target.api_version, &target.kind) else { return Verdict::Foreign };
    let workload = WorkloadId::new(kind, namespace.as_str(), target.name.as_str());
    if target.api_version != kind.api_version() || object::name(&workload) != *name {
        return Verdict::Foreign;
    }
    match live(&workload) {
        Live::Unseen => Verdict::Unseen,
        Live::Gone => Verdict::Gone,
        Live::Uid(uid) if target.uid.as_ref() != Some(&uid) => {
            // An unreadable history of a former workload is no loss.
            let containers = profile.status.as_ref().and_then(|status| profile::histories(status).ok());
            Verdict::Inherit(workload, containers.unwrap_or_default())
        }
        Live::Uid(_) => match profile.status.as_ref().map(profile::histories) {
            None => Verdict::Restore(workload, Vec::new()),
            Some(Ok(containers)) => Verdict::Restore(workload, containers),
            Some(Err(error)) => Verdict::Unreadable(workload, error.to_string()),
        },
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::object::tests::row;
    use jiff::Timestamp;
    use trimtab_sizing::ContainerHistory;
    use trimtab_world::Kind;

    fn stored() -> UsageProfile {
        let now = Timestamp::from_second(1_800_000_000).unwrap();
        let mut history = ContainerHistory::new();
        history.observe_cpu(1_799_999_000, 0.1, 1);
        let mut profile = object::profile(&row(Kind::Deployment, WorkloadKind::Deployment, "web", "u-1"));
        profile.status = Some(object::recording(&[], &[("app".into(), history)], Some(1), now));
        profile
    }

    fn word(verdict: &Verdict) -> &'static str {
        match verdict {
            Verdict::Restore(_, containers) if containers.is_empty() => "restore nothing",
            Verdict::Restore(..) => "restore",
            Verdict::Unreadable(..) => "unreadable",
            Verdict::Inherit(_, containers) if containers.is_empty() => "inherit nothing",
            Verdict::Inherit(..) => "inherit",
            Verdict::Gone => "gone",
            Verdict::Unseen => "unseen",
            Verdict::Foreign => "foreign",
        }
    }

    #[test]
    fn only_the_history_of_this_name_comes_back() {
        type Edit = fn(&mut UsageProfile);
        let same = Live::Uid("u-1".to_owned());
        let keep: Edit = |_| {};
        let table: [(&str, Edit, Live, &str); 14] = [
            ("the same workload", keep, same.clone(), "restore"),
            ("made anew under its name", keep, Live::Uid("u-2".to_owned()), "inherit"),
            (
                "made anew, and no base64",
                |p| p.status.as_mut().unwrap().containers[0].history = "%".to_owned(),
                Live::Uid("u-2".to_owned()),
                "inherit nothing",
            ),
            ("gone", keep, Live::Gone, "gone"),
            ("not seen", keep, Live::Unseen, "unseen"),
            ("no uid", |p| p.spec.target_ref.uid = None, same.clone(), "inherit"),
            ("no status yet", |p| p.status = None, same.clone(), "restore nothing"),
            (
                "no base64",
                |p| p.status.as_mut().unwrap().containers[0].history = "%".to_owned(),
                same.clone(),
                "unreadable",
            ),
            (
                "a later encoding",
                |p| p.status.as_mut().unwrap().containers[0].history = "/w==".to_owned(),
                same.clone(),
                "unreadable",
            ),
            (
                "unreadable, but gone",
                |p| p.status.as_mut().unwrap().containers[0].history = "%".to_owned(),
                Live::Gone,
                "gone",
            ),
            ("another name", |p| p.metadata.name = Some("mine".to_owned()), Live::Gone, "foreign"),
            ("an unknown kind", |p| p.spec.target_ref.kind = "Rollout".to_owned(), Live::Gone, "foreign"),
            (
                "another group",
                |p| p.spec.target_ref.api_version = "argoproj.io/v1alpha1".to_owned(),
                Live::Gone,
                "foreign",
            ),
            ("another workload's name", |p| p.spec.target_ref.name = "api".to_owned(), Live::Gone, "foreign"),
        ];
        for (what, edit, live, expected) in table {
            let mut profile = stored();
            edit(&mut profile);
            assert_eq!(word(&judge(&profile, |_| live)), expected, "{what}");
        }
    }
}
