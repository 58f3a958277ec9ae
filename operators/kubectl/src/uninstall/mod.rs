//! Uninstalling: which objects go in which order, the permissions required, what waits and why.
//!
//! In: the existing objects, Recommendations, whether Trimtab runs. Out: a plan, refusals, words. Pure.

pub mod check;
pub mod kinds;

use std::collections::BTreeSet;

use trimtab_api::{delivery::DeliveryMode, names::FINALIZER, recommendation::Recommendation, rollout::RolloutStatus};
use trimtab_core::text::{count, first_of};

use crate::{
    carried::{is_earlier_size, rollout},
    doctor::Needed,
    health::{EmergencyStop, Lead},
    progress, words,
};
use kinds::{Kind, Part, Place};

/// How many names of a kind are listed.
const NAMES: usize = 12;

/// An object that is Trimtab's.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Object {
    /// Its kind.
    pub kind: &'static Kind,
    /// Its namespace, where it has one.
    pub namespace: Option<String>,
    /// Its name.
    pub name: String,
    /// Whether it is being deleted already.
    pub terminating: bool,
}

impl Object {
    /// `shop/deploy-web`.
    pub fn full_name(&self) -> String {
        match &self.namespace {
            Some(namespace) => format!("{namespace}/{}", self.name),
            None => self.name.clone(),
        }
    }
}

/// The parts in deletion order.
///
/// Usually Trimtab has to run until all Recommendations are settled, and the guard goes after that, before what it
/// protects. Where sizes stay in force Trimtab is stopped first, so that it undoes nothing.
pub fn order(leave_sizes: bool) -> [Part; 8] {
    use Part::{Admission, Controller, Definitions, Namespace, Policies, Recommendations, Records, Rest};
    if leave_sizes {
        [Controller, Admission, Policies, Recommendations, Records, Rest, Definitions, Namespace]
    } else {
        [Policies, Recommendations, Controller, Admission, Records, Rest, Definitions, Namespace]
    }
}

/// What is deleted in this order, a line for each kind.
pub fn listed(objects: &[Object], leave_sizes: bool) -> String {
    let mut lines = Vec::new();
    for part in order(leave_sizes) {
        for kind in kinds::KINDS.iter().filter(|kind| kind.part == part) {
            let names: Vec<String> = objects.iter().filter(|o| o.kind == kind).map(Object::full_name).collect();
            if names.is_empty() {
                continue;
            }
            lines.push(format!("  {}: {}", kind.resource(), some(&names)));
        }
    }
    lines.join("\n")
}

/// A size that is in force or under way.
fn has_size(rec: &Recommendation) -> bool {
    rollout(rec).is_some_and(|r| r.is_in_force() || r.is_under_way())
}

/// Those with a size in force or under way.
pub fn sized(recs: &[Recommendation]) -> Vec<&Recommendation> {
    recs.iter().filter(|rec| has_size(rec)).collect()
}

/// Whether only Trimtab can release it without loss.
fn needs_trimtab(rec: &Recommendation) -> bool {
    has_size(rec) || rec.metadata.finalizers.iter().flatten().any(|f| f == FINALIZER)
}

/// What happens to the sizes, a line for each.
pub fn sizes(recs: &[Recommendation], leave_sizes: bool) -> String {
    let sized = sized(recs);
    if sized.is_empty() {
        return "No size is in force and no rollout is in progress: nothing has to be undone.".to_owned();
    }
    let n = count(sized.len(), "size");
    let mut lines = vec![match leave_sizes {
        true => format!("{n} will stay in force, and nothing can undo that afterwards:"),
        false => format!("{n} in force or in progress will be undone first:"),
    }];
    for rec in sized {
        let Some(r) = rollout(rec) else { continue };
        lines.push(format!("  {}", size(rec, r, leave_sizes)));
    }
    lines.join("\n")
}

/// Which size the workload of one Recommendation keeps, or gets back.
fn size(rec: &Recommendation, r: &RolloutStatus, leave_sizes: bool) -> String {
    let (which, sizes) = match leave_sizes {
        true => ("keeps", if is_earlier_size(r) { &r.former } else { &r.desired }),
        false => ("gets back", if r.original.is_empty() { &r.former } else { &r.original }),
    };
    let sizes: Vec<String> = sizes
        .iter()
        .map(|c| {
            let (requests, limits) = (words::resources(&c.requests), words::resources(&c.limits));
            format!("{}: requests {requests}; limits {limits}", c.name)
        })
        .collect();
    let lasts = match r.delivery {
        _ if !leave_sizes => "",
        DeliveryMode::Template | DeliveryMode::Manual if r.delivered => ", as its template says",
        _ => ", until its pods are recreated",
    };
    let half = if leave_sizes && r.is_under_way() { format!(" in {} of its pods", r.progress) } else { String::new() };
    format!("{} {} {which} {}{half}{lasts}", words::full_name(rec), words::target(rec), sizes.join(" | "))
}

/// The first of these names, and how many more there are.
fn some(names: &[String]) -> String {
    first_of(names, NAMES)
}

