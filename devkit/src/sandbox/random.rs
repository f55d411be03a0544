//! Random identifiers and secrets, made anew in every run so that none can be leaked by a file.

use rand::Rng;
use rand::distr::{Alphanumeric, SampleString};

/// A secret of `length` letters and digits behind a prefix, so that a leak is recognisable.
pub(crate) fn secret(prefix: &str, length: usize) -> String {
    let body = Alphanumeric.sample_string(&mut rand::rng(), length);
    format!("{prefix}{body}")
}

/// An identifier in the shape of a version 4 UUID, as Atlassian uses for cloud ids.
pub(crate) fn uuid() -> String {
    let bits: u128 = rand::rng().random();
    let text = format!("{bits:032x}");
    let mut groups = Vec::with_capacity(5);
    let mut rest = text.as_str();
    for width in [8, 4, 4, 4, 12] {
        let (group, tail) = rest.split_at(width);
        groups.push(group);
        rest = tail;
    }
    groups.join("-")
}

/// A number from a range.
pub(crate) fn between(least: f64, most: f64) -> f64 {
    rand::rng().random_range(least..=most)
}

/// An account id of the current kind, `712020:` and a UUID.
pub(crate) fn account_id() -> String {
    format!("712020:{}", uuid())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn identifiers_have_the_shape_atlassian_uses() {
        let id = uuid();
        assert_eq!(id.split('-').map(str::len).collect::<Vec<_>>(), [8, 4, 4, 4, 12]);
        assert!(account_id().starts_with("712020:"));
        assert_ne!(secret("x", 40), secret("x", 40));
    }
}
