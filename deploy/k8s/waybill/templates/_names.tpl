{{- define "waybill.name" -}}
waybill-{{ required "service is not set: add -f values/<service>.yaml" .Values.service }}
{{- end }}

{{- /* Arguments: root, component. */}}
{{- define "waybill.selector" -}}
app.kubernetes.io/name: {{ include "waybill.name" .root }}
app.kubernetes.io/instance: {{ .root.Release.Name }}
app.kubernetes.io/component: {{ .component }}
{{- end }}

{{- define "waybill.labels" -}}
{{ include "waybill.selector" . }}
app.kubernetes.io/part-of: waybill
app.kubernetes.io/managed-by: {{ .root.Release.Service }}
app.kubernetes.io/version: {{ .root.Values.image.tag | quote }}
helm.sh/chart: {{ printf "%s-%s" .root.Chart.Name .root.Chart.Version }}
{{- end }}

{{- define "waybill.image" -}}
{{- $image := .Values.image -}}
{{- $name := printf "%s%s" $image.registry ($image.repository | default (include "waybill.name" .)) -}}
{{- if $image.digest -}}
{{ printf "%s@%s" $name $image.digest }}
{{- else -}}
{{ printf "%s:%s" $name (required "image.tag is not set" $image.tag) }}
{{- end -}}
{{- end }}

{{- /* A group of workers with what it does not say itself. Arguments: root, worker. */}}
{{- define "waybill.worker" -}}
{{- mergeOverwrite (deepCopy .root.Values.workerDefaults) .worker | toYaml }}
{{- end }}

{{- /* The cluster would refuse it only when the migrations have run. Arguments: autoscaling, path: where it stands in the values. */}}
{{- define "waybill.bounds" -}}
{{- if gt (int .autoscaling.minReplicas) (int .autoscaling.maxReplicas) }}
{{- fail (printf "%s.minReplicas is %v and above maxReplicas, which is %v" .path .autoscaling.minReplicas .autoscaling.maxReplicas) }}
{{- end }}
{{- end }}
