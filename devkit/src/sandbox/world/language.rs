//! Other languages: the names that a site's projects are set up with, and the sentences of Jira's refusals.

use std::collections::{BTreeMap, BTreeSet};

use serde::Deserialize;

use super::desk::RequestType;
use super::issue::Workflow;
use super::permission::{Holder, PermissionScheme};
use super::project::Project;

/// One language beside English.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct Dictionary {
    /// The locale of those who speak it, such as `de_DE`.
    pub(crate) locale: String,
    /// Names: statuses, issue types, roles, request types, permissions.
    words: BTreeMap<String, String>,
    /// Refusals; `{}` stands for what differs from case to case, in the same order on both sides.
    sentences: BTreeMap<String, String>,
}

impl Dictionary {
    /// A name in this language; what it does not know stays as it is, as names that people chose do.
    pub(crate) fn word(&self, word: &str) -> String {
        self.words.get(word).map_or(word, String::as_str).to_owned()
    }

    /// A refusal in this language, if it knows it.
    pub(crate) fn sentence(&self, text: &str) -> Option<String> {
        if let Some(sentence) = self.sentences.get(text) {
            return Some(sentence.clone());
        }
        let mut sentences = self.sentences.iter();
        sentences.find_map(|(english, own)| Some(fill(own, &gaps(english, text)?)))
    }

    pub(crate) fn translate_workflow(&self, workflow: &mut Workflow) {
        for kind in &mut workflow.issue_types {
            kind.name = self.word(&kind.name);
        }
        for status in &mut workflow.statuses {
            status.name = self.word(&status.name);
        }
    }

    pub(crate) fn translate_types(&self, types: &mut [RequestType]) {
        for kind in types {
            kind.name = self.word(&kind.name);
            for field in &mut kind.fields {
                field.name = self.word(&field.name);
            }
        }
    }

    pub(crate) fn translate_scheme(&self, scheme: &mut PermissionScheme) {
        for holders in scheme.values_mut() {
            let own = |holder: Holder| match holder {
                Holder::Role(role) => Holder::Role(self.word(&role)),
                other => other,
            };
            *holders = std::mem::take(holders).into_iter().map(own).collect::<BTreeSet<_>>();
        }
    }

    /// Gives what a project has in it the names that it would have had on a site in this language.
    pub(crate) fn translate_project(&self, project: &mut Project) {
        self.translate_workflow(std::sync::Arc::make_mut(&mut project.workflow));
        for desk in [&mut project.desk, &mut project.removed_desk].into_iter().flatten() {
            self.translate_types(&mut desk.request_types);
        }
        let roles: Vec<String> = project.roles.keys().cloned().collect();
        for role in roles {
            project.rename_role(&role, &self.word(&role));
        }
    }
}

/// What stands in a text at the gaps of a pattern; `None` when the text has another shape.
fn gaps<'a>(pattern: &str, text: &'a str) -> Option<Vec<&'a str>> {
    let mut parts = pattern.split("{}");
    let mut rest = text.strip_prefix(parts.next()?)?;
    let mut found = Vec::new();
    for part in parts {
        let end = if part.is_empty() { rest.len() } else { rest.find(part)? };
        let (gap, after) = rest.split_at_checked(end)?;
        found.push(gap);
        rest = after.strip_prefix(part)?;
    }
    rest.is_empty().then_some(found)
}

/// A pattern with its gaps filled.
fn fill(pattern: &str, gaps: &[&str]) -> String {
    let mut text = String::new();
    let mut gaps = gaps.iter();
    for (at, part) in pattern.split("{}").enumerate() {
        if at > 0 {
            text.push_str(gaps.next().copied().unwrap_or_default());
        }
        text.push_str(part);
    }
    text
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn a_sentence_keeps_what_differs_from_case_to_case() {
        let dictionary = Dictionary {
            locale: "de_DE".to_owned(),
            words: BTreeMap::new(),
            sentences: BTreeMap::from([(
                "The value '{}' is no '{}'.".to_owned(),
                "'{}' ist kein '{}'!".to_owned(),
            )]),
        };
        let german = dictionary.sentence("The value 'X' is no 'project'.");
        assert_eq!(german.unwrap(), "'X' ist kein 'project'!");
        assert_eq!(dictionary.sentence("The value 'X' is no project."), None);
    }
}
