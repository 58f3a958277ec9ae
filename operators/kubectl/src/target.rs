//! Which object people mean: `deploy/checkout`, `deployment/checkout`, `deploy-checkout` or `checkout`.
//!
//! In: what was typed, and the names that there are. Out: the object, or what to say where there is none or more than one.
//! Pure.

use trimtab_api::{names::about_workload, recommendation::Recommendation};
use trimtab_core::{CustomKind, WorkloadId, WorkloadKind};

/// How many near names are offered.
const NEAR: usize = 3;
/// How alike a name must be to be offered, from 0 to 1.
const ALIKE: f64 = 0.6;

/// What was typed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Wanted {
    /// As it was typed.
    pub text: String,
    /// The kind, where one was named.
    pub kind: Option<WorkloadKind>,
    /// The name without the kind.
    pub name: String,
    /// Whether a Recommendation was named as such: `rec/deploy-web`.
    pub is_recommendation: bool,
}

/// A name that exists.
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

/// The kind that people mean by this word: as kubectl takes it, in any case, with the group or without.
fn kind(word: &str) -> Option<WorkloadKind> {
    let word = word.to_ascii_lowercase();
    let named = |kind: &CustomKind| {
        let is = |w: &str| w == kind.as_str().to_ascii_lowercase() || w == kind.plural();
        match word.strip_suffix(kind.group()).and_then(|w| w.strip_suffix('.')) {
            Some(plain) => is(plain),
            // Without a group a kind of Kubernetes is meant where there is one of that name.
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

/// The short word of a kind, as kubectl prints it.
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

/// `deploy/web`: what people can type to mean this workload.
pub fn typed(id: &WorkloadId) -> String {
    format!("{}/{}", short(id.kind), id.name)
}

impl Wanted {
    /// Reads what was typed.
    ///
    /// # Errors
    /// Where a kind is named that is not sized, or no name is left.
    pub fn parse(text: &str) -> Result<Self, String> {
        let (word, name) = match text.split_once('/') {
            Some((word, name)) => (Some(word), name),
            None => (None, text),
        };
        if name.is_empty() || name.contains('/') {
            return Err(format!("{text:?} is no name: write deploy/NAME, a Recommendation's name, or NAME"));
        }
        let is_recommendation = word.is_some_and(|w| {
            ["rec", "recs", "recommendation", "recommendations", "recommendations.trimtab.dev"].contains(&w)
        });
        let kind = match word {
            Some(word) if !is_recommendation => Some(kind(word).ok_or_else(|| {
                format!(
                    "{word} is no kind of workload that Trimtab sizes: write deploy, sts, ds, cronjob, job or rollout before the /"
                )
            })?),
            _ => None,
        };
        Ok(Self { text: text.to_owned(), kind, name: name.to_owned(), is_recommendation })
    }

    /// The names that a Recommendation about it may have. The first that exists is meant.
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

    /// What of these names is meant.
    ///
    /// # Errors
    /// Where there are several; the text lists them.
    pub fn choose<'a>(&self, all: &'a [Named]) -> Result<Option<&'a Named>, String> {
        // A Recommendation by its own name comes before everything that has that name by chance.
        let exact = all.iter().find(|n| matches!(n, Named::Recommendation { name, .. } if *name == self.name));
        if let Some(exact) = exact.filter(|_| self.kind.is_none()) {
            return Ok(Some(exact));
        }
        let mut found: Vec<&Named> = all.iter().filter(|named| self.is(named)).collect();
        // A workload that has a Recommendation is meant by it.
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
                Err(format!("{} may be {}: say which", self.text, list.join(" or ")))
            }
        }
    }

    /// Where nothing of that name is in the namespace: what there is that is meant perhaps.
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

    /// The names most like what was typed, the most alike first.
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
            // Of the same name and another kind is the nearest of all.
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
            // With its group where that is not enough to tell it.
            kind: kind.map_or_else(|| target.kind.clone(), |k| k.label().to_owned()),
            target: target.name.clone(),
        }
    }
}

impl Named {
    /// What people can type to mean it.
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
