//! What a Markdown text says, free of how Markdown, ADF or wiki text write it.

/// A block of a document.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Block {
    Paragraph(Vec<Inline>),
    Heading {
        /// 1 to 6.
        level: u8,
        text: Vec<Inline>,
    },
    List {
        /// The first number; none in a list of bullets.
        start: Option<u64>,
        items: Vec<Vec<Block>>,
    },
    Quote(Vec<Block>),
    Code {
        language: Option<String>,
        /// Lines, without a line break at the end.
        text: String,
    },
    Rule,
    /// Rows of cells; the first row is the header.
    Table(Vec<Vec<Vec<Inline>>>),
}

/// A piece of a line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Inline {
    Text(Span),
    /// A line break that the author asked for.
    Break,
}

/// Text of one look: never empty, without line breaks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Span {
    pub text: String,
    pub marks: Marks,
}

/// How a piece of text looks and where it leads.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Marks {
    pub style: Style,
    /// An address that [`super::links::target`] let through.
    pub link: Option<String>,
}

/// Code, or prose with emphasis: ADF does not let code be emphasised.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Style {
    Code,
    Prose(Emphasis),
}

/// How prose is emphasised.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Emphasis {
    pub strong: bool,
    pub italic: bool,
    pub strike: bool,
}

impl Default for Style {
    fn default() -> Self {
        Self::Prose(Emphasis::default())
    }
}

impl Inline {
    /// Text without any look.
    pub fn plain(text: &str) -> Self {
        Self::Text(Span {
            text: text.to_owned(),
            marks: Marks::default(),
        })
    }

    /// The same piece, in bold if it is prose.
    pub fn into_strong(self) -> Self {
        match self {
            Self::Text(Span {
                text,
                marks:
                    Marks {
                        style: Style::Prose(emphasis),
                        link,
                    },
            }) => {
                let style = Style::Prose(Emphasis {
                    strong: true,
                    ..emphasis
                });
                Self::Text(Span {
                    text,
                    marks: Marks { style, link },
                })
            }
            other => other,
        }
    }
}
