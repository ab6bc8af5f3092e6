{{- define "marianne-operator.name" -}}
{{- default .Chart.Name .Values.nameOverride | trunc 63 | trimSuffix "-" }}
{{- end }}

{{- define "marianne-operator.fullname" -}}
{{- $name := default .Chart.Name .Values.nameOverride }}
{{- if .Values.fullnameOverride }}
{{- .Values.fullnameOverride | trunc 52 | trimSuffix "-" }}
{{- else if contains $name .Release.Name }}
{{- .Release.Name | trunc 52 | trimSuffix "-" }}
{{- else }}
{{- printf "%s-%s" .Release.Name $name | trunc 52 | trimSuffix "-" }}
{{- end }}
{{- end }}

{{- define "marianne-operator.selectorLabels" -}}
app.kubernetes.io/name: {{ include "marianne-operator.name" . }}
app.kubernetes.io/instance: {{ .Release.Name }}
app.kubernetes.io/component: operator
{{- end }}

{{- define "marianne-operator.apiName" -}}
{{- include "marianne-operator.fullname" . }}-api
{{- end }}

{{- define "marianne-operator.apiSelectorLabels" -}}
app.kubernetes.io/name: {{ include "marianne-operator.name" . }}
app.kubernetes.io/instance: {{ .Release.Name }}
app.kubernetes.io/component: api
{{- end }}

{{- define "marianne-operator.apiLabels" -}}
{{- merge (include "marianne-operator.apiSelectorLabels" . | fromYaml) (include "marianne-operator.labels" . | fromYaml) | toYaml }}
{{- end }}

{{- define "marianne-operator.labels" -}}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version | replace "+" "_" | trunc 63 | trimSuffix "-" }}
{{ include "marianne-operator.selectorLabels" . }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/part-of: marianne
app.kubernetes.io/managed-by: {{ .Release.Service }}
{{- end }}

{{- define "marianne-operator.serviceAccountName" -}}
{{- if .Values.serviceAccount.create }}
{{- default (include "marianne-operator.fullname" .) .Values.serviceAccount.name }}
{{- else }}
{{- required "serviceAccount.name is needed where serviceAccount.create is false" .Values.serviceAccount.name }}
{{- end }}
{{- end }}

{{- /* Of a list: an image's values, the version of the chart's application. */ -}}
{{- define "marianne-operator.imageOf" -}}
{{- $image := index . 0 }}
{{- if $image.digest }}
{{- printf "%s@%s" $image.repository $image.digest }}
{{- else }}
{{- printf "%s:%s" $image.repository (default (index . 1) $image.tag) }}
{{- end }}
{{- end }}

{{- /* What the operator reads; its own model of this file refuses unknown keys. */ -}}
{{- define "marianne-operator.settings" -}}
runner:
  image: {{ .Values.runner.image | quote }}
  pullPolicy: {{ .Values.runner.pullPolicy }}
  inject: {{ .Values.runner.inject }}
workspace:
  storage: {{ .Values.workspace.storage | quote }}
  {{- with .Values.workspace.storageClassName }}
  storageClassName: {{ . | quote }}
  {{- end }}
  accessModes: {{ toJson .Values.workspace.accessModes }}
sheets:
  resources: {{ toJson .Values.sheets.resources }}
  startDeadlineSeconds: {{ .Values.sheets.startDeadlineSeconds | int }}
  terminationGracePeriodSeconds: {{ .Values.sheets.terminationGracePeriodSeconds | int }}
ceilings:
  {{- range $name := list "serviceAccountNames" "priorityClassNames" "runtimeClassNames" }}
  {{ $name }}: {{ toJson (index $.Values.ceilings $name) }}
  {{- end }}
watchNamespaces: {{ toJson .Values.watchNamespaces }}
log:
  level: {{ .Values.log.level }}
  format: {{ .Values.log.format }}
{{- end }}

{{- /* Every call that the operator makes in the namespaces of jobs (control/cluster.py), and nothing else. */ -}}
{{- define "marianne-operator.rules" -}}
- apiGroups: [marianne.dev]
  resources: [mariannejobs]
  verbs: [get, list, watch]
# Only where spec.ttlSecondsAfterFinished asks for it.
- apiGroups: [marianne.dev]
  resources: [mariannejobs]
  verbs: [delete]
# Only where a score's on_success says run_job: the next job of its chain, in the same namespace.
- apiGroups: [marianne.dev]
  resources: [mariannejobs]
  verbs: [create]
- apiGroups: [marianne.dev]
  resources: [mariannejobs/status]
  verbs: [update]
- apiGroups: [marianne.dev]
  resources: [instruments]
  verbs: [list, watch]
# Until when a provider's limit holds it.
- apiGroups: [marianne.dev]
  resources: [instruments/status]
  verbs: [patch]
- apiGroups: [""]
  resources: [pods]
  verbs: [get, list, watch, create, delete]
- apiGroups: [""]
  resources: [configmaps, persistentvolumeclaims]
  verbs: [get, create]
- apiGroups: [""]
  resources: [events]
  verbs: [list, create]
{{- end }}

{{- define "marianne-operator.clusterRules" -}}
- apiGroups: [marianne.dev]
  resources: [clusterinstruments]
  verbs: [list, watch]
- apiGroups: [marianne.dev]
  resources: [clusterinstruments/status]
  verbs: [patch]
{{- end }}
