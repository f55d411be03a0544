//! What each kind of node may hold.

use serde_json::Value;

const INLINE: &[&str] = &[
    "text",
    "hardBreak",
    "mention",
    "emoji",
    "date",
    "status",
    "inlineCard",
    "placeholder",
    "inlineExtension",
    "mediaInline",
];
pub(super) const TOP: &[&str] = &[
    "paragraph",
    "heading",
    "bulletList",
    "orderedList",
    "taskList",
    "decisionList",
    "blockquote",
    "codeBlock",
    "rule",
    "table",
    "panel",
    "expand",
    "blockCard",
    "embedCard",
    "mediaSingle",
    "mediaGroup",
    "extension",
    "bodiedExtension",
    "layoutSection",
];
const CELL: &[&str] = &[
    "paragraph",
    "heading",
    "bulletList",
    "orderedList",
    "taskList",
    "decisionList",
    "blockquote",
    "codeBlock",
    "rule",
    "panel",
    "nestedExpand",
    "blockCard",
    "embedCard",
    "mediaSingle",
    "mediaGroup",
    "extension",
];
const ITEM: &[&str] = &[
    "paragraph",
    "bulletList",
    "orderedList",
    "taskList",
    "codeBlock",
    "mediaSingle",
    "extension",
];
const QUOTE: &[&str] = &[
    "paragraph",
    "bulletList",
    "orderedList",
    "codeBlock",
    "mediaSingle",
    "mediaGroup",
    "extension",
];
const PANEL: &[&str] = &[
    "paragraph",
    "heading",
    "bulletList",
    "orderedList",
    "taskList",
    "decisionList",
    "codeBlock",
    "rule",
    "blockCard",
    "mediaSingle",
    "mediaGroup",
    "extension",
];

/// What a kind of node may hold.
pub(super) struct Rule {
    /// Kinds of its children.
    pub children: &'static [&'static str],
    /// Children that it must have.
    pub least: usize,
    /// Attributes that it may have.
    pub attributes: &'static [&'static str],
    /// Attributes that it must have.
    pub required: &'static [&'static str],
}

/// Stands for attributes of any name.
pub(super) const ANY: &[&str] = &["*"];

/// Children, how many at least, attributes, required attributes.
type Parts = (Names, usize, Names, Names);

type Names = &'static [&'static str];

/// The rule for this kind of node.
pub(super) fn rule(kind: &str) -> Option<Rule> {
    let parts = block(kind)
        .or_else(|| table_or_panel(kind))
        .or_else(|| media_or_extension(kind))
        .or_else(|| inline(kind));
    let (children, least, attributes, required) = parts?;
    Some(Rule {
        children,
        least,
        attributes,
        required,
    })
}

fn block(kind: &str) -> Option<Parts> {
    Some(match kind {
        "paragraph" => (INLINE, 0, &["localId"], &[]),
        "heading" => (INLINE, 0, &["level", "localId"], &["level"]),
        "bulletList" => (&["listItem"], 1, &["localId"], &[]),
        "orderedList" => (&["listItem"], 1, &["order", "localId"], &[]),
        "listItem" => (ITEM, 1, &["localId"], &[]),
        "taskList" => (&["taskItem", "taskList"], 1, &["localId"], &["localId"]),
        "taskItem" | "decisionItem" => (INLINE, 0, &["localId", "state"], &["localId", "state"]),
        "decisionList" => (&["decisionItem"], 1, &["localId"], &["localId"]),
        "blockquote" => (QUOTE, 1, &["localId"], &[]),
        "codeBlock" => (
            &["text"],
            0,
            &["language", "uniqueId", "localId", "wrap", "hideLineNumbers"],
            &[],
        ),
        "rule" => (&[], 0, &["localId"], &[]),
        _ => return None,
    })
}

fn table_or_panel(kind: &str) -> Option<Parts> {
    Some(match kind {
        "table" => (
            &["tableRow"],
            1,
            &["displayMode", "isNumberColumnEnabled", "layout", "localId", "width"],
            &[],
        ),
        "tableRow" => (&["tableCell", "tableHeader"], 1, &["localId"], &[]),
        "tableCell" | "tableHeader" => (
            CELL,
            1,
            &["colspan", "rowspan", "colwidth", "background", "localId", "valign"],
            &[],
        ),
        "panel" => (
            PANEL,
            1,
            &["panelType", "panelIcon", "panelIconId", "panelColor", "localId"],
            &["panelType"],
        ),
        "expand" => (CELL, 1, &["title", "localId"], &[]),
        "nestedExpand" => (ITEM, 1, &["title", "localId"], &[]),
        _ => return None,
    })
}

/// What an editor or an app puts there: its attributes say what it is, and are theirs.
fn media_or_extension(kind: &str) -> Option<Parts> {
    Some(match kind {
        "mediaSingle" | "mediaGroup" => (&["media"], 1, ANY, &[]),
        "media" | "mediaInline" => (&[], 0, ANY, &["type"]),
        "extension" | "inlineExtension" => (&[], 0, ANY, &["extensionType", "extensionKey"]),
        "bodiedExtension" => (TOP, 1, ANY, &["extensionType", "extensionKey"]),
        "layoutSection" => (&["layoutColumn"], 1, ANY, &[]),
        "layoutColumn" => (TOP, 1, ANY, &["width"]),
        "embedCard" => (&[], 0, ANY, &["url", "layout"]),
        "placeholder" => (&[], 0, ANY, &["text"]),
        _ => return None,
    })
}

/// Marks that a node takes beside those of text.
pub(super) fn marks_of(kind: &str) -> &'static [&'static str] {
    match kind {
        "paragraph" | "heading" => &["alignment", "indentation"],
        "codeBlock" | "expand" | "layoutSection" => &["breakout"],
        "media" | "mediaSingle" | "mediaInline" => &["link", "border", "annotation"],
        _ => &[],
    }
}

fn inline(kind: &str) -> Option<Parts> {
    Some(match kind {
        "hardBreak" => (&[], 0, &["text", "localId"], &[]),
        "mention" => (&[], 0, &["id", "localId", "text", "accessLevel", "userType"], &["id"]),
        "emoji" => (&[], 0, &["shortName", "id", "text", "localId"], &["shortName"]),
        "date" => (&[], 0, &["timestamp", "localId"], &["timestamp"]),
        "status" => (&[], 0, &["text", "color", "localId", "style"], &["text", "color"]),
        "inlineCard" | "blockCard" => (&[], 0, &["url", "data", "localId"], &[]),
        _ => return None,
    })
}

/// Whether an attribute of this name may have this value.
pub(super) fn attribute_fits(name: &str, value: &Value) -> bool {
    match name {
        "level" => value.as_u64().is_some_and(|level| (1..=6).contains(&level)),
        "order" => value.as_u64().is_some(),
        "state" => matches!(value.as_str(), Some("TODO" | "DONE" | "DECIDED")),
        "colspan" | "rowspan" | "width" => value.is_number(),
        "colwidth" => value
            .as_array()
            .is_some_and(|widths| widths.iter().all(Value::is_number)),
        "wrap" | "hideLineNumbers" | "isNumberColumnEnabled" => value.is_boolean(),
        "data" => true,
        "timestamp" => value.as_str().is_some_and(|timestamp| !timestamp.is_empty()),
        _ => value.is_string(),
    }
}
