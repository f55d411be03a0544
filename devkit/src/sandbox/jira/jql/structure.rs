//! The tree of a query as `jql/parse` shows it.

use serde_json::{Map, Value, json};

use super::parser::{Clause, Condition, Operand, Operator, Query};

/// The structure of a query that can be read.
pub(crate) fn structure(query: &Query) -> Value {
    let mut structure = Map::new();
    if let Some(condition) = &query.condition {
        structure.insert("where".to_owned(), where_(condition));
    }
    if !query.order.is_empty() {
        let element = |(name, downward): &(String, bool)| json!({"field": field(name), "direction": if *downward { "desc" } else { "asc" }});
        let fields: Vec<Value> = query.order.iter().map(element).collect();
        structure.insert("orderBy".to_owned(), json!({"fields": fields}));
    }
    Value::Object(structure)
}

fn field(name: &str) -> Value {
    json!({"name": name, "encodedName": name})
}

fn where_(condition: &Condition) -> Value {
    let compound = |operator: &str, inner: &[Condition]| {
        let clauses: Vec<Value> = inner.iter().map(where_).collect();
        json!({"operator": operator, "clauses": clauses})
    };
    match condition {
        Condition::And(inner) => compound("and", inner),
        Condition::Or(inner) => compound("or", inner),
        Condition::Not(inner) => compound("not", std::slice::from_ref(inner)),
        Condition::Clause(clause) => single(clause),
    }
}

fn single(clause: &Clause) -> Value {
    let values: Vec<Value> = clause.values.iter().map(operand).collect();
    let operand = match clause.operator {
        Operator::In | Operator::NotIn => json!({"values": values}),
        _ => values.into_iter().next().unwrap_or(Value::Null),
    };
    json!({"field": field(&clause.field), "operator": clause.operator.sign(), "operand": operand})
}

fn operand(operand: &Operand) -> Value {
    match operand {
        Operand::Text(text) => json!({"value": text, "encodedValue": Value::from(text.as_str()).to_string()}),
        Operand::Function(name) => json!({"function": name, "arguments": [], "encodedOperand": format!("{name}()")}),
        Operand::Empty => json!({"keyword": "empty"}),
    }
}
