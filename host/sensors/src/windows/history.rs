//! The last seconds of layouts, and which of them hold for a span of time.
//!
//! If the history does not know the whole span, it says so, and the guard takes no picture. That includes a clock that
//! was set: times before and after cannot be compared.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::{Duration, Instant};

use super::layout::{Layout, WindowState};
use crate::area::Monitor;
use crate::error::SensorError;

/// How far back the history reaches, ms.
pub(super) const REACH_MS: u64 = 10_000;
/// The most layouts that it holds.
pub(super) const MOST_LAYOUTS: usize = 2_000;
/// The most memory that it may take, bytes (estimated).
const MOST_BYTES: usize = 32 << 20;
/// By how much the wall clock may deviate from the steady one between two readings before it counts as set, ms.
const CLOCK_TOLERANCE_MS: u64 = 500;

/// A reading of both clocks at one moment.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Moment {
    /// Ms since the Unix epoch.
    pub(crate) wall: u64,
    /// The steady clock, which is never set.
    pub(crate) steady: Instant,
}

impl Moment {
    pub(crate) fn now() -> Self {
        Self { wall: crate::clock::wall_clock_ms(), steady: Instant::now() }
    }
}

/// Layouts by time, oldest first; the last one is the current one.
#[derive(Debug)]
pub(crate) struct LayoutHistory {
    entries: VecDeque<Arc<Layout>>,
    bytes: usize,
    /// The oldest time known, if older layouts were dropped for lack of room (not for their age).
    overflowed: Option<u64>,
    last_moment: Moment,
    /// The generation of the first layout.
    first: u64,
}

impl LayoutHistory {
    pub(crate) fn new(now: Moment, first: u64) -> Self {
        Self { entries: VecDeque::new(), bytes: 0, overflowed: None, last_moment: now, first }
    }

    /// Returns the latest layout.
    pub(crate) fn current(&self) -> Option<&Arc<Layout>> {
        self.entries.back()
    }

    /// Adds the layout that was seen at `now`. Returns its generation, or `None` if nothing changed.
    pub(crate) fn push(
        &mut self,
        now: Moment,
        windows: Vec<WindowState>,
        monitors: Vec<Monitor>,
    ) -> Option<u64> {
        self.advance_to(now);
        let (at, generation) = match self.current() {
            Some(last) if last.windows == windows && last.monitors == monitors => return None,
            // A clock that is slewed back by some ms must not put the layouts out of order.
            Some(last) => (now.wall.max(last.at), last.generation + 1),
            None => (now.wall, self.first),
        };
        let layout = Layout { at, generation, windows, monitors };
        self.bytes += estimated_bytes(&layout);
        self.entries.push_back(Arc::new(layout));
        while self.entries.len() > 1 && (self.entries.len() > MOST_LAYOUTS || self.bytes > MOST_BYTES) {
            self.drop_oldest();
            self.overflowed = self.entries.front().map(|oldest| oldest.at);
        }
        Some(generation)
    }

    /// Returns the layout valid at `from` and every later one until `to`.
    pub(crate) fn span(&mut self, now: Moment, from: u64, to: u64) -> Result<Vec<Arc<Layout>>, SensorError> {
        self.advance_to(now);
        let later = self.entries.partition_point(|entry| entry.at < from);
        let known_from = self.entries.front().map_or(u64::MAX, |oldest| oldest.at);
        if from < known_from {
            return Err(match self.overflowed {
                Some(overflowed) if overflowed == known_from => SensorError::Overflow { known_from },
                _ => SensorError::NotKnown { asked_from: from, known_from },
            });
        }
        // The one before the first at or after `from`: it was valid at `from`, or in the same millisecond.
        let span = self.entries.iter().skip(later.saturating_sub(1));
        let valid_at_from = self.entries.get(later.saturating_sub(1)).map_or(0, |entry| entry.at);
        Ok(span.take_while(|entry| entry.at <= to.max(valid_at_from)).cloned().collect())
    }

    /// Notices if the clock was set, and drops what is too old.
    fn advance_to(&mut self, now: Moment) {
        let steady = now.steady.saturating_duration_since(self.last_moment.steady);
        let expected =
            self.last_moment.wall.saturating_add(u64::try_from(steady.as_millis()).unwrap_or(u64::MAX));
        self.last_moment = now;
        if expected.abs_diff(now.wall) > CLOCK_TOLERANCE_MS {
            // The current layout is known from now on; what was before, in this new time, is not known.
            if let Some(last) = self.entries.pop_back() {
                self.entries.clear();
                self.overflowed = None;
                let layout = Layout { at: now.wall, ..Arc::unwrap_or_clone(last) };
                self.bytes = estimated_bytes(&layout);
                self.entries.push_back(Arc::new(layout));
            }
        }
        let horizon = now.wall.saturating_sub(REACH_MS);
        while self.entries.get(1).is_some_and(|second| second.at <= horizon) {
            self.drop_oldest();
        }
    }

    fn drop_oldest(&mut self) {
        if let Some(oldest) = self.entries.pop_front() {
            self.bytes = self.bytes.saturating_sub(estimated_bytes(&oldest));
        }
    }
}

/// Returns about how much memory a layout takes, bytes.
fn estimated_bytes(layout: &Layout) -> usize {
    let text = |text: &Option<String>| text.as_ref().map_or(0, String::len);
    let window = |window: &WindowState| {
        size_of::<WindowState>() + text(&window.title) + text(&window.app) + 8 * window.may_belong_to.len()
    };
    let windows: usize = layout.windows.iter().map(window).sum();
    size_of::<Layout>() + windows + layout.monitors.len() * size_of::<Monitor>()
}

/// How long a barrier waits for the X server.
pub(crate) const BARRIER_TIMEOUT: Duration = Duration::from_secs(2);

