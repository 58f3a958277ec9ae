//! ScaleWorkload: the number of replicas. In: the step and the workload. Out: the change, or why there is none; and whether the
//! workload has come to that number.

use serde_json::json;
use trimtab_api::remediation::params::workloads::ScaleWorkload;
use trimtab_core::text::{count, first_of};

use crate::{
    field::FieldChange,
    observed::{Observed, Workload},
    plan::Draft,
    refusal::{HPA_OWNS_REPLICAS, KIND_NOT_ACCEPTED, NO_QUOTA, OWNED_BY_CONTROLLER, Refusal},
    risk::Raise,
};

/// The field.
pub const REPLICAS: &str = "/spec/replicas";
/// More than this share of the pods, in percent, is a risk of its own.
const SHARE_PERCENT: i64 = 30;

/// The plan to scale `observed`.
pub(crate) fn plan(params: &ScaleWorkload, observed: &Observed) -> Result<Draft, Refusal> {
    let title = observed.object.title();
    let (Some(workload), Some(field)) = (observed.workload(), observed.field(REPLICAS)) else {
        return Err(Refusal::for_good(KIND_NOT_ACCEPTED, format!("{title} has no scale: name a workload")));
    };
    if let Some(owner) = &workload.owner {
        return Err(Refusal::now(
            OWNED_BY_CONTROLLER,
            format!("{title} belongs to {owner}, which scales it: scale that"),
        ));
    }
    if !workload.scalers.is_empty() {
        let scalers = first_of(&workload.scalers, 3);
        let message =
            format!("{scalers} scales {title}, and would set another number again: change its bounds instead");
        return Err(Refusal::now(HPA_OWNS_REPLICAS, message));
    }
    let before = field.value.as_ref().and_then(serde_json::Value::as_i64).unwrap_or(1);
    let wanted = i64::from(params.replicas);
    if let Some(room) = workload.room.map(i64::from).filter(|room| wanted - before > *room) {
        let message =
            format!("{title} would get {} more, and the quota has room for {room}", count(wanted - before, "pod"));
        return Err(Refusal::now(NO_QUOTA, message));
    }
    let changes: Vec<FieldChange> =
        FieldChange::to(observed, REPLICAS, Some(json!(params.replicas))).into_iter().collect();
    let (mut cases, mut raises) = (Vec::new(), Vec::new());
    if wanted < before {
        cases.push("FewerReplicas");
    }
    if wanted == 0 {
        cases.push("ZeroReplicas");
    }
    if workload.is_stateful {
        raises.push(Raise::new("StatefulSet", format!("the pods of {title} have identities and volumes of their own")));
    }
    if before == 1 && wanted < before {
        raises.push(Raise::new("SingleReplica", format!("{title} has a single replica")));
    }
    let gone = before - wanted;
    if gone > 0 && gone * 100 > before * SHARE_PERCENT {
        raises.push(Raise::new("ManyPods", format!("{gone} of {} of {title} go away", count(before, "pod"))));
    }
    if changes.is_empty() {
        (cases, raises) = (Vec::new(), Vec::new());
    }
    Ok(Draft { changes, cases, raises, ..Draft::default() })
}

/// Why the workload has not come to the number that is wanted.
pub(crate) fn outcome(params: &ScaleWorkload, observed: &Observed) -> Result<(), String> {
    let Some(workload) = observed.workload() else { return Err("its scale is not known".to_owned()) };
    let Workload { generation, observed_generation, pods, ready, .. } = *workload;
    let wanted = u32::try_from(params.replicas).unwrap_or(0);
    if observed_generation < generation {
        return Err("its controller has not seen the change yet".to_owned());
    }
    if ready == wanted && pods == wanted {
        return Ok(());
    }
    Err(format!("{ready} of {} ready, {wanted} wanted", count(pods, "pod")))
}

/// How far it is: ready pods and wanted ones.
pub(crate) fn progress(params: &ScaleWorkload, observed: &Observed) -> Option<String> {
    observed.workload().map(|workload| format!("{}/{}", workload.ready, params.replicas))
}
