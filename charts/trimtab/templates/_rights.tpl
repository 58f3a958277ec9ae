{{/*
The rights of each feature, as rules of its ClusterRole. A right that no feature lists is not granted. No rule is in two
features: the API server adds each up once, and the sum is written out in rbac.yaml.
*/}}

{{/* Reading the cluster, proposing, recording. The only writes are to Trimtab's own kinds and to Events. */}}
{{- define "trimtab.rights.recommend" -}}
# The world: one LIST and one watch for each.
- apiGroups: [""]
  resources: [namespaces, nodes, pods, resourcequotas, limitranges]
  verbs: [list, watch]
- apiGroups: [apps]
  resources: [deployments, statefulsets, daemonsets, replicasets]
  verbs: [list, watch]
- apiGroups: [batch]
  resources: [jobs, cronjobs]
  verbs: [list, watch]
- apiGroups: [autoscaling]
  resources: [horizontalpodautoscalers]
  verbs: [list, watch]
- apiGroups: [policy]
  resources: [poddisruptionbudgets]
  verbs: [list, watch]
# Where the cluster has them: what a VPA sizes is left to it, and Rollouts are sized in place.
- apiGroups: [autoscaling.k8s.io]
  resources: [verticalpodautoscalers]
  verbs: [list, watch]
- apiGroups: [argoproj.io]
  resources: [rollouts]
  verbs: [list, watch]
# Usage, where metrics-server is sampled.
- apiGroups: [metrics.k8s.io]
  resources: [pods]
  verbs: [list]
# What people write: they own the spec, Trimtab writes the status.
- apiGroups: [trimtab.dev]
  resources: [optimizationpolicies, pricebooks]
  verbs: [list, watch]
- apiGroups: [trimtab.dev]
  resources: [optimizationpolicies/status, pricebooks/status]
  verbs: [patch]
# What Trimtab writes. Server-side apply is a patch, and a create where the object does not exist yet.
- apiGroups: [trimtab.dev]
  resources: [recommendations]
  verbs: [list, watch, create, patch, delete]
- apiGroups: [trimtab.dev]
  resources: [usageprofiles]
  verbs: [list, create, patch, delete]
- apiGroups: [trimtab.dev]
  resources: [recommendations/status, usageprofiles/status]
  verbs: [patch]
# Also what people rejected is recorded there, and that outlives the Recommendation.
- apiGroups: [trimtab.dev]
  resources: [appliedsizes]
  verbs: [list, watch, create, patch]
# Whether approvals are guarded.
- apiGroups: [admissionregistration.k8s.io]
  resources: [validatingadmissionpolicies, validatingadmissionpolicybindings]
  verbs: [list, watch]
# Whether the installed CRDs are those of the running release.
- apiGroups: [apiextensions.k8s.io]
  resources: [customresourcedefinitions]
  resourceNames:
    - appliedsizes.trimtab.dev
    - optimizationpolicies.trimtab.dev
    - pricebooks.trimtab.dev
    - recommendations.trimtab.dev
    - usageprofiles.trimtab.dev
  verbs: [get]
# Events about these; a repeat is a patch.
- apiGroups: [events.k8s.io]
  resources: [events]
  verbs: [create, patch]
{{- end }}

{{- define "trimtab.rights.resize" -}}
# Approved changes: pods are resized in place.
- apiGroups: [""]
  resources: [pods/resize]
  verbs: [patch]
{{- end }}

{{- define "trimtab.rights.evict" -}}
# Where a policy says so, pods that cannot be resized are evicted within their disruption budgets.
- apiGroups: [""]
  resources: [pods/eviction]
  verbs: [create]
{{- end }}

{{- define "trimtab.rights.template" -}}
# Templates are patched where a policy delivers that way, after reading each.
- apiGroups: [apps]
  resources: [deployments, statefulsets, daemonsets]
  verbs: [get, patch]
- apiGroups: [batch]
  resources: [cronjobs]
  verbs: [get, patch]
{{- end }}

{{- define "trimtab.rights.admission" -}}
# Whether new pods get their sizes. The sizes themselves are AppliedSizes: recommend has those.
- apiGroups: [admissionregistration.k8s.io]
  resources: [mutatingadmissionpolicies, mutatingadmissionpolicybindings]
  verbs: [list, watch]
# Those of reason FailedCreate report controllers that cannot create pods.
- apiGroups: [events.k8s.io]
  resources: [events]
  verbs: [list, watch]
{{- end }}

{{/* The kinds of `controller.workloadKinds`, each once; Rollouts are read anyway. */}}
{{- define "trimtab.rights.workload-kinds" -}}
# Workloads that are custom resources.
{{- $seen := list "argoproj.io rollouts" }}
{{- range .Values.controller.workloadKinds }}
{{- $resource := .resource | default (printf "%ss" (lower .kind)) }}
{{- $name := printf "%s %s" .group $resource }}
{{- if not (has $name $seen) }}
{{- $seen = append $seen $name }}
- apiGroups: [{{ .group }}]
  resources: [{{ $resource }}]
  verbs: [list, watch]
{{- end }}
{{- end }}
{{- end }}
