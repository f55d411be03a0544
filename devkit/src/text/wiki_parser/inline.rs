//! Lines: formatting, links, and everything else that a line can hold.

use super::marks::{ESCAPABLE, between, unescaped};
use super::{Node, macro_at};

const SMILEYS: [&str; 30] = [
    ":)",
    ":-)",
    ":(",
    ":-(",
    ":P",
    ":-P",
    ":p",
    ":-p",
    ":D",
    ":-D",
    ";)",
    ";-)",
    "(y)",
    "(n)",
    "(i)",
    "(/)",
    "(x)",
    "(!)",
    "(+)",
    "(-)",
    "(?)",
    "(on)",
    "(off)",
    "(*)",
    "(*y)",
    "(*r)",
    "(*g)",
    "(*b)",
    "(flag)",
    "(flagoff)",
];

/// What becomes a link where it stands.
const ADDRESSES: [&str; 7] = ["http://", "https://", "ftp://", "ftps://", "irc://", "mailto:", "file:"];

#[derive(Clone, Default)]
struct Look {
    marks: Vec<&'static str>,
    link: Option<String>,
    /// Within a label, addresses are text.
    label: bool,
}

pub(super) fn read(line: &str) -> Vec<Node> {
    let mut reader = Reader {
        line,
        at: 0,
        text: String::new(),
        nodes: Vec::new(),
        look: Look::default(),
    };
    reader.run();
    reader.nodes
}

fn read_with(text: &str, look: &Look) -> Vec<Node> {
    let block = text.trim_start();
    let marks_a_block = block.starts_with("bq.") || block.starts_with("# ") || starts_heading(block);
    if marks_a_block {
        return vec![Node::Foreign(format!("block in a line: {text}"))];
    }
    let mut reader = Reader {
        line: text,
        at: 0,
        text: String::new(),
        nodes: Vec::new(),
        look: look.clone(),
    };
    reader.run();
    reader.nodes
}

fn starts_heading(text: &str) -> bool {
    let mut start = text.chars();
    start.next() == Some('h') && matches!(start.next(), Some('1'..='6')) && start.next() == Some('.')
}

struct Reader<'a> {
    line: &'a str,
    at: usize,
    text: String,
    nodes: Vec<Node>,
    look: Look,
}

