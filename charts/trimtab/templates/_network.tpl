{{/* Peers by selector and by address. In: namespaceSelector, podSelector, cidrs. Out: nothing where none is given. */}}
{{- define "trimtab.peers" -}}
{{- if or .namespaceSelector .podSelector }}
- namespaceSelector: {{ .namespaceSelector | default dict | toJson }}
  {{- with .podSelector }}
  podSelector: {{ toJson . }}
  {{- end }}
{{- end }}
{{- range .cidrs }}
- ipBlock:
    cidr: {{ . }}
{{- end }}
{{- end }}

{{/* TCP ports of a rule. */}}
{{- define "trimtab.tcp" -}}
{{- range . }}
- protocol: TCP
  port: {{ int . }}
{{- end }}
{{- end }}
