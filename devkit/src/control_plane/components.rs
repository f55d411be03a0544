//! The flags that each component is started with.

use std::path::Path;

use super::credentials::Credentials;

/// One etcd member that does not wait for the disk: its data live as long as the run.
pub(super) fn etcd(folder: &Path, client_port: u16, peer_port: u16) -> Vec<String> {
    let client = format!("http://127.0.0.1:{client_port}");
    let peer = format!("http://127.0.0.1:{peer_port}");
    vec![
        format!("--data-dir={}", folder.join("etcd").display()),
        format!("--listen-client-urls={client}"),
        format!("--advertise-client-urls={client}"),
        format!("--listen-peer-urls={peer}"),
        format!("--initial-advertise-peer-urls={peer}"),
        format!("--initial-cluster=default={peer}"),
        "--unsafe-no-fsync".to_owned(),
        "--quota-backend-bytes=4294967296".to_owned(),
        "--log-level=error".to_owned(),
    ]
}

/// An API server on loopback with RBAC, tokens from a file, and an audit log that is written before the answer.
pub(super) fn api_server(
    folder: &Path,
    credentials: &Credentials,
    (policy, audit_log): (&Path, &Path),
    etcd_port: u16,
    port: u16,
) -> Vec<String> {
    let flag = |name: &str, path: &Path| format!("--{name}={}", path.display());
    vec![
        format!("--etcd-servers=http://127.0.0.1:{etcd_port}"),
        format!("--secure-port={port}"),
        "--bind-address=127.0.0.1".to_owned(),
        // Without these two it looks for a default route and publishes the address it finds.
        "--advertise-address=127.0.0.1".to_owned(),
        "--endpoint-reconciler-type=none".to_owned(),
        "--service-cluster-ip-range=10.0.0.0/24".to_owned(),
        flag("cert-dir", &folder.join("certificates")),
        flag("tls-cert-file", &credentials.serving_certificate),
        flag("tls-private-key-file", &credentials.serving_key),
        flag("token-auth-file", &credentials.token_file),
        "--authorization-mode=RBAC".to_owned(),
        "--service-account-issuer=https://kubernetes.default.svc.cluster.local".to_owned(),
        flag("service-account-key-file", &credentials.service_account_public_key),
        flag("service-account-signing-key-file", &credentials.service_account_key),
        flag("audit-policy-file", policy),
        flag("audit-log-path", audit_log),
        "--audit-log-mode=blocking".to_owned(),
        // Never rotated: a reader keeps its place in bytes.
        "--audit-log-maxsize=0".to_owned(),
        // Without it the end waits for open watches, up to a minute (measured).
        "--shutdown-watch-termination-grace-period=500ms".to_owned(),
        "--profiling=false".to_owned(),
    ]
}

/// Only the controllers that a test without nodes can tell the absence of.
pub(super) fn controller_manager(kubeconfig: &Path) -> Vec<String> {
    vec![
        format!("--kubeconfig={}", kubeconfig.display()),
        "--controllers=namespace-controller,garbage-collector-controller,serviceaccount-controller,\
         clusterrole-aggregation-controller"
            .to_owned(),
        "--leader-elect=false".to_owned(),
        // Serves nobody, so that it needs no port.
        "--secure-port=0".to_owned(),
        // The defaults (20 and 30 requests a second) make the deletion of a full namespace slow.
        "--kube-api-qps=1000".to_owned(),
        "--kube-api-burst=2000".to_owned(),
        "--profiling=false".to_owned(),
    ]
}
