//! Other owners of a workload.
//!
//! In: the marks that GitOps tools, Helm and controllers leave on it. Out: its other owners, the strictest first.
//!
//! Argo CD: <https://argo-cd.readthedocs.io/en/stable/user-guide/resource_tracking/>. Flux labels what it applies with
//! `kustomize.toolkit.fluxcd.io/…` and `helm.toolkit.fluxcd.io/…`. Helm 3 annotates with `meta.helm.sh/release-name`.

use trimtab_core::WorkloadId;

use super::Owner;
use crate::{
    intern::Interner,
    row::{Controller, ControllerKind, Labels},
};

const ARGO_MANAGERS: [&str; 3] = ["argocd-controller", "argocd-application-controller", "argocd"];

/// The sources of the marks.
pub(crate) struct Marks<'a> {
    pub(crate) id: &'a WorkloadId,
    pub(crate) controller: Option<&'a Controller>,
    pub(crate) labels: &'a Labels,
    pub(crate) annotations: &'a Labels,
    pub(crate) managers: &'a [&'a str],
}

/// The Application in a tracking id, if the id names this very object: Argo CD ignores a copied annotation too.
fn tracked_by<'a>(tracking_id: &'a str, id: &WorkloadId) -> Option<&'a str> {
    // `app:group/Kind:namespace/name`
    let mut parts = tracking_id.splitn(3, ':');
    let (app, kind, object) = (parts.next()?, parts.next()?, parts.next()?);
    let (_, kind) = kind.rsplit_once('/')?;
    let (_, name) = object.rsplit_once('/')?;
    (kind == id.kind.as_str() && name == &*id.name && !app.is_empty()).then_some(app)
}

fn argo_cd(marks: &Marks<'_>, interner: &mut Interner) -> Option<Owner> {
    let by_manager = marks.managers.iter().any(|m| ARGO_MANAGERS.contains(m));
    let app = marks
        .annotations
        .get("argocd.argoproj.io/tracking-id")
        .and_then(|t| tracked_by(t, marks.id))
        .or_else(|| marks.labels.get("argocd.argoproj.io/instance"))
        // Anybody may set the common label; it means Argo CD only where Argo CD has written the object.
        .or_else(|| marks.labels.get("app.kubernetes.io/instance").filter(|_| by_manager));
    let app = interner.option(app);
    (app.is_some() || by_manager).then_some(Owner::ArgoCd { app })
}

fn flux(marks: &Marks<'_>, interner: &mut Interner) -> Option<Owner> {
    let sources = [
        ("Kustomization", "kustomize.toolkit.fluxcd.io", "kustomize-controller"),
        ("HelmRelease", "helm.toolkit.fluxcd.io", "helm-controller"),
    ];
    let mut owner = |by_label: bool| {
        sources.iter().find_map(|(kind, prefix, manager)| {
            let name = interner.option(marks.labels.get(&format!("{prefix}/name")));
            let found = if by_label { name.is_some() } else { marks.managers.contains(manager) };
            let namespace = interner.option(marks.labels.get(&format!("{prefix}/namespace")));
            found.then_some(Owner::Flux { kind, name, namespace })
        })
    };
    owner(true).or_else(|| owner(false))
}

fn controller(marks: &Marks<'_>) -> Option<Owner> {
    match &marks.controller?.kind {
        // A Job's CronJob is its workload, not another owner.
        ControllerKind::Workload(_) => None,
        kind => Some(Owner::Controller { kind: kind.as_str().into(), name: marks.controller?.name.clone() }),
    }
}

/// All other owners, the strictest first.
pub(crate) fn owners(marks: &Marks<'_>, interner: &mut Interner) -> Box<[Owner]> {
    let helm =
        interner.option(marks.annotations.get("meta.helm.sh/release-name")).map(|release| Owner::Helm { release });
    [controller(marks), argo_cd(marks, interner), flux(marks, interner), helm].into_iter().flatten().collect()
}

#[cfg(test)]
mod tests {
    use trimtab_core::WorkloadKind;

    use super::*;

