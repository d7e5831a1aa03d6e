//! Counts tries, so that codes and passwords cannot be guessed at the pace of a machine. In memory: a restart
//! forgets them, which costs a guesser more than it gains.

use std::collections::HashMap;
use std::time::{Duration, Instant};

use parking_lot::Mutex;

use crate::limits::{TRIES_REMEMBERED, TRIES_SPAN};

/// Tries by name, each with the time of its first.
#[derive(Debug, Default)]
pub struct Throttle {
    tried: Mutex<HashMap<String, (u32, Instant)>>,
}

impl Throttle {
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
        let over = |since: &Instant| now.saturating_duration_since(*since) >= TRIES_SPAN;
        if tried.len() >= TRIES_REMEMBERED && !tried.contains_key(name) {
            tried.retain(|_, (_, since)| !over(since));
            if tried.len() >= TRIES_REMEMBERED {
                // Full of fresh tries: somebody comes from everywhere. The oldest makes room.
                let oldest = tried.iter().min_by_key(|(_, (_, since))| *since).map(|(name, _)| name.clone());
                oldest.and_then(|oldest| tried.remove(&oldest));
            }
        }
        let entry = tried.entry(name.to_owned()).or_insert((0, now));
        if over(&entry.1) {
            *entry = (0, now);
        }
        if entry.0 >= most {
            return Err(TRIES_SPAN.saturating_sub(now.saturating_duration_since(entry.1)));
        }
        entry.0 += 1;
        Ok(())
    }

    /// Forgets the tries of a name that has succeeded.
    pub fn forget_tries(&self, name: &str) {
        self.tried.lock().remove(name);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn after_enough_tries_a_name_waits_and_is_then_free_again() {
        let throttle = Throttle::default();
        let now = Instant::now();
        for _ in 0..3 {
            assert_eq!(throttle.try_at("a", 3, now), Ok(()));
        }
        assert_eq!(throttle.try_at("a", 3, now), Err(TRIES_SPAN));
        assert_eq!(throttle.try_at("b", 3, now), Ok(()));
        for _ in 0..3 {
            assert_eq!(throttle.try_at("a", 3, now + TRIES_SPAN), Ok(()), "the count begins anew");
        }
        assert!(throttle.try_at("a", 3, now + TRIES_SPAN).is_err());
    }

    #[test]
    fn success_clears_the_count() {
        let throttle = Throttle::default();
        assert_eq!(throttle.try_once("a", 1), Ok(()));
        throttle.forget_tries("a");
        assert_eq!(throttle.try_once("a", 1), Ok(()));
    }

    #[test]
    fn what_is_remembered_is_bounded() {
        let throttle = Throttle::default();
        for n in 0..TRIES_REMEMBERED + 5 {
            assert_eq!(throttle.try_once(&n.to_string(), 1), Ok(()));
        }
        assert_eq!(throttle.tried.lock().len(), TRIES_REMEMBERED);
    }
}
