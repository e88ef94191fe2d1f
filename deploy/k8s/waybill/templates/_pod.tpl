{{- /* What every pod has. Arguments: root, component; of workers with more than others also secret and claim. */}}
{{- define "waybill.metadata" -}}
labels:
  {{- include "waybill.labels" . | nindent 2 }}
annotations:
  waybill/secrets-revision: {{ .root.Values.secrets.revision | quote }}
  {{- with .root.Values.podAnnotations }}
  {{- toYaml . | nindent 2 }}
  {{- end }}
{{- end }}

{{- define "waybill.pod" -}}
{{- if ne .component "migrate" }}
serviceAccountName: {{ include "waybill.name" .root }}
{{- end }}
automountServiceAccountToken: false
enableServiceLinks: false
securityContext:
  runAsNonRoot: true
  runAsUser: 1000
  runAsGroup: 1000
  fsGroup: 1000
  fsGroupChangePolicy: OnRootMismatch
  seccompProfile: {type: RuntimeDefault}
{{- with .root.Values.image.pullSecrets }}
imagePullSecrets:
  {{- range . }}
  - name: {{ . }}
  {{- end }}
{{- end }}
{{- with .root.Values.nodeSelector }}
nodeSelector: {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .root.Values.tolerations }}
tolerations: {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .root.Values.priorityClassName }}
priorityClassName: {{ . }}
{{- end }}
volumes:
  - name: tmp
    emptyDir: {medium: Memory, sizeLimit: 64Mi}
  - name: secrets
    secret:
      {{- if eq .component "migrate" }}
      secretName: {{ .root.Values.secrets.owner | default (printf "%s-owner" (include "waybill.name" .root)) }}
      {{- else }}
      secretName: {{ .secret | default .root.Values.secrets.existing | default (include "waybill.name" .root) }}
      {{- end }}
      defaultMode: 0440
  {{- with .claim }}
  - name: data
    persistentVolumeClaim: {claimName: {{ . }}}
  {{- end }}
{{- end }}

{{- define "waybill.spread" -}}
topologySpreadConstraints:
  {{- range list "kubernetes.io/hostname" "topology.kubernetes.io/zone" }}
  - maxSkew: 1
    topologyKey: {{ . }}
    whenUnsatisfiable: ScheduleAnyway
    labelSelector:
      matchLabels:
        {{- include "waybill.selector" $ | nindent 8 }}
  {{- end }}
{{- end }}

{{- define "waybill.container" -}}
image: {{ include "waybill.image" .root }}
imagePullPolicy: {{ .root.Values.image.pullPolicy }}
securityContext:
  allowPrivilegeEscalation: false
  readOnlyRootFilesystem: true
  privileged: false
  capabilities: {drop: [ALL]}
volumeMounts:
  - {name: tmp, mountPath: /tmp}
  - {name: secrets, mountPath: /run/secrets, readOnly: true}
  {{- with .claim }}
  - {name: data, mountPath: {{ $.path }}}
  {{- end }}
{{- end }}

{{- /* Arguments: root, more: a map that goes before the values' environment. */}}
{{- define "waybill.environment" -}}
{{- $told := deepCopy .root.Values.environment }}
{{- with .root.Values.api.ingress }}
{{- if and .enabled .urlSetting }}
{{- $told = merge $told (dict .urlSetting (printf "%s://%s" (ternary "https" "http" (ne .tlsSecret "")) .host)) }}
{{- end }}
{{- end }}
{{- range $name, $value := mergeOverwrite $told .more }}
- name: {{ $name }}
  value: {{ $value | quote }}
{{- end }}
{{- end }}

{{- /* A heartbeat that is older than so many seconds. Arguments: seconds. */}}
{{- define "waybill.heartbeat" -}}
exec:
  command: [sh, -c, "test $(( $(date +%s) - $(stat -c %Y /tmp/heartbeat) )) -lt {{ .seconds }}"]
{{- end }}
