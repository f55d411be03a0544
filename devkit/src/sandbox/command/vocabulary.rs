//! The vocabulary of commands.
//!
//! A site is named by cloud id, host, or the first part of its host; a project by id or key; an account by id or
//! e-mail address. Left out, site, account and app mean those of the seed: `acme`, `jira-bot@acme.example` and
//! `sandbox-app`. Commands about service desks stand in [`DeskCommand`], those about roles, groups, statuses and
//! languages in [`ShapeCommand`], those about issues and search in [`IssueCommand`], those about rate limits and delays
//! in [`LimitCommand`]; as JSON all are written alike, `{"command": "removeDesk", "project": "SUP"}`.

use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::Value;

use super::desk_vocabulary::DeskCommand;
use super::issue_vocabulary::IssueCommand;
use super::limit_vocabulary::LimitCommand;
use super::shape_vocabulary::ShapeCommand;
use crate::sandbox::fault::FaultRule;
use crate::sandbox::world::{AccountType, Holder, RefusalKind};

/// A change to the sandbox.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(
    remote = "Self",
    tag = "command",
    rename_all = "camelCase",
    rename_all_fields = "camelCase",
    deny_unknown_fields
)]
#[allow(missing_docs)] // Each command says what its fields are for; repeating it at every field would hide it.
pub enum Command {
    // Apps, grants and tokens.
    /// Registers an app with a random secret; by default shared, owned by the site's admin, with the seed app's scopes.
    CreateApp {
        name: Option<String>,
        callback_url: Option<String>,
        scopes: Option<Vec<String>>,
        owner: Option<String>,
        #[serde(default)]
        private: bool,
    },
    /// Tells an app's credentials.
    DescribeApp { client_id: Option<String> },
    /// Gives an app another callback address.
    SetCallback {
        client_id: Option<String>,
        callback_url: String,
    },
    /// Replaces an app's secret; the old one is wrong from now on.
    RotateClientSecret { client_id: Option<String> },
    /// Makes a grant that no person clicks together, a managed service account's for example, and a first token pair.
    /// `sites` and `scopes` default to `acme` and everything the app may ask for; `online` leaves out `offline_access`.
    MintGrant {
        client_id: Option<String>,
        account: Option<String>,
        sites: Option<Vec<String>>,
        scopes: Option<Vec<String>>,
        #[serde(default)]
        online: bool,
    },
    /// Clicks through the consent page at this address as the account, for the sites.
    Consent {
        authorize_url: String,
        account: Option<String>,
        sites: Option<Vec<String>>,
        #[serde(default)]
        deny: bool,
    },
    /// Makes a grant and a code for the request at this address, as the consent page would, for an account that cannot log
    /// in there: a managed service account's for example.
    MintCode {
        authorize_url: String,
        account: Option<String>,
        sites: Option<Vec<String>>,
    },
    /// From now on no consent to the app grants these scopes, however many are asked for. Atlassian lets nobody choose, but
    /// a grant can hold less than was asked for all the same. An empty list ends it.
    WithholdScopes {
        client_id: Option<String>,
        scopes: Vec<String>,
    },
    /// Revokes the account's grant to the app, as a person does under connected apps.
    RevokeGrant {
        client_id: Option<String>,
        account: Option<String>,
    },
    /// The account changes its password, which kills its grants.
    ChangePassword { account: Option<String> },
    /// Lets the grant reach a further site, with these scopes or those it has elsewhere.
    AddSiteToGrant {
        client_id: Option<String>,
        account: Option<String>,
        site: String,
    },
    /// The grant no longer reaches the site.
    RemoveSiteFromGrant {
        client_id: Option<String>,
        account: Option<String>,
        site: Option<String>,
    },
    /// Takes a scope out of every grant to the app.
    DropScope { client_id: Option<String>, scope: String },
    /// Puts a scope into every grant to the app.
    AddScope { client_id: Option<String>, scope: String },
    /// Lifetime of access tokens issued from now on, for one app or for all.
    SetExpiresIn { seconds: u64, client_id: Option<String> },
    /// Ends a family so many days after its consent; without `days`, never.
    SetAbsoluteExpiry { days: Option<u32> },
    /// Which body dead refresh tokens are refused with.
    SetRefusal { kind: RefusalKind },
    /// Moves the sandbox's clock forward.
    AdvanceClock { seconds: u64 },
    /// Stops the sandbox's clock, which then moves by command only, or lets it run on from where it stands. Bursts do
    /// not refill while it is stopped.
    StopClock { stopped: bool },

