//! What a check found, as plain data: what is printed follows from it, and the exit code.

use k8s_openapi::apimachinery::pkg::apis::meta::v1::Condition;
use serde::Serialize;

use super::{reasons::CheckReason, severity::Severity};
use crate::{
    api::{
        condition::Finding,
        reason::{Holds, Reason},
    },
    diagnose::judge::person::{PersonFinding, PersonReason},
};

/// Exit code where something is wrong.
pub const FINDINGS: u8 = 1;
/// Exit code where nothing could be checked.
pub const COULD_NOT_LOOK: u8 = 2;

/// One thing that was checked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReportLine {
    /// What was checked, such as a condition.
    pub condition: String,
    /// The reason of what was found.
    pub reason: String,
    /// What a person reads.
    pub message: String,
    /// Whether the condition is True, False or Unknown.
    pub status: Holds,
    /// How grave it is.
    pub severity: Severity,
    /// The command that says more about the reason.
    pub hint: String,
    /// What it is about, where the condition alone does not tell.
    pub about: String,
    /// Whether another line has the cause, so that the message would be noise.
    pub explained: bool,
}

/// What the lines are about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CheckedObject {
    /// Its kind.
    pub object: String,
    /// The file that it stands in, where there are several.
    pub file: String,
    /// Its namespace, if it has one.
    pub namespace: String,
    /// Its name.
    pub name: String,
    /// Its `Ready` condition, which sums the lines up, if it has one.
    pub ready: Option<ReportLine>,
    /// How it was checked.
    pub notes: Vec<String>,
    /// What was found.
    pub lines: Vec<ReportLine>,
    /// What belongs to it.
    pub parts: Vec<CheckedObject>,
    /// What is to be said at the end.
    pub closing: Vec<String>,
}

/// Everything that was found.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CheckReport {
    /// What was checked.
    pub subjects: Vec<CheckedObject>,
    /// Whether what is fine is left out.
    pub brief: bool,
    /// Whether warnings count as findings for the exit code.
    pub strict: bool,
}

/// How many lines there are of each kind.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct SeverityCounts {
    /// Findings, those that another explains not counted.
    pub findings: usize,
    /// Warnings, counted likewise.
    pub warnings: usize,
    /// What could not be checked.
    pub unknown: usize,
    /// What is fine.
    pub fine: usize,
}

/// A line as programs read it.
#[derive(Debug, Serialize)]
pub struct ReportRow<'a> {
    object: &'a str,
    namespace: &'a str,
    name: &'a str,
    condition: &'a str,
    status: &'static str,
    severity: Severity,
    reason: &'a str,
    message: &'a str,
    hint: &'a str,
    #[serde(skip_serializing_if = "str::is_empty")]
    file: &'a str,
}

impl<'a> ReportRow<'a> {
    fn of(subject: &'a CheckedObject, line: &'a ReportLine) -> Self {
        Self {
            object: &subject.object,
            namespace: &subject.namespace,
            name: &subject.name,
            condition: &line.condition,
            status: line.status.as_str(),
            severity: line.severity,
            reason: &line.reason,
            message: &line.message,
            hint: &line.hint,
            file: &subject.file,
        }
    }
}

/// The command that says more about a reason: who has the program has its texts.
fn explain(reason: &str) -> String {
    format!("jira-operator explain {reason}")
}

impl ReportLine {
    fn new(condition: &str, reason: &str, message: &str, status: Holds, severity: Severity) -> Self {
        Self {
            condition: condition.to_owned(),
            reason: reason.to_owned(),
            message: message.to_owned(),
            status,
            severity,
            hint: explain(reason),
            about: String::new(),
            explained: Reason::parse(reason).is_some_and(|reason| reason.entry().is_consequence),
        }
    }

    /// The line of a finding that holds Ready back unless it is True.
    #[must_use]
    pub fn of(finding: &Finding) -> Self {
        let (condition, reason) = (finding.condition, finding.reason);
        let (status, severity) = (reason.entry().holds, Severity::of(reason));
        Self::new(
            condition.as_str(),
            reason.as_str(),
            &finding.message(),
            status,
            severity,
        )
    }

    /// The line of a condition that was written, perhaps by another version of the operator, and that
    /// holds Ready back unless it is True.
    #[must_use]
    pub fn written(condition: &Condition) -> Self {
        let known = Reason::parse(&condition.reason);
        let (status, severity) = match condition.status.as_str() {
            "True" => (Holds::True, known.map_or(Severity::Fine, Severity::of)),
            "False" => (Holds::False, Severity::Finding),
            _ => (Holds::Unknown, Severity::Unknown),
        };
        Self::new(
            &condition.type_,
            &condition.reason,
            &condition.message,
            status,
            severity,
        )
    }

