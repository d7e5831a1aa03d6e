//! Names of folders and files, and the days that they stand for.

use candor_diary::calendar;

const DAY_MS: u64 = 86_400_000;
/// The longest name that a person's words become, bytes.
const LONGEST: usize = 80;

/// The day, as `2026-11-23`; UTC.
pub(crate) fn date(ms: u64) -> String {
    // Calendars end there.
    let (year, month, day) =
        calendar::utc_date(ms).map_or((9_999, 12, 31), |date| (date.year(), date.month(), date.day()));
    format!("{year:04}-{month:02}-{day:02}")
}

/// The time of day, as `09-30`: a colon is no part of a name on every system. UTC.
pub(crate) fn time(ms: u64) -> String {
    clock(ms).replace(':', "-")
}

/// The time of day, as `09:30`; UTC.
pub(crate) fn clock(ms: u64) -> String {
    let minutes = ms % DAY_MS / 60_000;
    format!("{:02}:{:02}", minutes / 60, minutes % 60)
}

/// Words as a name that every system takes; `None` if nothing is left of them.
pub(crate) fn safe(words: &str) -> Option<String> {
    let fits = |c: char| c.is_alphanumeric() || " -_.,()&'+".contains(c);
    let mut name = String::new();
    for c in words.chars().map(|c| if fits(c) { c } else { '-' }) {
        if name.len() + c.len_utf8() > LONGEST {
            break;
        }
        name.push(c);
    }
    // A dot in front hides a folder, one behind it is lost on Windows.
    let name = name.trim_matches([' ', '.']);
    name.chars().any(char::is_alphanumeric).then(|| name.to_owned())
}

/// A picture's name, by its place among the attachments and its kind.
pub(crate) fn picture(at: usize, media_type: &str) -> String {
    let kind = match media_type {
        "image/webp" => "webp",
        "image/png" => "png",
        "image/jpeg" => "jpg",
        _ => "bin",
    };
    if at == 0 { format!("picture.{kind}") } else { format!("picture-{}.{kind}", at + 1) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_and_times_are_those_of_the_calendar() {
        for (ms, day, at) in [
            (0, "1970-01-01", "00-00"),
            (951_782_400_000, "2000-02-29", "00-00"),
            (1_709_251_199_999, "2024-02-29", "23-59"),
            (1_709_251_200_000, "2024-03-01", "00-00"),
            (1_795_426_200_000, "2026-11-23", "09-30"),
            (4_107_542_399_000, "2100-02-28", "23-59"),
            (4_107_542_400_000, "2100-03-01", "00-00"),
        ] {
            assert_eq!((date(ms).as_str(), time(ms).as_str()), (day, at), "{ms}");
        }
    }

    #[test]
    fn names_lead_nowhere_and_are_readable() {
        for (words, name) in [
            ("Invoice service", Some("Invoice service")),
            ("../../etc/passwd", Some("-..-etc-passwd")),
            ("a/b\\c:d\0e", Some("a-b-c-d-e")),
            (" .hidden. ", Some("hidden")),
            ("Größe & Co. (2026)", Some("Größe & Co. (2026)")),
            ("..", None),
            ("///", None),
            ("", None),
        ] {
            assert_eq!(safe(words).as_deref(), name, "{words:?}");
        }
        assert_eq!(safe(&"ü".repeat(100)).map(|name| name.len()), Some(80));
    }

    #[test]
    fn pictures_are_named_by_place_and_kind() {
        assert_eq!(picture(0, "image/webp"), "picture.webp");
        assert_eq!(picture(1, "image/png"), "picture-2.png");
        assert_eq!(picture(0, "text/html"), "picture.bin");
    }
}
