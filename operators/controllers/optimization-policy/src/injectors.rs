//! Injectors that add containers to pods and take their size from the pod's annotations.
//!
//! In: nothing. Out: for each injector its container and annotations, as documented.

/// An injector of a container whose size the pod's annotations set.
#[derive(Debug, PartialEq, Eq)]
pub struct Injector {
    /// Its common name.
    pub name: &'static str,
    /// The name of the injected container.
    pub container: &'static str,
    /// The annotations for CPU request, CPU limit, memory request and memory limit.
    pub keys: [&'static str; 4],
    /// Whether all of its defaults are dropped as soon as one annotation is set.
    pub all_or_none: bool,
}

/// Injectors that document such annotations.
pub static INJECTORS: [Injector; 5] = [
    // <https://istio.io/latest/docs/reference/config/annotations/>. Its injection template uses
    // `global.proxy.resources` only if none of the four is set.
    Injector {
        name: "Istio",
        container: "istio-proxy",
        keys: [
            "sidecar.istio.io/proxyCPU",
            "sidecar.istio.io/proxyCPULimit",
            "sidecar.istio.io/proxyMemory",
            "sidecar.istio.io/proxyMemoryLimit",
        ],
        all_or_none: true,
    },
    // <https://linkerd.io/2/reference/proxy-configuration/>
    Injector {
        name: "Linkerd",
        container: "linkerd-proxy",
        keys: [
            "config.linkerd.io/proxy-cpu-request",
            "config.linkerd.io/proxy-cpu-limit",
            "config.linkerd.io/proxy-memory-request",
            "config.linkerd.io/proxy-memory-limit",
        ],
        all_or_none: false,
    },
    // <https://developer.hashicorp.com/vault/docs/platform/k8s/injector/annotations>
    Injector {
        name: "Vault Agent Injector",
        container: "vault-agent",
        keys: [
            "vault.hashicorp.com/agent-requests-cpu",
            "vault.hashicorp.com/agent-limits-cpu",
            "vault.hashicorp.com/agent-requests-mem",
            "vault.hashicorp.com/agent-limits-mem",
        ],
        all_or_none: false,
    },
    // <https://docs.dapr.io/reference/arguments-annotations-overview/>
    Injector {
        name: "Dapr",
        container: "daprd",
        keys: [
            "dapr.io/sidecar-cpu-request",
            "dapr.io/sidecar-cpu-limit",
            "dapr.io/sidecar-memory-request",
            "dapr.io/sidecar-memory-limit",
        ],
        all_or_none: false,
    },
    // <https://developer.hashicorp.com/consul/docs/reference/k8s/annotation-label>
    Injector {
        name: "Consul",
        container: "consul-dataplane",
        keys: [
            "consul.hashicorp.com/sidecar-proxy-cpu-request",
            "consul.hashicorp.com/sidecar-proxy-cpu-limit",
            "consul.hashicorp.com/sidecar-proxy-memory-request",
            "consul.hashicorp.com/sidecar-proxy-memory-limit",
        ],
        all_or_none: false,
    },
];
