//! The workload kinds on the wire. Their specs and statuses share one shape: fields that a kind lacks stay unset.
//!
//! In: a spec and a status. Out: the fields that rows are made from.

use std::fmt;

use serde::{
    Deserialize, Deserializer,
    de::{self, IgnoredAny, SeqAccess},
};

use super::{managed::ManagedField, template::TemplateWire};
use crate::wire::{All, Condition, Head, Marks, Pairs, Parts, TargetRef};

/// Metadata of a workload.
pub(crate) type WorkloadHead = Head<Pairs<All>, Pairs<Marks>, Option<Vec<ManagedField>>>;

/// The fields read from a workload.
pub(crate) type WorkloadWire = Parts<WorkloadHead, WorkloadSpec, WorkloadStatus>;

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(crate) struct WorkloadSpec {
    pub(in crate::kinds) replicas: Option<i64>,
    pub(in crate::kinds) paused: Option<bool>,
    pub(in crate::kinds) suspend: Option<bool>,
    pub(in crate::kinds) schedule: Option<String>,
    pub(in crate::kinds) parallelism: Option<i64>,
    pub(in crate::kinds) completions: Option<i64>,
    pub(in crate::kinds) template: Option<TemplateWire>,
    /// For a Rollout that has no template of its own.
    pub(in crate::kinds) workload_ref: Option<TargetRef>,
    pub(in crate::kinds) job_template: Option<JobTemplate>,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct JobTemplate {
    spec: Option<Box<WorkloadSpec>>,
}

impl WorkloadSpec {
    /// The spec that creates the pods; for a CronJob that of its runs.
    pub(in crate::kinds) fn of_pods(&self) -> &Self {
        self.job_template.as_ref().and_then(|template| template.spec.as_deref()).unwrap_or(self)
    }
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(crate) struct WorkloadStatus {
    pub(in crate::kinds) observed_generation: Option<Generation>,
    pub(in crate::kinds) replicas: Option<i64>,
    pub(in crate::kinds) ready_replicas: Option<i64>,
    pub(in crate::kinds) updated_replicas: Option<i64>,
    pub(in crate::kinds) desired_number_scheduled: Option<i64>,
    pub(in crate::kinds) number_ready: Option<i64>,
    pub(in crate::kinds) updated_number_scheduled: Option<i64>,
    /// For a Job.
    pub(in crate::kinds) ready: Option<i64>,
    pub(in crate::kinds) active: Option<Active>,
    pub(in crate::kinds) conditions: Option<Vec<Condition>>,
}

/// A number, which a Rollout writes as text.
#[derive(Clone, Debug, Deserialize)]
#[serde(untagged)]
pub(crate) enum Generation {
    Number(i64),
    Text(String),
}

impl Generation {
    /// Text that is not a number, as written by older versions, is ignored.
    pub(super) fn value(&self) -> i64 {
        match self {
            Self::Number(n) => *n,
            Self::Text(text) => text.parse().unwrap_or(0),
        }
    }
}

/// A count of pods in a Job, a list of Jobs in a CronJob.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Active(pub(super) i64);

struct ActiveVisitor;

impl<'de> de::Visitor<'de> for ActiveVisitor {
    type Value = Active;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a count or a list")
    }

    fn visit_u64<E: de::Error>(self, n: u64) -> Result<Active, E> {
        Ok(Active(i64::try_from(n).unwrap_or(i64::MAX)))
    }

    fn visit_i64<E: de::Error>(self, n: i64) -> Result<Active, E> {
        Ok(Active(n))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Active, A::Error> {
        let mut count = 0;
        while list.next_element::<IgnoredAny>()?.is_some() {
            count += 1;
        }
        Ok(Active(count))
    }
}

impl<'de> Deserialize<'de> for Active {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(ActiveVisitor)
    }
}
