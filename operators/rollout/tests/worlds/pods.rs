//! Worlds in which pods have changed: replaced, resized by others, not resized by their nodes. In: a view. Out: what
//! the machine has to do in it at each point of a rollout. The columns are those of `main.rs`.

use trimtab_api::rollout_strategy::IfInfeasible;
use trimtab_rollout::view::{Resize, View};

use crate::{Row, earlier, edited, failed, former, points, web_1};

fn sized(view: &mut View) {
    view.pods.iter_mut().for_each(|pod| pod.sized_by_trimtab = vec!["app".to_owned()]);
}

#[rustfmt::skip]
pub const PODS: [Row; 18] = [
    Row { name: "web-1 made anew by the template", disturb: |v| { web_1(v).uid = "new".to_owned(); web_1(v).spec = former() }, follows:
        ["Resizing/1", "web-1 new", "Resizing/1", "web-1 new", "web-1 new", "web-1 new", "web-2 former", "~Applied", "~RolledBack"] },
    Row { name: "web-1 being deleted", disturb: |v| web_1(v).terminating = true, follows:
        ["Resizing/1", "web-2 new", "Resizing/1", "web-2 new", "put", "~Verifying", "web-2 former", "~Applied", "~RolledBack"] },
    Row { name: "web-1 resized by somebody else", disturb: |v| web_1(v).spec = edited(), follows:
        ["~Blocked Pods", "~Paused PodsDiffer", "~Paused PodsDiffer", "~Paused PodsDiffer", "~Paused PodsDiffer", "~Paused PodsDiffer", "web-1 former", "~Applied", "~RolledBack"] },
    Row { name: "web-1 lacks the container", disturb: |v| web_1(v).spec.clear(), follows:
        ["~Blocked Pods", "~Paused PodsDiffer", "~Paused PodsDiffer", "~Paused PodsDiffer", "~Paused PodsDiffer", "~Paused PodsDiffer", "web-2 former", "~Applied", "~RolledBack"] },
    Row { name: "all but web-1 lack the container", disturb: |v| v.pods.iter_mut().skip(1).for_each(|p| p.spec.clear()), follows:
        ["~Blocked Pods", "~Paused PodsDiffer", "~Paused PodsDiffer", "~Paused PodsDiffer", "~Paused PodsDiffer", "~Paused PodsDiffer", "~Paused UndoBlocked", "~Applied", "~RolledBack"] },
    Row { name: "Trimtab sized all of them, for this or another change", disturb: sized, follows:
        ["Resizing/1", "web-1 new", "~Verifying", "web-2 new", "put", "~Verifying", "web-2 former", "~Applied", "~RolledBack"] },
    Row { name: "Trimtab sized all of them, and the template never had that size", disturb: |v| { earlier(v); sized(v) }, follows:
        ["~Blocked Pods", "web-1 new", "~Verifying", "web-2 new", "put", "~Verifying", "web-2 former", "~Applied", "~RolledBack"] },
    Row { name: "web-1 on no node", disturb: |v| web_1(v).bound = false, follows:
        ["Resizing/1", "web-2 new", "~Verifying", "web-2 new", "put", "~Verifying", "web-2 former", "~Applied", "~RolledBack"] },
    Row { name: "no pod on a node", disturb: |v| v.pods.iter_mut().for_each(|p| p.bound = false), follows:
        ["Resizing/1", "~RollingOut", "~Verifying", "~RollingOut", "put", "~Verifying", "~Undoing", "~Applied", "~RolledBack"] },
    Row { name: "a fifth pod with the former size", disturb: |v| { let mut p = v.pods[3].clone(); (p.name, p.uid, p.spec) = ("web-5".to_owned(), "p5".to_owned(), former()); v.pods.push(p) }, follows:
        ["Resizing/1", "web-1 new", "~Verifying", "web-2 new", "web-5 new", "web-5 new", "web-2 former", "~Applied", "~RolledBack"] },
    Row { name: "pods in another order", disturb: |v| v.pods.reverse(), follows:
        ["Resizing/1", "web-1 new", "~Verifying", "web-2 new", "put", "~Verifying", "web-2 former", "~Applied", "~RolledBack"] },
    Row { name: "web-1 infeasible", disturb: |v| web_1(v).resize = Resize::Infeasible { message: "no".to_owned() }, follows:
        ["Resizing/1", "web-1 new", "Undoing ResizeInfeasible", "Undoing ResizeInfeasible", "Undoing ResizeInfeasible", "Undoing ResizeInfeasible", "web-2 former", "~Applied", "~RolledBack"] },
    Row { name: "web-1 infeasible, evict", disturb: |v| { web_1(v).resize = Resize::Infeasible { message: "no".to_owned() }; v.settings.if_infeasible = IfInfeasible::Evict }, follows:
        ["Resizing/1", "web-1 new", "put", "put", "put", "evict web-1", "web-2 former", "~Applied", "~RolledBack"] },
    Row { name: "web-1 failed for half a minute", disturb: |v| web_1(v).resize = failed(30), follows:
        ["Resizing/1", "web-1 new", "Undoing ResizeInfeasible", "Undoing ResizeInfeasible", "Undoing ResizeInfeasible", "Undoing ResizeInfeasible", "web-2 former", "~Applied", "~RolledBack"] },
    Row { name: "web-1 failed, and its node may come to it", disturb: |v| web_1(v).resize = failed(29), follows:
        ["Resizing/1", "web-1 new", "~Verifying", "web-2 new", "put", "~Verifying", "web-2 former", "~Applied", "~RolledBack"] },
    Row { name: "web-1 evicted, and no pod made in its place yet", disturb: |v| { v.pods.remove(0); v.sizes_entry = true }, follows:
        ["Resizing/1", "~RollingOut", "Resizing/1", "~RollingOut", "Verifying/3", "~Verifying", "drop", "~Applied", "drop"] },
    Row { name: "all were reset, and the node of web-1 failed", disturb: |v| { v.pods.iter_mut().for_each(|p| p.spec = former()); web_1(v).resize = failed(0) }, follows:
        ["Resizing/1", "web-1 new", "Resizing/1", "web-1 new", "web-1 new", "web-1 new", "~Undoing", "~Applied", "~RolledBack"] },
    Row { name: "web-1 deferred", disturb: |v| web_1(v).resize = Resize::Deferred { since_s: points::NOW.as_second(), message: "later".to_owned() }, follows:
        ["Resizing/1", "web-1 new", "~Verifying", "web-2 new", "put", "~Verifying", "web-2 former", "~Applied", "~RolledBack"] },
];
