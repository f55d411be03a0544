//! The keys, certificates and tokens of one control plane, made when it starts and gone when it stops.

use std::fmt;
use std::fs::File;
use std::io::Write;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use rand::Rng;
use rand::distr::Alphanumeric;
use rcgen::{BasicConstraints, CertificateParams, DnType, IsCa, Issuer, KeyPair, KeyUsagePurpose};

use super::error::Error;

/// User name of the person (or test) that drives the control plane.
pub(super) const ADMIN: &str = "devkit:admin";
/// User name of the controller manager in the audit log.
pub(super) const CONTROLLER_MANAGER: &str = "devkit:controller-manager";

/// What the API server and its clients identify themselves with.
pub(super) struct Credentials {
    /// The certificate authority that signed the API server's certificate, PEM.
    pub(super) ca_pem: String,
    pub(super) admin_token: String,
    pub(super) controller_manager_token: String,
    pub(super) serving_certificate: PathBuf,
    pub(super) serving_key: PathBuf,
    pub(super) service_account_key: PathBuf,
    pub(super) service_account_public_key: PathBuf,
    pub(super) token_file: PathBuf,
}

impl fmt::Debug for Credentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Tokens and keys are not to be printed.
        f.debug_struct("Credentials").finish_non_exhaustive()
    }
}

impl Credentials {
    /// Makes all of them; the files lie in `folder`, readable by this user alone.
    pub(super) fn create(folder: &Path) -> Result<Self, Error> {
        let (ca_pem, certificate, key) = serving_certificate()?;
        let service_accounts = KeyPair::generate()?;
        let (admin_token, controller_manager_token) = (token(), token());
        let tokens = format!(
            "{admin_token},{ADMIN},{ADMIN},\"system:masters\"\n\
             {controller_manager_token},{CONTROLLER_MANAGER},{CONTROLLER_MANAGER},\"system:masters\"\n"
        );
        let write = |name: &str, text: &str| {
            let path = folder.join(name);
            write_private(&path, text).map(|()| path)
        };
        Ok(Self {
            serving_certificate: write("serving.pem", &certificate)?,
            serving_key: write("serving-key.pem", &key)?,
            service_account_key: write("service-accounts-key.pem", &service_accounts.serialize_pem())?,
            service_account_public_key: write("service-accounts.pem", &service_accounts.public_key_pem())?,
            token_file: write("tokens.csv", &tokens)?,
            ca_pem,
            admin_token,
            controller_manager_token,
        })
    }
}

/// A certificate authority, and a certificate for loopback signed by it with its key, all PEM.
fn serving_certificate() -> Result<(String, String, String), rcgen::Error> {
    let mut authority = CertificateParams::default();
    authority
        .distinguished_name
        .push(DnType::CommonName, "devkit control plane");
    authority.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    authority.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::DigitalSignature];
    let authority_key = KeyPair::generate()?;
    let ca_pem = authority.self_signed(&authority_key)?.pem();
    let issuer = Issuer::new(authority, authority_key);

    let names = ["127.0.0.1", "localhost", "kubernetes.default.svc"].map(String::from);
    let mut server = CertificateParams::new(names)?;
    server.distinguished_name.push(DnType::CommonName, "kube-apiserver");
    let server_key = KeyPair::generate()?;
    let certificate = server.signed_by(&server_key, &issuer)?.pem();
    Ok((ca_pem, certificate, server_key.serialize_pem()))
}

fn token() -> String {
    rand::rng().sample_iter(Alphanumeric).take(43).map(char::from).collect()
}

/// Writes a new file that only this user can read.
pub(super) fn write_private(path: &Path, text: &str) -> Result<(), Error> {
    File::options()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(path)
        .and_then(|mut file| file.write_all(text.as_bytes()))
        .map_err(Error::at(path))
}
