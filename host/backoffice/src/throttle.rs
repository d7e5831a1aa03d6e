//! Counts tries, so that codes and passwords cannot be guessed at the pace of a machine. In memory: a restart
//! forgets them, which costs a guesser more than it gains.

use std::collections::HashMap;
use std::time::{Duration, Instant};

use parking_lot::Mutex;

use crate::limits::TRIES_REMEMBERED;

/// Tries by name, each with the time of its first.
#[derive(Debug)]
pub struct Throttle {
    span: Duration,
    tried: Mutex<HashMap<String, (u32, Instant)>>,
}

impl Throttle {
    /// Makes one that counts over this span.
    #[must_use]
    pub fn new(span: Duration) -> Self {
        Self { span, tried: Mutex::default() }
    }

    /// Counts a try of `name`, before it is known how it ends: a thousand tries at once are a thousand tries. `Err`
    /// with the time to wait if it has had `most` within the span.
    ///
    /// # Errors
    /// How long to wait.
    pub fn try_once(&self, name: &str, most: u32) -> Result<(), Duration> {
        self.try_at(name, most, Instant::now())
    }

    fn try_at(&self, name: &str, most: u32, now: Instant) -> Result<(), Duration> {
        let mut tried = self.tried.lock();
        let over = |since: &Instant| now.saturating_duration_since(*since) >= self.span;
        if tried.len() >= TRIES_REMEMBERED && !tried.contains_key(name) {
            tried.retain(|_, (_, since)| !over(since));
            if tried.len() >= TRIES_REMEMBERED {
                // Full of fresh tries: somebody comes from everywhere. Whoever tried least makes room, so that no
                // count can be washed away by many names of one try each.
                let least = tried.iter().min_by_key(|(_, tries)| **tries).map(|(name, _)| name.clone());
                least.and_then(|least| tried.remove(&least));
            }
        }
        let entry = tried.entry(name.to_owned()).or_insert((0, now));
        if over(&entry.1) {
            *entry = (0, now);
        }
        if entry.0 >= most {
            return Err(self.span.saturating_sub(now.saturating_duration_since(entry.1)));
        }
        entry.0 = entry.0.saturating_add(1);
        Ok(())
    }

    /// Returns how often a name has tried within the span.
    #[must_use]
    pub fn count(&self, name: &str) -> u32 {
        let tried = self.tried.lock();
        tried.get(name).filter(|(_, since)| since.elapsed() < self.span).map_or(0, |(count, _)| *count)
    }

    /// Takes one try back: it has succeeded. Those before stay.
    pub fn give_back(&self, name: &str) {
        if let Some((count, _)) = self.tried.lock().get_mut(name) {
            *count = count.saturating_sub(1);
        }
    }

    /// Forgets all tries of a name.
    pub fn forget_tries(&self, name: &str) {
        self.tried.lock().remove(name);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SPAN: Duration = Duration::from_secs(900);

    #[test]
    fn after_enough_tries_a_name_waits_and_is_then_free_again() {
        let throttle = Throttle::new(SPAN);
        let now = Instant::now();
        for _ in 0..3 {
            assert_eq!(throttle.try_at("a", 3, now), Ok(()));
        }
        assert_eq!(throttle.try_at("a", 3, now), Err(SPAN));
        assert_eq!(throttle.try_at("b", 3, now), Ok(()));
        for _ in 0..3 {
            assert_eq!(throttle.try_at("a", 3, now + SPAN), Ok(()), "the count begins anew");
        }
        assert!(throttle.try_at("a", 3, now + SPAN).is_err());
    }

    #[test]
    fn what_is_given_back_is_one_try() {
        let throttle = Throttle::new(SPAN);
        assert_eq!((throttle.try_once("a", 2), throttle.try_once("a", 2)), (Ok(()), Ok(())));
        throttle.give_back("a");
        assert_eq!(throttle.count("a"), 1);
        assert_eq!(throttle.try_once("a", 2), Ok(()));
        assert!(throttle.try_once("a", 2).is_err());
        throttle.forget_tries("a");
        assert_eq!(throttle.count("a"), 0);
    }

    #[test]
    fn what_is_remembered_is_bounded_and_a_count_cannot_be_washed_away() {
        let throttle = Throttle::new(SPAN);
        for _ in 0..3 {
            assert_eq!(throttle.try_once("attacked", 3), Ok(()));
        }
        for n in 0..TRIES_REMEMBERED + 5 {
            assert_eq!(throttle.try_once(&n.to_string(), 1), Ok(()));
        }
        assert_eq!(throttle.tried.lock().len(), TRIES_REMEMBERED);
        assert!(throttle.try_once("attacked", 3).is_err());
    }
}
