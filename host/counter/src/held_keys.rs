//! Which presses are new. A key that is held down repeats its press: that is one press, whether a finger or a weight
//! holds it.
//!
//! To pair a press with its release, the counter must know which key it was, and uses that for nothing else. The key is
//! compared with those that are held and forgotten with its release (or with the event after it). Counts are never kept
//! by key, and the key is never passed on.

use zeroize::Zeroize as _;

/// How many keys or buttons can be held at once; of more, the one that was pressed first is forgotten.
const MOST_HELD: usize = 32;
/// No key repeats before it was held for so long, ms.
const FIRST_REPEAT_MS: u32 = 100;

/// The keys, or the buttons, that are held, each as the system's number for it, which is never 0.
#[derive(Debug)]
pub(crate) struct HeldKeys {
    /// In the order in which they were pressed; 0 is none.
    down: [u64; MOST_HELD],
    /// The last new press (0 is none), when it came, and when it was released.
    last: u64,
    pressed: u32,
    released: Option<u32>,
}

impl HeldKeys {
    pub(crate) const fn new() -> Self {
        Self { down: [0; MOST_HELD], last: 0, pressed: 0, released: None }
    }

    /// Takes in a press at `at` (ms by the system's own clock, which may wrap round). Returns whether it is a new one.
    ///
    /// A repeated press comes without a release before it. If the system does report releases in between, each has the
    /// very time of the press after it: nobody releases a held key and presses it again within the same millisecond.
    pub(crate) fn press(&mut self, key: u64, at: u32) -> bool {
        if self.down.contains(&key) {
            return false;
        }
        let held_for = at.wrapping_sub(self.pressed);
        let repeated = self.last == key && self.released == Some(at) && held_for >= FIRST_REPEAT_MS;
        if !repeated {
            (self.last, self.pressed) = (key, at);
        }
        self.released = None;
        if let Some(free) = self.down.iter_mut().find(|down| **down == 0) {
            *free = key;
        } else {
            self.down.rotate_left(1);
            self.down.iter_mut().rev().take(1).for_each(|down| *down = key);
        }
        !repeated
    }

    /// Takes in a release. Returns whether the key was known to be held.
    pub(crate) fn release(&mut self, key: u64, at: u32) -> bool {
        if self.last == key {
            self.released = Some(at);
        } else if self.released.is_some() {
            // Something else came after its release, so that was a true release.
            (self.last, self.released) = (0, None);
        }
        let Some(place) = self.down.iter().position(|down| *down == key) else { return false };
        // Those after it move up, so that they stay in order.
        for (down, next) in (place..).zip(place + 1..).take(MOST_HELD - place) {
            let after = self.down.get(next).copied().unwrap_or(0);
            self.down.iter_mut().skip(down).take(1).for_each(|down| *down = after);
        }
        true
    }

    /// Forgets all keys, and overwrites them.
    pub(crate) fn forget(&mut self) {
        self.down.zeroize();
        self.last.zeroize();
        self.pressed.zeroize();
        self.released = None;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const A: u64 = 38;
    const B: u64 = 56;

    /// Returns how many presses (`true`) of these events are new.
    fn new(events: &[(bool, u64, u32)]) -> usize {
        let mut held = HeldKeys::new();
        let mut new = 0;
        for (press, key, at) in events {
            if *press {
                new += usize::from(held.press(*key, *at));
            } else {
                held.release(*key, *at);
            }
        }
        new
    }

    #[test]
    fn a_held_key_is_one_press_until_its_release() {
        let mut events = vec![(true, A, 0)];
        events.extend((0..1_444).map(|n| (true, A, 500 + 40 * n)));
        assert_eq!(new(&events), 1);
        events.extend([(false, A, 70_000), (true, A, 70_500)]);
        assert_eq!(new(&events), 2);
    }

    #[test]
    fn repeats_that_come_with_releases_of_the_same_time_are_no_presses() {
        for start in [0, u32::MAX - 700] {
            let at = |ms: u32| start.wrapping_add(ms);
            let mut events = vec![(true, A, at(0))];
            for n in 0..1_444 {
                events.extend([(false, A, at(500 + 40 * n)), (true, A, at(500 + 40 * n))]);
            }
            assert_eq!(new(&events), 1, "from {start}");
        }
    }

    #[test]
    fn fast_typing_is_counted_press_by_press() {
        // A program that types sends press, release and the next press of the same key within one millisecond.
        let events: Vec<_> = (0..50).flat_map(|n| [(true, A, 7 + n / 20), (false, A, 7 + n / 20)]).collect();
        assert_eq!(new(&events), 50);
        // Rolling over two keys, and the same key again a millisecond after its release.
        assert_eq!(new(&[(true, A, 0), (true, B, 30), (false, A, 60), (true, A, 61), (false, B, 70)]), 3);
        assert_eq!(new(&[(true, A, 0), (false, A, 200), (true, A, 201)]), 2);
        assert_eq!(new(&[(true, A, 0), (true, B, 300), (false, B, 300), (false, A, 300), (true, A, 300)]), 3);
    }

    #[test]
    fn two_weights_are_two_presses() {
        let mut events = vec![(true, A, 0), (true, B, 10)];
        for n in 0..500 {
            events.extend([(true, A, 600 + 40 * n), (true, B, 600 + 40 * n)]);
        }
        assert_eq!(new(&events), 2);
    }

    #[test]
    fn invariant_11_no_key_is_known_any_more_once_others_came_and_went() {
        let mut held = HeldKeys::new();
        for key in 1..=200 {
            held.press(key, 0);
        }
        assert!(held.down.iter().all(|key| *key > 200 - 32), "no more than hands hold");
        for key in (1..=200).rev() {
            held.release(key, 1);
        }
        assert_eq!((held.down, held.last), ([0; MOST_HELD], 0));
        held.press(A, 2);
        held.forget();
        assert_eq!((held.down, held.last, held.pressed), ([0; MOST_HELD], 0, 0));
    }
}
