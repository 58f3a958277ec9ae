//! The workload kinds on the wire. Their specs and statuses share one shape: fields that a kind lacks stay unset.

use std::{fmt, sync::Arc};

use serde::{
    Deserialize, Deserializer,
    de::{self, IgnoredAny, SeqAccess},
};
use trimtab_core::{WorkloadId, WorkloadKind};

use super::{
    Head, Object, Wire,
    managed::{self, ManagedField},
    node::{Condition, is_true},
    pairs::{All, Marks, Pairs},
    target::TargetRef,
    template::TemplateWire,
};
use crate::{
    kind::Kind,
    owner,
    row::{Controller, ControllerKind, Uid, WorkloadRow},
    tables::Tables,
};

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(crate) struct WorkloadSpec {
    pub(super) replicas: Option<i64>,
    pub(super) paused: Option<bool>,
    pub(super) suspend: Option<bool>,
    pub(super) schedule: Option<String>,
    pub(super) parallelism: Option<i64>,
    pub(super) completions: Option<i64>,
    pub(super) template: Option<TemplateWire>,
    /// Of a Rollout that has no template of its own.
    pub(super) workload_ref: Option<TargetRef>,
    pub(super) job_template: Option<JobTemplate>,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct JobTemplate {
    spec: Option<Box<WorkloadSpec>>,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(crate) struct WorkloadStatus {
    pub(super) observed_generation: Option<Generation>,
    pub(super) replicas: Option<i64>,
    pub(super) ready_replicas: Option<i64>,
    pub(super) updated_replicas: Option<i64>,
    pub(super) desired_number_scheduled: Option<i64>,
    pub(super) number_ready: Option<i64>,
    pub(super) updated_number_scheduled: Option<i64>,
    /// Of a Job.
    pub(super) ready: Option<i64>,
    pub(super) active: Option<Active>,
    pub(super) conditions: Option<Vec<Condition>>,
}

/// A number, which a Rollout writes as text.
#[derive(Clone, Debug, Deserialize)]
#[serde(untagged)]
pub(super) enum Generation {
    Number(i64),
    Text(String),
}

impl Generation {
    /// Text that is no number, as older versions wrote, says nothing.
    fn value(&self) -> i64 {
        match self {
            Self::Number(n) => *n,
            Self::Text(text) => text.parse().unwrap_or(0),
        }
    }
}

/// A count of pods in a Job, a list of Jobs in a CronJob.
#[derive(Clone, Copy, Debug)]
pub(super) struct Active(i64);

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

/// Counts below zero do not occur; those beyond 32 bits are no workload of this world.
fn count(n: Option<i64>, unset: u32) -> u32 {
    n.map_or(unset, |n| u32::try_from(n.max(0)).unwrap_or(u32::MAX))
}

/// Metadata of a workload.
pub(super) type WorkloadHead = Head<Pairs<All>, Pairs<Marks>, Option<Vec<ManagedField>>>;

pub(super) fn store(
    kind: WorkloadKind,
    head: WorkloadHead,
    mut spec: WorkloadSpec,
    status: WorkloadStatus,
    tables: &mut Tables,
) {
    let interner = &mut tables.interner;
    let (namespace, name) = head.key(interner);
    let controller = head.controller(interner);
    if kind == WorkloadKind::Job {
        let run = matches!(&controller, Some(Controller { kind: ControllerKind::Workload(WorkloadKind::CronJob), .. }));
        // The owner of a Job can change when it is adopted or orphaned.
        if run {
            tables.remove_workload(&namespace, kind, &name);
            tables.put_run(namespace, name, controller);
            return;
        }
        tables.remove_run(&namespace, &name);
    }
    let interner = &mut tables.interner;
    let id = WorkloadId { namespace: namespace.clone(), kind, name };
    let labels = head.labels.row(interner);
    let annotations = head.annotations.row(interner);
    let fields = head.managed_fields.unwrap_or_default();
    let managers = managed::managers(&fields);
    let marks = owner::Marks {
        id: &id,
        controller: controller.as_ref(),
        labels: &labels,
        annotations: &annotations,
        managers: &managers,
    };
    let owners = owner::owners(&marks, interner);
    let run = spec.job_template.take().and_then(|t| t.spec).map(|s| *s);
    let pods = run.as_ref().unwrap_or(&spec);
    let (desired, ready, updated) = match kind {
        WorkloadKind::Deployment | WorkloadKind::StatefulSet | WorkloadKind::Rollout => {
            (count(spec.replicas, 1), count(status.ready_replicas, 0), count(status.updated_replicas, 0))
        }
        WorkloadKind::DaemonSet => (
            count(status.desired_number_scheduled, 0),
            count(status.number_ready, 0),
            count(status.updated_number_scheduled, 0),
        ),
        WorkloadKind::Custom(_) => (
            count(spec.replicas.or(status.desired_number_scheduled).or(status.replicas), 1),
            count(status.ready_replicas, 0),
            count(status.updated_replicas, 0),
        ),
        WorkloadKind::Job => (count(pods.parallelism, 1), count(status.ready, 0), 0),
        WorkloadKind::CronJob => (count(pods.parallelism, 1), 0, 0),
    };
    let conditions = status.conditions.as_deref();
    let template_from = match (kind, &spec.workload_ref, &spec.template) {
        (WorkloadKind::Rollout, Some(target), None) => target.deployment(&namespace, interner),
        _ => None,
    };
    let row = WorkloadRow {
        uid: Uid::from(head.uid.as_str()),
        generation: head.generation,
        observed_generation: status.observed_generation.as_ref().map_or(0, Generation::value),
        created: head.creation_timestamp,
        terminating: head.deletion_timestamp.is_some(),
        desired,
        ready,
        updated,
        active: count(status.active.map(|a| a.0), 0),
        suspended: spec.paused.unwrap_or(false) || spec.suspend.unwrap_or(false),
        schedule: interner.option(spec.schedule.as_deref()),
        completions: pods.completions.map(|n| count(Some(n), 0)),
        finished: kind == WorkloadKind::Job && (is_true(conditions, "Complete") || is_true(conditions, "Failed")),
        labels,
        annotations,
        owners,
        resource_managers: managed::resource_managers(&fields, interner),
        template: Arc::new(pods.template.as_ref().map(|t| t.row(interner)).unwrap_or_default()),
        template_from,
        template_for: None,
        id,
    };
    tables.put_workload(row);
}

macro_rules! workload_kinds {
    ($($(#[$doc:meta])* $name:ident),*) => {$(
        $(#[$doc])*
        #[derive(Clone, Copy, Debug)]
        pub(crate) struct $name;

        impl Wire for $name {
            type Labels = Pairs<All>;
            type Annotations = Pairs<Marks>;
            type ManagedFields = Option<Vec<ManagedField>>;
            type Spec = WorkloadSpec;
            type Status = WorkloadStatus;

            fn store(_: Kind, object: Object<Self>, tables: &mut Tables) {
                let Object { head, spec, status, .. } = object;
                store(WorkloadKind::$name, head, spec, status, tables);
            }
        }
    )*};
}

workload_kinds!(
    /// `apps/v1` Deployment.
    Deployment,
    /// `apps/v1` StatefulSet.
    StatefulSet,
    /// `apps/v1` DaemonSet.
    DaemonSet,
    /// `batch/v1` Job.
    Job,
    /// `batch/v1` CronJob.
    CronJob,
    /// `argoproj.io/v1alpha1` Rollout. One that refers to a Deployment has no template of its own.
    Rollout
);
