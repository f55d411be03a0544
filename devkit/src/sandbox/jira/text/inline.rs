//! Wiki markup within a line: emphasis, links, mentions, images, macros and faces.

use serde_json::{Value, json};

/// Signs around a text, and the mark that they make.
const PHRASES: &[(&str, &str)] = &[
    ("*", "strong"),
    ("_", "em"),
    ("-", "strike"),
    ("+", "underline"),
    ("^", "sup"),
    ("~", "sub"),
    ("??", "em"),
];

/// Texts that become faces and signs.
const FACES: &[&str] = &[
    ":)",
    ":(",
    ":P",
    ":D",
    ";)",
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
    "(*r)",
    "(*g)",
    "(*b)",
    "(*y)",
    "(flag)",
    "(flagoff)",
];

/// How many phrases stand in one another.
const DEEPEST: usize = 10;

/// The nodes of a line.
pub(super) fn parse(line: &str) -> Vec<Value> {
    let mut parser = Parser::default();
    parser.run(line, &[]);
    parser.flush(&[]);
    parser.nodes
}

#[derive(Default)]
struct Parser {
    nodes: Vec<Value>,
    text: String,
    /// In how many phrases it is.
    depth: usize,
}

/// Whether a letter is part of a word.
fn is_word(letter: Option<char>) -> bool {
    letter.is_some_and(char::is_alphanumeric)
}

impl Parser {
    fn run(&mut self, line: &str, marks: &[Value]) {
        let mut at = 0;
        while let Some(rest) = line.get(at..).filter(|rest| !rest.is_empty()) {
            let before = line.get(..at).and_then(|before| before.chars().next_back());
            let taken = self
                .escape(rest, marks)
                .or_else(|| self.bracket(rest, marks))
                .or_else(|| self.braced_phrase(rest, marks))
                .or_else(|| self.brace(rest, marks))
                .or_else(|| self.image(rest, before, marks))
                .or_else(|| self.address(rest, before, marks))
                .or_else(|| self.face(rest, before, marks))
                .or_else(|| self.phrase(rest, before, marks));
            at += taken.unwrap_or_else(|| {
                let letter = rest.chars().next().unwrap_or_default();
                self.text.push(letter);
                letter.len_utf8()
            });
        }
        self.flush(marks);
    }

    /// Ends the text that was read so far.
    fn flush(&mut self, marks: &[Value]) {
        let text = std::mem::take(&mut self.text);
        if text.is_empty() {
            return;
        }
        let node = match marks {
            [] => json!({"type": "text", "text": text}),
            marks => json!({"type": "text", "text": text, "marks": marks}),
        };
        self.nodes.push(node);
    }

    fn push(&mut self, node: Value, marks: &[Value]) {
        self.flush(marks);
        self.nodes.push(node);
    }

    /// Two backslashes end a line; one takes the meaning from the sign behind it.
    fn escape(&mut self, rest: &str, marks: &[Value]) -> Option<usize> {
        let sign = rest.strip_prefix('\\')?.chars().next()?;
        if sign == '\\' {
            self.push(json!({"type": "hardBreak"}), marks);
        } else if sign.is_ascii_punctuation() {
            self.text.push(sign);
        } else {
            return None;
        }
        Some(2)
    }

    /// A link or a mention.
    fn bracket(&mut self, rest: &str, marks: &[Value]) -> Option<usize> {
        let (inner, _) = rest.strip_prefix('[')?.split_once(']')?;
        let taken = inner.len() + 2;
        if let Some(id) = inner.strip_prefix('~') {
            let id = id.strip_prefix("accountid:").unwrap_or(id);
            self.push(json!({"type": "mention", "attrs": {"id": id}}), marks);
            return Some(taken);
        }
        let (label, target) = inner.split_once('|').unwrap_or((inner, inner));
        let target = target.split('|').next().unwrap_or_default();
        if !["http://", "https://", "mailto:", "#", "ftp://"]
            .iter()
            .any(|start| target.starts_with(start))
        {
            return None;
        }
        self.flush(marks);
        let mut with = marks.to_vec();
        with.push(json!({"type": "link", "attrs": {"href": target}}));
        // The label takes emphasis, and no further link.
        if label == target {
            self.text.push_str(label);
            self.flush(&with);
        } else {
            self.run(label, &with);
        }
        Some(taken)
    }

