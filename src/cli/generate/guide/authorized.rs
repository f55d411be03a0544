//! Authorized: the credentials, the grant and the Secrets that hold them.

use super::Guide;

pub(super) static CREDENTIALS_NOT_FOUND: Guide = Guide {
    found: "The operator asked the API server for the Secret, by the name in `spec.secretRef.name`, in the namespace of the JiraIntegration, and was told that there is none. Nothing was sent to Atlassian.",
    apart: &[
        "`kubectl get secrets -n NAMESPACE` shows what there is; a Secret in another namespace does not count.",
        "Where External Secrets, Sealed Secrets or SOPS bring the Secret, look at that tool's own object first.",
    ],
    mend: &[
        "In the [developer console](https://developer.atlassian.com/console/myapps/) open your app, then *Settings*: client id and secret are there.",
        "Put them into a Secret of that name, under the keys `client-id` and `client-secret`. `kubectl create secret generic --from-file` keeps them out of your shell's history.",
        "No grant yet? Then [connect](#how-to-connect) once the Secret is there.",
    ],
    operator: "It watches for the Secret and goes on as soon as it is there: the order of `kubectl apply` does not matter.",
    terms: &[],
};

pub(super) static CREDENTIALS_INCOMPLETE: Guide = Guide {
    found: "The Secret was read. The message names the key that is missing, empty or not text; a line break at the end of a value is forgiven. Nothing was sent to Atlassian.",
    apart: &[
        "The keys are `client-id` and `client-secret`, with a hyphen; `clientId` or `client_id` are other keys.",
        "Under `data` a value is Base64, encoded once; under `stringData` it is plain. A value that was encoded in neither or in both ways is what \"not text\" usually means.",
    ],
    mend: &[
        "List the keys without showing a value: `kubectl get secret NAME -n NAMESPACE -o go-template='{{range $k, $v := .data}}{{$k}}{{\"\\n\"}}{{end}}'`.",
        "Write the key that the message names again, with `stringData` or `--from-file`.",
    ],
    operator: "It watches the Secret and goes on as soon as it is complete.",
    terms: &[],
};

pub(super) static NOT_CONNECTED: Guide = Guide {
    found: "Neither the grant Secret (the name of your Secret and `-grant`) holds a grant for this `client-id`, nor does your Secret offer a `refresh-token` that was not used before. The operator keeps hashes of the tokens it used; Atlassian was not asked.",
    apart: &[
        "\"has no refresh-token\": nobody has connected yet.",
        "\"was used before\": the value in your Secret is an old one, for example brought back by a Git revert, and the grant that came from it is gone.",
        "\"was disconnected on request\": somebody ran `jira-operator disconnect`; no token that was seen before is adopted again.",
        "\"client-id was changed\": the stored grant belongs to the former app. Setting `client-id` back mends it at once.",
    ],
    mend: &["Step by step: [How to connect](#how-to-connect)."],
    operator: "It spends nothing: a refresh token works once, and using an old one could make Atlassian revoke a grant that still works elsewhere.",
    terms: &["authorise", "consent", "log in to Jira", "`refresh-token`"],
};

pub(super) static CLIENT_SECRET_REJECTED: Guide = Guide {
    found: "Atlassian's token endpoint answered the refresh with the code `access_denied`. Atlassian does not document that code; clients in use report it for a wrong app secret, where a dead grant is answered by other codes. So it is not held against the grant.",
    apart: &[
        "The message cannot say which of the two values is wrong: compare `client-id` first, for it is shown openly in the developer console.",
        "A secret that was rotated in the developer console replaces the old one; every place that uses the app needs the new one.",
    ],
    mend: &[
        "In the [developer console](https://developer.atlassian.com/console/myapps/) open the app, then *Settings*.",
        "Copy *Secret* into the Secret's key `client-secret`. Do not connect again: the consent screen knows nothing of the secret, so you would be back here afterwards.",
    ],
    operator: "It asks Atlassian again only once the Secret has changed, or you ask it to. The grant stays stored.",
    terms: &["client secret", "`access_denied`", "Unauthorized at the token endpoint"],
};

pub(super) static RECONNECT_REQUIRED: Guide = Guide {
    found: "Atlassian's token endpoint refused the refresh token with the code `invalid_grant` or `unauthorized_client`. Only that proves a dead grant: no outage, slow answer or time-out ever leads here. Atlassian does not say why it ended the grant.",
    apart: &[
        "*Revoked*: the account's own *Connected apps* page, or *Connected apps* in Atlassian Administration, no longer lists the app.",
        "*Password changed or account deactivated*: the account's page in Atlassian Administration, under *Directory* → *Users* or *Managed accounts*, says so.",
        "*Unused for 90 days*: `status.token.grantIdleExpiresAt` lies in the past. It counts from the last refresh.",
        "*Another copy was used*: somebody put the refresh token into a second cluster, a script or a test. When a spent token is used again after ten minutes, Atlassian revokes the whole grant.",
        "*Interrupted refresh*: the message says so, with the time, where the operator was killed between Atlassian's answer and the write.",
        "Atlassian once announced that a grant ends 365 days after the consent however often it is used. Today's documentation does not repeat that, so a yearly new consent is possible, not certain.",
    ],
    mend: &[
        "Step by step: [How to connect](#how-to-connect).",
        "Give each cluster an app of its own, so that none shares a grant with another.",
    ],
    operator: "It asks Atlassian again only after a new consent, or when a new `refresh-token` stands in the Secret. The access token in the consumers' Secret stays until it expires, within an hour. JiraProjects keep their last answer, so that their `Ready` may be True although nobody can look at them.",
    terms: &[
        "`invalid_grant`",
        "refresh_token is invalid",
        "Unknown or invalid refresh token",
        "token expired",
        "revoked",
    ],
};

