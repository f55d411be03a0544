//! Reads wiki text as Jira does, to see what was really said. Where Jira's two readers differ, the
//! reading that finds more formatting is taken, so that text which could be formatting for either
//! is seen.

mod block;
mod inline;
mod marks;

/// Shows nothing and holds characters apart.
const JOINER: char = '\u{2060}';

/// What wiki text says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Node {
    /// Text of one look.
    Text {
        /// As shown.
        text: String,
        /// `strong`, `em`, `strike`, `code`; sorted.
        marks: Vec<&'static str>,
        /// Where it leads.
        link: Option<String>,
    },
    /// A line break.
    Break,
    /// A paragraph.
    Paragraph(Vec<Node>),
    /// A heading of this level.
    Heading(u8, Vec<Node>),
    /// A list; true if it is numbered. Items hold blocks.
    List(bool, Vec<Vec<Node>>),
    /// A quote of blocks.
    Quote(Vec<Node>),
    /// A block of code: language and text.
    Code(String, String),
    /// A rule.
    Rule,
    /// Rows of cells; true if the cell is a header. Cells hold blocks.
    Table(Vec<Vec<(bool, Vec<Node>)>>),
    /// What no Markdown means: a mention, image, smiley, macro, an address that became a link.
    Foreign(String),
}

/// What this wiki text says.
#[must_use]
pub fn read(wiki: &str) -> Vec<Node> {
    block::blocks(wiki)
}

/// The text that people see: a line for each block and cell.
#[must_use]
pub fn text(nodes: &[Node]) -> String {
    let mut lines = String::new();
    visit(nodes, &mut |node| match node {
        Node::Text { text, .. } => lines.push_str(text),
        Node::Code(_, text) => {
            lines.push_str(text);
            lines.push('\n');
        }
        Node::Break => lines.push('\n'),
        Node::Paragraph(_) | Node::Heading(..) if !lines.is_empty() && !lines.ends_with('\n') => lines.push('\n'),
        _ => {}
    });
    lines.replace(JOINER, "")
}

/// Everything in it that no Markdown means.
#[must_use]
pub fn foreign(nodes: &[Node]) -> Vec<String> {
    let mut found = Vec::new();
    visit(nodes, &mut |node| {
        if let Node::Foreign(what) = node {
            found.push(what.clone());
        }
    });
    found
}

/// Where its links lead, each once, in the order of the text.
#[must_use]
pub fn links(nodes: &[Node]) -> Vec<String> {
    let mut found: Vec<String> = Vec::new();
    visit(nodes, &mut |node| {
        if let Node::Text { link: Some(link), .. } = node
            && !found.contains(link)
        {
            found.push(link.clone());
        }
    });
    found
}

/// Visits every node, a node before its content.
pub fn visit(nodes: &[Node], visitor: &mut impl FnMut(&Node)) {
    for node in nodes {
        visitor(node);
        match node {
            Node::Paragraph(content) | Node::Heading(_, content) | Node::Quote(content) => {
                visit(content, visitor);
            }
            Node::List(_, items) => items.iter().for_each(|item| visit(item, visitor)),
            Node::Table(rows) => rows.iter().flatten().for_each(|(_, cell)| visit(cell, visitor)),
            _ => {}
        }
    }
}

/// The macro that begins the text: its name, what is between its braces after the name, and what
/// follows them.
fn macro_at(text: &str) -> Option<(&str, &str, &str)> {
    let (inside, after) = text.strip_prefix('{')?.split_once('}')?;
    let end = inside.find(|c: char| !c.is_ascii_alphabetic()).unwrap_or(inside.len());
    let (name, attributes) = inside.split_at_checked(end)?;
    let whole = attributes.is_empty() || attributes.starts_with(':');
    (!name.is_empty() && whole && !inside.contains('\n')).then_some((name, attributes, after))
}

/// What a macro of this name holds, and what follows its end.
fn body<'a>(name: &str, after: &'a str) -> Option<(&'a str, &'a str)> {
    after.split_once(&format!("{{{name}}}"))
}
