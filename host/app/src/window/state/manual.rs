//! The page on which manual time is typed in: its form, and the request that it makes.

use candor_protocol::AddManualTime;
use jiff::civil::{Date, Time};

use crate::format::DisplayZone;

/// The form as it is filled in.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct ManualPage {
    /// The beginning, as `09:10`.
    pub(crate) from: String,
    /// The end; `24:00` is the end of the day.
    pub(crate) to: String,
    /// The memo: what was done.
    pub(crate) memo: String,
    /// The reason why the time was not tracked.
    pub(crate) reason: String,
}

/// What is wrong with the form: the fact, and what to do.
pub(crate) type FormError = (String, String);

impl ManualPage {
    /// Returns the request to add the time. `day` is the day's first millisecond and the first after it; `asks` says that
    /// the client is asked about manual time, which needs a reason.
    ///
    /// # Errors
    /// The first thing that is wrong with the form.
    pub(crate) fn request(
        &self,
        zone: &DisplayZone,
        day: (u64, u64),
        now: u64,
        asks: bool,
    ) -> Result<AddManualTime, FormError> {
        let wrong = |fact: &str, words: &str| Err((fact.to_owned(), words.to_owned()));
        let from = parse_time(zone, day, "From", &self.from)?;
        let to = parse_time(zone, day, "To", &self.to)?;
        if to <= from {
            return wrong("'To' is not after 'From'.", "Time over midnight is added day by day.");
        }
        if to > now {
            return wrong("That has not passed yet.", "Manual time ends now at the latest.");
        }
        let memo = self.memo.trim().to_owned();
        if memo.is_empty() {
            return wrong("Manual time needs a memo.", "Say in a few words what you did.");
        }
        let reason = Some(self.reason.trim().to_owned()).filter(|reason| asks && !reason.is_empty());
        if asks && reason.is_none() {
            return wrong("The client is asked about this time.", "Say why it was not tracked.");
        }
        Ok(AddManualTime { from, to, memo, reason })
    }
}

fn parse_time(zone: &DisplayZone, day: (u64, u64), name: &str, text: &str) -> Result<u64, FormError> {
    let text = text.trim();
    if text == "24:00" {
        return Ok(day.1);
    }
    let time = Time::strptime("%H:%M", text)
        .map_err(|_| (format!("'{name}' is not a time."), "Write it as 09:10.".to_owned()))?;
    local_time(zone, day, time).ok_or_else(|| {
        (
            format!("{text} comes twice or not at all on this day, because the clocks change."),
            "`candor manual` takes it with its offset, as 02:30+01:00.".to_owned(),
        )
    })
}

fn local_time(zone: &DisplayZone, day: (u64, u64), time: Time) -> Option<u64> {
    let date: Date = zone.date(day.0)?;
    let wall = date.to_datetime(time);
    let exact = zone.zone().to_ambiguous_zoned(wall).unambiguous().ok()?;
    u64::try_from(exact.timestamp().as_millisecond()).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_typed_is_asked_for_and_what_is_wrong_is_said() {
        let zone = DisplayZone::named("Europe/Helsinki");
        // 25 October 2026: 03:30 comes twice.
        let noon = 1_792_922_400_000;
        let day = zone.day_span(noon, 0).unwrap();
        let form = |from: &str, to: &str| ManualPage {
            from: from.into(),
            to: to.into(),
            memo: " A call ".into(),
            reason: String::new(),
        };
        let asked = |form: ManualPage, asks| form.request(&zone, day, noon, asks);
        let expected =
            AddManualTime { from: noon - 7_200_000, to: noon, memo: "A call".into(), reason: None };
        assert_eq!(asked(form("10:00", "12:00"), false), Ok(expected));
        let (early, late) = (day.0, zone.day_span(noon, 1).unwrap());
        let before = form("22:00", "24:00").request(&zone, late, noon, false);
        assert_eq!(
            before.unwrap(),
            AddManualTime { from: early - 7_200_000, to: early, memo: "A call".into(), reason: None }
        );
        for (from, to, fact) in [
            ("ten", "12:00", "'From' is not a time."),
            ("10:00", "25:00", "'To' is not a time."),
            ("10:00", "10:00", "'To' is not after 'From'."),
            ("10:00", "24:00", "That has not passed yet."),
            ("03:30", "10:00", "03:30 comes twice or not at all on this day, because the clocks change."),
        ] {
            assert_eq!(asked(form(from, to), false).unwrap_err().0, fact);
        }
        assert!(asked(form("10:00", "12:00"), true).unwrap_err().1.contains("why"));
        let reasoned = ManualPage { reason: "On the phone".into(), ..form("10:00", "12:00") };
        assert!(matches!(asked(reasoned, true), Ok(AddManualTime { reason: Some(_), .. })));
        let empty = ManualPage { memo: " ".into(), ..form("10:00", "12:00") };
        assert_eq!(asked(empty, false).unwrap_err().0, "Manual time needs a memo.");
    }
}
