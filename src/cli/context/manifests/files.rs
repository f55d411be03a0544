//! The objects in files of manifests: YAML with several documents and lists, or JSON.

use std::path::{Path, PathBuf};

use serde_json::{Map, Value};

/// One object, and the file it stands in.
#[derive(Clone, Debug, PartialEq)]
pub struct ManifestDocument {
    /// The file, or "standard input".
    pub file: String,
    /// The object.
    pub object: Value,
}

/// What cannot be read, and why.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UnreadableFile {
    /// The file.
    pub file: String,
    /// Why.
    pub why: ReadFailure,
}

/// Why a file gives no objects.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ReadFailure {
    /// It could not be opened, or is a folder without manifests.
    NotRead(String),
    /// It was read and is not what it should be.
    NoManifest(String),
}

/// The objects of the files; `-` is standard input, and a folder stands for the manifests in it.
/// One that cannot be read does not stop the others.
#[must_use]
pub fn read(files: &[PathBuf]) -> (Vec<ManifestDocument>, Vec<UnreadableFile>) {
    let (mut documents, mut unreadable) = (Vec::new(), Vec::new());
    let (paths, empty): (Vec<_>, Vec<_>) = files.iter().map(|path| manifests(path)).partition(Result::is_ok);
    unreadable.extend(empty.into_iter().filter_map(Result::err));
    for path in paths.into_iter().flatten().flatten() {
        let file = name(&path);
        match text(&path).and_then(|text| objects(&text)) {
            Ok(objects) => documents.extend(objects.into_iter().map(|object| ManifestDocument {
                file: file.clone(),
                object,
            })),
            Err(why) => unreadable.push(UnreadableFile { file, why }),
        }
    }
    (documents, unreadable)
}

/// The manifests that a path stands for: as with kubectl, those of a folder but not of the folders in it.
fn manifests(path: &Path) -> Result<Vec<PathBuf>, UnreadableFile> {
    let Ok(entries) = std::fs::read_dir(path) else {
        return Ok(vec![path.to_owned()]);
    };
    let is_manifest = |path: &PathBuf| {
        let ending = path.extension().and_then(|ending| ending.to_str());
        path.is_file() && matches!(ending, Some("yaml" | "yml" | "json"))
    };
    let entries = entries.filter_map(|entry| Some(entry.ok()?.path()));
    let mut found: Vec<PathBuf> = entries.filter(is_manifest).collect();
    found.sort();
    if found.is_empty() {
        return Err(UnreadableFile {
            file: name(path),
            why: ReadFailure::NotRead("No file in it ends in .yaml, .yml or .json.".to_owned()),
        });
    }
    Ok(found)
}

/// The same, and the folders with manifests that are within folders, a folder before those in it. Links are not followed.
#[must_use]
pub fn with_folders(paths: &[PathBuf]) -> Vec<PathBuf> {
    let within = |path: &PathBuf| {
        let mut found = Vec::new();
        collect_folders(path, &mut found);
        // A file, or a folder in which there is nothing to read.
        if found.is_empty() { vec![path.clone()] } else { found }
    };
    paths.iter().flat_map(within).collect()
}

fn collect_folders(path: &Path, found: &mut Vec<PathBuf>) {
    let Ok(entries) = std::fs::read_dir(path) else { return };
    if manifests(path).is_ok() {
        found.push(path.to_owned());
    }
    let folders = entries
        .flatten()
        .filter(|entry| entry.file_type().is_ok_and(|kind| kind.is_dir()));
    let mut folders: Vec<PathBuf> = folders.map(|entry| entry.path()).collect();
    folders.sort();
    for folder in &folders {
        collect_folders(folder, found);
    }
}

fn name(path: &Path) -> String {
    if path == Path::new("-") {
        return "standard input".to_owned();
    }
    path.display().to_string()
}

fn text(path: &Path) -> Result<String, ReadFailure> {
    let read = match path.to_str() {
        Some("-") => std::io::read_to_string(std::io::stdin()),
        _ => std::fs::read_to_string(path),
    };
    read.map_err(|error| ReadFailure::NotRead(format!("It cannot be read: {error}.")))
}

fn objects(text: &str) -> Result<Vec<Value>, ReadFailure> {
    // The lines around an error may hold a secret, so none is quoted.
    let options = serde_saphyr::options! { with_snippet: false };
    let documents: Vec<Value> = serde_saphyr::from_multiple_with_options(text, options).map_err(|error| {
        let what: String = error
            .to_string()
            .lines()
            .next()
            .unwrap_or_default()
            .chars()
            .take(160)
            .collect();
        ReadFailure::NoManifest(format!("It is no YAML: {what}."))
    })?;
    let mut objects = Vec::new();
    for document in documents {
        unpack(with_whole_numbers(document), &mut objects)?;
    }
    Ok(objects)
}

