//! Names that match nothing: containers named in a policy or an annotation that no workload has, and annotations that
//! are not read.
//!
//! In: the plan of a pass and its rows. Out: for each policy, the unmatched names and what was most likely meant. Pure.
//! A misspelt name changes nothing, and nobody would notice; one that was meant as `Off` matters most, and any of them
//! on a workload may have been meant to protect it.

use std::{cell::LazyCell, collections::BTreeSet, sync::Arc};

use trimtab_api::{
    conditions::reasons::{CONTAINER_NOT_FOUND, UNKNOWN_ANNOTATION},
    names::{
        BOUND_ANNOTATIONS, MODE_ANNOTATION, NAMESPACE_ANNOTATIONS, POLICY_ANNOTATIONS, PREFIX, WORKLOAD_ANNOTATIONS,
    },
};
use trimtab_core::{WorkloadId, text::first_of};
use trimtab_world::row::{Labels, NamespaceRow, WorkloadRow};

mod misplaced;

use crate::{nearest::nearest, plan::Plan, text::count};

/// Maximum number of names kept for one policy; further ones are counted.
pub const MOST: usize = 50;
/// Maximum number of containers listed if none has a name similar to the written one.
const LISTED: usize = 8;
/// Maximum length of a name that is shown.
const SHOWN: usize = 64;
/// The effect of an annotation that is not read.
const HELD_BACK: &str = "recommendation is created until it is corrected or removed";
/// The annotations that are read on workloads.
const ON_WORKLOADS: [&[&str]; 2] = [WORKLOAD_ANNOTATIONS, BOUND_ANNOTATIONS];

/// A name that matches nothing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unmatched {
    /// Its location.
    pub place: Place,
    /// `ContainerNotFound` or `UnknownAnnotation`.
    pub reason: &'static str,
    /// The problem, with what was most likely meant.
    pub message: String,
    /// Whether it was most likely meant to set the mode, which matters most.
    pub means_mode: bool,
    /// Whether it may have been meant to protect a workload, so that nothing is decided on it until that is clear.
    pub holds_back: bool,
}

/// The location of a name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Place {
    /// In the spec of the policy.
    Policy,
    /// On a workload, with its uid.
    Workload(WorkloadId, String),
    /// On a namespace.
    Namespace(Arc<str>),
}

/// The unmatched names of one policy.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Names {
    /// The first ones, in order of importance.
    pub list: Vec<Unmatched>,
    /// How many more there are.
    pub more: usize,
}

impl Names {
    /// The first messages, and how many more names there are.
    pub fn shown(&self, most: usize) -> (Vec<&str>, usize) {
        let shown: Vec<&str> = self.list.iter().take(most).map(|u| u.message.as_str()).collect();
        let more = self.list.len() - shown.len() + self.more;
        (shown, more)
    }

    fn push(&mut self, unmatched: Unmatched) {
        if self.list.len() < MOST || unmatched.means_mode {
            self.list.push(unmatched);
        } else {
            self.more += 1;
        }
    }

    fn sorted(mut self) -> Self {
        // Stable: the policy itself, then workloads in their order.
        self.list.sort_by_key(|u| (!u.means_mode, u.place != Place::Policy));
        self.more += self.list.len().saturating_sub(MOST);
        self.list.truncate(MOST);
        self
    }
}

/// Looks up rows.
pub trait Rows {
    /// A workload.
    fn workload(&self, id: &WorkloadId) -> Option<Arc<WorkloadRow>>;
    /// A namespace.
    fn namespace(&self, name: &str) -> Option<Arc<NamespaceRow>>;
    /// Names of the containers in a workload's pods: injected ones are in no template.
    fn in_pods(&self, id: &WorkloadId) -> BTreeSet<Arc<str>>;
}

