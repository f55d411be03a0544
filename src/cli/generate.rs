//! Files in the repository that are made from code: CRDs for `kubectl` and for the chart, and
//! the reference of reasons, scopes and permissions. A test compares them with the code.

use std::{
    fmt::Write as _,
    fs,
    path::{Path, PathBuf},
};

use crate::api::{
    crd,
    integration::Mode,
    reason::{Disposition, Holds, Reason},
    requirements::FEATURES,
};

/// Every generated file with its text, by its path in the repository.
fn files() -> Result<Vec<(PathBuf, String)>, String> {
    let mut files = Vec::new();
    for (name, yaml) in crd::documents().map_err(|error| error.to_string())? {
        files.push((PathBuf::from(format!("crds/{name}.yaml")), yaml.clone()));
        let path = format!("charts/jira-operator/templates/crds/{name}.yaml");
        files.push((PathBuf::from(path), chart_template(&yaml)));
    }
    files.push((PathBuf::from("docs/reference/reasons.md"), reasons()));
    files.push((PathBuf::from("docs/reference/permissions.md"), permissions()));
    Ok(files)
}

/// Writes them below a checkout.
pub(super) fn write(root: &Path) -> Result<(), String> {
    for (path, text) in files()? {
        let path = root.join(path);
        if let Some(folder) = path.parent() {
            fs::create_dir_all(folder).map_err(|error| format!("{}: {error}", folder.display()))?;
        }
        fs::write(&path, text).map_err(|error| format!("{}: {error}", path.display()))?;
    }
    Ok(())
}

/// The CRD as a template: installed and upgraded with the chart, and kept when it is removed.
fn chart_template(yaml: &str) -> String {
    // Helm would take what looks like its own syntax for it; CRDs have none today.
    let guarded = yaml.replace("{{", "{{ \"{{\" }}");
    let (head, rest) = guarded.split_once("metadata:\n").unwrap_or((&guarded, ""));
    let keep = "  {{- if .Values.crds.keep }}\n  annotations:\n    helm.sh/resource-policy: keep\n  {{- end }}\n";
    format!("{{{{- if .Values.crds.enabled }}}}\n{head}metadata:\n{keep}{rest}{{{{- end }}}}\n")
}

fn reasons() -> String {
    let mut text = String::from(
        "# Reasons\n\nEvery reason that a condition can carry. Written by `jira-operator crds --generate`; do not edit.\n",
    );
    for reason in Reason::ALL {
        let entry = reason.entry();
        let conditions: Vec<&str> = entry.conditions.iter().map(|c| c.as_str()).collect();
        let holds = match entry.holds {
            Holds::True => "True",
            Holds::False => "False",
            Holds::Unknown => "Unknown",
        };
        // Writing to a String does not fail.
        let _ = write!(
            text,
            "\n## {reason}\n\n{} is {holds}. {}\n",
            conditions.join(", "),
            entry.meaning
        );
        for (title, part) in [("Cause", entry.cause), ("What to do", entry.remedy)] {
            if !part.is_empty() {
                let _ = write!(text, "\n**{title}.** {part}\n");
            }
        }
        let _ = write!(
            text,
            "\n**The operator** {}\n",
            what_the_operator_does(entry.disposition)
        );
    }
    text
}

fn what_the_operator_does(disposition: Disposition) -> &'static str {
    match disposition {
        Disposition::Fine => "goes on.",
        Disposition::Retry => "tries again by itself, with growing waits of at most 15 minutes (Reconciling).",
        Disposition::Wait => "waits; what is awaited wakes it.",
        Disposition::Stalled => "waits for a person (Stalled), and looks again on each interval.",
    }
}

fn permissions() -> String {
    let mut text = String::from(
        "# Scopes and permissions\n\nWhat each feature needs. Written by `jira-operator crds --generate`; do not edit.\n\n\
         | feature | modes | OAuth scopes | project permissions |\n|---|---|---|---|\n",
    );
    for feature in FEATURES {
        let modes: Vec<&str> = feature
            .modes
            .iter()
            .map(|mode| match mode {
                Mode::Enforce => "Enforce",
                Mode::Observe => "Observe",
            })
            .collect();
        let scopes: Vec<String> = feature.scopes.iter().map(|scope| format!("`{scope}`")).collect();
        let permissions: Vec<&str> = feature.permissions.iter().map(|p| p.name).collect();
        // Writing to a String does not fail.
        let _ = writeln!(
            text,
            "| {} | {} | {} | {} |",
            feature.name,
            modes.join(", "),
            scopes.join(", "),
            permissions.join(", ")
        );
    }
    text.push_str("\nA grant that is to be refreshed also needs the scope `offline_access`.\n");
    text
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn generated_files_are_up_to_date() {
        let root = Path::new(env!("CARGO_MANIFEST_DIR"));
        for (path, text) in files().unwrap() {
            let stored = fs::read_to_string(root.join(&path)).unwrap_or_default();
            assert!(
                stored == text,
                "{} is out of date: cargo run -- crds --generate .",
                path.display()
            );
        }
    }
}
