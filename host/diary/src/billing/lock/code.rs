//! The segments of a device in a week as a short text: `540/10:6b2n-3b 1440/5:b`.
//!
//! A part for each length, set apart by spaces: the minute of the week at which its first segment starts, the length in
//! minutes, and the outcomes in order. A letter stands for an outcome, a capital one for typed-in time, and `-` for no
//! segment; a number before it says how many there are in a row. A week of one-minute segments, each unlike the one
//! before, takes a byte a minute. There is one way to write a week: what is written otherwise is not read.

use std::fmt::Write as _;
use std::iter::Peekable;
use std::str::Chars;

use super::frozen::{Frozen, Segments};
use crate::billing::Outcome;
use crate::segment::{MINUTE_MS, SegmentLength};

/// Minutes in a week.
const WEEK_MINUTES: u64 = 7 * 24 * 60;
/// Stands for a place without a segment.
const NONE: char = '-';

const LETTERS: [(Outcome, char); 9] = [
    (Outcome::Billed, 'b'),
    (Outcome::OverLimit, 'o'),
    (Outcome::Waiting, 'w'),
    (Outcome::Shared, 's'),
    (Outcome::Merged, 'm'),
    (Outcome::NoActivity, 'i'),
    (Outcome::NotAllowed, 'f'),
    (Outcome::NoEvidence, 'e'),
    (Outcome::Removed, 'r'),
];

fn letter(one: &Frozen) -> char {
    // What arrived after the lock is in no locked week.
    let found = LETTERS.iter().find(|(outcome, _)| *outcome == one.outcome).map_or(NONE, |(_, c)| *c);
    if one.typed_in { found.to_ascii_uppercase() } else { found }
}

fn outcome(letter: char) -> Option<(Outcome, bool)> {
    let plain = letter.to_ascii_lowercase();
    let found = LETTERS.iter().find(|(_, c)| *c == plain)?;
    Some((found.0, letter != plain))
}

/// Writes them down.
pub(super) fn write(week_start: u64, segments: &Segments) -> String {
    let mut text = String::new();
    let mut row: Option<(char, u64)> = None;
    let mut part: Option<(SegmentLength, u64)> = None;
    for (start, one) in segments {
        let carries_on = part.and_then(|(length, next)| {
            let fits = length == one.length && *start >= next && (start - next).is_multiple_of(length.ms());
            fits.then(|| (start - next) / length.ms())
        });
        match carries_on {
            Some(0) => {}
            Some(missing) => push(&mut text, &mut row, NONE, missing),
            None => {
                flush(&mut text, &mut row);
                let space = if text.is_empty() { "" } else { " " };
                let minute = start.saturating_sub(week_start) / MINUTE_MS;
                let _ = write!(text, "{space}{minute}/{}:", one.length.minutes());
            }
        }
        push(&mut text, &mut row, letter(one), 1);
        part = Some((one.length, start + one.length.ms()));
    }
    flush(&mut text, &mut row);
    text
}

fn push(text: &mut String, row: &mut Option<(char, u64)>, sign: char, count: u64) {
    match row {
        Some((same, counted)) if *same == sign => *counted += count,
        _ => {
            flush(text, row);
            *row = Some((sign, count));
        }
    }
}

fn flush(text: &mut String, row: &mut Option<(char, u64)>) {
    match row.take() {
        Some((sign, 1)) => text.push(sign),
        Some((sign, count)) => {
            let _ = write!(text, "{count}{sign}");
        }
        None => {}
    }
}

/// Reads them; `None` if that is not what [`write()`] writes.
pub(super) fn read(week_start: u64, text: &str) -> Option<Segments> {
    let mut segments = Segments::new();
    for part in text.split(' ').filter(|part| !part.is_empty()) {
        let mut letters = part.chars().peekable();
        let minute = number(&mut letters)??;
        (letters.next()? == '/').then_some(())?;
        let length = SegmentLength::new(u8::try_from(number(&mut letters)??).ok()?).ok()?;
        (letters.next()? == ':').then_some(())?;
        let each = u64::from(length.minutes());
        let mut at = minute;
        while letters.peek().is_some() {
            let count = number(&mut letters)?.unwrap_or(1);
            let sign = letters.next()?;
            // No text holds more than a week has room for, whatever its numbers say.
            let end = at.checked_add(count.checked_mul(each)?).filter(|end| *end <= WEEK_MINUTES)?;
            if sign != NONE {
                let (outcome, typed_in) = outcome(sign)?;
                for nth in 0..count {
                    let start = week_start + (at + nth * each) * MINUTE_MS;
                    segments.insert(start, Frozen { length, outcome, typed_in });
                }
            }
            at = end;
        }
    }
    (write(week_start, &segments) == text).then_some(segments)
}

/// A number, or that there is none; `None` if it is too large.
#[expect(clippy::option_option, reason = "no number is not a wrong number")]
fn number(letters: &mut Peekable<Chars<'_>>) -> Option<Option<u64>> {
    let mut found: Option<u64> = None;
    while let Some(digit) = letters.peek().and_then(|c| c.to_digit(10)) {
        found = Some(found.unwrap_or(0).checked_mul(10)?.checked_add(digit.into())?);
        letters.next();
    }
    Some(found)
}
