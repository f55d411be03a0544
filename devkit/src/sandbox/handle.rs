//! The handle of a running sandbox: start, command, observe; dropping it stops it.

use std::collections::BTreeMap;
use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;

use jiff::Timestamp;
use tokio_util::sync::CancellationToken;

use super::command::{self, Answer, Command, CommandError, NewApp, NewIssues};
use super::connection::{Connection, CuttableListener};
use super::faults::rule::FaultRule;
use super::http;
use super::request_log::{Mark, Request};
use super::shared::Shared;
use super::webhooks;
use super::world::{self, Issue, SeedError, World};

/// A sandbox that could not be started.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The address cannot be listened on.
    #[error("the sandbox cannot listen on {address}: {source}")]
    Listen {
        /// The address.
        address: SocketAddr,
        /// The system's reason.
        source: io::Error,
    },
    /// A seed file is wrong.
    #[error("{0}")]
    Seed(String),
}

/// An app's public id, secret and callback address. Has no `Debug`, so that the secret is not printed by accident.
#[derive(Clone)]
pub struct AppCredentials {
    /// Public id.
    pub client_id: String,
    /// Secret.
    pub client_secret: String,
    /// The one callback address.
    pub callback_url: String,
}

/// The first tokens of a grant. Has no `Debug`, so that they are not printed by accident.
#[derive(Clone)]
pub struct Tokens {
    /// Number of the grant.
    pub grant: u64,
    /// Family of the refresh token.
    pub family: u64,
    /// Refresh token; empty without `offline_access`.
    pub refresh_token: String,
    /// Access token.
    pub access_token: String,
}

/// A running sandbox. Stops when dropped: the port closes and held requests end without an answer.
pub struct Sandbox {
    pub(super) shared: Arc<Shared>,
    url: String,
    address: SocketAddr,
    stop: CancellationToken,
}

impl Drop for Sandbox {
    fn drop(&mut self) {
        self.stop.cancel();
    }
}

impl Sandbox {
    /// Starts a sandbox with the seed's world on a free loopback port.
    ///
    /// # Errors
    /// When no port can be listened on.
    pub async fn start() -> Result<Self, StartError> {
        Self::start_on(SocketAddr::from((Ipv4Addr::LOCALHOST, 0))).await
    }

    /// Starts a sandbox with the seed's world on `address`; port 0 takes a free one.
    ///
    /// # Errors
    /// When the address cannot be listened on.
    pub async fn start_on(address: SocketAddr) -> Result<Self, StartError> {
        Self::serve(address, world::seeded()).await
    }

    /// Starts a sandbox on a free loopback port whose clock begins at `now`: its issues are as old as that.
    ///
    /// # Errors
    /// When no port can be listened on.
    pub async fn start_at(now: Timestamp) -> Result<Self, StartError> {
        Self::serve(SocketAddr::from((Ipv4Addr::LOCALHOST, 0)), world::seeded_at(now)).await
    }

    async fn serve(address: SocketAddr, world: Result<World, SeedError>) -> Result<Self, StartError> {
        let world = world.map_err(|error| StartError::Seed(error.to_string()))?;
        let shared = Arc::new(Shared::new(world));
        let stop = CancellationToken::new();
        let failed = |source| StartError::Listen { address, source };
        let listener = CuttableListener::bind(address, stop.clone());
        let listener = listener.await.map_err(failed)?;
        let bound = listener.address().map_err(failed)?;
        let service = http::router(&shared).into_make_service_with_connect_info::<Connection>();
        let stopped = stop.clone().cancelled_owned();
        tokio::spawn(webhooks::run(Arc::clone(&shared), stop.clone()));
        tokio::spawn(async move {
            let server = axum::serve(listener, service);
            // Ends only when asked to; an error after that has nobody to hear it.
            let _ = server.with_graceful_shutdown(stopped).await;
        });
        Ok(Self {
            shared,
            url: format!("http://{bound}"),
            address: bound,
            stop,
        })
    }

    /// The address for `ATLASSIAN_AUTH_URL`, `ATLASSIAN_API_URL` and `ATLASSIAN_SITE_URL`, without a slash at the end.
    #[must_use]
    pub fn url(&self) -> &str {
        &self.url
    }

    /// The address it listens on.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Carries out a command; the same as `POST /_sandbox/commands`.
    ///
    /// # Errors
    /// When the command names something unknown or asks for the impossible; nothing has changed then.
    pub fn command(&self, command: Command) -> Result<Answer, CommandError> {
        command::apply(&self.shared, command)
    }

    /// Makes `projects` projects (at least one), `P1` and so on, on the seed's first site, and this many unlike issues in them, changed
    /// one after the other in the last thirty days.
    ///
    /// # Errors
    /// When there are such projects already.
    pub fn populate(&self, projects: u32, issues: u32) -> Result<(), CommandError> {
        let projects = projects.max(1);
        self.command(Command::CreateProjects {
            site: None,
            count: projects,
            prefix: None,
            template: None,
        })?;
        for n in 1..=projects {
            // The first take what does not divide evenly.
            let more = u32::from(n <= issues % projects);
            self.command(Command::AddIssues(NewIssues {
                project: format!("P{n}"),
                count: issues / projects + more,
                spread_seconds: 30 * 24 * 3600,
                varied: true,
                ..NewIssues::default()
            }))?;
        }
        Ok(())
    }

