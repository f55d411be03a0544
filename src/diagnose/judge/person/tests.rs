//! People and what is found of them, by tables.

#![allow(clippy::unwrap_used)]
use super::*;
use crate::atlassian::models::User;

const ANN: &str = "ann@acme.example";

fn user(email: Option<&str>, active: bool) -> User {
    let answer = serde_json::json!({"accountId": "5b10", "emailAddress": email, "active": active});
    serde_json::from_value(answer).unwrap()
}

/// Somebody about whom everything is well.
fn well() -> PersonEvidence {
    PersonEvidence {
        email: ANN.into(),
        project: "SUP".into(),
        pinned: None,
        may_browse: Ok(true),
        found: Ok(vec![user(Some("Ann@Acme.example"), true)]),
        looked_through: false,
        service_project: Ok(true),
        assignable: Some(Ok(true)),
        may_raise: Some(Ok(Raising::Allowed)),
    }
}

fn reasons(change: impl FnOnce(&mut PersonEvidence)) -> Vec<PersonReason> {
    let mut evidence = well();
    change(&mut evidence);
    let findings = judge(&evidence);
    for finding in &findings {
        assert!(finding.message.ends_with('.'), "{}", finding.message);
        assert!(finding.message.contains(finding.reason.remedy()), "{}", finding.message);
    }
    findings.iter().map(|finding| finding.reason).collect()
}

fn nobody(evidence: &mut PersonEvidence) {
    evidence.found = Ok(Vec::new());
    evidence.assignable = None;
}

#[test]
fn who_can_be_used_is_said_to_be_usable() {
    use PersonReason::*;
    assert_eq!(reasons(|_| ()), [PersonUsable]);
    // In a project that is no service project nobody raises requests.
    assert_eq!(reasons(|e| e.may_raise = None), [PersonUsable]);
    // A pinned account is certain, whatever address it shows.
    let pinned = |e: &mut PersonEvidence| {
        e.pinned = Some("5b10".into());
        e.found = Ok(vec![user(None, true)]);
    };
    assert_eq!(reasons(pinned), [PersonUsable]);
}

#[test]
fn each_cause_is_told_apart() {
    use PersonReason::*;
    let denied = |e: &mut PersonEvidence| {
        nobody(e);
        e.may_browse = Ok(false);
    };
    assert_eq!(reasons(denied), [PersonNotLookedUp]);
    assert_eq!(reasons(nobody), [PersonNotFound]);
    let elsewhere = |e: &mut PersonEvidence| e.found = Ok(vec![user(Some("anna@acme.example"), true)]);
    assert_eq!(reasons(elsewhere), [PersonNotFound]);
    let inactive = |e: &mut PersonEvidence| e.found = Ok(vec![user(Some(ANN), false)]);
    assert_eq!(reasons(inactive), [PersonInactive]);
    for address in [None, Some("")] {
        let hidden = |e: &mut PersonEvidence| e.found = Ok(vec![user(address, true)]);
        assert_eq!(reasons(hidden), [PersonEmailHidden]);
    }
    assert_eq!(reasons(|e| e.assignable = Some(Ok(false))), [PersonNotAssignable]);
    let mistyped = |e: &mut PersonEvidence| e.assignable = Some(Err(JiraError::NotFound("No project".into())));
    assert_eq!(reasons(mistyped), [PersonProjectNotVisible]);
    assert_eq!(
        reasons(|e| e.may_raise = Some(Ok(Raising::Denied))),
        [RequestsForOthersDenied]
    );
    assert_eq!(reasons(|e| e.found = Err(JiraError::Redirected)), [PersonNotAsked]);
}

#[test]
fn an_address_that_is_shown_goes_before_one_that_is_hidden() {
    let both = |e: &mut PersonEvidence| e.found = Ok(vec![user(None, true), user(Some(ANN), true)]);
    assert_eq!(reasons(both), [PersonReason::PersonUsable]);
}

#[test]
fn two_causes_are_both_told_the_gravest_first() {
    use PersonReason::*;
    let both = |e: &mut PersonEvidence| {
        e.found = Ok(vec![user(None, true)]);
        e.assignable = Some(Ok(false));
        e.may_raise = Some(Ok(Raising::Denied));
    };
    let expected = [PersonEmailHidden, PersonNotAssignable, RequestsForOthersDenied];
    assert_eq!(reasons(both), expected);
}

/// What was not answered is said, once, and never taken for an answer.
#[test]
fn what_jira_does_not_answer_is_said_with_its_why() {
    use PersonReason::*;
    let mistyped = |e: &mut PersonEvidence| {
        e.service_project = Err(JiraError::NotFound("No project".into()));
        (e.assignable, e.may_raise) = (None, None);
    };
    assert_eq!(reasons(mistyped), [PersonProjectNotVisible]);
    let down = |e: &mut PersonEvidence| {
        e.service_project = Err(JiraError::Redirected);
        e.assignable = Some(Err(JiraError::Redirected));
        e.may_raise = None;
    };
    assert_eq!(reasons(down), [PersonNotAsked]);
    for raising in [Raising::NoRequestType, Raising::Untold] {
        assert_eq!(reasons(|e| e.may_raise = Some(Ok(raising))), [PersonNotAsked]);
    }
}

/// A customer works on nothing; requests are raised for them.
#[test]
fn a_customer_of_a_service_project_is_usable_without_being_assignable() {
    let mut evidence = well();
    evidence.assignable = None;
    let [only] = judge(&evidence).try_into().unwrap();
    assert_eq!(only.reason, PersonReason::PersonUsable);
    assert!(only.message.contains("portal customer") && only.message.contains("operator's account"));
}

/// Where users may not be browsed, an empty list of the assignable proves nothing.
#[test]
fn without_the_right_to_browse_nobody_is_said_not_to_be_assignable() {
    let pinned = |e: &mut PersonEvidence| {
        e.pinned = Some("5b10".into());
        e.may_browse = Ok(false);
        e.assignable = Some(Ok(false));
    };
    assert!(!reasons(pinned).contains(&PersonReason::PersonNotAssignable));
}
