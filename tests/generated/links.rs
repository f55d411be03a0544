//! Links of the documentation: every one has to lead somewhere.

use std::{
    collections::BTreeMap,
    path::{Component, Path, PathBuf},
    sync::LazyLock,
};

use jira_operator::cli::markdown::{anchor, headings, lines};

use super::{files, generated, permissions, prose, read, root, troubleshooting};

/// A page; one that is generated as it has to be.
fn text(path: &Path) -> String {
    static GENERATED: LazyLock<BTreeMap<PathBuf, String>> = LazyLock::new(generated);
    let mut plain = PathBuf::new();
    for part in path.components() {
        if part == Component::ParentDir {
            plain.pop();
        } else {
            plain.push(part);
        }
    }
    GENERATED.get(&plain).cloned().unwrap_or_else(|| read(plain))
}

/// The lines of a page outside of code blocks.
fn outside_code(page: &str) -> impl Iterator<Item = &str> {
    lines(page).filter(|(code, _)| !code).map(|(_, line)| line)
}

/// The targets of the links of a page.
fn links(page: &str) -> Vec<String> {
    let text = outside_code(page).collect::<Vec<_>>().join("\n");
    let after = text.split("](").skip(1);
    after
        .filter_map(|rest| Some(rest.split_once(')')?.0.to_owned()))
        .collect()
}

/// What a link can lead to in a page.
fn anchors(page: &str) -> Vec<String> {
    let set = page.split("<a id=\"").skip(1);
    let set = set.filter_map(|rest| Some(rest.split_once('"')?.0.to_owned()));
    headings(page).map(|(_, heading)| anchor(heading)).chain(set).collect()
}

/// The pages that are read by people.
fn pages() -> Vec<PathBuf> {
    let of_the_root = ["README.md", "CONTRIBUTING.md", "CHANGELOG.md"].map(PathBuf::from);
    [of_the_root.to_vec(), files("docs", "md"), files(prose::FOLDER, "md")].concat()
}

#[test]
fn every_relative_link_leads_somewhere() {
    for path in pages() {
        let page = text(&path);
        for link in links(&page).iter().filter(|link| !link.contains("://")) {
            let (file, wanted) = link.split_once('#').unwrap_or((link, ""));
            let target = if file.is_empty() {
                path.clone()
            } else {
                path.parent().unwrap_or(Path::new("")).join(file)
            };
            let told = format!("{} links to {link}", path.display());
            assert!(root().join(&target).exists(), "{told}: there is no such file");
            if !wanted.is_empty() {
                let there = anchors(&text(&target));
                assert!(
                    there.iter().any(|anchor| anchor == wanted),
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
    for page in [troubleshooting::page(), permissions::page()] {
        let is_status = |word: &str| word.len() == 3 && word.starts_with(['4', '5']) && word.parse::<u16>().is_ok();
        for line in page.lines() {
            let words = line.split(|c: char| !c.is_ascii_alphanumeric());
            assert!(!line.contains("HTTP") && !words.into_iter().any(is_status), "{line}");
        }
    }
}

/// The paragraph of a page that begins so.
fn paragraph<'a>(page: &'a str, begin: &str) -> Option<&'a str> {
    page.split("\n\n").find(|text| text.starts_with(begin))
}

#[test]
fn what_holds_ready_back_is_stated_in_the_same_words() {
    let (start, status) = (prose::text("start"), read("docs/status.md"));
    for begin in ["`DirectoryReadable`, `ServiceDesksReady`", "The commands follow it"] {
        let rule = paragraph(&status, begin).unwrap();
        let there = paragraph(&start, begin).unwrap();
        assert!(there.starts_with(rule), "{} says otherwise: {there}", prose::FOLDER);
    }
}
