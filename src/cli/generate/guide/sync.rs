//! `StatusMappingValid` and Synced: statuses, and whether what is shown is fresh.

use super::Guide;

pub(super) static UNKNOWN_STATUSES: Guide = Guide {
    found: "Jira was asked for the statuses of all workflows, or of the projects that the rule names. None has the name (upper and lower case do not matter) or the id. The message gives the rule, the name and the nearest existing one.",
    apart: &[
        "*Mistyped or renamed*: the nearest name in the message is the one.",
        "*Another language*: Jira tells names in the language of the account that asks. In the account's language the status may be called otherwise.",
        "*Another project*: the status exists, but in none of the projects that the rule names. Statuses of team-managed projects belong to one project each.",
    ],
    mend: &[
        "Ids do not depend on the language. A Jira admin finds them in *Settings* (cog) → *Work items* → *Statuses*, in the address of a status; the board's or workflow's settings show the names of a project.",
    ],
    operator: "Statuses that are not mapped follow their category (to do, in progress, done). The other rules hold.",
    terms: &["status not found", "localised status", "translated status"],
};

pub(super) static AMBIGUOUS_MAPPING: Guide = Guide {
    found: "The rules were compared with each other. A rule that names projects and issue types goes before one that names projects, that before one that names issue types, and that before one that names neither. Two rules of the same rank name the same status (upper and lower case do not matter), have a project and an issue type in common, and give different phases. The message has the places of both in the list, counted from 0.",
    apart: &["A status that is named by its name in one rule and by its id in the other is not noticed."],
    mend: &["The order of rules is not meant to matter: keep the status in the rule that has the phase you want."],
    operator: "The rule that stands first in the list decides.",
    terms: &["status mapped twice", "wrong phase"],
};

pub(super) static NEVER_SYNCED: Guide = Guide {
    found: "The integration has no `status.sync.lastSyncTime`, and the message names the condition that stands before the first synchronisation.",
    apart: &["It is a consequence: the cause is the condition that the message names."],
    mend: &["Its reason is on this page."],
    operator: "It synchronises as soon as the conditions before are True.",
    terms: &["no data"],
};

pub(super) static SYNC_PARTIAL: Guide = Guide {
    found: "Some JiraProject or JiraIssue objects could not be written, Jira left something out of its answers, or Atlassian asked to slow down before everything was asked for. The message says which.",
    apart: &[
        "*A JiraProject or a JiraIssue could not be written*: the message has the API server's answer (RBAC, quota, an admission policy).",
        "*Asked to slow down*: many calls in a short time, also by other users of the same app. It passes within seconds or minutes.",
    ],
    mend: &["Being asked to slow down needs nobody."],
    operator: "What could be written is up to date. The rest is tried again, after the wait that Atlassian asked for.",
    terms: &["rate limit", "Too many requests", "RBAC"],
};

pub(super) static SYNC_FAILED: Guide = Guide {
    found: "Jira refused a question that it should answer, with the words that the message has; or no JiraProject could be written. The projects' own conditions keep their last answer, because nothing was proved about them.",
    apart: &[
        "*The cluster refused*: the message names a JiraProject, or the list of them.",
        "*Jira refused*: the message has Jira's words. It may be a fault of the operator: `jira-operator check` can save what was asked and answered for a report.",
    ],
    mend: &["If Jira's words make no sense to you, report them."],
    operator: "It keeps what was synchronised before.",
    terms: &["data looks old", "stale"],
};

pub(super) static QUOTA_EXHAUSTED: Guide = Guide {
    found: "Jira refused a call and gave as the reason that the hourly quota is spent. Atlassian counts points for each app, over all sites that use it, and refills them at the full hour (UTC). The message says until when no call is made.",
    apart: &[
        "*This integration*: `status.api.callsLastSync` is high and `spec.syncInterval` short.",
        "*Others*: further integrations, clusters or scripts use the same app.",
        "Atlassian does not publish the price of every call; third parties measured some. So the share of this integration can only be estimated.",
    ],
    mend: &["15m suits most teams, and an app of its own gives this cluster a quota of its own."],
    operator: "It makes no call to Jira until the hour has turned. The access token in the consumers' Secret stays fresh.",
    terms: &["rate limit", "points", "Too many requests", "data looks old"],
};

pub(super) static INTERVAL_STRETCHED: Guide = Guide {
    found: "The points that all integrations of the same OAuth app cost in an hour were estimated in the worse of the two readings of Atlassian's prices, and would be more than what is left of the hour. `status.api.pointsPerHour` has this integration's share.",
    apart: &[
        "*This integration*: `status.api.pointsPerHour` is high beside that of the others.",
        "*Others*: several integrations name the same `client-id`; they share one pool.",
    ],
    mend: &["15m suits most teams; `spec.issues.mirror: None` costs least."],
    operator: "It synchronises less often, and goes back to the declared interval by itself when the points allow it.",
    terms: &["rate limit", "points", "data looks old"],
};

pub(super) static MIRROR_TRUNCATED: Guide = Guide {
    found: "The ids of all issues that are to be mirrored were listed, and there are more than `spec.issues.maxObjects`. Counts in the JiraProject objects are exact all the same.",
    apart: &["`kubectl get jp -o custom-columns=KEY:.spec.key,ISSUES:.status.issues.matching` shows where they are."],
    mend: &["`mirror: Open` leaves out what is done; a `jql` such as `labels = k8s` takes only what workloads need."],
    operator: "It mirrors the issues that were updated last; an older one comes in when it changes or when there is room.",
    terms: &["maxObjects", "issues missing"],
};

pub(super) static JQL_INVALID: Guide = Guide {
    found: "Jira was asked to parse the `jql` alone before it was put in parentheses beside the project, and refused it with the words that the message has; or it has an `ORDER BY`.",
    apart: &[
        "Fields and values are checked as the account sees them: a custom field that it cannot see does not exist for it.",
    ],
    mend: &[
        "Paste it into Jira's search (*Filters > View all issues > JQL*), logged in as the dedicated account, and correct it until it finds what you expect.",
    ],
    operator: "Other projects go on. What was mirrored from this one before stays as it was.",
    terms: &["JQL", "ORDER BY", "query"],
};
