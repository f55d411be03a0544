//! `AccountEligible`: whose grant it is.

use super::Guide;

pub(super) static WRONG_ACCOUNT: Guide = Guide {
    found: "Jira was asked who the token belongs to. The account id it told differs from `spec.account.accountId`, or the e-mail address from `spec.account.email` (upper and lower case do not matter).",
    apart: &[
        "A browser that is logged in does not ask for the account: the consent screen names it, and is easily overlooked.",
    ],
    mend: &[
        "Step by step: [How to connect](#how-to-connect).",
        "Is the account in the message the right one? Then correct `spec.account`.",
    ],
    operator: "It removes the access token from the consumers' Secret and asks Jira nothing else: what another account may see is nobody's business.",
    terms: &["personal account", "dedicated account", "bot user"],
};

pub(super) static MANAGED_SERVICE_ACCOUNT: Guide = Guide {
    found: "Jira told the account's kind: its e-mail address ends in `@serviceaccount.atlassian.com`, or it is an app account of the type *service*.",
    apart: &[
        "A service account cannot log in, so it cannot accept a consent screen; its token came from another way in, such as credentials made under *Service accounts*.",
    ],
    mend: &[
        "In [Atlassian Administration](https://admin.atlassian.com) invite an ordinary user for the operator (*Directory* → *Users* → *Invite users*), with a mailbox that somebody reads.",
        "Give it [access to Jira](#how-to-give-access-to-jira) and to the projects, and [connect](#how-to-connect) with it.",
    ],
    operator: "It removes the access token from the consumers' Secret.",
    terms: &["service account", "2LO", "client credentials"],
};

pub(super) static APP_ACCOUNT: Guide = Guide {
    found: "Jira told the account's kind: *app*. Such accounts belong to Connect, Forge and OAuth apps and to Rovo agents.",
    apart: &["It did not come from a consent screen: only people can accept one."],
    mend: &["The steps are those of [ManagedServiceAccount](#managedserviceaccount)."],
    operator: "It removes the access token from the consumers' Secret.",
    terms: &["app user", "bot", "Rovo agent"],
};

pub(super) static PORTAL_CUSTOMER_ACCOUNT: Guide = Guide {
    found: "Jira told the account's kind: *customer*, or an account id that begins with `qm:`, which portal-only accounts have.",
    apart: &[
        "The account was invited under *Customers* of a service project, or signed up in the help center. It can raise requests and see its own; it has no access to projects.",
    ],
    mend: &[
        "Best: invite an ordinary user for the operator instead, as in [How to give access to Jira](#how-to-give-access-to-jira).",
        "Or let an organization admin move the account: Atlassian Administration → *Apps* → the site → *Jira Service Management* → *Portal customers* → ••• → *Migrate to Atlassian account*, then give it access to Jira. [Connect again](#how-to-connect) afterwards.",
    ],
    operator: "It removes the access token from the consumers' Secret.",
    terms: &["portal-only customer", "help seeker", "customer account"],
};

pub(super) static ACCOUNT_INACTIVE: Guide = Guide {
    found: "Jira told the account as not active, while its token still worked. Once the token has expired, the same cause is shown as [ReconnectRequired](#reconnectrequired).",
    apart: &[
        "*Deactivated*: the account is closed everywhere (*Directory* → *Managed accounts*). With an identity provider it may have been closed there.",
        "*Suspended*: only its access to the organization was taken (*Directory* → *Users*, status *Suspended*).",
    ],
    mend: &[
        "In [Atlassian Administration](https://admin.atlassian.com) open the account and choose *Reactivate account* or *Restore access*.",
        "[Connect again](#how-to-connect): a deactivation ends the grant as well.",
    ],
    operator: "It removes the access token from the consumers' Secret.",
    terms: &["deactivated", "suspended", "offboarding"],
};

pub(super) static NO_PRODUCT_ACCESS: Guide = Guide {
    found: "The token is fresh, the grant reaches the site and has the scope, and Jira still refuses to say who the account is. Jira answers alike for each of the causes.",
    apart: &[
        "*No access to Jira*: log in to the site with the account; Jira does not open. In Atlassian Administration its page lists no role for Jira.",
        "*The site restricts it*: Jira opens in the browser and not for the app. An IP allowlist, or a policy on authentication or on apps, stands between (Atlassian Administration → *Security*).",
    ],
    mend: &[
        "[Give the account access to Jira](#how-to-give-access-to-jira), as *User*.",
        "With an IP allowlist: add the address by which the cluster reaches the internet.",
    ],
    operator: "It removes the access token from the consumers' Secret: nobody could use it.",
    terms: &[
        "product access",
        "app access",
        "Jira licence",
        "seat",
        "`jira-software-users`",
        "IP allowlist",
    ],
};

pub(super) static EMAIL_CHANGED: Guide = Guide {
    found: "Jira told the account id that `status.account.accountId` has from the time when the account was accepted for the very address in `spec.account.email`, and another e-mail address. So the address has changed, and the account has not.",
    apart: &[
        "*The domain was changed*: every account of the company has a new address.",
        "Not the account that is meant any more? Then connect with the one that is, and name it in `spec.account`.",
    ],
    mend: &[
        "The message has the new address and the account id. With `spec.account.accountId` this does not happen again.",
    ],
    operator: "It counts as the same account: the token in the consumers' Secret stays and is refreshed. Nothing else is asked of Jira until the spec names the address that the account has.",
    terms: &["domain migration", "e-mail address changed"],
};

pub(super) static EMAIL_HIDDEN: Guide = Guide {
    found: "Jira told who the account is without its e-mail address, and `spec.account` gives nothing but an address to compare. So whether it is the right one is Unknown.",
    apart: &[
        "The account's profile shows its address to nobody, or only to its organization. The app is not part of that.",
    ],
    mend: &[
        "Set `spec.account.accountId`; the message has the id of the account that holds the grant. See [How to find an account id](#how-to-find-an-account-id).",
        "Or, logged in as the account: profile picture → *Account settings* → *Profile and visibility* → *Contact* → *Email address* → *Anyone*.",
    ],
    operator: "It leaves the consumers' Secret as it is: a token that was published stays, a new one is not published until the account is known. Who connects in the browser or in the terminal is refused with this reason, and nothing is stored.",
    terms: &["profile visibility", "GDPR", "emailAddress is missing"],
};
