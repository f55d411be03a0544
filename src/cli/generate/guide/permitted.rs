//! Permitted: what the account may do in a project.

use super::Guide;

/// The permissions differ in their names only, and in how their causes are told apart.
macro_rules! denied {
    ($name:ident, $key:literal, $today:literal, $apart:expr, $terms:expr) => {
        denied!($name, $key, $today, $apart, $terms, BLOCKS);
    };
    ($name:ident, $key:literal, $today:literal, $apart:expr, $terms:expr, $operator:expr) => {
        pub(super) static $name: Guide = Guide {
            found: concat!(
                "In one question for all projects Jira was asked which permissions the account holds; the answer lacks `",
                $key,
                "` for this one. Which role or scheme withholds it Jira tells administrators only."
            ),
            apart: $apart,
            mend: &[
                concat!(
                    "Company-managed: [grant](#how-to-grant-a-permission) the role of the account *",
                    $today,
                    "*, or [add the account](#how-to-add-the-account-to-a-project) to a role that has it."
                ),
                "Team-managed: give it the role *Member* (in a service project *Agent*), or a custom role with the permission, under [*Access*](#how-to-add-the-account-to-a-project).",
                "Meant to read only? Set `mode: Observe`.",
            ],
            operator: $operator,
            terms: $terms,
        };
    };
}

const BLOCKS: &str = "It counts the project as blocked, which cannot be written to. What can be read of it is synchronised, and the others go on.";
const TELLS: &str = "It says so, and counts the project as one that can be written to: an issue can do without.";

/// Why a permission is lacking, where nothing special is to be said of it.
const IN_NO_ROLE: &[&str] = &[
    "*In no role that has it*: the account got its access through another role, such as *Viewer*, or through *Any logged in user*.",
    "*The scheme was changed*: several projects that share it fail at the same time.",
    "*It depends on the issue*: a permission granted to *Reporter* or *Current assignee* can be held for one issue and lacking for the project.",
];

denied!(
    CREATE_DENIED,
    "CREATE_ISSUES",
    "Create work items",
    IN_NO_ROLE,
    &["Create issues", "`CREATE_ISSUES`", "valid project is required"]
);

denied!(
    EDIT_DENIED,
    "EDIT_ISSUES",
    "Edit work items",
    IN_NO_ROLE,
    &["Edit issues", "`EDIT_ISSUES`"]
);

denied!(
    COMMENT_DENIED,
    "ADD_COMMENTS",
    "Add comments",
    IN_NO_ROLE,
    &["`ADD_COMMENTS`"]
);

denied!(
    TRANSITION_DENIED,
    "TRANSITION_ISSUES",
    "Transition work items",
    &[
        "*In no role that has it*: the account got its access through another role, such as *Viewer*, or through *Any logged in user*.",
        "*The scheme was changed*: several projects that share it fail at the same time.",
        "A workflow can restrict single transitions by conditions. That is no permission, and is not looked at here.",
    ],
    &["Transition issues", "`TRANSITION_ISSUES`", "change status"]
);

denied!(
    ASSIGN_DENIED,
    "ASSIGN_ISSUES",
    "Assign work items",
    &[
        "*In no role that has it*: the account got its access through another role, such as *Viewer*, or through *Any logged in user*.",
        "*Assignable user* is the other half: it lets a person be assigned, not assign. See [PersonNotAssignable](#personnotassignable).",
    ],
    &["Assign issues", "`ASSIGN_ISSUES`"],
    TELLS
);

denied!(
    REPORTER_CHANGE_DENIED,
    "MODIFY_REPORTER",
    "Modify reporter",
    &[
        "*Never granted*: many permission schemes give Modify reporter to *Administrators* only, so that this is often the one that is lacking.",
        "Without it Jira refuses an issue that names another reporter (an error of that field); written without one, it carries the account as its reporter.",
    ],
    &[
        "`MODIFY_REPORTER`",
        "reporter cannot be set",
        "reporter is not on the appropriate screen"
    ],
    TELLS
);

pub(super) static INTERNAL_COMMENT_DENIED: Guide = Guide {
    found: "Jira has no permission for internal comments. Agents can write them and customers cannot, so the operator asks for the agents' permission (key `SERVICEDESK_AGENT`), which the account lacks in this service project.",
    apart: &[
        "[NotAnAgent](#notanagent) has the same cause and says how to tell the parts of it apart; both are mended at once, and `Ready` names one of them.",
    ],
    mend: &[
        "[Make the account an agent](#how-to-make-the-account-an-agent).",
        "Meant to read only? Set `mode: Observe`.",
    ],
    operator: "It counts the project as blocked, which cannot be written to: a comment that was meant to be internal and goes out to customers would be worse than none.",
    terms: &[
        "internal note",
        "private comment",
        "`SERVICEDESK_AGENT`",
        "`sd.public.comment`",
    ],
};
