//! What a check found, as plain data: what is printed follows from it, and the exit code.

use k8s_openapi::apimachinery::pkg::apis::meta::v1::Condition;
use serde::Serialize;

use super::{reasons::LocalReason, severity::Mark};
use crate::{
    api::{
        condition::Finding,
        reason::{Holds, Reason},
    },
    diagnose::judge::person::{PersonFinding, PersonReason},
};

/// Exit code where something is wrong.
pub const FINDINGS: u8 = 1;
/// Exit code where nothing could be looked at.
pub const COULD_NOT_LOOK: u8 = 2;

/// One thing that was looked at.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Line {
    /// What was looked at, such as a condition.
    pub condition: String,
    /// The reason of what was found.
    pub reason: String,
    /// What a person reads.
    pub message: String,
    /// Whether the condition is True, False or Unknown.
    pub status: Holds,
    /// How grave it is.
    pub mark: Mark,
    /// The command that says more about the reason.
    pub hint: String,
    /// What it is about, where the condition alone does not tell.
    pub about: String,
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
    /// Whether warnings count as findings for the exit code.
    pub strict: bool,
}

/// How many lines there are of each kind.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Findings, those that another explains not counted.
    pub findings: usize,
    /// Warnings, counted likewise.
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
    severity: Mark,
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
            status: line.status.as_str(),
            severity: line.mark,
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

impl Line {
    fn new(condition: &str, reason: &str, message: &str, status: Holds, mark: Mark) -> Self {
        Self {
            condition: condition.to_owned(),
            reason: reason.to_owned(),
            message: message.to_owned(),
            status,
            mark,
            hint: explain(reason),
            about: String::new(),
            explained: Reason::parse(reason).is_some_and(|reason| reason.entry().is_consequence),
        }
    }

    /// The line of a finding that holds Ready back unless it is True.
    #[must_use]
    pub fn of(finding: &Finding) -> Self {
        let Finding {
            condition,
            reason,
            message,
        } = finding;
        let (status, mark) = (reason.entry().holds, Mark::of(*reason));
        Self::new(condition.as_str(), reason.as_str(), message, status, mark)
    }

    /// The line of a condition that was written, perhaps by another version of the operator, and that
    /// holds Ready back unless it is True.
    #[must_use]
    pub fn written(condition: &Condition) -> Self {
        let known = Reason::parse(&condition.reason);
        let (status, mark) = match condition.status.as_str() {
            "True" => (Holds::True, known.map_or(Mark::Fine, Mark::of)),
            "False" => (Holds::False, Mark::Finding),
            _ => (Holds::Unknown, Mark::Unknown),
        };
        Self::new(&condition.type_, &condition.reason, &condition.message, status, mark)
    }

    /// The same of something that does not hold Ready back: at most a warning.
    #[must_use]
    pub fn holding_nothing_back(self) -> Self {
        Self {
            mark: self.mark.min(Mark::Warning),
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

    /// The line of something that only this command looks at.
    #[must_use]
    pub fn local(condition: &str, reason: LocalReason, message: impl Into<String>) -> Self {
        let mark = reason.mark();
        Self::new(condition, reason.as_str(), &message.into(), mark.status(), mark)
    }

    /// The line of a finding about a person.
    #[must_use]
    pub fn person(project: &str, finding: &PersonFinding) -> Self {
        let mark = match finding.reason {
            PersonReason::PersonUsable => Mark::Fine,
            PersonReason::PersonNotAsked => Mark::Unknown,
            _ => Mark::Finding,
        };
        let condition = format!("Usable in {project}");
        Self::new(
            &condition,
            finding.reason.as_str(),
            &finding.message,
            mark.status(),
            mark,
        )
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
                Mark::Finding | Mark::Warning if line.explained => {}
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
        Self {
            subjects,
            ..Self::default()
        }
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

    /// 0 where everything is Ready, 1 where it is not, 2 where that could not be looked at. Findings
    /// win.
    #[must_use]
    pub fn exit_code(&self) -> u8 {
        match self.subjects.iter().map(Subject::mark).max() {
            Some(Mark::Finding) => 1,
            Some(_) if self.strict && self.counts().warnings > 0 => 1,
            Some(Mark::Unknown) => 2,
            _ => 0,
        }
    }
}
