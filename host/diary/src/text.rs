//! The one wording of what people read in the window, in a terminal, on the pages and in a plugin's folder: times and
//! zones, why there is a gap, and what terms record.
//!
//! Figures are written by [`plain`](crate::plain). Why there is no picture says
//! [`NoSnapshot::sentence`](crate::parcel::NoSnapshot::sentence), what was left out of a parcel
//! [`Dropped::sentence`](crate::parcel::Dropped::sentence).

mod gap;
mod reader;
mod recorded;
mod zone;

pub use gap::gap_cause;
pub use reader::Reader;
pub use recorded::{RecordedLine, RecordedSign, recorded};
pub use zone::{DisplayZone, short_date, utc_offset};

/// Returns words with a capital first letter, as a sentence begins.
#[must_use]
pub fn capitalize(words: &str) -> String {
    let mut letters = words.chars();
    letters.next().map_or_else(String::new, |first| first.to_uppercase().chain(letters).collect())
}
