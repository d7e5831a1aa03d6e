//! The ids in addresses: lowercase hex digits.

/// Returns whether `text` is exactly `digits` lowercase hex digits.
pub(super) fn is_hex(text: &str, digits: usize) -> bool {
    text.len() == digits && text.bytes().all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b))
}
