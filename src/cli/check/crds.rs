//! Whether the cluster serves the definitions, in the version of this program.

use k8s_openapi::apiextensions_apiserver::pkg::apis::apiextensions::v1::CustomResourceDefinition;
use kube::{Api, ResourceExt};
use serde_json::Value;

use crate::cli::context::{CheckReason, CheckedObject, ClusterContext, ReportLine};
use crate::{
    api::{
        VERSION, crd,
        definition::{Difference, INSTALL},
    },
    cluster::error::describe,
    diagnose::judge::enumerate,
};

/// Most fields that are named.
const NAMED: usize = 4;

/// One subject for each definition.
pub async fn subjects(cluster: &ClusterContext) -> Vec<CheckedObject> {
    let api: Api<CustomResourceDefinition> = Api::all(cluster.client.clone());
    let mut subjects = Vec::new();
    for ours in crd::all() {
        let name = ours.name_any();
        let mut subject = CheckedObject::new("CustomResourceDefinition", "", &name);
        let line = match api.get_opt(&name).await {
            Ok(served) => compared(&ours, served.as_ref()),
            Err(kube::Error::Api(status)) if status.code == 403 => ReportLine::local(
                "Definition",
                CheckReason::MayNotAsk,
                "You may not read CustomResourceDefinitions, so it is not known which version is installed.",
            ),
            Err(error) => ReportLine::local(
                "Definition",
                CheckReason::MayNotAsk,
                format!("It could not be read: {}.", describe(&error)),
            ),
        };
        subject.lines.push(line);
        subjects.push(subject);
    }
    subjects
}

fn compared(ours: &CustomResourceDefinition, served: Option<&CustomResourceDefinition>) -> ReportLine {
    let name = ours.name_any();
    let line = |reason, message: String| ReportLine::local("Definition", reason, message);
    let Some(served) = served else {
        return line(
            CheckReason::DefinitionMissing,
            format!("{name} is not installed. Install it: {INSTALL}"),
        );
    };
    let Some(theirs) = schema(served) else {
        let message = format!("{name} is installed, but does not serve version {VERSION}. Replace it: {INSTALL}");
        return line(CheckReason::DefinitionDiffers, message);
    };
    let Difference { lacking, more } = Difference::between(&schema(ours).unwrap_or_default(), &theirs);
    let differ = |what: String| line(CheckReason::DefinitionDiffers, what);
    match (lacking.is_empty(), more.is_empty()) {
        (true, true) => line(
            CheckReason::DefinitionServed,
            format!("{name} is served as this program knows it."),
        ),
        (false, _) => differ(format!(
            "{name} lacks what this program knows of {}. Replace it: {INSTALL}",
            enumerate(&lacking, NAMED)
        )),
        (true, false) => differ(format!(
            "{name} says more of {} than this program knows: the program is the older one. Use that of the operator's version.",
            enumerate(&more, NAMED)
        )),
    }
}

fn schema(crd: &CustomResourceDefinition) -> Option<Value> {
    let version = crd
        .spec
        .versions
        .iter()
        .find(|version| version.name == VERSION && version.served)?;
    serde_json::to_value(version.schema.as_ref()?.open_api_v3_schema.as_ref()?).ok()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn changed(change: impl FnOnce(&mut CustomResourceDefinition)) -> ReportLine {
        let ours = crd::all().into_iter().next().unwrap();
        let mut theirs = ours.clone();
        change(&mut theirs);
        compared(&ours, Some(&theirs))
    }

    fn root(
        crd: &mut CustomResourceDefinition,
    ) -> &mut k8s_openapi::apiextensions_apiserver::pkg::apis::apiextensions::v1::JSONSchemaProps {
        let version = crd.spec.versions.first_mut().unwrap();
        version.schema.as_mut().unwrap().open_api_v3_schema.as_mut().unwrap()
    }

    #[test]
    fn an_older_definition_is_told_by_the_field_that_it_lacks() {
        assert_eq!(changed(|_| {}).reason, "DefinitionServed");
        assert_eq!(changed(|crd| root(crd).description = None).reason, "DefinitionServed");
        let older = changed(|crd| {
            let spec = root(crd).properties.as_mut().unwrap().get_mut("spec").unwrap();
            spec.properties.as_mut().unwrap().remove("statusMapping");
        });
        assert_eq!(older.reason, "DefinitionDiffers");
        assert!(
            older
                .message
                .contains("lacks what this program knows of spec.statusMapping"),
            "{}",
            older.message
        );
        let newer = changed(|crd| {
            let properties = root(crd).properties.as_mut().unwrap();
            properties.insert(
                "extra".to_owned(),
                serde_json::from_value(serde_json::json!({"type": "string"})).unwrap(),
            );
        });
        assert!(
            newer.message.contains("the program is the older one"),
            "{}",
            newer.message
        );
    }

    #[test]
    fn a_definition_that_is_not_there_or_not_served_is_told() {
        let ours = crd::all().into_iter().next().unwrap();
        assert_eq!(compared(&ours, None).reason, "DefinitionMissing");
        let unserved = changed(|crd| crd.spec.versions.first_mut().unwrap().served = false);
        assert!(
            unserved.message.contains("does not serve version v1alpha1"),
            "{}",
            unserved.message
        );
    }
}
