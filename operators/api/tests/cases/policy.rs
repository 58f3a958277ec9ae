//! Rules of an OptimizationPolicy.

use super::Case;

pub const POLICY: &[Case] = &[
    ("exactly one of targetNamespaces", "{targetNamespaces: [shop]}", "{}"),
    (
        "exactly one of targetNamespaces",
        "{namespaceSelector: {matchLabels: {team: shop}}}",
        "{targetNamespaces: [shop], namespaceSelector: {matchLabels: {team: shop}}}",
    ),
    (
        "an empty selector selects nothing",
        "{namespaceSelector: {matchExpressions: [{key: team, operator: Exists}]}}",
        "{namespaceSelector: {}}",
    ),
    (
        "an empty selector selects nothing",
        "{targetNamespaces: [shop], workloadSelector: {matchLabels: {tier: web}}}",
        "{targetNamespaces: [shop], workloadSelector: {matchLabels: {}, matchExpressions: []}}",
    ),
    (
        "operators In and NotIn require values",
        "{namespaceSelector: {matchExpressions: [{key: team, operator: In, values: [a]}]}}",
        "{namespaceSelector: {matchExpressions: [{key: team, operator: In}]}}",
    ),
    (
        "operators In and NotIn require values",
        "{namespaceSelector: {matchExpressions: [{key: team, operator: DoesNotExist}]}}",
        "{namespaceSelector: {matchExpressions: [{key: team, operator: DoesNotExist, values: [a]}]}}",
    ),
    (
        "targetNamespaces must contain names of namespaces, not patterns: to select all namespaces except some, write",
        "{targetNamespaces: [shop, a-1]}",
        "{targetNamespaces: [shop, '*']}",
    ),
    ("targetNamespaces must contain names", "{targetNamespaces: [a]}", "{targetNamespaces: ['team-*']}"),
    (
        "autoApprove cannot be used with delivery.mode Manual",
        "{targetNamespaces: [a], autoApprove: {minConfidencePercent: 90, maxRiskLevel: High}, delivery: {mode: Git}}",
        "{targetNamespaces: [a], autoApprove: {minConfidencePercent: 90, maxRiskLevel: Low}, delivery: {mode: Manual}}",
    ),
    (
        "maxRiskLevel must be Low, Medium or High",
        "{targetNamespaces: [a], autoApprove: {minConfidencePercent: 90, maxRiskLevel: High}}",
        "{targetNamespaces: [a], autoApprove: {minConfidencePercent: 90, maxRiskLevel: Critical}}",
    ),
    (
        "verification.queries require Prometheus",
        "{targetNamespaces: [a], metrics: {source: Auto}, verification: {queries: [{name: q, promql: up}]}}",
        "{targetNamespaces: [a], metrics: {source: MetricsServer}, verification: {queries: [{name: q, promql: up}]}}",
    ),
    (
        "maxAge must be between",
        "{targetNamespaces: [a], metrics: {maxAge: 60s}}",
        "{targetNamespaces: [a], metrics: {maxAge: 59s999ms}}",
    ),
    (
        "maxAge must be between",
        "{targetNamespaces: [a], metrics: {maxAge: 24h}}",
        "{targetNamespaces: [a], metrics: {maxAge: 24h1s}}",
    ),
    (
        "window must be between 24h",
        "{targetNamespaces: [a], history: {window: 23h60m}}",
        "{targetNamespaces: [a], history: {window: 23h59m, minimum: 2h}}",
    ),
    (
        "window must be between 24h",
        "{targetNamespaces: [a], history: {window: 90d}}",
        "{targetNamespaces: [a], history: {window: 2161h}}",
    ),
    (
        "window must be between 24h",
        "{targetNamespaces: [a], history: {window: 89d23h60m}}",
        "{targetNamespaces: [a], history: {window: 90d1s}}",
    ),
    (
        "minimum must be at least 1h",
        "{targetNamespaces: [a], history: {minimum: 60m}}",
        "{targetNamespaces: [a], history: {minimum: 59m}}",
    ),
    (
        "minimum is longer than window",
        "{targetNamespaces: [a], history: {window: 48h, minimum: 48h}}",
        "{targetNamespaces: [a], history: {window: 48h, minimum: 49h}}",
    ),
    (
        "cpu.min is above cpu.max",
        r#"{targetNamespaces: [a], sizing: {cpu: {min: 1000m, max: 1}}}"#,
        r#"{targetNamespaces: [a], sizing: {cpu: {min: 2, max: 1500m}}}"#,
    ),
    (
        "cpu.max must be at least 1m",
        "{targetNamespaces: [a], sizing: {cpu: {min: 0, max: 1m}}}",
        "{targetNamespaces: [a], sizing: {cpu: {min: 0, max: 0}}}",
    ),
    (
        "cpu.max is below the default",
        "{targetNamespaces: [a], sizing: {cpu: {max: 10m}}}",
        "{targetNamespaces: [a], sizing: {cpu: {max: 9m}}}",
    ),
    (
        "memory.min is above memory.max",
        "{targetNamespaces: [a], sizing: {memory: {min: 1024Mi, max: 1Gi}}}",
        "{targetNamespaces: [a], sizing: {memory: {min: 1Gi, max: 1G}}}",
    ),
    (
        "memory.max is below 1Mi",
        "{targetNamespaces: [a], sizing: {memory: {min: 0, max: 1Mi}}}",
        "{targetNamespaces: [a], sizing: {memory: {min: 0, max: 512m}}}",
    ),
    (
        "memory.min is below 1Mi",
        "{targetNamespaces: [a], sizing: {memory: {min: 512M}}}",
        "{targetNamespaces: [a], sizing: {memory: {min: 512}}}",
    ),
    (
        "memory.runtimeMemory is below 1Mi",
        "{targetNamespaces: [a], sizing: {containers: [{name: c, memory: {runtimeMemory: 2Gi}}]}}",
        "{targetNamespaces: [a], sizing: {containers: [{name: c, memory: {runtimeMemory: 512m}}]}}",
    ),
    (
        "memory.runtimeMemory applies to a single container",
        "{targetNamespaces: [a], sizing: {containers: [{name: c, memory: {runtimeMemory: 2Gi}}]}}",
        "{targetNamespaces: [a], sizing: {memory: {runtimeMemory: 2Gi}}}",
    ),
    (
        "memory.max is below the default",
        "{targetNamespaces: [a], sizing: {memory: {max: 32Mi}}}",
        "{targetNamespaces: [a], sizing: {memory: {max: 31Mi}}}",
    ),
    (
        "a container's cpu.min is above",
        "{targetNamespaces: [a], sizing: {cpu: {max: 2}, containers: [{name: c, cpu: {min: 2}}]}}",
        "{targetNamespaces: [a], sizing: {cpu: {max: 2}, containers: [{name: c, cpu: {min: 3}}]}}",
    ),
    (
        "a container's cpu.min is above",
        "{targetNamespaces: [a], sizing: {containers: [{name: c, cpu: {max: 10m}}]}}",
        "{targetNamespaces: [a], sizing: {containers: [{name: c, cpu: {max: 5m}}]}}",
    ),
    (
        "a container's memory.min is above",
        "{targetNamespaces: [a], sizing: {memory: {min: 1Gi}, containers: [{name: c, memory: {min: 64Mi, max: 1Gi}}]}}",
        "{targetNamespaces: [a], sizing: {memory: {min: 1Gi}, containers: [{name: c, memory: {max: 512Mi}}]}}",
    ),
    (
        "cpu and memory have no effect with mode Off",
        r#"{targetNamespaces: [a], sizing: {containers: [{name: c, mode: "Off"}]}}"#,
        r#"{targetNamespaces: [a], sizing: {containers: [{name: c, mode: "Off", cpu: {max: 1}}]}}"#,
    ),
    (
        "minMemory is a fraction of a byte",
        "{targetNamespaces: [a], thresholds: {minMemory: 16M}}",
        "{targetNamespaces: [a], thresholds: {minMemory: 16m}}",
    ),
    (
        "the last step must have",
        "{targetNamespaces: [a], rolloutStrategy: {steps: [{replicas: 100%}]}}",
        "{targetNamespaces: [a], rolloutStrategy: {steps: [{replicas: 20%}, {replicas: 50%}]}}",
    ),
    (
        "steps must ascend",
        "{targetNamespaces: [a], rolloutStrategy: {steps: [{replicas: 9%}, {replicas: 10%}, {replicas: 100%}]}}",
        "{targetNamespaces: [a], rolloutStrategy: {steps: [{replicas: 50%}, {replicas: 9%}, {replicas: 100%}]}}",
    ),
    (
        "steps must ascend",
        "{targetNamespaces: [a], rolloutStrategy: {steps: [{replicas: 2}, {replicas: 10}, {replicas: 50%}, {replicas: 100%}]}}",
        "{targetNamespaces: [a], rolloutStrategy: {steps: [{replicas: 10}, {replicas: 50%}, {replicas: 2}, {replicas: 100%}]}}",
    ),
    (
        "two steps have the same replicas",
        "{targetNamespaces: [a], rolloutStrategy: {steps: [{replicas: 20%}, {replicas: 100%}]}}",
        "{targetNamespaces: [a], rolloutStrategy: {steps: [{replicas: 100%}, {replicas: 100%}]}}",
    ),
    (
        "deferredTimeout must be at most 24h",
        "{targetNamespaces: [a], rolloutStrategy: {deferredTimeout: 24h}}",
        "{targetNamespaces: [a], rolloutStrategy: {deferredTimeout: 24h1s}}",
    ),
    (
        "pause must be at most 168h",
        "{targetNamespaces: [a], rolloutStrategy: {steps: [{replicas: 1, pause: 168h}, {replicas: 100%}]}}",
        "{targetNamespaces: [a], rolloutStrategy: {steps: [{replicas: 1, pause: 169h}, {replicas: 100%}]}}",
    ),
    (
        "window must be between 1s",
        "{targetNamespaces: [a], verification: {window: 1s}}",
        "{targetNamespaces: [a], verification: {window: 0s}}",
    ),
    (
        "schedule must have five fields",
        "{targetNamespaces: [a], windows: [{kind: Allow, schedule: '*/5 22-23 1,15 * MON-FRI', duration: 1h}]}",
        "{targetNamespaces: [a], windows: [{kind: Allow, schedule: '0 22 * *  ', duration: 1h}]}",
    ),
    (
        "schedule must have five fields",
        "{targetNamespaces: [a], windows: [{kind: Deny, schedule: '0  0  *  *  0', duration: 1h}]}",
        "{targetNamespaces: [a], windows: [{kind: Deny, schedule: '0 0 22 * * *', duration: 1h}]}",
    ),
    (
        "duration must be between 1m",
        "{targetNamespaces: [a], windows: [{kind: Allow, schedule: '0 22 * * *', duration: 1m}]}",
        "{targetNamespaces: [a], windows: [{kind: Allow, schedule: '0 22 * * *', duration: 0s}]}",
    ),
    (
        "cooldown must be at most",
        "{targetNamespaces: [a], limits: {cooldown: 0s}}",
        "{targetNamespaces: [a], limits: {cooldown: 2160h1s}}",
    ),
];
