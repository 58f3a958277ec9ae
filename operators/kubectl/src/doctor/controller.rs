//! What a Deployment says of the controller that it runs: its version, its account and what it is told.
//!
//! In: the Deployment, as the server has it. Out: a [`Controller`]. Pure.

use std::collections::BTreeMap;

use k8s_openapi::api::apps::v1::Deployment;

use super::{flags, kinds};
use crate::{account::helm_upgrade, health::Read};

/// The name of the Deployment, and of its container.
pub const DEPLOYMENT: &str = "trimtab";
/// The label that Helm and others set to the version of a program.
const VERSION_LABEL: &str = "app.kubernetes.io/version";
/// The account of pods that name none.
const DEFAULT_ACCOUNT: &str = "default";

/// The controller, as its Deployment has it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Controller {
    /// Its image.
    pub image: String,
    /// Its version, by the tag of the image, else by a label; `None` if neither is one.
    pub version: Option<String>,
    /// The name of its ServiceAccount.
    pub account: String,
    /// The custom resources that it is told to size, as it names them; or why they are not known.
    pub kinds: Read<Vec<String>>,
    /// The Secret with credentials for Prometheus that it is told to read.
    pub secret: Option<String>,
    /// Whether it asks the API server who may read `/metrics`.
    pub reviews: bool,
    /// The labels of its pods.
    pub labels: BTreeMap<String, String>,
    /// The command that brings it back, if Helm installed it.
    pub helm: Option<String>,
}

impl From<&Deployment> for Controller {
    fn from(deployment: &Deployment) -> Self {
        let template = deployment.spec.as_ref().map(|spec| &spec.template);
        let pod = template.and_then(|template| template.spec.as_ref());
        let containers = pod.map(|pod| pod.containers.as_slice()).unwrap_or_default();
        let container = containers.iter().find(|c| c.name == DEPLOYMENT).or(containers.first());
        let image = container.and_then(|c| c.image.clone()).unwrap_or_default();
        let labels = template.and_then(|template| template.metadata.as_ref()).and_then(|m| m.labels.as_ref());
        let label = label(labels).or_else(|| label(deployment.metadata.labels.as_ref()));
        Self {
            version: tag(&image).and_then(version).or_else(|| label.and_then(version)),
            image,
            account: pod.and_then(|pod| pod.service_account_name.clone()).unwrap_or_else(|| DEFAULT_ACCOUNT.to_owned()),
            kinds: container.map_or_else(|| Ok(Vec::new()), kinds::named),
            secret: flags::last(container, "--prometheus-secret", "TRIMTAB_PROMETHEUS_SECRET").map(str::to_owned),
            reviews: flags::last(container, "--metrics-auth", "TRIMTAB_METRICS_AUTH") == Some("TokenReview"),
            labels: labels.cloned().unwrap_or_default(),
            helm: helm_upgrade(&deployment.metadata),
        }
    }
}

fn label(labels: Option<&BTreeMap<String, String>>) -> Option<&str> {
    labels?.get(VERSION_LABEL).map(String::as_str)
}

/// The tag of an image: `0.1.0` of `registry:5000/tools/trimtab:0.1.0@sha256:…`.
fn tag(image: &str) -> Option<&str> {
    let name = image.split('@').next()?;
    name.rsplit('/').next()?.split_once(':').map(|(_, tag)| tag)
}

/// A version, with or without `v`; `None` for other words, such as `latest`. Neither a tag nor a label may have a plus, for
/// which Helm and others write `_`, and no version has one.
fn version(text: &str) -> Option<String> {
    let number = text.strip_prefix('v').unwrap_or(text);
    let is_version = number.split('.').count() >= 3 && number.starts_with(|c: char| c.is_ascii_digit());
    is_version.then(|| number.replace('_', "+"))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use serde_json::json;

    use super::*;

    #[test]
    fn the_version_is_that_of_the_tag_else_that_of_a_label() {
        for (image, label, expected) in [
            ("trimtab:0.1.0", None, Some("0.1.0")),
            ("registry:5000/tools/trimtab:v0.2.0-rc.1@sha256:ab", None, Some("0.2.0-rc.1")),
            ("registry:5000/trimtab", None, None),
            ("trimtab@sha256:0123", None, None),
            ("trimtab:latest", None, None),
            ("trimtab:1", None, None),
            ("trimtab@sha256:0123", Some("0.3.0"), Some("0.3.0")),
            ("trimtab:0.1.0", Some("0.3.0"), Some("0.1.0")),
            ("trimtab:0.1.0-rc.1_build.7", None, Some("0.1.0-rc.1+build.7")),
            ("trimtab@sha256:0123", Some("0.3.0_4"), Some("0.3.0+4")),
            ("", None, None),
        ] {
            let deployment: Deployment = serde_json::from_value(json!({
                "metadata": {"name": "trimtab", "labels": label.map(|l| json!({"app.kubernetes.io/version": l}))},
                "spec": {"selector": {}, "template": {"spec": {"serviceAccountName": "sizer", "containers": [
                    {"name": "proxy", "image": "proxy:9.9.9", "args": ["--workload-kinds=Other.v1.example.com"]},
                    {"name": "trimtab", "image": image, "args": ["--workload-kinds=Herd.v1.example.com"],
                        "env": [{"name": "TRIMTAB_METRICS_AUTH", "value": "TokenReview"},
                            {"name": "TRIMTAB_PROMETHEUS_SECRET", "value": "credentials"}]}]}}}}))
            .unwrap();
            let found = Controller::from(&deployment);
            assert_eq!((found.version.as_deref(), found.account.as_str()), (expected, "sizer"), "{image} {label:?}");
            assert_eq!(found.kinds, Ok(vec!["Herd.v1.example.com".to_owned()]));
            assert_eq!((found.secret.as_deref(), found.reviews), (Some("credentials"), true));
        }
        let empty = Controller::from(&Deployment::default());
        let account = "default".to_owned();
        let bare = Controller {
            image: String::new(),
            version: None,
            account,
            kinds: Ok(Vec::new()),
            secret: None,
            reviews: false,
            labels: BTreeMap::new(),
            helm: None,
        };
        assert_eq!(empty, bare);
    }
}
