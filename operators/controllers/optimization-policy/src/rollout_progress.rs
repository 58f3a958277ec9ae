//! How far a Recommendation was applied, and what is left of it. In: its row, and the decision record. Out: the answers.
//! Pure.

use jiff::Timestamp;
use trimtab_api::{
    applied_sizes::WorkloadHistory,
    rollout::{RolloutResult, RolloutStatus},
};
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

/// How many of the workload's latest changes in a row were undone: as its Recommendations show it, or as it is on record,
/// unless a change was applied since. The higher number counts.
pub fn undone(rows: &[&RecommendationRow], history: Option<&WorkloadHistory>) -> u32 {
    let rollouts = || rows.iter().filter_map(|row| row.rollout.as_ref());
    let times = |rollbacks: i32| u32::try_from(rollbacks).unwrap_or(0).max(1);
    let own = rollouts().filter(|r| r.result == Some(RolloutResult::RolledBack)).map(|r| times(r.rollbacks)).max();
    // One that was applied since ended the row, and one that began and was undone since has counted those before it.
    let is_past = |time: Timestamp| {
        let since = |r: &RolloutStatus| match r.result {
            Some(RolloutResult::Applied) => r.ended.as_ref().is_some_and(|ended| ended.0 > time),
            Some(RolloutResult::RolledBack) => r.started.0 > time,
            Some(RolloutResult::Superseded) | None => false,
        };
        rollouts().any(since)
    };
    let recorded = history.and_then(WorkloadHistory::last_undone).filter(|undone| !is_past(undone.ended.0));
    own.max(recorded.map(|undone| times(undone.rollbacks))).unwrap_or(0)
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
            assert_eq!(undone(&[&row], None), expected, "{result:?} {rollbacks}");
        }
        assert_eq!(undone(&[&a_row()], None), 0);
    }

    #[test]
    fn what_is_on_record_counts_until_a_change_was_applied_or_counted_it() {
        use RolloutResult::{Applied, RolledBack};
        let undone_at = "2026-01-02T00:00:00Z";
        let recorded = |rollbacks: i32| -> WorkloadHistory {
            let change =
                json!({"proposalDigest": "sha256:1", "ended": undone_at, "rollbacks": rollbacks, "message": "why"});
            serde_json::from_value(json!({"undone": [change]})).unwrap()
        };
        let rejected: WorkloadHistory = serde_json::from_value(json!({})).unwrap();
        let row = |result, rollbacks, ended: &str| {
            let ended = serde_json::from_value(json!(ended)).unwrap();
            let rollout = RolloutStatus { result: Some(result), rollbacks, ended: Some(ended), ..a_rollout() };
            RecommendationRow { rollout: Some(rollout), ..a_row() }
        };
        let (before, after) = ("2026-01-01T00:00:00Z", "2026-01-03T00:00:00Z");
        let mut begun_since = row(RolledBack, 1, after);
        let rollout = begun_since.rollout.as_mut().unwrap();
        rollout.started.clone_from(rollout.ended.as_ref().unwrap());
        for (case, rows, history, expected) in [
            ("created again, nothing begun", vec![a_row()], recorded(2), 2),
            ("no recommendation at all", vec![], recorded(1), 1),
            ("only a rejection is recorded", vec![a_row()], rejected, 0),
            ("undone once more", vec![row(RolledBack, 3, after)], recorded(2), 3),
            ("the record knows of more", vec![row(RolledBack, 1, before)], recorded(2), 2),
            ("the first one undone since others held", vec![begun_since], recorded(2), 1),
            ("applied since", vec![row(Applied, 0, after)], recorded(2), 0),
            ("applied before", vec![row(Applied, 0, before)], recorded(2), 2),
            ("another one was undone since", vec![row(Applied, 0, after), row(RolledBack, 1, after)], recorded(2), 1),
        ] {
            let rows: Vec<&RecommendationRow> = rows.iter().collect();
            assert_eq!(undone(&rows, Some(&history)), expected, "{case}");
        }
    }
}