pub(super) static OFFLINE_ACCESS_MISSING: Guide = Guide {
    found: "Atlassian answered a refresh with an access token and without a new refresh token. The condition stays True: the operator keeps the old token and the grant works today. It is a warning, because it may end without another one.",
    apart: &[
        "`offline_access` is no permission in the developer console: it is asked for when connecting. A `refresh-token` that was made in another way may come from a consent without it.",
    ],
    mend: &["[Connect](#how-to-connect) again: it is always among what is asked for there."],
    operator: "It publishes the access token as usual and refreshes with the token that it has.",
    terms: &["`offline_access`", "no refresh token"],
};

pub(super) static GRANT_SHARED_ELSEWHERE: Guide = Guide {
    found: "The grant Secret is not the object that the grant was first stored in (its uid differs), or another, older grant Secret in a watched namespace descends from the same refresh token. Which namespace is never said, because it may belong to somebody else.",
    apart: &[
        "*Restored or copied*: the grant Secret came from a backup (Velero, for example), a cloned cluster or `kubectl get -o yaml | kubectl apply`.",
        "*One token in two Secrets*: the same `refresh-token` was put into two credential Secrets.",
    ],
    mend: &[
        "[Connect](#how-to-connect) this one anew, best with an app of its own.",
        "Leave Secrets ending in `-grant` out of backups and of Git, and take a `refresh-token` that was adopted out of its source ([why](connect.md#a-cluster-from-a-backup)). Integrations in one namespace share a grant by naming the same Secret.",
    ],
    operator: "It never spends the copy. The older one of the two goes on undisturbed.",
    terms: &["restore", "Velero", "cluster migration"],
};

pub(super) static SECRET_NOT_WRITABLE: Guide = Guide {
    found: "Before each exchange the operator writes a mark into the grant Secret, and afterwards the tokens. The API server refused or did not answer such a write; its answer stands in the message.",
    apart: &[
        "\"forbidden\": the operator's Role lacks a rule, or this namespace is not among the chart's `watchNamespaces`.",
        "\"exceeded quota\": a ResourceQuota limits Secrets in the namespace.",
        "\"admission webhook … denied\": a policy (Kyverno, Gatekeeper) refuses Secrets of that shape.",
        "Otherwise the API server was out of reach.",
    ],
    mend: &[
        "`kubectl auth can-i update secrets -n NAMESPACE --as system:serviceaccount:OPERATOR-NAMESPACE:NAME` tells whether its ServiceAccount may.",
    ],
    operator: "It exchanges no token while it cannot store one. New tokens that could not be written are kept in memory and written as soon as possible: do not delete the pod meanwhile.",
    terms: &["RBAC", "admission webhook", "ResourceQuota"],
};

pub(super) static SECRET_NAME_TAKEN: Guide = Guide {
    found: "A Secret of the name exists and does not carry the operator's mark, or belongs to another integration. The message names it.",
    apart: &[
        "The name is that of `spec.tokenSecretName`, by default the integration's and `-jira-token`; for the grant it is that of your Secret and `-grant`.",
        "A GitOps tool or a person created a Secret of that name; the operator fills in none but its own.",
    ],
    mend: &["Where it is the grant's name that is taken, give the credential Secret another name instead."],
    operator: "It leaves the Secret as it is, and watches it.",
    terms: &["already exists"],
};

pub(super) static AUTH_SERVER_UNAVAILABLE: Guide = Guide {
    found: "Atlassian's token endpoint was slow, out of reach, or answered with an error or a page instead of data, and the access token that is stored has expired meanwhile. Until it expires the condition stays True and its message tells of the trouble.",
    apart: &[
        "Other integrations on other sites fail alike: look at [status.atlassian.com](https://status.atlassian.com).",
        "Only this cluster fails: a NetworkPolicy, proxy or firewall holds back `auth.atlassian.com`. A page instead of data is often a proxy's.",
    ],
    mend: &["`curl -sI https://auth.atlassian.com` from a pod in the operator's namespace shows whether there is one."],
    operator: "An outage is never a reason to connect again, and proves nothing about the grant.",
    terms: &["time-out", "proxy", "egress"],
};