/// Why it cannot start: what is in force could not be undone.
pub fn refusal(
    recs: &[Recommendation],
    lead: &Lead,
    emergency_stop: Option<&EmergencyStop>,
    lease: &str,
    now: jiff::Timestamp,
) -> Option<String> {
    let waiting: Vec<String> = recs.iter().filter(|rec| needs_trimtab(rec)).map(words::full_name).collect();
    if waiting.is_empty() {
        return None;
    }
    let runs = match lead {
        Lead::Absent => Some(format!("there is no Lease {lease}")),
        Lead::Released => Some(format!("the Lease {lease} is released, and nobody has taken it since")),
        Lead::Held(o) if o.expires < now => {
            Some(format!("{} has not renewed the Lease {lease} since {}", o.holder, words::moment(o.renewed)))
        }
        Lead::Held(_) => None,
    };
    let these = count(waiting.len(), "Recommendation");
    let names = some(&waiting);
    if let Some(why) = runs {
        return Some(format!(
            "no running Trimtab can settle {these} ({names}): {why}. Start it to undo what is in force, or use \
             --leave-sizes to keep it"
        ));
    }
    let emergency_stop = emergency_stop.filter(|_| recs.iter().any(has_size))?;
    Some(format!(
        "the emergency stop is {}: nothing can be undone before kubectl trimtab resume. Or use --leave-sizes to \
         keep what is in force",
        emergency_stop.text()
    ))
}

/// Why Trimtab, which runs, could not undo what is in force. `missing`: what its account lacks of all that features take.
pub fn cannot_undo(recs: &[Recommendation], missing: &[Needed]) -> Option<String> {
    let (mut lacks, mut kept) = (BTreeSet::new(), BTreeSet::new());
    for rec in sized(recs) {
        let kind = format!("{}s", rec.spec.target_ref.kind.to_lowercase());
        let by_template = rollout(rec).is_some_and(|r| r.delivery == DeliveryMode::Template && r.delivered);
        let takes = |needed: &&Needed| {
            needed.verb == "patch" && (needed.resource == "pods/resize" || (by_template && needed.resource == kind))
        };
        for needed in missing.iter().filter(takes) {
            lacks.insert(format!("{} {}", needed.verb, needed.resource));
            kept.insert(words::full_name(rec));
        }
    }
    if lacks.is_empty() {
        return None;
    }
    let (lacks, kept): (Vec<_>, Vec<_>) = (lacks.into_iter().collect(), kept.into_iter().collect());
    Some(format!(
        "Trimtab's account may not {}, so it cannot undo {} ({}): give it the permission (features.resize and \
         features.template of the chart), or use --leave-sizes to keep what is in force",
        lacks.join(" or "),
        count(kept.len(), "size"),
        some(&kept)
    ))
}

/// A required permission.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Right {
    /// The verb.
    pub verb: &'static str,
    /// The API group.
    pub group: &'static str,
    /// The resource.
    pub plural: &'static str,
    /// Only in Trimtab's namespace.
    pub own: bool,
}

/// The permissions required to delete these objects, and to undo what is in force.
pub fn rights(objects: &[Object], recs: &[Recommendation], leave_sizes: bool) -> BTreeSet<Right> {
    let right = |kind: &'static Kind, verb| Right {
        verb,
        group: kind.group,
        plural: kind.plural,
        own: kind.place == Place::Own,
    };
    let mut rights: BTreeSet<Right> = objects.iter().map(|o| right(o.kind, "delete")).collect();
    for object in objects.iter().filter(|o| o.kind.part == Part::Recommendations) {
        if leave_sizes {
            rights.insert(right(object.kind, "patch"));
        } else if recs.iter().any(has_size) {
            // Deleting what is in force triggers its undo, which the guard allows only to approvers.
            rights.insert(right(object.kind, "approve"));
        }
    }
    rights
}

impl Right {
    /// `delete clusterroles.rbac.authorization.k8s.io`.
    pub fn text(&self, own: &str) -> String {
        let group = if self.group.is_empty() { String::new() } else { format!(".{}", self.group) };
        let place = if self.own { format!(" in namespace {own}") } else { String::new() };
        format!("{} {}{group}{place}", self.verb, self.plural)
    }
}

/// Why a Recommendation is not gone yet.
pub fn waits(rec: &Recommendation, refused: Option<&str>) -> String {
    let name = words::full_name(rec);
    if let Some(refused) = refused {
        return format!("{name}: it could not be deleted yet: {refused}");
    }
    let said = words::ready(rec).map(|(reason, message)| format!("; {reason}: {message}")).unwrap_or_default();
    let others: Vec<&str> =
        rec.metadata.finalizers.iter().flatten().map(String::as_str).filter(|f| *f != FINALIZER).collect();
    match (rollout(rec), rec.status.as_ref()) {
        (Some(r), Some(status)) if r.is_under_way() => {
            let line = progress::under_way(r, status, None);
            // Why it is paused, or undone, is in the line already.
            let in_line = line.ends_with(said.trim_start_matches("; "))
                || words::ready(rec).is_some_and(|(_, message)| !message.is_empty() && line.ends_with(message));
            let said = if in_line { "" } else { &said };
            format!("{name}: {line}{said}")
        }
        (Some(r), _) if r.is_in_force() => format!("{name}: waiting for Trimtab to start the undo"),
        _ if !needs_trimtab(rec) && !others.is_empty() => {
            format!("{name}: somebody else's finalizer keeps it: {}", others.join(", "))
        }
        _ => format!("{name}: waiting for Trimtab to release it"),
    }
}

#[cfg(test)]
mod tests;
