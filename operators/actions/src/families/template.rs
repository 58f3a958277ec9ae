//! Actions on the sizes and the template of workloads.
//!
//! In: nothing. Out: their entries.

use trimtab_api::risk::RiskLevel::{High, Medium};

use super::{FIELDS, GET, GET_PATCH, PATCH, TEMPLATED};
use crate::{
    action::{Action, Family, Param, Risk, Shape, Standing, Targets, Undo, optional, required},
    kinds::{self, POD},
    request::Request,
    right::all,
};

const BASE: Action = Action {
    family: Family::Template,
    targets: Targets::Kinds(kinds::TEMPLATED),
    rights: &[all("apps", TEMPLATED, GET_PATCH)],
    undo: Undo::Exact(FIELDS),
    standing: Standing::On,
    ..Action::BASE
};

const CONTAINER: Param = required("container", Shape::Text);
const REQUESTS: Param = optional("requests", Shape::Object);
const LIMITS: Param = optional("limits", Shape::Object);

pub(crate) const ACTIONS: &[Action] = &[
    Action {
        name: "SetResources",
        summary: "Sets requests and limits of a container in the template.",
        params: &[CONTAINER, REQUESTS, LIMITS],
        requests: &[Request::patch("apps", TEMPLATED, "requests and limits of the container in spec.template")],
        risk: Risk::always(Medium),
        preconditions: &[
            "The gates of a Recommendation about sizes are open: quota, limit range, room on nodes, quality of service.",
            "No Recommendation for the workload is being rolled out.",
        ],
        outcome: "The rollout is complete, and no container was killed for lack of memory.",
        ..BASE
    },
    Action {
        name: "ResizePods",
        summary: "Sets requests and limits of a container in running pods, a few pods at a time.",
        params: &[CONTAINER, REQUESTS, LIMITS, optional("pods", Shape::Texts)],
        targets: Targets::Kinds(&[kinds::DEPLOYMENT, kinds::STATEFUL_SET, kinds::DAEMON_SET, POD]),
        requests: &[Request::patch("", &["pods"], "requests and limits of the container").of("resize")],
        rights: &[all("apps", TEMPLATED, GET), all("", &["pods"], GET), all("", &["pods/resize"], PATCH)],
        risk: Risk::always(Medium),
        preconditions: &[
            "The gates of a Recommendation about sizes are open, and none is being rolled out.",
            "The pods keep their quality of service.",
        ],
        outcome: "The nodes report the new sizes as in force.",
        least_server: 33,
        ..BASE
    },
    Action {
        name: "SetImage",
        summary: "Sets the image of a container in the template.",
        params: &[CONTAINER, required("image", Shape::Text)],
        requests: &[Request::patch("apps", TEMPLATED, "the image of the container in spec.template")],
        risk: Risk::always(High),
        preconditions: &["The image has a digest, or a tag of a registry that the operator allows."],
        outcome: "The image was pulled, and the rollout is complete.",
        ..BASE
    },
    Action {
        name: "SetEnvironment",
        summary: "Sets and removes environment variables of a container in the template.",
        params: &[CONTAINER, optional("set", Shape::Objects), optional("remove", Shape::Texts)],
        requests: &[Request::patch(
            "apps",
            TEMPLATED,
            "env of the container in spec.template, by name, never valueFrom",
        )],
        risk: Risk::always(High),
        preconditions: &[
            "No name looks like that of a secret.",
            "A variable that is set or removed does not take its value from elsewhere.",
        ],
        outcome: "The rollout is complete.",
        ..BASE
    },
    Action {
        name: "SetProbe",
        summary: "Sets periods and thresholds of a probe in the template, never what it calls.",
        params: &[
            CONTAINER,
            required("probe", Shape::Choice(&["Liveness", "Readiness", "Startup"])),
            optional("initialDelaySeconds", Shape::Integer),
            optional("periodSeconds", Shape::Integer),
            optional("timeoutSeconds", Shape::Integer),
            optional("successThreshold", Shape::Integer),
            optional("failureThreshold", Shape::Integer),
        ],
        requests: &[Request::patch("apps", TEMPLATED, "periods and thresholds of the probe in spec.template")],
        risk: Risk::always(Medium),
        preconditions: &["The container has this probe."],
        outcome: "The rollout is complete, and the probe kills fewer containers than before.",
        ..BASE
    },
];
