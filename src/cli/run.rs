//! `jira-operator run`: the operator itself.

use std::{
    collections::BTreeSet,
    net::SocketAddr,
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use clap::Args;
use jiff::SignedDuration;
use kube::{Client, Config, client::ClientBuilder};
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;
use tracing::{info, warn};

use super::{connect_pages, startup_crds};
use crate::cli::context::{AtlassianOptions, CliError};
use crate::{
    atlassian::{endpoints::http_client, oauth::TokenEndpoint},
    cluster::{
        answer_deadline::AnswerDeadline, events::Events, server_clock::ServerClock, user_agent::introduced,
        watch_progress::WatchProgress,
    },
    controller::{self, Admission, Directories, LocalStates, Mirrors, SecretIndex, SharedAccess, context::Context},
    grant::{GrantStore, Grants},
    server::health::{self, Health},
    sync::{budget::PointPools, issues::Claims},
    telemetry::{LogFormat, Metrics, start_logging},
    tickets::FollowingCosts,
};

/// How long the last connect pages have to reach their browsers.
const LAST_PAGES: Duration = Duration::from_secs(2);

/// Options of `run`.
#[derive(Debug, Args)]
pub struct Options {
    /// Address for /healthz, /readyz and /metrics.
    #[arg(long, env = "LISTEN", default_value = "0.0.0.0:8080", value_name = "ADDR")]
    listen: SocketAddr,
    #[command(flatten)]
    pages: connect_pages::Options,
    /// Namespace to watch; repeatable. Every namespace when not given.
    #[arg(
        long = "watch-namespace",
        env = "WATCH_NAMESPACE",
        value_delimiter = ',',
        value_name = "NS"
    )]
    watch_namespaces: Vec<String>,
    #[command(flatten)]
    atlassian: AtlassianOptions,
    /// Seconds that a mirrored issue must be missing in Jira's lists before it is looked up and, if
    /// it is gone, removed. Jira's index may be minutes late.
    #[arg(long, env = "DELETION_DELAY", default_value_t = 300, value_name = "SECONDS",
          value_parser = clap::value_parser!(u32).range(..=86_400))]
    deletion_delay: u32,
    /// Seconds after which a ticket was not created whose creation got no answer, if it is not found until then. The
    /// other waits of creations scale with it.
    #[arg(long, env = "CREATION_SETTLE", default_value_t = 300, value_name = "SECONDS",
          value_parser = clap::value_parser!(u32).range(1..=3600))]
    creation_settle: u32,
    /// Reconciliations that run at once. Beside them run a sixth as many slices of long first synchronisations, and
    /// twice as many that only keep a token fresh.
    #[arg(long, env = "CONCURRENT_RECONCILES", default_value_t = 48, value_name = "NUMBER",
          value_parser = clap::value_parser!(u16).range(1..=1_000))]
    concurrent_reconciles: u16,
    /// The former name, for one version.
    #[arg(long, env = "CONCURRENT_PASSES", hide = true, conflicts_with = "concurrent_reconciles",
          value_parser = clap::value_parser!(u16).range(1..=1_000))]
    concurrent_passes: Option<u16>,
    /// How log lines are written.
    #[arg(long, env = "LOG_FORMAT", value_enum, default_value_t)]
    log_format: LogFormat,
    /// Seconds that exchanges under way are given to end after SIGTERM.
    #[arg(long, env = "SHUTDOWN_GRACE", default_value_t = 50, value_name = "SECONDS")]
    shutdown_grace: u64,
}

/// Runs until SIGTERM or SIGINT.
pub(super) async fn run(options: Options) -> Result<(), CliError> {
    start_logging(options.log_format);
    let progress = WatchProgress::default();
    let server_clock = ServerClock::default();
    let client = client(&progress, &server_clock).await?;
    let listener = TcpListener::bind(options.listen).await;
    let listener = listener.map_err(CliError::system(format!("--listen {}", options.listen)))?;
    let listen = listener.local_addr()?;
    let namespaces = namespaces(&options.watch_namespaces);
    let pages = options.pages.listen(listen).await?;
    let stop = stop_on_signal()?;
    let grace = Duration::from_secs(options.shutdown_grace);
    let store = GrantStore::new(client, namespaces.clone());
    let ctx = Arc::new(context(options, (store, server_clock), stop.clone())?);
    let pages = pages.map(|pages| tokio::spawn(pages.serve(&ctx, &namespaces, stop.clone())));
    let keeper = Arc::clone(&ctx.grants);
    let health = Arc::new(Health {
        metrics: Arc::clone(&ctx.metrics),
        watch_age: Box::new(move || progress.age()),
        has_unsaved: Box::new(move || keeper.has_unsaved()),
        awaited: Arc::new(Mutex::new("the API server".to_owned())),
        stopping: AtomicBool::new(false),
    });
    let server = tokio::spawn(health::serve(listener, Arc::clone(&health), CancellationToken::new()));
    info!(version = env!("CARGO_PKG_VERSION"), %listen, ?namespaces, "starting");
    if startup_crds::wait(&ctx.client, &namespaces, &health.awaited, &stop).await {
        tokio::spawn(startup_crds::compare(ctx.client.clone()));
        work(ctx, &namespaces, stop, &health, grace).await;
    }
    server.abort();
    if let Some(pages) = pages {
        // Who waits for the end of a consent sees it.
        let _ = tokio::time::timeout(LAST_PAGES, pages).await;
    }
    info!("stopped");
    Ok(())
}

