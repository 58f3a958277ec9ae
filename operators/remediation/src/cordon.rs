//! CordonNode: no new pods for a node. In: the node. Out: the change, or why there is none; and whether the node is
//! unschedulable.
//!
//! A node that is unschedulable already is left as it is, and so is never uncordoned by an undo.

use serde_json::{Value, json};
use trimtab_core::text::count;

use crate::{
    field::FieldChange,
    observed::{Node, Observed},
    plan::Draft,
    refusal::{KIND_NOT_ACCEPTED, NOT_ENOUGH_NODES, Refusal},
    risk::Raise,
};

/// The field.
pub const UNSCHEDULABLE: &str = "/spec/unschedulable";
/// So many of all nodes, in percent, have to stay ready and schedulable.
const STAY_PERCENT: u32 = 51;
/// More than this share of a pool, in percent, is a risk of its own.
const POOL_PERCENT: u32 = 20;

/// The plan to cordon `observed`.
pub(crate) fn plan(observed: &Observed) -> Result<Draft, Refusal> {
    let title = observed.object.title();
    let (Some(node), Some(field)) = (observed.node(), observed.field(UNSCHEDULABLE)) else {
        return Err(Refusal::for_good(KIND_NOT_ACCEPTED, format!("{title} is no node")));
    };
    if is_cordoned(observed) {
        let note = format!("{title} is cordoned already, by {}: an undo leaves it cordoned", field.writer);
        return Ok(Draft { notes: vec![note], ..Draft::default() });
    }
    if let Some(message) = too_few(node) {
        return Err(Refusal::now(NOT_ENOUGH_NODES, format!("without {title}, {message}")));
    }
    let mut raises = Vec::new();
    if node.is_system {
        raises.push(Raise::new("SystemNode", format!("{title} runs the control plane, or is reserved for the system")));
    }
    if node.pool > 0 && 100 > node.pool * POOL_PERCENT {
        raises.push(Raise::new(
            "LargeShareOfPool",
            format!("{title} is one of {} of its pool", count(node.pool, "node")),
        ));
    }
    let changes = FieldChange::to(observed, UNSCHEDULABLE, Some(json!(true))).into_iter().collect();
    Ok(Draft { changes, raises, ..Draft::default() })
}

/// Whether no new pods are placed on the node.
pub(crate) fn is_cordoned(observed: &Observed) -> bool {
    observed.field(UNSCHEDULABLE).is_some_and(|field| field.value == Some(Value::Bool(true)))
}

/// Why the node is not as it is to be.
pub(crate) fn outcome(observed: &Observed) -> Result<(), String> {
    is_cordoned(observed).then_some(()).ok_or_else(|| "the node is schedulable".to_owned())
}

/// Why too few nodes would stay, as a sentence without its beginning. A node that is not ready takes nothing away.
fn too_few(node: &Node) -> Option<String> {
    let left = if node.is_ready { node.usable.saturating_sub(1) } else { node.usable };
    let needed = node.nodes * STAY_PERCENT;
    (left * 100 < needed).then(|| {
        format!(
            "{left} of {} would stay ready and schedulable, and {STAY_PERCENT} % have to",
            count(node.nodes, "node")
        )
    })
}
