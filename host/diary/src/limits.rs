//! What a segment may hold: the one set of figures that sandbox, agent, journal and back office go by. Neither the
//! journal nor the back office has figures of its own for what both of them hold: what one side takes, the other does.
//!
//! A plugin's notes are counted against [`Spent`] when they come in; a parcel is made to fit by
//! [`Parcel::fit`](crate::parcel::Parcel::fit) when its segment closes, whatever the journal holds of it; and
//! [`Core::check`](crate::parcel::Core::check) and [`Parcel::check`](crate::parcel::Parcel::check) refuse what is beyond. Surplus evidence is dropped, counted and said
//! in the parcel. Time is never dropped.
//!
//! Sizes are in bytes. Those of evidence are as it stands in the parcel, a JSON document: a text of control characters
//! takes six times its length there.

use serde::Serialize;

/// The longest core of a parcel.
pub const CORE_BYTES: usize = 32 * 1024;
/// The longest signed envelope of a core: base64 makes it a third longer, signature and names take less than 1 KiB.
pub const ENVELOPE_BYTES: usize = 48 * 1024;
/// Bytes of all details of a parcel.
pub const DETAILS_BYTES: usize = 1024 * 1024;
/// The largest picture of a parcel.
pub const ATTACHMENT_BYTES: u64 = 16 * 1024 * 1024;
/// The longest detail of a parcel: a document beside its signed core.
pub const DETAIL_BYTES: usize = 1024 * 1024;
/// Details of a parcel.
pub const DETAILS: usize = 64;
/// The longest body of a record in the journal. The longest there is tells a picture's covered places; what is longer
/// than a detail could not be delivered in one.
pub const RECORD_BYTES: usize = DETAIL_BYTES;

/// Notes that a plugin may hand over in a minute.
pub const NOTES_A_MINUTE: u32 = 120;
/// Notes of one plugin in a segment.
pub const PLUGIN_NOTES: u32 = 2_000;
/// Bytes of one plugin's notes in a segment: half of what there is for all, so that one alone cannot use it up.
pub const PLUGIN_BYTES: usize = EVIDENCE_BYTES / 2;
/// The longest body of a note of a plugin's own making.
pub const CUSTOM_BODY_BYTES: usize = 16 * 1024;
/// The longest name of a plugin or of a kind of note.
pub const NAME_BYTES: usize = 64;

/// Changes of focus in a segment, and notes of plugins' own making, each.
pub const ENTRIES: usize = 2_000;
/// Bytes of all evidence of a segment: changes of focus and notes of plugins' own making.
pub const EVIDENCE_BYTES: usize = 440 * 1024;
/// The longest application, title or address of a window that is recorded.
pub const TEXT_BYTES: usize = 1024;
/// Plugins whose notes a segment may hold.
pub const NOTING_PLUGINS: usize = 32;
/// Gaps in a segment. Those of one cause that touch one minute are told as one; of more, the longest.
pub const GAPS: usize = 100;
/// Covered places that are told of a picture.
pub const REDACTIONS: usize = 1_024;
/// Rules that a policy may declare.
pub const POLICY_RULES: usize = 256;
/// Rules that a parcel tells: those of the policy, and one that stands for the worker's own.
pub const RULES: usize = POLICY_RULES + 1;
/// The longest words of a rule.
pub const RULE_BYTES: usize = 200;
/// Bytes of the words of all rules.
pub const RULES_BYTES: usize = 96 * 1024;
/// Lines that tell what was dropped.
pub const DROPPED: usize = 32;

/// The highest rate, in minor units of its currency an hour: ten thousand million of those with hundredths. A week of it
/// is far from what 64 bits hold.
pub const RATE_MINOR_UNITS: u64 = 1_000_000_000_000;

/// The largest locked week, in bytes of JSON: a device whose every one-minute segment has another outcome than the one
/// before takes some ten thousand.
pub const LOCKED_WEEK_BYTES: usize = 64 * 1024;

/// What one plugin's notes of one segment have come to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Spent {
    notes: u32,
    bytes: usize,
}

impl Spent {
    /// Takes room for a note of that many bytes; false if the budget has none left.
    pub fn take(&mut self, bytes: usize) -> bool {
        let after = self.bytes.saturating_add(bytes);
        let fits = self.notes < PLUGIN_NOTES && after <= PLUGIN_BYTES;
        if fits {
            self.notes += 1;
            self.bytes = after;
        }
        fits
    }
}

/// How many bytes a value takes in a JSON document. What cannot be written down takes all there are.
#[must_use]
pub fn json_bytes(value: &impl Serialize) -> usize {
    struct Count(usize);
    impl std::io::Write for Count {
        fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
            self.0 = self.0.saturating_add(bytes.len());
            Ok(bytes.len())
        }
        fn flush(&mut self) -> std::io::Result<()> {
            Ok(())
        }
    }
    let mut count = Count(0);
    match serde_json::to_writer(&mut count, value) {
        Ok(()) => count.0,
        Err(_) => usize::MAX,
    }
}

/// Cuts a text to at most `most` bytes, with a sign that it was cut; true if it was.
pub fn shorten(text: &mut String, most: usize) -> bool {
    const CUT: &str = "…";
    if text.len() <= most {
        return false;
    }
    text.truncate(text.floor_char_boundary(most.saturating_sub(CUT.len())));
    text.push_str(CUT);
    true
}

/// Shares `total` out among needs: nobody gets more than is needed, and who needs little gets all of it, however much
/// the others want.
#[must_use]
pub fn shares(needs: &[usize], total: usize) -> Vec<usize> {
    let mut order: Vec<usize> = (0..needs.len()).collect();
    order.sort_by_key(|nth| needs[*nth]);
    let mut given = vec![0; needs.len()];
    let mut left = total;
    for (before, nth) in order.iter().enumerate() {
        given[*nth] = needs[*nth].min(left / (needs.len() - before));
        left -= given[*nth];
    }
    given
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_needs_little_gets_all_of_it() {
        assert_eq!(shares(&[10, 1_000, 400], 500), [10, 245, 245]);
        assert_eq!(shares(&[10, 1_000, 100], 500), [10, 390, 100]);
        assert_eq!(shares(&[1, 2], 500), [1, 2]);
        assert_eq!(shares(&[], 500), Vec::<usize>::new());
    }

    #[test]
    fn a_text_is_cut_between_characters() {
        let mut text = "é".repeat(600);
        assert!(shorten(&mut text, TEXT_BYTES));
        assert!(text.len() <= TEXT_BYTES && text.ends_with("é…"), "{}", text.len());
        assert!(!shorten(&mut text, TEXT_BYTES));
    }

    #[test]
    fn invariant_13_a_plugin_has_one_budget_a_segment() {
        let mut spent = Spent::default();
        assert!(!spent.take(PLUGIN_BYTES + 1));
        assert!(spent.take(PLUGIN_BYTES - 10));
        assert!(!spent.take(11));
        assert!(spent.take(10));
        let mut many = Spent::default();
        assert_eq!((0..3_000).filter(|_| many.take(1)).count(), PLUGIN_NOTES as usize);
    }

    #[test]
    fn bytes_are_counted_as_they_are_written() {
        for text in ["", "a", "\u{1}\u{1}", "\"\"", "é漢"] {
            assert_eq!(json_bytes(&text), serde_json::to_string(text).unwrap().len(), "{text:?}");
        }
    }
}
