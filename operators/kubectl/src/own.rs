//! Trimtab's own namespace where none is given: that of its Deployment, unless the approval guard contradicts it.
//!
//! In: what the cluster says. Out: the namespace, told on standard error where it is not the usual one, or a refusal. Who may
//! not list Deployments is left with the usual namespace, and with what the guard shows. Who only looks is told of several, and
//! refused by none.

use std::collections::BTreeSet;

use k8s_openapi::api::{admissionregistration::v1::ValidatingAdmissionPolicy, apps::v1::Deployment};
use kube::{Api, api::ListParams};
use trimtab_guard::NAME as GUARD;

use crate::{account::Account, cluster::Session, problem::Problem};

/// What selects Trimtab's objects and pods, in whatever namespace they are.
pub(crate) const SELECTOR: &str = "app.kubernetes.io/name=trimtab";

impl Session {
    /// Finds Trimtab's own namespace, unless it is given. It takes one request, because an emergency stop waits for it.
    ///
    /// # Errors
    /// Where there are Deployments of Trimtab in several namespaces, unless the verb `only_looks`.
    pub async fn locate(&mut self, only_looks: bool) -> Result<(), Problem> {
        if self.is_own_named() {
            return Ok(());
        }
        let labelled = ListParams::default().labels(SELECTOR);
        // What cannot be listed shows nothing; the verb's own requests say why the server does not answer.
        let listed = Api::<Deployment>::all(self.client.clone()).list_metadata(&labelled).await;
        let all: BTreeSet<String> = listed.into_iter().flatten().filter_map(|found| found.metadata.namespace).collect();
        let usual = all.get(self.own()).or_else(|| all.first());
        let Some(namespace) = usual else { return Ok(()) };
        if all.len() > 1 {
            let names = all.iter().map(String::as_str).collect::<Vec<_>>().join(", ");
            let which = "say with --trimtab-namespace which is meant";
            let several = format!("there are Deployments of Trimtab in the namespaces {names}: {which}");
            if !only_looks {
                return Err(Problem::Usage(format!("{several}. Nothing was changed")));
            }
            self.screen.note(&format!("{several}; this is about {namespace}"));
        } else if namespace != self.own() {
            self.screen.note(&format!("Trimtab found in namespace {namespace}"));
        }
        self.own_found(namespace.clone());
        Ok(())
    }

    /// Refuses to act on a namespace that nobody named, where the approval guard shows that Trimtab runs in another. Where
    /// nothing shows it, nothing is refused.
    ///
    /// # Errors
    /// With the namespaces in question, and the flag that says which is meant.
    pub async fn not_elsewhere(&self) -> Result<(), Problem> {
        if self.is_own_named() {
            return Ok(());
        }
        let policy = Api::<ValidatingAdmissionPolicy>::all(self.client.clone()).get_opt(GUARD).await;
        let Some(account) = policy.ok().flatten().as_ref().and_then(Account::named_by) else { return Ok(()) };
        let own = self.own();
        let Some(why) = account.elsewhere(own) else { return Ok(()) };
        Err(Problem::Failed(if self.is_own_found() {
            format!(
                "the Deployment of Trimtab is in namespace {own}, and the approval guard names {account}: say which is meant, \
                 with --trimtab-namespace {own} or --trimtab-namespace {}. Nothing was changed",
                account.namespace
            )
        } else {
            format!("{why}, or --trimtab-namespace {own} if it does run there. Nothing was changed")
        }))
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use serde_json::{Value, json};

    use super::*;
    use crate::testkit;

    /// A session with a server that has Deployments of Trimtab in these namespaces, and a guard for an account of `guarded`.
    fn session(namespaces: &[&str], guarded: &str) -> Session {
        let items: Vec<Value> = namespaces
            .iter()
            .map(|namespace| json!({"metadata": {"name": "trimtab", "namespace": namespace}}))
            .collect();
        let list = json!({"apiVersion": "meta.k8s.io/v1", "kind": "PartialObjectMetadataList", "metadata": {}, "items": items});
        let account = format!("'system:serviceaccount:{guarded}:trimtab'");
        let guard = json!({"apiVersion": "admissionregistration.k8s.io/v1", "kind": "ValidatingAdmissionPolicy",
            "metadata": {"name": "trimtab-approval"},
            "spec": {"variables": [{"name": "trimtab", "expression": account}]}});
        testkit::session(json!({"v1/deployments": list, "validatingadmissionpolicies/trimtab-approval": guard}), 404)
    }

    #[tokio::test]
    async fn the_namespace_is_that_of_the_only_deployment() {
        for (namespaces, own) in [
            (&["platform"][..], "platform"),
            (&["trimtab-system"][..], "trimtab-system"),
            (&["platform", "platform"][..], "platform"),
            (&[][..], "trimtab-system"),
        ] {
            let mut session = session(namespaces, own);
            session.locate(false).await.unwrap();
            assert_eq!(session.own(), own, "{namespaces:?}");
            assert!(session.not_elsewhere().await.is_ok(), "{namespaces:?}");
        }
    }

    #[tokio::test]
    async fn who_may_not_list_has_the_usual_one_and_what_the_guard_shows() {
        let mut session = testkit::session(json!({}), 403);
        session.locate(false).await.unwrap();
        assert_eq!(session.own(), "trimtab-system");
        assert!(session.not_elsewhere().await.is_ok());
    }

    #[tokio::test]
    async fn where_it_is_not_clear_the_namespaces_are_named() {
        let mut several = session(&["tools", "platform"], "platform");
        let why = several.locate(false).await.unwrap_err().to_string();
        assert!(why.contains("in the namespaces platform, tools: say with --trimtab-namespace"), "{why}");
        several.locate(true).await.unwrap();
        assert_eq!(several.own(), "platform", "who only looks is not kept from it");
        let mut usual = session(&["platform", "trimtab-system"], "platform");
        usual.locate(true).await.unwrap();
        assert_eq!(usual.own(), "trimtab-system");
        let mut contradicted = session(&["platform"], "tools");
        contradicted.locate(false).await.unwrap();
        let why = contradicted.not_elsewhere().await.unwrap_err().to_string();
        assert!(why.contains("--trimtab-namespace platform or --trimtab-namespace tools"), "{why}");
    }
}
