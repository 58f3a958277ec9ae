{{/*
Blocks of values that the templates reach into. One is missing after `helm upgrade --reuse-values` to a chart that brings it, and
where it was set to null: then no template says which value it lacks. So each template, and the notes, asks for this first.
A new block is named here, too.
*/}}
{{- define "trimtab.blocks" -}}
{{- $parts := dict
  "prometheus" (list "basicAuth" "labels")
  "metrics" (list "service")
  "networkPolicy" (list "dns" "apiServer" "prometheus" "proxy")
  "monitoring" (list "serviceMonitor" "podMonitor" "rules" "dashboards") -}}
{{- $missing := list -}}
{{- range $key := list "image" "features" "prometheus" "metricsServer" "controller" "log" "tracing" "metrics" "replicas" "podDisruptionBudget" "proxy" "trustedCA" "networkPolicy" "monitoring" "crds" "policies" "serviceAccount" "namespace" -}}
{{- $block := index $.Values $key -}}
{{- if kindIs "invalid" $block }}{{ $missing = append $missing $key }}{{ end -}}
{{- range $part := index $parts $key | default list -}}
{{- if and $block (kindIs "invalid" (index $block $part)) }}{{ $missing = append $missing (printf "%s.%s" $key $part) }}{{ end -}}
{{- end -}}
{{- end -}}
{{- with $missing }}{{ fail (printf "\n\n%s: no value, not even that of the chart: with `helm upgrade`, give --reset-then-reuse-values in place of --reuse-values, and set none of them to null.\n" (join ", " .)) }}{{ end -}}
{{- end }}

{{/* A duration of Prometheus, such as 1m30s, in milliseconds. */}}
{{- define "trimtab.milliseconds" -}}
{{- $units := dict "ms" 1 "s" 1000 "m" 60000 "h" 3600000 "d" 86400000 "w" 604800000 "y" 31536000000 -}}
{{- $sum := 0 -}}
{{- range regexFindAll "[0-9]+[a-z]+" . -1 -}}
{{- $unit := regexFind "[a-z]+" . -}}
{{- /* Without zeros at the beginning, with which a number would be octal. */ -}}
{{- $sum = add $sum (mul (regexFind "[1-9][0-9]*" .) (index $units $unit)) -}}
{{- end -}}
{{- $sum -}}
{{- end }}

{{/*
What the schema cannot say: combinations that cannot work. Each is refused with one sentence that begins with its key.
*/}}
{{- define "trimtab.validate" -}}
{{- $v := .Values -}}
{{- $refuse := list -}}

{{- if and $v.features.evict (not $v.features.resize) -}}
{{- $refuse = append $refuse (list "features.evict" "needs features.resize, because only pods that cannot be resized are evicted") -}}
{{- end -}}
{{- if and $v.features.admission (not $v.features.resize) -}}
{{- $refuse = append $refuse (list "features.admission" "needs features.resize, because running pods are resized before new ones get the size") -}}
{{- end -}}

{{- $old := semverCompare "<1.36.0-0" .Capabilities.KubeVersion.Version -}}
{{- range $key := list "sizes" "requester" -}}
{{- if and (eq (toString (index $v.policies $key)) "true") $old -}}
{{- $refuse = append $refuse (list (printf "policies.%s" $key) (printf "true needs MutatingAdmissionPolicy, which Kubernetes serves from 1.36 on and this is %s: use auto" $.Capabilities.KubeVersion.Version)) -}}
{{- end -}}
{{- end -}}
{{- if and (eq (toString $v.policies.sizes) "true") (not $v.features.admission) -}}
{{- $refuse = append $refuse (list "policies.sizes" "true needs features.admission, without which nobody watches over that policy: use auto") -}}
{{- end -}}

