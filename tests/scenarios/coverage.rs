//! What is checked over all scenarios together.

use std::{
    collections::BTreeSet,
    sync::{Arc, Mutex, PoisonError},
};

use devkit::control_plane::{AuditEntry, ControlPlane};
use jira_operator::{
    api::{
        condition::ConditionType::{self, CommentsSent, Created, FieldsApplied, PeopleMatched, PhaseReached, Valid},
        reason::Reason,
    },
    diagnose::judge::person::PersonReason,
};
use k8s_openapi::api::rbac::v1::{ClusterRole, PolicyRule, Role};
use kube::{Api, ResourceExt, api::ListParams};

use crate::{
    causes::{CAUSES, Cause},
    cluster::{Cluster, RELEASE},
};

/// Reasons that conditions carried.
static MET: Mutex<BTreeSet<Reason>> = Mutex::new(BTreeSet::new());
/// The same of tickets, each with its condition.
static MET_OF_TICKETS: Mutex<BTreeSet<(&str, Reason)>> = Mutex::new(BTreeSet::new());
/// Findings about people that were read.
static MET_OF_PEOPLE: Mutex<BTreeSet<PersonReason>> = Mutex::new(BTreeSet::new());
/// Causes that a scenario produced, read and fixed.
static CAUSED: Mutex<BTreeSet<&str>> = Mutex::new(BTreeSet::new());
/// What was found on control planes that are gone by now.
static EARLIER: Mutex<Vec<Found>> = Mutex::new(Vec::new());

/// A permission: API group, resource with subresource, verb.
type Triple = (String, String, String);

#[derive(Default)]
struct Found {
    granted: BTreeSet<Triple>,
    used: BTreeSet<Triple>,
    refused: BTreeSet<String>,
}

/// The conditions that tickets alone have.
const OF_TICKETS: [ConditionType; 6] = [Valid, Created, PeopleMatched, FieldsApplied, PhaseReached, CommentsSent];

/// Notes that a condition carried a reason.
pub fn met(condition: &str, reason: Reason) {
    MET.lock().unwrap_or_else(PoisonError::into_inner).insert(reason);
    let of_ticket = OF_TICKETS.iter().find(|type_| type_.as_str() == condition);
    if let Some(type_) = of_ticket {
        let mut met = MET_OF_TICKETS.lock().unwrap_or_else(PoisonError::into_inner);
        met.insert((type_.as_str(), reason));
    }
}

/// What a condition of tickets may say and none said.
fn unmet_of_tickets() -> Vec<String> {
    let met = MET_OF_TICKETS.lock().unwrap_or_else(PoisonError::into_inner);
    let all = OF_TICKETS.iter().flat_map(|type_| {
        let of_it = Reason::ALL
            .iter()
            .filter(|reason| reason.entry().conditions.contains(type_));
        of_it.map(|reason| (type_.as_str(), *reason))
    });
    let unmet = all.filter(|of_ticket| !met.contains(of_ticket));
    unmet.map(|(type_, reason)| format!("{type_} {reason}")).collect()
}

/// Notes that a check of a person gave a reason.
pub fn met_person(reason: PersonReason) {
    let mut met = MET_OF_PEOPLE.lock().unwrap_or_else(PoisonError::into_inner);
    met.insert(reason);
}

/// Notes that a scenario produced a cause, read what is said of it, fixed it, and saw it heal.
pub fn caused(cause: &'static str) {
    assert!(
        CAUSES.iter().any(|known| known.id == cause),
        "{cause} is not in the table of causes"
    );
    CAUSED.lock().unwrap_or_else(PoisonError::into_inner).insert(cause);
}

/// Reads the audit log and the roles of a control plane that is about to be stopped.
async fn close(control: &ControlPlane) {
    let found = look(control).await;
    EARLIER.lock().unwrap_or_else(PoisonError::into_inner).push(found);
}

/// Stops a control plane that one scenario had for itself.
pub async fn end(own: Arc<Cluster>) {
    close(&own.control).await;
    Arc::try_unwrap(own).ok().expect("nobody else has it").stop().await;
}

