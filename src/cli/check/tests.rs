//! What is printed of files, compared with texts in the repository. With `UPDATE_FIXTURES=1` the
//! texts are written anew, to be read before they are committed.

#![allow(clippy::unwrap_used)]

use std::{
    fmt::Write,
    fs,
    path::{Path, PathBuf},
};

use textwrap::core::display_width;

use super::{evidence_file::SavedEvidence, site};
use crate::atlassian::endpoints::Endpoints;
use crate::cli::context::{
    AtlassianContext, CRD_SCHEMAS, CheckReason, CheckReport, Manifests, PageLayout, ReportLine, Severity, short, text,
};

const PAGE: PageLayout = PageLayout {
    width: 80,
    colour: false,
};
const DOCS: &str = "docs/check.md";
const END: &str = "<!-- end -->\n";

fn nowhere() -> AtlassianContext {
    let address: url::Url = "http://127.0.0.1:9".parse().unwrap();
    let _ = rustls::crypto::ring::default_provider().install_default();
    AtlassianContext {
        http: crate::atlassian::endpoints::http_client().unwrap(),
        endpoints: std::sync::Arc::new(Endpoints {
            auth: address.clone(),
            api: address,
            site: None,
        }),
        suffixes: Vec::new(),
        bursts: std::sync::Arc::default(),
    }
}

/// What `check -f FILE --offline` finds.
async fn found(file: &Path) -> CheckReport {
    let mut manifests = Manifests::read(&[file.to_owned()], None).unwrap();
    site::ask(&mut manifests, &nowhere(), true).await;
    manifests.report(None)
}

/// The files of a folder with this ending, by name.
fn files(folder: &str, ending: &str) -> Vec<PathBuf> {
    let mut files: Vec<PathBuf> = fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|e| e == ending))
        .collect();
    files.sort();
    assert!(!files.is_empty(), "{folder} has no file in .{ending}");
    files
}

fn updating() -> bool {
    std::env::var("UPDATE_FIXTURES").is_ok_and(|value| value == "1")
}

fn compare(file: &Path, text: &str) {
    if updating() {
        fs::write(file, text).unwrap();
    }
    let stored = fs::read_to_string(file).unwrap_or_default();
    assert_eq!(
        text,
        stored,
        "{} differs; UPDATE_FIXTURES=1 cargo test --lib writes it",
        file.display()
    );
}

fn readable(text: &str) {
    for line in text.lines() {
        assert!(display_width(line) <= 80, "wider than 80 columns: {line}");
    }
}

#[tokio::test]
async fn broken_manifests_are_told_as_their_texts_say() {
    for file in files("tests/fixtures/broken", "yaml") {
        let report = found(&file).await;
        let text = text(&report, PAGE);
        readable(&text);
        compare(&file.with_extension("txt"), &text);
        assert!(
            report.flat().iter().any(|(_, line)| line.severity != Severity::Fine),
            "{}",
            file.display()
        );
    }
}

#[tokio::test]
async fn a_table_shows_what_is_said_of_each_broken_manifest() {
    let mut table = String::from(
        "# Broken manifests, and what `check -f` says of them\n\nWritten with `UPDATE_FIXTURES=1 cargo test --lib`. A Secret that is not among the files is mentioned with each, and left out here.\n\n| manifest | what is wrong with it | what is said |\n|---|---|---|\n",
    );
    for file in files("tests/fixtures/broken", "yaml") {
        let source = fs::read_to_string(&file).unwrap();
        let comment = source.lines().next().unwrap().trim_start_matches("# ").to_owned();
        let report = found(&file).await;
        let not_in_files = CheckReason::SecretNotInFiles.as_str();
        let said: Vec<String> = report
            .flat()
            .into_iter()
            .filter(|(_, line)| line.severity != Severity::Fine && line.reason != not_in_files)
            .map(|(_, line)| format!("**{}** {}", line.reason, line.message.replace('|', "\\|")))
            .collect();
        let name = file.file_name().unwrap().to_string_lossy().into_owned();
        writeln!(table, "| `{name}` | {comment} | {} |", said.join("<br>")).unwrap();
    }
    compare(Path::new("tests/fixtures/broken/README.md"), &table);
}

#[tokio::test]
async fn the_examples_are_told_as_their_texts_say() {
    for file in files("examples", "yaml") {
        let report = found(&file).await;
        let text = text(&report, PAGE);
        readable(&text);
        let name = file.with_extension("txt");
        compare(
            &Path::new("tests/fixtures/examples").join(name.file_name().unwrap()),
            &text,
        );
        let placeholders = |line: &ReportLine| line.reason == CheckReason::PlaceholderValue.as_str();
        let only_placeholders = report
            .flat()
            .iter()
            .all(|(_, l)| l.severity != Severity::Finding || placeholders(l));
        assert!(only_placeholders, "{text}");
    }
}

