//! Tables in Markdown whose columns are aligned, so that they are read as well without being rendered.

/// The lines of a table.
pub fn aligned(head: &[&str], rows: impl Iterator<Item = Vec<String>>) -> Vec<String> {
    let head: Vec<String> = head.iter().copied().map(str::to_owned).collect();
    let columns = head.len();
    let table: Vec<Vec<String>> = std::iter::once(head).chain(rows).collect();
    let width = |column: usize| {
        let cells = table.iter().filter_map(|line| line.get(column));
        cells.map(|cell| cell.chars().count()).max().unwrap_or(0)
    };
    let widths: Vec<usize> = (0..columns).map(width).collect();
    let written = table.iter().map(|line| {
        let cells = line.iter().zip(&widths).enumerate();
        joined(cells.map(|(at, (cell, width))| padded(at, cell, *width)))
    });
    let mut lines: Vec<String> = written.collect();
    let rule = |(at, width): (usize, &usize)| match at {
        0 => "-".repeat(*width),
        _ => format!("{}:", "-".repeat(width.saturating_sub(1))),
    };
    lines.insert(1, joined(widths.iter().enumerate().map(rule)));
    lines
}

fn joined(cells: impl Iterator<Item = String>) -> String {
    format!("| {} |", cells.collect::<Vec<_>>().join(" | "))
}

/// Words stand left, numbers right.
fn padded(column: usize, cell: &str, width: usize) -> String {
    if column == 0 {
        format!("{cell:<width$}")
    } else {
        format!("{cell:>width$}")
    }
}

/// `12345` as `12,345`.
pub fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}