/// Whether everything was met and used. Says so, and says when it was not checked.
pub async fn report_all(cluster: &Cluster, whole: bool) -> bool {
    if !whole {
        println!(
            "not checked, because not every scenario ran and passed: reasons met, causes told, rules used, calls refused"
        );
        return true;
    }
    close(&cluster.control).await;
    let met = MET.lock().unwrap_or_else(PoisonError::into_inner).clone();
    let unmet: Vec<&Reason> = Reason::ALL.iter().filter(|reason| !met.contains(reason)).collect();
    let met = MET_OF_PEOPLE.lock().unwrap_or_else(PoisonError::into_inner).clone();
    let unmet_of_people: Vec<&PersonReason> = PersonReason::ALL.iter().filter(|r| !met.contains(r)).collect();
    let caused = CAUSED.lock().unwrap_or_else(PoisonError::into_inner).clone();
    let untold: Vec<&Cause> = CAUSES.iter().filter(|cause| !caused.contains(cause.id)).collect();
    let all = EARLIER.lock().unwrap_or_else(PoisonError::into_inner);
    let granted: BTreeSet<&Triple> = all.iter().flat_map(|f| &f.granted).collect();
    let used: BTreeSet<&Triple> = all.iter().flat_map(|f| &f.used).collect();
    let unused: Vec<_> = granted.difference(&used).collect();
    let refused: Vec<_> = all.iter().flat_map(|f| &f.refused).collect();
    report("every reason was met", &unmet)
        & report(
            "every reason of a ticket was met in each of its conditions",
            &unmet_of_tickets(),
        )
        & report("every reason of a person was met", &unmet_of_people)
        & report("every cause was told", &untold)
        & report("every RBAC rule was used", &unused)
        & report("no call was refused", &refused)
}

fn report<T: std::fmt::Debug>(what: &str, exceptions: &[T]) -> bool {
    if exceptions.is_empty() {
        println!("checked: {what}");
    } else {
        println!("FAILED: {what}, but for {exceptions:?}");
    }
    exceptions.is_empty()
}

async fn look(control: &ControlPlane) -> Found {
    let mut found = Found {
        granted: granted(control).await,
        ..Found::default()
    };
    let mut allowed = BTreeSet::new();
    let mut refused = BTreeSet::new();
    for entry in control.audit().entries().expect("the audit log can be read") {
        let ours = entry.user.starts_with("system:serviceaccount:") && entry.user.ends_with(&format!(":{RELEASE}"));
        let Some(resource) = entry.resource.clone().filter(|_| ours) else {
            continue;
        };
        let triple = (entry.group.clone(), full(&resource, &entry), entry.verb.clone());
        let whole = (entry.user.clone(), entry.namespace.clone(), triple.clone());
        match entry.allowed() {
            Some(true) => {
                found.used.insert(triple);
                allowed.insert(whole);
            }
            Some(false) => {
                refused.insert(whole);
            }
            None => {}
        }
    }
    // An API server that was just restarted refuses for a moment what it allows before and after,
    // because it has not read its roles yet.
    let lasting = refused.difference(&allowed);
    found.refused = lasting
        .map(|(_, namespace, triple)| format!("{triple:?} in {namespace:?}"))
        .collect();
    found
}

fn full(resource: &str, entry: &AuditEntry) -> String {
    entry
        .subresource
        .as_ref()
        .map_or_else(|| resource.to_owned(), |sub| format!("{resource}/{sub}"))
}

async fn granted(control: &ControlPlane) -> BTreeSet<Triple> {
    let ours = format!("app.kubernetes.io/instance={RELEASE}");
    let params = ListParams::default().labels(&ours);
    let roles = Api::<Role>::all(control.client()).list(&params).await.expect("roles");
    let cluster = Api::<ClusterRole>::all(control.client())
        .list(&params)
        .await
        .expect("cluster roles");
    let aggregated = |role: &&ClusterRole| {
        role.labels()
            .keys()
            .any(|k| k.starts_with("rbac.authorization.k8s.io/aggregate-to"))
    };
    let namespaced = roles.items.into_iter().filter_map(|r| r.rules);
    let cluster_rules = cluster
        .items
        .iter()
        .filter(|r| !aggregated(r))
        .filter_map(|r| r.rules.clone());
    namespaced.chain(cluster_rules).flatten().flat_map(triples).collect()
}

fn triples(rule: PolicyRule) -> Vec<Triple> {
    let mut all = Vec::new();
    for group in rule.api_groups.iter().flatten() {
        for resource in rule.resources.iter().flatten() {
            all.extend(
                rule.verbs
                    .iter()
                    .map(|verb| (group.clone(), resource.clone(), verb.clone())),
            );
        }
    }
    all
}