{{- $p := $v.prometheus -}}
{{- if not $p.url -}}
{{- range $key := list "pathPrefix" "headers" "parameters" "secret" "bearerTokenFile" "caFile" "cluster" "timeout" "maxPoints" -}}
{{- if index $p $key -}}
{{- $refuse = append $refuse (list (printf "prometheus.%s" $key) "has no effect without prometheus.url") -}}
{{- end -}}
{{- end -}}
{{- if or $p.basicAuth.username $p.basicAuth.passwordFile -}}
{{- $refuse = append $refuse (list "prometheus.basicAuth" "has no effect without prometheus.url") -}}
{{- end -}}
{{- end -}}
{{- if and $p.basicAuth.username (not $p.basicAuth.passwordFile) -}}
{{- $refuse = append $refuse (list "prometheus.basicAuth.passwordFile" "is missing, and prometheus.basicAuth.username needs it") -}}
{{- end -}}
{{- if and $p.basicAuth.passwordFile (not $p.basicAuth.username) -}}
{{- $refuse = append $refuse (list "prometheus.basicAuth.username" "is missing, and prometheus.basicAuth.passwordFile needs it") -}}
{{- end -}}
{{- if and $p.basicAuth.username $p.bearerTokenFile -}}
{{- $refuse = append $refuse (list "prometheus.bearerTokenFile" "and prometheus.basicAuth exclude each other") -}}
{{- end -}}
{{- $labels := list (default "namespace" $p.labels.namespace) (default "pod" $p.labels.pod) (default "container" $p.labels.container) -}}
{{- if ne (len (concat $labels $p.labels.replicas)) (len (uniq (concat $labels $p.labels.replicas))) -}}
{{- $refuse = append $refuse (list "prometheus.labels" (printf "one label cannot mean two things, and these are %s" (join ", " (concat $labels $p.labels.replicas)))) -}}
{{- end -}}

{{- if and (not $v.controller.leaderElection) (gt (int $v.replicas) 1) -}}
{{- $refuse = append $refuse (list "controller.leaderElection" "is needed above one replica, because each would change the same workloads") -}}
{{- end -}}
{{- $strategy := default dict $v.strategy -}}
{{- if and $strategy (not $v.controller.leaderElection) (ne (default "RollingUpdate" $strategy.type) "Recreate") -}}
{{- $refuse = append $refuse (list "strategy.type" "must be Recreate without controller.leaderElection, because the old pod and the new one would change the same workloads") -}}
{{- end -}}
{{- with $strategy.rollingUpdate -}}
{{- if eq (default "RollingUpdate" $strategy.type) "Recreate" -}}
{{- $refuse = append $refuse (list "strategy.rollingUpdate" "has no place beside strategy.type Recreate, and Kubernetes refuses the two together") -}}
{{- else if and (has (toString .maxSurge) (list "0" "0%")) (has (toString .maxUnavailable) (list "0" "0%")) -}}
{{- $refuse = append $refuse (list "strategy.rollingUpdate" "maxSurge and maxUnavailable are both 0, so no pod could be replaced") -}}
{{- end -}}
{{- end -}}
{{- if and (eq (default "" $v.dnsPolicy) "None") (not (default dict $v.dnsConfig).nameservers) -}}
{{- $refuse = append $refuse (list "dnsPolicy" "None needs dnsConfig.nameservers, because nothing else would resolve names") -}}
{{- end -}}
{{- if and $v.controller.context (not $v.controller.kubeconfig) -}}
{{- $refuse = append $refuse (list "controller.context" "has no effect without controller.kubeconfig") -}}
{{- end -}}
{{- $kinds := list -}}
{{- range $v.controller.workloadKinds -}}
{{- if has .kind $kinds -}}
{{- $refuse = append $refuse (list "controller.workloadKinds" (printf "%s is named twice, and two kinds with one name cannot be told apart" .kind)) -}}
{{- end -}}
{{- $kinds = append $kinds .kind -}}
{{- end -}}

