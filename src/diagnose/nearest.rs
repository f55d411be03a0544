//! The nearest of some names to one that is mistyped.

use strsim::damerau_levenshtein;

/// The name that most likely was meant, if any is near: at most a third of its letters differ.
/// Case counts for nothing. Of equally near ones the first in order.
#[must_use]
pub fn nearest<'n>(meant: &str, names: impl IntoIterator<Item = &'n str>) -> Option<&'n str> {
    let meant = meant.to_lowercase();
    let distance = |name: &str| damerau_levenshtein(&meant, &name.to_lowercase());
    let most = (meant.chars().count() / 3).max(1);
    let near = names.into_iter().map(|name| (distance(name), name));
    near.filter(|(distance, _)| *distance <= most)
        .min()
        .map(|(_, name)| name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slip_is_near_and_another_word_is_not() {
        let keys = ["ENG", "SUP", "OPS"];
        assert_eq!(nearest("SPU", keys), Some("SUP"));
        assert_eq!(nearest("ENGG", keys), Some("ENG"));
        assert_eq!(nearest("HR", keys), None);
        assert_eq!(
            nearest("waiting for custmer", ["Waiting for customer", "Done"]),
            Some("Waiting for customer")
        );
        assert_eq!(nearest("X", []), None);
    }
}
