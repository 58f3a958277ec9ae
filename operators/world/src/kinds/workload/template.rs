//! Pod templates on the wire.
//!
//! In: a template. Out: its row. Images, commands and environment are searched for hints and then dropped: no value
//! that could be a secret is kept.

use std::borrow::Cow;

use serde::{Deserialize, de::IgnoredAny};

use super::{
    Runtime, RuntimeName, Template, TemplateContainer,
    volume::{self, Mount, Volume},
};
use crate::{
    fingerprint::Fnv,
    intern::Interner,
    row::{ContainerKind, Resources},
    runtime_hint,
    wire::{All, Amount, Own, Pairs, Requirements, Whole},
};

/// A pod template.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct TemplateWire {
    metadata: Option<TemplateMeta>,
    spec: Option<TemplateSpec>,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
struct TemplateMeta {
    labels: Pairs<All>,
    annotations: Pairs<Own>,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct TemplateSpec {
    init_containers: Option<Vec<Container>>,
    containers: Option<Vec<Container>>,
    resources: Option<Requirements>,
    host_network: Option<bool>,
    priority_class_name: Option<String>,
    node_selector: Option<Pairs<All>>,
    volumes: Option<Vec<Volume>>,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Container {
    name: String,
    #[serde(default)]
    image: Option<String>,
    #[serde(default)]
    command: Option<Vec<String>>,
    #[serde(default)]
    args: Option<Vec<String>>,
    #[serde(default)]
    env: Option<Vec<EnvVar>>,
    #[serde(default)]
    env_from: Option<Vec<IgnoredAny>>,
    #[serde(default)]
    resources: Option<Requirements>,
    #[serde(default)]
    restart_policy: Option<String>,
    #[serde(default)]
    resize_policy: Option<Vec<ResizePolicy>>,
    #[serde(default)]
    volume_mounts: Option<Vec<Mount>>,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
struct EnvVar {
    name: String,
    value: Option<String>,
    #[serde(rename = "valueFrom")]
    value_from: Option<ValueFrom>,
}

/// Where a value comes from that is not in the template. Fields of the pod are no options of a program.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct ValueFrom {
    config_map_key_ref: Option<IgnoredAny>,
    secret_key_ref: Option<IgnoredAny>,
    resource_field_ref: Option<ResourceFieldRef>,
}

/// A container's request or limit as a variable. The kubelet divides it and rounds up.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct ResourceFieldRef {
    container_name: Option<String>,
    resource: String,
    divisor: Option<Amount<Whole>>,
}

/// The size assumed where the template sets none: then the variable holds the node's amount.
const UNSIZED: u64 = 1 << 30;

impl ResourceFieldRef {
    fn is_memory(&self) -> bool {
        volume::is_memory(&self.resource)
    }

    /// The value in a container `name` of this size, multiplied by `factor`.
    fn value(&self, name: &str, sizes: &Resources, factor: u64) -> Option<String> {
        if self.container_name.as_deref().is_some_and(|other| other != name) {
            return None;
        }
        let own = if self.resource == "requests.memory" { sizes.memory_request } else { sizes.memory_limit };
        let bytes = own.or(sizes.memory_limit).unwrap_or(UNSIZED).saturating_mul(factor);
        let divisor = self.divisor.map_or(1, |divisor| divisor.0.max(1));
        Some(if self.is_memory() { bytes.div_ceil(divisor).to_string() } else { String::new() })
    }
}

impl EnvVar {
    fn field(&self) -> Option<&ResourceFieldRef> {
        self.value_from.as_ref()?.resource_field_ref.as_ref()
    }

    /// The value, empty where none is given; `None` where it comes from elsewhere.
    fn value(&self, container: &str, sizes: &Resources, factor: u64) -> Option<Cow<'_, str>> {
        let elsewhere =
            self.value_from.as_ref().is_some_and(|v| v.config_map_key_ref.is_some() || v.secret_key_ref.is_some());
        match self.field() {
            _ if elsewhere => None,
            Some(field) => field.value(container, sizes, factor).map(Cow::Owned),
            None => Some(Cow::Borrowed(self.value.as_deref().unwrap_or(""))),
        }
    }
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct ResizePolicy {
    resource_name: String,
    restart_policy: String,
}

impl Container {
    fn row(&self, kind: ContainerKind, volumes: &[Volume], interner: &mut Interner) -> TemplateContainer {
        let restarts = |resource: &str| {
            self.resize_policy
                .iter()
                .flatten()
                .any(|p| p.resource_name == resource && p.restart_policy == "RestartContainer")
        };
        TemplateContainer {
            name: interner.text(&self.name),
            kind,
            resources: interner.resources(self.resources.unwrap_or_default().row()),
            cpu_resize_restarts: restarts("cpu"),
            memory_resize_restarts: restarts("memory"),
            runtime: self.runtime(volumes),
            memory_volumes: volume::in_memory(volumes, self.volume_mounts.as_deref().unwrap_or_default()),
        }
    }

