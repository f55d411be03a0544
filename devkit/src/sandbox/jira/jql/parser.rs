//! JQL tokens into a tree of clauses, with the order of the results.

use std::iter::Peekable;
use std::vec::IntoIter;

use super::lexer::{Token, tokens};

/// A whole query.
#[derive(Debug)]
pub(crate) struct Query {
    pub(super) condition: Option<Condition>,
    /// Fields to order by, and whether each goes downward.
    pub(super) order: Vec<(String, bool)>,
}

impl Query {
    /// Whether it restricts anything; Jira refuses queries that do not.
    pub(crate) fn is_bounded(&self) -> bool {
        self.condition.is_some()
    }
}

/// A condition.
#[derive(Debug)]
pub(super) enum Condition {
    And(Vec<Condition>),
    Or(Vec<Condition>),
    Not(Box<Condition>),
    Clause(Clause),
}

/// One comparison.
#[derive(Debug)]
pub(super) struct Clause {
    /// Field name in lower case.
    pub(super) field: String,
    pub(super) operator: Operator,
    pub(super) values: Vec<Operand>,
}

/// How a field is compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Operator {
    Equal,
    NotEqual,
    In,
    NotIn,
    Less,
    AtMost,
    More,
    AtLeast,
    Contains,
    ContainsNot,
    Is,
    IsNot,
}

impl Operator {
    /// Whether it asks for more or less.
    pub(super) fn is_relation(self) -> bool {
        matches!(self, Self::Less | Self::AtMost | Self::More | Self::AtLeast)
    }

    /// As it is written.
    pub(super) fn sign(self) -> &'static str {
        match self {
            Self::Equal => "=",
            Self::NotEqual => "!=",
            Self::In => "in",
            Self::NotIn => "not in",
            Self::Less => "<",
            Self::AtMost => "<=",
            Self::More => ">",
            Self::AtLeast => ">=",
            Self::Contains => "~",
            Self::ContainsNot => "!~",
            Self::Is => "is",
            Self::IsNot => "is not",
        }
    }
}

/// What it is compared with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Operand {
    Text(String),
    /// A function without arguments, in lower case.
    Function(String),
    /// `EMPTY` or `NULL`.
    Empty,
}

/// Reads a query; the error is Jira's message.
pub(crate) fn parse(text: &str) -> Result<Query, String> {
    let mut parser = Parser {
        tokens: tokens(text)?.into_iter().peekable(),
    };
    let ordered_only = parser.sees("order");
    let condition = match parser.tokens.peek() {
        Some(_) if !ordered_only => Some(parser.any_of()?),
        _ => None,
    };
    let order = parser.order()?;
    match parser.tokens.next() {
        None => Ok(Query { condition, order }),
        Some(token) => Err(unexpected(&token)),
    }
}

struct Parser {
    tokens: Peekable<IntoIter<Token>>,
}

fn unexpected(token: &Token) -> String {
    let text = match token {
        Token::Word(text) | Token::Quoted(text) => text.as_str(),
        Token::Operator(operator) => operator,
        Token::Open => "(",
        Token::Close => ")",
        Token::Comma => ",",
    };
    format!("Error in the JQL Query: Expecting operator or end of query but got '{text}'.")
}

fn at_the_end() -> String {
    "Error in the JQL Query: Expecting a field, value or operator before the end of the query.".to_owned()
}

impl Parser {
    /// Whether the next token is this keyword.
    fn sees(&mut self, keyword: &str) -> bool {
        matches!(self.tokens.peek(), Some(Token::Word(word)) if word.eq_ignore_ascii_case(keyword))
    }

    /// Takes the keyword if it is next.
    fn takes(&mut self, keyword: &str) -> bool {
        let sees = self.sees(keyword);
        if sees {
            self.tokens.next();
        }
        sees
    }

    fn any_of(&mut self) -> Result<Condition, String> {
        let mut conditions = vec![self.all_of()?];
        while self.takes("or") {
            conditions.push(self.all_of()?);
        }
        Ok(match conditions.len() {
            1 => conditions.remove(0),
            _ => Condition::Or(conditions),
        })
    }

    fn all_of(&mut self) -> Result<Condition, String> {
        let mut conditions = vec![self.one()?];
        while self.takes("and") {
            conditions.push(self.one()?);
        }
        Ok(match conditions.len() {
            1 => conditions.remove(0),
            _ => Condition::And(conditions),
        })
    }

