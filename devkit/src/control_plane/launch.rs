//! How the components of one control plane are started, and how it is seen that they are ready.

use std::path::PathBuf;
use std::time::Duration;

use axum::http::Request;
use k8s_openapi::api::core::v1::{ConfigMap, ServiceAccount};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::{ObjectMeta, OwnerReference};
use kube::api::{Api, PostParams};
use kube::config::{KubeConfigOptions, Kubeconfig};
use kube::{Client, Config};
use tokio::net::TcpStream;
use tokio::time::{Instant, interval};

use super::audit;
use super::binaries::Binaries;
use super::component::Component;
use super::components;
use super::credentials::{Credentials, write_private};
use super::error::Error;
use super::kubeconfig::{self, Connection};
use super::ports::free_port;
use crate::run_folder::RunFolder;

/// How long a component is given to get ready: twenty times what it takes on two idle cores.
const PATIENCE: Duration = Duration::from_mins(1);

/// All that is needed to start a component, and to start it again.
#[derive(Debug)]
pub(super) struct Launch {
    pub(super) binaries: Binaries,
    pub(super) credentials: Credentials,
    pub(super) kubeconfig: PathBuf,
    pub(super) audit_log: PathBuf,
    pub(super) url: String,
    etcd_flags: Vec<String>,
    etcd_port: u16,
    api_server_flags: Vec<String>,
    controller_manager_flags: Vec<String>,
    pub(super) folder: RunFolder,
}

impl Launch {
    /// Finds the programs and makes folder, ports, keys and files.
    pub(super) async fn prepare() -> Result<Self, Error> {
        let binaries = Binaries::find().await?;
        let run = RunFolder::create("control-plane").map_err(|source| Error::File {
            path: PathBuf::from("target/devkit/run"),
            source,
        })?;
        let folder = run.path();
        let credentials = Credentials::create(folder)?;
        let (etcd_port, peer_port, port) = (free_port()?, free_port()?, free_port()?);
        let url = format!("https://127.0.0.1:{port}");
        let policy = folder.join("audit-policy.json");
        write_private(&policy, &audit::policy())?;
        let audit_log = folder.join("audit.log");
        let kubeconfig = folder.join("admin.kubeconfig");
        let manager_kubeconfig = folder.join("controller-manager.kubeconfig");
        for (file, token) in [
            (&kubeconfig, &credentials.admin_token),
            (&manager_kubeconfig, &credentials.controller_manager_token),
        ] {
            let connection = Connection {
                server: &url,
                ca_pem: &credentials.ca_pem,
                token,
                namespace: None,
            };
            kubeconfig::write(file, &connection)?;
        }
        Ok(Self {
            etcd_flags: components::etcd(folder, etcd_port, peer_port),
            api_server_flags: components::api_server(folder, &credentials, (&policy, &audit_log), etcd_port, port),
            controller_manager_flags: components::controller_manager(&manager_kubeconfig),
            binaries,
            credentials,
            kubeconfig,
            audit_log,
            url,
            etcd_port,
            folder: run,
        })
    }

    /// Starts etcd and waits until it takes connections. The API server would wait for it by itself, but in
    /// steps of a second.
    pub(super) async fn etcd(&self) -> Result<Component, Error> {
        let etcd = Component::start(&self.binaries.etcd, "etcd", &self.etcd_flags, self.folder.path())?;
        let address = ("127.0.0.1", self.etcd_port);
        until(&etcd, || async {
            TcpStream::connect(address)
                .await
                .map(drop)
                .map_err(|error| error.to_string())
        })
        .await?;
        Ok(etcd)
    }

    pub(super) fn api_server(&self) -> Result<Component, Error> {
        let program = &self.binaries.api_server;
        Component::start(program, "kube-apiserver", &self.api_server_flags, self.folder.path())
    }

    pub(super) fn controller_manager(&self) -> Result<Component, Error> {
        let program = &self.binaries.controller_manager;
        let flags = &self.controller_manager_flags;
        Component::start(program, "kube-controller-manager", flags, self.folder.path())
    }

    /// A client with the administrator's rights.
    pub(super) async fn client(&self) -> Result<Client, Error> {
        let kubeconfig = Kubeconfig::read_from(&self.kubeconfig)?;
        let config = Config::from_custom_kubeconfig(kubeconfig, &KubeConfigOptions::default()).await?;
        Ok(Client::try_from(config)?)
    }
}

/// Waits until the API server calls itself ready.
pub(super) async fn api_server_ready(client: &Client, api_server: &Component) -> Result<(), Error> {
    until(api_server, || async {
        let request = Request::get("/readyz")
            .body(Vec::new())
            .map_err(|error| error.to_string())?;
        match client.request_text(request).await {
            Ok(_) => Ok(()),
            Err(error) => Err(error.to_string()),
        }
    })
    .await
}

/// Waits until the controllers work: the default service account is there, and the garbage collector, which
/// begins when it knows all kinds, has taken an object whose owner never was.
pub(super) async fn controllers_ready(client: &Client, manager: &Component) -> Result<(), Error> {
    let accounts: Api<ServiceAccount> = Api::namespaced(client.clone(), "default");
    until(manager, || async {
        match accounts.get_opt("default").await {
            Ok(Some(_)) => Ok(()),
            Ok(None) => Err("the default service account does not exist yet".to_owned()),
            Err(error) => Err(error.to_string()),
        }
    })
    .await?;
    let maps: Api<ConfigMap> = Api::namespaced(client.clone(), "default");
    let orphan = maps.create(&PostParams::default(), &orphan()).await?;
    let name = orphan.metadata.name.unwrap_or_default();
    until(manager, || async {
        match maps.get_opt(&name).await {
            Ok(None) => Ok(()),
            Ok(Some(_)) => Err("the garbage collector does not work yet".to_owned()),
            Err(error) => Err(error.to_string()),
        }
    })
    .await
}

/// An object that the garbage collector deletes as soon as it sees it.
fn orphan() -> ConfigMap {
    let owner = OwnerReference {
        api_version: "v1".to_owned(),
        kind: "ConfigMap".to_owned(),
        name: "never-was".to_owned(),
        uid: "00000000-0000-0000-0000-000000000000".to_owned(),
        ..OwnerReference::default()
    };
    ConfigMap {
        metadata: ObjectMeta {
            generate_name: Some("garbage-collector-probe-".to_owned()),
            owner_references: Some(vec![owner]),
            ..ObjectMeta::default()
        },
        ..ConfigMap::default()
    }
}

/// Asks until the answer is yes, the component has ended, or patience has.
async fn until<F, Answer>(component: &Component, mut ask: F) -> Result<(), Error>
where
    F: FnMut() -> Answer,
    Answer: Future<Output = Result<(), String>>,
{
    let began = Instant::now();
    let mut turn = interval(Duration::from_millis(25));
    let mut seen = "no answer".to_owned();
    loop {
        turn.tick().await;
        component.check()?;
        match tokio::time::timeout_at(began + PATIENCE, ask()).await {
            Ok(Ok(())) => return component.check(),
            Ok(Err(answer)) => seen = answer,
            Err(_) => return Err(component.not_ready(PATIENCE, seen)),
        }
    }
}
