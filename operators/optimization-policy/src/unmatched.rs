//! Names that match nothing: containers that a policy or an annotation names and no workload has, and annotations that
//! are not read.
//!
//! In: the plan of a pass and the rows that it is about. Out: for each policy, what matches nothing and what was most likely
//! meant. Pure. A name with a typing error changes nothing, and nobody would notice; one that was to say `Off` matters most.

use std::{collections::BTreeSet, sync::Arc};

use trimtab_api::{
    conditions::reasons::{CONTAINER_NOT_FOUND, UNKNOWN_ANNOTATION},
    names::{
        BOUND_ANNOTATIONS, MODE_ANNOTATION, NAMESPACE_ANNOTATIONS, POLICY_ANNOTATIONS, PREFIX, WORKLOAD_ANNOTATIONS,
    },
};
use trimtab_core::WorkloadId;
use trimtab_world::row::{Labels, NamespaceRow, WorkloadRow};

use crate::{nearest::nearest, plan::Plan, text::count};

/// How many names are kept for one policy; further ones are counted.
pub const MOST: usize = 50;
/// How many containers are listed where none has a name like the one that was written.
const LISTED: usize = 8;
/// How much of a name is shown.
const SHOWN: usize = 64;

/// A name that matches nothing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unmatched {
    /// Where it stands.
    pub place: Place,
    /// `ContainerNotFound` or `UnknownAnnotation`.
    pub reason: &'static str,
    /// What it is, with what was most likely meant.
    pub message: String,
    /// Whether it was most likely to say how far policies may go, so that nothing is decided until that is clear.
    pub means_mode: bool,
}

/// Where a name stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Place {
    /// In the spec of the policy.
    Policy,
    /// On a workload, with its uid.
    Workload(WorkloadId, String),
    /// On a namespace.
    Namespace(Arc<str>),
}

/// What matches nothing for one policy.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Names {
    /// The first ones, those first that matter most.
    pub list: Vec<Unmatched>,
    /// How many more there are.
    pub more: usize,
}

impl Names {
    /// The first messages, and how many names there are beside them.
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

/// Where the rows are.
pub trait Rows {
    /// A workload.
    fn workload(&self, id: &WorkloadId) -> Option<Arc<WorkloadRow>>;
    /// A namespace.
    fn namespace(&self, name: &str) -> Option<Arc<NamespaceRow>>;
    /// Names of the containers in the pods of a workload: those that were injected are in no template.
    fn in_pods(&self, id: &WorkloadId) -> BTreeSet<Arc<str>>;
}

/// What matches nothing, for each policy of `plan` in its order.
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
            });
        }
    }
    found.into_iter().map(Names::sorted).collect()
}

/// Whether an annotation that is not read was most likely to say how far policies may go. A wish to be left alone must not be
/// ignored because of a typing error.
pub fn means_mode(workload: &Labels, namespace: &Labels) -> bool {
    let on = |labels: &Labels, known: &[&[&str]]| {
        unknown(labels, known).any(|(key, value)| is_like_mode(labels, key, value, known))
    };
    on(workload, &[WORKLOAD_ANNOTATIONS, BOUND_ANNOTATIONS]) || on(namespace, &[NAMESPACE_ANNOTATIONS])
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

/// An annotation's name without the part that all of them have.
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
    for unmatched in not_read(&row.annotations, &[WORKLOAD_ANNOTATIONS, BOUND_ANNOTATIONS], &row.id.to_string()) {
        found.push(Unmatched { place: place(), ..unmatched });
    }
    for key in BOUND_ANNOTATIONS {
        let Some(text) = row.annotations.get(key).filter(|text| text.contains('=')) else { continue };
        let mut containers: BTreeSet<Arc<str>> = row.template.containers.iter().map(|c| c.name.clone()).collect();
        for name in text.split(',').filter_map(|part| part.split_once('=')).map(|(name, _)| name.trim()) {
            if !containers.contains(name) {
                containers.extend(rows.in_pods(&row.id));
            }
            if !containers.contains(name) {
                let message = format!(
                    "{}: annotation {key} names container {:?}, which it does not have{}",
                    row.id,
                    shown(name),
                    meant(name, &containers)
                );
                found.push(Unmatched { place: place(), reason: CONTAINER_NOT_FOUND, message, means_mode: false });
            }
        }
    }
}

fn on_namespace(row: &NamespaceRow, found: &mut Names) {
    for unmatched in not_read(&row.annotations, &[NAMESPACE_ANNOTATIONS], &format!("Namespace {}", row.name)) {
        found.push(Unmatched { place: Place::Namespace(row.name.clone()), ..unmatched });
    }
}

/// Annotations of `object` that are not read; their place is still to be said.
fn not_read(labels: &Labels, known: &[&[&str]], object: &str) -> Vec<Unmatched> {
    unknown(labels, known)
        .map(|(key, value)| {
            let means_mode = is_like_mode(labels, key, value, known);
            let hint = if means_mode {
                format!(
                    "did you mean {MODE_ANNOTATION}? No recommendation is made for it until the annotation is corrected \
                     or removed"
                )
            } else if read_elsewhere(key) {
                "it is read on objects of another kind only".to_owned()
            } else if let Some(near) = near(key, known) {
                format!("did you mean {near}?")
            } else {
                let all: Vec<&str> = known.iter().flat_map(|list| list.iter().copied()).collect();
                format!("the ones that it reads there are {}", all.join(", "))
            };
            let message = format!("{object}: Trimtab does not read annotation {}={:?}: {hint}", shown(key), shown(value));
            Unmatched { place: Place::Policy, reason: UNKNOWN_ANNOTATION, message, means_mode }
        })
        .collect()
}

/// What was meant by the name of a container, as the end of a sentence.
fn meant(name: &str, containers: &BTreeSet<Arc<str>>) -> String {
    if let Some(near) = nearest(name, containers.iter().map(|c| &**c)) {
        return format!(": did you mean {near:?}?");
    }
    let listed: Vec<&str> = containers.iter().take(LISTED).map(|c| &**c).collect();
    let more = containers.len().saturating_sub(LISTED);
    format!(
        "; the containers are {}{}",
        listed.join(", "),
        if more > 0 { format!(" and {more} more") } else { String::new() }
    )
}

fn shown(text: &str) -> String {
    text.chars().take(SHOWN).collect()
}

#[cfg(test)]
mod tests;
