//! Files in the repository that are made from code: CRDs for `kubectl` and for the chart, and
//! the documentation of reasons, scopes and permissions. A test compares them with the code.

mod guide;
#[cfg(test)]
mod markdown;
mod permissions;
mod procedures;
pub(super) mod sections;
mod start;
pub(super) mod troubleshooting;

use std::{
    fs,
    path::{Path, PathBuf},
};

use crate::api::crd;

/// Every generated file with its text, by its path in the repository.
fn files() -> Result<Vec<(PathBuf, String)>, String> {
    let mut files = Vec::new();
    for (name, yaml) in crd::documents().map_err(|error| error.to_string())? {
        files.push((PathBuf::from(format!("crds/{name}.yaml")), yaml.clone()));
        let path = format!("charts/jira-operator/templates/crds/{name}.yaml");
        files.push((PathBuf::from(path), chart_template(&yaml)));
    }
    files.push((PathBuf::from("docs/troubleshooting.md"), troubleshooting::page()));
    files.push((PathBuf::from("docs/permissions.md"), permissions::page()));
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
