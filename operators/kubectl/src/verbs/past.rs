//! Reads what was decided before: what people rejected, and which changes were undone.

use kube::Api;
use trimtab_api::{
    applied_sizes::{APPLIED_SIZES_NAME, AppliedSizes},
    gates::ClosedGate,
    recommendation::Recommendation,
};

use super::workload;
use crate::{backing_off, cluster::Session, decided_before::DecidedBefore};

/// Earlier decisions in a namespace, or in all, as far as they may be read.
pub(super) async fn decided_before(session: &Session, scope: Option<&str>) -> DecidedBefore {
    let sizes = async {
        match scope {
            None => session.all::<AppliedSizes>().await,
            Some(namespace) => {
                let api = Api::<AppliedSizes>::namespaced(session.client.clone(), namespace);
                api.get(APPLIED_SIZES_NAME).await.ok().into_iter().collect()
            }
        }
    };
    let (recommendations, sizes) = futures::join!(session.list(scope), sizes);
    DecidedBefore { recommendations: recommendations.unwrap_or_default(), sizes }
}

/// The back-off that will hold `rec` up once it is approved.
pub(super) async fn back_off(session: &Session, rec: &Recommendation) -> Option<ClosedGate> {
    if !backing_off::is_ahead(rec) {
        return None;
    }
    let (before, uid) =
        futures::join!(decided_before(session, rec.metadata.namespace.as_deref()), workload::uid(session, rec));
    backing_off::gate(rec, uid.as_deref(), &before, session.now())
}

/// Tells, of each Recommendation of `scope` that a back-off will hold up once it is approved, until when and why.
pub(super) async fn tell(session: &Session, scope: Option<&str>, recs: &[Recommendation]) {
    if !recs.iter().any(backing_off::is_ahead) {
        return;
    }
    let (before, uids) = futures::join!(decided_before(session, scope), workload::uid_of_each(session, recs));
    for (rec, uid) in recs.iter().zip(&uids) {
        if let Some(gate) = backing_off::gate(rec, uid.as_deref(), &before, session.now()) {
            session.screen.note(&backing_off::note(rec, &gate));
        }
    }
}

#[cfg(test)]
#[path = "past_tests.rs"]
mod tests;