    // People.
    /// Adds an account, with product access on the sites, and an agent's licence there if asked.
    AddAccount {
        email: String,
        display_name: Option<String>,
        #[serde(default)]
        account_type: AccountType,
        app_type: Option<String>,
        sites: Option<Vec<String>>,
        #[serde(default)]
        agent: bool,
    },
    /// Deactivates an account, which kills its grants, unless the deactivation has not come that far yet.
    DeactivateAccount {
        account: Option<String>,
        #[serde(default)]
        keep_grants: bool,
    },
    /// Activates it again; dead grants stay dead.
    ReactivateAccount { account: Option<String> },
    /// Makes an account one of another kind.
    SetAccountType {
        account: Option<String>,
        account_type: AccountType,
        app_type: Option<String>,
    },
    /// Gives an account another address, such as `…@serviceaccount.atlassian.com`.
    SetEmail { account: Option<String>, email: String },
    /// Gives an account another name, as a person does in the profile: no issue is touched by it.
    RenameAccount {
        account: Option<String>,
        display_name: String,
    },
    /// Hides the address by the profile's privacy setting, or shows it.
    HideEmail { account: Option<String>, hidden: bool },
    /// Takes all the account's groups with product access on the site. `status` is what the gateway answers then
    /// (403 or 401), `unlisted` also takes the site out of the account's accessible resources.
    RemoveProductAccess {
        site: Option<String>,
        account: Option<String>,
        status: Option<u16>,
        #[serde(default)]
        unlisted: bool,
    },
    /// Gives product access (and with `agent` an agent's licence) on the site.
    GrantProductAccess {
        site: Option<String>,
        account: Option<String>,
        #[serde(default)]
        agent: bool,
    },
    /// Takes the agent's licence; product access stays.
    RemoveAgentLicence {
        site: Option<String>,
        account: Option<String>,
    },
    /// Gives or takes a global permission, `USER_PICKER` for example.
    SetGlobalPermission {
        site: Option<String>,
        account: Option<String>,
        permission: String,
        held: bool,
    },

    // Sites.
    /// Makes a new site with the usual groups and nobody in them but the account.
    CreateSite {
        name: String,
        host: String,
        account: Option<String>,
    },
    /// Gives the site another host; the old one redirects, the cloud id stays.
    RenameSite { site: Option<String>, host: String },
    /// Puts another site, with another cloud id, under the site's host: a new empty one that the same grants reach, or
    /// `with`, one that was displaced before.
    ReplaceSite { site: Option<String>, with: Option<String> },
    /// Answers every call to the site with this status (503 by default), or no longer.
    SetSiteDown {
        site: Option<String>,
        down: bool,
        status: Option<u16>,
    },
    /// The site's administrators block the app, or let it in again.
    BlockApp {
        site: Option<String>,
        client_id: Option<String>,
        blocked: bool,
    },

