//! Explains an API server's refusal, and what to do about it.
//!
//! In: the answer, what was attempted, by whom. Out: one text. Pure.

use kube::core::Status;

use crate::decided_on::DecidedOn;

/// What was attempted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tried<'a> {
    /// To read this, such as `recommendations in namespace shop`.
    Read(&'a str),
    /// To decide on an object, as `user`.
    Decide {
        /// What it is.
        on: DecidedKind,
        /// Its namespace.
        namespace: &'a str,
        /// Its name.
        name: &'a str,
        /// Who tried.
        user: &'a str,
    },
    /// To create or delete this, such as `ConfigMap trimtab-system/trimtab-halt`.
    Write(&'a str),
}

/// A kind that people decide on, as far as a refusal names it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DecidedKind {
    /// The kind.
    pub kind: &'static str,
    /// Its resource with its group.
    pub resource: &'static str,
    /// The ClusterRole that lets people decide on it, if one is shipped.
    pub role: Option<&'static str>,
}

impl DecidedKind {
    /// Of this kind.
    pub fn of<K: DecidedOn>() -> Self {
        Self { kind: K::KIND, resource: K::crd_name(), role: K::ROLE }
    }
}

/// What a refusal means.
pub fn meaning(status: &Status, tried: Tried<'_>) -> String {
    match tried {
        Tried::Decide { on, namespace, name, user } => decided(status, on, namespace, name, user),
        Tried::Read(what) => read(status, what),
        Tried::Write(what) => match status.code {
            403 => format!("no permission to change {what}: {}", status.message),
            404 => {
                format!("cannot change {what}: {}; is Trimtab installed there? See --trimtab-namespace", status.message)
            }
            _ => format!("cannot change {what}: {}", status.message),
        },
    }
}

fn read(status: &Status, what: &str) -> String {
    match status.code {
        404 if is_unknown_kind(status) => {
            format!(
                "the cluster has no {what}: Trimtab's CRDs are not installed; trimtab crds | kubectl apply \
                 --server-side -f -"
            )
        }
        404 => format!("there is no {what}"),
        403 => format!(
            "no permission to read {what}: {}. The ClusterRole trimtab-viewer grants it, as do view, edit and admin",
            status.message
        ),
        401 => format!("cannot read {what}: the credentials of this context are not accepted; log in again"),
        _ => format!("cannot read {what}: {}", status.message),
    }
}

/// Whether the server does not know the kind of what was asked for.
pub fn is_unknown_kind(status: &Status) -> bool {
    let message = &status.message;
    // It says no more than this.
    status.code == 404
        && (message.contains("could not find the requested resource") || message.contains("page not found"))
}

fn decided(status: &Status, on: DecidedKind, namespace: &str, name: &str, user: &str) -> String {
    let DecidedKind { kind, resource, .. } = on;
    let grant = match on.role {
        Some(role) => format!(
            "The ClusterRole {role} gives it: kubectl create rolebinding {role}s -n {namespace} --clusterrole={role} \
             --user={user}"
        ),
        None => format!("It needs the verbs patch and approve on {resource} in namespace {namespace}"),
    };
    let message = &status.message;
    match status.code {
        404 => format!("there is no {kind} {namespace}/{name}"),
        _ if message.contains("ValidatingAdmissionPolicy") => {
            let reason = message.rsplit_once("denied request: ").map_or(message.as_str(), |(_, reason)| reason);
            // It says itself what it takes, and not how to get it.
            let is_to_be_had = on.role.is_some() && reason.contains("verb approve");
            let hint = if is_to_be_had { format!(". {grant}") } else { String::new() };
            format!("the approval guard refused the decision of {user} on {namespace}/{name}: {reason}{hint}")
        }
        403 => format!("{user} has no permission to decide on {namespace}/{name}: {message}. {grant}"),
        _ => format!("the decision on {namespace}/{name} was not recorded: {message}"),
    }
}

#[cfg(test)]
mod tests {
    use kube::core::Status;

    use trimtab_api::{recommendation::Recommendation, remediation::spec::RemediationAction};

    use super::{DecidedKind, Tried, meaning};

    fn answer(code: u16, message: &str) -> Status {
        Status { code, message: message.to_owned(), ..Status::default() }
    }

    #[test]
    fn a_refusal_says_what_to_do() {
        let on = DecidedKind::of::<Recommendation>();
        let decide = Tried::Decide { on, namespace: "shop", name: "deploy-web", user: "bob" };
        let on = DecidedKind::of::<RemediationAction>();
        let act = Tried::Decide { on, namespace: "shop", name: "drain", user: "bob" };
        for (status, tried, says, never) in [
            (
                answer(
                    403,
                    "recommendations.trimtab.dev \"deploy-web\" is forbidden: ValidatingAdmissionPolicy 'trimtab-approval' with binding 'trimtab-approval' denied request: approving needs the verb approve on recommendations.trimtab.dev",
                ),
                decide,
                "refused the decision of bob on shop/deploy-web: approving needs the verb approve on recommendations.trimtab.dev. The ClusterRole trimtab-approver",
                "ValidatingAdmissionPolicy",
            ),
            (
                answer(
                    422,
                    "x: ValidatingAdmissionPolicy 'trimtab-approval' with binding 'trimtab-approval' denied request: approver must be yourself",
                ),
                decide,
                "approver must be yourself",
                "ClusterRole",
            ),
            (
                answer(
                    403,
                    "recommendations.trimtab.dev \"mine\" is forbidden: ValidatingAdmissionPolicy 'trimtab-approval' with binding 'trimtab-approval' denied request: this recommendation has an owner (metadata.ownerReferences), and could be deleted with it: try again in a moment",
                ),
                decide,
                "refused the decision of bob on shop/deploy-web: this recommendation has an owner (metadata.ownerReferences), and could be deleted with it: try again in a moment",
                "ClusterRole",
            ),
            (
                answer(403, "User \"bob\" cannot patch resource \"recommendations\""),
                decide,
                "--clusterrole=trimtab-approver --user=bob",
                "guard",
            ),
            (answer(404, "not found"), decide, "there is no Recommendation shop/deploy-web", "ClusterRole"),
            (answer(404, "not found"), act, "there is no RemediationAction shop/drain", "Recommendation"),
            // Nothing is named that is not shipped.
            (
                answer(403, "User \"bob\" cannot patch resource \"remediationactions\""),
                act,
                "It needs the verbs patch and approve on remediationactions.trimtab.dev in namespace shop",
                "ClusterRole",
            ),
            (
                answer(404, "the server could not find the requested resource"),
                Tried::Read("Recommendations"),
                "CRDs are not installed",
                "no permission",
            ),
            (
                answer(404, "recommendations.trimtab.dev \"x\" not found"),
                Tried::Read("Recommendation shop/x"),
                "there is no Recommendation shop/x",
                "CRDs",
            ),
            (answer(403, "no"), Tried::Read("Recommendations"), "trimtab-viewer", "CRDs"),
            (answer(401, "Unauthorized"), Tried::Read("Recommendations"), "log in again", "CRDs"),
            (
                answer(404, "namespaces \"trimtab-system\" not found"),
                Tried::Write("ConfigMap a/b"),
                "--trimtab-namespace",
                "right",
            ),
            (answer(403, "no"), Tried::Write("ConfigMap a/b"), "no permission to change ConfigMap a/b", "installed"),
        ] {
            let text = meaning(&status, tried);
            assert!(text.contains(says) && !text.contains(never), "{text}");
        }
    }
}