/// Each answer of the API server has a deadline, and watches report progress.
async fn client(progress: &WatchProgress, clock: &ServerClock) -> Result<Client, CliError> {
    let config = Config::infer()
        .await
        .map_err(|e| format!("no cluster to talk to: {e}. Set KUBECONFIG or run in a cluster."))?;
    let builder = ClientBuilder::try_from(introduced(config))?;
    Ok(builder
        .with_layer(&AnswerDeadline::default())
        .with_layer(progress)
        .with_layer(&clock.layer())
        .build())
}

/// What every reconciliation has at hand.
fn context(
    options: Options,
    (store, server_clock): (GrantStore, ServerClock),
    stop: CancellationToken,
) -> Result<Context, CliError> {
    let endpoints = options.atlassian.endpoints()?;
    let http = http_client()?;
    let metrics = Arc::new(Metrics::default());
    let counted = Arc::clone(&metrics);
    let endpoint = TokenEndpoint::new(http.clone(), Arc::clone(&endpoints));
    let on_exchange = Box::new(move |outcome| counted.exchange(outcome));
    let links = options.pages.links(&store);
    let at_once = options.concurrent_passes.unwrap_or(options.concurrent_reconciles);
    Ok(Context {
        links,
        events: Events::new(store.client()),
        client: store.client(),
        http,
        endpoints,
        site_suffixes: options.atlassian.site_suffixes,
        grants: Grants::new(store.clone(), endpoint, on_exchange),
        grant_store: store,
        metrics,
        local_states: LocalStates::default(),
        mirrors: Mirrors::default(),
        shared_access: SharedAccess::default(),
        pools: PointPools::default(),
        following: FollowingCosts::default(),
        bursts: Arc::default(),
        directories: Directories::default(),
        deletion_delay: SignedDuration::from_secs(i64::from(options.deletion_delay)),
        creation_settle: Duration::from_secs(u64::from(options.creation_settle)),
        server_clock,
        claims: Claims::default(),
        index: Arc::new(SecretIndex::default()),
        admission: Admission::new(usize::from(at_once), stop),
    })
}

/// The namespaces to watch, each once.
fn namespaces(given: &[String]) -> Vec<String> {
    let names = given.iter().map(|name| name.trim()).filter(|name| !name.is_empty());
    let names: BTreeSet<&str> = names.collect();
    names.into_iter().map(str::to_owned).collect()
}

/// Reconciles until `stop`, then gives exchanges under way the grace period.
async fn work(ctx: Arc<Context>, namespaces: &[String], stop: CancellationToken, health: &Health, grace: Duration) {
    let keeper = Arc::clone(&ctx.grants);
    let stopping = stop.clone();
    let deadline = async {
        stopping.cancelled().await;
        health.stopping.store(true, Ordering::Relaxed);
        tokio::time::sleep(grace).await;
    };
    let told = stop.clone();
    // What is in memory only is stored while reconciliations end, which may take as long as the grace.
    let store_early = async {
        told.cancelled().await;
        keeper.shut_down().await;
    };
    let finish = async {
        let tickets = controller::run_tickets(Arc::clone(&ctx), namespaces, stop.clone());
        futures::join!(controller::run(ctx, namespaces, stop), tickets, store_early);
        keeper.shut_down().await;
    };
    tokio::select! {
        () = finish => {}
        () = deadline => warn!("the grace period ended before everything was stored"),
    }
}

fn stop_on_signal() -> std::io::Result<CancellationToken> {
    use tokio::signal::unix::{SignalKind, signal};
    let stop = CancellationToken::new();
    let told = stop.clone();
    let (mut terminate, mut interrupt) = (signal(SignalKind::terminate())?, signal(SignalKind::interrupt())?);
    tokio::spawn(async move {
        tokio::select! {
            _ = terminate.recv() => {}
            _ = interrupt.recv() => {}
        }
        told.cancel();
    });
    Ok(stop)
}
