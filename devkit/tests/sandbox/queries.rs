//! JQL as people and the operator write it.

use serde_json::{Value, json};

use crate::client::{Bench, answer, found, id_of, refused};

#[tokio::test]
async fn projects_are_named_by_key_in_any_case_by_id_by_name_and_by_a_former_key() {
    let bench = Bench::new().await;
    let id = bench
        .sandbox
        .state(|world| world.site("acme").unwrap().project("OPS").unwrap().id);
    bench.run(json!({"command": "renameProjectKey", "project": "OPS", "key": "OPERATE"}));
    let all = ["OPERATE-1", "OPERATE-2"];
    for name in [
        "OPERATE".to_owned(),
        "operate".to_owned(),
        "OPS".to_owned(),
        id.to_string(),
        "operations".to_owned(),
    ] {
        assert_eq!(
            found(&bench, &format!("project = {name} order by key")).await,
            all,
            "{name}"
        );
    }
    let others = found(&bench, "project not in (OPERATE, ENG) and project != SUP").await;
    assert_eq!(others, ["ITS-1"]);
    let message = "A value with ID '99' does not exist for the field 'project'.";
    assert_eq!(refused(&bench, "project in (ENG, 99)").await, message);
    bench.run(json!({"command": "trashProject", "project": "SUP"}));
    assert!(refused(&bench, "project in (ENG, SUP)").await.contains("'SUP'"));
}

#[tokio::test]
async fn statuses_and_categories_go_by_the_sites_language_and_by_what_no_language_changes() {
    let bench = Bench::new().await;
    bench.run(json!({"command": "updateIssue", "issue": "ENG-1", "status": "In Progress", "priority": "Highest"}));
    bench.run(json!({"command": "setLanguage", "language": "de"}));
    for jql in [
        "status = \"In Arbeit\"",
        "status = 3",
        "project = ENG and statusCategory = indeterminate",
        "project = ENG and statusCategory = 4",
        "project = ENG and statusCategory = \"in arbeit\"",
        "priority = \"Am höchsten\"",
        "project = ENG and statusCategory != new and statusCategory != done",
    ] {
        assert_eq!(found(&bench, jql).await, ["ENG-1"], "{jql}");
    }
    assert!(
        refused(&bench, "status = \"In Progress\"")
            .await
            .contains("In Progress")
    );
    assert!(refused(&bench, "statusCategory = Whatever").await.contains("Whatever"));
}

#[tokio::test]
async fn emptiness_people_and_the_order_of_results_are_understood() {
    let bench = Bench::new().await;
    bench.run(json!({"command": "updateIssue", "issue": "ENG-1", "assignee": "dana@acme.example", "priority": "Low"}));
    bench.run(
        json!({"command": "updateIssue", "issue": "ENG-2", "status": "Done", "priority": "High", "parent": "ENG-1"}),
    );
    assert_eq!(
        found(&bench, "project = ENG and assignee is not EMPTY").await,
        ["ENG-1"]
    );
    assert_eq!(
        found(&bench, "project = ENG and assignee != \"Alex Agent\"").await,
        ["ENG-1"]
    );
    assert_eq!(
        found(&bench, "assignee in (\"dana@acme.example\") and labels is empty").await,
        ["ENG-1"]
    );
    assert_eq!(
        found(&bench, "project = ENG and assignee in (EMPTY) order by key").await,
        ["ENG-2", "ENG-3"]
    );
    assert_eq!(found(&bench, "resolution = Done").await, ["ENG-2"]);
    assert_eq!(
        found(&bench, "project = ENG and resolved is EMPTY order by key").await,
        ["ENG-1", "ENG-3"]
    );
    assert_eq!(found(&bench, "parent = ENG-1").await, ["ENG-2"]);
    let by_priority = found(&bench, "project = ENG order by priority desc, key").await;
    assert_eq!(by_priority, ["ENG-2", "ENG-3", "ENG-1"]);
    let ids = [id_of(&bench, "ENG-3"), id_of(&bench, "OPS-1")].map(|id| id.to_string());
    // One is about a release, which is no lease.
    let jql = format!("id in ({}) and not text ~ lease", ids.join(","));
    assert_eq!(found(&bench, &jql).await, ["ENG-3"]);
    assert_eq!(found(&bench, "text ~ \"process rel*\"").await, ["ENG-3"]);
    assert!(refused(&bench, "key = ENG-99").await.contains("ENG-99"));
}