    /// The same of something that does not hold Ready back: at most a warning.
    #[must_use]
    pub fn holding_nothing_back(self) -> Self {
        Self {
            severity: self.severity.min(Severity::Warning),
            ..self
        }
    }

    /// The same as what is said of several things.
    #[must_use]
    pub fn as_example(&self) -> Self {
        Self {
            message: format!("For example: {}", self.message),
            ..self.clone()
        }
    }

    /// The same with what it is about.
    #[must_use]
    pub fn about(self, about: &str) -> Self {
        Self {
            about: about.to_owned(),
            ..self
        }
    }

    /// The line of something that only this command checks.
    #[must_use]
    pub fn local(condition: &str, reason: CheckReason, message: impl Into<String>) -> Self {
        let severity = reason.severity();
        Self::new(condition, reason.as_str(), &message.into(), severity.status(), severity)
    }

    /// The line of a finding about a person.
    #[must_use]
    pub fn person(project: &str, finding: &PersonFinding) -> Self {
        let severity = match finding.reason {
            PersonReason::PersonUsable => Severity::Fine,
            PersonReason::PersonNotAsked => Severity::Unknown,
            _ => Severity::Finding,
        };
        let condition = format!("Usable in {project}");
        Self::new(
            &condition,
            finding.reason.as_str(),
            &finding.message,
            severity.status(),
            severity,
        )
    }
}

impl CheckedObject {
    /// A subject of which nothing is said yet.
    #[must_use]
    pub fn new(object: &str, namespace: &str, name: &str) -> Self {
        Self {
            object: object.to_owned(),
            file: String::new(),
            namespace: namespace.to_owned(),
            name: name.to_owned(),
            ready: None,
            notes: Vec::new(),
            lines: Vec::new(),
            parts: Vec::new(),
            closing: Vec::new(),
        }
    }

    /// The gravest of its lines and of what belongs to it.
    #[must_use]
    pub fn severity(&self) -> Severity {
        let own = self.lines.iter().map(|line| line.severity);
        let parts = self.parts.iter().map(Self::severity);
        own.chain(parts).max().unwrap_or(Severity::Fine)
    }

    /// Namespace and name.
    #[must_use]
    pub fn path(&self) -> String {
        if self.namespace.is_empty() {
            return self.name.clone();
        }
        format!("{}/{}", self.namespace, self.name)
    }

    fn flat<'a>(&'a self, all: &mut Vec<(&'a Self, &'a ReportLine)>) {
        all.extend(self.ready.iter().chain(&self.lines).map(|line| (self, line)));
        self.parts.iter().for_each(|part| part.flat(all));
    }

    fn count(&self, counts: &mut SeverityCounts) {
        for line in &self.lines {
            match line.severity {
                Severity::Finding | Severity::Warning if line.explained => {}
                Severity::Finding => counts.findings += 1,
                Severity::Warning => counts.warnings += 1,
                Severity::Unknown => counts.unknown += 1,
                Severity::Fine => counts.fine += 1,
            }
        }
        self.parts.iter().for_each(|part| part.count(counts));
    }
}

impl CheckReport {
    /// A report on these.
    #[must_use]
    pub fn of(subjects: Vec<CheckedObject>) -> Self {
        Self {
            subjects,
            ..Self::default()
        }
    }

    /// Every line with what it is about.
    #[must_use]
    pub fn flat(&self) -> Vec<(&CheckedObject, &ReportLine)> {
        let mut all = Vec::new();
        self.subjects.iter().for_each(|subject| subject.flat(&mut all));
        all
    }

    /// Every line as programs read it.
    #[must_use]
    pub fn rows(&self) -> Vec<ReportRow<'_>> {
        let lines = self.flat().into_iter();
        lines.map(|(subject, line)| ReportRow::of(subject, line)).collect()
    }

    /// How many lines there are of each kind.
    #[must_use]
    pub fn counts(&self) -> SeverityCounts {
        let mut counts = SeverityCounts::default();
        self.subjects.iter().for_each(|subject| subject.count(&mut counts));
        counts
    }

    /// 0 where everything is Ready, 1 where it is not, 2 where that is unknown. Findings win.
    #[must_use]
    pub fn exit_code(&self) -> u8 {
        match self.subjects.iter().map(CheckedObject::severity).max() {
            Some(Severity::Finding) => 1,
            Some(_) if self.strict && self.counts().warnings > 0 => 1,
            Some(Severity::Unknown) => 2,
            _ => 0,
        }
    }
}
