//! Links of the documentation, for tests: every one has to lead somewhere.

#![allow(clippy::unwrap_used)]

use std::{
    fs,
    path::{Path, PathBuf},
};

use super::sections::{anchor, headings, lines};

/// The lines of a page outside of code blocks.
fn prose(page: &str) -> impl Iterator<Item = &str> {
    lines(page).filter(|(code, _)| !code).map(|(_, line)| line)
}

/// The targets of the links of a page.
fn links(page: &str) -> Vec<String> {
    let text = prose(page).collect::<Vec<_>>().join("\n");
    let after = text.split("](").skip(1);
    after
        .filter_map(|rest| Some(rest.split_once(')')?.0.to_owned()))
        .collect()
}

/// The pages that are read by people.
fn pages(root: &Path) -> Vec<PathBuf> {
    let docs = fs::read_dir(root.join("docs")).unwrap();
    let docs = docs
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|e| e == "md"));
    ["README.md", "CONTRIBUTING.md", "CHANGELOG.md"]
        .map(|name| root.join(name))
        .into_iter()
        .chain(docs)
        .collect()
}

#[test]
fn every_relative_link_leads_somewhere() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    for path in pages(root) {
        let page = fs::read_to_string(&path).unwrap();
        for link in links(&page).iter().filter(|link| !link.contains("://")) {
            let (file, wanted) = link.split_once('#').unwrap_or((link, ""));
            let target = if file.is_empty() {
                path.clone()
            } else {
                path.parent().unwrap().join(file)
            };
            let told = format!("{} links to {link}", path.display());
            assert!(target.exists(), "{told}: there is no such file");
            if !wanted.is_empty() {
                let there = fs::read_to_string(&target).unwrap();
                assert!(
                    headings(&there).any(|(_, heading)| anchor(heading) == wanted),
                    "{told}: there is no such heading"
                );
            }
        }
    }
}

#[test]
fn links_are_recognised() {
    let page = "```sh\n# [no](link)\n```\n[a](b.md#c) and [d](#e)\n";
    assert_eq!(links(page), ["b.md#c", "#e"]);
}

#[test]
fn the_generated_pages_speak_of_jira_and_not_of_http() {
    for page in [super::troubleshooting::page(), super::permissions::page()] {
        let is_status = |word: &str| word.len() == 3 && word.starts_with(['4', '5']) && word.parse::<u16>().is_ok();
        for line in page.lines() {
            let words = line.split(|c: char| !c.is_ascii_alphanumeric());
            assert!(!line.contains("HTTP") && !words.into_iter().any(is_status), "{line}");
        }
    }
}
