{{/*
The variables of the container. A flag is set only where its value is given: the program knows its defaults.
*/}}
{{- define "trimtab.env" -}}
- name: TRIMTAB_NAMESPACE
  valueFrom:
    fieldRef:
      fieldPath: metadata.namespace
{{- if eq .Values.metrics.address "[::]" }}
# All addresses, of IPv4 and IPv6.
{{- end }}
- name: TRIMTAB_ADMIN_ADDRESS
  value: {{ printf "%s:%d" .Values.metrics.address (int .Values.metrics.port) | quote }}
{{- if eq .Values.metrics.auth "None" }}
# Every pod that can reach this port can read /metrics: names and costs of workloads. See docs/metrics.md.
# - name: TRIMTAB_METRICS_AUTH
#   value: TokenReview # with deploy/monitoring/metrics-auth.yaml
{{- else }}
- name: TRIMTAB_METRICS_AUTH
  value: {{ .Values.metrics.auth }}
{{- end }}
- name: TRIMTAB_LOG_FORMAT
  value: {{ .Values.log.format }}
{{- if not (include "trimtab.no-proxy" .) }}
# - name: HTTPS_PROXY # and HTTP_PROXY; see docs/operations.md
#   value: http://proxy.example.com:3128
# - name: NO_PROXY # the API server, and what else is in the cluster
#   value: $(KUBERNETES_SERVICE_HOST),.svc,.cluster.local
{{- end }}
{{- if not .Values.prometheus.url }}
# - name: TRIMTAB_PROMETHEUS_URL
#   value: http://prometheus-operated.monitoring:9090
# - name: TRIMTAB_PROMETHEUS_SECRET # keys: bearerToken, username, password, ca.crt, header.NAME
#   value: trimtab-prometheus
{{- end }}
{{- range $name, $value := include "trimtab.flags" . | fromYaml }}
- name: {{ $name }}
  value: {{ $value | quote }}
{{- end }}
{{- with include "trimtab.no-proxy" . }}
{{- with $.Values.proxy.httpProxy }}
- name: HTTP_PROXY
  value: {{ . | quote }}
{{- end }}
{{- with $.Values.proxy.httpsProxy }}
- name: HTTPS_PROXY
  value: {{ . | quote }}
{{- end }}
- name: NO_PROXY
  value: {{ . | quote }}
{{- end }}
{{- if or .Values.trustedCA.configMap .Values.trustedCA.secret }}
# Both are read: the certificates in the file, and those in the files of the directory.
{{- if .Values.trustedCA.systemRoots }}
- name: SSL_CERT_FILE
  value: /etc/ssl/certs/ca-certificates.crt
{{- end }}
- name: SSL_CERT_DIR
  value: /etc/trimtab/trusted-ca
{{- end }}
{{- end }}

{{/* Variables of flags that are given, as a map. */}}
{{- define "trimtab.flags" -}}
{{- $v := .Values -}}
{{- $p := $v.prometheus -}}
{{- $pairs := dict "headers" (list) "parameters" (list) -}}
{{- range $key := list "headers" "parameters" -}}
{{- range $name, $value := index $p $key }}{{ $_ := set $pairs $key (append (index $pairs $key) (printf "%s=%s" $name $value)) }}{{ end -}}
{{- end -}}
{{- $kinds := list -}}
{{- range $v.controller.workloadKinds }}{{ $kinds = append $kinds (printf "%s.%s.%s" .kind .version .group) }}{{ end -}}
{{- $flags := dict
  "TRIMTAB_PROMETHEUS_URL" $p.url
  "TRIMTAB_PROMETHEUS_PATH_PREFIX" $p.pathPrefix
  "TRIMTAB_PROMETHEUS_HEADERS" (join "," $pairs.headers)
  "TRIMTAB_PROMETHEUS_PARAMETERS" (join "," $pairs.parameters)
  "TRIMTAB_PROMETHEUS_SECRET" $p.secret
  "TRIMTAB_PROMETHEUS_BEARER_FILE" $p.bearerTokenFile
  "TRIMTAB_PROMETHEUS_USER" $p.basicAuth.username
  "TRIMTAB_PROMETHEUS_PASSWORD_FILE" $p.basicAuth.passwordFile
  "TRIMTAB_PROMETHEUS_CA_FILE" $p.caFile
  "TRIMTAB_PROMETHEUS_CLUSTER" $p.cluster
  "TRIMTAB_PROMETHEUS_NAMESPACE_LABEL" $p.labels.namespace
  "TRIMTAB_PROMETHEUS_POD_LABEL" $p.labels.pod
  "TRIMTAB_PROMETHEUS_CONTAINER_LABEL" $p.labels.container
  "TRIMTAB_PROMETHEUS_REPLICA_LABELS" (join "," $p.labels.replicas)
  "TRIMTAB_PROMETHEUS_TIMEOUT" $p.timeout
  "TRIMTAB_PROMETHEUS_MAX_POINTS" (ternary (toString (int64 $p.maxPoints)) "" (not (empty $p.maxPoints)))
  "TRIMTAB_METRICS_SERVER" (ternary "true" "" $v.metricsServer.enabled)
  "TRIMTAB_METRICS_SERVER_INTERVAL" $v.metricsServer.interval
  "TRIMTAB_INTERVAL" $v.controller.interval
  "TRIMTAB_PROFILE_INTERVAL" $v.controller.profileInterval
  "TRIMTAB_PAGE_SIZE" (ternary (toString (int64 $v.controller.pageSize)) "" (not (empty $v.controller.pageSize)))
  "TRIMTAB_NO_LEADER_ELECTION" (ternary "" "true" $v.controller.leaderElection)
  "TRIMTAB_WORKLOAD_KINDS" (join "," $kinds)
  "TRIMTAB_CONTEXT" $v.controller.context
  "TRIMTAB_LOG" $v.log.filter
  "TRIMTAB_RUNBOOK_URL" $v.runbookUrl
  "OTEL_EXPORTER_OTLP_ENDPOINT" $v.tracing.endpoint
-}}
{{- range $name, $value := $flags -}}
{{- if $value }}
{{ $name }}: {{ $value | quote }}
{{- end -}}
{{- end -}}
{{- end }}

