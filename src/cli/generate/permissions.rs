//! `docs/permissions.md`: which scope and which permission which feature needs.

use std::fmt::Write as _;

use crate::api::{
    consent::{OFFLINE, SCOPES as CONSENT, Scope, scope_parameter},
    integration::Mode,
    requirements::{FEATURES, Feature, Permission},
};

const HEAD: &str = "# Scopes and permissions

What the operator needs, and for what. Two things have to come together: the OAuth **scopes** of the grant cap what a token may do at all, and
the **permissions** of the account decide where. A scope never widens what the account may do. Written by `jira-operator crds --generate`; do not edit.

## Scopes of the app

What every consent asks for, in the browser and in the terminal, so that the app has to have it ([how to make one](connect.md#the-app)):

```text
";

const SCOPES: &str = "
In the [developer console](https://developer.atlassian.com/console/myapps/) open the app, then *Permissions*: *Add* the API, *Configure*, and choose the
scopes of the *classic* kind. The ones for service desks stand in a part of their own. `offline_access` is nowhere in the console: it is asked for
when connecting. A scope that is added to the app later reaches a grant only by [connecting again](troubleshooting.md#how-to-connect).
";

const MODES: &str = "
With `mode: Observe` the scopes and permissions that write are not needed, and `ScopesGranted` and `Permitted` do not ask for them. Connecting
asks for them all the same, so that a change of mode needs no new consent; Observe never writes to Jira. [A grant with fewer](connect.md#from-git) comes
through the Secret.

## What each feature needs

";

const GLOBAL: &str = "
*Only helps* means that nothing is refused for want of it: the checks see less. Administer projects, for example, shows restricted request types,
which Jira hides from everybody else.

## Permissions of the account

Names as permission schemes have them, with what [Jira calls them today](troubleshooting.md#jiras-words) where that differs.

| permission | key | needed in | lacking it |
|---|---|---|---|
";

const ROLES: &str = "
One permission is global: **Browse users and groups** (key `USER_PICKER`, *Settings* → *System* → *Global permissions*). Without it every search for
people is empty: [UserBrowsingDenied](troubleshooting.md#userbrowsingdenied).

Beside these the account needs access to the apps: Jira as *User*, and where there are service projects Jira Service Management as *User
(Agent)* ([how](troubleshooting.md#how-to-make-the-account-an-agent)). Articles need access to Confluence, or a knowledge base that is open to all logged-in users.

## Roles for the dedicated account

Roles can be renamed and schemes changed, so the operator never looks at their names. As Jira sets projects up, these fit:

| project | company-managed | team-managed |
|---|---|---|
| software | a role that the permission scheme gives the permissions above, such as *Developers* or *Member*; *Modify reporter* often has to be added to it | *Member* |
| business | as for software | *Member* |
| service | *Service Desk Team*, with access to Jira Service Management as an agent | *Agent*, with access to Jira Service Management as an agent |
| any, with `mode: Observe` | any role with *Browse spaces* (*Browse Projects*) | *Viewer* |

A role of its own for the operator, granted exactly these permissions in the schemes, is the cleanest where many projects share a scheme. *Administrators* works
and gives more than is needed. What other guides ask for, and what of it the operator needs: [connect.md](connect.md#its-roles). [How to add the account](troubleshooting.md#how-to-add-the-account-to-a-project), [how to grant a
permission](troubleshooting.md#how-to-grant-a-permission).

## What can be asked and what cannot

Asked of Jira, and shown in conditions: the scopes of the grant; the account's kind; each permission above in each project; Browse users and groups; whether the
account is an agent, by that permission and not by a role; which request types it sees and may raise; the required fields of a form, where
no request type can be used; whether articles may be read; whether statuses and pinned people exist.

Not told to the operator, so not claimed:

- **Why** a permission is lacking: role membership and schemes are shown to administrators only.
- Whether an invisible project is private, deleted or mistyped: Jira answers alike.
- Whether the account is a *User Access Admin* or has another role of administrators at Atlassian: nothing here needs one.
- Restricted request types, unless the account administers the project.
- Issue-level (work item) security, and permissions granted to *Reporter* or *Current assignee*: they differ from issue to issue, and Jira answers for the project.
- Conditions and validators of workflows, and fields that a screen requires: they show when an issue is written.
- An app access rule in a data security policy (Atlassian Administration → *Security*), which hides contents from apps: it looks like missing data.
- Forms (formerly ProForma): their API is a separate one.
";

/// The page.
pub(super) fn page() -> String {
    let mut page = String::from(HEAD);
    let _ = write!(page, "{}\n```\n{SCOPES}", scope_parameter());
    page.push_str("\n| scope | API in the console | for | used today |\n|---|---|---|---|\n");
    for Scope { name, api, purpose } in CONSENT {
        let _ = writeln!(page, "| `{name}` | {api} | {purpose} | {} |", used_today(name));
    }
    page.push_str(MODES);
    page.push_str("| feature | modes | where | OAuth scopes | project permissions |\n|---|---|---|---|---|\n");
    page.extend(FEATURES.iter().map(row));
    page.push_str(GLOBAL);
    page.push_str(&permissions());
    page.push_str(ROLES);
    page
}

fn used_today(scope: &str) -> String {
    let users: Vec<&Feature> = FEATURES.iter().filter(|f| f.scopes.contains(&scope)).collect();
    let everywhere = users.iter().any(|f| f.modes.contains(&Mode::Observe));
    match (users.is_empty(), everywhere) {
        (true, _) if scope == OFFLINE => "yes".to_owned(),
        (true, _) => "not yet".to_owned(),
        (false, true) => "yes".to_owned(),
        (false, false) => format!("needed with `mode: {}`", mode(Mode::Enforce)),
    }
}

const fn mode(mode: Mode) -> &'static str {
    match mode {
        Mode::Enforce => "Enforce",
        Mode::Observe => "Observe",
    }
}

