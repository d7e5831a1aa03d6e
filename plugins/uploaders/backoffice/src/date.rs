//! Dates as HTTP writes them (RFC 9110, 5.6.7): the one form in use, and the two that are obsolete and still to be read.

use candor_diary::calendar;

const MONTHS: [&str; 12] =
    ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];

/// Seconds since the Unix epoch; none if it is no date, or one before.
pub(crate) fn seconds(text: &str) -> Option<u64> {
    let words: Vec<&str> = text.split([' ', ',', '-']).filter(|word| !word.is_empty()).collect();
    let (day, month, year, time) = match words.as_slice() {
        // Sun, 06 Nov 1994 08:49:37 GMT and Sunday, 06-Nov-94 08:49:37 GMT
        [_, day, month, year, time, "GMT"] => (day, month, year, time),
        // Sun Nov  6 08:49:37 1994
        [_, month, day, time, year] => (day, month, year, time),
        _ => return None,
    };
    let month = i8::try_from(MONTHS.iter().position(|name| name == month)?).ok()? + 1;
    let day: i8 = day.parse().ok()?;
    let year: i16 = year.parse().ok()?;
    // Two digits: this century's until 69, the last one's from there.
    let year = match year {
        0..=69 => year + 2_000,
        70..=99 => year + 1_900,
        _ => year,
    };
    let parts: Vec<u64> = time.split(':').map(str::parse).collect::<Result<_, _>>().ok()?;
    let [hour, minute, second] = parts.as_slice() else { return None };
    if *hour > 23 || *minute > 59 || *second > 60 {
        return None;
    }
    let midnight = calendar::utc_midnight(year, month, day)? / 1_000;
    Some(midnight + hour * 3_600 + minute * 60 + second)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_three_forms_of_a_date_are_read() {
        for text in
            ["Sun, 06 Nov 1994 08:49:37 GMT", "Sunday, 06-Nov-94 08:49:37 GMT", "Sun Nov  6 08:49:37 1994"]
        {
            assert_eq!(seconds(text), Some(784_111_777), "{text}");
        }
        assert_eq!(seconds("Thu, 01 Jan 1970 00:00:00 GMT"), Some(0));
        assert_eq!(seconds("Tue, 29 Feb 2028 23:59:60 GMT"), Some(1_835_481_600));
        assert_eq!(seconds("Fri, 27 Nov 2026 15:53:20 GMT"), Some(1_795_794_800));
        for bad in [
            "",
            "soon",
            "Wed, 31 Dec 1969 23:59:59 GMT",
            "Sun, 30 Feb 2025 00:00:00 GMT",
            "Sun, 06 Nov 1994 08:49:37 CET",
            "Sun, 06 Now 1994 08:49:37 GMT",
            "Sun, 06 Nov 1994 25:49:37 GMT",
            "Sun, 06 Nov 99999999999999999999 08:49:37 GMT",
            "Sun, 06 Nov 1994 08:49 GMT",
        ] {
            assert_eq!(seconds(bad), None, "{bad}");
        }
    }
}
