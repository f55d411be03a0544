//! Whether an issue meets a query, and what Jira says about values it does not know.

use std::cmp::Ordering;

use jiff::civil::DateTime;
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};

use super::parser::{Clause, Condition, Operand, Operator, Query};
use crate::sandbox::world::{Account, Issue, IssueStatus, Project, Site};

/// Who searches, where and when.
pub(crate) struct Searcher<'a> {
    pub(crate) site: &'a Site,
    pub(crate) account: &'a Account,
    pub(crate) now: Timestamp,
}

/// An issue with its project.
type Hit<'a> = (&'a Project, &'a Issue);

impl<'a> Searcher<'a> {
    /// The projects whose issues search shows: neither archived nor in the trash, and readable.
    fn projects(&self) -> impl Iterator<Item = &'a Project> {
        let (site, me) = (self.site, &self.account.account_id);
        let shown = move |project: &&Project| project.is_live() && site.browses(project, me);
        site.projects.values().filter(shown)
    }

    /// Whether a project may be named; an archived one may, and yields nothing.
    fn knows_project(&self, name: &str) -> bool {
        let me = &self.account.account_id;
        let readable = |project: &&Project| self.site.browses(project, me);
        let by_name = |project: &&Project| project.name.eq_ignore_ascii_case(name);
        let found = self.site.project(&name.to_uppercase()).filter(readable);
        found.is_some() || self.site.projects.values().filter(readable).any(|p| by_name(&p))
    }

    /// A point in time as JQL writes it: epoch milliseconds, a date in the searcher's time zone, or relative to now.
    fn time(&self, text: &str) -> Option<Timestamp> {
        if let Some(relative) = text.strip_prefix('-').and_then(relative) {
            return self.now.checked_sub(relative).ok();
        }
        if let Ok(milliseconds) = text.parse() {
            return Timestamp::from_millisecond(milliseconds).ok();
        }
        let text = text.replace('/', "-");
        let text = if text.len() == 10 {
            format!("{text} 00:00")
        } else {
            text
        };
        let date = DateTime::strptime("%Y-%m-%d %H:%M", text).ok()?;
        let zone = TimeZone::get(&self.account.time_zone).unwrap_or(TimeZone::UTC);
        Some(date.to_zoned(zone).ok()?.timestamp())
    }
}

fn relative(text: &str) -> Option<SignedDuration> {
    let unit = text.chars().last()?;
    let count: i64 = text.strip_suffix(unit)?.parse().ok()?;
    let hours = match unit {
        'm' => return Some(SignedDuration::from_mins(count)),
        'h' => 1,
        'd' => 24,
        'w' => 24 * 7,
        _ => return None,
    };
    count.checked_mul(hours).map(SignedDuration::from_hours)
}

/// What is wrong with a query, in Jira's words; one wrong value fails the whole query.
pub(crate) fn validate(searcher: &Searcher<'_>, query: &Query) -> Vec<String> {
    let mut errors = Vec::new();
    if let Some(condition) = &query.condition {
        collect_errors(searcher, condition, &mut errors);
    }
    for (field, _) in &query.order {
        if !is_field(field) {
            errors.push(no_field(field));
        }
    }
    errors
}

fn no_field(field: &str) -> String {
    format!("Field '{field}' does not exist or you do not have permission to view it.")
}

fn is_field(field: &str) -> bool {
    let known = [
        "project",
        "key",
        "issuekey",
        "id",
        "issue",
        "status",
        "statuscategory",
        "issuetype",
        "type",
        "labels",
        "assignee",
        "reporter",
        "summary",
        "text",
        "updated",
        "created",
        "rank",
    ];
    known.contains(&field)
}

fn collect_errors(searcher: &Searcher<'_>, condition: &Condition, errors: &mut Vec<String>) {
    match condition {
        Condition::And(inner) | Condition::Or(inner) => {
            for condition in inner {
                collect_errors(searcher, condition, errors);
            }
        }
        Condition::Not(inner) => collect_errors(searcher, inner, errors),
        Condition::Clause(clause) if !is_field(&clause.field) => {
            errors.push(no_field(&clause.field));
        }
        Condition::Clause(clause) => {
            for value in &clause.values {
                let Operand::Text(text) = value else { continue };
                errors.extend(value_error(searcher, &clause.field, text));
            }
        }
    }
}

fn value_error(searcher: &Searcher<'_>, field: &str, text: &str) -> Option<String> {
    let projects = || searcher.site.projects.values();
    let named = |name: &str| name.eq_ignore_ascii_case(text);
    let known = match field {
        "project" => text.parse::<u64>().is_ok() || searcher.knows_project(text),
        "status" => projects().any(|project| {
            let mut statuses = project.workflow.statuses.iter();
            statuses.any(|status| named(&status.name) || status.id == text)
        }),
        "issuetype" | "type" => projects().any(|project| {
            let mut types = project.workflow.issue_types.iter();
            types.any(|kind| named(&kind.name) || kind.id == text)
        }),
        "updated" | "created" => {
            let message = format!(
                "Date value '{text}' for field '{field}' is invalid. Valid formats include: 'yyyy/MM/dd HH:mm', 'yyyy-MM-dd HH:mm', 'yyyy/MM/dd', 'yyyy-MM-dd', or a period format e.g. '-5d', '4w 2d'."
            );
            return searcher.time(text).is_none().then_some(message);
        }
        _ => true,
    };
    let message = format!("The value '{text}' does not exist for the field '{field}'.");
    (!known).then_some(message)
}

