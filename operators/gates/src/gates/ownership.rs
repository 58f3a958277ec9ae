//! Whether somebody else owns the fields that would be changed.

use trimtab_api::delivery::DeliveryMode;
use trimtab_world::row::{Owner, ResourceManager};

use trimtab_engine::gate::{Blocked, Gate, Reason, blocked};

use crate::input::{Input, Surroundings};

pub(super) const GATE: Gate<Surroundings> = Gate {
    name: "Ownership",
    reasons: &[
        Reason {
            word: "OwnedByController",
            when: "another controller creates the workload",
            opens: "changing the object of that controller instead",
        },
        Reason {
            word: "OwnedByGitOps",
            when: "delivery is `Template`, and Argo CD or Flux owns the workload",
            opens: "`delivery.mode: Admission`, or changing the repository",
        },
        Reason {
            word: "OwnedByManager",
            when: "delivery is `Template`, and a field manager other than Trimtab and kubectl wrote the resources of a \
                   container that would change",
            opens: "`delivery.mode: Admission`, or changing what that manager applies",
        },
    ],
    check,
};

/// First word of the field managers of a person at a terminal, who chose `Template` for them.
const BY_HAND: &str = "kubectl";
/// First word of Trimtab's own field managers.
const OWN: &str = "trimtab";

fn check(input: &Input<'_>) -> Option<Blocked> {
    let workload = input.workload?;
    let name = input.common.target_name();
    for owner in workload.owners.iter() {
        if let Owner::Controller { kind, name: maker } = owner {
            return blocked(
                "OwnedByController",
                format!("{kind} {maker} creates {name} and may revert a change: change that object instead"),
            );
        }
    }
    if input.delivery() != Ok(DeliveryMode::Template) {
        return None;
    }
    let instead = "let delivery.mode be Admission, or change";
    if let Some(owner) = workload.owners.iter().find(|o| o.is_gitops()) {
        let tool = match owner {
            Owner::ArgoCd { app: Some(app) } => format!("Argo CD application {app}"),
            Owner::Flux { kind, name: Some(name), .. } => format!("Flux {kind} {name}"),
            Owner::Flux { .. } => "Flux".to_owned(),
            _ => "Argo CD".to_owned(),
        };
        return blocked(
            "OwnedByGitOps",
            format!("{tool} would revert the template of {name}: {instead} its repository"),
        );
    }
    let other = |m: &&ResourceManager| {
        let word = m.manager.split(['-', '/']).next().unwrap_or("");
        word != BY_HAND && word != OWN && input.proposal.iter().any(|c| *c.name == *m.container)
    };
    let manager = workload.resource_managers.iter().find(other)?;
    blocked(
        "OwnedByManager",
        format!(
            "field manager {} wrote the resources of container {} of {name} and would revert them: {instead} what it \
             applies",
            manager.manager, manager.container
        ),
    )
}

#[cfg(test)]
mod tests {
    use trimtab_api::delivery::DeliveryMode::{Admission, Auto, Manual, Template};

    use super::*;
    use crate::testkit::{Scene, argo_cd, asked};

    #[test]
    fn closed_where_somebody_else_would_set_it_back() {
        let operator = || Owner::Controller { kind: "Postgres".into(), name: "orders".into() };
        let helm = || Owner::Helm { release: "web".into() };
        for (mode, owner, manager, expected) in [
            (Admission, None, None, None),
            (Template, None, None, None),
            (Admission, Some(operator()), None, Some("OwnedByController")),
            (Manual, Some(operator()), None, Some("OwnedByController")),
            (Admission, Some(argo_cd()), None, None),
            (Auto, Some(argo_cd()), None, None),
            (Manual, Some(argo_cd()), None, None),
            (Template, Some(argo_cd()), None, Some("OwnedByGitOps")),
            (Template, Some(helm()), None, None),
            (Template, Some(helm()), Some(("app", "helm")), Some("OwnedByManager")),
            (Template, None, Some(("app", "kubectl-client-side-apply")), None),
            (Template, None, Some(("app", "kubectl")), None),
            (Template, None, Some(("app", "trimtab-rollout")), None),
            (Template, None, Some(("app", "terraform")), Some("OwnedByManager")),
            (Template, None, Some(("app", "kubectlish")), Some("OwnedByManager")),
            // Another container is not touched.
            (Template, None, Some(("proxy", "terraform")), None),
            (Admission, None, Some(("app", "terraform")), None),
        ] {
            let mut scene = Scene::new();
            let what = format!("{mode:?} {owner:?} {manager:?}");
            scene.rules.delivery = mode;
            scene.workload.owners = owner.into_iter().collect();
            let row = |(c, m): (&str, &str)| ResourceManager { container: c.into(), manager: m.into() };
            scene.workload.resource_managers = manager.map(row).into_iter().collect();
            assert_eq!(asked(&GATE, &scene).map(|(reason, _)| reason).as_deref(), expected, "{what}");
        }
    }
}
