//! Tables.

use super::super::document::{Block, Inline};
use super::super::fit;
use super::line;

/// The table; as one paragraph a row if a cell holds what would end it.
pub(super) fn write(rows: &[Vec<Vec<Inline>>]) -> String {
    let cells: Vec<Vec<String>> = rows
        .iter()
        .map(|row| row.iter().map(|cell| line::one_line(cell)).collect())
        .collect();
    let fits =
        rows.iter().flatten().all(|cell| no_pipe(cell)) && cells.iter().flatten().all(|cell| brackets_close(cell));
    if !fits {
        let paragraphs = fit::table_as_paragraphs(rows.to_vec());
        let lines = paragraphs.iter().map(|block| match block {
            Block::Paragraph(text) => line::lines(text),
            other => super::write_block(other, super::Place::Document),
        });
        return lines.collect::<Vec<_>>().join("\n\n");
    }
    let rows = cells.iter().enumerate().map(|(number, row)| write_row(number, row));
    rows.collect::<Vec<_>>().join("\n")
}

fn write_row(number: usize, cells: &[String]) -> String {
    let edge = if number == 0 { "||" } else { "|" };
    let cells = cells.iter().map(|cell| if cell.is_empty() { " " } else { cell });
    let cells: String = cells.map(|cell| format!("{edge}{cell}")).collect();
    format!("{cells}{edge}")
}

/// A table's reader takes each `|` for the end of a cell, escaped or not.
fn no_pipe(cell: &[Inline]) -> bool {
    cell.iter()
        .all(|piece| !matches!(piece, Inline::Text(span) if span.text.contains('|')))
}

/// A table's reader looks for the end of a link beyond the cell.
fn brackets_close(cell: &str) -> bool {
    cell.rsplit_once('[').is_none_or(|(_, after)| after.contains(']'))
}