impl Reader<'_> {
    fn run(&mut self) {
        while let Some(character) = self.rest().chars().next() {
            let taken = self.special(character);
            if taken == 0 {
                self.text.push(character);
                self.at += character.len_utf8();
            } else {
                self.at += taken;
            }
        }
        self.flush();
    }

    /// Reads what is no plain text here; the bytes that it took.
    fn special(&mut self, character: char) -> usize {
        match character {
            '\\' => self.backslash(),
            '[' => self.link(),
            '{' => self.brace(),
            '*' => self.formatted("*", "strong"),
            '_' => self.formatted("_", "em"),
            '-' => self.dash(),
            '+' | '^' | '~' => self.formatted(&character.to_string(), ""),
            '?' if self.rest().starts_with("??") => self.formatted("??", ""),
            '!' => self.image(),
            ':' | ';' | '(' => self.smiley(),
            '&' => self.entity(),
            _ => match self.address() {
                0 => self.issue_key(),
                taken => taken,
            },
        }
    }

    fn rest(&self) -> &str {
        self.line.get(self.at..).unwrap_or_default()
    }

    fn before(&self) -> Option<char> {
        self.line.get(..self.at)?.chars().next_back()
    }

    fn flush(&mut self) {
        if !self.text.is_empty() {
            let text = std::mem::take(&mut self.text);
            let mut marks = self.look.marks.clone();
            marks.sort_unstable();
            self.nodes.push(Node::Text {
                text,
                marks,
                link: self.look.link.clone(),
            });
        }
    }

    fn add(&mut self, nodes: Vec<Node>) {
        self.flush();
        self.nodes.extend(nodes);
    }

    fn foreign(&mut self, taken: usize) -> usize {
        let what = self.rest().get(..taken).unwrap_or_default().to_owned();
        self.add(vec![Node::Foreign(what)]);
        taken
    }

    fn backslash(&mut self) -> usize {
        match self.rest().chars().nth(1) {
            Some('\\') => self.foreign(2),
            Some(next) if ESCAPABLE.contains(next) => {
                self.text.push(next);
                2
            }
            _ => 0,
        }
    }

    fn link(&mut self) -> usize {
        let inside = self.rest().get(1..).unwrap_or_default();
        let Some((content, _)) = inside.split_once(']').filter(|(content, _)| !content.contains('[')) else {
            return 0;
        };
        if content.is_empty() {
            return 0;
        }
        let taken = content.len() + 2;
        let (label, target) = content.split_once('|').unwrap_or((content, content));
        let target = target.trim().to_owned();
        let web = ADDRESSES
            .iter()
            .any(|scheme| target.to_ascii_lowercase().starts_with(scheme));
        if !web || target.contains(['|', ' ']) || label.matches('!').count() > 1 {
            return self.foreign(taken);
        }
        let look = Look {
            marks: self.look.marks.clone(),
            link: Some(target),
            label: true,
        };
        let nodes = read_with(label, &look);
        self.add(nodes);
        taken
    }

    fn brace(&mut self) -> usize {
        if self.rest().starts_with("{{") {
            return self.code();
        }
        for (mark, name) in [
            ("*", "strong"),
            ("_", "em"),
            ("-", "strike"),
            ("+", ""),
            ("^", ""),
            ("~", ""),
            ("??", ""),
        ] {
            if self.rest().starts_with(&format!("{{{mark}}}")) {
                return self.formatted(&format!("{{{mark}}}"), name);
            }
        }
        match macro_at(self.rest()) {
            Some((_, _, after)) => self.foreign(self.rest().len() - after.len()),
            None => 0,
        }
    }

    fn code(&mut self) -> usize {
        let Some(inside) = between(self.line, self.at, "{{", "}}") else {
            return 0;
        };
        let taken = inside.len() + 4;
        let text = unescaped(&unescaped(inside));
        self.flush();
        self.nodes.push(Node::Text {
            text,
            marks: vec!["code"],
            link: None,
        });
        taken
    }

    fn dash(&mut self) -> usize {
        let alone = |character: Option<char>| character.is_none_or(char::is_whitespace);
        let count = self.rest().chars().take_while(|c| *c == '-').count();
        if (2..=3).contains(&count) && alone(self.before()) && alone(self.rest().chars().nth(count)) {
            return self.foreign(count);
        }
        self.formatted("-", "strike")
    }

    /// Formatted text; Jira takes the backslashes out of it and reads it again.
    fn formatted(&mut self, mark: &str, name: &'static str) -> usize {
        let Some(inside) = between(self.line, self.at, mark, mark) else {
            return 0;
        };
        let taken = inside.len() + 2 * mark.len();
        if name.is_empty() {
            return self.foreign(taken);
        }
        // Within formatting, addresses are links again, even in a label.
        let mut look = Look {
            label: false,
            ..self.look.clone()
        };
        if !look.marks.contains(&name) {
            look.marks.push(name);
        }
        let nodes = read_with(&unescaped(inside), &look);
        self.add(nodes);
        taken
    }

    fn image(&mut self) -> usize {
        between(self.line, self.at, "!", "!")
            .map(|inside| inside.len() + 2)
            .map_or(0, |taken| self.foreign(taken))
    }

    fn smiley(&mut self) -> usize {
        let found = SMILEYS.iter().find(|smiley| {
            let after = self.rest().strip_prefix(**smiley);
            after.is_some_and(|after| !after.starts_with(|c: char| c.is_ascii_alphanumeric()))
        });
        found.map_or(0, |smiley| self.foreign(smiley.len()))
    }

    fn entity(&mut self) -> usize {
        let name = self
            .rest()
            .get(1..)
            .and_then(|rest| rest.split_once(';'))
            .map_or("", |(name, _)| name);
        let is_name = !name.is_empty() && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '#');
        if is_name { self.foreign(name.len() + 2) } else { 0 }
    }

    fn address(&mut self) -> usize {
        let rest = self.rest();
        let lower: String = rest.chars().take(8).collect::<String>().to_ascii_lowercase();
        let found = ADDRESSES
            .iter()
            .find(|scheme| lower.starts_with(**scheme))
            .map(|scheme| scheme.len());
        let more = found
            .and_then(|length| rest.get(length..))
            .and_then(|after| after.chars().next());
        let begun = more.is_some_and(|c| !c.is_whitespace() && c != super::JOINER);
        match found {
            Some(length) if begun && !self.look.label => self.foreign(length),
            _ => 0,
        }
    }

    fn issue_key(&mut self) -> usize {
        if self.look.label || self.text.ends_with(char::is_alphanumeric) {
            return 0;
        }
        let rest = self.rest();
        let (project, after) = rest.split_once('-').unwrap_or_default();
        let is_project = project.len() > 1
            && project.starts_with(|c: char| c.is_ascii_uppercase())
            && project.chars().all(|c| c.is_ascii_uppercase() || c.is_ascii_digit());
        let digits = after.chars().take_while(char::is_ascii_digit).count();
        if is_project && digits > 0 {
            self.foreign(project.len() + 1 + digits)
        } else {
            0
        }
    }
}
