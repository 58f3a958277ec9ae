//! How far a Recommendation was applied, and what is left of it. In: its row. Out: the answers. Pure.

use trimtab_api::rollout::{RolloutResult, RolloutStatus};
use trimtab_recommendation_row::RecommendationRow;

/// How far a Recommendation was applied.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RolloutProgress {
    /// The present proposal was never rolled out.
    NotStarted,
    /// A rollout is under way, forwards or as an undo: its proposal must not change meanwhile.
    UnderWay,
    /// The present proposal is in force.
    Applied,
    /// It was tried and undone, or had no effect.
    GivenUp,
}

impl RolloutProgress {
    /// The progress of `row`.
    pub fn of(row: &RecommendationRow) -> Self {
        let Some(rollout) = &row.rollout else { return Self::NotStarted };
        match rollout.result {
            _ if rollout.is_under_way() => Self::UnderWay,
            _ if row.shown_digest.as_deref() != Some(&rollout.proposal_digest) => Self::NotStarted,
            Some(RolloutResult::Applied) => Self::Applied,
            _ => Self::GivenUp,
        }
    }
}

/// Whether a size from this proposal or an earlier one is in force.
pub fn is_in_force(row: &RecommendationRow) -> bool {
    row.rollout.as_ref().is_some_and(RolloutStatus::is_in_force)
}

/// How many of the workload's latest changes in a row were undone.
pub fn undone(row: &RecommendationRow) -> u32 {
    let last = row.rollout.as_ref().filter(|r| r.result == Some(RolloutResult::RolledBack));
    last.map_or(0, |r| u32::try_from(r.rollbacks).unwrap_or(0).max(1))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use serde_json::json;
    use trimtab_api::rollout::Stage;

    use super::*;
    use crate::testkit::a_rollout;

    fn a_row() -> RecommendationRow {
        let rec = json!({
            "apiVersion": "trimtab.dev/v1alpha1", "kind": "Recommendation",
            "metadata": {"name": "deploy-web", "namespace": "shop"},
            "spec": {"type": "RightSize", "proposal": {"containers": []},
                "targetRef": {"apiVersion": "apps/v1", "kind": "Deployment", "name": "web"}}});
        RecommendationRow::of(&serde_json::from_value(rec).unwrap()).unwrap()
    }

    #[test]
    fn progress_is_that_of_the_present_proposal() {
        use RolloutProgress::{Applied, GivenUp, NotStarted, UnderWay};
        use RolloutResult::{RolledBack, Superseded};
        assert_eq!(RolloutProgress::of(&a_row()), NotStarted);
        for (stage, result, same, expected) in [
            (Stage::Resizing, None, true, UnderWay),
            (Stage::Undoing, None, false, UnderWay),
            (Stage::Ended, Some(RolloutResult::Applied), true, Applied),
            (Stage::Ended, Some(RolloutResult::Applied), false, NotStarted),
            (Stage::Ended, Some(RolledBack), true, GivenUp),
            (Stage::Ended, Some(RolledBack), false, NotStarted),
            (Stage::Ended, Some(Superseded), true, GivenUp),
            (Stage::Ended, None, true, GivenUp),
        ] {
            let rollout = RolloutStatus { stage, result, ..a_rollout() };
            let shown_digest = Some(if same { rollout.proposal_digest.clone() } else { "sha256:other".to_owned() });
            let row = RecommendationRow { shown_digest, rollout: Some(rollout), ..a_row() };
            assert_eq!(RolloutProgress::of(&row), expected, "{stage:?} {result:?} {same}");
        }
    }

    #[test]
    fn undone_changes_count_until_one_is_applied() {
        let rolled_back = Some(RolloutResult::RolledBack);
        for (result, rollbacks, expected) in [
            (rolled_back, 3, 3),
            (rolled_back, 0, 1),
            (rolled_back, -1, 1),
            (Some(RolloutResult::Applied), 3, 0),
            (None, 3, 0),
        ] {
            let rollout = RolloutStatus { result, rollbacks, ..a_rollout() };
            let row = RecommendationRow { rollout: Some(rollout), ..a_row() };
            assert_eq!(undone(&row), expected, "{result:?} {rollbacks}");
        }
        assert_eq!(undone(&a_row()), 0);
    }
}
