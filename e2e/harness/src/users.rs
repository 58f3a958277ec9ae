//! Users and ServiceAccounts with chosen permissions.

use std::path::PathBuf;
use std::process::Command;

use anyhow::{Context, Result, ensure};
use k8s_openapi::api::authentication::v1::{TokenRequest, TokenRequestSpec};
use k8s_openapi::api::core::v1::ServiceAccount;
use k8s_openapi::api::rbac::v1::{ClusterRole, ClusterRoleBinding, PolicyRule, RoleRef, Subject};
use kube::api::{Api, ObjectMeta, Patch, PatchParams, PostParams};
use serde_json::json;

use crate::{Plane, paths};

/// An RBAC rule: these verbs on these resources (`pods/resize` for a subresource) of these API groups.
pub fn rule(groups: &[&str], resources: &[&str], verbs: &[&str]) -> PolicyRule {
    let owned = |list: &[&str]| list.iter().map(ToString::to_string).collect::<Vec<_>>();
    PolicyRule {
        api_groups: Some(owned(groups)),
        resources: Some(owned(resources)),
        verbs: owned(verbs),
        ..PolicyRule::default()
    }
}

impl Plane {
    /// A new user with a client certificate and cluster-wide permissions; returns its kubeconfig. Called again with the
    /// same name, it replaces the permissions.
    ///
    /// # Errors
    /// When the certificate or the role cannot be created.
    pub async fn user(&self, name: &str, groups: &[&str], rules: &[PolicyRule]) -> Result<PathBuf> {
        let out = self.dir().join(format!("user-{}.kubeconfig", name.replace(['/', ':'], "_")));
        let mut command = Command::new(paths::plane_bin()?);
        command.args(["user", "--name", name]).arg("--dir").arg(self.dir()).arg("--out").arg(&out);
        for group in groups {
            command.args(["--group", group]);
        }
        let made = command.output()?;
        ensure!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr).trim());
        let subject = Subject {
            api_group: Some("rbac.authorization.k8s.io".into()),
            kind: "User".into(),
            name: name.into(),
            namespace: None,
        };
        self.grant(&format!("e2e:user:{name}"), subject, rules).await?;
        Ok(out)
    }

    /// A ServiceAccount with cluster-wide permissions; returns a kubeconfig with a one-hour token. Called again, it
    /// replaces the permissions.
    ///
    /// # Errors
    /// When the namespace does not exist.
    pub async fn service_account_kubeconfig(
        &self,
        namespace: &str,
        name: &str,
        rules: &[PolicyRule],
    ) -> Result<PathBuf> {
        let accounts: Api<ServiceAccount> = Api::namespaced(self.client().await?, namespace);
        let account = ServiceAccount {
            metadata: ObjectMeta { name: Some(name.into()), ..ObjectMeta::default() },
            ..ServiceAccount::default()
        };
        accounts.patch(name, &PatchParams::apply("e2e"), &Patch::Apply(&account)).await?;
        let subject = Subject {
            api_group: None,
            kind: "ServiceAccount".into(),
            name: name.into(),
            namespace: Some(namespace.into()),
        };
        self.grant(&format!("e2e:serviceaccount:{namespace}:{name}"), subject, rules).await?;
        let request = TokenRequest {
            spec: Some(TokenRequestSpec { expiration_seconds: Some(3600), ..TokenRequestSpec::default() }),
            ..TokenRequest::default()
        };
        let answer = accounts.create_token_request(name, &PostParams::default(), &request).await?;
        let token = answer.status.context("a TokenRequest without a token")?.token;
        let out = self.dir().join(format!("serviceaccount-{namespace}-{name}.kubeconfig"));
        // JSON is YAML.
        let config = json!({
            "apiVersion": "v1", "kind": "Config", "current-context": "plane",
            "contexts": [{"name": "plane", "context": {"cluster": "plane", "user": name, "namespace": namespace}}],
            "clusters": [{"name": "plane", "cluster": {"server": self.server(), "certificate-authority": self.dir().join("pki/ca.crt")}}],
            "users": [{"name": name, "user": {"token": token}}],
        });
        std::fs::write(&out, serde_json::to_vec_pretty(&config)?)?;
        Ok(out)
    }

    /// Grants `subject` exactly these cluster-wide permissions, under the role `role`.
    ///
    /// # Errors
    /// When the API server refuses.
    pub async fn grant(&self, role: &str, subject: Subject, rules: &[PolicyRule]) -> Result<()> {
        let client = self.client().await?;
        let metadata = ObjectMeta { name: Some(role.into()), ..ObjectMeta::default() };
        let params = PatchParams::apply("e2e").force();
        let made = ClusterRole { metadata: metadata.clone(), rules: Some(rules.to_vec()), ..ClusterRole::default() };
        Api::<ClusterRole>::all(client.clone()).patch(role, &params, &Patch::Apply(&made)).await?;
        let binding = ClusterRoleBinding {
            metadata,
            role_ref: RoleRef {
                api_group: Some("rbac.authorization.k8s.io".into()),
                kind: "ClusterRole".into(),
                name: role.into(),
            },
            subjects: Some(vec![subject]),
        };
        Api::<ClusterRoleBinding>::all(client).patch(role, &params, &Patch::Apply(&binding)).await?;
        Ok(())
    }
}