#[tokio::test]
async fn wrong_queries_are_refused_with_what_is_wrong() {
    let bench = Bench::new().await;
    for (jql, part) in [
        ("labels > 3", "The operator '>' is not supported by the 'labels' field."),
        (
            "summary = x",
            "The operator '=' is not supported by the 'summary' field.",
        ),
        (
            "updated >= yesterday",
            "Date value 'yesterday' for field 'updated' is invalid.",
        ),
        (
            "assignee = nobody",
            "The value 'nobody' does not exist for the field 'assignee'.",
        ),
        ("assignee = frobnicate()", "Unable to find JQL function 'frobnicate()'."),
        ("project = ENG order by colour", "Field 'colour'"),
        ("labels = a) OR (labels = b", "Error in the JQL Query"),
        ("project = ENG order by a,b,c,d,e,f,g,h", "seven"),
    ] {
        assert!(refused(&bench, jql).await.contains(part), "{jql}");
    }
}

#[tokio::test]
async fn dates_are_read_in_the_searchers_zone_and_epoch_milliseconds_are_not() {
    let bench = Bench::new().await;
    bench.run(json!({"command": "setTimeZone", "timeZone": "Pacific/Kiritimati"}));
    let (now, updated) = bench.sandbox.state(|world| {
        let issue = world.site("acme").unwrap().issue("ENG-1").unwrap().1.updated;
        (world.now(), issue)
    });
    // Fourteen hours ahead of UTC: the time as UTC writes it is long past there.
    let utc = now.strftime("%Y-%m-%d %H:%M").to_string();
    assert_eq!(
        found(&bench, &format!("project = ENG and updated >= \"{utc}\""))
            .await
            .len(),
        3
    );
    let zone = jiff::tz::TimeZone::get("Pacific/Kiritimati").unwrap();
    let there = now.to_zoned(zone).checked_add(jiff::Span::new().minutes(2)).unwrap();
    let there = there.strftime("%Y/%m/%d %H:%M").to_string();
    assert_eq!(
        found(&bench, &format!("project = ENG and updated >= \"{there}\""))
            .await
            .len(),
        0
    );
    let ms = updated.as_millisecond();
    assert_eq!(
        found(&bench, &format!("project = ENG and updated >= {ms}")).await.len(),
        3
    );
    assert_eq!(
        found(&bench, &format!("project = ENG and updated > {ms}")).await.len(),
        0
    );
    assert_eq!(
        found(&bench, "project = ENG and updated >= -1d and updated <= now()")
            .await
            .len(),
        3
    );
}

#[tokio::test]
async fn a_right_query_is_parsed_into_its_structure_and_a_wrong_one_is_not() {
    let bench = Bench::new().await;
    let parse = async |validation: &str, queries: Value| {
        let path = format!("/rest/api/3/jql/parse?validation={validation}");
        answer(bench.post(&path, &json!({"queries": queries}))).await
    };
    let (_, body) = parse(
        "strict",
        json!([
            "labels in (a, EMPTY) and not status = Done order by key desc",
            "project = NOPE"
        ]),
    )
    .await;
    let right = &body["queries"][0];
    assert!(right.get("errors").is_none());
    assert_eq!(right["structure"]["where"]["operator"], "and");
    assert_eq!(
        right["structure"]["where"]["clauses"][0]["operand"]["values"][1]["keyword"],
        "empty"
    );
    assert_eq!(right["structure"]["orderBy"]["fields"][0]["direction"], "desc");
    let wrong = &body["queries"][1];
    assert!(wrong.get("structure").is_none() && wrong["errors"][0].as_str().unwrap().contains("'NOPE'"));
    let (_, body) = parse("warn", json!(["project = NOPE"])).await;
    assert!(body["queries"][0].get("structure").is_some() && body["queries"][0].get("errors").is_some());
    let (_, body) = parse("none", json!(["project = NOPE"])).await;
    assert!(body["queries"][0].get("errors").is_none());
    assert_eq!(parse("maybe", json!(["a = b"])).await.0, 400);
    assert_eq!(parse("strict", json!([])).await.0, 400);
}