/// Those findings of a file that do not depend on which Secrets stand in others.
fn of_fields(report: &CheckReport, file: Option<&Path>) -> Vec<(String, String)> {
    let not_in_files = CheckReason::SecretNotInFiles.as_str();
    let flat = report.flat().into_iter();
    let wrong = flat.filter(|(_, line)| line.severity != Severity::Fine && line.reason != not_in_files);
    let here = wrong.filter(|(subject, _)| file.is_none_or(|file| Path::new(&subject.file) == file));
    here.map(|(_, line)| (line.reason.clone(), line.message.clone()))
        .collect()
}

#[tokio::test]
async fn a_folder_of_broken_manifests_is_told_file_by_file() {
    let whole = found(Path::new("tests/fixtures/broken")).await;
    for file in files("tests/fixtures/broken", "yaml") {
        let alone = found(&file).await;
        assert_eq!(
            of_fields(&whole, Some(&file)),
            of_fields(&alone, None),
            "{}",
            file.display()
        );
    }
    compare(Path::new("tests/fixtures/folders/broken.txt"), &short(&whole));
}

#[tokio::test]
async fn the_folder_of_examples_has_nothing_but_placeholders() {
    let whole = found(Path::new("examples")).await;
    let text = text(&whole, PAGE);
    readable(&text);
    compare(Path::new("tests/fixtures/folders/examples.txt"), &text);
    let left_open = [CheckReason::PlaceholderValue, CheckReason::NoRefreshToken].map(CheckReason::as_str);
    assert!(
        of_fields(&whole, None)
            .iter()
            .all(|(reason, _)| left_open.contains(&reason.as_str())),
        "{text}"
    );
}

/// Between its marks the documentation has these texts, as they are printed.
#[test]
fn the_documentation_shows_how_a_broken_manifest_looks() {
    let text = |file: &str| fs::read_to_string(file).unwrap();
    let shown = format!(
        "\n```sh\njira-operator check -f tests/fixtures/broken/key-lower-case.yaml --offline\n```\n\n```text\n{}```\n\n",
        text("tests/fixtures/broken/key-lower-case.txt"),
    );
    let docs = text(DOCS);
    let begin = "<!-- outputs: written with UPDATE_FIXTURES=1 -->\n";
    let (before, rest) = docs.split_once(begin).unwrap();
    let (_, after) = rest.split_once(END).unwrap();
    compare(Path::new(DOCS), &format!("{before}{begin}{shown}{END}{after}"));
}

#[test]
fn the_documentation_shows_what_is_printed() {
    let begin = "<!-- in a cluster: written with UPDATE_FIXTURES=1 -->\n";
    let shown = fs::read_to_string("tests/fixtures/evidence/in-cluster.txt").unwrap();
    let docs = fs::read_to_string(DOCS).unwrap();
    let (before, rest) = docs.split_once(begin).unwrap();
    let (_, after) = rest.split_once(END).unwrap();
    let shown = format!("{before}{begin}\n```text\n{shown}```\n\n{END}{after}");
    compare(Path::new(DOCS), &shown);
}

/// The fields that an example of a kind does not have.
fn unused(example: &str, kind: &str) -> Vec<String> {
    let text = fs::read_to_string(format!("examples/{example}.yaml")).unwrap();
    let object: serde_json::Value = serde_saphyr::from_str(&text).unwrap();
    let all = CRD_SCHEMAS.as_ref().unwrap();
    let definition = all.iter().find(|definition| definition.kind == kind).unwrap();
    definition.unused(&object)
}

#[test]
fn one_example_has_every_field() {
    assert_eq!(unused("everything", "JiraIntegration"), Vec::<String>::new());
}

#[test]
fn one_example_of_a_ticket_has_every_field_but_those_that_exclude_another_one() {
    let mut unused = unused("ticket-everything", "JiraIssue");
    unused.sort();
    let excluded = [
        "spec.assignee.accountId",
        "spec.participants[].email",
        "spec.reporter.accountId",
        "spec.status",
        "spec.ticket",
        "spec.type",
    ];
    assert_eq!(unused, excluded);
}

#[test]
fn saved_evidence_gives_the_same_text_each_time() {
    for file in files("tests/fixtures/evidence", "json") {
        let text = || text(&CheckReport::of(SavedEvidence::load(&file).unwrap().subjects()), PAGE);
        assert_eq!(text(), text());
        readable(&text());
        compare(&file.with_extension("txt"), &text());
    }
}
