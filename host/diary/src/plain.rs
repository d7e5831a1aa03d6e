//! Figures and texts as people read them, the same in the window, on the pages and in a terminal.
//!
//! Whatever comes from outside (the other side's terms, a plugin's errors, a window's title, a server's words) goes
//! through [`visible`] before a person reads it: what would move the cursor, start a line, turn the direction of text or
//! not be seen at all shows as what it is.

use std::borrow::Cow;
use std::fmt::Write as _;
use std::io;

use serde_json::Value;

/// Whether nobody sees this character, or it changes how others are seen: control characters, line and paragraph
/// separators, marks of direction, zero-width and filling ones, tags.
#[must_use]
pub fn is_unseen(c: char) -> bool {
    matches!(u32::from(c),
        0x00..=0x1f | 0x7f..=0x9f | 0xad | 0x34f | 0x61c | 0x115f..=0x1160 | 0x17b4..=0x17b5 | 0x180b..=0x180f
        | 0x200b..=0x200f | 0x2028..=0x202e | 0x2060..=0x206f | 0x2800 | 0x3164 | 0xfeff | 0xffa0 | 0xfff0..=0xfffb
        | 0x1_bca0..=0x1_bca3 | 0x1_d173..=0x1_d17a | 0xe_0000..=0xe_0fff)
}

/// The first character of a text that nobody sees.
#[must_use]
pub fn unseen(text: &str) -> Option<char> {
    text.chars().find(|c| is_unseen(*c))
}

/// A text on one line with everything in it to be seen: an escape character as `␛`, a line break as `␊`, others by
/// their number, as `\u{202e}`.
#[must_use]
pub fn visible(text: &str) -> Cow<'_, str> {
    if unseen(text).is_none() {
        return Cow::Borrowed(text);
    }
    let mut shown = String::with_capacity(text.len() + 16);
    for c in text.chars() {
        match u32::from(c) {
            // Unicode has a picture of each of these.
            code @ 0x00..=0x1f => shown.extend(char::from_u32(0x2400 + code)),
            0x7f => shown.push('\u{2421}'),
            code if is_unseen(c) => {
                // Writing into a string cannot fail.
                let _ = write!(shown, "\\u{{{code:x}}}");
            }
            _ => shown.push(c),
        }
    }
    Cow::Owned(shown)
}

/// A text of several lines, each as [`visible`] has it. Only for texts that this program put together: what came from
/// outside must have gone through [`visible`] before, or its line breaks count.
#[must_use]
pub fn visible_lines(text: &str) -> Cow<'_, str> {
    if text.chars().all(|c| c == '\n' || !is_unseen(c)) {
        return Cow::Borrowed(text);
    }
    Cow::Owned(text.split('\n').map(visible).collect::<Vec<_>>().join("\n"))
}

/// The same JSON with every text in it as [`visible`] has it, keys too.
#[must_use]
pub fn visible_json(value: Value) -> Value {
    match value {
        Value::String(text) => Value::String(visible(&text).into_owned()),
        Value::Array(all) => all.into_iter().map(visible_json).collect(),
        Value::Object(all) => {
            all.into_iter().map(|(key, value)| (visible(&key).into_owned(), visible_json(value))).collect()
        }
        other => other,
    }
}

/// JSON text with all that nobody sees written as escapes: the same values to a program, and harmless on a terminal.
#[must_use]
pub fn escaped_json(json: &str) -> Cow<'_, str> {
    let hidden = |c: char| is_unseen(c) && c != '\n';
    if !json.chars().any(hidden) {
        return Cow::Borrowed(json);
    }
    let mut escaped = String::with_capacity(json.len() + 16);
    for c in json.chars() {
        if hidden(c) {
            // Outside of texts there are none but line breaks.
            for unit in c.encode_utf16(&mut [0; 2]) {
                let _ = write!(escaped, "\\u{unit:04x}");
            }
        } else {
            escaped.push(c);
        }
    }
    Cow::Owned(escaped)
}

/// What a program logs: each event is written whole, and is one line whatever texts are in it.
#[derive(Debug)]
pub struct LogLine<W>(pub W);

