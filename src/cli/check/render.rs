//! A report as text for people: pure, so that every line of it can be tested.

use std::fmt::Write;

use unicode_width::{UnicodeWidthChar, UnicodeWidthStr};

use super::{
    mark::Mark,
    report::{Counts, Line, Report, Subject},
};

/// How text is set.
#[derive(Clone, Copy, Debug)]
pub struct Page {
    /// Columns that a line may have.
    pub width: usize,
    /// Whether marks are coloured.
    pub colour: bool,
}

/// Fewest columns that text is wrapped to: below, every word would stand alone.
const NARROWEST: usize = 40;
/// Where the reasons of a subject begin, after the longest condition.
const REASON_COLUMN: usize = 20;

/// The report as text, grouped by subject.
#[must_use]
pub fn text(report: &Report, page: Page) -> String {
    let page = Page {
        width: page.width.max(NARROWEST),
        ..page
    };
    let mut out = String::new();
    for subject in &report.subjects {
        self::subject(&mut out, subject, report.brief, 0, page);
        out.push('\n');
    }
    out.push_str(&summary(report));
    out
}

/// One line for each thing that is not fine and that no other line explains.
#[must_use]
pub fn short(report: &Report) -> String {
    let flat = report.flat();
    let told = flat
        .iter()
        .filter(|(_, line)| line.mark != Mark::Fine && !line.explained && line.condition != "Ready");
    told.map(|(subject, line)| {
        let file = match subject.file.as_str() {
            "" => String::new(),
            file => format!("{}: ", clean(file)),
        };
        format!(
            "{file}{} {} {} {} {}: {}\n",
            sign(line.mark),
            subject.object,
            clean(&subject.path()),
            line.condition,
            line.reason,
            clean(&line.message)
        )
    })
    .collect()
}

/// Sentences for people, wrapped. A long word stays whole, because it is an address or a path to be copied.
#[must_use]
pub fn prose(text: &str, page: Page) -> String {
    let mut out = String::new();
    let mut taken = 0;
    for word in clean(text).split_whitespace() {
        let letters = word.chars().count();
        if taken > 0 && taken + 1 + letters > page.width {
            out.push('\n');
            taken = 0;
        } else if taken > 0 {
            out.push(' ');
            taken += 1;
        }
        out.push_str(word);
        taken += letters;
    }
    out.push('\n');
    out
}

fn subject(out: &mut String, subject: &Subject, brief: bool, depth: usize, page: Page) {
    let indent = "  ".repeat(depth);
    let mark = subject.mark();
    let sum = subject.ready.as_ref().filter(|_| brief || mark != Mark::Fine);
    let sum = sum.map_or(String::new(), |ready| format!("  {}", ready.reason));
    let head = format!("{} {}{sum}", subject.object, clean(&subject.path()));
    hanging(
        out,
        &format!("{indent}{} ", painted(mark, page)),
        depth * 2 + 2,
        &head,
        page,
    );
    if brief && mark == Mark::Fine {
        return;
    }
    for note in &subject.notes {
        paragraph(out, note, depth * 2 + 2, page);
    }
    for line in &subject.lines {
        if !(brief && (line.mark == Mark::Fine || line.explained)) {
            self::line(out, line, depth * 2 + 2, page);
        }
    }
    for part in &subject.parts {
        self::subject(out, part, brief, depth + 1, page);
    }
    for note in &subject.closing {
        paragraph(out, note, depth * 2 + 2, page);
    }
}

fn line(out: &mut String, line: &Line, indent: usize, page: Page) {
    let start = format!("{}{} ", " ".repeat(indent), painted(line.mark, page));
    let head = format!("{:<REASON_COLUMN$} {}", clean(&line.condition), line.reason);
    hanging(out, &start, indent + 2, head.trim_end(), page);
    if line.mark == Mark::Fine || line.explained {
        return;
    }
    paragraph(out, &line.message, indent + 4, page);
    if !line.hint.is_empty() {
        paragraph(out, &format!("see {}", line.hint), indent + 4, page);
    }
}

fn summary(report: &Report) -> String {
    let Counts {
        findings,
        warnings,
        unknown,
        fine,
    } = report.counts();
    let counted = |count: usize, one: &str, many: &str| match count {
        0 => None,
        1 => Some(format!("1 {one}")),
        _ => Some(format!("{count} {many}")),
    };
    let parts = [
        counted(findings, "finding", "findings"),
        counted(unknown, "thing not looked at", "things not looked at"),
        counted(warnings, "warning", "warnings"),
        counted(fine, "fine", "fine"),
    ];
    let parts: Vec<String> = parts.into_iter().flatten().collect();
    if parts.is_empty() {
        return "Nothing to look at.\n".to_owned();
    }
    format!("{}.\n", parts.join(", "))
}

fn sign(mark: Mark) -> &'static str {
    match mark {
        Mark::Fine => "√",
        Mark::Warning | Mark::Unknown => "‼",
        Mark::Finding => "×",
    }
}

