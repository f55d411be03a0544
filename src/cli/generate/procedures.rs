//! What has to be done in Jira again and again, step by step, for the reasons to link to.

/// The part of `docs/troubleshooting.md`.
pub(super) const PROCEDURES: &str = "
## In Jira, step by step

Paths as Atlassian's support pages give them; see [Jira's words](#jiras-words) for older sites.

### How to connect

A person does it, logged in as the dedicated account; [connect.md](connect.md) has every way and the app that it takes.

- **In the browser:** open the link in `status.authorizationURL` in a private window, so that no other account is logged in, and press *Connect*. The
  link is there while a person is needed, where the operator serves the pages.
- **In the terminal:** `jira-operator connect NAME -n NAMESPACE`, or `kubectl jira connect`, which needs no pages: the callback is on your own machine.
- **From Git:** `jira-operator connect NAME --print` gives the Secret to seal; its `refresh-token` is adopted at once, and once only.

If the consent screen does not let you: *Distribution* in the [developer console](https://developer.atlassian.com/console/myapps/) has to be shared
unless the account owns the app, and the callback URL under *Authorization* has to be the one that the page or the command names. What the page says after
the consent, line by line: [connect.md](connect.md#in-the-browser).

### How to give access to Jira

As an organization admin, or a user access admin of the app:

1. Open [Atlassian Administration](https://admin.atlassian.com) → *Directory* → *Users*, and select the account. If it is missing: *Invite users*.
   (Sites with the original user management: the site → *Users*.)
2. *Grant access*, choose the role for the app: *User* for Jira, *User (Agent)* or *Agent* for Jira Service Management, and *Grant access* again.

A role *Customer* or *Stakeholder* is none of these. Where access comes by groups: *Directory* → *Groups* → the group → its members and apps.

### How to add the account to a project

- **Company-managed:** ••• beside the project's name → *Space settings* → *People* (in newer sites *Access* → *People and access*) → *Add people* → the
  account and a role. Which role may do what says the project's permission scheme, under *Permissions* in the same settings.
- **Team-managed:** ••• beside the project's name → *Space settings* → *Access* → *Add people* → the account and a role: *Member* in software and business
  projects, *Agent* in service projects.

This needs an administrator of the project. At the bottom of the ••• menu Jira says whether a project is company-managed or team-managed.

### How to grant a permission

- **Company-managed:** as a Jira admin, *Settings* (cog) → *Work items* → *Permission schemes* → the scheme of the project → *Update* beside the
  permission → choose a role that the account is in. A scheme is shared: the change holds for each project that uses it. Which scheme a project uses is
  shown in its settings under *Permissions*.
- **Team-managed:** there is no scheme. In the project's settings *Access* → *Manage roles* → a custom role with the permission. The roles that come with
  Jira cannot be changed.

Not on a Free plan: it has neither schemes nor roles to edit. To see why somebody has a permission or not, a Jira admin can use the *Permission helper*, beside
the scheme.

### How to make the account an agent

It takes both:

1. **Access as an agent** (the *agent licence*; it takes a seat): [give the account access](#how-to-give-access-to-jira) to Jira Service
   Management as *User (Agent)*, or *Agent*. Atlassian then adds it to the app's default group, called `jira-servicemanagement-users-SITE` on current sites. The names
   `jira-servicedesk-users` (Data Center) and `service-desk-agents` in older guides mean the same; the operator compares none of them.
2. **A role for agents in each service project:** [add the account](#how-to-add-the-account-to-a-project) to *Service Desk Team* in a company-managed one (or
   whatever role its permission scheme gives *Service Project Agent*), to *Agent* in a team-managed one.

### How to open the request types

••• beside the service project's name → *Space settings* → *Request management* → *Request types* (in older sites *Project settings* → *Request types*). The
list is ordered by portal groups; what is in none is hidden from the portal. A lock marks restricted ones. This needs an administrator of the project.

### How to find an account id

- In Jira: open the person's profile; its address ends in the id, as in `https://your-site.atlassian.net/jira/people/ACCOUNT-ID`.
- As an admin: Atlassian Administration → *Directory* → *Users* → the person; the id follows `/users/` in the address.
";
