//! Actions on Jobs and CronJobs.
//!
//! In: nothing. Out: their entries.

use trimtab_api::risk::RiskLevel::Low;

use super::{FIELDS, GET, GET_CREATE_DELETE, GET_PATCH};
use crate::{
    action::{Action, Family, Risk, Shape, Standing, Targets, Undo, optional},
    kinds::{CRON_JOB, JOB},
    request::Request,
    right::all,
};

const BASE: Action = Action { family: Family::Jobs, risk: Risk::always(Low), standing: Standing::On, ..Action::BASE };

pub(crate) const ACTIONS: &[Action] = &[
    Action {
        name: "RerunJob",
        summary: "Runs a Job that has ended once more, as a copy with a new name.",
        params: &[optional("deleteOld", Shape::Flag)],
        targets: Targets::Kinds(&[JOB]),
        requests: &[
            Request::create(
                "batch",
                &["jobs"],
                "the copy, without the labels and the selector of the old Job, with its owner",
            ),
            Request::delete("batch", &["jobs"], "with deleteOld: the old Job, by its uid"),
            Request::delete("batch", &["jobs"], "the copy, by its uid").undoes(),
        ],
        rights: &[all("batch", &["jobs"], GET_CREATE_DELETE)],
        undo: Undo::Partial(
            "The copy and its pods are deleted. What they have done stays done, and an old Job that was deleted stays deleted.",
        ),
        preconditions: &["The Job is complete or has failed.", "The Job is not suspended.", "The new name is free."],
        outcome: "The copy is complete.",
        ..BASE
    },
    Action {
        name: "SuspendCronJob",
        summary: "Keeps a CronJob from starting Jobs.",
        targets: Targets::Kinds(&[CRON_JOB]),
        requests: &[Request::patch("batch", &["cronjobs"], "spec.suspend")],
        rights: &[all("batch", &["cronjobs"], GET_PATCH)],
        undo: Undo::Exact(FIELDS),
        preconditions: &["The CronJob is not suspended."],
        outcome: "No Job has started since.",
        ..BASE
    },
    Action {
        name: "ResumeCronJob",
        summary: "Lets a suspended CronJob start Jobs again.",
        targets: Targets::Kinds(&[CRON_JOB]),
        requests: &[Request::patch("batch", &["cronjobs"], "spec.suspend")],
        rights: &[all("batch", &["cronjobs"], GET_PATCH)],
        undo: Undo::Exact(FIELDS),
        preconditions: &[
            "The CronJob is suspended.",
            "The plan says which starts were missed, and whether one follows at once.",
        ],
        outcome: "The next Job has started when it was due.",
        ..BASE
    },
    Action {
        name: "TriggerCronJob",
        summary: "Starts a Job of a CronJob now, as `kubectl create job --from` does.",
        targets: Targets::Kinds(&[CRON_JOB]),
        requests: &[
            Request::create(
                "batch",
                &["jobs"],
                "the Job, owned by the CronJob, with the annotation cronjob.kubernetes.io/instantiate",
            ),
            Request::delete("batch", &["jobs"], "the Job, by its uid").undoes(),
        ],
        rights: &[all("batch", &["cronjobs"], GET), all("batch", &["jobs"], GET_CREATE_DELETE)],
        undo: Undo::Partial("The Job and its pods are deleted. What they have done stays done."),
        preconditions: &["No Job of the CronJob is running, or its concurrency policy allows another one."],
        outcome: "The Job is complete.",
        ..BASE
    },
];
