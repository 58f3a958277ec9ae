//! A valid step of each action, and specs that each rule of a RemediationAction accepts and rejects.

/// A rule for new objects: the start of its message, a valid spec, an invalid spec.
type Case = (&'static str, &'static str, &'static str);
/// A rule for updates: the start of its message, the spec before, a valid change, an invalid change or nothing.
type Change = (&'static str, &'static str, &'static str, &'static str);

/// What `SCALE` stands for in the specs below.
pub const SCALE: &str = "steps: [{name: s, action: ScaleWorkload, target: {apiVersion: apps/v1, kind: Deployment, name: web}, scaleWorkload: {replicas: 3}}]";

/// Each action, the kind of a target of it, and its parameters; empty if it has none.
pub const STEPS: &[(&str, &str, &str)] = &[
    ("ScaleWorkload", "Deployment", "{replicas: 0}"),
    ("RestartWorkload", "Deployment", ""),
    ("RollbackWorkload", "Deployment", "{toRevision: 3}"),
    ("PauseRollout", "Deployment", ""),
    ("ResumeRollout", "Deployment", ""),
    ("UnstickStatefulSet", "StatefulSet", ""),
    ("AbortRollout", "Rollout", ""),
    ("EvictPod", "Pod", "{gracePeriodSeconds: 30}"),
    ("DeletePod", "Pod", "{force: true}"),
    ("IsolatePod", "Pod", "{denyTraffic: true}"),
    ("SetResources", "Deployment", "{container: c, requests: {cpu: 1}, limits: {memory: 1Gi}}"),
    ("ResizePods", "Deployment", "{container: c, limits: {memory: 1Gi}, pods: [web-0, web-1]}"),
    ("SetImage", "Deployment", "{container: c, image: 'registry.example.com:5000/Team/web@sha256:0123456789abcdef'}"),
    ("SetEnvironment", "Deployment", "{container: c, set: [{name: LOG_LEVEL, value: debug}], remove: [TRACE]}"),
    ("SetProbe", "Deployment", "{container: c, probe: Readiness, successThreshold: 2, failureThreshold: 5}"),
    ("PatchHorizontalPodAutoscaler", "HorizontalPodAutoscaler", "{minReplicas: 2, maxReplicas: 20}"),
    ("RelaxPodDisruptionBudget", "PodDisruptionBudget", "{maxUnavailable: 1}"),
    ("RaiseQuota", "ResourceQuota", "{hard: {requests.cpu: 20, requests.memory: 40Gi}}"),
    ("RerunJob", "Job", "{deleteOld: true}"),
    ("SuspendCronJob", "CronJob", ""),
    ("ResumeCronJob", "CronJob", ""),
    ("TriggerCronJob", "CronJob", ""),
    ("SetConfigMapKey", "ConfigMap", "{key: app.yaml, value: 'a: 1', restart: [{kind: Deployment, name: web}]}"),
    ("RestoreObject", "ConfigMap", "{snapshot: {remediationAction: earlier, step: s}}"),
    ("RefreshPullSecret", "Secret", "{from: regcred-source}"),
    (
        "RestoreRoleBinding",
        "RoleBinding",
        "{roleRef: {kind: ClusterRole, name: view}, subjects: [{kind: ServiceAccount, name: ci, namespace: build}, {kind: Group, name: team}]}",
    ),
    ("RemoveFinalizer", "Widget", "{finalizer: example.com/protect}"),
    ("SetWebhookFailurePolicy", "ValidatingWebhookConfiguration", "{webhook: check.example.com, policy: Ignore}"),
    ("PatchCustomResource", "Widget", "{patch: '{\"spec\":{\"size\":2}}', condition: {type: Ready, status: 'True'}}"),
    ("CordonNode", "Node", ""),
    ("UncordonNode", "Node", ""),
    ("DrainNode", "Node", "{ignoreDaemonSets: true, podSelector: {matchLabels: {app: web}}}"),
    ("TaintNode", "Node", "{key: example.com/sick, value: disk, effect: NoSchedule}"),
    ("UntaintNode", "Node", "{key: node.kubernetes.io/unreachable, effect: NoExecute}"),
    ("MarkOutOfService", "Node", ""),
    ("RequestNodeRemediation", "Node", "{machineRef: {name: m, namespace: machines}}"),
    ("LabelNode", "Node", "{labels: {example.com/pool: sick}, remove: [example.com/ready]}"),
    ("ExpandVolume", "PersistentVolumeClaim", "{size: 50Gi, max: 100Gi}"),
    ("SnapshotVolume", "PersistentVolumeClaim", "{class: fast}"),
    ("RecreateVolumeClaim", "PersistentVolumeClaim", "{snapshot: Required}"),
    ("DeleteOrphanedVolumeClaim", "PersistentVolumeClaim", "{minAge: 30d}"),
    (
        "PatchNetworkPolicy",
        "NetworkPolicy",
        "{addIngress: [{peers: [{cidr: 10.0.0.0/8}, {podSelector: {matchLabels: {app: api}}}], ports: [{port: http}, {port: 53, protocol: UDP}]}]}",
    ),
    ("RemoveNetworkPolicy", "NetworkPolicy", ""),
    ("PatchServiceSelector", "Service", "{selector: {app: web}}"),
    ("PatchServicePort", "Service", "{port: 80, targetPort: http}"),
    ("PatchIngressBackend", "Ingress", "{host: '*.example.com', path: /api, service: api, port: 80}"),
    ("RenewCertificate", "Certificate", ""),
    ("SuspendGitOps", "Deployment", "{app: {kind: Application, name: web, namespace: argocd}}"),
    ("ReconcileGitOps", "Application", ""),
    (
        "SilenceAlert",
        "Deployment",
        "{matchers: [{name: namespace, value: shop}, {name: alertname, value: Slow}], duration: 1d}",
    ),
    ("CollectDiagnostics", "Pod", "{logs: {previous: true}}"),
    ("Notify", "Pod", "{text: '{target} was isolated', channel: on-call}"),
];

/// Rules about the parameters of an action: the start of the message, the action, parameters that are accepted, and some
/// that are rejected.
pub const PARAMS: &[(&str, &str, &str, &str)] = &[
    ("pods and selector must not both", "EvictPod", "{pods: [a]}", "{pods: [a], selector: {matchLabels: {a: b}}}"),
    (
        "an empty selector selects nothing",
        "DrainNode",
        "{podSelector: {matchExpressions: [{key: a, operator: Exists}]}}",
        "{podSelector: {}}",
    ),
    (
        "operators In and NotIn require values",
        "DrainNode",
        "{podSelector: {matchExpressions: [{key: a, operator: In, values: [b]}]}}",
        "{podSelector: {matchExpressions: [{key: a, operator: In}]}}",
    ),
    ("setResources must set", "SetResources", "{container: c, limits: {cpu: 1}}", "{container: c, limits: {}}"),
    ("resizePods must set", "ResizePods", "{container: c, requests: {cpu: 1}}", "{container: c}"),
    ("setEnvironment must set", "SetEnvironment", "{container: c, remove: [A]}", "{container: c}"),
    (
        "setProbe must set",
        "SetProbe",
        "{container: c, probe: Liveness, periodSeconds: 5}",
        "{container: c, probe: Liveness}",
    ),
    (
        "successThreshold must be 1",
        "SetProbe",
        "{container: c, probe: Startup, successThreshold: 1}",
        "{container: c, probe: Startup, successThreshold: 2}",
    ),
    ("patchHorizontalPodAutoscaler must set", "PatchHorizontalPodAutoscaler", "{targetUtilizationPercent: 60}", "{}"),
    (
        "minReplicas must not be above maxReplicas",
        "PatchHorizontalPodAutoscaler",
        "{minReplicas: 3, maxReplicas: 3}",
        "{minReplicas: 4, maxReplicas: 3}",
    ),
    (
        "exactly one of minAvailable and maxUnavailable",
        "RelaxPodDisruptionBudget",
        "{minAvailable: 50%}",
        "{minAvailable: 1, maxUnavailable: 1}",
    ),
    ("hard must name at least one", "RaiseQuota", "{hard: {pods: 10}}", "{hard: {}}"),
    (
        "exactly one of value and remove",
        "SetConfigMapKey",
        "{key: a, remove: true}",
        "{key: a, value: b, remove: true}",
    ),
    ("exactly one of value and remove", "SetConfigMapKey", "{key: a, value: ''}", "{key: a}"),
    ("exactly one of snapshot and manifest", "RestoreObject", "{manifest: '{}'}", "{}"),
    (
        "a ServiceAccount has a namespace",
        "RestoreRoleBinding",
        "{roleRef: {kind: Role, name: r}, subjects: [{kind: ServiceAccount, name: a, namespace: b}]}",
        "{roleRef: {kind: Role, name: r}, subjects: [{kind: ServiceAccount, name: a}]}",
    ),
    (
        "a group of the system",
        "RestoreRoleBinding",
        "{roleRef: {kind: Role, name: r}, subjects: [{kind: Group, name: team}]}",
        "{roleRef: {kind: Role, name: r}, subjects: [{kind: Group, name: 'system:authenticated'}]}",
    ),
    (
        "key must not begin with node.kubernetes.io/",
        "TaintNode",
        "{key: example.com/a, effect: NoSchedule}",
        "{key: node.kubernetes.io/not-ready, effect: NoSchedule}",
    ),
    (
        "exactly one of templateRef and machineRef",
        "RequestNodeRemediation",
        "{machineRef: {name: m, namespace: n}}",
        "{}",
    ),
    ("labelNode must set or remove", "LabelNode", "{remove: [a]}", "{labels: {}}"),
    (
        "a peer must have either selectors or a cidr",
        "PatchNetworkPolicy",
        "{addEgress: [{peers: [{cidr: 'fd00::/8'}]}]}",
        "{addEgress: [{peers: [{}]}]}",
    ),
    ("patchNetworkPolicy must add", "PatchNetworkPolicy", "{addEgress: [{peers: [{cidr: 10.0.0.0/8}]}]}", "{}"),
    ("selector must have at least one label", "PatchServiceSelector", "{selector: {a: b}}", "{selector: {}}"),
    (
        "matchers must contain one for the label namespace",
        "SilenceAlert",
        "{matchers: [{name: namespace, value: a}, {name: b, value: c}], duration: 1m}",
        "{matchers: [{name: namespace, value: .*, isRegex: true}, {name: b, value: c}], duration: 1m}",
    ),
    (
        "matchers must contain one more",
        "SilenceAlert",
        "{matchers: [{name: namespace, value: a}, {name: b, value: c}], duration: 24h}",
        "{matchers: [{name: namespace, value: a}, {name: b, value: c, isEqual: false}], duration: 24h}",
    ),
    (
        "duration must be between 1m and 24h",
        "SilenceAlert",
        "{matchers: [{name: namespace, value: a}, {name: b, value: c}], duration: 1d}",
        "{matchers: [{name: namespace, value: a}, {name: b, value: c}], duration: 1d1m}",
    ),
];

/// Rules about the whole spec.
pub const ACTION: &[Case] = &[
    (
        "approver requires an approval",
        "{SCALE, approval: {decision: Approved, approver: ann, proposalDigest: 'sha256:aa'}, approver: {username: ann}}",
        "{SCALE, approval: {decision: Approved, approver: ann, proposalDigest: 'sha256:aa'}, approver: {username: bob}}",
    ),
    ("approver requires an approval", "{SCALE}", "{SCALE, approver: {username: ann}}"),
    ("after must be between 1s and 24h", "{SCALE, undo: {after: 1d}}", "{SCALE, undo: {after: 24h1s}}"),
    ("after must be between 1s and 24h", "{SCALE, undo: {after: 1s}}", "{SCALE, undo: {after: 999ms}}"),
    (
        "undo.after must be at most 4h for SuspendGitOps",
        "{STEP SuspendGitOps, undo: {after: 4h}}",
        "{STEP SuspendGitOps, undo: {after: 4h1s}}",
    ),
    ("timeout must be between", "{SCALE, timeout: 24h}", "{SCALE, timeout: 0s}"),
    ("timeout must be between", "{SCALE, timeout: 1s}", "{SCALE, timeout: 2d}"),
    ("startDeadline must be between", "{SCALE, startDeadline: 7d}", "{SCALE, startDeadline: 169h}"),
    ("ttlAfterFinished must be at most", "{SCALE, ttlAfterFinished: 90d}", "{SCALE, ttlAfterFinished: 90d1h}"),
];

/// Rules about changes of a spec.
pub const ACTION_CHANGES: &[Change] = &[
    (
        "approver cannot be changed without",
        "{SCALE, approval: {decision: Approved, approver: ann, proposalDigest: 'sha256:aa'}, approver: {username: ann}}",
        "{SCALE, approval: {decision: Rejected, approver: ann, proposalDigest: 'sha256:aa'}, approver: {username: ann, groups: [a]}}",
        "{SCALE, approval: {decision: Approved, approver: ann, proposalDigest: 'sha256:aa'}, approver: {username: ann, groups: [a]}}",
    ),
    (
        "approver cannot be changed without",
        "{SCALE, approval: {decision: Approved, approver: ann, proposalDigest: 'sha256:aa'}, approver: {username: ann}}",
        "{SCALE}",
        "{SCALE, approval: {decision: Approved, approver: ann, proposalDigest: 'sha256:aa'}}",
    ),
    (
        "approver cannot be changed without",
        "{SCALE}",
        "{SCALE, approval: {decision: Approved, approver: ann, proposalDigest: 'sha256:aa'}, approver: {username: ann}}",
        "",
    ),
    // Everything of a decision may be another one: then it is another decision.
    (
        "approver cannot be changed without",
        "{SCALE, approval: {decision: Approved, approver: ann, reason: a, proposalDigest: 'sha256:aa'}, approver: {username: ann, groups: [a]}}",
        "{SCALE, approval: {decision: Approved, approver: ann, reason: b, proposalDigest: 'sha256:aa'}, approver: {username: ann}}",
        "{SCALE, approval: {decision: Approved, approver: ann, reason: a, proposalDigest: 'sha256:aa'}, approver: {username: ann}}",
    ),
    (
        "approver cannot be changed without",
        "{SCALE, approval: {decision: Approved, approver: ann, proposalDigest: 'sha256:aa'}}",
        "{SCALE, approval: {decision: Approved, approver: bob, proposalDigest: 'sha256:aa'}, approver: {username: bob}}",
        "{SCALE, approval: {decision: Approved, approver: ann, proposalDigest: 'sha256:aa'}, approver: {username: ann}}",
    ),
    // Who decides after somebody else does not keep their groups.
    (
        "approver requires an approval",
        "{SCALE, approval: {decision: Approved, approver: ann, proposalDigest: 'sha256:aa'}, approver: {username: ann, groups: [a]}}",
        "{SCALE, approval: {decision: Approved, approver: bob, proposalDigest: 'sha256:aa'}, approver: {username: bob}}",
        "{SCALE, approval: {decision: Approved, approver: bob, proposalDigest: 'sha256:aa'}, approver: {username: ann, groups: [a]}}",
    ),
    ("undo.after can be shortened", "{SCALE, undo: {after: 2h}}", "{SCALE, undo: {after: 1h}}", "{SCALE}"),
    (
        "undo.after can be shortened",
        "{SCALE, undo: {after: 1h}}",
        "{SCALE, undo: {after: 1d}}",
        "{SCALE, undo: {now: true}}",
    ),
    (
        "after must be between 1s and 24h",
        "{SCALE, undo: {after: 1h}}",
        "{SCALE, undo: {after: 24h}}",
        "{SCALE, undo: {after: 25h}}",
    ),
    (
        "undo.after must be at most 4h for SuspendGitOps",
        "{STEP SuspendGitOps, undo: {after: 1h}}",
        "{STEP SuspendGitOps, undo: {after: 4h}}",
        "{STEP SuspendGitOps, undo: {after: 5h}}",
    ),
    ("cancel cannot be taken back", "{SCALE, cancel: true}", "{SCALE, cancel: true, priority: 5}", "{SCALE}"),
    ("now cannot be taken back", "{SCALE, undo: {now: true}}", "{SCALE, undo: {now: true, after: 1h}}", "{SCALE}"),
];

/// Fields that can be changed, each with another value; then those that cannot.
pub const MUTABLE: &[&str] = &[
    "cancel: true",
    "undo: {now: true}",
    "undo: {after: 1h}",
    "priority: 7",
    "ttlAfterFinished: 1h",
    "approval: {decision: Approved, approver: ann, proposalDigest: 'sha256:aa'}",
];
pub const IMMUTABLE: &[&str] = &[
    "mode: Execute",
    "requester: {username: ann}",
    "timeout: 1m",
    "notBefore: 2030-01-01T00:00:00Z",
    "startDeadline: 2h",
    "onFailure: Stop",
    "verify: {window: 1m}",
    "maxRiskLevel: Low",
    "acceptIrreversible: true",
    "policyRef: {name: p, generation: 1}",
];