#[cfg(test)]
mod tests {
    use super::*;
    use crate::area::Area;

    const START: u64 = 1_800_000_000_000;

    struct TestClock(Moment);

    impl TestClock {
        fn new() -> Self {
            Self(Moment { wall: START, steady: Instant::now() })
        }

        /// `ms` after the start, on both clocks.
        fn at(&self, ms: u64) -> Moment {
            Moment { wall: START + ms, steady: self.0.steady + Duration::from_millis(ms) }
        }
    }

    fn monitors(mark: u32) -> Vec<Monitor> {
        vec![Monitor { name: "one".to_owned(), area: Area { x: 0, y: 0, width: mark, height: 1 } }]
    }

    fn filled(clock: &TestClock, times: &[u64]) -> LayoutHistory {
        let mut history = LayoutHistory::new(clock.0, 1);
        for (mark, time) in times.iter().enumerate() {
            history.push(clock.at(*time), Vec::new(), monitors(u32::try_from(mark).unwrap()));
        }
        history
    }

    fn marks(span: Result<Vec<Arc<Layout>>, SensorError>) -> Vec<u32> {
        span.unwrap().iter().map(|layout| layout.monitors[0].area.width).collect()
    }

    #[test]
    fn a_span_is_what_held_at_its_start_and_all_that_came_in_it() {
        let clock = TestClock::new();
        let mut history = filled(&clock, &[0, 1_000, 2_000, 3_000]);
        let now = clock.at(3_500);
        for (from, to, expected) in [
            (1_500, 2_500, &[1_u32, 2] as &[u32]),
            (1_500, 1_900, &[1]),
            (1_001, 3_000, &[1, 2, 3]),
            (1_000, 1_000, &[0, 1]),
            (0, 9_000, &[0, 1, 2, 3]),
            (3_400, 3_500, &[3]),
            (3_400, 3_300, &[3]),
        ] {
            assert_eq!(marks(history.span(now, START + from, START + to)), expected, "{from}..{to}");
        }
    }

    #[test]
    fn layouts_of_the_same_millisecond_all_count() {
        let clock = TestClock::new();
        let mut history = filled(&clock, &[0, 500, 500, 500, 900]);
        assert_eq!(marks(history.span(clock.at(1_000), START + 500, START + 600)), [0, 1, 2, 3]);
    }

    #[test]
    fn what_did_not_change_is_no_new_layout() {
        let clock = TestClock::new();
        let mut history = filled(&clock, &[0]);
        assert_eq!(history.push(clock.at(100), Vec::new(), monitors(0)), None);
        assert_eq!(history.push(clock.at(200), Vec::new(), monitors(5)), Some(2));
        assert_eq!(history.current().unwrap().at, START + 200);
    }

    #[test]
    fn a_time_before_the_watch_began_or_too_long_ago_is_not_known() {
        let clock = TestClock::new();
        let mut history = filled(&clock, &[1_000, 2_000]);
        assert!(matches!(history.span(clock.at(2_500), START, START + 9), Err(SensorError::NotKnown { .. })));
        // The second layout is older than the history's reach: the first is not needed any more.
        let late = clock.at(2_000 + REACH_MS);
        assert!(matches!(
            history.span(late, START + 1_500, START + 1_600),
            Err(SensorError::NotKnown { .. })
        ));
        assert_eq!(marks(history.span(late, late.wall, late.wall)), [1]);
    }

    #[test]
    fn more_layouts_than_it_holds_are_an_overflow_and_it_recovers() {
        let clock = TestClock::new();
        let mut history = LayoutHistory::new(clock.0, 1);
        for mark in 0..3_000 {
            history.push(clock.at(u64::from(mark)), Vec::new(), monitors(mark));
        }
        assert_eq!(history.entries.len(), MOST_LAYOUTS);
        let now = clock.at(3_000);
        assert!(matches!(history.span(now, START + 900, START + 3_000), Err(SensorError::Overflow { .. })));
        assert_eq!(history.span(now, START + 1_500, START + 3_000).unwrap().len(), 1_501);
    }

    #[test]
    fn long_titles_cannot_fill_the_memory() {
        let clock = TestClock::new();
        let mut history = LayoutHistory::new(clock.0, 1);
        let window = WindowState {
            id: 1,
            app: None,
            title: Some("x".repeat(4_096)),
            pid: None,
            owner: None,
            may_belong_to: Vec::new(),
            area: Area::default(),
            title_bar: None,
            opaque: false,
            shows_titles: false,
            notifies: false,
            focused: false,
            kind: super::super::layout::WindowKind::Unknown,
        };
        for mark in 0..200 {
            history.push(clock.at(1), vec![window.clone(); 100], monitors(mark));
        }
        assert!(history.bytes <= MOST_BYTES);
        assert!(matches!(history.span(clock.at(1), START, START), Err(SensorError::Overflow { .. }) | Ok(_)));
        assert!(history.entries.len() < 200);
    }

    #[test]
    fn a_clock_that_was_set_makes_the_past_unknown_and_the_future_known_again() {
        for step in [-3_600_000_i64, 3_600_000] {
            let clock = TestClock::new();
            let mut history = filled(&clock, &[0, 100, 200]);
            let set =
                |ms: u64| Moment { wall: clock.at(ms).wall.saturating_add_signed(step), ..clock.at(ms) };
            let asked = set(1_000).wall;
            let answer = history.span(set(1_000), asked - 900, asked);
            assert!(matches!(answer, Err(SensorError::NotKnown { .. })), "{step}: {answer:?}");
            assert_eq!(marks(history.span(set(3_000), asked + 100, asked + 1_900)), [2], "{step}");
        }
    }
}
