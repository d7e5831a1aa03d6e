//! Sets of time.

/// A set of milliseconds, as spans in order that neither touch nor overlap.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Spans(Vec<(u64, u64)>);

impl Spans {
    /// One span: from its first millisecond until the first after it.
    #[must_use]
    pub fn one(from: u64, to: u64) -> Self {
        let mut all = Self::default();
        all.add(from, to);
        all
    }

    /// All of these together.
    #[must_use]
    pub fn all(spans: impl IntoIterator<Item = (u64, u64)>) -> Self {
        let mut all = Self::default();
        for (from, to) in spans {
            all.add(from, to);
        }
        all
    }

    /// Adds a span; one that ends before it begins is none.
    pub fn add(&mut self, from: u64, to: u64) {
        if to <= from {
            return;
        }
        let (mut from, mut to) = (from, to);
        self.0.retain(|&(a, b)| {
            let apart = b < from || a > to;
            if !apart {
                from = from.min(a);
                to = to.max(b);
            }
            apart
        });
        let place = self.0.partition_point(|&(a, _)| a < from);
        self.0.insert(place, (from, to));
    }

    /// What is in either.
    #[must_use]
    pub fn or(&self, other: &Self) -> Self {
        Self::all(self.0.iter().chain(&other.0).copied())
    }

    /// What is in both.
    #[must_use]
    pub fn and(&self, other: &Self) -> Self {
        let mut both = Self::default();
        let mut others = other.0.iter().peekable();
        for &(a, b) in &self.0 {
            while let Some(&&(c, d)) = others.peek() {
                if c >= b {
                    break;
                }
                if d > a {
                    both.0.push((a.max(c), b.min(d)));
                }
                if d > b {
                    break;
                }
                others.next();
            }
        }
        both
    }

    /// What is in this one and not in the other.
    #[must_use]
    pub fn minus(&self, other: &Self) -> Self {
        let mut left = Self::default();
        for &(a, b) in &self.0 {
            let mut at = a;
            let first = other.0.partition_point(|&(_, d)| d <= a);
            for &(c, d) in other.0.get(first..).unwrap_or_default() {
                if c >= b {
                    break;
                }
                if c > at {
                    left.0.push((at, c));
                }
                at = at.max(d);
            }
            if at < b {
                left.0.push((at, b));
            }
        }
        left
    }

    /// Each span made longer at its ends.
    #[must_use]
    pub fn grown(&self, before: u64, after: u64) -> Self {
        Self::all(self.0.iter().map(|&(a, b)| (a.saturating_sub(before), b + after)))
    }

    /// Each span made shorter at its ends; a short one is gone.
    #[must_use]
    pub fn shrunk(&self, before: u64, after: u64) -> Self {
        Self::all(self.0.iter().map(|&(a, b)| (a + before, b.saturating_sub(after))))
    }

    /// Returns how long all spans are together, in milliseconds.
    #[must_use]
    pub fn ms(&self) -> u64 {
        self.0.iter().map(|(a, b)| b - a).sum()
    }

    /// Milliseconds of it within a span.
    #[must_use]
    pub fn ms_within(&self, from: u64, to: u64) -> u64 {
        let first = self.0.partition_point(|&(_, b)| b <= from);
        let rest = self.0.get(first..).unwrap_or_default();
        rest.iter().take_while(|(a, _)| *a < to).map(|&(a, b)| b.min(to) - a.max(from)).sum()
    }

    /// Whether this instant is in it.
    #[must_use]
    pub fn holds(&self, at: u64) -> bool {
        self.ms_within(at, at + 1) > 0
    }

    /// Returns each span: its first millisecond, and the first after it.
    pub fn iter(&self) -> impl Iterator<Item = (u64, u64)> + '_ {
        self.0.iter().copied()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sets_of_time_are_sets() {
        let a = Spans::all([(0, 10), (20, 30), (30, 35), (50, 60)]);
        assert_eq!(a, Spans(vec![(0, 10), (20, 35), (50, 60)]));
        let b = Spans::all([(5, 22), (33, 55)]);
        assert_eq!(a.and(&b), Spans(vec![(5, 10), (20, 22), (33, 35), (50, 55)]));
        assert_eq!(a.minus(&b), Spans(vec![(0, 5), (22, 33), (55, 60)]));
        assert_eq!(a.or(&b), Spans(vec![(0, 60)]));
        assert_eq!(a.or(&b).ms(), a.minus(&b).ms() + b.ms());
        assert_eq!(a.shrunk(6, 6), Spans(vec![(26, 29)]));
        assert_eq!(a.grown(5, 5), Spans(vec![(0, 40), (45, 65)]));
        assert_eq!((a.ms_within(8, 22), a.holds(9), a.holds(10)), (4, true, false));
    }
}
