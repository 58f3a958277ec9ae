//! Undoing what Trimtab changed in a workload.
//!
//! In: the Recommendations of a namespace, and what was typed. Out: the one with a change in force or under way, the
//! values it restores, and what has to be written. Pure.

use serde_json::Value;
use trimtab_api::{
    Approvable,
    approval::Approver,
    delivery::DeliveryMode,
    quantity::Quantity,
    recommendation::Recommendation,
    resources::ContainerResources,
    rollout::{RolloutResult, RolloutStatus, Stage},
};

use crate::{
    carried::{is_earlier_size, is_spent, rollout},
    diff,
    target::{Named, Wanted},
    words,
};

/// The result for what was typed.
#[derive(Debug)]
pub enum Found<'a> {
    /// This one has a change in force or under way, or is being undone. The others are about the same workload.
    One(&'a Recommendation, Vec<&'a Recommendation>),
    /// These are about the workload, and none has a change in force; the text says so.
    Nothing(&'a Recommendation, String),
    /// No Recommendation has this name or is about a workload of that name.
    Unknown,
}

/// Whether there is anything to undo.
fn is_undoable(rec: &Recommendation) -> bool {
    rollout(rec).is_some_and(|r| r.is_in_force() || (r.is_under_way() && r.stage != Stage::Undoing))
}

/// That it is being undone already, and why: by whom, or what failed.
pub fn being_undone(rec: &Recommendation) -> Option<String> {
    let r = rollout(rec).filter(|r| r.stage == Stage::Undoing)?;
    let why = r.undo.as_ref().map(|u| format!(" ({}: {})", u.reason, u.message)).unwrap_or_default();
    Some(format!("{} is already being undone{why}: kubectl trimtab explain shows the progress", words::full_name(rec)))
}

/// The Recommendation with a change in force or under way for the given workload, whatever its name. With `rec/` it is
/// exactly that one.
///
/// # Errors
/// Where the target is ambiguous.
pub fn find<'a>(wanted: &Wanted, recs: &'a [Recommendation]) -> Result<Found<'a>, String> {
    let named = recs.iter().find(|rec| wanted.kind.is_none() && words::name(*rec) == wanted.name);
    let about = |rec: &&Recommendation| match named {
        Some(named) if wanted.is_recommendation => words::name(named) == words::name(*rec),
        Some(named) => words::target(named) == words::target(rec),
        None => wanted.is(&Named::from(*rec)),
    };
    let mut all: Vec<&Recommendation> = recs.iter().filter(about).collect();
    let mut targets: Vec<String> = all.iter().map(|rec| words::target(rec)).collect();
    targets.sort();
    targets.dedup();
    let undoable: Vec<&Recommendation> = all.iter().copied().filter(|rec| is_undoable(rec)).collect();
    match (undoable.as_slice(), targets.as_slice()) {
        (_, []) => Ok(Found::Unknown),
        ([one], _) => {
            all.retain(|rec| words::name(*rec) != words::name(*one) && words::target(rec) == words::target(one));
            Ok(Found::One(one, all))
        }
        ([], [_]) => match all.iter().position(|rec| being_undone(rec).is_some()) {
            Some(at) => {
                let one = all.remove(at);
                Ok(Found::One(one, all))
            }
            None => Ok(Found::Nothing(all[0], nothing(&all))),
        },
        ([], several) => Err(format!(
            "{} may be {}, and nothing of Trimtab is in force for any of them",
            wanted.text,
            several.join(" or ")
        )),
        (several, _) => Err(format!(
            "{} may be {}: specify which",
            wanted.text,
            several.iter().map(|rec| one_of(rec)).collect::<Vec<_>>().join(" or ")
        )),
    }
}

fn one_of(rec: &Recommendation) -> String {
    format!("rec/{} ({}, {})", words::name(rec), words::target(rec), words::status_word(rec))
}

/// What to report about the others for the same workload.
pub fn beside(rec: &Recommendation, others: &[&Recommendation]) -> Option<String> {
    let list: Vec<String> =
        others.iter().map(|o| format!("{} ({})", words::name(*o), words::status_word(*o))).collect();
    (!list.is_empty()).then(|| {
        format!(
            "note: {} is also what {} {} about, of which nothing is in force; this is about {}",
            words::target(rec),
            list.join(", "),
            if list.len() == 1 { "is" } else { "are" },
            words::name(rec)
        )
    })
}

fn nothing(all: &[&Recommendation]) -> String {
    let refusals: Vec<String> = all.iter().filter_map(|rec| preview(rec).err()).collect();
    let target = all.first().map(|rec| words::target(rec)).unwrap_or_default();
    format!("nothing of Trimtab is in force for {target}: {}", refusals.join("; "))
}

