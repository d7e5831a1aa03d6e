//! A bounded number of places, shared out fairly: nobody waits for one, and nobody can take them all. Who holds most
//! gives one up when all are taken and somebody else comes.

use std::borrow::Borrow;
use std::collections::{HashMap, VecDeque};
use std::hash::Hash;
use std::sync::Arc;

use parking_lot::Mutex;
use tokio::sync::Notify;

/// Places for connections, requests or uploads, counted by who holds them.
#[derive(Debug)]
pub struct Places<K: Eq + Hash + Clone> {
    most: usize,
    most_each: usize,
    held: Mutex<Held<K>>,
}

#[derive(Debug)]
struct Held<K> {
    /// The number of the next place.
    next: u64,
    count: usize,
    /// What each holds, the oldest first.
    by_holder: HashMap<K, VecDeque<(u64, Arc<Notify>)>>,
}

impl<K: Eq + Hash + Clone> Places<K> {
    /// Makes `most` places, of which one holder has at most `most_each`.
    #[must_use]
    pub fn new(most: usize, most_each: usize) -> Arc<Self> {
        let held = Held { next: 0, count: 0, by_holder: HashMap::new() };
        Arc::new(Self { most, most_each, held: Mutex::new(held) })
    }

    /// Takes a place, at once or never: `None` if the holder has its share, or all are taken and nobody holds more
    /// than the holder would. Where all are taken, whoever holds most loses the oldest ([`Place::lost`]).
    #[must_use]
    pub fn take(self: &Arc<Self>, holder: K) -> Option<Place<K>> {
        let mut held = self.held.lock();
        let own = held.by_holder.get(&holder).map_or(0, VecDeque::len);
        if own >= self.most_each {
            return None;
        }
        if held.count >= self.most {
            let (greatest, holds) = held.by_holder.iter().max_by_key(|(_, places)| places.len())?;
            if holds.len() <= own + 1 {
                return None;
            }
            let greatest = greatest.clone();
            let (number, lost) = held.by_holder.get(&greatest)?.front()?.clone();
            held.remove(&greatest, number);
            lost.notify_one();
        }
        let (number, lost) = (held.next, Arc::new(Notify::new()));
        held.next += 1;
        held.count += 1;
        held.by_holder.entry(holder.clone()).or_default().push_back((number, Arc::clone(&lost)));
        Some(Place { places: Arc::clone(self), holder, number, lost })
    }
}

impl<K: Eq + Hash> Held<K> {
    /// Frees a place, unless that was done before.
    fn remove<Q: ?Sized + Eq + Hash>(&mut self, holder: &Q, number: u64)
    where
        K: Borrow<Q>,
    {
        let Some(places) = self.by_holder.get_mut(holder) else { return };
        let before = places.len();
        places.retain(|(held, _)| *held != number);
        self.count -= before - places.len();
        if places.is_empty() {
            self.by_holder.remove(holder);
        }
    }
}

/// A place that is held; free again when dropped.
#[derive(Debug)]
pub struct Place<K: Eq + Hash + Clone> {
    places: Arc<Places<K>>,
    holder: K,
    number: u64,
    lost: Arc<Notify>,
}

impl<K: Eq + Hash + Clone> Place<K> {
    /// Resolves when somebody else got this place: whatever is done in it ends then.
    pub async fn lost(&self) {
        self.lost.notified().await;
    }
}

impl<K: Eq + Hash + Clone> Drop for Place<K> {
    fn drop(&mut self) {
        self.places.held.lock().remove(&self.holder, self.number);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nobody_has_more_than_a_share_and_what_is_dropped_is_free() {
        let places = Places::new(10, 2);
        let first = places.take("a").unwrap();
        let _second = places.take("a").unwrap();
        assert!(places.take("a").is_none());
        assert!(places.take("b").is_some());
        drop(first);
        assert!(places.take("a").is_some());
        assert_eq!(places.held.lock().count, 1);
    }

    #[tokio::test]
    async fn whoever_comes_when_all_is_taken_gets_a_place_of_who_holds_most() {
        let places = Places::new(4, 4);
        let greedy: Vec<_> = (0..4).map(|_| places.take("greedy").unwrap()).collect();
        let late = places.take("late").unwrap();
        greedy[0].lost().await;
        let _second = places.take("late").unwrap();
        assert!(places.take("late").is_none(), "two and two: nobody holds more than one more");
        assert!(places.take("greedy").is_none(), "the greedy get nothing back");
        drop(greedy);
        drop(late);
        assert_eq!(places.held.lock().count, 1, "what was lost is not given back a second time");
    }
}