const fn place(service_projects_only: bool) -> &'static str {
    if service_projects_only {
        "service projects"
    } else {
        "everywhere"
    }
}

fn row(feature: &Feature) -> String {
    let modes: Vec<&str> = feature.modes.iter().map(|m| mode(*m)).collect();
    let scopes: Vec<String> = feature.scopes.iter().map(|scope| format!("`{scope}`")).collect();
    let permissions: Vec<String> = feature.permissions.iter().map(with_weight).collect();
    let cells = [
        feature.name.to_owned(),
        modes.join(", "),
        place(feature.service_projects_only).to_owned(),
        scopes.join(", "),
        permissions.join(", "),
    ];
    let cells = cells.map(|cell| if cell.is_empty() { "–".to_owned() } else { cell });
    format!("| {} |\n", cells.join(" | "))
}

fn with_weight(permission: &Permission) -> String {
    let weight = if permission.denied.is_some() {
        ""
    } else {
        " *(only helps)*"
    };
    format!("{}{weight}", permission.name)
}

/// Each permission once, under the feature that needs it most.
fn permissions() -> String {
    let mut text = String::new();
    let mut told: Vec<&str> = Vec::new();
    let all = || {
        FEATURES
            .iter()
            .flat_map(|feature| feature.permissions.iter().map(move |p| (feature, p)))
    };
    let needed = all().filter(|(_, permission)| permission.denied.is_some());
    for (feature, permission) in needed.chain(all()) {
        if told.contains(&permission.key) {
            continue;
        }
        told.push(permission.key);
        let modes: Vec<&str> = feature.modes.iter().map(|m| mode(*m)).collect();
        let lacking = permission.denied.map_or_else(
            || "only helps".to_owned(),
            |reason| format!("[{reason}](troubleshooting.md#{})", reason.as_str().to_lowercase()),
        );
        let _ = writeln!(
            text,
            "| {}{} | `{}` | {}, {} | {lacking} |",
            permission.name,
            today(permission.name),
            permission.key,
            place(permission.service_projects_only),
            modes.join(" and "),
        );
    }
    text
}

/// The name as current sites show it, where only the words for project and issue changed.
fn today(name: &str) -> String {
    let today = name.replace("projects", "spaces").replace("issues", "work items");
    if today == name {
        String::new()
    } else {
        format!(" (*{today}*)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_permission_stands_in_the_table_once() {
        let table = permissions();
        for permission in FEATURES.iter().flat_map(|feature| feature.permissions) {
            let key = format!("| `{}` |", permission.key);
            assert_eq!(table.matches(&key).count(), 1, "{key}");
        }
    }

    #[test]
    fn what_is_not_used_yet_is_said() {
        assert_eq!(used_today("manage:jira-webhook"), "not yet");
        assert_eq!(used_today("read:jira-work"), "yes");
        assert!(used_today("write:jira-work").contains("Enforce"));
    }
}
