//! Parameters of actions on GitOps, alerts, diagnostics and messages.
//!
//! In: nothing. Out: the types of members of a step.

use kube::KubeSchema;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{LABEL_PATTERN, NAME_PATTERN};
use crate::{
    approval::ONE_LINE_PATTERN,
    time::{Duration, cel_seconds},
};

/// A kind of object that lets a cluster follow a repository.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
pub enum GitOpsKind {
    /// An Application of Argo CD.
    Application,
    /// A Kustomization of Flux.
    Kustomization,
    /// A HelmRelease of Flux.
    HelmRelease,
}

/// An object that lets a cluster follow a repository.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct GitOpsApp {
    /// The kind of the app: `Application`, `Kustomization` or `HelmRelease`.
    pub kind: GitOpsKind,
    /// The name of the app.
    #[schemars(length(min = 1, max = 253), regex(pattern = NAME_PATTERN))]
    pub name: String,
    /// The namespace of the app.
    #[schemars(length(min = 1, max = 63), regex(pattern = LABEL_PATTERN))]
    pub namespace: String,
}

/// Parameters of `SuspendGitOps`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct SuspendGitOps {
    /// The app to suspend. The target must have its marks, or be that app.
    pub app: GitOpsApp,
}

/// A matcher of a silence.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct AlertMatcher {
    /// The name of the label.
    #[schemars(length(min = 1, max = 128), regex(pattern = "^[a-zA-Z_][a-zA-Z0-9_]*$"))]
    pub name: String,
    /// The value, or the regular expression, which must match the whole value.
    #[schemars(length(min = 1, max = 512), regex(pattern = ONE_LINE_PATTERN))]
    pub value: String,
    /// Whether `value` is a regular expression.
    #[serde(default)]
    pub is_regex: bool,
    /// Whether the label must match. With `false`, it must not.
    #[serde(default = "yes")]
    pub is_equal: bool,
}

fn yes() -> bool {
    true
}

/// Parameters of `SilenceAlert`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, KubeSchema)]
#[serde(rename_all = "camelCase")]
#[x_kube(validation = Rule::new("self.matchers.exists(m, m.name == 'namespace' && m.isEqual && !m.isRegex)")
    .message("matchers must contain one for the label namespace that demands equality and is no regular expression"))]
#[x_kube(validation = Rule::new("self.matchers.exists(m, m.name != 'namespace' && m.isEqual && !m.isRegex)")
    .message("matchers must contain one more that demands equality, such as alertname: a whole namespace is not silenced"))]
#[x_kube(validation = Rule::new(concat!(cel_seconds!("self.duration"), " >= 60 && ", cel_seconds!("self.duration"), " <= 86400"))
    .message("duration must be between 1m and 24h: what should be silent for longer needs another alerting rule"))]
pub struct SilenceAlert {
    /// Which alerts are silenced. One matcher must demand equality with the namespace of this action, and another one
    /// must demand equality of a further label.
    #[schemars(length(min = 2, max = 16), extend("x-kubernetes-list-type" = "atomic"))]
    pub matchers: Vec<AlertMatcher>,
    /// How long the alerts are silenced. Between `1m` and `24h`.
    pub duration: Duration,
}

/// Which logs are collected.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct LogSelection {
    /// The number of last lines of each container.
    #[serde(default = "default_lines")]
    #[schemars(range(min = 1, max = 10_000))]
    pub lines: i32,
    /// Collects the logs of the previous run of each container too, as after a crash.
    #[serde(default)]
    pub previous: bool,
}

fn default_lines() -> i32 {
    200
}

/// Parameters of `CollectDiagnostics`. If nothing is set, everything is collected, with 200 lines of each log.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct CollectDiagnostics {
    /// Collects logs.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub logs: Option<LogSelection>,
    /// Collects the events about the target and its pods.
    #[serde(default)]
    pub events: bool,
    /// Collects the target and its pods as they are, with secrets masked.
    #[serde(default)]
    pub objects: bool,
}

/// Parameters of `Notify`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Notify {
    /// The message. `{action}`, `{target}`, `{namespace}` and `{requester}` are replaced.
    #[schemars(length(min = 1, max = 1024), regex(pattern = ONE_LINE_PATTERN))]
    pub text: String,
    /// The channel of the operator's configuration that gets the message. If not set, there is only an Event.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 63), regex(pattern = LABEL_PATTERN))]
    pub channel: Option<String>,
}
