//! The CRDs for `kubectl`, and as templates of the chart.

use std::{collections::BTreeMap, path::PathBuf};

use jira_operator::api::crd;

/// Where the chart has them.
pub const CHART: &str = "charts/jira-operator/templates/crds";

/// Both forms of each, by their path in the repository.
pub fn files() -> BTreeMap<PathBuf, String> {
    let documents = crd::documents().unwrap();
    let both = documents.into_iter().flat_map(|(name, yaml)| {
        let template = chart_template(&yaml);
        [
            (format!("crds/{name}.yaml").into(), yaml),
            (format!("{CHART}/{name}.yaml").into(), template),
        ]
    });
    both.collect()
}

/// The CRD as a template: installed and upgraded with the chart, and kept when it is removed.
fn chart_template(yaml: &str) -> String {
    // Helm would take what looks like its own syntax for it; CRDs have none today.
    let guarded = yaml.replace("{{", "{{ \"{{\" }}");
    let (head, rest) = guarded.split_once("metadata:\n").unwrap();
    let keep = "  {{- if .Values.crds.keep }}\n  annotations:\n    helm.sh/resource-policy: keep\n  {{- end }}\n";
    format!("{{{{- if .Values.crds.enabled }}}}\n{head}metadata:\n{keep}{rest}{{{{- end }}}}\n")
}
