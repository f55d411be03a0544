//! Makes a query ready for a searcher, or says in Jira's words what is wrong; one wrong value fails the whole query.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use jiff::tz::TimeZone;

use super::field::Field;
use super::order::{self, Order};
use super::parser::{Clause, Condition, Operand, Operator, Query};
use super::test::{Moment, Test, Word};
use super::time;
use crate::sandbox::world::{Account, Site};

/// Who searches, where and when.
pub(crate) struct Searcher<'a> {
    pub(crate) site: &'a Site,
    pub(crate) account: &'a Account,
    pub(crate) accounts: &'a BTreeMap<String, Account>,
    pub(crate) now: Timestamp,
}

/// A query that is ready.
#[derive(Debug)]
pub(crate) struct Plan {
    pub(super) test: Test,
    pub(crate) order: Order,
    /// Whether its result changes as time goes on.
    pub(crate) moves: bool,
}

/// Makes a query ready.
pub(crate) fn compile(searcher: &Searcher<'_>, query: &Query) -> Result<Plan, Vec<String>> {
    let mut compiler = Compiler {
        searcher,
        zone: TimeZone::get(&searcher.account.time_zone).unwrap_or(TimeZone::UTC),
        errors: Vec::new(),
        moves: false,
    };
    let test = match &query.condition {
        Some(condition) => compiler.condition(condition),
        None => Test::Constant(true),
    };
    let mut order = Order::new();
    for (name, downward) in &query.order {
        match Field::named(name) {
            Some(field) => order::add(&mut order, name, field, *downward),
            None => compiler.errors.push(no_field(name)),
        }
    }
    if compiler.errors.is_empty() {
        let moves = compiler.moves;
        return Ok(Plan { test, order, moves });
    }
    // A value that is wrong twice is reported once.
    let mut reported = BTreeSet::new();
    compiler.errors.retain(|error| reported.insert(error.clone()));
    Err(compiler.errors)
}

fn no_field(field: &str) -> String {
    format!("Field '{field}' does not exist or you do not have permission to view it.")
}

struct Compiler<'a, 's> {
    searcher: &'a Searcher<'s>,
    zone: TimeZone,
    errors: Vec<String>,
    moves: bool,
}

