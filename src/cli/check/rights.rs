//! Whether the operator's service account holds each rule that the operator needs.

use futures::{StreamExt, stream};
use k8s_openapi::api::authorization::v1::{ResourceAttributes, SubjectAccessReview, SubjectAccessReviewSpec};
use kube::{Api, api::PostParams};

use super::rules::{RULES, RequiredRule};
use crate::cli::context::{CheckReason, ClusterContext, ReportLine};
use crate::cluster::error::describe;

/// How many questions are asked at once.
const AT_ONCE: usize = 8;

/// The operator's service account, and where it works.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OperatorAccount {
    /// Its name.
    pub name: String,
    /// Its namespace.
    pub namespace: String,
    /// The namespaces that the operator watches; none for all.
    pub watched: Vec<String>,
}

/// One line for each rule and namespace.
pub async fn lines(cluster: &ClusterContext, account: &OperatorAccount) -> Vec<ReportLine> {
    // Without a namespace the question is about all of them.
    let mut namespaces: Vec<Option<&str>> = account.watched.iter().map(|name| Some(name.as_str())).collect();
    if namespaces.is_empty() {
        namespaces.push(None);
    }
    let questions: Vec<(Option<&str>, &RequiredRule)> = namespaces
        .into_iter()
        .flat_map(|namespace| RULES.iter().map(move |rule| (namespace, rule)))
        .collect();
    let asked: Vec<_> = questions
        .into_iter()
        .map(|(namespace, rule)| line(cluster, account, namespace, rule))
        .collect();
    let lines: Vec<kube::Result<ReportLine>> = stream::iter(asked).buffered(AT_ONCE).collect().await;
    let mut refusal = None;
    let mut told = Vec::new();
    for line in lines {
        match line {
            Ok(line) => told.push(line),
            // One line is enough for what is refused alike.
            Err(why) => refusal = Some(why),
        }
    }
    told.extend(refusal.as_ref().map(not_asked));
    told
}

async fn line(
    cluster: &ClusterContext,
    account: &OperatorAccount,
    namespace: Option<&str>,
    rule: &RequiredRule,
) -> kube::Result<ReportLine> {
    let mut missing = Vec::new();
    for verb in rule.verbs {
        if !is_allowed(cluster, account, namespace, rule, verb).await? {
            missing.push(*verb);
        }
    }
    let place = namespace.map_or("in all namespaces".to_owned(), |name| format!("in namespace {name}"));
    let about = match namespace {
        Some(name) => format!("{} in {name}", rule.short()),
        None => rule.short(),
    };
    let who = format!("ServiceAccount {}/{}", account.namespace, account.name);
    if missing.is_empty() {
        let message = format!("{who} may {} {} {place}.", rule.verbs.join(", "), rule.name());
        return Ok(ReportLine::local("Rights", CheckReason::RuleHeld, message).about(&about));
    }
    if let Some(value) = rule.optional {
        let message = format!(
            "{who} may not {} {} {place}, which it needs {} alone. The chart grants it with {value}=true.",
            missing.join(", "),
            rule.name(),
            rule.purpose
        );
        return Ok(ReportLine::local("Rights", CheckReason::RuleNotGranted, message));
    }
    let message = format!(
        "{who} may not {} {} {place}, which it needs {}. Install the chart's role, or add the verbs to yours.",
        missing.join(", "),
        rule.name(),
        rule.purpose
    );
    Ok(ReportLine::local("Rights", CheckReason::RuleMissing, message).about(&about))
}

async fn is_allowed(
    cluster: &ClusterContext,
    account: &OperatorAccount,
    namespace: Option<&str>,
    rule: &RequiredRule,
    verb: &str,
) -> kube::Result<bool> {
    let api: Api<SubjectAccessReview> = Api::all(cluster.client.clone());
    let group = |name: &str| format!("system:serviceaccounts{name}");
    let review = SubjectAccessReview {
        spec: SubjectAccessReviewSpec {
            user: Some(format!("system:serviceaccount:{}:{}", account.namespace, account.name)),
            groups: Some(vec![
                group(""),
                group(&format!(":{}", account.namespace)),
                "system:authenticated".to_owned(),
            ]),
            resource_attributes: Some(ResourceAttributes {
                group: Some(rule.group.to_owned()),
                resource: Some(rule.resource.to_owned()),
                subresource: (!rule.subresource.is_empty()).then(|| rule.subresource.to_owned()),
                verb: Some(verb.to_owned()),
                namespace: namespace.map(str::to_owned),
                ..ResourceAttributes::default()
            }),
            ..SubjectAccessReviewSpec::default()
        },
        ..SubjectAccessReview::default()
    };
    let answer = api.create(&PostParams::default(), &review).await?;
    Ok(answer.status.is_some_and(|status| status.allowed))
}

fn not_asked(error: &kube::Error) -> ReportLine {
    let message = match error {
        kube::Error::Api(status) if status.code == 403 => "You may not create subjectaccessreviews.authorization.k8s.io, so it is not known what the operator's ServiceAccount may do. Ask a cluster administrator to run this.".to_owned(),
        error => format!("What the operator's ServiceAccount may do could not be asked: {}.", describe(error)),
    };
    ReportLine::local("Rights", CheckReason::MayNotAsk, message)
}
