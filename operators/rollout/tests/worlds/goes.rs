//! Worlds in which the Recommendation, its policy or its namespace is deleted, or pods cannot be created. In: a view.
//! Out: what the machine has to do in it at each point of a rollout. The columns are those of `main.rs`.

use trimtab_api::approval::Decision;
use trimtab_rollout::view::{Deletion, View};

use crate::{Row, former, gate};

fn deleted(view: &mut View) {
    view.deletion = Some(Deletion::Alone);
}

#[rustfmt::skip]
pub const GOES: [Row; 11] = [
    Row { name: "deleted", disturb: deleted, follows:
        ["release", "Undoing Deleted", "Undoing Deleted", "Undoing Deleted", "Undoing Deleted", "Undoing Deleted", "web-2 former", "Undoing Deleted", "remember"] },
    Row { name: "deleted with its namespace", disturb: |v| v.deletion = Some(Deletion::WithNamespace), follows:
        ["release", "release", "release", "release", "release", "release", "release", "release", "release"] },
    Row { name: "deleted, and somebody took the finalizer off", disturb: |v| { deleted(v); v.protected = false }, follows:
        ["~Pending", "Undoing Deleted", "Undoing Deleted", "Undoing Deleted", "Undoing Deleted", "Undoing Deleted", "web-2 former", "Undoing Deleted", "remember"] },
    Row { name: "deleted, and rejected", disturb: |v| { deleted(v); v.approval.as_mut().unwrap().decision = Decision::Rejected }, follows:
        ["remember", "Undoing Deleted", "Undoing Deleted", "Undoing Deleted", "Undoing Deleted", "Undoing Deleted", "web-2 former", "Undoing Deleted", "remember"] },
    Row { name: "deleted, guard removed", disturb: |v| { deleted(v); v.approval = None; v.approval_known = Err(gate("Guard", "ApprovalGuardMissing")) }, follows:
        ["release", "Undoing Deleted", "Undoing Deleted", "Undoing Deleted", "Undoing Deleted", "Undoing Deleted", "web-2 former", "Undoing Deleted", "remember"] },
    Row { name: "deleted, pods not seen", disturb: |v| { deleted(v); v.seen = Err(gate("World", "WorldIncomplete")) }, follows:
        ["~Paused WorldIncomplete", "~Paused WorldIncomplete", "~Paused WorldIncomplete", "~Paused WorldIncomplete", "~Paused WorldIncomplete", "~Paused WorldIncomplete", "~Paused WorldIncomplete", "~Paused WorldIncomplete", "~Paused WorldIncomplete"] },
    Row { name: "deleted, and so is the workload", disturb: |v| { deleted(v); v.target = None; v.pods.clear() }, follows:
        ["release", "release", "release", "release", "release", "drop", "Ended Superseded", "drop", "remember"] },
    Row { name: "deleted, the workload made anew", disturb: |v| { deleted(v); v.target.as_mut().unwrap().uid = "u2".to_owned(); v.pods.iter_mut().for_each(|p| p.spec = former()) }, follows:
        ["release", "release", "release", "release", "release", "drop", "Ended Superseded", "drop", "remember"] },
    Row { name: "deleted, and the former values lack a container", disturb: |v| { deleted(v); if let Some(r) = &mut v.rollout { r.former.clear() } }, follows:
        ["release", "release", "release", "release", "release", "release", "release", "release", "remember"] },
    Row { name: "policy deleted, a person approved", disturb: |v| { v.policy_deleted = Some("shop".to_owned()); v.start_gates = vec![gate("Policy", "PolicyMissing")] }, follows:
        ["~Blocked Policy", "Undoing PolicyDeleted", "Undoing PolicyDeleted", "Undoing PolicyDeleted", "Undoing PolicyDeleted", "Undoing PolicyDeleted", "web-2 former", "~Applied", "~RolledBack"] },
    Row { name: "pods refused", disturb: |v| v.pods_refused = Some("exceeded quota".to_owned()), follows:
        ["Resizing/1", "Undoing PodsRefused", "Undoing PodsRefused", "Undoing PodsRefused", "Undoing PodsRefused", "Undoing PodsRefused", "web-2 former", "Undoing PodsRefused", "~RolledBack"] },
];
