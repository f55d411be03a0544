//! What can be checked of manifests without a cluster and without an access token.

use std::collections::BTreeSet;

use kube::ResourceExt;
use serde_json::Value;

use super::{
    crd_schema::{CRD_SCHEMAS, CrdSchema},
    field_error::FieldError,
    files::{self, ManifestDocument, ReadFailure, UnreadableFile},
    secret_manifest::{SECRET_SCHEMA, SecretManifest},
    widening::widened,
};
use crate::{
    api::{GROUP, integration::JiraIntegration, issue::JiraIssue},
    cli::context::{
        error::CliError,
        reasons::CheckReason,
        report::{CheckReport, CheckedObject, ReportLine},
    },
    diagnose::nearest,
};

/// What the files hold.
#[derive(Debug, Default)]
pub struct Manifests {
    /// Integrations, in their order.
    pub integrations: Vec<DeclaredIntegration>,
    /// Tickets, in their order.
    pub tickets: Vec<DeclaredTicket>,
    /// Secrets.
    pub secrets: Vec<SecretManifest>,
    /// What is known already without any request.
    subjects: Vec<CheckedObject>,
    /// Whether it has to be said of each thing in which file it stands.
    several_files: bool,
}

/// A ticket of a file, whose fields are as they should be.
#[derive(Debug)]
pub struct DeclaredTicket {
    /// It.
    pub issue: JiraIssue,
    /// What is found of it.
    pub subject: CheckedObject,
}

/// An integration of a file.
#[derive(Debug)]
pub struct DeclaredIntegration {
    /// It, as far as it can be read.
    pub integration: Option<JiraIntegration>,
    /// The API server refuses spec.site.
    pub is_site_refused: bool,
    /// The Secret with its credentials, if it is among the files.
    pub secret: Option<SecretManifest>,
    /// What is found of it.
    pub subject: CheckedObject,
}

impl Manifests {
    /// Reads the files and tries everything that needs no request. What names no namespace is taken for
    /// one of `namespace`.
    pub fn read(files: &[std::path::PathBuf], namespace: Option<&str>) -> Result<Self, CliError> {
        let kinds = CRD_SCHEMAS.as_ref()?;
        let of_secrets = SECRET_SCHEMA.as_ref()?;
        let (mut documents, unreadable) = files::read(files);
        if let Some(namespace) = namespace {
            for document in &mut documents {
                put_into(namespace, document);
            }
        }
        let read = documents.iter().map(|document| &document.file);
        let names: BTreeSet<&String> = read.chain(unreadable.iter().map(|file| &file.file)).collect();
        let mut all = Self {
            several_files: names.len() > 1,
            ..Self::default()
        };
        all.subjects.extend(unreadable.iter().map(unreadable_file));
        let secrets = documents.iter().filter(|document| is_secret(&document.object));
        all.secrets = secrets
            .map(|document| SecretManifest::read(&document.file, &document.object, of_secrets))
            .collect();
        for document in documents.iter().filter(|document| !is_secret(&document.object)) {
            all.take(document, kinds);
        }
        Ok(all)
    }

    fn take(&mut self, document: &ManifestDocument, kinds: &[CrdSchema]) {
        let text = |name: &str| document.object.get(name).and_then(Value::as_str).unwrap_or_default();
        let (kind, version) = (text("kind"), text("apiVersion"));
        match kinds.iter().find(|of| of.kind == kind) {
            Some(of) if of.api_version == version => self.try_on(document, of),
            None if !is_ours(version) => {}
            _ => self.subjects.push(unknown_kind(document, kinds)),
        }
    }

