//! Random Markdown that is hard to convert.

use super::rng::Rng;

const WORDS: &[&str] = &[
    "alpha",
    "beta",
    "x",
    "Ünïcode",
    "日本",
    "🚀",
    "ENG-12",
    "UTF-8",
    "snake_case",
    "well-known",
    "2*3*4",
    "C++",
    "a|b",
    "10%",
    "it's",
    "e.g.",
    "v1.2",
    "--flag",
    "-x",
    "$HOME",
    "C:\\\\dir\\\\x",
    "100",
    "É",
];

const HOSTILE: &[&str] = &[
    "{code}",
    "{code:java}",
    "{noformat}",
    "{quote}",
    "{color:red}",
    "{panel:title=x}",
    "{adf}",
    "{anchor:x}",
    "{html}",
    "{{mono}}",
    "{*}b{*}",
    "[~user]",
    "[~accountid:1]",
    "!image.png!",
    "!http://e.x/i.png|width=1!",
    "[link|http://evil.example]",
    "[^file.txt]",
    "[http://a.b]",
    "||head||",
    "|cell|",
    "----",
    "---",
    "--",
    "h1. big",
    "h6. small",
    "bq. quote",
    "* star",
    "# hash",
    "*bold*",
    "_it_",
    "-del-",
    "+ins+",
    "^sup^",
    "~sub~",
    "??cite??",
    ":)",
    ":-)",
    ":D",
    ";)",
    ":P",
    "(!)",
    "(x)",
    "(*r)",
    "(on)",
    "(flag)",
    "\\\\",
    "\\",
    "\\\\\\\\*",
    "ftp://h/x",
    "mailto:a@b.c",
    "http://plain.example/a_b-c?d=e#f",
    "https://x.example/(y).",
    "&amp;",
    "&lt;",
    "&amp;lt;",
    "&#42;",
    "<b>",
    "</b>",
    "<!-- c -->",
    "<br>",
    "<script>alert(1)</script>",
    "]",
    "[",
    "}",
    "{",
    "|",
    "!",
    "@user",
    "\u{2028}",
    "\u{2060}",
    "\u{a0}",
    "\t",
    "#",
    "\\*",
    "\\_",
    "\\[",
    "\\`",
    "*",
    "_",
    "~~",
    "`",
    "[[a]]",
    "{-}",
    "{",
    "}}",
    "{{",
    "irc://x",
    "x://y",
    "'",
    "\"",
    "%7B",
    "\\|",
    "http://",
    "HTTP://UP.example",
    "~",
];

const ADDRESSES: &[&str] = &[
    "http://a.example/x",
    "https://a.example/a_b-c(d)?e=f&g=h#i",
    "mailto:a@b.example",
    "javascript:alert(1)",
    "ftp://f.example",
    "",
    "/relative",
    "<http://a b>",
    "http://[::1]/",
    "https://a.example/|x|",
    "data:text/html,x",
    "https://a.example/{code}",
    "HTTPS://A.example",
];

/// A text of some blocks.
pub fn random(rng: &mut Rng) -> String {
    let count = 1 + rng.below(4);
    let blocks: Vec<_> = (0..count).map(|_| block(rng, 2)).collect();
    let separator = rng.pick(&["\n\n", "\n\n", "\n", "\r\n\r\n"]);
    blocks.join(separator)
}

fn block(rng: &mut Rng, depth: usize) -> String {
    let deep = depth == 0;
    match rng.below(if deep { 6 } else { 12 }) {
        0 | 1 => line(rng),
        2 => format!("{} {}", "#".repeat(1 + rng.below(6)), line(rng)),
        3 => code(rng),
        4 => rng.pick(&["---", "***", "___"]).to_owned(),
        5 => format!("{}{}{}", line(rng), rng.pick(&["\n", "  \n", "\\\n"]), line(rng)),
        6 | 7 => list(rng, depth),
        8 => prefixed(&blocks(rng, depth), "> ", "> "),
        9 => table(rng),
        10 => format!("<div>\n{}\n</div>", line(rng)),
        _ => format!("{}\n===", line(rng)),
    }
}

fn blocks(rng: &mut Rng, depth: usize) -> String {
    let count = 1 + rng.below(3);
    let blocks: Vec<_> = (0..count).map(|_| block(rng, depth - 1)).collect();
    blocks.join(rng.pick(&["\n\n", "\n"]))
}

fn list(rng: &mut Rng, depth: usize) -> String {
    let mark = rng.pick(&["- ", "* ", "1. ", "7. ", "+ ", "- [ ] ", "- [x] "]);
    let indent = if mark.starts_with(char::is_numeric) {
        "   "
    } else {
        "  "
    };
    let count = 1 + rng.below(3);
    let items: Vec<_> = (0..count)
        .map(|_| prefixed(&blocks(rng, depth), mark, indent))
        .collect();
    items.join(rng.pick(&["\n", "\n\n"]))
}

fn prefixed(text: &str, first: &str, rest: &str) -> String {
    let lines = text.split('\n').enumerate();
    lines
        .map(|(at, line)| format!("{}{line}", if at == 0 { first } else { rest }))
        .collect::<Vec<_>>()
        .join("\n")
}

fn table(rng: &mut Rng) -> String {
    let columns = 1 + rng.below(3);
    let row = |rng: &mut Rng| {
        let cells: Vec<_> = (0..columns).map(|_| piece(rng).replace('\n', " ")).collect();
        format!("| {} |", cells.join(" | "))
    };
    let head = row(rng);
    let rule = format!("|{}", "---|".repeat(columns));
    let rows: Vec<_> = (0..rng.below(3)).map(|_| row(rng)).collect();
    format!("{head}\n{rule}\n{}", rows.join("\n"))
}

fn code(rng: &mut Rng) -> String {
    let language = rng.pick(&["", "java", "rust", "yaml", "sh -x", "C++", "{code}"]);
    let lines: Vec<_> = (0..rng.below(4))
        .map(|_| format!("{}{}", rng.pick(&["", "  ", "\t"]), words(rng)))
        .collect();
    format!("```{language}\n{}\n```", lines.join("\n"))
}

fn line(rng: &mut Rng) -> String {
    let count = 1 + rng.below(4);
    let separator = rng.pick(&[" ", " ", "", "\n"]);
    let pieces: Vec<_> = (0..count).map(|_| piece(rng)).collect();
    pieces.join(separator)
}

fn piece(rng: &mut Rng) -> String {
    let text = words(rng);
    match rng.below(12) {
        0 => format!("**{text}**"),
        1 => format!("*{text}*"),
        2 => format!("~~{text}~~"),
        3 => format!("`{text}`"),
        4 => format!("[{text}]({})", rng.pick(ADDRESSES)),
        5 => format!("![{text}]({})", rng.pick(ADDRESSES)),
        6 => format!("***{text}** {}*", words(rng)),
        7 => format!("<{}>", rng.pick(ADDRESSES)),
        8 => format!("**[`{text}` b]({})**", rng.pick(ADDRESSES)),
        _ => text,
    }
}

fn words(rng: &mut Rng) -> String {
    let count = 1 + rng.below(4);
    let separator = rng.pick(&[" ", " ", " ", ""]);
    let words: Vec<_> = (0..count)
        .map(|_| {
            if rng.below(2) == 0 {
                rng.pick(WORDS)
            } else {
                rng.pick(HOSTILE)
            }
        })
        .collect();
    words.join(separator)
}
