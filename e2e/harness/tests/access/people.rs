//! People with their roles, and the accounts of programs.

use std::path::PathBuf;

use anyhow::Result;
use kube::Client;
use serde_json::{Value, json};
use trimtab_e2e::{eventually, rule};

use super::stage::{SOON, Stage};

pub struct Person {
    pub client: Client,
    pub kubeconfig: PathBuf,
}

/// People, their groups, and their roles in namespace `shop`.
const PEOPLE: &[(&str, &[&str], &[&str])] = &[
    ("ada", &[], &["edit", "trimtab-approver"]),
    ("ema", &[], &["trimtab-approver", "writes-sizes"]),
    ("ben", &[], &["trimtab-approver"]),
    ("cat", &["shop-leads"], &[]),
    ("eve", &[], &["edit"]),
    ("vic", &[], &["view"]),
    ("adm", &[], &["admin"]),
    ("out", &[], &["edit"]),
    ("nam", &[], &["edit", "approves-other", "writes-sizes"]),
    ("sue", &[], &["edit", "approves-status"]),
    ("gus", &["apps-leads"], &["edit"]),
    ("sam", &[], &[]),
];

impl Stage {
    pub async fn roles(&self) -> Result<()> {
        let namespace = |name: &str| json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}});
        let role = |name: &str, rules: Value| {
            json!({"apiVersion": "rbac.authorization.k8s.io/v1", "kind": "ClusterRole", "metadata": {"name": name},
                "rules": rules})
        };
        let binding = |name: &str, namespace: &str, role: &str, kind: &str, subject: &str| {
            json!({"apiVersion": "rbac.authorization.k8s.io/v1", "kind": "RoleBinding",
                "metadata": {"name": name, "namespace": namespace},
                "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": role},
                "subjects": [{"apiGroup": "rbac.authorization.k8s.io", "kind": kind, "name": subject}]})
        };
        let mut items = vec![
            namespace("shop"),
            namespace("other"),
            namespace("doomed"),
            namespace("trimtab-system"),
            role(
                "approves-other",
                json!([{"apiGroups": ["trimtab.dev"], "resources": ["recommendations"],
                "resourceNames": ["deploy-other"], "verbs": ["approve"]}]),
            ),
            role(
                "approves-status",
                json!([{"apiGroups": ["trimtab.dev"], "resources": ["recommendations/status"],
                "verbs": ["get", "patch", "update", "approve"]}]),
            ),
            role(
                "approves-elsewhere",
                json!([{"apiGroups": ["apps", "example.com"], "resources": ["recommendations"],
                "verbs": ["approve"]}, {"apiGroups": ["trimtab.dev"], "resources": ["recommendation", "usageprofiles"],
                "verbs": ["approve"]}]),
            ),
            role(
                "writes-sizes",
                json!([{"apiGroups": ["trimtab.dev"], "resources": ["appliedsizes"],
                "verbs": ["get", "list", "patch", "update", "delete", "deletecollection"]}]),
            ),
            binding("leads", "shop", "trimtab-approver", "Group", "shop-leads"),
            binding("apps-leads", "shop", "approves-elsewhere", "Group", "apps-leads"),
            binding("out", "other", "trimtab-approver", "User", "out"),
        ];
        for (name, _, roles) in PEOPLE {
            items.extend(roles.iter().map(|role| binding(&format!("{name}-{role}"), "shop", role, "User", name)));
        }
        let path = self.plane.dir().join("roles.json");
        std::fs::write(&path, serde_json::to_vec(&json!({"apiVersion": "v1", "kind": "List", "items": items}))?)?;
        self.plane.kubectl(&["apply", "-f", path.to_str().unwrap()]).await?;
        // The controller manager aggregates the built-in roles some moments after they are created.
        eventually(SOON, "roles are added up", async || {
            for (who, verb) in [("vic", "get"), ("eve", "patch"), ("adm", "patch")] {
                let may = ["auth", "can-i", verb, "recommendations.trimtab.dev", "-n", "shop", "--as", who];
                self.plane.kubectl(&may).await?;
            }
            Ok(())
        })
        .await
    }

    pub async fn people(&mut self) -> Result<()> {
        // Everything except approving.
        let resources =
            ["recommendations", "recommendations/status", "appliedsizes", "usageprofiles", "usageprofiles/status"];
        let verbs = ["get", "list", "watch", "create", "update", "patch", "delete", "deletecollection"];
        let much = rule(&["trimtab.dev"], &resources, &verbs);
        for (name, groups, _) in PEOPLE {
            let rules = if *name == "sam" { vec![much.clone()] } else { vec![] };
            let kubeconfig = self.plane.user(name, groups, &rules).await?;
            self.add(name, kubeconfig).await?;
        }
        // Trimtab and an account of the same name elsewhere, with more permissions than either needs: the guard has to
        // hold.
        let all = rule(&["trimtab.dev"], &resources, &["*"]);
        let watches = rule(
            &["admissionregistration.k8s.io"],
            &["validatingadmissionpolicies", "validatingadmissionpolicybindings"],
            &["list", "watch"],
        );
        let rules = [all, watches];
        let own = self.plane.service_account_kubeconfig("trimtab-system", "trimtab", &rules).await?;
        self.add("trimtab", own).await?;
        let double = self.plane.service_account_kubeconfig("shop", "trimtab", &rules).await?;
        self.add("double", double).await?;
        self.add("root", self.plane.kubeconfig_path()).await
    }

    async fn add(&mut self, name: &'static str, kubeconfig: PathBuf) -> Result<()> {
        let client = self.plane.client_with(&kubeconfig).await?;
        self.people.insert(name, Person { client, kubeconfig });
        Ok(())
    }
}