impl<'s> Compiler<'_, 's> {
    fn condition(&mut self, condition: &Condition) -> Test {
        match condition {
            Condition::And(inner) => Test::All(inner.iter().map(|inner| self.condition(inner)).collect()),
            Condition::Or(inner) => Test::Any(inner.iter().map(|inner| self.condition(inner)).collect()),
            Condition::Not(inner) => Test::Not(Box::new(self.condition(inner))),
            Condition::Clause(clause) => self.clause(clause),
        }
    }

    fn fail(&mut self, error: String) -> Test {
        self.errors.push(error);
        Test::Constant(false)
    }

    fn clause(&mut self, clause: &Clause) -> Test {
        let Some(field) = Field::named(&clause.field) else {
            return self.fail(no_field(&clause.field));
        };
        if !field.takes(clause.operator) {
            let (sign, name) = (clause.operator.sign(), &clause.field);
            return self.fail(format!("The operator '{sign}' is not supported by the '{name}' field."));
        }
        let not = matches!(
            clause.operator,
            Operator::NotEqual | Operator::NotIn | Operator::ContainsNot | Operator::IsNot
        );
        let empty = clause.values.contains(&Operand::Empty);
        match field {
            Field::Project | Field::Key if empty => Test::Constant(not),
            Field::Project => Test::Project {
                ids: self.ids(clause, Searcher::project),
                not,
            },
            Field::Key if clause.operator.is_relation() => self.numbers(clause),
            Field::Key => Test::Id {
                ids: self.ids(clause, |searcher, text| searcher.issue(&clause.field, text)),
                not,
            },
            Field::Parent => Test::Parent {
                ids: self.ids(clause, |searcher, text| searcher.issue("parent", text)),
                empty,
                not,
            },
            Field::Summary => self.text(clause, empty, not),
            Field::Resolution => self.resolution(clause, empty, not),
            Field::Resolved if empty => Test::Resolved(not),
            Field::Updated | Field::Created | Field::Resolved => self.time(clause, field, empty, not),
            Field::Rank => self.fail(no_field(&clause.field)),
            _ => self.words(clause, field, empty, not),
        }
    }

    /// The texts of a clause's values; functions that make no sense here are reported.
    fn texts(&mut self, clause: &Clause) -> Vec<String> {
        let mut texts = Vec::new();
        for value in &clause.values {
            match value {
                Operand::Text(text) => texts.push(text.clone()),
                Operand::Function(name) if name == "currentuser" => {
                    texts.push(self.searcher.account.account_id.clone());
                }
                Operand::Function(name) => self.errors.push(no_function(name)),
                Operand::Empty => {}
            }
        }
        texts
    }

    fn ids(&mut self, clause: &Clause, find: impl Fn(&Searcher<'s>, &str) -> Result<u64, String>) -> BTreeSet<u64> {
        let mut ids = BTreeSet::new();
        for text in self.texts(clause) {
            match find(self.searcher, &text) {
                Ok(id) => {
                    ids.insert(id);
                }
                Err(error) => self.errors.push(error),
            }
        }
        ids
    }

    /// Keys behind or before one: those of its project by their numbers. The issue has to be there.
    fn numbers(&mut self, clause: &Clause) -> Test {
        let mut tests = Vec::new();
        for text in self.texts(clause) {
            let found = self.searcher.issue(&clause.field, &text);
            match found.map(|id| self.searcher.site.issue_by_id(id)) {
                Ok(Some((project, issue))) => tests.push(Test::Number {
                    project: project.id,
                    operator: clause.operator,
                    number: issue.number,
                }),
                Ok(None) => {}
                Err(error) => self.errors.push(error),
            }
        }
        Test::Any(tests)
    }

    fn words(&mut self, clause: &Clause, field: Field, empty: bool, not: bool) -> Test {
        let of = match field {
            Field::Type => Word::Type,
            Field::Priority => Word::Priority,
            Field::Assignee => Word::Assignee,
            Field::Reporter => Word::Reporter,
            Field::Creator => Word::Creator,
            Field::Labels => Word::Labels,
            _ => Word::Status,
        };
        let mut values = Vec::new();
        for text in self.texts(clause) {
            match self.searcher.words(field, &clause.field, &text) {
                Ok(ids) => values.extend(ids),
                Err(error) => self.errors.push(error),
            }
        }
        Test::Word { of, values, empty, not }
    }

    fn text(&mut self, clause: &Clause, empty: bool, not: bool) -> Test {
        if empty {
            return Test::Constant(not);
        }
        let text = self.texts(clause).concat().to_lowercase();
        let words = text.split(|letter: char| !letter.is_alphanumeric() && letter != '*');
        let words = words.filter(|word| !word.is_empty()).map(str::to_owned).collect();
        Test::Text { words, not }
    }

    /// An issue is unresolved, or resolved as done; there is no other resolution here.
    fn resolution(&mut self, clause: &Clause, empty: bool, not: bool) -> Test {
        let mut resolved = Vec::new();
        for text in self.texts(clause) {
            match text.to_lowercase().as_str() {
                "unresolved" => resolved.push(false),
                "done" | "10000" => resolved.push(true),
                _ => {
                    let message = format!("The value '{text}' does not exist for the field 'resolution'.");
                    self.errors.push(message);
                }
            }
        }
        if empty {
            resolved.push(false);
        }
        let any = Test::Any(resolved.into_iter().map(Test::Resolved).collect());
        if not { Test::Not(Box::new(any)) } else { any }
    }

    fn time(&mut self, clause: &Clause, field: Field, empty: bool, not: bool) -> Test {
        if empty {
            return Test::Constant(not);
        }
        let of = match field {
            Field::Created => Moment::Created,
            Field::Resolved => Moment::Resolved,
            _ => Moment::Updated,
        };
        let mut tests = Vec::new();
        for value in &clause.values {
            match self.moment(&clause.field, value) {
                Ok(at) => tests.push(Test::Time {
                    of,
                    operator: match clause.operator {
                        Operator::In | Operator::NotIn => Operator::Equal,
                        other => other,
                    },
                    at,
                }),
                Err(error) => self.errors.push(error),
            }
        }
        let any = if tests.len() == 1 {
            tests.remove(0)
        } else {
            Test::Any(tests)
        };
        match clause.operator {
            Operator::NotIn => Test::Not(Box::new(any)),
            _ => any,
        }
    }

    fn moment(&mut self, field: &str, value: &Operand) -> Result<Timestamp, String> {
        let now = self.searcher.now;
        match value {
            Operand::Text(text) => {
                let read = time::read(text, now, &self.zone);
                let read = read.ok_or_else(|| wrong_date(field, text))?;
                self.moves |= read.moves;
                Ok(read.at)
            }
            Operand::Function(name) if name == "now" || name == "startofday" => {
                self.moves = true;
                let today = now.to_zoned(self.zone.clone()).start_of_day();
                let today = today.map_or(now, |today| today.timestamp());
                Ok(if name == "now" { now } else { today })
            }
            Operand::Function(name) => Err(no_function(name)),
            Operand::Empty => Err(wrong_date(field, "EMPTY")),
        }
    }
}

fn no_function(name: &str) -> String {
    format!("Unable to find JQL function '{name}()'.")
}

fn wrong_date(field: &str, text: &str) -> String {
    format!(
        "Date value '{text}' for field '{field}' is invalid. Valid formats include: 'yyyy/MM/dd HH:mm', 'yyyy-MM-dd HH:mm', 'yyyy/MM/dd', 'yyyy-MM-dd', or a period format e.g. '-5d', '4w 2d'."
    )
}
