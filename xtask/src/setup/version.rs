//! Versions, compared by their numbers.

/// Whether a version is lower than another.
pub(super) fn is_older(found: &str, wanted: &str) -> bool {
    numbers(found) < numbers(wanted)
}

/// The first three parts of a version, to compare by; a missing part counts as 0.
pub(super) fn numbers(version: &str) -> Vec<u64> {
    version
        .split(|c: char| !c.is_ascii_digit())
        .take_while(|part| !part.is_empty())
        .map(|part| part.parse().unwrap_or(0))
        .chain(std::iter::repeat(0))
        .take(3)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::is_older;

    #[test]
    fn versions_are_compared_as_numbers() {
        for (found, wanted, expected) in [
            ("1.95.0", "1.95", false),
            ("1.94.9", "1.95", true),
            ("1.100.0", "1.95", false),
            ("2.0.0-nightly", "1.95", false),
            ("1.96.0+dfsg1-1~deb12u2", "1.95", false),
            ("1.85.0+dfsg3-1", "1.95", true),
            ("", "1.95", true),
        ] {
            assert_eq!(is_older(found, wanted), expected, "{found} against {wanted}");
        }
    }
}