{{- if and $v.trustedCA.configMap $v.trustedCA.secret -}}
{{- $refuse = append $refuse (list "trustedCA.secret" "and trustedCA.configMap exclude each other") -}}
{{- end -}}
{{- if and $v.proxy.noProxy (not (or $v.proxy.httpProxy $v.proxy.httpsProxy)) -}}
{{- $refuse = append $refuse (list "proxy.noProxy" "has no effect without proxy.httpProxy or proxy.httpsProxy") -}}
{{- end -}}

{{- $m := $v.monitoring -}}
{{- if and $m.serviceMonitor.enabled $m.podMonitor.enabled -}}
{{- $refuse = append $refuse (list "monitoring.podMonitor.enabled" "and monitoring.serviceMonitor.enabled exclude each other, because every sample would count twice") -}}
{{- end -}}
{{- if and $m.serviceMonitor.enabled (not $v.metrics.service.enabled) -}}
{{- $refuse = append $refuse (list "monitoring.serviceMonitor.enabled" "needs metrics.service.enabled: without that Service, use monitoring.podMonitor") -}}
{{- end -}}
{{- if and $m.serviceMonitor.authorization $m.serviceMonitor.bearerTokenFile -}}
{{- $refuse = append $refuse (list "monitoring.serviceMonitor.bearerTokenFile" "and monitoring.serviceMonitor.authorization exclude each other") -}}
{{- end -}}
{{- range $name := list "serviceMonitor" "podMonitor" -}}
{{- $monitor := index $m $name -}}
{{- if and $monitor.enabled $monitor.interval $monitor.scrapeTimeout -}}
{{- if gt (include "trimtab.milliseconds" $monitor.scrapeTimeout | int64) (include "trimtab.milliseconds" $monitor.interval | int64) -}}
{{- $refuse = append $refuse (list (printf "monitoring.%s.scrapeTimeout" $name) (printf "%s is above monitoring.%s.interval, which is %s, and the Prometheus operator refuses such a monitor" $monitor.scrapeTimeout $name $monitor.interval)) -}}
{{- end -}}
{{- end -}}
{{- end -}}
{{- $alerts := include "trimtab.alerts" . | splitList "," -}}
{{- range concat $m.rules.exclude (keys $m.rules.severities | sortAlpha) -}}
{{- if not (has . $alerts) -}}
{{- $key := ternary "monitoring.rules.exclude" "monitoring.rules.severities" (has . $m.rules.exclude) -}}
{{- $refuse = append $refuse (list $key (printf "there is no alert %s; there are %s" . (join ", " $alerts))) -}}
{{- end -}}
{{- end -}}

{{- $n := $v.networkPolicy -}}
{{- if and $n.enabled $p.url (not $n.extraEgress) (not (include "trimtab.peers" $n.prometheus)) (not (or $v.proxy.httpProxy $v.proxy.httpsProxy)) -}}
{{- $refuse = append $refuse (list "networkPolicy.prometheus" "names no pods and no addresses, so prometheus.url could not be reached") -}}
{{- end -}}
{{- if and $n.enabled (or $v.proxy.httpProxy $v.proxy.httpsProxy) (not $n.extraEgress) (not (include "trimtab.peers" $n.proxy)) -}}
{{- $refuse = append $refuse (list "networkPolicy.proxy" "names no pods and no addresses, so the proxy could not be reached") -}}
{{- end -}}

{{- range keys (default dict $v.commonLabels) | sortAlpha -}}
{{- if or (hasPrefix "rbac.authorization.k8s.io/" .) (hasPrefix "rbac.trimtab.dev/" .) -}}
{{- $refuse = append $refuse (list "commonLabels" (printf "%s would add Trimtab's own rights to another role: bind its roles to people instead" .)) -}}
{{- end -}}
{{- end -}}
{{- range keys (default dict $v.commonAnnotations) | sortAlpha -}}
{{- if hasPrefix "helm.sh/hook" . -}}
{{- $refuse = append $refuse (list "commonAnnotations" (printf "%s would make a hook of every object, and Helm neither upgrades nor removes hooks with the release" .)) -}}
{{- end -}}
{{- end -}}
{{- range keys (default dict $v.deploymentAnnotations) | sortAlpha -}}
{{- if hasPrefix "helm.sh/hook" . -}}
{{- $refuse = append $refuse (list "deploymentAnnotations" (printf "%s would make a hook of the Deployment, and Helm neither upgrades nor removes hooks with the release" .)) -}}
{{- end -}}
{{- end -}}