    /// What a perfect mirror of the seed's first site holds: by id, with their keys, the issues of all live projects
    /// that the account (by default the dedicated one) may read. Search may lag behind it.
    #[must_use]
    pub fn readable_issues(&self, account: Option<&str>) -> BTreeMap<u64, (String, Arc<Issue>)> {
        let world = self.shared.world();
        let account = world.account(account.unwrap_or(world::BOT));
        let (Some(site), Some(account)) = (world.site(world::SITE), account) else {
            return BTreeMap::new();
        };
        let projects = site.projects.values();
        let shown = projects.filter(|project| project.is_live() && site.browses(project, &account.account_id));
        let issues = shown.flat_map(|project| project.issues.values().map(move |issue| (project, issue)));
        issues
            .filter(|(_, issue)| !site.is_unsearchable(issue.id))
            .map(|(project, issue)| {
                (
                    issue.id,
                    (format!("{}-{}", project.key, issue.number), Arc::clone(issue)),
                )
            })
            .collect()
    }

    /// Reads the world, for assertions. Do not call the sandbox from inside.
    pub fn state<T>(&self, read: impl FnOnce(&World) -> T) -> T {
        read(&self.shared.world())
    }

    /// The credentials of an app, by default the seed's.
    ///
    /// # Errors
    /// When there is no such app.
    pub fn app(&self, client_id: Option<&str>) -> Result<AppCredentials, CommandError> {
        let client_id = client_id.map(str::to_owned);
        self.credentials(Command::DescribeApp { client_id })
    }

    /// Registers a further app like the seed's, with its own secret.
    ///
    /// # Errors
    /// Only if the seed's app or admin is missing.
    pub fn create_app(&self) -> Result<AppCredentials, CommandError> {
        self.credentials(Command::CreateApp(NewApp::default()))
    }

    fn credentials(&self, command: Command) -> Result<AppCredentials, CommandError> {
        match self.command(command)? {
            Answer::App {
                client_id,
                client_secret,
                callback_url,
            } => Ok(AppCredentials {
                client_id,
                client_secret,
                callback_url,
            }),
            _ => Err(unexpected()),
        }
    }

    /// Grants everything the app may ask for on the seed's first site to an account (by default the dedicated one).
    ///
    /// # Errors
    /// When there is no such app or account.
    pub fn mint(&self, client_id: &str, account: Option<&str>) -> Result<Tokens, CommandError> {
        self.mint_as(Command::MintGrant {
            client_id: Some(client_id.to_owned()),
            account: account.map(str::to_owned),
            sites: None,
            scopes: None,
            online: false,
        })
    }

    /// The tokens of a [`Command::MintGrant`].
    ///
    /// # Errors
    /// When the command fails or is another one.
    pub fn mint_as(&self, command: Command) -> Result<Tokens, CommandError> {
        match self.command(command)? {
            Answer::Grant {
                grant,
                family,
                refresh_token,
                access_token,
            } => Ok(Tokens {
                grant,
                family,
                refresh_token: refresh_token.unwrap_or_default(),
                access_token,
            }),
            _ => Err(unexpected()),
        }
    }

    /// Puts a fault up and returns its id, for [`Self::wait_for_hits`] and [`Self::release`].
    #[must_use]
    pub fn fault(&self, rule: FaultRule) -> u64 {
        self.shared.faults.add(rule)
    }

    /// Takes a fault down and lets go what it holds.
    ///
    /// # Errors
    /// When there never was such a fault.
    pub fn release(&self, fault: u64) -> Result<(), CommandError> {
        self.command(Command::RemoveFault { id: fault }).map(|_| ())
    }

    /// Waits until the fault met `count` requests: for a hold, until that many arrived in it. Waits without limit;
    /// put a timeout around it. `false` when there never was such a fault.
    pub async fn wait_for_hits(&self, fault: u64, count: u32) -> bool {
        self.shared.faults.wait_for_hits(fault, count).await
    }

    /// Waits until the fault holds no request any more: released ones went on, and those of a killed client were given
    /// up. After killing a client wait for this before the release; else the request may still take effect.
    pub async fn wait_until_idle(&self, fault: u64) -> bool {
        self.shared.faults.wait_until_idle(fault).await
    }

    /// Every request received, oldest first (the last 200,000).
    #[must_use]
    pub fn requests(&self) -> Vec<Request> {
        self.shared.requests.all()
    }

    /// The present end of the log.
    #[must_use]
    pub fn mark(&self) -> Mark {
        self.shared.requests.mark()
    }

    /// The requests that arrived after `mark`.
    #[must_use]
    pub fn requests_since(&self, mark: Mark) -> Vec<Request> {
        self.shared.requests.since(mark)
    }

    /// Waits until `enough` holds for the requests after `mark`, and returns them. Waits without limit.
    pub async fn wait_for_requests(&self, mark: Mark, enough: impl Fn(&[Request]) -> bool) -> Vec<Request> {
        self.shared.requests.wait(mark, enough).await
    }

    /// Forgets the requests received so far.
    pub fn clear_requests(&self) {
        self.shared.requests.clear();
    }
}

fn unexpected() -> CommandError {
    CommandError::Invalid("the command answers something else".to_owned())
}
