//! Which object people mean: `deploy/checkout`, `deployment/checkout`, `deploy-checkout` or `checkout`.
//!
//! In: what was typed, and the existing names. Out: the object, or a message where there is none or more than one.
//! Pure.

use trimtab_api::{names::about_workload, recommendation::Recommendation};
use trimtab_core::{CustomKind, WorkloadId, WorkloadKind};

use crate::decided_on::is_word_for;

/// How many similar names are offered.
const NEAR: usize = 3;
/// The minimum similarity of an offered name, from 0 to 1.
const ALIKE: f64 = 0.6;

/// What was typed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Wanted {
    /// As typed.
    pub text: String,
    /// The kind, if given.
    pub kind: Option<WorkloadKind>,
    /// The name without the kind.
    pub name: String,
    /// Whether a Recommendation was given explicitly: `rec/deploy-web`.
    pub is_recommendation: bool,
}

/// An existing name.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Named {
    /// A Recommendation: its own name, and its target as `Kind`, `name`.
    Recommendation {
        /// Its name.
        name: String,
        /// The kind of its target.
        kind: String,
        /// The name of its target.
        target: String,
    },
    /// A workload.
    Workload(WorkloadId),
}

/// The kind that people mean by this word: as kubectl accepts it, in any case, with or without the group.
fn kind(word: &str) -> Option<WorkloadKind> {
    let word = word.to_ascii_lowercase();
    let named = |kind: &CustomKind| {
        let is = |w: &str| w == kind.as_str().to_ascii_lowercase() || w == kind.plural();
        match word.strip_suffix(kind.group()).and_then(|w| w.strip_suffix('.')) {
            Some(plain) => is(plain),
            // Without a group, a built-in kind takes precedence.
            None => kind.label() == kind.as_str() && is(&word),
        }
    };
    if let Some(custom) = CustomKind::all().find(named) {
        return Some(WorkloadKind::Custom(custom));
    }
    let word = [".apps", ".batch", ".argoproj.io"].iter().find_map(|group| word.strip_suffix(group)).unwrap_or(&word);
    Some(match word {
        "deploy" | "deployment" | "deployments" => WorkloadKind::Deployment,
        "sts" | "statefulset" | "statefulsets" => WorkloadKind::StatefulSet,
        "ds" | "daemonset" | "daemonsets" => WorkloadKind::DaemonSet,
        "cj" | "cronjob" | "cronjobs" => WorkloadKind::CronJob,
        "job" | "jobs" => WorkloadKind::Job,
        "ro" | "rollout" | "rollouts" => WorkloadKind::Rollout,
        _ => return None,
    })
}

/// The short name of a kind, as kubectl prints it.
pub fn short(kind: WorkloadKind) -> &'static str {
    match kind {
        WorkloadKind::Deployment => "deploy",
        WorkloadKind::StatefulSet => "sts",
        WorkloadKind::DaemonSet => "ds",
        WorkloadKind::CronJob => "cj",
        WorkloadKind::Job => "job",
        WorkloadKind::Rollout => "rollout",
        WorkloadKind::Custom(kind) => kind.lower(),
    }
}

/// `deploy/web`: how people can refer to this workload.
pub fn typed(id: &WorkloadId) -> String {
    format!("{}/{}", short(id.kind), id.name)
}

impl Wanted {
    /// Parses what was typed.
    ///
    /// # Errors
    /// Where the kind is not one that is sized, or no name is left.
    pub fn parse(text: &str) -> Result<Self, String> {
        let (word, name) = match text.split_once('/') {
            Some((word, name)) => (Some(word), name),
            None => (None, text),
        };
        if name.is_empty() || name.contains('/') {
            return Err(format!("{text:?} is not a name: write deploy/NAME, a Recommendation's name, or NAME"));
        }
        let is_recommendation = word.is_some_and(is_word_for::<Recommendation>);
        let kind = match word {
            Some(word) if !is_recommendation => Some(kind(word).ok_or_else(|| {
                format!(
                    "{word} is not a workload kind that Trimtab sizes: write deploy, sts, ds, cronjob, job or rollout \
                     before the /"
                )
            })?),
            _ => None,
        };
        Ok(Self { text: text.to_owned(), kind, name: name.to_owned(), is_recommendation })
    }

    /// The names that a Recommendation about it may have. The first that exists is used.
    pub fn recommendation_names(&self) -> Vec<String> {
        match self.kind {
            Some(kind) => vec![about_workload(kind.label(), &self.name, "")],
            None => vec![self.name.clone()],
        }
    }

    /// Whether `named` is what was typed.
    pub fn is(&self, named: &Named) -> bool {
        match named {
            Named::Recommendation { name, kind, target } => match self.kind {
                Some(wanted) => wanted.label() == kind && *target == self.name,
                None => *name == self.name || (!self.is_recommendation && *target == self.name),
            },
            Named::Workload(id) => match self.kind {
                _ if self.is_recommendation => false,
                Some(kind) => id.kind == kind && *id.name == *self.name,
                None => *id.name == *self.name || about_workload(id.kind.label(), &id.name, "") == self.name,
            },
        }
    }

