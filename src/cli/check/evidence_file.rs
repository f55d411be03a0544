//! What Jira answered, in a file: so that a report of a fault can carry it, and findings can be
//! had from it again without any network. Secrets are not among it.

use std::{
    fs::{self, OpenOptions},
    io::Write,
    os::unix::fs::OpenOptionsExt,
    path::Path,
};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::{from_evidence, lists::UnlistedProjects};
use crate::cli::context::{CheckedObject, CliError, ReportLine};
use crate::{
    api::{
        condition::{ConditionType, Finding},
        reason::Reason,
    },
    diagnose::{
        Evidence, PersonEvidence,
        judge::{self, person::PersonReason},
    },
};

/// Tells the file from others, and its form from later ones.
const FORM: &str = "jira-operator evidence 1";

/// A file of evidence.
#[derive(Clone, Debug, Serialize, Deserialize, PartialEq)]
#[serde(rename_all = "camelCase")]
pub struct SavedEvidence {
    form: String,
    /// Version of the program that asked.
    program: String,
    /// When it was asked.
    at: Timestamp,
    /// Namespace of the integration.
    namespace: String,
    /// Name of the integration.
    name: String,
    /// The conditions that are not Jira's to answer.
    taken_over: Vec<SavedFinding>,
    /// That the projects which the operator knows could not be listed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unlisted: Option<UnlistedProjects>,
    /// What Jira answered about the site, if that was asked.
    pub evidence: Option<Evidence>,
    /// What Jira answered about a person, if that was asked.
    pub person: Option<PersonEvidence>,
}

#[derive(Clone, Debug, Serialize, Deserialize, PartialEq)]
struct SavedFinding {
    condition: String,
    reason: String,
    message: String,
}

impl SavedEvidence {
    /// Evidence of an integration, without any yet.
    #[must_use]
    pub fn new(namespace: &str, name: &str, taken_over: &[Finding]) -> Self {
        let taken_over = taken_over.iter().map(|finding| SavedFinding {
            condition: finding.condition.as_str().to_owned(),
            reason: finding.reason.to_string(),
            message: finding.message(),
        });
        Self {
            form: FORM.to_owned(),
            program: env!("CARGO_PKG_VERSION").to_owned(),
            at: Timestamp::now(),
            namespace: namespace.to_owned(),
            name: name.to_owned(),
            taken_over: taken_over.collect(),
            unlisted: None,
            evidence: None,
            person: None,
        }
    }

    /// Reads a file.
    pub fn load(file: &Path) -> Result<Self, CliError> {
        let name = file.display();
        let text = fs::read_to_string(file).map_err(CliError::system(format!("--evidence {name}")))?;
        let saved: Self = serde_json::from_str(&text)
            .map_err(|error| format!("--evidence {name} is no evidence that check saved: {error}"))?;
        if saved.form != FORM {
            let (form, program) = (saved.form, saved.program);
            let other = format!("is of another form ({form}); version {program} of the program reads {FORM}");
            return Err(format!("--evidence {name} {other}").into());
        }
        Ok(saved)
    }

    /// Writes a file.
    pub fn store(&self, file: &Path) -> Result<(), CliError> {
        let json = serde_json::to_string_pretty(self)?;
        // It names people, so that only its owner may read it.
        let mut options = OpenOptions::new();
        let opened = options.write(true).create(true).truncate(true).mode(0o600).open(file);
        let written = opened.and_then(|mut file| file.write_all((json + "\n").as_bytes()));
        written.map_err(CliError::system(format!("--evidence-out {}", file.display())))
    }

    /// What follows from it: a pure function, so that the same file always gives the same.
    #[must_use]
    pub fn subjects(&self) -> Vec<CheckedObject> {
        let integration = self.evidence.as_ref().map(|evidence| {
            let taken_over: Vec<Finding> = self.taken_over.iter().filter_map(SavedFinding::finding).collect();
            let mut subject = from_evidence::live(&self.namespace, &self.name, evidence, &taken_over);
            subject
                .notes
                .push(format!("Checked live at {}.", evidence.declared.site));
            subject.lines.extend(self.unlisted.as_ref().map(UnlistedProjects::line));
            subject
        });
        let person = self.person.as_ref().map(|person| {
            let mut subject = CheckedObject::new("Person", "", &person.email);
            let found = judge::person::judge(person);
            subject.lines = found
                .iter()
                .map(|found| ReportLine::person(&person.project, found))
                .collect();
            // Of what is fine lines have no message, and this one says what was asked and what was not.
            let usable = found.iter().filter(|f| f.reason == PersonReason::PersonUsable);
            subject.closing = usable.map(|found| found.message.clone()).collect();
            subject
        });
        integration.into_iter().chain(person).collect()
    }
}

impl SavedFinding {
    fn finding(&self) -> Option<Finding> {
        let known = ConditionType::STEPS
            .iter()
            .find(|step| step.as_str() == self.condition)?;
        Some(Finding::as_written(*known, Reason::parse(&self.reason)?, &self.message))
    }
}