fn painted(mark: Mark, page: Page) -> String {
    let code = match mark {
        Mark::Fine => "32",
        Mark::Warning | Mark::Unknown => "33",
        Mark::Finding => "31",
    };
    if page.colour {
        format!("\x1b[{code}m{}\x1b[0m", sign(mark))
    } else {
        sign(mark).to_owned()
    }
}

fn paragraph(out: &mut String, text: &str, indent: usize, page: Page) {
    hanging(out, &" ".repeat(indent), indent, text, page);
}

/// Writes the text after `start`, further lines indented by as many columns as `start` takes.
fn hanging(out: &mut String, start: &str, columns: usize, text: &str, page: Page) {
    let room = page.width.saturating_sub(columns).max(NARROWEST / 2);
    let indent = " ".repeat(columns);
    for (index, line) in wrapped(&clean(text), room).iter().enumerate() {
        let before = if index == 0 { start } else { &indent };
        // Writing to a String does not fail.
        let _ = writeln!(out, "{before}{line}");
    }
}

/// Breaks at spaces; a word that is longer than a line is broken itself. Several spaces stay where
/// they do not end a line.
fn wrapped(text: &str, room: usize) -> Vec<String> {
    let mut lines = Vec::new();
    let mut line = String::new();
    for word in text.split(' ').flat_map(|word| pieces(word, room)) {
        let taken = line.width();
        if taken > 0 && taken + 1 + word.width() > room {
            lines.push(std::mem::take(&mut line).trim_end().to_owned());
        } else if taken > 0 {
            line.push(' ');
        }
        line.push_str(&word);
    }
    lines.push(line);
    lines
}

fn pieces(word: &str, room: usize) -> Vec<String> {
    let (mut pieces, mut piece) = (Vec::new(), String::new());
    for letter in word.chars() {
        if !piece.is_empty() && piece.width() + letter.width().unwrap_or(0) > room {
            pieces.push(std::mem::take(&mut piece));
        }
        piece.push(letter);
    }
    pieces.push(piece);
    pieces
}

/// Without what a terminal would take for a command: messages quote names from Jira and from files.
fn clean(text: &str) -> String {
    text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::check::reasons::LocalReason;

    fn report(message: &str) -> Report {
        let mut subject = Subject::new("JiraIntegration", "support", "acme");
        subject
            .lines
            .push(Line::local("Fields", LocalReason::InvalidField, message));
        subject.lines.push(Line::local("Site", LocalReason::SiteExists, "fine"));
        Report::of(vec![subject])
    }

    #[test]
    fn long_words_are_broken_and_nothing_is_wider_than_the_page() {
        for width in [10, 40, 60, 80, 120] {
            let page = Page { width, colour: false };
            let text = text(&report(&format!("{} and {}", "a".repeat(200), "bc ".repeat(60))), page);
            let widest = text.lines().map(UnicodeWidthStr::width).max().unwrap_or(0);
            assert!(widest <= width.max(NARROWEST), "{widest} columns at {width}:\n{text}");
            let letters: String = text.split_whitespace().collect();
            assert!(letters.contains(&"a".repeat(200)), "no letter is lost:\n{text}");
        }
    }

    #[test]
    fn letters_that_take_two_columns_are_counted_so() {
        let page = Page {
            width: 80,
            colour: false,
        };
        let wide = format!("{} {}", "\u{7533}\u{8acb} ".repeat(40), "\u{8acb}".repeat(90));
        let text = text(&report(&wide), page);
        let widest = text.lines().map(UnicodeWidthStr::width).max().unwrap_or(0);
        assert!((70..=80).contains(&widest), "{widest} columns:\n{text}");
    }

    #[test]
    fn sentences_are_wrapped_and_what_is_to_be_copied_stays_whole() {
        let page = Page {
            width: 20,
            colour: false,
        };
        let link = "https://example.com/a/long/link";
        let text = prose(&format!("Open this link now: {link} and wait for it."), page);
        assert_eq!(text, format!("Open this link now:\n{link}\nand wait for it.\n"));
    }

    #[test]
    fn colours_change_nothing_but_the_marks() {
        let page = |colour| Page { width: 80, colour };
        let report = report("Something is wrong.");
        let coloured = text(&report, page(true));
        assert!(coloured.contains("\x1b[31m×\x1b[0m Fields") && coloured.contains("\x1b[32m√\x1b[0m Site"));
        let plain: String = ["\x1b[31m", "\x1b[32m", "\x1b[33m", "\x1b[0m"]
            .into_iter()
            .fold(coloured, |text, code| text.replace(code, ""));
        assert_eq!(plain, text(&report, page(false)));
    }

    #[test]
    fn what_a_terminal_would_obey_is_not_printed() {
        let report = report("one\x1b[2Jtwo\nthree");
        for text in [
            text(
                &report,
                Page {
                    width: 80,
                    colour: false,
                },
            ),
            short(&report),
        ] {
            assert!(!text.contains('\x1b') && text.contains("two three"), "{text}");
        }
    }
}
