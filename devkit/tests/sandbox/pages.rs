//! Pages of a search: what they hold, how they go on, and how they misbehave.

use serde_json::{Value, json};

use crate::client::{Bench, answer, search, text};

fn ids(page: &Value) -> Vec<String> {
    page["issues"]
        .as_array()
        .unwrap()
        .iter()
        .map(|issue| text(&issue["id"]))
        .collect()
}

fn token(page: &Value) -> Option<String> {
    page.get("nextPageToken").filter(|token| !token.is_null()).map(text)
}

const JQL: &str = "project = OPS order by key";

/// A page of five, of the eleven issues of a project.
async fn page(bench: &Bench, token: Option<&str>) -> Value {
    let body = json!({"jql": JQL, "maxResults": 5, "nextPageToken": token});
    let (status, page) = search(bench, body).await;
    assert_eq!(status, 200, "{page}");
    page
}

async fn eleven() -> Bench {
    let bench = Bench::new().await;
    bench.run(json!({"command": "addIssues", "project": "OPS", "count": 9}));
    bench
}

/// The pages, until there is no token, or as many as a reader would take who does not give up.
async fn walk(bench: &Bench) -> Vec<Value> {
    let mut pages = vec![page(bench, None).await];
    while let Some(next) = token(pages.last().unwrap()) {
        if pages.len() == 6 {
            break;
        }
        pages.push(page(bench, Some(&next)).await);
    }
    pages
}

fn sizes(pages: &[Value]) -> Vec<usize> {
    pages.iter().map(|page| ids(page).len()).collect()
}

fn trouble(bench: &Bench, page: u32, trouble: &Value) {
    bench.run(json!({"command": "clearPageFaults"}));
    let fault = json!({"page": page, "jql": "OPS", "trouble": trouble});
    bench.run(json!({"command": "addPageFault", "fault": fault}));
}

#[tokio::test]
async fn pages_misbehave_as_commanded() {
    let bench = eleven().await;
    let well = walk(&bench).await;
    assert_eq!(sizes(&well), [5, 5, 1]);
    assert!(well[2].get("nextPageToken").is_none() && well[2]["isLast"] == true);

    trouble(&bench, 2, &json!({"kind": "repeatToken"}));
    let pages = walk(&bench).await;
    assert_eq!(pages.len(), 6);
    assert_eq!((token(&pages[1]), ids(&pages[4])), (token(&pages[0]), ids(&pages[1])));

    trouble(&bench, 1, &json!({"kind": "shortPage", "issues": 2}));
    let pages = walk(&bench).await;
    assert_eq!((sizes(&pages), &pages[0]["isLast"]), (vec![2, 5, 4], &json!(false)));

    trouble(&bench, 2, &json!({"kind": "emptyPage"}));
    let pages = walk(&bench).await;
    assert_eq!((sizes(&pages), &pages[1]["isLast"]), (vec![5, 0, 5, 1], &json!(false)));

    trouble(&bench, 3, &json!({"kind": "omitIsLast"}));
    assert!(walk(&bench).await[2].get("isLast").is_none());

    trouble(&bench, 1, &json!({"kind": "claimLast"}));
    let pages = walk(&bench).await;
    assert_eq!((sizes(&pages), &pages[0]["isLast"]), (vec![5, 5, 1], &json!(true)));

    trouble(&bench, 1, &json!({"kind": "loseToken"}));
    let pages = walk(&bench).await;
    assert_eq!((sizes(&pages), &pages[0]["isLast"]), (vec![5], &json!(false)));

    trouble(&bench, 3, &json!({"kind": "nullToken"}));
    assert_eq!(walk(&bench).await[2].get("nextPageToken"), Some(&Value::Null));

    trouble(&bench, 3, &json!({"kind": "extraPage"}));
    let pages = walk(&bench).await;
    assert_eq!(
        (sizes(&pages), &pages[2]["isLast"], &pages[3]["isLast"]),
        (vec![5, 5, 1, 0], &json!(false), &json!(true))
    );
}