/// The document as kubectl sends it: of 500.0 nothing is left but 500.
pub fn with_whole_numbers(value: Value) -> Value {
    match value {
        Value::Number(number) => {
            let text = number.as_f64().map(|number| format!("{number:.0}"));
            let whole = text.and_then(|text| text.parse::<i64>().ok());
            let same = whole.filter(|whole| number.as_f64() == whole.to_string().parse().ok());
            same.map_or(Value::Number(number), Value::from)
        }
        Value::Array(items) => items.into_iter().map(with_whole_numbers).collect(),
        Value::Object(fields) => {
            let fields = fields.into_iter();
            Value::Object(fields.map(|(name, value)| (name, with_whole_numbers(value))).collect())
        }
        other => other,
    }
}

/// A list stands for what it holds, and an empty document for nothing.
fn unpack(document: Value, objects: &mut Vec<Value>) -> Result<(), ReadFailure> {
    match document {
        Value::Null => Ok(()),
        Value::Object(mut fields) if is_list(&fields) => match fields.remove("items") {
            Some(Value::Array(items)) => items
                .into_iter()
                .try_for_each(|item| unpack(of_list(item, &fields), objects)),
            _ => Err(ReadFailure::NoManifest("It has a List without items.".to_owned())),
        },
        object @ Value::Object(_) => {
            objects.push(object);
            Ok(())
        }
        _ => Err(ReadFailure::NoManifest(
            "A document in it is no object of Kubernetes.".to_owned(),
        )),
    }
}

/// `List`, and the lists of single kinds.
fn is_list(fields: &Map<String, Value>) -> bool {
    let kind = fields.get("kind").and_then(Value::as_str).unwrap_or_default();
    kind == "List" || (kind.ends_with("List") && fields.get("items").is_some_and(Value::is_array))
}

/// An item of the list of a single kind need not say again of which kind it is.
fn of_list(mut item: Value, list: &Map<String, Value>) -> Value {
    let kind = list
        .get("kind")
        .and_then(Value::as_str)
        .and_then(|kind| kind.strip_suffix("List"));
    let fields = item.as_object_mut().filter(|item| !item.contains_key("kind"));
    if let (Some(kind), Some(fields)) = (kind.filter(|kind| !kind.is_empty()), fields) {
        fields.insert("kind".to_owned(), kind.into());
        let version = list.get("apiVersion").cloned().unwrap_or_default();
        fields.entry("apiVersion").or_insert(version);
    }
    item
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn documents_lists_and_json_are_read_alike() {
        let all = objects("kind: A\n---\n# nothing\n---\nkind: List\nitems:\n- kind: B\n- kind: C\n").unwrap();
        let kinds: Vec<&str> = all.iter().filter_map(|o| o.get("kind")?.as_str()).collect();
        assert_eq!(kinds, ["A", "B", "C"]);
        assert_eq!(objects("{\"kind\": \"A\"}").unwrap().len(), 1);
        assert!(objects("just text").is_err() && objects("kind: A\nkind: B").is_err());
    }

    #[test]
    fn folders_within_folders_are_read_on_request() {
        let top = std::env::temp_dir().join(format!("jira-operator-files-{:016x}", rand::random::<u64>()));
        std::fs::create_dir_all(top.join("a/b")).unwrap();
        std::fs::create_dir_all(top.join("empty")).unwrap();
        for file in ["a/b/deep.yaml", "a/flat.yaml"] {
            std::fs::write(top.join(file), "kind: A").unwrap();
        }
        let found = with_folders(std::slice::from_ref(&top));
        assert_eq!(found, [top.join("a"), top.join("a/b")]);
        assert_eq!(read(&found).0.len(), 2);
        let (empty, single) = (top.join("empty"), top.join("a/flat.yaml"));
        assert_eq!(with_folders(&[empty.clone(), single.clone()]), [empty, single]);
        std::fs::remove_dir_all(top).unwrap();
    }

    #[test]
    fn an_error_quotes_no_line_of_the_file() {
        let value = "v".repeat(20);
        let broken = format!("stringData:\n  client-secret: {value}\n  x: [\n");
        let error = format!("{:?}", objects(&broken).unwrap_err());
        assert!(!error.contains(&value), "{error}");
    }
}
