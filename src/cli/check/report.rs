//! What a check found, as plain data: what is printed follows from it, and the exit code.

use k8s_openapi::apimachinery::pkg::apis::meta::v1::Condition;
use serde::Serialize;

use super::{mark::Mark, reasons::LocalReason};
use crate::{
    api::{condition::Finding, reason::Reason},
    diagnose::judge::person::{PersonFinding, PersonReason},
};

/// One thing that was looked at.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Line {
    /// What was looked at, such as a condition.
    pub condition: String,
    /// The reason of what was found.
    pub reason: String,
    /// What a person reads.
    pub message: String,
    /// How grave it is.
    pub mark: Mark,
    /// Where more is said about the reason.
    pub hint: String,
    /// Whether another line tells the cause, so that the message would be noise.
    pub explained: bool,
}

/// What the lines are about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Subject {
    /// Its kind.
    pub object: String,
    /// The file that it stands in, where several are looked at.
    pub file: String,
    /// Its namespace, if it has one.
    pub namespace: String,
    /// Its name.
    pub name: String,
    /// Its `Ready` condition, which sums the lines up, if it has one.
    pub ready: Option<Line>,
    /// How it was looked at.
    pub notes: Vec<String>,
    /// What was found.
    pub lines: Vec<Line>,
    /// What belongs to it.
    pub parts: Vec<Subject>,
    /// What is to be said at the end.
    pub closing: Vec<String>,
}

/// Everything that was found.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Report {
    /// What was looked at.
    pub subjects: Vec<Subject>,
    /// Whether what is fine is left out.
    pub brief: bool,
}

/// How many lines there are of each kind.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Findings, those that another explains not counted.
    pub findings: usize,
    /// Warnings.
    pub warnings: usize,
    /// What could not be looked at.
    pub unknown: usize,
    /// What is fine.
    pub fine: usize,
}

/// A line as programs read it.
#[derive(Debug, Serialize)]
pub struct Entry<'a> {
    object: &'a str,
    namespace: &'a str,
    name: &'a str,
    condition: &'a str,
    status: &'static str,
    reason: &'a str,
    message: &'a str,
    hint: &'a str,
    #[serde(skip_serializing_if = "str::is_empty")]
    file: &'a str,
}

impl<'a> Entry<'a> {
    fn of(subject: &'a Subject, line: &'a Line) -> Self {
        Self {
            object: &subject.object,
            namespace: &subject.namespace,
            name: &subject.name,
            condition: &line.condition,
            status: line.mark.status(),
            reason: &line.reason,
            message: &line.message,
            hint: &line.hint,
            file: &subject.file,
        }
    }
}

/// Where the documentation speaks of a condition's reason.
fn troubleshooting(reason: &str) -> String {
    format!("docs/troubleshooting.md#{}", reason.to_lowercase())
}

impl Line {
    /// The line of a finding.
    #[must_use]
    pub fn of(finding: &Finding) -> Self {
        Self {
            condition: finding.condition.as_str().to_owned(),
            reason: finding.reason.to_string(),
            message: finding.message.clone(),
            mark: Mark::of(finding.reason),
            hint: troubleshooting(finding.reason.as_str()),
            explained: finding.reason.is_consequence(),
        }
    }

    /// The line of a condition that was written, perhaps by another version of the operator.
    #[must_use]
    pub fn written(condition: &Condition) -> Self {
        let known = Reason::parse(&condition.reason);
        let mark = match condition.status.as_str() {
            "True" => known.map_or(Mark::Fine, Mark::of),
            "False" => Mark::Finding,
            _ => Mark::Unknown,
        };
        Self {
            condition: condition.type_.clone(),
            reason: condition.reason.clone(),
            message: condition.message.clone(),
            mark,
            hint: troubleshooting(&condition.reason),
            explained: known.is_some_and(Reason::is_consequence),
        }
    }

    /// The line of something that only this command looks at.
    #[must_use]
    pub fn local(condition: &str, reason: LocalReason, message: impl Into<String>) -> Self {
        Self {
            condition: condition.to_owned(),
            reason: reason.as_str().to_owned(),
            message: message.into(),
            mark: reason.mark(),
            hint: format!("docs/check.md#{}", reason.as_str().to_lowercase()),
            explained: false,
        }
    }

    /// The line of a finding about a person.
    #[must_use]
    pub fn person(project: &str, finding: &PersonFinding) -> Self {
        let mark = match finding.reason {
            PersonReason::PersonUsable => Mark::Fine,
            PersonReason::PersonNotAsked => Mark::Unknown,
            _ => Mark::Finding,
        };
        Self {
            condition: format!("Usable in {project}"),
            reason: finding.reason.as_str().to_owned(),
            message: finding.message.clone(),
            mark,
            hint: troubleshooting(finding.reason.as_str()),
            explained: false,
        }
    }
}

impl Subject {
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
    pub fn mark(&self) -> Mark {
        let own = self.lines.iter().map(|line| line.mark);
        let parts = self.parts.iter().map(Self::mark);
        own.chain(parts).max().unwrap_or(Mark::Fine)
    }

    /// Namespace and name.
    #[must_use]
    pub fn path(&self) -> String {
        if self.namespace.is_empty() {
            return self.name.clone();
        }
        format!("{}/{}", self.namespace, self.name)
    }

    fn flat<'a>(&'a self, all: &mut Vec<(&'a Self, &'a Line)>) {
        all.extend(self.ready.iter().chain(&self.lines).map(|line| (self, line)));
        self.parts.iter().for_each(|part| part.flat(all));
    }

    fn count(&self, counts: &mut Counts) {
        for line in &self.lines {
            match line.mark {
                Mark::Finding if line.explained => {}
                Mark::Finding => counts.findings += 1,
                Mark::Warning => counts.warnings += 1,
                Mark::Unknown => counts.unknown += 1,
                Mark::Fine => counts.fine += 1,
            }
        }
        self.parts.iter().for_each(|part| part.count(counts));
    }
}

impl Report {
    /// A report on these.
    #[must_use]
    pub fn of(subjects: Vec<Subject>) -> Self {
        Self { subjects, brief: false }
    }

    /// Every line with what it is about.
    #[must_use]
    pub fn flat(&self) -> Vec<(&Subject, &Line)> {
        let mut all = Vec::new();
        self.subjects.iter().for_each(|subject| subject.flat(&mut all));
        all
    }

    /// Every line as programs read it.
    #[must_use]
    pub fn entries(&self) -> Vec<Entry<'_>> {
        let lines = self.flat().into_iter();
        lines.map(|(subject, line)| Entry::of(subject, line)).collect()
    }

    /// How many lines there are of each kind.
    #[must_use]
    pub fn counts(&self) -> Counts {
        let mut counts = Counts::default();
        self.subjects.iter().for_each(|subject| subject.count(&mut counts));
        counts
    }

    /// 0 where all is fine, 1 for findings, 2 where something could not be looked at. Findings win.
    #[must_use]
    pub fn exit_code(&self) -> u8 {
        match self.subjects.iter().map(Subject::mark).max() {
            Some(Mark::Finding) => 1,
            Some(Mark::Unknown) => 2,
            _ => 0,
        }
    }
}
