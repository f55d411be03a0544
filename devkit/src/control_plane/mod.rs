//! A real Kubernetes control plane without containers: etcd, API server and the few controllers that tests
//! and the demo need, as child processes on free loopback ports.
//!
//! All of it ends with the [`ControlPlane`], or with the process that holds it, however that ends. It lives in
//! the Tokio runtime it was started in.

mod audit;
mod binaries;
mod component;
mod components;
mod credentials;
mod error;
mod kubeconfig;
mod launch;
mod ports;

use std::fmt;
use std::fs;
use std::io;
use std::path::Path;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use futures::future::select_all;
use k8s_openapi::api::authentication::v1::{TokenRequest, TokenRequestSpec};
use k8s_openapi::api::core::v1::ServiceAccount;
use kube::Client;
use kube::api::{Api, PostParams};
use tokio::process::Command;

pub use audit::{AuditEntry, AuditLog, AuditTail, Stage};
pub use error::Error;

use component::Component;
use kubeconfig::Connection;
use launch::Launch;

/// How long the API server may take to end in order before it is killed: it takes about one second (measured).
const GRACE: Duration = Duration::from_secs(5);

/// Lifetime of the tokens that [`ControlPlane::service_account_token`] asks for.
const TOKEN_LIFETIME: Duration = Duration::from_hours(4);

/// A running control plane; ended on drop.
pub struct ControlPlane {
    // Dropped in this order: what depends on another comes first, the folder last.
    controller_manager: Slot,
    api_server: Slot,
    etcd: Slot,
    launch: Launch,
    client: Client,
}

impl fmt::Debug for ControlPlane {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ControlPlane")
            .field("url", &self.launch.url)
            .finish_non_exhaustive()
    }
}

/// Holds a component, or nothing while it is being restarted.
#[derive(Debug)]
struct Slot {
    name: &'static str,
    component: Mutex<Option<Component>>,
}

impl Slot {
    fn new(component: Component) -> Self {
        Self {
            name: component.name(),
            component: Mutex::new(Some(component)),
        }
    }

    fn lock(&self) -> MutexGuard<'_, Option<Component>> {
        self.component.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn take(&self) -> Result<Component, Error> {
        self.lock().take().ok_or(Error::NotRunning(self.name))
    }

    fn put(&self, component: Component) {
        *self.lock() = Some(component);
    }

    fn with<T>(&self, act: impl FnOnce(&mut Component) -> Result<T, Error>) -> Result<T, Error> {
        act(self.lock().as_mut().ok_or(Error::NotRunning(self.name))?)
    }
}

impl ControlPlane {
    /// Starts a control plane, building its programs when they are not there. When it returns, the API server
    /// is ready and the controllers run.
    ///
    /// # Errors
    /// When there are no programs and no Go to build them, or a component does not get ready.
    pub async fn start() -> Result<Self, Error> {
        // Another provider that the process has installed does as well.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let mut attempts = 1;
        loop {
            match Self::try_start().await {
                Err(error) if error.is_port_taken() && attempts < 3 => attempts += 1,
                result => return result,
            }
        }
    }

    async fn try_start() -> Result<Self, Error> {
        let launch = Launch::prepare().await?;
        let etcd = launch.etcd().await?;
        let api_server = launch.api_server()?;
        let client = launch.client().await?;
        launch::api_server_ready(&client, &api_server).await?;
        let controller_manager = launch.controller_manager()?;
        launch::controllers_ready(&client, &controller_manager).await?;
        Ok(Self {
            controller_manager: Slot::new(controller_manager),
            api_server: Slot::new(api_server),
            etcd: Slot::new(etcd),
            launch,
            client,
        })
    }

    /// Kubeconfig of the administrator.
    #[must_use]
    pub fn kubeconfig(&self) -> &Path {
        &self.launch.kubeconfig
    }

    /// A client with the administrator's rights.
    #[must_use]
    pub fn client(&self) -> Client {
        self.client.clone()
    }

    /// `https://127.0.0.1:<port>`; stays the same when the API server is restarted.
    #[must_use]
    pub fn url(&self) -> &str {
        &self.launch.url
    }

    /// The certificate authority of the API server, PEM.
    #[must_use]
    pub fn ca_pem(&self) -> &str {
        &self.launch.credentials.ca_pem
    }

    /// What was asked of the API server, by whom, and what was answered.
    #[must_use]
    pub fn audit(&self) -> AuditLog {
        AuditLog::new(self.launch.audit_log.clone())
    }

    /// Folder of this run with the logs of the components; removed when the control plane ends.
    #[must_use]
    pub fn folder(&self) -> &Path {
        self.launch.folder.path()
    }

    /// `kubectl` as the administrator; arguments are to be added.
    #[must_use]
    pub fn kubectl(&self) -> Command {
        let mut command = self.launch.binaries.kubectl.command();
        command
            .env("KUBECONFIG", self.kubeconfig())
            .env("KUBECACHEDIR", self.folder().join("kubectl-cache"))
            .kill_on_drop(true);
        command
    }