{{/*
What is reached directly, where there is a proxy: all inside the cluster, the API server by address and by name, and what
the values name. A host of at most two words, as `prometheus-operated.monitoring`, is a Service of the cluster.
*/}}
{{- define "trimtab.no-proxy" -}}
{{- if or .Values.proxy.httpProxy .Values.proxy.httpsProxy -}}
{{- $hosts := list "localhost" "127.0.0.1" "::1" "$(KUBERNETES_SERVICE_HOST)" "kubernetes.default.svc" ".svc" (printf ".%s" .Values.proxy.clusterDomain) -}}
{{- range list .Values.prometheus.url .Values.tracing.endpoint -}}
{{- if . -}}
{{- $host := (urlParse .).hostname -}}
{{- if regexMatch "^[a-z][a-z0-9-]*(\\.[a-z][a-z0-9-]*)?$" $host }}{{ $hosts = append $hosts $host }}{{ end -}}
{{- end -}}
{{- end -}}
{{- join "," (uniq (concat $hosts .Values.proxy.noProxy)) -}}
{{- end -}}
{{- end }}

{{/* Where to run, above one replica: on different nodes and in different zones as far as possible. */}}
{{- define "trimtab.spread" -}}
{{- if .Values.topologySpreadConstraints -}}
{{- toYaml .Values.topologySpreadConstraints -}}
{{- else if gt (int .Values.replicas) 1 -}}
{{- range $i, $key := list "kubernetes.io/hostname" "topology.kubernetes.io/zone" }}
- maxSkew: 1
  topologyKey: {{ $key }}
  whenUnsatisfiable: ScheduleAnyway
  labelSelector:
    matchLabels:
      {{- include "trimtab.selector" $ | nindent 6 }}
  # Those of one version: during an update, pods that are about to go do not count.
  matchLabelKeys: [pod-template-hash]
{{- end -}}
{{- end -}}
{{- end }}

{{/* Volumes of the pod. */}}
{{- define "trimtab.volumes" -}}
{{- with .Values.trustedCA -}}
{{- if or .configMap .secret }}
- name: trusted-ca
  {{- if .configMap }}
  configMap:
    name: {{ .configMap }}
  {{- else }}
  secret:
    secretName: {{ .secret }}
  {{- end }}
    # Without it no pod would start, and nothing could be undone: policies say what is missing.
    optional: true
    items:
      - key: {{ .key }}
        path: ca.crt
{{- end }}
{{- end }}
{{- with .Values.extraVolumes }}
{{ toYaml . }}
{{- end }}
{{- end }}

{{/* Where they are mounted. */}}
{{- define "trimtab.mounts" -}}
{{- if or .Values.trustedCA.configMap .Values.trustedCA.secret }}
- name: trusted-ca
  mountPath: /etc/trimtab/trusted-ca
  readOnly: true
{{- end }}
{{- with .Values.extraVolumeMounts }}
{{ toYaml . }}
{{- end }}
{{- end }}

{{/* Arguments of the program. */}}
{{- define "trimtab.args" -}}
{{- $args := list "controller" -}}
{{- with .Values.controller.kubeconfig }}{{ $args = append $args (printf "--kubeconfig=%s" .) }}{{ end -}}
{{- concat $args .Values.extraArgs | toJson -}}
{{- end }}