{{- if and (gt (int $v.replicas) 0) (regexMatch "^(127\\.|localhost$|\\[::1\\]$|::1$)" $v.metrics.address) -}}
{{- $refuse = append $refuse (list "metrics.address" (printf "%s is not the address of the pod, at which the kubelet probes it, so it would be restarted again and again" $v.metrics.address)) -}}
{{- end -}}

{{- /* What has a value of its own: given in another way, the checks of that value would not see it. */ -}}
{{- range $v.extraArgs -}}
{{- if regexMatch "^--no-leader-election(=|$)" . -}}
{{- $refuse = append $refuse (list "extraArgs" "--no-leader-election is controller.leaderElection=false") -}}
{{- end -}}
{{- end -}}
{{- range $v.extraEnv -}}
{{- if eq .name "TRIMTAB_NO_LEADER_ELECTION" -}}
{{- $refuse = append $refuse (list "extraEnv" "TRIMTAB_NO_LEADER_ELECTION is controller.leaderElection=false") -}}
{{- end -}}
{{- end -}}

{{- $own := list -}}
{{- range include "trimtab.env" . | fromYamlArray }}{{ $own = append $own .name }}{{ end -}}
{{- $set := $own -}}
{{- range $v.extraEnv -}}
{{- if has .name $set -}}
{{- $refuse = append $refuse (list "extraEnv" (printf "%s is %s, and a name may be there once" .name (ternary "set by the chart already" "there twice" (has .name $own)))) -}}
{{- end -}}
{{- $set = append $set .name -}}
{{- end -}}
{{- $names := list -}}
{{- if or $v.trustedCA.configMap $v.trustedCA.secret }}{{ $names = list "trusted-ca" }}{{ end -}}
{{- range $v.extraVolumes -}}
{{- if has .name $names -}}
{{- $refuse = append $refuse (list "extraVolumes" (printf "there are two volumes %s" .name)) -}}
{{- end -}}
{{- $names = append $names .name -}}
{{- end -}}
{{- range $v.extraVolumeMounts -}}
{{- if not (has .name $names) -}}
{{- $refuse = append $refuse (list "extraVolumeMounts" (printf "there is no volume %s in extraVolumes" .name)) -}}
{{- end -}}
{{- end -}}
{{- $containers := list "trimtab" -}}
{{- range $container := $v.extraContainers -}}
{{- if has .name $containers -}}
{{- $refuse = append $refuse (list "extraContainers" (printf "there are two containers %s" .name)) -}}
{{- end -}}
{{- $containers = append $containers .name -}}
{{- range .volumeMounts -}}
{{- if not (has .name $names) -}}
{{- $refuse = append $refuse (list "extraContainers" (printf "there is no volume %s in extraVolumes, and %s mounts it" .name $container.name)) -}}
{{- end -}}
{{- end -}}
{{- range .ports -}}
{{- if and (eq (default "TCP" .protocol) "TCP") (eq (int .containerPort) (int $v.metrics.port)) -}}
{{- $refuse = append $refuse (list "extraContainers" (printf "%s listens on port %d, which is metrics.port, and all containers of a pod share its ports" $container.name (int .containerPort))) -}}
{{- end -}}
{{- end -}}
{{- end -}}

{{- with first $refuse }}{{ fail (printf "\n\n%s: %s.\n" (first .) (last .)) }}{{ end -}}
{{- end }}
