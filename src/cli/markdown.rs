//! Headings and sections of a page of the documentation.

/// The heading on a line outside of code blocks, with its depth.
fn heading(line: &str) -> Option<(usize, &str)> {
    let text = line.trim_start_matches('#');
    let depth = line.len() - text.len();
    (depth > 0 && text.starts_with(' ')).then(|| (depth, text.trim()))
}

/// The lines of a page, and whether they stand in a code block or mark one.
pub fn lines(page: &str) -> impl Iterator<Item = (bool, &str)> {
    let mut code = false;
    page.lines().map(move |line| {
        let fence = line.trim_start().starts_with("```");
        code ^= fence;
        (code || fence, line)
    })
}

/// The headings of a page with their depth.
pub fn headings(page: &str) -> impl Iterator<Item = (usize, &str)> {
    lines(page)
        .filter(|(code, _)| !code)
        .filter_map(|(_, line)| heading(line))
}

/// The anchor that a heading gets where Markdown is shown: lower case, spaces as hyphens, and of
/// the rest only letters, digits, hyphens and underscores.
#[must_use]
pub fn anchor(heading: &str) -> String {
    let kept = heading.chars().filter(|c| c.is_alphanumeric() || " -_".contains(*c));
    kept.collect::<String>().to_lowercase().replace(' ', "-")
}

/// The part of a page under the heading with this anchor, the heading included.
#[must_use]
pub fn section(page: &str, wanted: &str) -> Option<String> {
    let mut depth = None;
    let mut text = String::new();
    for (code, line) in lines(page) {
        let here = heading(line).filter(|_| !code);
        match (depth, here) {
            (None, Some((found, title))) if anchor(title) == wanted => depth = Some(found),
            (Some(depth), Some((found, _))) if found <= depth => break,
            _ => {}
        }
        if depth.is_some() {
            text.push_str(line);
            text.push('\n');
        }
    }
    depth.map(|_| text)
}

#[cfg(test)]
mod tests {
    use super::*;

    const PAGE: &str = "# One\n```sh\n# no heading\n```\n## Jira's words\ntext\n### Deeper\nmore\n## Next\nrest\n";

    #[test]
    fn headings_are_told_from_code() {
        let found: Vec<_> = headings(PAGE).collect();
        assert_eq!(found, [(1, "One"), (2, "Jira's words"), (3, "Deeper"), (2, "Next")]);
        assert_eq!(anchor("Jira's words"), "jiras-words");
        assert_eq!(anchor("In Jira, step by step"), "in-jira-step-by-step");
    }

    #[test]
    fn a_section_ends_where_the_next_of_its_depth_begins() {
        let of = |wanted: &str| section(PAGE, wanted);
        assert_eq!(
            of("jiras-words").as_deref(),
            Some("## Jira's words\ntext\n### Deeper\nmore\n")
        );
        assert_eq!(of("deeper").as_deref(), Some("### Deeper\nmore\n"));
        assert_eq!(of("no-heading"), None);
    }
}
