//! `ServiceDeskReady` and `ServiceDesksReady`: service desks, their request types, their articles.

use super::Guide;

pub(super) static SERVICE_DESK_MISSING: Guide = Guide {
    found: "Jira's list of service desks was asked for, and none in it belongs to the project, although Jira calls the project a service project.",
    apart: &[
        "*Jira Service Management was taken from the site*: Atlassian Administration does not list it under *Apps* for the site; other service projects fail alike.",
        "*The desk was not set up*: the project was made by an import or through the API. Opening it in the browser as its administrator sets it up, as far as is known; Atlassian does not document it.",
    ],
    mend: &[
        "It is set up when the queues appear. The apps of the site stand in Atlassian Administration, under *Apps*.",
    ],
    operator: "It uses the project like any other, without requests.",
    terms: &["JIRA Service Desk", "no service desk", "customer portal missing"],
};

pub(super) static NOT_AN_AGENT: Guide = Guide {
    found: "Jira was asked which permissions the account holds, and the answer lacks the agents' one (key `SERVICEDESK_AGENT`) for this service project. Names of roles and groups are never compared: administrators rename them, and team-managed projects have roles of their own. In `mode: Observe` it is told only where Jira lists the account no service desk for the project; reading needs no agent.",
    apart: &[
        "*No access as an agent* (the *agent licence*): Atlassian Administration → *Directory* → *Users* → the account shows no *Jira Service Management* with a role for agents. Then all service projects fail alike.",
        "*In no role for agents*: other service projects are fine. In a company-managed project the role is often called *Service Desk Team*, in a team-managed one *Agent*.",
        "*Open team-managed project*: everybody with access to the site has the role *Agent* there, and it works only together with access to Jira Service Management.",
        "*The scheme was changed*: the role is there, but the permission scheme no longer gives it *Service Project Agent*. Jira shows a warning with *Fix permissions* on the project's permissions page.",
    ],
    mend: &["Step by step: [How to make the account an agent](#how-to-make-the-account-an-agent)."],
    operator: "It reads the project as far as the account can see it, and raises no request.",
    terms: &[
        "agent licence",
        "`jira-servicedesk-users`",
        "`service-desk-agents`",
        "`jira-servicemanagement-users`",
        "Service Desk Team",
        "collaborator",
        "`SERVICEDESK_AGENT`",
    ],
};

pub(super) static NO_REQUEST_TYPES: Guide = Guide {
    found: "The request types of the service desk were asked for, and the list is empty or was refused. Jira leaves restricted request types out of the list without a word, except for project administrators. So \"none\" can mean \"none for this account\".",
    apart: &[
        "*None is published*: a project administrator sees none either.",
        "*All are restricted*: a project administrator sees them, with a lock. Giving the account the project's administrator role for a moment tells the two apart: the reason then becomes [RequestTypesRestricted](#requesttypesrestricted).",
    ],
    mend: &[
        "[Open the request types](#how-to-open-the-request-types) as a project administrator.",
        "None at all: *Create request type*, give it an issue type (*work type*), and put it into a portal group.",
        "Restricted: select the lock of one and remove the restriction, or add the account to it.",
    ],
    operator: "It raises no request on the desk. Issues of the project are not affected.",
    terms: &["forms do not load", "empty portal", "request type not found"],
};

pub(super) static REQUEST_TYPES_RESTRICTED: Guide = Guide {
    found: "The list of request types calls each of them restricted, and of none it says that the account may raise requests of it; or each that is not restricted is useless for another reason that the message names. As documented, Jira tells only project administrators of restrictions, so the account is one.",
    apart: &[
        "A restriction names people, groups or customer organizations. Agents and administrators are not exempt, and a restricted request type is not offered by e-mail, chat, widget or virtual agent either.",
    ],
    mend: &[
        "[Open the request types](#how-to-open-the-request-types) as a project administrator.",
        "Select the lock of a request type, then *Remove* the entries, or add the account: Jira then says that it may raise requests of the type, and the reason goes.",
    ],
    operator: "It raises no request on the desk.",
    terms: &["restricted request type", "lock", "request type permissions"],
};

