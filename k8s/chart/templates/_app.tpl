{{/* The application without its sidecar, as in k8s/base/web.yaml. */}}
{{- define "session-sidecar.app" -}}
apiVersion: apps/v1
kind: Deployment
metadata:
  name: {{ .Values.name }}
  labels:
    {{- include "session-sidecar.labels" . | nindent 4 }}
    session-sidecar: 'true'
spec:
  # No replicas: the autoscaler sets the number.
  selector:
    matchLabels:
      {{- include "session-sidecar.labels" . | nindent 6 }}
  strategy:
    rollingUpdate:
      maxSurge: 1
      maxUnavailable: 0
  template:
    metadata:
      labels:
        {{- include "session-sidecar.labels" . | nindent 8 }}
      annotations:
        kubectl.kubernetes.io/default-container: {{ .Values.name }}
        # New pods when one of them changes.
        session-sidecar/settings: {{ list .Values.settings .Values.secrets | toJson | sha256sum }}
    spec:
      automountServiceAccountToken: false
      terminationGracePeriodSeconds: {{ .Values.terminationGracePeriodSeconds }}
      containers:
        - name: {{ .Values.name }}
          image: {{ .Values.image | quote }}
          env:
            - name: SIDECAR_ADDRESS
              value: unix:/run/session-sidecar/grpc.sock
            {{- with .Values.env }}
            {{- toYaml . | nindent 12 }}
            {{- end }}
          ports:
            - name: http
              containerPort: {{ .Values.port }}
          readinessProbe:
            httpGet:
              path: {{ .Values.readinessPath | quote }}
              port: http
          lifecycle:
            preStop:
              # Requests keep arriving until every proxy knows that this pod is leaving.
              sleep:
                seconds: 5
          resources:
            {{- toYaml .Values.resources | nindent 12 }}
          securityContext:
            runAsNonRoot: true
            runAsUser: {{ .Values.runAsUser | int }}
            allowPrivilegeEscalation: false
            readOnlyRootFilesystem: true
            capabilities:
              drop: [ALL]
            seccompProfile:
              type: RuntimeDefault
          volumeMounts:
            - name: session-sidecar
              mountPath: /run/session-sidecar
              # Enough to connect to a socket.
              readOnly: true
{{- end }}