/// The unmatched names, for each policy of `plan` in its order.
pub fn find(plan: &Plan, rows: &impl Rows) -> Vec<Names> {
    let mut found: Vec<Names> = plan.policies.iter().map(|_| Names::default()).collect();
    let mut containers: Vec<BTreeSet<Arc<str>>> = vec![BTreeSet::new(); plan.policies.len()];
    let mut seen: BTreeSet<(usize, &str)> = BTreeSet::new();
    for (id, &index) in &plan.assigned {
        let (Some(row), Some(policy), Some(found), Some(containers)) =
            (rows.workload(id), plan.policies.get(index), found.get_mut(index), containers.get_mut(index))
        else {
            continue;
        };
        if !policy.exceptions.is_empty() {
            containers.extend(row.template.containers.iter().map(|c| c.name.clone()));
        }
        on_workload(&row, rows, found);
        if seen.insert((index, &*id.namespace))
            && let Some(namespace) = rows.namespace(&id.namespace)
        {
            on_namespace(&namespace, found);
        }
    }
    for (index, (found, mut containers)) in found.iter_mut().zip(containers).enumerate() {
        let Some(policy) = plan.policies.get(index).filter(|_| !containers.is_empty()) else { continue };
        let missing = |known: &BTreeSet<Arc<str>>| {
            policy.exceptions.iter().map(|(name, _)| name).filter(|name| !known.contains(name.as_str())).count()
        };
        let own = || plan.assigned.iter().filter(move |(_, i)| **i == index).map(|(id, _)| id);
        for id in own() {
            if missing(&containers) == 0 {
                break;
            }
            containers.extend(rows.in_pods(id));
        }
        for (name, _) in policy.exceptions.iter().filter(|(name, _)| !containers.contains(name.as_str())) {
            let selected = count(own().count() as u64, "workload");
            found.push(Unmatched {
                place: Place::Policy,
                reason: CONTAINER_NOT_FOUND,
                message: format!(
                    "sizing.containers names {:?}, but no container of the {selected} that the policy sizes has that \
                     name{}",
                    shown(name),
                    meant(name, &containers)
                ),
                means_mode: false,
                holds_back: false,
            });
        }
    }
    found.into_iter().map(Names::sorted).collect()
}

/// The annotations of a workload and its namespace that are not read in their location, with what was meant.
pub(crate) fn not_applied(row: &WorkloadRow, namespace: &NamespaceRow) -> Vec<String> {
    let mut all = on_namespace_of(namespace);
    all.splice(0..0, on_workload_of(row));
    // A request for an early evaluation protects nothing.
    all.into_iter().filter(|u| u.holds_back).map(|u| u.message).collect()
}

/// The containers that the workload's annotations name and that do not exist as far as `has` knows, each with the
/// annotation.
pub(crate) fn absent_containers(
    row: &WorkloadRow,
    has: impl Fn(&str) -> bool,
) -> impl Iterator<Item = (&'static str, &str)> {
    BOUND_ANNOTATIONS
        .iter()
        .filter_map(|key| Some((*key, row.annotations.get(key)?)))
        .flat_map(|(key, text)| text.split(',').filter_map(move |part| Some((key, part.split_once('=')?.0.trim()))))
        .filter(move |(_, name)| row.template.container(name).is_none() && !has(name))
}

fn unknown<'a>(labels: &'a Labels, known: &'a [&'a [&'a str]]) -> impl Iterator<Item = (&'a str, &'a str)> {
    labels.iter().filter(move |(key, _)| key.starts_with(PREFIX) && !known.iter().any(|list| list.contains(key)))
}

fn is_like_mode(labels: &Labels, key: &str, value: &str, known: &[&[&str]]) -> bool {
    labels.get(MODE_ANNOTATION).is_none()
        && !read_elsewhere(key)
        && (near(key, known) == Some(MODE_ANNOTATION)
            || ["off", "recommend", "apply"].contains(&value.trim().to_ascii_lowercase().as_str()))
}

fn near<'a>(key: &str, known: &[&[&'a str]]) -> Option<&'a str> {
    let names = || known.iter().flat_map(|list| list.iter().copied());
    let found = nearest(own(key), names().map(own))?;
    names().find(|name| own(name) == found)
}

/// An annotation's name without the common prefix.
fn own(key: &str) -> &str {
    key.strip_prefix(PREFIX).unwrap_or(key)
}

