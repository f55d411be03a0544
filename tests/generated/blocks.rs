//! Pages that people write, with tables between marks that are written from code.

use super::read;

const END: &str = "<!-- end -->\n";

/// The page with the text of each mark in its place.
pub fn page(path: &str, blocks: &[(&str, String)]) -> String {
    let mut page = read(path);
    for (name, text) in blocks {
        let begin = format!("<!-- {name}: written with UPDATE_FIXTURES=1 -->\n");
        let (before, rest) = page
            .split_once(&begin)
            .unwrap_or_else(|| panic!("{path} has no mark {name}"));
        let (_, after) = rest.split_once(END).unwrap();
        page = format!("{before}{begin}\n{text}\n{END}{after}");
    }
    page
}