    fn try_on(&mut self, document: &ManifestDocument, kind: &CrdSchema) {
        let mut subject = named(document, &kind.kind);
        let (stored, errors) = kind.judge(&document.object);
        subject.lines = fields(&errors, &document.object);
        if kind.kind != "JiraIntegration" {
            match serde_json::from_value::<JiraIssue>(stored) {
                Ok(issue) if errors.is_empty() && issue.spec.is_ticket() => {
                    self.tickets.push(DeclaredTicket { issue, subject });
                }
                _ => self.subjects.push(subject),
            }
            return;
        }
        let integration: Result<JiraIntegration, _> = serde_json::from_value(stored);
        if let Err(error) = integration.as_ref()
            && errors.is_empty()
        {
            let message = format!("It cannot be read: {error}.");
            subject
                .lines
                .push(ReportLine::local("Fields", CheckReason::InvalidField, message));
        }
        let mut declared = DeclaredIntegration {
            integration: integration.ok(),
            is_site_refused: errors.iter().any(|error| error.path == "spec.site"),
            secret: None,
            subject,
        };
        declared.find_secret(&self.secrets, &document.file);
        self.integrations.push(declared);
    }

    /// Names of the integrations.
    #[must_use]
    pub fn integration_names(&self) -> Vec<String> {
        let read = self
            .integrations
            .iter()
            .filter_map(|declared| declared.integration.as_ref());
        read.map(ResourceExt::name_any).collect()
    }

    /// Everything that was found. Without a token the rest is not checked.
    #[must_use]
    pub fn report(self, not_looked_at: Option<&str>) -> CheckReport {
        let mut subjects = self.subjects;
        let used: Vec<String> = self
            .integrations
            .iter()
            .filter_map(|declared| Some(declared.integration.as_ref()?.spec.secret_ref.name.clone()))
            .collect();
        for mut declared in self.integrations {
            let lines = &mut declared.subject.lines;
            lines.extend(not_looked_at.map(|why| ReportLine::local("The rest", CheckReason::NotLookedAt, why)));
            subjects.push(declared.subject);
        }
        subjects.extend(self.tickets.into_iter().map(|ticket| ticket.subject));
        let wanted = |secret: &&SecretManifest| used.contains(&secret.name) || secret.is_meant_for_us();
        let several = self.several_files;
        let of_secret = |secret: &SecretManifest| {
            let mut subject = secret.subject();
            if several {
                subject.file.clone_from(&secret.file);
                subject.notes.push(format!("In {}.", secret.file));
            }
            subject
        };
        subjects.extend(self.secrets.iter().filter(wanted).map(of_secret));
        for subject in subjects.iter_mut().filter(|_| !several) {
            subject.file.clear();
        }
        CheckReport::of(subjects)
    }
}

impl DeclaredIntegration {
    /// Of Secrets with the name that of the same file is meant.
    fn find_secret(&mut self, secrets: &[SecretManifest], file: &str) {
        let Some(integration) = &self.integration else {
            return;
        };
        let name = &integration.spec.secret_ref.name;
        let namespace = integration.metadata.namespace.as_deref();
        let of_name: Vec<&SecretManifest> = secrets.iter().filter(|secret| secret.name == *name).collect();
        if let Some(secret) = meant(&of_name, namespace, file) {
            self.secret = Some(secret.clone());
            return;
        }
        let here = of_name.iter().find(|secret| secret.file == file);
        let (reason, message) = match here.or(of_name.first()) {
            Some(elsewhere) => (
                CheckReason::SecretElsewhere,
                format!(
                    "Secret {name} is among the files for namespace {}, but the integration is for {}: it reads Secrets of its own namespace only.",
                    elsewhere.namespace.as_deref().unwrap_or_default(),
                    namespace.unwrap_or_default()
                ),
            ),
            None => (
                CheckReason::SecretNotInFiles,
                format!(
                    "Secret {name}, which spec.secretRef names, is not among the files, so its keys were not checked."
                ),
            ),
        };
        self.subject
            .lines
            .push(ReportLine::local("Credentials", reason, message));
    }
}

/// Of Secrets with the name that spec.secretRef gives that of the same file. One of another file goes
/// before one that this file has for another namespace only where it is plainly for this one.
fn meant<'s>(of_name: &[&'s SecretManifest], namespace: Option<&str>, file: &str) -> Option<&'s SecretManifest> {
    let all = || of_name.iter().copied();
    let here = |secret: &&SecretManifest| secret.file == file;
    let same = |secret: &&SecretManifest| match (secret.namespace.as_deref(), namespace) {
        (Some(theirs), Some(ours)) => theirs == ours,
        _ => true,
    };
    let plainly = |secret: &&SecretManifest| namespace.is_some() && secret.namespace.as_deref() == namespace;
    let found = all().filter(here).find(same).or_else(|| all().find(plainly));
    found.or_else(|| all().find(same).filter(|_| !all().any(|secret| here(&secret))))
}