    // Projects.
    /// Makes a project from a template. Company-managed: `software` (default), `business`, `service`. Team-managed:
    /// `team-managed` (software), `team-managed-service`, `open-service` (every logged-in user has the agent's role;
    /// the licence is still needed), `product-discovery`, `customer-service` (no service desk). Only `service` has a
    /// knowledge base.
    CreateProject {
        site: Option<String>,
        key: String,
        name: Option<String>,
        template: Option<String>,
    },
    /// Makes many projects, with keys `<prefix>1`, `<prefix>2` and so on; the prefix is `P` by default.
    CreateProjects {
        site: Option<String>,
        count: u32,
        prefix: Option<String>,
        template: Option<String>,
    },
    /// Archives a project.
    ArchiveProject { site: Option<String>, project: String },
    /// Moves a project to the trash.
    TrashProject { site: Option<String>, project: String },
    /// Brings a project back from archive or trash.
    RestoreProject { site: Option<String>, project: String },
    /// Deletes a project for ever.
    DeleteProject { site: Option<String>, project: String },
    /// Gives a project another key; the old one still finds it.
    RenameProjectKey {
        site: Option<String>,
        project: String,
        key: String,
    },
    /// Makes a project private: only those named in person play their roles in it; or open again.
    SetProjectPrivate {
        site: Option<String>,
        project: String,
        private: bool,
    },
    /// Gives the permission to the holder, or to the account.
    GrantPermission {
        site: Option<String>,
        project: String,
        permission: String,
        account: Option<String>,
        holder: Option<Holder>,
    },
    /// Takes the permission from the holder, or from every holder through which the account has it.
    RevokePermission {
        site: Option<String>,
        project: String,
        permission: String,
        account: Option<String>,
        holder: Option<Holder>,
    },
    /// Whether `permissions/check` counts portal access as `mypermissions` does, and whether `project/search` lists a
    /// service project to those who may only open its portal. `project/{key}` and JQL never show it to them.
    SetPortalLens {
        in_permissions_check: bool,
        #[serde(default)]
        in_project_search: bool,
    },

    // Faults and the journal.
    /// Puts a fault up.
    AddFault { rule: FaultRule },
    /// Takes a fault down and lets go what it holds.
    RemoveFault { id: u64 },
    /// Takes all faults down.
    ClearFaults,
    /// Tells which faults are up and what they did.
    ListFaults,
    /// Forgets the requests received so far.
    ClearRequests,

    // Further vocabularies.
    /// A command about a service desk.
    #[serde(skip)]
    Desk(DeskCommand),
    /// A command about how a site is set up.
    #[serde(skip)]
    Shape(ShapeCommand),
    /// A command about issues and search.
    #[serde(skip)]
    Issue(IssueCommand),
    /// A command about rate limits and delays.
    #[serde(skip)]
    Limit(LimitCommand),
}

impl Serialize for Command {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Desk(command) => command.serialize(serializer),
            Self::Shape(command) => command.serialize(serializer),
            Self::Issue(command) => command.serialize(serializer),
            Self::Limit(command) => command.serialize(serializer),
            // The derived one, which knows everything but those.
            other => Self::serialize(other, serializer),
        }
    }
}

impl<'de> Deserialize<'de> for Command {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let value = Value::deserialize(deserializer)?;
        let desk = DeskCommand::deserialize(&value).map(Self::Desk);
        let shape = ShapeCommand::deserialize(&value).map(Self::Shape);
        let issue = IssueCommand::deserialize(&value).map(Self::Issue);
        let limit = LimitCommand::deserialize(&value).map(Self::Limit);
        // The vocabulary that knows the command says what is wrong with its fields.
        let unknown = |error: &serde_json::Error| error.to_string().starts_with("unknown variant");
        let mut read = [desk, shape, issue, limit].into_iter();
        let known = read.find(|read| !read.as_ref().is_err_and(unknown));
        known
            .unwrap_or_else(|| Self::deserialize(&value))
            .map_err(D::Error::custom)
    }
}

impl From<DeskCommand> for Command {
    fn from(command: DeskCommand) -> Self {
        Self::Desk(command)
    }
}

impl From<ShapeCommand> for Command {
    fn from(command: ShapeCommand) -> Self {
        Self::Shape(command)
    }
}

impl From<IssueCommand> for Command {
    fn from(command: IssueCommand) -> Self {
        Self::Issue(command)
    }
}

impl From<LimitCommand> for Command {
    fn from(command: LimitCommand) -> Self {
        Self::Limit(command)
    }
}
