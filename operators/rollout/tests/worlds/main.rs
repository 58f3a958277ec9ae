//! Stale and contradictory worlds: each disturbance at each point of a rollout, with the one request that follows, or
//! none. A request too many is a change that nobody asked for.
#![allow(clippy::unwrap_used, clippy::expect_used, missing_docs)]

mod goes;
mod pods;
#[path = "../points/mod.rs"]
mod points;

use points::{LONG, POINTS, at, deliver, earlier, edited, former, gate, new, patched, says};
use trimtab_api::{approval::Decision, delivery::DeliveryMode, rollout::RolloutResult, verification::Verdict};
use trimtab_rollout::view::{NotGiven, Pod, Resize, Share, StepSetting, View};

struct Row {
    name: &'static str,
    disturb: fn(&mut View),
    follows: [&'static str; 9],
}

fn check(rows: &[Row]) -> usize {
    let mut wrong = Vec::new();
    for row in rows {
        for (point, follows) in POINTS.iter().zip(row.follows) {
            let mut view = at(point);
            (row.disturb)(&mut view);
            let said = says(&view);
            if said != follows {
                wrong.push(format!("{} at {point}: expected {follows}, but: {said}", row.name));
            }
        }
    }
    assert!(wrong.is_empty(), "{} worlds went wrong:\n{}", wrong.len(), wrong.join("\n"));
    rows.len() * POINTS.len()
}

fn long_ago(view: &mut View) {
    if let Some(r) = &mut view.rollout {
        r.stage_since.0 = LONG;
        r.ended = r.ended.as_ref().map(|_| k8s_openapi::apimachinery::pkg::apis::meta::v1::Time(LONG));
    }
}

fn runs(view: &mut View) {
    view.target.as_mut().unwrap().runs_to_completion = true;
    view.pods.clear();
}

fn verdict(view: &mut View, verdict: Verdict) {
    view.checks.iter_mut().for_each(|c| c.verdict = verdict);
}

fn propose(view: &mut View, approved: bool) {
    view.digest = "sha256:two".to_owned();
    view.proposal = edited();
    view.approval = view.approval.take().filter(|_| approved);
    if let Some(approval) = &mut view.approval {
        approval.proposal_digest = view.digest.clone();
    }
}

fn web_1(view: &mut View) -> &mut Pod {
    &mut view.pods[0]
}

fn failed(for_s: i64) -> Resize {
    Resize::Failed { since_s: points::NOW.as_second() - for_s, message: "in use".to_owned() }
}

// Columns: not begun | Resizing, step 1 | Watching, step 1 | Resizing, step 2 | Delivering | Verifying | Undoing |
// Applied | RolledBack.
#[rustfmt::skip]
const DECISIONS: [Row; 10] = [
    Row { name: "nothing", disturb: |_| {}, follows:
        ["Resizing/1", "web-1 new", "~Verifying", "web-2 new", "put", "~Verifying", "web-2 former", "~Applied", "~RolledBack"] },
    Row { name: "approval withdrawn", disturb: |v| v.approval = None, follows:
        ["~Pending", "Undoing ApprovalWithdrawn", "Undoing ApprovalWithdrawn", "Undoing ApprovalWithdrawn", "Undoing ApprovalWithdrawn", "Undoing ApprovalWithdrawn", "web-2 former", "~Applied", "~RolledBack"] },
    Row { name: "rejected", disturb: |v| v.approval.as_mut().unwrap().decision = Decision::Rejected, follows:
        ["remember", "Undoing Rejected", "Undoing Rejected", "Undoing Rejected", "Undoing Rejected", "Undoing Rejected", "web-2 former", "Undoing Rejected", "remember"] },
    Row { name: "the approval is for another digest", disturb: |v| v.approval.as_mut().unwrap().proposal_digest = "sha256:old".to_owned(), follows:
        ["~Pending", "Undoing ApprovalWithdrawn", "Undoing ApprovalWithdrawn", "Undoing ApprovalWithdrawn", "Undoing ApprovalWithdrawn", "Undoing ApprovalWithdrawn", "web-2 former", "~Applied", "~RolledBack"] },
    Row { name: "proposal changed", disturb: |v| propose(v, false), follows:
        ["~Pending", "Undoing ProposalChanged", "Undoing ProposalChanged", "Undoing ProposalChanged", "Undoing ProposalChanged", "Undoing ProposalChanged", "web-2 former", "~Pending", "~Pending"] },
    Row { name: "proposal changed and approved anew", disturb: |v| propose(v, true), follows:
        ["Resizing/1", "Undoing ProposalChanged", "Undoing ProposalChanged", "Undoing ProposalChanged", "Undoing ProposalChanged", "Undoing ProposalChanged", "web-2 former", "Resizing/1", "~Blocked BackOff"] },
    Row { name: "proposal changed and approved anew, long after", disturb: |v| { propose(v, true); long_ago(v) }, follows:
        ["Resizing/1", "Undoing ProposalChanged", "Undoing ProposalChanged", "Undoing ProposalChanged", "Undoing ProposalChanged", "Undoing ProposalChanged", "web-2 former", "Resizing/1", "remember"] },
    Row { name: "guard removed", disturb: |v| { v.approval = None; v.approval_known = Err(gate("Guard", "ApprovalGuardMissing")) }, follows:
        ["~Paused ApprovalGuardMissing", "~Paused ApprovalGuardMissing", "~Paused ApprovalGuardMissing", "~Paused ApprovalGuardMissing", "~Paused ApprovalGuardMissing", "~Paused ApprovalGuardMissing", "~Paused ApprovalGuardMissing", "~Applied", "~RolledBack"] },
    Row { name: "guard of an earlier release", disturb: |v| { v.approval = None; v.approval_known = Err(gate("ApprovalGuard", "ApprovalGuardOutdated")) }, follows:
        ["~Paused ApprovalGuardOutdated", "~Paused ApprovalGuardOutdated", "~Paused ApprovalGuardOutdated", "~Paused ApprovalGuardOutdated", "~Paused ApprovalGuardOutdated", "~Paused ApprovalGuardOutdated", "~Paused ApprovalGuardOutdated", "~Applied", "~RolledBack"] },
    Row { name: "decided while there was no guard", disturb: |v| { v.approval = None; v.approval_known = Err(gate("ApprovalGuard", "ApprovalNotProven")) }, follows:
        ["~Paused ApprovalNotProven", "~Paused ApprovalNotProven", "~Paused ApprovalNotProven", "~Paused ApprovalNotProven", "~Paused ApprovalNotProven", "~Paused ApprovalNotProven", "~Paused ApprovalNotProven", "~Paused ApprovalNotProven", "~RolledBack"] },
];

#[rustfmt::skip]
const GATES_AND_CHECKS: [Row; 9] = [
    Row { name: "policy suspended", disturb: |v| { v.forward_gates = vec![gate("Policy", "Suspended")] }, follows:
        ["~Blocked Policy", "~Paused Suspended", "~Paused Suspended", "~Paused Suspended", "~Paused Suspended", "~Paused Suspended", "web-2 former", "~Applied", "~RolledBack"] },
    Row { name: "policy suspended, and a check fails", disturb: |v| { v.forward_gates = vec![gate("Policy", "Suspended")]; verdict(v, Verdict::Fail) }, follows:
        ["~Blocked Policy", "Undoing ChecksFailed", "Undoing ChecksFailed", "Undoing ChecksFailed", "Undoing ChecksFailed", "Undoing ChecksFailed", "web-2 former", "~Applied", "~RolledBack"] },
    Row { name: "window closed", disturb: |v| v.start_gates = vec![gate("Window", "Closed")], follows:
        ["~Blocked Window", "web-1 new", "~Verifying", "web-2 new", "put", "~Verifying", "web-2 former", "~Applied", "~RolledBack"] },
    Row { name: "no baseline", disturb: |v| v.baseline = Err("no metrics".to_owned()), follows:
        ["~Blocked Baseline", "web-1 new", "~Verifying", "web-2 new", "put", "~Verifying", "web-2 former", "~Applied", "~RolledBack"] },
    Row { name: "a check fails", disturb: |v| verdict(v, Verdict::Fail), follows:
        ["Resizing/1", "Undoing ChecksFailed", "Undoing ChecksFailed", "Undoing ChecksFailed", "Undoing ChecksFailed", "Undoing ChecksFailed", "web-2 former", "~Applied", "~RolledBack"] },
    Row { name: "long after", disturb: long_ago, follows:
        ["Resizing/1", "web-1 new", "Resizing/2", "web-2 new", "put", "Ended Applied", "web-2 former", "~Applied", "~RolledBack"] },
    Row { name: "long after, a check says nothing", disturb: |v| { long_ago(v); verdict(v, Verdict::Inconclusive) }, follows:
        ["Resizing/1", "web-1 new", "~Paused ChecksInconclusive", "web-2 new", "put", "~Paused ChecksInconclusive", "web-2 former", "~Applied", "~RolledBack"] },
    Row { name: "long after, no check at all", disturb: |v| { long_ago(v); v.checks.clear() }, follows:
        ["Resizing/1", "web-1 new", "~Paused ChecksInconclusive", "web-2 new", "put", "~Paused ChecksInconclusive", "web-2 former", "~Applied", "~RolledBack"] },
    Row { name: "long after, web-1 not ready", disturb: |v| { long_ago(v); web_1(v).ready = false }, follows:
        ["Resizing/1", "web-1 new", "~RollingOut", "web-2 new", "put", "~RollingOut", "web-2 former", "~Applied", "~RolledBack"] },
];

#[rustfmt::skip]
const WORKLOADS: [Row; 10] = [
    Row { name: "template edited", disturb: |v| { let t = v.target.as_mut().unwrap(); (t.template, t.template_sizes, t.rolling) = ("t2".to_owned(), edited(), true); t.template_has_former = false; v.sizes_given = Err(NotGiven::OtherResources) }, follows:
        ["~Blocked Rollout", "Undoing TemplateChanged", "Undoing TemplateChanged", "Undoing TemplateChanged", "Undoing TemplateChanged", "Undoing TemplateChanged", "web-2 former", "~NotDelivered", "~RolledBack"] },
    Row { name: "template edited, sizes kept", disturb: |v| v.target.as_mut().unwrap().template = "t2".to_owned(), follows:
        ["Resizing/1", "Undoing TemplateChanged", "Undoing TemplateChanged", "Undoing TemplateChanged", "Undoing TemplateChanged", "Undoing TemplateChanged", "web-2 former", "~Applied", "~RolledBack"] },
    Row { name: "template edited to the new size, though admission brings it", disturb: |v| { let t = v.target.as_mut().unwrap(); (t.template, t.template_sizes) = ("t2".to_owned(), new()); (t.template_has_former, t.template_has_desired) = (false, true) }, follows:
        ["Resizing/1", "Undoing TemplateChanged", "Undoing TemplateChanged", "Undoing TemplateChanged", "Undoing TemplateChanged", "Undoing TemplateChanged", "Ended RolledBack", "~Applied", "~RolledBack"] },
    Row { name: "workload deleted", disturb: |v| { v.target = None; v.pods.clear() }, follows:
        ["~Blocked Target", "Ended Superseded", "Ended Superseded", "Ended Superseded", "Ended Superseded", "drop", "Ended Superseded", "drop", "~RolledBack"] },
    Row { name: "workload gone, its pods still listed", disturb: |v| v.target = None, follows:
        ["~Blocked Target", "Ended Superseded", "Undoing Superseded", "Undoing Superseded", "Undoing Superseded", "drop", "web-2 former", "drop", "~RolledBack"] },
    Row { name: "workload being deleted", disturb: |v| { v.target.as_mut().unwrap().terminating = true; v.leaving = true }, follows:
        ["~Blocked Target", "Ended Superseded", "~Paused TargetTerminating", "~Paused TargetTerminating", "~Paused TargetTerminating", "drop", "~Paused TargetTerminating", "drop", "~RolledBack"] },
    Row { name: "workload made anew under the same name", disturb: |v| { v.target.as_mut().unwrap().uid = "u2".to_owned(); v.pods.iter_mut().for_each(|p| p.spec = former()) }, follows:
        ["Resizing/1", "Ended Superseded", "Ended Superseded", "Ended Superseded", "Ended Superseded", "drop", "Ended Superseded", "drop", "~RolledBack"] },
    Row { name: "workload made anew, the entry gone already", disturb: |v| { v.target.as_mut().unwrap().uid = "u2".to_owned(); v.sizes_entry = false }, follows:
        ["Resizing/1", "Ended Superseded", "Undoing Superseded", "Undoing Superseded", "Undoing Superseded", "Undoing Superseded", "web-2 former", "Undoing Superseded", "~RolledBack"] },
    Row { name: "the workload's own rollout", disturb: |v| v.target.as_mut().unwrap().rolling = true, follows:
        ["~Blocked Rollout", "~RollingOut", "~Verifying", "~RollingOut", "put", "~Verifying", "web-2 former", "~Applied", "~RolledBack"] },
    Row { name: "scaled to no pods", disturb: |v| v.pods.clear(), follows:
        ["~Blocked Pods", "~Paused NoPods", "~Paused NoPods", "~Paused NoPods", "~Paused NoPods", "~Paused NoPods", "Ended RolledBack", "~Applied", "~RolledBack"] },
];

#[rustfmt::skip]
const STATUSES: [Row; 14] = [
    Row { name: "web-1 deferred for long", disturb: |v| web_1(v).resize = Resize::Deferred { since_s: LONG.as_second(), message: "later".to_owned() }, follows:
        ["Resizing/1", "web-1 new", "Undoing ResizeInfeasible", "Undoing ResizeInfeasible", "Undoing ResizeInfeasible", "Undoing ResizeInfeasible", "web-2 former", "~Applied", "~RolledBack"] },
    Row { name: "the former values lack a container", disturb: |v| if let Some(r) = &mut v.rollout { r.former.clear() }, follows:
        ["Resizing/1", "~Paused RolloutUnreadable", "~Paused RolloutUnreadable", "~Paused RolloutUnreadable", "~Paused RolloutUnreadable", "~Paused RolloutUnreadable", "~Paused RolloutUnreadable", "~Paused RolloutUnreadable", "~Paused RolloutUnreadable"] },
    Row { name: "the status claims a step that there is not", disturb: |v| if let Some(r) = &mut v.rollout { r.step = 99 }, follows:
        ["Resizing/1", "web-1 new", "Resizing/3", "web-2 new", "put", "~Verifying", "web-2 former", "~Applied", "~RolledBack"] },
    Row { name: "the status claims step 0", disturb: |v| if let Some(r) = &mut v.rollout { r.step = 0 }, follows:
        ["Resizing/1", "web-1 new", "~Verifying", "Watching/1", "put", "~Verifying", "web-2 former", "~Applied", "~RolledBack"] },
    Row { name: "the status claims pods that were not changed", disturb: |v| v.pods.iter_mut().for_each(|p| p.spec = former()), follows:
        ["Resizing/1", "web-1 new", "Resizing/1", "web-1 new", "web-1 new", "web-1 new", "Ended RolledBack", "~Applied", "~RolledBack"] },
    Row { name: "the status claims a result", disturb: |v| if let Some(r) = &mut v.rollout { r.result = Some(RolloutResult::Applied) }, follows:
        ["Resizing/1", "~Paused RolloutUnreadable", "~Paused RolloutUnreadable", "~Paused RolloutUnreadable", "~Paused RolloutUnreadable", "~Paused RolloutUnreadable", "~Paused RolloutUnreadable", "~Applied", "~NotDelivered"] },
    Row { name: "the status lacks a result", disturb: |v| if let Some(r) = &mut v.rollout { r.result = None }, follows:
        ["Resizing/1", "web-1 new", "~Verifying", "web-2 new", "put", "~Verifying", "web-2 former", "~Paused RolloutUnreadable", "~Paused RolloutUnreadable"] },
    Row { name: "the entry is lost", disturb: |v| v.sizes_entry = false, follows:
        ["Resizing/1", "web-1 new", "~Verifying", "web-2 new", "put", "put", "web-2 former", "~NotDelivered", "~RolledBack"] },
    Row { name: "a LimitRange gives other defaults than the entry knows", disturb: |v| v.sizes_given = Err(NotGiven::OtherResources), follows:
        ["Resizing/1", "web-1 new", "~Verifying", "web-2 new", "put", "~Verifying", "web-2 former", "~NotDelivered", "~RolledBack"] },
    Row { name: "the entry is there", disturb: |v| v.sizes_entry = true, follows:
        ["Resizing/1", "web-1 new", "~Verifying", "web-2 new", "Verifying/3", "~Verifying", "drop", "~Applied", "drop"] },
    Row { name: "it ended as superseded, and is approved again", disturb: |v| if let Some(r) = v.rollout.as_mut().filter(|r| r.result.is_some()) { r.result = Some(RolloutResult::Superseded); v.sizes_entry = false }, follows:
        ["Resizing/1", "web-1 new", "~Verifying", "web-2 new", "put", "~Verifying", "web-2 former", "~Superseded", "~Superseded"] },
    Row { name: "an earlier size was never in the template, and web-1 was made anew by it", disturb: |v| { earlier(v); web_1(v).spec = edited() }, follows:
        ["~Blocked Pods", "web-1 new", "Resizing/1", "web-1 new", "web-1 new", "web-1 new", "web-1 former", "~Applied", "~RolledBack"] },
    Row { name: "an earlier size was never in the template, and the new one is delivered", disturb: |v| { earlier(v); v.sizes_entry = true }, follows:
        ["Resizing/1", "web-1 new", "~Verifying", "web-2 new", "Verifying/3", "~Verifying", "drop", "~Applied", "drop"] },
    Row { name: "the policy has no steps any more", disturb: |v| v.settings.steps.clear(), follows:
        ["Resizing/1", "web-1 new", "Resizing/1", "web-2 new", "put", "~Verifying", "web-2 former", "~Applied", "~RolledBack"] },
];

#[rustfmt::skip]
const WAYS: [Row; 10] = [
    Row { name: "no pods/resize", disturb: |v| v.settings.in_place = false, follows:
        ["~Blocked Delivery", "Delivering/3", "~Verifying", "Delivering/3", "put", "~Verifying", "~Paused UndoBlocked", "~Applied", "~RolledBack"] },
    Row { name: "no pods/resize, Template", disturb: |v| { v.settings.in_place = false; deliver(v, DeliveryMode::Template) }, follows:
        ["Delivering/3", "Delivering/3", "~Verifying", "Delivering/3", "patch new", "Undoing TemplateChanged", "~Undoing", "~Applied", "~RolledBack"] },
    Row { name: "a CronJob", disturb: runs, follows:
        ["Delivering/3", "Delivering/3", "~Verifying", "Delivering/3", "put", "~Verifying", "Ended RolledBack", "~Applied", "~RolledBack"] },
    Row { name: "a CronJob, long after, and no run yet", disturb: |v| { runs(v); long_ago(v); verdict(v, Verdict::NotRun) }, follows:
        ["Delivering/3", "Delivering/3", "Resizing/2", "Delivering/3", "put", "Ended Applied", "Ended RolledBack", "~Applied", "~RolledBack"] },
    Row { name: "a CronJob, long after, and a check says nothing", disturb: |v| { runs(v); long_ago(v); verdict(v, Verdict::Inconclusive) }, follows:
        ["Delivering/3", "Delivering/3", "~Paused ChecksInconclusive", "Delivering/3", "put", "~Paused ChecksInconclusive", "Ended RolledBack", "~Applied", "~RolledBack"] },
    Row { name: "Template", disturb: |v| deliver(v, DeliveryMode::Template), follows:
        ["Resizing/1", "web-1 new", "~Verifying", "web-2 new", "patch new", "Undoing TemplateChanged", "web-2 former", "~Applied", "~RolledBack"] },
    Row { name: "Template, patched", disturb: |v| { deliver(v, DeliveryMode::Template); patched(v) }, follows:
        ["Resizing/1", "web-1 new", "~Verifying", "web-2 new", "Delivering/3", "~Verifying", "patch former", "~Applied", "~RolledBack"] },
    Row { name: "Manual", disturb: |v| deliver(v, DeliveryMode::Manual), follows:
        ["Resizing/1", "web-1 new", "~Verifying", "web-2 new", "Verifying/3", "~Verifying", "web-2 former", "~Applied", "~RolledBack"] },
    Row { name: "Manual, patched by hand", disturb: |v| { deliver(v, DeliveryMode::Manual); patched(v) }, follows:
        ["Resizing/1", "web-1 new", "~Verifying", "web-2 new", "Verifying/3", "~Verifying", "web-2 former", "~Applied", "~RolledBack"] },
    Row { name: "no pause, all at once", disturb: |v| v.settings.steps = vec![StepSetting { share: Share::Percent(100), pause_s: 0 }], follows:
        ["Resizing/1", "web-1 new", "Resizing/1", "web-2 new", "put", "~Verifying", "web-2 former", "~Applied", "~RolledBack"] },
];

#[test]
fn each_disturbance_at_each_point_of_a_rollout() {
    let worlds = check(&DECISIONS)
        + check(&GATES_AND_CHECKS)
        + check(&WORKLOADS)
        + check(&pods::PODS)
        + check(&goes::GOES)
        + check(&STATUSES)
        + check(&WAYS);
    println!("{worlds} worlds");
    assert!(worlds >= 600, "{worlds}");
}