    fn found(labels: &[(&str, &str)], annotations: &[(&str, &str)], managers: &[&str]) -> Vec<String> {
        let id = WorkloadId::new(WorkloadKind::Deployment, "shop", "web");
        let (labels, annotations) = (labels.iter().copied().collect(), annotations.iter().copied().collect());
        let marks = Marks { id: &id, controller: None, labels: &labels, annotations: &annotations, managers };
        owners(&marks, &mut Interner::new())
            .iter()
            .map(|o| match o {
                Owner::Controller { kind, name } => format!("{kind} {name}"),
                Owner::ArgoCd { app } => format!("argo {}", app.as_deref().unwrap_or("?")),
                Owner::Flux { kind, name, namespace } => {
                    format!("{kind} {}/{}", namespace.as_deref().unwrap_or("?"), name.as_deref().unwrap_or("?"))
                }
                Owner::Helm { release } => format!("helm {release}"),
            })
            .collect()
    }

    #[test]
    fn marks_of_argo_cd() {
        let id = "argocd.argoproj.io/tracking-id";
        let instance = "app.kubernetes.io/instance";
        for (labels, annotations, managers, expected) in [
            (&[][..], &[(id, "shop:apps/Deployment:shop/web")][..], &[][..], &["argo shop"][..]),
            (&[], &[(id, "team_shop:apps/Deployment:shop/web")], &[], &["argo team_shop"]),
            // Copied from another object: not tracked.
            (&[], &[(id, "shop:apps/Deployment:shop/api")], &[], &[]),
            (&[], &[(id, "shop:apps/StatefulSet:shop/web")], &[], &[]),
            (&[], &[(id, "shop")], &[], &[]),
            (&[], &[(id, ":apps/Deployment:shop/web")], &[], &[]),
            (&[("argocd.argoproj.io/instance", "shop")], &[], &[], &["argo shop"]),
            (&[(instance, "shop")], &[], &[], &[]),
            (&[(instance, "shop")], &[], &["kubectl-client-side-apply"], &[]),
            (&[(instance, "shop")], &[], &["argocd-controller"], &["argo shop"]),
            (&[], &[], &["argocd-application-controller"], &["argo ?"]),
        ] {
            assert_eq!(found(labels, annotations, managers), expected, "{labels:?} {annotations:?} {managers:?}");
        }
    }

    #[test]
    fn marks_of_flux_and_helm() {
        let kustomize =
            [("kustomize.toolkit.fluxcd.io/name", "apps"), ("kustomize.toolkit.fluxcd.io/namespace", "flux-system")];
        let release = [("helm.toolkit.fluxcd.io/name", "web"), ("helm.toolkit.fluxcd.io/namespace", "shop")];
        let helm = [("meta.helm.sh/release-name", "web"), ("meta.helm.sh/release-namespace", "shop")];
        assert_eq!(found(&kustomize, &[], &[]), ["Kustomization flux-system/apps"]);
        assert_eq!(found(&release, &helm, &["helm-controller"]), ["HelmRelease shop/web", "helm web"]);
        assert_eq!(found(&[], &[], &["kustomize-controller"]), ["Kustomization ?/?"]);
        assert_eq!(found(&[], &helm, &["helm"]), ["helm web"]);
        assert_eq!(found(&[("app.kubernetes.io/managed-by", "Helm")], &[], &["helm"]), [""; 0]);
    }

    #[test]
    fn a_controller_comes_first_and_a_cron_job_is_none() {
        let id = WorkloadId::new(WorkloadKind::Deployment, "shop", "web");
        let (labels, annotations) =
            ([("argocd.argoproj.io/instance", "shop")].into_iter().collect(), Labels::default());
        let of = |kind: ControllerKind| {
            let controller = Controller { kind, name: "above".into() };
            let marks = Marks {
                id: &id,
                controller: Some(&controller),
                labels: &labels,
                annotations: &annotations,
                managers: &[],
            };
            owners(&marks, &mut Interner::new()).into_vec()
        };
        let argo = Owner::ArgoCd { app: Some("shop".into()) };
        let rollout = Owner::Controller { kind: "Rollout".into(), name: "above".into() };
        assert_eq!(of(ControllerKind::Other("Rollout".into())), [rollout, argo.clone()]);
        assert_eq!(of(ControllerKind::Workload(WorkloadKind::CronJob)), [argo]);
    }
}