/// What the API server says of the fields, and what it does not say and is hardly meant.
fn fields(errors: &[FieldError], object: &Value) -> Vec<ReportLine> {
    let mut lines: Vec<ReportLine> = errors.iter().map(FieldError::line).collect();
    if lines.is_empty() {
        let accepted = CheckReason::FieldsAccepted;
        lines.push(ReportLine::local("Fields", accepted, accepted.meaning()));
    }
    lines.extend(widened(object).iter().map(FieldError::line));
    lines.extend(without_effect(object));
    lines
}

/// That a field is taken and has no effect any more.
fn without_effect(object: &Value) -> Option<ReportLine> {
    let is_accepted = |mode: &&Value| mode.as_str().is_some_and(|mode| ["Enforce", "Observe"].contains(&mode));
    object.pointer("/spec/mode").filter(is_accepted)?;
    let message =
        "spec.mode has no effect any more: whether the account has to write follows from spec.tickets. Leave it out.";
    Some(ReportLine::local("Fields", CheckReason::FieldWithoutEffect, message))
}

/// What names no namespace is applied to that of the command line.
fn put_into(namespace: &str, document: &mut ManifestDocument) {
    let metadata = document.object.get_mut("metadata").and_then(Value::as_object_mut);
    if let Some(metadata) = metadata {
        metadata.entry("namespace").or_insert_with(|| namespace.into());
    }
}

fn named(document: &ManifestDocument, kind: &str) -> CheckedObject {
    let text = |name: &str| {
        document
            .object
            .pointer(&format!("/metadata/{name}"))
            .and_then(Value::as_str)
    };
    let name = text("name")
        .or_else(|| text("generateName"))
        .unwrap_or("(without a name)");
    let mut subject = CheckedObject::new(kind, text("namespace").unwrap_or_default(), name);
    subject.file.clone_from(&document.file);
    subject.notes.push(format!("In {}.", document.file));
    subject
}

fn unreadable_file(file: &UnreadableFile) -> CheckedObject {
    let mut subject = CheckedObject::new("File", "", &file.file);
    subject.file.clone_from(&file.file);
    subject.lines.push(match &file.why {
        ReadFailure::NotRead(message) => ReportLine::local("File", CheckReason::FileNotRead, &**message),
        ReadFailure::NoManifest(message) => ReportLine::local("YAML", CheckReason::FileUnreadable, &**message),
    });
    subject
}

fn unknown_kind(document: &ManifestDocument, kinds: &[CrdSchema]) -> CheckedObject {
    let text = |name: &str| document.object.get(name).and_then(Value::as_str).unwrap_or_default();
    let (kind, version) = (text("kind"), text("apiVersion"));
    let names = kinds.iter().map(|of| of.kind.as_str());
    let meant = nearest(kind, names).and_then(|meant| kinds.iter().find(|of| of.kind == meant));
    let message = match meant {
        Some(meant) if meant.kind == kind => {
            format!("apiVersion of {kind} is {version}; it must be {}.", meant.api_version)
        }
        Some(meant) => format!(
            "There is no kind {kind}; {} is one, in {}.",
            meant.kind, meant.api_version
        ),
        None => format!("There is no kind {kind} in {version}."),
    };
    let is_kind = meant.is_some_and(|meant| meant.kind == kind);
    let mut subject = named(document, if is_kind { kind } else { "Object" });
    subject
        .lines
        .push(ReportLine::local("Kind", CheckReason::UnknownKind, message));
    subject
}

fn is_secret(object: &Value) -> bool {
    let text = |name: &str| object.get(name).and_then(Value::as_str).unwrap_or_default();
    text("kind") == "Secret" && !text("apiVersion").contains('/')
}

/// Whether a version is meant to be of our group.
fn is_ours(version: &str) -> bool {
    let group = version.split_once('/').map_or(version, |(group, _)| group);
    nearest(group, [GROUP]).is_some()
}