#[tokio::test]
async fn a_page_may_warn_and_end_the_result_too_early() {
    let bench = eleven().await;
    trouble(&bench, 1, &json!({"kind": "warn"}));
    let pages = walk(&bench).await;
    assert_eq!(pages[0]["warnings"][0]["type"], "CLAUSE_LIMIT_EXCEEDED");
    assert_eq!(sizes(&pages), [5, 5, 1]);
    trouble(
        &bench,
        2,
        &json!({"kind": "warn", "warning": "CLAUSE_RESULT_TRUNCATED", "truncateTo": 3}),
    );
    let pages = walk(&bench).await;
    assert_eq!(pages[1]["warnings"][0]["type"], "CLAUSE_RESULT_TRUNCATED");
    assert_eq!((sizes(&pages), &pages[1]["isLast"]), (vec![5, 3], &json!(true)));
    // Other queries stay well, and a fault may be spent.
    let (_, other) = search(&bench, json!({"jql": "project = ENG"})).await;
    assert!(other.get("warnings").is_none());
    bench.run(json!({"command": "clearPageFaults"}));
    let once = json!({"times": 1, "trouble": {"kind": "emptyPage"}});
    bench.run(json!({"command": "addPageFault", "fault": once}));
    assert_eq!(sizes(&walk(&bench).await), [0, 5, 5, 1]);
    assert_eq!(sizes(&walk(&bench).await), [5, 5, 1]);
}

#[tokio::test]
async fn a_token_lasts_seven_days_and_goes_on_behind_the_last_issue_whatever_changed() {
    let bench = eleven().await;
    let first = page(&bench, None).await;
    // Two of those that were shown go away; none of the others is passed over for it.
    bench.run(json!({"command": "deleteIssue", "issue": "OPS-1"}));
    bench.run(json!({"command": "deleteIssue", "issue": "OPS-5"}));
    let second = page(&bench, token(&first).as_deref()).await;
    let shown = bench.sandbox.state(|world| {
        let site = world.site("acme").unwrap();
        let key = |id: &String| site.issue(id).unwrap().1.number;
        ids(&second).iter().map(key).collect::<Vec<_>>()
    });
    assert_eq!(shown, [6, 7, 8, 9, 10]);
    bench.run(json!({"command": "setExpiresIn", "seconds": 30 * 24 * 3600}));
    let long = bench.mint(json!({"command": "mintGrant"}));
    let bench = Bench { tokens: long, ..bench };
    bench.run(json!({"command": "advanceClock", "seconds": 7 * 24 * 3600 - 60}));
    let (status, page) = ask_again(&bench, &second).await;
    assert_eq!((status, ids(&page).len()), (200, 1));
    bench.run(json!({"command": "advanceClock", "seconds": 120}));
    assert_eq!(ask_again(&bench, &second).await.0, 400);
}

async fn ask_again(bench: &Bench, page: &Value) -> (u16, Value) {
    search(bench, json!({"jql": JQL, "nextPageToken": token(page)})).await
}

#[tokio::test]
async fn what_is_asked_for_is_checked_as_documented() {
    let bench = Bench::new().await;
    let jql = "project = ENG";
    for wrong in [
        json!({"jql": jql, "properties": ["a", "b", "c", "d", "e", "f"]}),
        json!({"jql": jql, "reconcileIssues": (1..=51).collect::<Vec<u64>>()}),
        json!({"jql": jql, "expand": ["names"]}),
        json!({"jql": jql, "startAt": 0}),
        json!({"jql": jql, "fields": "summary"}),
        json!({"jql": jql, "nextPageToken": "made-up"}),
        json!({}),
    ] {
        assert_eq!(search(&bench, wrong.clone()).await.0, 400, "{wrong}");
    }
    let (_, body) = search(
        &bench,
        json!({"jql": jql, "fields": ["status"], "expand": "names", "properties": ["a"]}),
    )
    .await;
    assert_eq!(
        (&body["names"], &body["issues"][0]["properties"]),
        (&json!({"status": "Status"}), &json!({}))
    );
    let (_, body) = search(&bench, json!({"jql": jql, "fields": ["*all", "-project"]})).await;
    let fields = body["issues"][0]["fields"].as_object().unwrap();
    let mut names: Vec<_> = fields.keys().map(String::as_str).collect();
    names.sort_unstable();
    let all = [
        "assignee",
        "comment",
        "components",
        "created",
        "creator",
        "description",
        "duedate",
        "environment",
        "fixVersions",
        "issuelinks",
        "issuetype",
        "labels",
        "priority",
        "reporter",
        "resolution",
        "resolutiondate",
        "status",
        "summary",
        "updated",
    ];
    assert_eq!(names, all);
    let path = "/rest/api/3/search/jql?jql=project%20%3D%20ENG&fields=summary,priority&maxResults=2";
    let (_, body) = answer(bench.get(path)).await;
    assert_eq!(
        (ids(&body).len(), body["issues"][0]["fields"].as_object().unwrap().len()),
        (2, 2)
    );
}