    fn one(&mut self) -> Result<Condition, String> {
        if self.takes("not") {
            return Ok(Condition::Not(Box::new(self.one()?)));
        }
        match self.tokens.next() {
            Some(Token::Open) => {
                let inner = self.any_of()?;
                self.expect(&Token::Close)?;
                Ok(inner)
            }
            Some(Token::Word(field) | Token::Quoted(field)) => self.clause(field.to_lowercase()).map(Condition::Clause),
            Some(other) => Err(unexpected(&other)),
            None => Err(at_the_end()),
        }
    }

    fn expect(&mut self, wanted: &Token) -> Result<(), String> {
        match self.tokens.next() {
            Some(token) if token == *wanted => Ok(()),
            Some(token) => Err(unexpected(&token)),
            None => Err(at_the_end()),
        }
    }

    fn clause(&mut self, field: String) -> Result<Clause, String> {
        let operator = self.operator()?;
        let values = match operator {
            Operator::Is | Operator::IsNot => match self.value()? {
                Operand::Empty => vec![Operand::Empty],
                _ => return Err(at_the_end()),
            },
            Operator::In | Operator::NotIn => self.list()?,
            _ => vec![self.value()?],
        };
        Ok(Clause {
            field,
            operator,
            values,
        })
    }

    fn operator(&mut self) -> Result<Operator, String> {
        let negated = self.takes("not");
        if self.takes("in") {
            return Ok(if negated { Operator::NotIn } else { Operator::In });
        }
        if self.takes("is") {
            let not = self.takes("not");
            return Ok(if not { Operator::IsNot } else { Operator::Is });
        }
        match self.tokens.next() {
            Some(Token::Operator(sign)) if !negated => Ok(match sign {
                "=" => Operator::Equal,
                "!=" => Operator::NotEqual,
                "<" => Operator::Less,
                "<=" => Operator::AtMost,
                ">" => Operator::More,
                ">=" => Operator::AtLeast,
                "~" => Operator::Contains,
                _ => Operator::ContainsNot,
            }),
            Some(other) => Err(unexpected(&other)),
            None => Err(at_the_end()),
        }
    }

    fn list(&mut self) -> Result<Vec<Operand>, String> {
        self.expect(&Token::Open)?;
        let mut values = vec![self.value()?];
        while self.tokens.next_if_eq(&Token::Comma).is_some() {
            values.push(self.value()?);
        }
        self.expect(&Token::Close)?;
        Ok(values)
    }

    fn value(&mut self) -> Result<Operand, String> {
        match self.tokens.next() {
            Some(Token::Quoted(text)) => Ok(Operand::Text(text)),
            Some(Token::Word(text)) => {
                if self.tokens.next_if_eq(&Token::Open).is_none() {
                    let empty = text.eq_ignore_ascii_case("empty") || text.eq_ignore_ascii_case("null");
                    return Ok(if empty { Operand::Empty } else { Operand::Text(text) });
                }
                self.expect(&Token::Close)?;
                Ok(Operand::Function(text.to_lowercase()))
            }
            Some(other) => Err(unexpected(&other)),
            None => Err(at_the_end()),
        }
    }

    fn order(&mut self) -> Result<Vec<(String, bool)>, String> {
        let mut order = Vec::new();
        if !self.takes("order") {
            return Ok(order);
        }
        if !self.takes("by") {
            return Err(at_the_end());
        }
        loop {
            let Operand::Text(field) = self.value()? else {
                return Err(at_the_end());
            };
            let downward = self.takes("desc");
            let _ = downward || self.takes("asc");
            order.push((field.to_lowercase(), downward));
            if self.tokens.next_if_eq(&Token::Comma).is_none() {
                break;
            }
        }
        if order.len() > 7 {
            return Err("A query can be ordered by seven fields at most.".to_owned());
        }
        Ok(order)
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn queries_of_people_and_of_the_operator_are_read() {
        for text in [
            "project = ENG",
            "(labels = k8s OR status in (\"To Do\", Done)) AND project in (ENG, \"SUP\") ORDER BY updated DESC, key",
            "updated >= 1732877091000 and assignee = currentUser() and not issuetype = Bug",
            "assignee is not EMPTY and labels not in (a,b)",
        ] {
            assert!(parse(text).unwrap().is_bounded(), "{text}");
        }
        assert!(!parse("order by key").unwrap().is_bounded());
        assert!(!parse("  ").unwrap().is_bounded());
    }

    #[test]
    fn mistakes_are_reported() {
        for text in [
            "project =",
            "project = ENG)",
            "(project = ENG",
            "a = 'b",
            "a b c",
            "x = a@b",
        ] {
            assert!(parse(text).is_err(), "{text}");
        }
    }
}