    fn runtime(&self, volumes: &[Volume]) -> Option<Runtime> {
        let sizes = self.resources.unwrap_or_default().row().without_zeros();
        let now = self.runtime_at(&sizes, 1);
        let in_file = volume::say_memory(volumes, self.volume_mounts.as_deref().unwrap_or_default());
        let in_variable = self.env.iter().flatten().filter_map(EnvVar::field).any(ResourceFieldRef::is_memory);
        if !in_file && !in_variable {
            return now;
        }
        let bytes = sizes.memory_limit.or(sizes.memory_request).unwrap_or(UNSIZED);
        let found = if in_variable { runtime_hint::following(now, self.runtime_at(&sizes, 2), bytes) } else { now };
        // A process that is handed its size does something with it, whatever that is.
        found.or(Some(Runtime::FromLimit { percent_hundredths: 10_000, name: RuntimeName::Other }))
    }

    /// Its process's memory hint, with its size multiplied by `factor`.
    fn runtime_at(&self, sizes: &Resources, factor: u64) -> Option<Runtime> {
        let values = self.env.iter().flatten().map(|e| (e.name.as_str(), e.value(&self.name, sizes, factor)));
        let values: Vec<_> = values.collect();
        let env: Vec<(&str, Option<&str>)> = values.iter().map(|(name, value)| (*name, value.as_deref())).collect();
        let words: Vec<&str> = self.command.iter().chain(&self.args).flatten().map(String::as_str).collect();
        let unseen = self.env_from.as_ref().is_some_and(|sources| !sources.is_empty());
        runtime_hint::detect(self.image.as_deref().unwrap_or(""), &words, &env, unseen)
    }
}

fn hash_resources(fnv: &mut Fnv, resources: &Resources) {
    for amount in [resources.cpu_request, resources.cpu_limit, resources.memory_request, resources.memory_limit] {
        fnv.number(amount.map_or(u64::MAX, |n| n));
    }
}

fn fingerprint(containers: &[TemplateContainer], pod: Option<&Resources>) -> u64 {
    let mut fnv = Fnv::default();
    for c in containers {
        fnv.text(&c.name);
        fnv.number(c.kind as u64);
        hash_resources(&mut fnv, &c.resources);
        fnv.number(u64::from(c.cpu_resize_restarts) << 1 | u64::from(c.memory_resize_restarts));
        match &c.runtime {
            None => fnv.number(0),
            Some(Runtime::Told { bytes, name }) => {
                fnv.number(1);
                fnv.text(name.as_str());
                fnv.number(*bytes);
            }
            Some(Runtime::FromLimit { percent_hundredths, name }) => {
                fnv.number(2);
                fnv.text(name.as_str());
                fnv.number(u64::from(*percent_hundredths));
            }
        }
        // Without any nothing is hashed: such a template keeps the fingerprint it had before volumes were read.
        if c.memory_volumes > 0 {
            fnv.number(3);
            fnv.number(c.memory_volumes);
        }
    }
    hash_resources(&mut fnv, &pod.copied().unwrap_or_default());
    fnv.finish()
}

impl TemplateWire {
    pub(crate) fn row(&self, interner: &mut Interner) -> Template {
        let empty = TemplateSpec::default();
        let spec = self.spec.as_ref().unwrap_or(&empty);
        let mut images = Fnv::default();
        let volumes = spec.volumes.as_deref().unwrap_or_default();
        let mut containers = Vec::new();
        for c in spec.init_containers.iter().flatten() {
            containers.push(c.row(ContainerKind::of_init(c.restart_policy.as_deref()), volumes, interner));
            images.text(c.image.as_deref().unwrap_or(""));
        }
        for c in spec.containers.iter().flatten() {
            containers.push(c.row(ContainerKind::App, volumes, interner));
            images.text(c.image.as_deref().unwrap_or(""));
        }
        let pod = spec.resources.map(|r| r.row().without_zeros()).filter(|r| !r.is_empty());
        Template {
            labels: self.metadata.as_ref().map(|m| m.labels.row(interner)).unwrap_or_default(),
            annotations: self.metadata.as_ref().map(|m| m.annotations.row(interner)).unwrap_or_default(),
            fingerprint: fingerprint(&containers, pod.as_ref()),
            image_fingerprint: images.finish(),
            containers: containers.into(),
            pod_resources: pod.map(|r| interner.resources(r)),
            accelerator: {
                let all = spec.init_containers.iter().chain(&spec.containers).flatten();
                all.filter_map(|c| c.resources).any(Requirements::accelerator)
            },
            host_network: spec.host_network.unwrap_or(false),
            priority_class: interner.option(spec.priority_class_name.as_deref()),
            node_selector: spec.node_selector.as_ref().map(|s| s.row(interner)).unwrap_or_default(),
        }
    }
}