/// What an undo will do; an error says why there is nothing to undo.
///
/// # Errors
/// Where nothing is in force.
pub fn preview(rec: &Recommendation) -> Result<String, String> {
    let name = words::full_name(rec);
    let r = match rollout(rec) {
        None => {
            return Err(format!(
                "{name} has never been applied: there is nothing to undo; to refuse the proposal: kubectl trimtab \
                 reject {} -n {}",
                words::name(rec),
                rec.metadata.namespace.as_deref().unwrap_or_default()
            ));
        }
        Some(r) => r,
    };
    if let Some(already) = being_undone(rec) {
        return Err(already);
    }
    match (r.stage, r.result) {
        (Stage::Ended, Some(RolloutResult::RolledBack)) if r.original.is_empty() => {
            Err(format!("{name} was already rolled back: the former values were restored"))
        }
        (Stage::Ended, Some(RolloutResult::Superseded)) => {
            Err(format!("{name} is no longer in force: the workload was changed, replaced or deleted by somebody else"))
        }
        _ => Ok(consequences(rec, r)),
    }
}

fn consequences(rec: &Recommendation, r: &RolloutStatus) -> String {
    let target = words::target(rec);
    let (head, from, to) = if is_earlier_size(r) {
        let head = format!(
            "{target} goes back, one pod after the other: the last change was undone, and the size of an earlier one is in force:"
        );
        (head, &r.former, &r.original)
    } else {
        // The progress of what has ended tells nothing about the present pods.
        let changed = r.progress.split('/').next().filter(|n| r.is_under_way() && *n != "0");
        let changed = changed.map(|n| format!(" (the new size is in {n} of its pods)")).unwrap_or_default();
        let head = format!("{target} goes back, one pod after the other{changed}:");
        (head, &r.desired, &r.former)
    };
    let mut lines = vec![head];
    lines.extend(to.iter().map(|c| back(from.iter().find(|f| f.name == c.name), c)));
    if !is_earlier_size(r) && !r.original.is_empty() {
        lines.push(
            "That is the size of an earlier change, which stays in force; another undo takes it back to:".to_owned(),
        );
        lines.extend(r.original.iter().map(|c| back(None, c)));
    }
    if is_earlier_size(r) || r.delivered || r.stage == Stage::Delivering {
        lines.push(
            match r.delivery {
                DeliveryMode::Template => "First, the workload's template is reverted, which restarts its pods.",
                DeliveryMode::Manual => "What a person applied to the template by hand stays as it is.",
                _ => "First, new pods stop getting the new size.",
            }
            .to_owned(),
        );
    }
    lines.push("The same proposal will be applied again only if a person approves it again.".to_owned());
    lines.join("\n")
}

/// One container: its present and its restored size.
fn back(from: Option<&ContainerResources>, to: &ContainerResources) -> String {
    let amount = |q: Option<&Quantity>| q.map_or_else(|| "none".to_owned(), |q| q.0.clone());
    let pair = |what: &str, before: Option<&Quantity>, after: Option<&Quantity>| {
        let same = from.is_none() || before == after;
        match (before, after) {
            (None, None) => None,
            (_, after) if same => Some(format!("{what} {}", amount(after))),
            (before, after) => Some(format!("{what} {}→{}", amount(before), amount(after))),
        }
    };
    let part = |of: fn(&ContainerResources) -> &trimtab_api::resources::Resources| {
        let before = from.map(of);
        let both = [
            pair("cpu", before.and_then(|r| r.cpu.as_ref()), of(to).cpu.as_ref()),
            pair("memory", before.and_then(|r| r.memory.as_ref()), of(to).memory.as_ref()),
        ];
        let both: Vec<String> = both.into_iter().flatten().collect();
        if both.is_empty() { "nothing".to_owned() } else { both.join(", ") }
    };
    format!("  {}: requests {}; limits {}", to.name, part(|c| &c.requests), part(|c| &c.limits))
}

/// Whether `user` has to withdraw first: Trimtab tells two decisions of one person apart by what lies between them.
pub fn withdraw_first(rec: &Recommendation, user: &str) -> bool {
    is_spent(rec) && rec.honoured().is_some_and(|a| a.by == Approver::person(user))
}

/// The sizes of a workload's containers by its template, a line each.
pub fn of_template(kind: &str, workload: &Value) -> String {
    let spec = workload.pointer(diff::pod_spec(kind)).unwrap_or(&Value::Null);
    let lines = spec["containers"].as_array().into_iter().flatten().map(|c| {
        let part = |key: &str| {
            let amounts = ["cpu", "memory"].iter().filter_map(|what| {
                let amount = diff::text(&c["resources"][key][*what])?;
                Some(format!("{what} {amount}"))
            });
            let amounts: Vec<String> = amounts.collect();
            if amounts.is_empty() { "nothing".to_owned() } else { amounts.join(", ") }
        };
        format!(
            "  {}: requests {}; limits {}",
            c["name"].as_str().unwrap_or_default(),
            part("requests"),
            part("limits")
        )
    });
    lines.collect::<Vec<_>>().join("\n")
}

#[cfg(test)]
#[path = "undo_tests.rs"]
mod tests;