/// The issues that meet the query and that the searcher may see, in the query's order.
pub(crate) fn matching<'a>(searcher: &Searcher<'a>, query: &Query) -> Vec<Hit<'a>> {
    let issues = searcher.projects().flat_map(|project| {
        let issues = project.issues.values();
        issues.map(move |issue| (project, issue))
    });
    let meets = |hit: &Hit<'_>| {
        let condition = query.condition.as_ref();
        condition.is_none_or(|condition| holds(searcher, condition, *hit))
    };
    let mut hits: Vec<Hit<'a>> = issues.filter(meets).collect();
    hits.sort_by(|left, right| compare(&query.order, *left, *right));
    hits
}

fn compare(order: &[(String, bool)], left: Hit<'_>, right: Hit<'_>) -> Ordering {
    for (field, downward) in order {
        let ordering = match field.as_str() {
            "updated" => left.1.updated.cmp(&right.1.updated),
            "created" => left.1.created.cmp(&right.1.created),
            "summary" => left.1.summary.cmp(&right.1.summary),
            "project" => left.0.name.cmp(&right.0.name),
            _ => (&left.0.key, left.1.number).cmp(&(&right.0.key, right.1.number)),
        };
        if ordering != Ordering::Equal {
            return if *downward { ordering.reverse() } else { ordering };
        }
    }
    // Without an order Jira gives the newest first.
    right.1.id.cmp(&left.1.id)
}

fn holds(searcher: &Searcher<'_>, condition: &Condition, hit: Hit<'_>) -> bool {
    match condition {
        Condition::And(inner) => inner.iter().all(|condition| holds(searcher, condition, hit)),
        Condition::Or(inner) => inner.iter().any(|condition| holds(searcher, condition, hit)),
        Condition::Not(inner) => !holds(searcher, inner, hit),
        Condition::Clause(clause) => clause_holds(searcher, clause, hit),
    }
}

fn clause_holds(searcher: &Searcher<'_>, clause: &Clause, (project, issue): Hit<'_>) -> bool {
    if let "updated" | "created" = clause.field.as_str() {
        let at = if clause.field == "updated" {
            issue.updated
        } else {
            issue.created
        };
        return compare_time(searcher, clause, at);
    }
    let own = own_values(project, issue, &clause.field);
    let me = searcher.account.account_id.as_str();
    let is = |operand: &Operand| match operand {
        Operand::Text(text) => own.iter().any(|value| value.eq_ignore_ascii_case(text)),
        Operand::Function(name) => name == "currentuser" && own.iter().any(|value| value == me),
    };
    let contains = |operand: &Operand| match operand {
        Operand::Text(text) => {
            let text = text.to_lowercase();
            own.iter().any(|value| value.to_lowercase().contains(&text))
        }
        Operand::Function(_) => false,
    };
    match clause.operator {
        Operator::Equal | Operator::In => clause.values.iter().any(is),
        // Emptiness is not different from something: Jira leaves such issues out.
        Operator::NotEqual | Operator::NotIn => !own.is_empty() && !clause.values.iter().any(is),
        Operator::Contains => clause.values.iter().any(contains),
        Operator::ContainsNot => !clause.values.iter().any(contains),
        Operator::Empty => own.is_empty(),
        Operator::NotEmpty => !own.is_empty(),
        Operator::Less | Operator::AtMost | Operator::More | Operator::AtLeast => false,
    }
}

fn compare_time(searcher: &Searcher<'_>, clause: &Clause, at: Timestamp) -> bool {
    let other = clause.values.first().and_then(|value| match value {
        Operand::Text(text) => searcher.time(text),
        Operand::Function(name) => (name == "now").then_some(searcher.now),
    });
    let Some(other) = other else { return false };
    match clause.operator {
        Operator::Less => at < other,
        Operator::AtMost => at <= other,
        Operator::More => at > other,
        Operator::AtLeast => at >= other,
        Operator::Equal => at == other,
        _ => false,
    }
}

/// By which values the issue can be found in a field.
fn own_values(project: &Project, issue: &Issue, field: &str) -> Vec<String> {
    let status = || {
        let mut statuses = project.workflow.statuses.iter();
        statuses.find(|status| status.id == issue.status_id)
    };
    let category = |status: &IssueStatus| {
        let category = status.category;
        let texts = [category.key(), category.name()].map(str::to_owned);
        Vec::from(texts)
    };
    match field {
        "project" => vec![project.key.clone(), project.id.to_string(), project.name.clone()],
        "key" | "issuekey" | "id" | "issue" => {
            vec![format!("{}-{}", project.key, issue.number), issue.id.to_string()]
        }
        "status" => status().map_or_else(Vec::new, |s| vec![s.name.clone(), s.id.clone()]),
        "statuscategory" => status().map_or_else(Vec::new, category),
        "issuetype" | "type" => {
            let mut types = project.workflow.issue_types.iter();
            let found = types.find(|kind| kind.id == issue.type_id);
            found.map_or_else(Vec::new, |kind| vec![kind.name.clone(), kind.id.clone()])
        }
        "labels" => issue.labels.clone(),
        "assignee" => issue.assignee.iter().cloned().collect(),
        "reporter" => issue.reporter.iter().cloned().collect(),
        "summary" | "text" => vec![issue.summary.clone()],
        _ => Vec::new(),
    }
}
