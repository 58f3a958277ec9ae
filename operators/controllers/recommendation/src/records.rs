//! The decision record of a workload, which outlives a Recommendation. In: the decisions. Out: the answer. The emergency
//! stop does not block it: it changes nothing that belongs to anybody else.

use trimtab_api::applied_sizes::{WorkloadHistory, key};
use trimtab_core::WorkloadId;
use trimtab_recommendation_row::RecommendationRow;
use trimtab_runtime::ApplyError;

use crate::requests::Sender;

impl Sender {
    /// Records a decision about the workload. If its namespace or the kind is being deleted as well, a failure is no
    /// reason to keep the Recommendation.
    pub(crate) async fn remember(
        &self,
        row: &RecommendationRow,
        id: &WorkloadId,
        history: &WorkloadHistory,
    ) -> Result<(), ApplyError> {
        match self.sizes.remember(&id.namespace, &key(id), Some(history.clone())).await {
            Err(
                error @ (ApplyError::NotFound { .. }
                | ApplyError::NamespaceNotFound { .. }
                | ApplyError::NamespaceTerminating { .. }
                | ApplyError::KindNotServed { .. }),
            ) => {
                tracing::warn!(recommendation = %row.name, workload = %id, %error, "the decision about it was not recorded");
                Ok(())
            }
            other => other,
        }
    }
}
