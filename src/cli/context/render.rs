//! A report as text for people: pure, so that every line of it can be tested.

use std::collections::HashMap;

use super::{
    layout::{NARROWEST, PageLayout, clean, hanging, paragraph},
    report::{CheckReport, CheckedObject, ReportLine, SeverityCounts},
    severity::Severity,
};

/// Most names in the heading of things that are alike.
const SHOWN: usize = 10;
/// Where the reasons of a subject begin, after the longest condition.
const REASON_COLUMN: usize = 20;

/// The report as text, grouped by subject.
#[must_use]
pub fn text(report: &CheckReport, page: PageLayout) -> String {
    let page = PageLayout {
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
pub fn short(report: &CheckReport) -> String {
    let flat = report.flat();
    let told = flat
        .iter()
        .filter(|(_, line)| line.severity != Severity::Fine && !line.explained && line.condition != "Ready");
    told.map(|(subject, line)| {
        let file = match subject.file.as_str() {
            "" => String::new(),
            file => format!("{}: ", clean(file)),
        };
        format!(
            "{file}{} {} {} {} {}: {}\n",
            sign(line.severity),
            subject.object,
            clean(&subject.path()),
            line.condition,
            line.reason,
            clean(&line.message)
        )
    })
    .collect()
}

fn subject(out: &mut String, subject: &CheckedObject, brief: bool, depth: usize, page: PageLayout) {
    let indent = "  ".repeat(depth);
    let severity = subject.severity();
    let sum = subject.ready.as_ref().filter(|_| brief || severity != Severity::Fine);
    let sum = sum.map_or(String::new(), |ready| format!("  {}", ready.reason));
    let head = format!("{} {}{sum}", subject.object, clean(&subject.path()));
    hanging(out, &format!("{indent}{} ", painted(severity, page)), &head, page);
    if brief && severity == Severity::Fine {
        return;
    }
    for note in &subject.notes {
        paragraph(out, note, depth * 2 + 2, page);
    }
    for line in &subject.lines {
        if !(brief && (line.severity == Severity::Fine || line.explained)) {
            self::line(out, line, depth * 2 + 2, page);
        }
    }
    for alike in grouped(&subject.parts) {
        parts(out, &alike, brief, depth + 1, page);
    }
    for note in &subject.closing {
        paragraph(out, note, depth * 2 + 2, page);
    }
}

/// Parts of which the same is to be said, in the order of the first of each kind.
fn grouped(parts: &[CheckedObject]) -> Vec<Vec<&CheckedObject>> {
    let said = |part: &CheckedObject| -> Vec<(String, String)> {
        let lines = part.lines.iter();
        lines
            .map(|line| (line.condition.clone(), line.reason.clone()))
            .collect()
    };
    let mut places = HashMap::new();
    let mut groups: Vec<Vec<&CheckedObject>> = Vec::new();
    for part in parts {
        let place = *places.entry((said(part), part.severity())).or_insert(groups.len());
        match groups.get_mut(place) {
            Some(group) => group.push(part),
            None => groups.push(vec![part]),
        }
    }
    groups
}

/// Of parts that are alike the first is shown as an example.
fn parts(out: &mut String, alike: &[&CheckedObject], brief: bool, depth: usize, page: PageLayout) {
    let [first, others @ ..] = alike else {
        return;
    };
    if others.is_empty() {
        return subject(out, first, brief, depth, page);
    }
    let further = others.iter().take(SHOWN - 1).map(|part| clean(&part.name));
    let names: Vec<String> = std::iter::once(clean(&first.path())).chain(further).collect();
    let more = match alike.len().saturating_sub(SHOWN) {
        0 => String::new(),
        more => format!(" and {more} more: -o short"),
    };
    let head = format!("{} {}s {}{more}", alike.len(), first.object, names.join(", "));
    let start = format!("{}{} ", "  ".repeat(depth), painted(first.severity(), page));
    hanging(out, &start, &head, page);
    for line in &first.lines {
        self::line(out, &line.as_example(), depth * 2 + 2, page);
    }
}

fn line(out: &mut String, line: &ReportLine, indent: usize, page: PageLayout) {
    let start = format!("{}{} ", " ".repeat(indent), painted(line.severity, page));
    let condition = clean(&line.condition);
    let head = format!("{condition:<REASON_COLUMN$} {}  {}", line.reason, clean(&line.about));
    hanging(out, &start, head.trim_end(), page);
    if line.severity == Severity::Fine || line.explained {
        return;
    }
    paragraph(out, &line.message, indent + 4, page);
    if !line.hint.is_empty() {
        paragraph(out, &format!("more: {}", line.hint), indent + 4, page);
    }
}

fn summary(report: &CheckReport) -> String {
    let SeverityCounts {
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
        counted(unknown, "skipped", "skipped"),
        counted(warnings, "warning", "warnings"),
        counted(fine, "fine", "fine"),
    ];
    let parts: Vec<String> = parts.into_iter().flatten().collect();
    if parts.is_empty() {
        return "Nothing to check.\n".to_owned();
    }
    format!("{}.\n", parts.join(", "))
}

fn sign(severity: Severity) -> &'static str {
    match severity {
        Severity::Fine => "√",
        Severity::Warning | Severity::Unknown => "‼",
        Severity::Finding => "×",
    }
}

fn painted(severity: Severity, page: PageLayout) -> String {
    let code = match severity {
        Severity::Fine => "32",
        Severity::Warning | Severity::Unknown => "33",
        Severity::Finding => "31",
    };
    if page.colour {
        format!("\x1b[{code}m{}\x1b[0m", sign(severity))
    } else {
        sign(severity).to_owned()
    }
}

#[cfg(test)]
mod tests {
    use textwrap::core::display_width;

    use super::*;
    use crate::cli::context::CheckReason;

    fn report(message: &str) -> CheckReport {
        let mut subject = CheckedObject::new("JiraIntegration", "support", "acme");
        subject
            .lines
            .push(ReportLine::local("Fields", CheckReason::InvalidField, message));
        subject
            .lines
            .push(ReportLine::local("Site", CheckReason::SiteExists, "fine"));
        CheckReport::of(vec![subject])
    }

    #[test]
    fn long_words_are_broken_and_nothing_is_wider_than_the_page() {
        for width in [10, 40, 60, 80, 120] {
            let page = PageLayout { width, colour: false };
            let text = text(&report(&format!("{} and {}", "a".repeat(200), "bc ".repeat(60))), page);
            let widest = text.lines().map(display_width).max().unwrap_or(0);
            assert!(widest <= width.max(NARROWEST), "{widest} columns at {width}:\n{text}");
            let letters: String = text.split_whitespace().collect();
            assert!(letters.contains(&"a".repeat(200)), "no letter is lost:\n{text}");
        }
    }

    #[test]
    fn letters_that_take_two_columns_are_counted_so() {
        let page = PageLayout {
            width: 80,
            colour: false,
        };
        let wide = format!("{} {}", "\u{7533}\u{8acb} ".repeat(40), "\u{8acb}".repeat(90));
        let text = text(&report(&wide), page);
        let widest = text.lines().map(display_width).max().unwrap_or(0);
        assert!((70..=80).contains(&widest), "{widest} columns:\n{text}");
    }

    #[test]
    fn colours_change_nothing_but_the_marks() {
        let page = |colour| PageLayout { width: 80, colour };
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
                PageLayout {
                    width: 80,
                    colour: false,
                },
            ),
            short(&report),
        ] {
            assert!(!text.contains('\x1b') && text.contains("two three"), "{text}");
        }
    }

    /// Projects of which the same is said, under an integration that is Ready.
    fn of_projects(count: usize) -> CheckReport {
        let mut whole = CheckedObject::new("JiraIntegration", "support", "acme");
        for number in 0..count {
            let mut part = CheckedObject::new("JiraProject", "support", &format!("acme-p{number}"));
            let message = format!("Project P{number} is archived.");
            let line = ReportLine::local("Accessible", CheckReason::InvalidField, message);
            part.lines.push(line.holding_nothing_back());
            whole.parts.push(part);
        }
        CheckReport::of(vec![whole])
    }

    #[test]
    fn projects_of_which_the_same_is_said_are_told_together() {
        let page = PageLayout {
            width: 80,
            colour: false,
        };
        let many = text(&of_projects(2000), page);
        assert!(many.lines().count() < 15, "{many}");
        let words = many.split_whitespace().collect::<Vec<_>>().join(" ");
        for part in [
            "‼ 2000 JiraProjects support/acme-p0, acme-p1, acme-p2,",
            "acme-p9 and 1990 more: -o short",
            "For example: Project P0 is archived.",
            "2000 warnings.",
        ] {
            assert!(words.contains(part), "{part:?} is not in:\n{many}");
        }
        assert!(!words.contains("acme-p10"), "{many}");
        let ten = text(&of_projects(10), page);
        assert!(ten.contains("acme-p9") && !ten.contains("more: -o"), "{ten}");
        let one = text(&of_projects(1), page);
        assert!(
            one.contains("‼ JiraProject support/acme-p0\n") && !one.contains("example"),
            "{one}"
        );
        assert_eq!(short(&of_projects(2000)).lines().count(), 2000);
    }

    #[test]
    fn warnings_count_only_where_they_are_asked_for() {
        let mut report = of_projects(2);
        assert_eq!(report.exit_code(), 0);
        report.strict = true;
        assert_eq!(report.exit_code(), 1);
        report.subjects.clear();
        assert_eq!(report.exit_code(), 0);
    }
}
