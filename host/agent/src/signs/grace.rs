//! For how long recording may go on while no sign shows it.

use std::time::Duration;

use tokio::time::Instant;

/// How long nothing may show it before recording is held up. A tray that is started again takes less.
const GRACE: Duration = Duration::from_secs(5);
/// How long a sign has to stand before recording that was held up goes on: one that comes and goes at once is none.
const STEADY: Duration = Duration::from_secs(2);
/// How long a sign has to stand before the whole grace is granted again: whoever ends the tray again and again gets no
/// minute in which nothing shows.
const REFILL: Duration = Duration::from_secs(60);

/// Decides whether recording is held up. Pure: the caller passes the time.
#[derive(Debug)]
pub(super) struct Grace {
    left: Duration,
    checked_at: Option<Instant>,
    steady_since: Option<Instant>,
    missing: bool,
}

impl Default for Grace {
    fn default() -> Self {
        Self { left: GRACE, checked_at: None, steady_since: None, missing: false }
    }
}

impl Grace {
    /// Notes that recording begins, and that something shows it.
    pub(super) fn begin(&mut self) {
        self.missing = false;
        self.checked_at = None;
    }

    /// Returns whether recording is to be held up. To be called while it goes on (or would); `shown` is whether
    /// something shows it.
    pub(super) fn check(&mut self, shown: bool, now: Instant) -> bool {
        let since_last =
            self.checked_at.map_or(Duration::ZERO, |checked_at| now.saturating_duration_since(checked_at));
        self.checked_at = Some(now);
        if !shown {
            // It may have gone just after the last look: then that is when it went.
            self.left = self.left.saturating_sub(since_last);
            self.steady_since = None;
            self.missing |= self.left.is_zero();
            return self.missing;
        }
        let stood = now.saturating_duration_since(*self.steady_since.get_or_insert(now));
        if stood >= REFILL {
            self.left = GRACE;
        }
        self.missing &= stood < STEADY;
        self.missing
    }

    /// Returns when to look again, if nothing changes before.
    pub(super) fn next_check(&self, shown: bool, now: Instant) -> Option<Instant> {
        match (shown, self.missing) {
            (false, false) => Some(now + self.left),
            (true, true) => Some(now + STEADY),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    #[test]
    fn a_sign_that_is_gone_for_a_moment_holds_nothing_up_and_one_that_stays_away_does() {
        let (mut grace, start) = (Grace::default(), Instant::now());
        assert!(!grace.check(true, start));
        assert!(!grace.check(true, start + 10 * SECOND));
        assert!(!grace.check(false, start + 10 * SECOND));
        assert!(!grace.check(false, start + 12 * SECOND));
        assert!(!grace.check(true, start + 12 * SECOND), "it is back");
        assert!(!grace.check(false, start + 13 * SECOND));
        assert!(grace.check(false, start + 18 * SECOND));
        // It has to stand for a while.
        assert!(grace.check(true, start + 19 * SECOND));
        assert!(!grace.check(true, start + 21 * SECOND));
    }

    #[test]
    fn invariant_06_a_tray_that_is_ended_every_second_ends_in_nothing_recorded() {
        let (mut grace, mut now) = (Grace::default(), Instant::now());
        let mut unseen = Duration::ZERO;
        for _ in 0..600 {
            // Half a second up, half a second gone.
            let missing = grace.check(true, now);
            now += SECOND / 2;
            grace.check(false, now);
            now += SECOND / 2;
            if !missing {
                unseen += SECOND / 2;
            }
            assert!(!grace.missing || missing || unseen >= GRACE);
        }
        assert!(unseen <= 2 * GRACE, "{unseen:?}");
        assert!(grace.missing);
    }

    #[test]
    fn a_new_start_with_a_sign_goes_on_with_the_grace_that_was_left() {
        let (mut grace, start) = (Grace::default(), Instant::now());
        grace.check(false, start);
        assert!(grace.check(false, start + 6 * SECOND));
        grace.begin();
        assert!(!grace.check(true, start + 7 * SECOND));
        assert!(grace.check(false, start + 7 * SECOND), "nothing is left of it");
    }
}