pub(super) static REQUEST_TYPES_HIDDEN: Guide = Guide {
    found: "Each request type in the list that is not restricted stands in no portal group, and of none Jira says that the account may raise requests of it. Jira hides such types from the portal; the message names the first. A hidden type that may be raised is used as any other.",
    apart: &[
        "Somebody took them out of their groups, deleted the group, or created them through the API without one. Hidden ones are often meant for automation and e-mail.",
    ],
    mend: &[
        "[Open the request types](#how-to-open-the-request-types) as a project administrator.",
        "Move a request type from the part that is hidden from the portal into a portal group, or create one first.",
    ],
    operator: "It raises no request on the desk.",
    terms: &["portal group", "unassigned request types", "hidden from portal"],
};

pub(super) static REQUEST_TYPES_NOT_CREATABLE: Guide = Guide {
    found: "Jira says of each visible request type whether the account may raise a request of it: in the list, or, where that is silent and issues may not be created in the project either, to a question of its own. Forms are read where there is a doubt, to see whether they require a field that the account cannot fill in and that has no preset value: that of the first type where no request can be raised, and where the account administers the project that of the first type, with two more if it is of no use, because Jira tells only administrators of fields that a form does not show. With more than twenty desks in doubt they take turns, a full look each. The message names such fields.",
    apart: &[
        "*A required field is hidden*: the message names it. To an account that does not administer the project Jira tells of no such field; then only a request that is refused shows it.",
        "*The issue type is gone*: the request type's issue type (*work type*) was taken out of the project's scheme.",
        "*Customer permissions*: only invited customers may raise requests, and the account is neither a customer nor an agent.",
        "*Create issues is lacking*: the message says so, and [CreateDenied](#createdenied) is shown as well.",
        "Jira's separate Forms (formerly ProForma), which can be attached to a request type, have an API of their own. They are out of scope: the operator does not read them, so a form that requires an answer there is not found here and shows only when a request is refused.",
    ],
    mend: &[
        "[Make the account an agent](#how-to-make-the-account-an-agent), and [grant](#how-to-grant-a-permission) its role *Create work items*.",
        "Hidden required field: [open the request types](#how-to-open-the-request-types), choose the one, and under its fields give the field a preset value, show it, or make it optional.",
        "Who may raise requests: *Customer permissions*, in the project's settings.",
    ],
    operator: "It raises no request on the desk.",
    terms: &[
        "ProForma",
        "Forms",
        "required field",
        "You do not have permission to create requests",
    ],
};

pub(super) static KNOWLEDGE_BASE_UNREADABLE: Guide = Guide {
    found: "One search for articles was sent, and Jira refused it; what it would have found does not matter. A site without a knowledge base, or without articles, is no finding.",
    apart: &[
        "*A scope is lacking*: the message says \"for want of a scope\".",
        "*No access to Confluence*: articles live in Confluence. The account's page in Atlassian Administration lists no role for it.",
        "*The space is closed*: the account has Confluence and the knowledge base's space leaves it out.",
    ],
    mend: &[
        "Service project: settings → *Channels & self service* → *Knowledge base* → *Who can view* → *All logged-in users*.",
        "Or give the account access to Confluence: Atlassian Administration → *Directory* → *Users* → the account → *Grant access*.",
        "For the scope see [ScopesMissing](#scopesmissing).",
    ],
    operator: "Requests go on; nothing else needs articles.",
    terms: &["knowledge base", "Confluence licence", "articles do not load"],
};

pub(super) static SOME_SERVICE_DESKS_BLOCKED: Guide = Guide {
    found: "Each service desk in scope was judged on its own, in the condition `ServiceDeskReady` of its JiraProject. The message names the first few with their reasons.",
    apart: &[
        "The same reason on all of them points to the account's access to Jira Service Management, a different one on each to the desks' own settings.",
    ],
    mend: &["Look each reason up on this page."],
    operator: "The other desks go on. A project is not counted as blocked for its desk alone.",
    terms: &[],
};
