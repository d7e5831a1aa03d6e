//! Figures as people read them, the same in the window and on the pages.

/// A duration in minutes as `5:20`.
#[must_use]
pub fn duration(minutes: u64) -> String {
    format!("{}:{:02}", minutes / 60, minutes % 60)
}

/// A count with its thousands set apart, as `1,284`.
#[must_use]
pub fn count(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::with_capacity(digits.len() + digits.len() / 3);
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// A size in bytes as `214 kB`; rounded up, so that nothing is 0 kB but nothing.
#[must_use]
pub fn size(bytes: u64) -> String {
    let kilo = bytes.div_ceil(1_000);
    if kilo < 1_000 {
        format!("{kilo} kB")
    } else {
        let tenths = bytes.div_ceil(100_000);
        format!("{}.{} MB", tenths / 10, tenths % 10)
    }
}

/// The first digits of a digest or key in groups of four, as `8c1e 77d0`.
#[must_use]
pub fn short_hex(hex: &str, groups: usize) -> String {
    let digits: Vec<char> = hex.chars().take(groups * 4).collect();
    digits.chunks(4).map(String::from_iter).collect::<Vec<_>>().join(" ")
}

/// `one` for 1, else `many`.
#[must_use]
pub fn plural<'a>(number: u64, one: &'a str, many: &'a str) -> &'a str {
    if number == 1 { one } else { many }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn figures_read_as_the_look_says() {
        for (minutes, text) in [(0, "0:00"), (9, "0:09"), (320, "5:20"), (1_800, "30:00"), (6_005, "100:05")]
        {
            assert_eq!(duration(minutes), text);
        }
        for (number, text) in [(0, "0"), (999, "999"), (1_284, "1,284"), (1_000_000, "1,000,000")] {
            assert_eq!(count(number), text);
        }
        for (bytes, text) in
            [(0, "0 kB"), (1, "1 kB"), (213_400, "214 kB"), (999_999, "1.0 MB"), (2_100_000, "2.1 MB")]
        {
            assert_eq!(size(bytes), text);
        }
        assert_eq!(short_hex("8c1e77d0a94b", 2), "8c1e 77d0");
        assert_eq!(short_hex("", 2), "");
    }
}