fn read_elsewhere(key: &str) -> bool {
    [WORKLOAD_ANNOTATIONS, BOUND_ANNOTATIONS, NAMESPACE_ANNOTATIONS, POLICY_ANNOTATIONS]
        .iter()
        .any(|list| list.contains(&key))
}

fn on_workload(row: &WorkloadRow, rows: &impl Rows, found: &mut Names) {
    let place = || Place::Workload(row.id.clone(), row.uid.to_string());
    for unmatched in on_workload_of(row) {
        found.push(Unmatched { place: place(), ..unmatched });
    }
    let in_pods = LazyCell::new(|| rows.in_pods(&row.id));
    for (key, name) in absent_containers(row, |name| in_pods.contains(name)) {
        let containers =
            row.template.containers.iter().map(|c| c.name.clone()).chain(in_pods.iter().cloned()).collect();
        let message = absent(row, key, name, &containers);
        found.push(Unmatched {
            place: place(),
            reason: CONTAINER_NOT_FOUND,
            message,
            means_mode: false,
            holds_back: true,
        });
    }
}

/// The finding that an annotation names a container which the workload does not have.
pub(crate) fn absent(row: &WorkloadRow, key: &str, name: &str, containers: &BTreeSet<Arc<str>>) -> String {
    let (id, shown, meant) = (&row.id, shown(name), meant(name, containers));
    format!("{id}: annotation {key} names container {shown:?}, which it does not have{meant}")
}

fn on_namespace(row: &NamespaceRow, found: &mut Names) {
    for unmatched in on_namespace_of(row) {
        found.push(Unmatched { place: Place::Namespace(row.name.clone()), ..unmatched });
    }
}

fn on_namespace_of(row: &NamespaceRow) -> Vec<Unmatched> {
    let mut all = not_read(&row.annotations, &[NAMESPACE_ANNOTATIONS], &format!("Namespace {}", row.name));
    all.extend(misplaced::on_namespace(row));
    all
}

fn on_workload_of(row: &WorkloadRow) -> Vec<Unmatched> {
    let mut all = not_read(&row.annotations, &ON_WORKLOADS, &row.id.to_string());
    all.extend(misplaced::on_workload(row));
    all
}

/// Annotations of `object` that are not read; the caller adds their location.
fn not_read(labels: &Labels, known: &[&[&str]], object: &str) -> Vec<Unmatched> {
    unknown(labels, known)
        .map(|(key, value)| {
            let means_mode = is_like_mode(labels, key, value, known);
            let hint = if means_mode {
                format!("did you mean {MODE_ANNOTATION}?")
            } else if read_elsewhere(key) {
                "it is read on objects of another kind only".to_owned()
            } else if let Some(near) = near(key, known) {
                format!("did you mean {near}?")
            } else {
                let all: Vec<&str> = known.iter().flat_map(|list| list.iter().copied()).collect();
                format!("the ones that it reads there are {}", all.join(", "))
            };
            let holds_back = !POLICY_ANNOTATIONS.contains(&key);
            let end = match (holds_back, hint.ends_with('?')) {
                (true, true) => format!(" No {HELD_BACK}"),
                (true, false) => format!("; no {HELD_BACK}"),
                (false, _) => String::new(),
            };
            let (shown_key, shown_value) = (shown(key), shown(value));
            let message =
                format!("{object}: Trimtab does not read annotation {shown_key}={shown_value:?}: {hint}{end}");
            Unmatched { place: Place::Policy, reason: UNKNOWN_ANNOTATION, message, means_mode, holds_back }
        })
        .collect()
}

/// The container name that was meant, as the end of a sentence.
fn meant(name: &str, containers: &BTreeSet<Arc<str>>) -> String {
    if let Some(near) = nearest(name, containers.iter().map(|c| &**c)) {
        return format!(": did you mean {near:?}?");
    }
    let names: Vec<&str> = containers.iter().map(|c| &**c).collect();
    format!("; the containers are {}", first_of(&names, LISTED))
}

fn shown(text: &str) -> String {
    text.chars().take(SHOWN).collect()
}

#[cfg(test)]
mod tests;
