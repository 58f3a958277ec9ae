{{/*
Names and labels. There is one Trimtab in a cluster: its kinds, policies and roles are the cluster's. So names are fixed, and
the selector of the Deployment is the one that it had before there was a chart: a selector cannot be changed.
*/}}

{{/* Labels and annotations of an object. In: root, and where it has its own, labels and annotations. */}}
{{- define "trimtab.meta" -}}
{{- $labels := mergeOverwrite (dict) (.root.Values.commonLabels | default dict) (.labels | default dict) -}}
{{- $annotations := mergeOverwrite (dict) (.root.Values.commonAnnotations | default dict) (.annotations | default dict) -}}
labels:
  app.kubernetes.io/name: trimtab
  {{- with $labels }}
  {{- toYaml . | nindent 2 }}
  {{- end }}
{{- with $annotations }}
annotations:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- end }}

{{/* What selects the pods, for ever. */}}
{{- define "trimtab.selector" -}}
app.kubernetes.io/name: trimtab
{{- end }}

{{/* The image, with tag or digest. */}}
{{- define "trimtab.image" -}}
{{- $name := printf "%s/%s" .Values.image.registry .Values.image.repository | trimPrefix "/" -}}
{{- if .Values.image.digest -}}
{{- with .Values.image.tag }}{{ $name = printf "%s:%s" $name . }}{{ end -}}
{{- printf "%s@%s" $name .Values.image.digest -}}
{{- else -}}
{{- printf "%s:%s" $name (.Values.image.tag | default .Chart.AppVersion) -}}
{{- end -}}
{{- end }}

{{/* The features that are on, in the order of their names, as the API server adds up roles. */}}
{{- define "trimtab.features" -}}
{{- $all := list -}}
{{- range $feature := list "admission" "evict" "recommend" "resize" "template" -}}
{{- if index $.Values.features $feature }}{{ $all = append $all $feature }}{{ end -}}
{{- end -}}
{{- if .Values.controller.workloadKinds }}{{ $all = append $all "workload-kinds" }}{{ end -}}
{{- join "," $all -}}
{{- end }}

{{/* Whether the API server has MutatingAdmissionPolicy: `true`, or nothing. */}}
{{- define "trimtab.mutating" -}}
{{- if .Capabilities.APIVersions.Has "admissionregistration.k8s.io/v1/MutatingAdmissionPolicy" }}true{{ end -}}
{{- end }}

{{/* Whether the policy that sizes new pods is rendered. */}}
{{- define "trimtab.sizes" -}}
{{- $wanted := toString .Values.policies.sizes -}}
{{- if eq $wanted "auto" -}}
{{- if and .Values.features.admission (include "trimtab.mutating" .) }}true{{ end -}}
{{- else if eq $wanted "true" }}true{{ end -}}
{{- end }}

{{/* Whether the policy that records who proposes is rendered. */}}
{{- define "trimtab.requester" -}}
{{- $wanted := toString .Values.policies.requester -}}
{{- if eq $wanted "auto" }}{{ include "trimtab.mutating" . }}{{ else if eq $wanted "true" }}true{{ end -}}
{{- end }}

{{/* A policy as shipped, with the account of this installation. In: root, name. */}}
{{- define "trimtab.policy" -}}
{{- $account := printf "'system:serviceaccount:%s:%s'" .root.Release.Namespace .root.Values.serviceAccount.name -}}
{{- .root.Files.Get (printf "files/policies/%s.yaml" .name) | replace "'system:serviceaccount:trimtab-system:trimtab'" $account -}}
{{- end }}

{{/* Text without the lines that are comments. */}}
{{- define "trimtab.uncommented" -}}
{{- regexReplaceAll "(?m)^ *#.*\n" . "" -}}
{{- end }}

{{/* The names of all alerts, separated by commas. */}}
{{- define "trimtab.alerts" -}}
{{- $names := list -}}
{{- range (.Files.Get "files/monitoring/rules.yaml" | fromYaml).groups -}}
{{- range .rules }}{{ with .alert }}{{ $names = append $names . }}{{ end }}{{ end -}}
{{- end -}}
{{- join "," $names -}}
{{- end }}
