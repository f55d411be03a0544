//! `ProjectsAccessible` and Accessible: which projects the account gets to see.

use super::Guide;

pub(super) static NO_PROJECTS_VISIBLE: Guide = Guide {
    found: "Jira's list of live projects was asked for without any filter, and is empty for this account.",
    apart: &[
        "*Added to none*: an administrator sees projects on the site; the account is in no role of any.",
        "*There are none*: an administrator sees none either, or all are archived or in the trash; the message names those in scope.",
    ],
    mend: &["Step by step: [How to add the account to a project](#how-to-add-the-account-to-a-project)."],
    operator: "It keeps the JiraProject objects that it has: those of named projects always, those it discovered for seven days.",
    terms: &["empty project list", "no spaces"],
};

pub(super) static ALL_PROJECTS_BLOCKED: Guide = Guide {
    found: "Each project in scope was judged on its own, and each cannot be read (`Accessible`) or, in the mode Enforce, not be written to (`Permitted`). The message says which and names the first few with their reasons.",
    apart: &[
        "The same reason everywhere points to one cause: a group that the account left, or a permission scheme that all of them share.",
        "Different reasons: begin with any one of them.",
    ],
    mend: &["Look each reason up on this page."],
    operator: "It asks for the permissions in all projects again on each interval, in one question; for the rest of what is unwell on each interval where the spec names the projects, else every 30 minutes.",
    terms: &[],
};

pub(super) static SOME_PROJECTS_BLOCKED: Guide = Guide {
    found: "Each project in scope was judged on its own, and some cannot be read (`Accessible`) or, in the mode Enforce, not be written to (`Permitted`). The message says which and names the first few with their reasons. Service desks are counted elsewhere, in `ServiceDesksReady`.",
    apart: &[
        "Where `spec.projects` is left out, every project that the account sees is in scope, also those that it was never meant to write to. Name the projects, or set `mode: Observe`.",
    ],
    mend: &[
        "Look each reason up on this page.",
        "Not meant at all? Name the others in `spec.projects`.",
    ],
    operator: "The other projects go on, and so does the reading of those that cannot be written to: `status.projects.readable` and `writable` count both.",
    terms: &[],
};

pub(super) static PROJECT_KEY_RENAMED: Guide = Guide {
    found: "No project has the key that the spec names, and Jira still leads from it to one: under its old key, or under the id that was seen before. The message gives the new key. The condition stays True.",
    apart: &[
        "The issues changed their keys with the project: what was `SUP-1` is called by the new key everywhere but in old links.",
    ],
    mend: &["Jira shows it in the project's settings, under *Details* (*Space key*)."],
    operator: "The id never changes.",
    terms: &["project key changed", "space key", "moved"],
};

pub(super) static PROJECT_NOT_VISIBLE: Guide = Guide {
    found: "The project was looked for in the list by its key, and then by itself, and Jira answered that it does not exist. Jira answers so for everything that an account may not see, so the cause cannot be told from here. Two things are added where they help: the visible key that is most like it, and whether the service desk of that key is visible as a portal, which proves that the project exists.",
    apart: &[
        "*Not added*: an administrator opens the project and finds the account neither under *People* (company-managed) nor *Access* (team-managed).",
        "*Private*: a team-managed project whose access is *Private* shows itself to its members only.",
        "*Mistyped*: keys are upper-case and are the part before the hyphen in `SUP-123`; they are not the project's name.",
        "*Deleted*: it is neither in the list of projects nor in the trash.",
        "*Portal only*: the message says so. The account is a customer of the service project and in no role.",
        "On a Free plan roles and permission schemes cannot be edited.",
    ],
    mend: &["Step by step: [How to add the account to a project](#how-to-add-the-account-to-a-project)."],
    operator: "The project has its JiraProject all the same if the spec names it; one that was only discovered stays for seven days before it is removed.",
    terms: &["project does not exist", "No project could be found", "private space"],
};

pub(super) static PROJECT_ARCHIVED: Guide = Guide {
    found: "Jira lists the project among the archived ones. Its issues can still be read by a direct link, and appear in no search.",
    apart: &[
        "Archiving is a feature of the Premium and Enterprise plans; a Jira admin did it, or in a team-managed project one of its admins. The archive shows who and when.",
    ],
    mend: &[
        "*Settings* (cog) → *Spaces* → *Archive* in the sidebar → ••• beside the project → *Restore*. This needs a Jira admin. On older sites *Projects* stands for *Spaces*.",
        "Meant to stay archived? Remove it from `spec.projects`.",
    ],
    operator: "It no longer synchronises the project and keeps its JiraProject.",
    terms: &["archive", "read-only project"],
};

pub(super) static PROJECT_IN_TRASH: Guide = Guide {
    found: "Jira lists the project among the deleted ones. It stays in the trash for 60 days and is then gone for good, with its issues.",
    apart: &[
        "A Jira admin moved it there, or in a team-managed project one of its admins. The trash shows who, when, and when it ends.",
    ],
    mend: &[
        "*Settings* (cog) → *Spaces* → *Trash* in the sidebar → ••• beside the project → *Restore*. This needs a Jira admin. On older sites *Projects* stands for *Spaces*.",
        "Meant to be deleted? Remove it from `spec.projects`.",
    ],
    operator: "It no longer synchronises the project. A discovered project's JiraProject goes when the trash is emptied.",
    terms: &["deleted project", "recycle bin", "recover project"],
};

pub(super) static BROWSE_DENIED: Guide = Guide {
    found: "Jira lists the project, and the answer to the question for permissions lacks Browse projects (key `BROWSE_PROJECTS`). In a service project that permission alone proves nothing, because Jira answers what a portal customer may do; there the operator also reads the project itself, and is refused.",
    apart: &[
        "*Listed, not browsable*: who administers a project sees it in lists, also without Browse projects.",
        "*Customer portal only*: the message says so. The account is a customer of the service project, not its agent: see [NotAnAgent](#notanagent).",
        "*Browse depends on the issue*: a scheme that grants Browse projects to *Reporter*, *Current assignee* or a custom field shows the project's name to everybody, and its issues to few.",
    ],
    mend: &[
        "[Grant](#how-to-grant-a-permission) the role of the account *Browse spaces*, called *Browse Projects* earlier.",
        "In a service project [make the account an agent](#how-to-make-the-account-an-agent).",
    ],
    operator: "It lists the project and does not read its issues.",
    terms: &[
        "Browse Projects",
        "Browse spaces",
        "`BROWSE_PROJECTS`",
        "Service Project Customer - Portal Access",
    ],
};
