//! How time is cut: minutes and segments, both aligned to UTC.

use serde::{Deserialize, Serialize};

/// Milliseconds in a minute.
pub const MINUTE_MS: u64 = 60_000;

/// The length of a contract's segments.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "u8", into = "u8")]
pub struct SegmentLength(u8);

/// A segment length that no contract may have.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[error("{0} is no segment length: use 1, 2, 3, 5, 6, 10, 12, 15, 20, 30 or 60 minutes")]
pub struct BadLength(pub u8);

impl SegmentLength {
    /// Takes a length in minutes.
    ///
    /// # Errors
    /// [`BadLength`] if it is not one of the lengths of design §1.
    pub fn new(minutes: u8) -> Result<Self, BadLength> {
        if matches!(minutes, 1 | 2 | 3 | 5 | 6 | 10 | 12 | 15 | 20 | 30 | 60) {
            Ok(Self(minutes))
        } else {
            Err(BadLength(minutes))
        }
    }

    /// The length in minutes.
    #[must_use]
    pub fn minutes(self) -> u8 {
        self.0
    }

    /// The length in milliseconds.
    #[must_use]
    pub fn ms(self) -> u64 {
        u64::from(self.0) * MINUTE_MS
    }

    /// The start of the segment that holds `at` (milliseconds since the Unix epoch). Segments are aligned to UTC: each
    /// length divides an hour, so counting from the epoch aligns them.
    #[must_use]
    pub fn start_of(self, at: u64) -> u64 {
        at - at % self.ms()
    }
}

impl Default for SegmentLength {
    fn default() -> Self {
        Self(10)
    }
}

impl TryFrom<u8> for SegmentLength {
    type Error = BadLength;
    fn try_from(minutes: u8) -> Result<Self, BadLength> {
        Self::new(minutes)
    }
}

impl From<SegmentLength> for u8 {
    fn from(length: SegmentLength) -> u8 {
        length.0
    }
}

/// The start of the minute that holds `at`.
#[must_use]
pub fn minute_of(at: u64) -> u64 {
    at - at % MINUTE_MS
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_lengths_of_the_design_are_taken() {
        let taken: Vec<u8> = (0..=255).filter(|m| SegmentLength::new(*m).is_ok()).collect();
        assert_eq!(taken, [1, 2, 3, 5, 6, 10, 12, 15, 20, 30, 60]);
    }

    #[test]
    fn segments_are_aligned_to_the_utc_hour() {
        let at = 1_795_780_923_456; // some instant
        for length in [1u8, 2, 3, 5, 6, 10, 12, 15, 20, 30, 60] {
            let length = SegmentLength::new(length).unwrap();
            let start = length.start_of(at);
            assert!(start <= at && at < start + length.ms());
            assert_eq!((start % 3_600_000) % length.ms(), 0);
        }
    }
}
