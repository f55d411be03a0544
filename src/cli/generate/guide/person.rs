//! Why a ticket for one person fails: told by the command line, for one person and one project.

use super::Guide;

pub(super) static NOT_LOOKED_UP: Guide = Guide {
    found: "The account lacks the global permission Browse users and groups (key `USER_PICKER`), so Jira answers every search for people with an empty list. Whether the person exists is not known; of a pinned person it is not known whether they can be assigned.",
    apart: &["The integration shows the same as [UserBrowsingDenied](#userbrowsingdenied), whoever the person is."],
    mend: &[
        "Step by step: [UserBrowsingDenied](#userbrowsingdenied), [How to find an account id](#how-to-find-an-account-id).",
    ],
    operator: "It looks no further for the person, and still asks whether requests can be raised for others.",
    terms: &["`USER_PICKER`"],
};

pub(super) static NOT_FOUND: Guide = Guide {
    found: "A search for the whole address found no active account; then the list of all accounts, deactivated ones too, was looked through for one that shows the address. For a pinned person the site was asked for the account id.",
    apart: &[
        "*Address hidden*: the person uses Jira, and their profile shows the address to nobody. They cannot be found by it; pin them.",
        "*Another address*: the account has a former or a private one.",
        "*Not on this site*: the person was never invited.",
        "On sites with very many accounts only the first few thousand are looked through for a deactivated one; the message then says \"no active account\" instead of \"no account\".",
    ],
    mend: &[
        "Step by step: [How to give access to Jira](#how-to-give-access-to-jira), [How to find an account id](#how-to-find-an-account-id).",
    ],
    operator: "It matches no display name: anybody can choose any.",
    terms: &["user not found", "email not found"],
};

pub(super) static INACTIVE: Guide = Guide {
    found: "Jira knows the account and calls it not active. Such an account cannot be assigned.",
    apart: &["Atlassian Administration → *Directory* → *Users* shows whether it is suspended or deactivated."],
    mend: &["The steps for reactivating are those of [AccountInactive](#accountinactive)."],
    operator: "It asks nothing more about the account.",
    terms: &["deactivated user"],
};

pub(super) static EMAIL_HIDDEN: Guide = Guide {
    found: "Jira's search by the whole address found an account that does not show its address. It is very likely the right one, and nothing proves it: the search also matches names.",
    apart: &[
        "The message gives the account id. Open `https://your-site.atlassian.net/jira/people/ACCOUNT-ID` and see whether it is the person.",
    ],
    mend: &["Pin it with the e-mail address by which you name the person, whether or not their profile shows it."],
    operator: "It uses no account on a guess: a ticket in the wrong name is worse than none.",
    terms: &["profile visibility", "GDPR"],
};

pub(super) static PROJECT_NOT_VISIBLE: Guide = Guide {
    found: "Jira was asked who can be assigned in the project, and knows no project with that key, or does not show it to the account.",
    apart: &["`kubectl get jp` lists the projects that the account sees; a key is written in capitals."],
    mend: &[
        "Correct the key after `--project`.",
        "Or [add the account to the project](#how-to-add-the-account-to-a-project).",
    ],
    operator: "It says so of this question only; a project of `spec.projects` has its own condition.",
    terms: &[],
};

pub(super) static NOT_ASSIGNABLE: Guide = Guide {
    found: "Jira was asked who can be assigned in the project, for this account alone, and the answer was nobody.",
    apart: &[
        "*In no role with Assignable user*: others of the same team can be assigned.",
        "*No access to the app*: in a service project usually only agents can be assigned.",
    ],
    mend: &[
        "[Add the person to the project](#how-to-add-the-account-to-a-project), in a role that has *Assignable user*.",
        "Or [grant](#how-to-grant-a-permission) their role *Assignable user*.",
    ],
    operator: "It says so of this project only; in others the person may be assignable.",
    terms: &["Assignable user", "`ASSIGNABLE_USER`", "cannot be assigned issues"],
};

pub(super) static REQUESTS_FOR_OTHERS_DENIED: Guide = Guide {
    found: "The form of a request type says whether the account may raise requests on behalf of others (`canRaiseOnBehalfOf`), and it may not. This is the best that can be asked before raising one; Jira may still refuse a single person, for example where only invited customers may have requests.",
    apart: &["Agents may raise requests for others, customers may not: see [NotAnAgent](#notanagent)."],
    mend: &["Step by step: [How to make the account an agent](#how-to-make-the-account-an-agent)."],
    operator: "It says so only where it was asked: in service projects with at least one visible request type.",
    terms: &["raise on behalf of", "`raiseOnBehalfOf`", "`canRaiseOnBehalfOf`"],
};

pub(super) static NOT_ASKED: Guide = Guide {
    found: "Jira gave no usable answer to one of the questions; the message has its words.",
    apart: &[
        "An outage passes; a refusal comes back each time and is usually explained by another finding about the project.",
    ],
    mend: &["Mend what it says then, and come back to the person."],
    operator: "It draws no conclusion.",
    terms: &[],
};