impl<W: io::Write> io::Write for LogLine<W> {
    fn write(&mut self, event: &[u8]) -> io::Result<usize> {
        let text = String::from_utf8_lossy(event);
        let line = format!("{}\n", visible(text.trim_end_matches('\n')));
        self.0.write_all(line.as_bytes())?;
        Ok(event.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.0.flush()
    }
}

/// The first `most` characters of a text, and `…` if there are more.
#[must_use]
pub fn cut(text: &str, most: usize) -> String {
    match text.char_indices().nth(most) {
        None => text.to_owned(),
        Some((end, _)) => format!("{}…", text.get(..end).unwrap_or_default()),
    }
}

/// A text from outside that stands in a list: as [`visible`] has it, no longer than 400 characters.
#[must_use]
pub fn short_line(text: &str) -> String {
    cut(&visible(text), 400)
}

/// A length of time as `2 hours`, `10 minutes` or `90 seconds`: in the largest unit that it is whole in.
#[must_use]
pub fn length(ms: u64) -> String {
    let seconds = ms.div_ceil(1_000);
    match seconds {
        0 => "0 minutes".to_owned(),
        s if s.is_multiple_of(3_600) => format!("{} {}", s / 3_600, plural(s / 3_600, "hour", "hours")),
        s if s.is_multiple_of(60) => format!("{} {}", s / 60, plural(s / 60, "minute", "minutes")),
        s => format!("{s} {}", plural(s, "second", "seconds")),
    }
}

/// About how long as many seconds are, as [`length`] writes it: minutes from two minutes on, hours from two hours on.
#[must_use]
pub fn about(seconds: u64) -> String {
    let unit: u64 = match seconds {
        0..120 => 1,
        120..7_200 => 60,
        _ => 3_600,
    };
    let most = u64::MAX / 1_000 / unit;
    length((seconds.saturating_add(unit / 2) / unit).min(most) * unit * 1_000)
}

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
        return format!("{kilo} kB");
    }
    if bytes.is_multiple_of(1 << 30) {
        // As limits are set.
        return format!("{} GB", bytes >> 30);
    }
    let (tenths, unit) = match bytes.div_ceil(100_000) {
        tenths if tenths < 10_000 => (tenths, "MB"),
        _ => (bytes.div_ceil(100_000_000), "GB"),
    };
    format!("{}.{} {unit}", tenths / 10, tenths % 10)
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
    fn about_how_long_something_is_takes_few_words() {
        for (seconds, words) in [
            (1, "1 second"),
            (61, "61 seconds"),
            (727, "12 minutes"),
            (750, "13 minutes"),
            (7_190, "2 hours"),
            (11_000, "3 hours"),
            (432_000, "120 hours"),
        ] {
            assert_eq!(about(seconds), words);
        }
        assert!(about(u64::MAX).ends_with("hours"));
    }

    #[test]
    fn json_holds_nothing_that_acts_on_a_terminal_and_says_the_same() {
        let value = serde_json::json!({"a\u{9b}": ["x\u{202e}y\u{e0041}", "\u{1b}[31m", "plain 漢 😀"]});
        let text = format!("{value:#}");
        let escaped = escaped_json(&text);
        assert!(escaped.chars().all(|c| c == '\n' || !is_unseen(c)), "{escaped}");
        assert_eq!(serde_json::from_str::<Value>(&escaped).unwrap(), value);
    }

    #[test]
    fn what_nobody_sees_is_shown_as_what_it_is() {
        assert!(matches!(visible("Größe 東京 «Ω» 🙂"), Cow::Borrowed(_)));
        for (text, shown) in [
            ("a\nNothing is recorded.", "a␊Nothing is recorded."),
            ("\u{1b}[2J\u{1b}[H", "␛[2J␛[H"),
            ("a\rb\tc\0\u{7f}", "a␍b␉c␀␡"),
            ("\u{9b}2J", "\\u{9b}2J"),
            ("\u{202e}gnp.exe", "\\u{202e}gnp.exe"),
            ("a\u{2066}b\u{2069}", "a\\u{2066}b\\u{2069}"),
            ("pass\u{200b}word\u{ad}", "pass\\u{200b}word\\u{ad}"),
            ("a\u{2028}b\u{85}", "a\\u{2028}b\\u{85}"),
            ("\u{e0041}", "\\u{e0041}"),
        ] {
            assert_eq!(visible(text), shown);
            assert_eq!(unseen(&visible(text)), None);
        }
        let json = serde_json::json!({ "a\n": ["\u{1b}", { "b": "c\u{202e}", "n": 1 }] });
        let shown = serde_json::json!({ "a␊": ["␛", { "b": "c\\u{202e}", "n": 1 }] });
        assert_eq!(visible_json(json), shown);
        let mut log = LogLine(Vec::new());
        io::Write::write_all(&mut log, b"WARN a\nINFO forged \x1b[1m\n").unwrap();
        assert_eq!(String::from_utf8(log.0).unwrap(), "WARN a␊INFO forged ␛[1m\n");
        assert_eq!(visible_lines("a\n\u{1b}b\n"), "a\n␛b\n");
        assert_eq!((cut("äöü", 2), cut("äöü", 3)), ("äö…".into(), "äöü".into()));
    }

    #[test]
    fn figures_read_as_the_look_says() {
        for (minutes, text) in [(0, "0:00"), (9, "0:09"), (320, "5:20"), (1_800, "30:00"), (6_005, "100:05")]
        {
            assert_eq!(duration(minutes), text);
        }
        for (number, text) in [(0, "0"), (999, "999"), (1_284, "1,284"), (1_000_000, "1,000,000")] {
            assert_eq!(count(number), text);
        }
        for (bytes, text) in [
            (0, "0 kB"),
            (1, "1 kB"),
            (213_400, "214 kB"),
            (999_999, "1.0 MB"),
            (2_100_000, "2.1 MB"),
            (2 << 30, "2 GB"),
            (2_240_000_000, "2.3 GB"),
        ] {
            assert_eq!(size(bytes), text);
        }
        assert_eq!(short_hex("8c1e77d0a94b", 2), "8c1e 77d0");
        assert_eq!(short_hex("", 2), "");
    }
}
