{{/* Of the ConfigMap, and of the Secret that this chart makes. */}}
{{- define "session-sidecar.config" -}}
{{ .Values.name }}-session-sidecar
{{- end }}

{{- define "session-sidecar.secret" -}}
{{ if .Values.secrets }}{{ include "session-sidecar.config" . }}{{ else }}{{ .Values.secretName }}{{ end }}
{{- end }}

{{- define "session-sidecar.labels" -}}
app.kubernetes.io/name: {{ .Values.name }}
{{- end }}
