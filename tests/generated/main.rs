//! The files of the repository that are made from code: the CRDs, the chart's copies of them, and
//! pages of the documentation. They are compared with the code here; with `UPDATE_FIXTURES=1` they
//! are written anew. The links of all pages are followed.

#![allow(clippy::unwrap_used, clippy::panic)]

mod blocks;
mod crds;
mod links;
mod permissions;
mod prose;
mod reference;
mod samples;
mod troubleshooting;
mod wrap;

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
};

/// The checkout.
fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// A file of the checkout.
fn read(path: impl AsRef<Path>) -> String {
    let path = root().join(path);
    fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// The files of a folder of the checkout with this ending, by their path in it.
fn files(folder: &str, ending: &str) -> Vec<PathBuf> {
    let all = fs::read_dir(root().join(folder)).unwrap();
    let mut files: Vec<PathBuf> = all
        .map(|entry| Path::new(folder).join(entry.unwrap().file_name()))
        .filter(|path| path.extension().is_some_and(|e| e == ending))
        .collect();
    files.sort();
    files
}

/// Every generated file with its text.
fn generated() -> BTreeMap<PathBuf, String> {
    let mut all = crds::files();
    all.insert("docs/troubleshooting.md".into(), troubleshooting::page());
    all.insert("docs/permissions.md".into(), permissions::page());
    all.insert("docs/reference.md".into(), reference::page());
    all
}

#[test]
fn generated_files_are_up_to_date() {
    let update = std::env::var("UPDATE_FIXTURES").is_ok_and(|value| value == "1");
    for (path, text) in generated() {
        let file = root().join(&path);
        if update {
            fs::write(&file, &text).unwrap();
        }
        assert!(
            fs::read_to_string(&file).unwrap_or_default() == text,
            "{} is out of date: UPDATE_FIXTURES=1 cargo test --test generated",
            path.display()
        );
    }
}

#[test]
fn a_definition_that_is_no_more_has_no_file() {
    let all = generated();
    for path in [files("crds", "yaml"), files(crds::CHART, "yaml")].concat() {
        assert!(all.contains_key(&path), "{} is not written from code", path.display());
    }
}