    /// Text of one width, a colour, or another macro.
    fn brace(&mut self, rest: &str, marks: &[Value]) -> Option<usize> {
        if let Some((inner, _)) = rest.strip_prefix("{{").and_then(|inner| inner.split_once("}}"))
            && !inner.is_empty()
        {
            self.flush(marks);
            let mut with: Vec<Value> = marks
                .iter()
                .filter(|mark| mark.get("type") == Some(&"link".into()))
                .cloned()
                .collect();
            with.push(json!({"type": "code"}));
            self.text.push_str(inner);
            self.flush(&with);
            return Some(inner.len() + 4);
        }
        let (head, after) = rest.strip_prefix('{')?.split_once('}')?;
        let name = head.split(':').next().unwrap_or_default();
        if name.is_empty() || !name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-') {
            return None;
        }
        let opening = head.len() + 2;
        if let (true, Some((inner, _))) = (name == "color", after.split_once("{color}")) {
            self.flush(marks);
            self.run(inner, marks);
            return Some(opening + inner.len() + "{color}".len());
        }
        let attributes = json!({"extensionType": "com.atlassian.confluence.macro.core", "extensionKey": name});
        self.push(json!({"type": "inlineExtension", "attrs": attributes}), marks);
        Some(opening)
    }

    fn image(&mut self, rest: &str, before: Option<char>, marks: &[Value]) -> Option<usize> {
        let (inner, after) = rest.strip_prefix('!')?.split_once('!')?;
        let is_name = inner.contains(['.', '/']) && !inner.contains(char::is_whitespace);
        if is_word(before) || is_word(after.chars().next()) || !is_name {
            return None;
        }
        let name = inner.split('|').next().unwrap_or_default();
        let node = json!({"type": "mediaInline", "attrs": {"type": "external", "id": name, "collection": ""}});
        self.push(node, marks);
        Some(inner.len() + 2)
    }

    /// A bare address becomes a link.
    fn address(&mut self, rest: &str, before: Option<char>, marks: &[Value]) -> Option<usize> {
        let is_address = ["http://", "https://", "mailto:"]
            .iter()
            .any(|start| rest.starts_with(start));
        let linked = marks.iter().any(|mark| mark.get("type") == Some(&"link".into()));
        if !is_address || is_word(before) || linked {
            return None;
        }
        let end = rest.find(|letter: char| letter.is_whitespace() || "|]}\\\"<>".contains(letter));
        let found = rest.get(..end.unwrap_or(rest.len()))?;
        let found = found.trim_end_matches(['.', ',', ';', ':', '!', '?', ')']);
        self.flush(marks);
        let mut with = marks.to_vec();
        with.push(json!({"type": "link", "attrs": {"href": found}}));
        self.text.push_str(found);
        self.flush(&with);
        Some(found.len())
    }

    fn face(&mut self, rest: &str, before: Option<char>, marks: &[Value]) -> Option<usize> {
        let face = FACES.iter().find(|face| rest.starts_with(**face))?;
        let after = rest.get(face.len()..).and_then(|after| after.chars().next());
        if is_word(before) || is_word(after) {
            return None;
        }
        self.push(json!({"type": "emoji", "attrs": {"shortName": face}}), marks);
        Some(face.len())
    }

    /// Emphasis: its signs touch the text within and no word outside.
    fn phrase(&mut self, rest: &str, before: Option<char>, marks: &[Value]) -> Option<usize> {
        let (sign, mark) = PHRASES.iter().find(|(sign, _)| rest.starts_with(sign))?;
        let inner = rest.get(sign.len()..)?;
        let touches = inner.chars().next().is_some_and(|first| !first.is_whitespace());
        if is_word(before) || before == Some('\\') || !touches || inner.starts_with(sign) || self.depth > DEEPEST {
            return None;
        }
        let end = inner.match_indices(sign).map(|(at, _)| at).find(|at| {
            let last = inner.get(..*at).and_then(|text| text.chars().next_back());
            let after = inner.get(at + sign.len()..).and_then(|after| after.chars().next());
            last.is_some_and(|last| !last.is_whitespace() && last != '\\') && !is_word(after)
        })?;
        self.within(inner.get(..end).unwrap_or_default(), mark, marks);
        Some(end + 2 * sign.len())
    }

    /// Emphasis whose signs stand in braces, whatever letters are beside them.
    fn braced_phrase(&mut self, rest: &str, marks: &[Value]) -> Option<usize> {
        let begins = |sign: &str| rest.strip_prefix('{')?.strip_prefix(sign)?.strip_prefix('}');
        let (sign, mark, inner) = PHRASES
            .iter()
            .find_map(|(sign, mark)| Some((sign, mark, begins(sign)?)))?;
        let sign = format!("{{{sign}}}");
        let end = inner.find(&sign).filter(|end| *end > 0 && self.depth <= DEEPEST)?;
        self.within(inner.get(..end).unwrap_or_default(), mark, marks);
        Some(end + 2 * sign.len())
    }

    /// What stands in a phrase.
    fn within(&mut self, inner: &str, mark: &str, marks: &[Value]) {
        self.flush(marks);
        let mut with = marks.to_vec();
        let (kind, attributes) = match mark {
            "sup" | "sub" => ("subsup", json!({"type": mark})),
            mark => (mark, Value::Null),
        };
        if !with.iter().any(|known| known.get("type") == Some(&kind.into())) {
            with.push(match attributes {
                Value::Null => json!({"type": kind}),
                attributes => json!({"type": kind, "attrs": attributes}),
            });
        }
        self.depth += 1;
        self.run(inner, &with);
        self.depth -= 1;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(line: &str) -> Vec<String> {
        let describe = |node: &Value| {
            let kind = node.get("type").and_then(Value::as_str).unwrap_or_default();
            let text = node.get("text").and_then(Value::as_str).unwrap_or_default();
            let marks = node.get("marks").and_then(Value::as_array).into_iter().flatten();
            let marks: Vec<&str> = marks.filter_map(|mark| mark.get("type")?.as_str()).collect();
            format!("{kind} {text} {}", marks.join("+")).trim().replace("  ", " ")
        };
        parse(line).iter().map(describe).collect()
    }

    #[test]
    fn signs_mean_something_at_the_edge_of_words() {
        assert_eq!(
            shown("a *b _c_* d"),
            [
                "text a",
                "text b strong",
                "text c strong+em",
                "text  d".replace("  ", " ").as_str()
            ]
        );
        assert_eq!(
            shown("2*3*4 snake_case_name x-y-z"),
            ["text 2*3*4 snake_case_name x-y-z"]
        );
        // In braces also within a word, and before a full stop.
        assert_eq!(shown("x{*}a{*}y"), ["text x", "text a strong", "text y"]);
        assert_eq!(shown("{*}{_}b{_}{*}."), ["text b strong+em", "text ."]);
        assert_eq!(shown("{{a*b*}}"), ["text a*b* code"]);
        assert_eq!(shown("[t|https://x.example]"), ["text t link"]);
        assert_eq!(shown("[1] [x]"), ["text [1] [x]"]);
    }

    #[test]
    fn what_a_backslash_precedes_is_text() {
        let line = r"\*a\* \{code\} \[~accountid:x\] \!a.png\! \[t|https:\/\/x.example\]";
        let nodes = parse(line);
        assert_eq!(nodes.len(), 1, "{nodes:?}");
        assert_eq!(shown("[~accountid:x]"), ["mention"]);
        assert_eq!(shown("!a.png!"), ["mediaInline"]);
        assert_eq!(shown("{anchor:x}"), ["inlineExtension"]);
        assert_eq!(shown("(!) :)"), ["emoji", "text", "emoji"]);
    }
}
