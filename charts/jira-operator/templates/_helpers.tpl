{{/* Names and labels that several templates share. */}}

{{- define "jira-operator.name" -}}
{{- default .Chart.Name .Values.nameOverride | trunc 63 | trimSuffix "-" }}
{{- end }}

{{- define "jira-operator.fullname" -}}
{{- $name := include "jira-operator.name" . }}
{{- if .Values.fullnameOverride }}
{{- .Values.fullnameOverride }}
{{- else if contains $name .Release.Name }}
{{- .Release.Name | trunc 63 | trimSuffix "-" }}
{{- else }}
{{- printf "%s-%s" .Release.Name $name | trunc 63 | trimSuffix "-" }}
{{- end }}
{{- end }}

{{- define "jira-operator.connectName" -}}
{{- printf "%s-connect" (include "jira-operator.fullname" . | trunc 55 | trimSuffix "-") }}
{{- end }}

{{- define "jira-operator.serviceAccountName" -}}
{{- if .Values.serviceAccount.create }}
{{- default (include "jira-operator.fullname" .) .Values.serviceAccount.name }}
{{- else }}
{{- default "default" .Values.serviceAccount.name }}
{{- end }}
{{- end }}

{{- define "jira-operator.selectorLabels" -}}
app.kubernetes.io/name: {{ include "jira-operator.name" . }}
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end }}

{{- define "jira-operator.labels" -}}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version | replace "+" "_" | trunc 63 | trimSuffix "-" }}
{{ include "jira-operator.selectorLabels" . }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
{{- end }}

{{/* What the operator may do: the rules of the ClusterRole, or of each Role. One rule for each
purpose; the comment names the code that needs it. The scenarios compare them with the audit log,
so a rule that nobody uses, and a call that no rule allows, both fail the tests. */}}
{{- define "jira-operator.rules" -}}
# controller/watches.rs: learns of integrations and of their changes.
# controller/integration/observe.rs: asks whether an integration still exists before its grant is written back.
# connect/service.rs: looks at the one that a connect link is for, by a list of one.
# cli/startup_crds.rs: waits at the start until the definitions are installed.
- apiGroups: [jira-operator.dev]
  resources: [jiraintegrations]
  verbs: [list, watch]
# cluster/status.rs: writes what a reconciliation found out, by server-side apply.
- apiGroups: [jira-operator.dev]
  resources: [jiraintegrations/status]
  verbs: [patch]
# sync/projects/apply.rs: one JiraProject for each project in scope; list what there is, create the missing,
# get the one whose name turned out to be taken, delete what left the scope.
# cli/startup_crds.rs: lists, as above.
# controller/tickets/watches.rs: which projects tickets can be created in.
- apiGroups: [jira-operator.dev]
  resources: [jiraprojects]
  verbs: [list, watch, get, create, delete]
# cluster/status.rs: writes what was found out about a project, by server-side apply.
- apiGroups: [jira-operator.dev]
  resources: [jiraprojects/status]
  verbs: [patch]
# sync/issues/cluster.rs: keeps mirrored issues: list what is there, create what is missing, get the
# one whose name turned out to be taken, delete what left Jira or the scope.
# controller/tickets/watches.rs: tickets that somebody applies.
- apiGroups: [jira-operator.dev]
  resources: [jiraissues]
  verbs: [list, watch, get, create, delete]
# cluster/status.rs: writes what Jira says of an issue, by server-side apply.
- apiGroups: [jira-operator.dev]
  resources: [jiraissues/status]
  verbs: [patch]
{{- if .Values.userDirectory.enabled }}
# sync/directory/cluster.rs: keeps the directory of people, where spec.users.directory asks for it: list
# what is there, create what is missing, get the one whose name turned out to be taken, update what
# changed, delete what is empty or no longer wanted. RBAC cannot narrow list and create by name.
- apiGroups: [""]
  resources: [configmaps]
  verbs: [list, get, create, update, delete]
{{- end }}
# controller/integration/observe.rs: reads the Secret with the OAuth app's credentials.
# grant/store.rs, grant/publish.rs: read the grant and what workloads mount.
# connect/service.rs: reads the credentials once more when a person comes to connect.
# connect/key.rs: reads the key of connect links, the Secret jira-operator-connect of a namespace.
- apiGroups: [""]
  resources: [secrets]
  verbs: [get]
# controller/watches.rs: wakes the integrations that name a Secret which changed; metadata only.
# grant/store.rs: looks for copies of a grant among the grant Secrets; metadata only.
# RBAC cannot tell metadata from contents: whoever may list Secrets may read them.
- apiGroups: [""]
  resources: [secrets]
  verbs: [list, watch]
# grant/store.rs: keeps the grant. grant/publish.rs: keeps the Secret that workloads mount.
# connect/key.rs: makes the key of connect links, and notes who owns it; the owners' end is its end.
- apiGroups: [""]
  resources: [secrets]
  verbs: [create, update]
# grant/gc.rs: marks a grant that no integration names, and removes it a day later.
# grant/publish.rs: removes what was published under a former spec.tokenSecretName.
- apiGroups: [""]
  resources: [secrets]
  verbs: [patch, delete]
# cluster/events.rs: says what went wrong or was mended; the same again within minutes is
# counted up on the event that is there.
- apiGroups: [events.k8s.io]
  resources: [events]
  verbs: [create, patch]
{{- end }}
