//! Parameters of actions on Services, Ingresses and network policies.
//!
//! In: nothing. Out: the types of members of a step.

use std::{borrow::Cow, collections::BTreeMap};

use kube::KubeSchema;
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Serialize};

use super::{NAME_PATTERN, VALUE_PATTERN};
use crate::selector::LabelSelector;

/// A port of a container: its number, or its name.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum PortRef {
    /// The number of the port.
    Number(i32),
    /// The name of the port.
    Name(String),
}

impl JsonSchema for PortRef {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        "PortRef".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "x-kubernetes-int-or-string": true,
            "anyOf": [{"type": "integer"}, {"type": "string"}],
            "maxLength": 15,
            "pattern": "^[a-z0-9]([-a-z0-9]*[a-z0-9])?$",
            "minimum": 1,
            "maximum": 65535,
        })
    }
}

/// A protocol of the network.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
pub enum Protocol {
    /// TCP.
    #[default]
    #[serde(rename = "TCP")]
    Tcp,
    /// UDP.
    #[serde(rename = "UDP")]
    Udp,
    /// SCTP.
    #[serde(rename = "SCTP")]
    Sctp,
}

/// Whom a rule of a network policy lets through. Exactly one kind of peer: pods, by one or both selectors, or addresses.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, KubeSchema)]
#[serde(rename_all = "camelCase")]
#[x_kube(validation = Rule::new("has(self.cidr) != (has(self.podSelector) || has(self.namespaceSelector))")
    .message("a peer must have either selectors or a cidr: an empty peer would let everything pass"))]
pub struct PolicyPeer {
    /// Selects pods by label. Without `namespaceSelector`, in the namespace of the policy. An empty selector is rejected.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pod_selector: Option<LabelSelector>,
    /// Selects namespaces by label. An empty selector is rejected.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub namespace_selector: Option<LabelSelector>,
    /// A range of addresses, such as `10.0.0.0/8`. Ranges of all addresses are refused.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 4, max = 43), regex(pattern = "^[0-9a-fA-F:.]+/([1-9]|[1-9][0-9]|1[0-2][0-9])$"))]
    pub cidr: Option<String>,
}

/// A port of a rule.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct PolicyPort {
    /// The protocol: `TCP`, `UDP` or `SCTP`.
    #[serde(default)]
    pub protocol: Protocol,
    /// The port: its number, or its name in the pods.
    pub port: PortRef,
}

/// A rule of a network policy.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct PolicyRule {
    /// Whom the rule lets through: senders of ingress, receivers of egress.
    #[schemars(length(min = 1, max = 8), extend("x-kubernetes-list-type" = "atomic"))]
    pub peers: Vec<PolicyPeer>,
    /// The ports. If not set, all ports.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 16), extend("x-kubernetes-list-type" = "atomic"))]
    pub ports: Option<Vec<PolicyPort>>,
}

/// Parameters of `PatchNetworkPolicy`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, KubeSchema)]
#[serde(rename_all = "camelCase")]
#[x_kube(validation = Rule::new("has(self.addIngress) || has(self.addEgress)")
    .message("patchNetworkPolicy must add at least one rule, by addIngress or addEgress"))]
pub struct PatchNetworkPolicy {
    /// Rules to add for traffic to the pods of the policy.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 8), extend("x-kubernetes-list-type" = "atomic"))]
    pub add_ingress: Option<Vec<PolicyRule>>,
    /// Rules to add for traffic from the pods of the policy.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 8), extend("x-kubernetes-list-type" = "atomic"))]
    pub add_egress: Option<Vec<PolicyRule>>,
}

/// Parameters of `PatchServiceSelector`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, KubeSchema)]
#[serde(rename_all = "camelCase")]
#[x_kube(validation = Rule::new("size(self.selector) > 0")
    .message("selector must have at least one label: a Service without a selector has no endpoints"))]
pub struct PatchServiceSelector {
    /// The new selector. It replaces the former one as a whole.
    #[schemars(extend("maxProperties" = 16, "additionalProperties" = {"type": "string", "maxLength": 63, "pattern": VALUE_PATTERN}))]
    pub selector: BTreeMap<String, String>,
}

/// Parameters of `PatchServicePort`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct PatchServicePort {
    /// The port of the Service.
    #[schemars(range(min = 1, max = 65535))]
    pub port: i32,
    /// The port of the pods to which it leads: its number or its name.
    pub target_port: PortRef,
}

/// Parameters of `PatchIngressBackend`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct PatchIngressBackend {
    /// The host of the rule. If not set, the rule without a host.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 253), regex(pattern = r"^(\*\.)?[a-z0-9]([-a-z0-9.]*[a-z0-9])?$"))]
    pub host: Option<String>,
    /// The path of the rule, such as `/api`.
    #[schemars(length(min = 1, max = 512), regex(pattern = r"^/[\x21-\x7e]*$"))]
    pub path: String,
    /// The name of the Service to which the path leads then, in the same namespace.
    #[schemars(length(min = 1, max = 63), regex(pattern = NAME_PATTERN))]
    pub service: String,
    /// The port of that Service.
    #[schemars(range(min = 1, max = 65535))]
    pub port: i32,
}