    /// Writes a kubeconfig for the holder of `token` to `file`, readable by this user alone. `server` is
    /// another way to the API server, such as a [`crate::proxy::Proxy`]'s URL.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub fn kubeconfig_for(
        &self,
        file: &Path,
        token: &str,
        namespace: Option<&str>,
        server: Option<&str>,
    ) -> Result<(), Error> {
        let connection = Connection {
            server: server.unwrap_or(self.url()),
            ca_pem: self.ca_pem(),
            token,
            namespace,
        };
        kubeconfig::write(file, &connection)
    }

    /// Writes the administrator's kubeconfig to `file`.
    ///
    /// # Errors
    /// When the file holds what this launcher did not write, or cannot be written.
    pub fn export_kubeconfig(&self, file: &Path) -> Result<(), Error> {
        refuse_foreign(file)?;
        self.kubeconfig_for(file, &self.launch.credentials.admin_token, None, None)
    }

    /// A token of a service account, asked for by `TokenRequest`, valid for four hours. A service account that
    /// does not exist is an error.
    ///
    /// # Errors
    /// When the API server refuses.
    pub async fn service_account_token(&self, namespace: &str, name: &str) -> Result<String, Error> {
        let request = TokenRequest {
            spec: TokenRequestSpec {
                expiration_seconds: i64::try_from(TOKEN_LIFETIME.as_secs()).ok(),
                ..TokenRequestSpec::default()
            },
            ..TokenRequest::default()
        };
        let accounts: Api<ServiceAccount> = Api::namespaced(self.client(), namespace);
        let answer = accounts
            .create_token_request(name, &PostParams::default(), &request)
            .await?;
        let status = answer
            .status
            .ok_or_else(|| Error::NoToken(format!("{namespace}/{name}")))?;
        Ok(status.token)
    }

    /// Ends the API server and starts it again on the same port, with what it stored. Open watches break.
    ///
    /// # Errors
    /// When it does not get ready, or is being restarted already.
    pub async fn restart_api_server(&self) -> Result<(), Error> {
        self.api_server.take()?.stop(GRACE).await;
        let api_server = self.launch.api_server()?;
        launch::api_server_ready(&self.client, &api_server).await?;
        self.api_server.put(api_server);
        Ok(())
    }

    /// Ends the controller manager and starts it again: so the garbage collector learns of CRDs installed a
    /// moment ago. By itself it looks for new kinds every 30 seconds (fixed in its source), and collects
    /// nothing of a kind it does not know.
    ///
    /// # Errors
    /// When it does not start, or is being restarted already.
    pub async fn restart_controller_manager(&self) -> Result<(), Error> {
        self.controller_manager.take()?.stop(Duration::ZERO).await;
        let controller_manager = self.launch.controller_manager()?;
        launch::controllers_ready(&self.client, &controller_manager).await?;
        self.controller_manager.put(controller_manager);
        Ok(())
    }

    /// Stops the API server from answering without closing a connection (SIGSTOP).
    ///
    /// # Errors
    /// When it is not running.
    pub fn freeze_api_server(&self) -> Result<(), Error> {
        self.api_server.with(Component::freeze)
    }

    /// Lets a frozen API server go on (SIGCONT).
    ///
    /// # Errors
    /// When it is not running.
    pub fn thaw_api_server(&self) -> Result<(), Error> {
        self.api_server.with(Component::thaw)
    }

    /// Waits until a component that runs now has ended, and says which and how.
    pub async fn broken(&self) -> Error {
        let mut waiting = Vec::new();
        for slot in [&self.controller_manager, &self.api_server, &self.etcd] {
            let Ok((mut ended, log)) = slot.with(|component| Ok((component.ended(), component.log().to_owned())))
            else {
                return Error::NotRunning(slot.name);
            };
            waiting.push(Box::pin(async move {
                let status = ended.wait_for(Option::is_some).await.ok().and_then(|status| *status);
                status.map_or(Error::NotRunning(slot.name), |status| {
                    component::ended(slot.name, status, &log)
                })
            }));
        }
        select_all(waiting).await.0
    }

    /// Ends everything and waits for it. Nothing is shut down in order: the data go too.
    pub async fn stop(self) {
        for slot in [&self.controller_manager, &self.api_server, &self.etcd] {
            if let Ok(component) = slot.take() {
                component.stop(Duration::ZERO).await;
            }
        }
    }
}

/// Makes way for the kubeconfig that [`ControlPlane::export_kubeconfig`] will write, so that who waits for it
/// does not find that of an earlier run.
///
/// # Errors
/// When the file holds what this launcher did not write, or cannot be removed.
pub fn clear_kubeconfig(file: &Path) -> Result<(), Error> {
    refuse_foreign(file)?;
    match fs::remove_file(file) {
        Err(source) if source.kind() != io::ErrorKind::NotFound => Err(Error::at(file)(source)),
        _ => Ok(()),
    }
}

fn refuse_foreign(file: &Path) -> Result<(), Error> {
    if kubeconfig::may_overwrite(file) {
        return Ok(());
    }
    let message = "is not a kubeconfig written by devkit and will not be overwritten; name another file";
    Err(Error::at(file)(io::Error::other(message)))
}
