//! Actions on configuration that reach further than the others: they are off by default.
//!
//! In: nothing. Out: their entries.

use trimtab_api::risk::RiskLevel::{Critical, High};

use super::{FIELDS, GET, GET_CREATE_DELETE, GET_PATCH, LIST};
use crate::{
    action::{Action, Family, LONGEST_HOURS, Risk, Scope, Shape, Standing, Targets, Undo, required},
    kinds::{MUTATING_WEBHOOKS, ROLE_BINDING, SECRET, VALIDATING_WEBHOOKS},
    request::Request,
    right::{Choice, Named, Verb, all, chosen, named},
};

const BASE: Action = Action { family: Family::Configuration, risk: Risk::always(High), ..Action::BASE };

const BIND: &[Verb] = &[Verb::Bind];
const WEBHOOKS: &[&str] = &["validatingwebhookconfigurations", "mutatingwebhookconfigurations"];

pub(crate) const ACTIONS: &[Action] = &[
    Action {
        name: "RefreshPullSecret",
        summary: "Copies a pull secret from Trimtab's namespace over an expired one.",
        params: &[required("from", Shape::Text)],
        targets: Targets::Kinds(&[SECRET]),
        requests: &[Request::patch("", &["secrets"], ".dockerconfigjson in data")],
        rights: &[
            named("", "secrets", Named::PullSecrets, GET_PATCH),
            named("", "secrets", Named::PullSecretSources, GET),
        ],
        undo: Undo::Exact(
            "The former value, which is kept in an immutable Secret until the undo is done or has expired.",
        ),
        preconditions: &["Both Secrets have the type kubernetes.io/dockerconfigjson.", "The role names both Secrets."],
        outcome: "The image that could not be pulled was pulled.",
        standing: Standing::Off("It writes a Secret. The installer names those that it may read and write."),
        ..BASE
    },
    Action {
        name: "RestoreRoleBinding",
        summary: "Creates a missing RoleBinding to a role that the installer names.",
        params: &[required("roleRef", Shape::Object), required("subjects", Shape::Objects)],
        targets: Targets::Kinds(&[ROLE_BINDING]),
        requests: &[
            Request::create("rbac.authorization.k8s.io", &["rolebindings"], "the binding"),
            Request::delete("rbac.authorization.k8s.io", &["rolebindings"], "the binding, by its uid").undoes(),
        ],
        rights: &[
            all("rbac.authorization.k8s.io", &["rolebindings"], GET_CREATE_DELETE),
            named("rbac.authorization.k8s.io", "roles", Named::Roles, BIND),
            named("rbac.authorization.k8s.io", "clusterroles", Named::ClusterRoles, BIND),
        ],
        undo: Undo::Exact("The binding is deleted."),
        preconditions: &[
            "No binding of this name exists.",
            "Both the requester and the approver have every right of the role.",
            "The installer has named the role.",
        ],
        outcome: "The subjects are allowed what the role says.",
        standing: Standing::Off("It gives rights to others. The installer names the roles that it may bind."),
        ..BASE
    },
    Action {
        name: "RemoveFinalizer",
        summary: "Removes a finalizer whose controller is gone from an object that is being deleted.",
        params: &[required("finalizer", Shape::Text)],
        targets: Targets::Chosen,
        requests: &[Request::chosen(
            Verb::Patch,
            Choice::Finalized,
            "metadata.finalizers, by a JSON patch that tests and removes",
        )],
        rights: &[chosen(Choice::Finalized, "", GET_PATCH)],
        risk: Risk::always(Critical),
        preconditions: &[
            "The object has been terminating for more than ten minutes and has this finalizer.",
            "The controller that would remove it is not installed.",
            "The object is no Namespace and no PersistentVolume, and the finalizer does not protect a volume claim.",
        ],
        outcome: "The object is gone.",
        standing: Standing::Off("What the finalizer guards may be lost for ever. The installer names the kinds."),
        ..BASE
    },
    Action {
        name: "SetWebhookFailurePolicy",
        summary: "Lets writes pass for a while although an admission webhook does not answer.",
        params: &[required("webhook", Shape::Text), required("policy", Shape::Choice(&["Fail", "Ignore"]))],
        targets: Targets::Kinds(&[VALIDATING_WEBHOOKS, MUTATING_WEBHOOKS]),
        scope: Scope::Cluster,
        requests: &[Request::patch(
            "admissionregistration.k8s.io",
            WEBHOOKS,
            "failurePolicy of the webhook, by a JSON patch that tests its name and replaces",
        )],
        rights: &[
            all("admissionregistration.k8s.io", WEBHOOKS, GET_PATCH),
            all("", &["services"], GET),
            all("discovery.k8s.io", &["endpointslices"], LIST),
        ],
        undo: Undo::Exact(FIELDS),
        temporary_hours: Some(LONGEST_HOURS),
        risk: Risk::always(Critical),
        preconditions: &[
            "The Service of the webhook has no ready endpoint.",
            "The webhook is not on the list of protected policy engines.",
        ],
        outcome: "Writes that the webhook had kept from being stored are admitted.",
        standing: Standing::Off("While it is in force, a rule of the cluster is not enforced."),
        ..BASE
    },
    Action {
        name: "PatchCustomResource",
        summary: "Changes fields of a custom resource that the operator allows.",
        params: &[required("patch", Shape::Text), required("condition", Shape::Object)],
        targets: Targets::Chosen,
        requests: &[Request::chosen(
            Verb::Patch,
            Choice::CustomResources,
            "the fields of the merge patch, by server-side apply with a field manager of its own and without force",
        )],
        rights: &[chosen(Choice::CustomResources, "", GET_PATCH)],
        undo: Undo::Exact(FIELDS),
        preconditions: &[
            "Kind and paths are on the operator's list, in which no path has a wildcard.",
            "Nobody else owns the fields.",
        ],
        outcome: "The object has the stated condition.",
        standing: Standing::Off(
            "What a field of a custom resource does is known to its operator alone. The installer names the kinds.",
        ),
        ..BASE
    },
];