    /// Which of these names is meant.
    ///
    /// # Errors
    /// Where several match; the text lists them.
    pub fn choose<'a>(&self, all: &'a [Named]) -> Result<Option<&'a Named>, String> {
        // A Recommendation's own name takes precedence over everything that happens to have that name.
        let exact = all.iter().find(|n| matches!(n, Named::Recommendation { name, .. } if *name == self.name));
        if let Some(exact) = exact.filter(|_| self.kind.is_none()) {
            return Ok(Some(exact));
        }
        let mut found: Vec<&Named> = all.iter().filter(|named| self.is(named)).collect();
        // A workload with a Recommendation is represented by it.
        let targets: Vec<(&str, &str)> = found
            .iter()
            .copied()
            .filter_map(|n| match n {
                Named::Recommendation { kind, target, .. } => Some((kind.as_str(), target.as_str())),
                Named::Workload(_) => None,
            })
            .collect();
        found.retain(|n| match n {
            Named::Workload(id) => !targets.contains(&(id.kind.label(), &*id.name)),
            Named::Recommendation { .. } => true,
        });
        match found.as_slice() {
            [] => Ok(None),
            [one] => Ok(Some(*one)),
            many => {
                let list: Vec<String> = many.iter().map(|n| n.typed()).collect();
                Err(format!("{} may be {}: specify which", self.text, list.join(" or ")))
            }
        }
    }

    /// For a name that does not exist in the namespace: what may have been meant.
    pub fn missing(&self, namespace: &str, here: &[Named], elsewhere: &[WorkloadId]) -> String {
        let what = match self.kind {
            Some(kind) => format!("there is no {kind} {} in namespace {namespace}", self.name),
            None => format!(
                "there is no Recommendation {namespace}/{}, nor a workload of that name in namespace {namespace}",
                self.name
            ),
        };
        if let Some(first) = elsewhere.first() {
            let spaces = |kind| {
                let names = elsewhere.iter().filter(|id| id.kind == kind).map(|id| &*id.namespace).collect::<Vec<_>>();
                names.join(", ")
            };
            let several = elsewhere.iter().filter(|id| id.kind == first.kind).count() > 1;
            let word = if several { "namespaces" } else { "namespace" };
            return format!(
                "{what}; there is a {} {} in {word} {}: add -n {}",
                first.kind,
                first.name,
                spaces(first.kind),
                first.namespace
            );
        }
        match self.nearest(here).as_slice() {
            [] => what,
            near => format!("{what}; did you mean {}?", near.join(" or ")),
        }
    }

    /// The names most similar to what was typed, most similar first.
    fn nearest(&self, here: &[Named]) -> Vec<String> {
        let likeness = |named: &Named| match named {
            Named::Workload(id) => strsim::normalized_damerau_levenshtein(&self.name, &id.name).max(
                strsim::normalized_damerau_levenshtein(&self.name, &about_workload(id.kind.label(), &id.name, "")),
            ),
            Named::Recommendation { name, target, .. } => strsim::normalized_damerau_levenshtein(&self.name, target)
                .max(strsim::normalized_damerau_levenshtein(&self.name, name)),
        };
        let mut near: Vec<(f64, String)> = Vec::new();
        for named in here {
            // The same name with another kind is the closest match.
            let alike = likeness(named);
            let typed = named.typed();
            if alike >= ALIKE && !near.iter().any(|(_, t)| *t == typed) {
                near.push((alike, typed));
            }
        }
        near.sort_by(|a, b| b.0.total_cmp(&a.0).then_with(|| a.1.cmp(&b.1)));
        near.into_iter().take(NEAR).map(|(_, typed)| typed).collect()
    }
}

impl From<&Recommendation> for Named {
    fn from(rec: &Recommendation) -> Self {
        let target = &rec.spec.target_ref;
        let kind = WorkloadKind::of(&target.api_version, &target.kind);
        Self::Recommendation {
            name: rec.metadata.name.clone().unwrap_or_default(),
            // With its group where needed to disambiguate.
            kind: kind.map_or_else(|| target.kind.clone(), |k| k.label().to_owned()),
            target: target.name.clone(),
        }
    }
}

impl Named {
    /// How people can refer to it.
    pub fn typed(&self) -> String {
        match self {
            Self::Workload(id) => typed(id),
            Self::Recommendation { kind, target, name } => match kind.parse() {
                Ok(kind) => format!("{}/{target}", short(kind)),
                Err(()) => name.clone(),
            },
        }
    }
}

#[cfg(test)]
#[path = "target_tests.rs"]
mod tests;
