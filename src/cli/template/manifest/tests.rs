#![allow(clippy::unwrap_used)]
use serde_json::json;
use textwrap::core::display_width;

use super::*;
use crate::cli::context::CRD_SCHEMAS;

fn issue_type() -> TicketMetadata {
    let custom = |of: &str| format!("com.atlassian.jira.plugin.system.customfieldtypes:{of}");
    let fields = json!([
        {"fieldId": "summary", "name": "Summary", "required": true, "schema": {"type": "string", "system": "summary"}},
        {"fieldId": "description", "name": "Description", "required": true, "schema": {"type": "string", "system": "description"}},
        {"fieldId": "project", "name": "Project", "required": true, "schema": {"type": "project", "system": "project"}},
        {"fieldId": "reporter", "name": "Reporter", "required": true, "schema": {"type": "user", "system": "reporter"}},
        {"fieldId": "security", "name": "Security Level", "schema": {"type": "securitylevel", "system": "security"}},
        {"fieldId": "priority", "name": "Priority", "hasDefaultValue": true, "schema": {"type": "priority", "system": "priority"},
            "allowedValues": [{"id": "1", "name": "High"}, {"id": "2", "name": "No"}]},
        {"fieldId": "customfield_1", "name": "Severity", "required": true, "schema": {"type": "option", "custom": custom("select")},
            "allowedValues": [{"id": "1", "value": "1 - Critical"}, {"id": "2", "value": "2 - Major"}]},
        {"fieldId": "customfield_2", "name": "Team: web", "schema": {"type": "string", "custom": custom("textfield")}},
        {"fieldId": "customfield_3", "name": "Place", "schema": {"type": "option-with-child", "custom": custom("cascadingselect")},
            "allowedValues": [{"id": "1", "value": "Berlin", "children": [{"id": "2", "value": "Mitte"}]}]},
        {"fieldId": "customfield_4", "name": "Twin", "schema": {"type": "number", "custom": custom("float")}},
        {"fieldId": "customfield_5", "name": "twin", "schema": {"type": "date", "custom": custom("datepicker")}},
        {"fieldId": "components", "name": "Components", "schema": {"type": "array", "items": "component", "system": "components"},
            "allowedValues": (0..90).map(|n| json!({"id": n.to_string(), "name": format!("Component {n}")})).collect::<Vec<_>>()},
    ]);
    TicketMetadata::of_type("10004", "Bug", &serde_json::from_value::<Vec<_>>(fields).unwrap())
}

fn request_type() -> TicketMetadata {
    let form = json!({"canRaiseOnBehalfOf": true, "requestTypeFields": [
        {"fieldId": "summary", "name": "What is wrong?", "required": true},
        {"fieldId": "customfield_9", "name": "Start date", "required": true, "jiraSchema": {"type": "date"}}]});
    let form = serde_json::from_value(form).unwrap();
    TicketMetadata::of_form("10", "25", "Onboard: \"new\" employee", &form)
}

fn printed(metadata: &TicketMetadata) -> String {
    let template = TicketTemplate {
        namespace: "support",
        integration: "acme",
        project: "NO",
        head: &["A ticket.".to_owned()],
        metadata,
    };
    template.manifest()
}

fn read(text: &str) -> Value {
    serde_saphyr::from_str(text).unwrap()
}

/// Without the marks of the commented lines that have a value.
fn all_in(text: &str) -> String {
    let is_value = |line: &&str| line.trim_start().starts_with("# ") && line.contains(": ") && !line.ends_with('.');
    let own = |line: &str| line.replacen("# ", "", 1);
    let lines = text.lines().map(|line| match line {
        "  # fields:" => "  fields:".to_owned(),
        line if is_value(&line) && own(line).trim_start().chars().next().is_some_and(|c| c != '#') => own(line),
        line => line.to_owned(),
    });
    lines.map(|line| line + "\n").collect()
}

#[test]
fn the_api_server_takes_what_is_printed_with_and_without_what_may_be_left_out() {
    let schema = CRD_SCHEMAS
        .as_ref()
        .unwrap()
        .iter()
        .find(|of| of.kind == "JiraIssue")
        .unwrap();
    for metadata in [issue_type(), request_type()] {
        let text = printed(&metadata);
        for text in [text.clone(), all_in(&text)] {
            let (_, errors) = schema.judge(&read(&text));
            assert_eq!(errors, Vec::new(), "{text}");
            let wide = text.lines().find(|line| display_width(line) > 80);
            assert_eq!(wide, None, "{text}");
        }
    }
}

#[test]
fn what_is_needed_stands_there_and_what_is_not_is_a_comment() {
    let text = printed(&issue_type());
    let object = read(&text);
    assert_eq!(object.pointer("/metadata/name"), Some(&json!("no-bug")));
    let spec = object.get("spec").unwrap();
    assert_eq!(
        spec.as_object().unwrap().keys().map(String::as_str).collect::<Vec<_>>(),
        ["description", "fields", "integration", "project", "summary", "type"]
    );
    assert_eq!(spec.get("fields"), Some(&json!({"Severity": ""})));
    for part in [
        "project: \"NO\"",
        "# Needed: one value of these: \"1 - Critical\", \"2 - Major\".",
        "# priority: High",
        "# One value of these: High, \"No\".",
        "# \"Team: web\": text",
        "# Place: [Berlin, Mitte]",
        "# customfield_4: 1",
        "# customfield_5: 2027-01-31",
        "# links: [{url: ",
        "# policy: {existing: Adopt}",
        "# ttlSecondsAfterDone: ",
    ] {
        assert!(text.contains(part), "{part} is not in:\n{text}");
    }
    assert!(text.replace("\n    # ", " ").contains("and 30 more"), "{text}");
    assert!(!text.contains("Security") && !text.contains("needed: who"), "{text}");
    let request = printed(&request_type());
    assert!(
        request.contains("requestType: \"Onboard: \\\"new\\\" employee\""),
        "{request}"
    );
    assert!(request.contains("\n    Start date: \"\"\n"), "{request}");
    assert_eq!(
        read(&request).pointer("/metadata/name"),
        Some(&json!("no-onboard-new-employee"))
    );
}

#[test]
fn a_long_name_is_cut_where_kubernetes_takes_it() {
    let long = TicketMetadata {
        type_name: format!("Émail {}", "x ".repeat(80)),
        ..issue_type()
    };
    let text = printed(&long);
    let name = read(&text)
        .pointer("/metadata/name")
        .unwrap()
        .as_str()
        .unwrap()
        .to_owned();
    assert!(name.len() <= LONGEST_NAME && !name.ends_with('-'), "{name}");
}
