//! The phase that a status stands for: what spec.statusMapping says, else what its category says.
//! A pure function.

use crate::api::integration::StatusMapping;

/// The rules of a spec, with names as they are compared.
#[derive(Clone, Debug, Default)]
pub struct Phases(Vec<StatusMapping>);

/// A name as it is compared with others.
fn plain(name: &str) -> String {
    name.trim().to_lowercase()
}

/// How narrow a rule is: one that names projects and issue types goes before one that names
/// projects, that before one that names issue types, and that before one that names neither.
fn narrowness(rule: &StatusMapping) -> u8 {
    2 * u8::from(!rule.projects.is_empty()) + u8::from(!rule.issue_types.is_empty())
}

impl Phases {
    /// The rules, the narrowest first; of equally narrow ones the order of the spec decides.
    #[must_use]
    pub fn new(rules: &[StatusMapping]) -> Self {
        let mut rules = rules.to_vec();
        rules.sort_by_key(|rule| std::cmp::Reverse(narrowness(rule)));
        for rule in &mut rules {
            for name in &mut rule.statuses {
                *name = match name.strip_prefix("id:") {
                    Some(id) => format!("id:{}", id.trim()),
                    None => plain(name),
                };
            }
            for name in &mut rule.issue_types {
                *name = plain(name);
            }
        }
        Self(rules)
    }

    /// The phase of a status in a project and an issue type. A project goes by its key now and by the
    /// one that the spec gives it; `category` is the key of the status' category.
    #[must_use]
    pub fn phase(&self, project: &[&str], issue_type: &str, status: &str, status_id: &str, category: &str) -> String {
        if self.0.is_empty() {
            return of_category(category).to_owned();
        }
        let (issue_type, status) = (plain(issue_type), plain(status));
        let named = |name: &String| match name.strip_prefix("id:") {
            Some(id) => id == status_id,
            None => *name == status,
        };
        let fits = |rule: &&StatusMapping| {
            let here = rule.projects.is_empty() || rule.projects.iter().any(|key| project.contains(&key.as_str()));
            let of_type = rule.issue_types.is_empty() || rule.issue_types.contains(&issue_type);
            here && of_type && rule.statuses.iter().any(named)
        };
        match self.0.iter().find(fits) {
            Some(rule) => rule.phase.clone(),
            None => of_category(category).to_owned(),
        }
    }
}

fn of_category(key: &str) -> &'static str {
    match key {
        "new" => "Todo",
        "indeterminate" => "InProgress",
        "done" => "Done",
        _ => "Unknown",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rule(phase: &str, status: &str, projects: &[&str], types: &[&str]) -> StatusMapping {
        let texts = |all: &[&str]| all.iter().map(|text| (*text).to_owned()).collect();
        StatusMapping {
            phase: phase.into(),
            statuses: vec![status.into()],
            projects: texts(projects),
            issue_types: texts(types),
        }
    }

    #[test]
    fn the_narrowest_rule_wins_and_the_category_is_the_fallback() {
        let rules = [
            rule("Anywhere", "Waiting", &[], &[]),
            rule("Late", "waiting", &[], &[]),
            rule("OfType", "Waiting", &[], &["Bug"]),
            rule("Here", "Waiting", &["SUP"], &[]),
            rule("HereOfType", "WAITING", &["SUP"], &["bug"]),
            rule("ById", "id:7", &[], &[]),
        ];
        let phases = Phases::new(&rules);
        let phase = |project, kind| phases.phase(&[project], kind, "Waiting", "1", "new");
        assert_eq!(phase("SUP", "Bug"), "HereOfType");
        assert_eq!(phase("SUP", "Task"), "Here");
        assert_eq!(phase("ENG", "Bug"), "OfType");
        assert_eq!(phase("ENG", "Task"), "Anywhere");
        let renamed = phases.phase(&["HELP", "SUP"], "Task", "Waiting", "1", "new");
        assert_eq!(renamed, "Here", "a renamed project keeps the rules of the spec's key");
        assert_eq!(phases.phase(&["ENG"], "Task", "Anything", "7", "done"), "ById");
        for (category, fallback) in [
            ("new", "Todo"),
            ("indeterminate", "InProgress"),
            ("done", "Done"),
            ("odd", "Unknown"),
        ] {
            assert_eq!(phases.phase(&["ENG"], "Task", "Open", "2", category), fallback);
        }
    }
}
