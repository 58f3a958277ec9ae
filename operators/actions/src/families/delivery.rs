//! Actions on certificates, and on what lets a cluster follow a repository.
//!
//! In: nothing. Out: their entries.

use trimtab_api::risk::RiskLevel::{High, Low, Medium};

use super::{FIELDS, GET, GET_PATCH, PATCH, TEMPLATED};
use crate::{
    action::{Action, Family, Risk, Shape, Standing, Targets, Undo, required},
    kinds::{self, APPLICATION, CERTIFICATE, DAEMON_SET, DEPLOYMENT, HELM_RELEASE, KUSTOMIZATION, STATEFUL_SET},
    request::Request,
    right::{Right, all},
};

const BASE: Action = Action { family: Family::Delivery, standing: Standing::On, ..Action::BASE };

const APPLICATIONS: Right = all("argoproj.io", &["applications"], GET_PATCH);
const KUSTOMIZATIONS: Right = all("kustomize.toolkit.fluxcd.io", &["kustomizations"], GET_PATCH);
const HELM_RELEASES: Right = all("helm.toolkit.fluxcd.io", &["helmreleases"], GET_PATCH);

pub(crate) const ACTIONS: &[Action] = &[
    Action {
        name: "RenewCertificate",
        summary: "Asks cert-manager to renew a certificate now, as `cmctl renew` does.",
        targets: Targets::Kinds(&[CERTIFICATE]),
        requests: &[Request::patch("cert-manager.io", &["certificates"], "the condition Issuing").of("status")],
        rights: &[
            all("cert-manager.io", &["certificates", "issuers", "clusterissuers"], GET),
            all("cert-manager.io", &["certificates/status"], PATCH),
        ],
        undo: Undo::None { harmless: true },
        risk: Risk::always(Medium),
        preconditions: &[
            "The issuer is ready, and no renewal is in progress.",
            "No renewal has failed within the last hour: cert-manager would not try again yet.",
        ],
        outcome: "The certificate ends later than before.",
        ..BASE
    },
    Action {
        name: "SuspendGitOps",
        summary: "Keeps Argo CD or Flux from reverting an emergency change for a while.",
        params: &[required("app", Shape::Object)],
        targets: Targets::Kinds(&[DEPLOYMENT, STATEFUL_SET, DAEMON_SET, APPLICATION, KUSTOMIZATION, HELM_RELEASE]),
        requests: &[
            Request::patch("argoproj.io", &["applications"], "automated.enabled, or the annotation skip-reconcile"),
            Request::patch("kustomize.toolkit.fluxcd.io", &["kustomizations"], "spec.suspend"),
            Request::patch("helm.toolkit.fluxcd.io", &["helmreleases"], "spec.suspend"),
        ],
        rights: &[all("apps", TEMPLATED, GET), APPLICATIONS, KUSTOMIZATIONS, HELM_RELEASES],
        undo: Undo::Exact(FIELDS),
        temporary_hours: Some(4),
        risk: Risk::always(High),
        preconditions: &[
            "The target has the marks of the stated app, or is that app.",
            "The app belongs to no other app, which would revert the suspension.",
        ],
        outcome: "The app is suspended; it is resumed in time.",
        ..BASE
    },
    Action {
        name: "ReconcileGitOps",
        summary: "Asks Argo CD or Flux to look at the repository now.",
        targets: Targets::Kinds(kinds::GITOPS),
        requests: &[
            Request::patch("argoproj.io", &["applications"], "the annotation argocd.argoproj.io/refresh"),
            Request::patch(
                "kustomize.toolkit.fluxcd.io",
                &["kustomizations"],
                "the annotation reconcile.fluxcd.io/requestedAt",
            ),
            Request::patch(
                "helm.toolkit.fluxcd.io",
                &["helmreleases"],
                "the annotation reconcile.fluxcd.io/requestedAt",
            ),
        ],
        rights: &[APPLICATIONS, KUSTOMIZATIONS, HELM_RELEASES],
        undo: Undo::Nothing,
        risk: Risk::always(Low),
        preconditions: &["The app is not suspended."],
        outcome: "The app has handled the present revision.",
        ..BASE
    },
];
