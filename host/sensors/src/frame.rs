//! A captured picture, which is overwritten after use.

use zeroize::Zeroizing;

use crate::area::Area;

/// The longest side of an area that can be captured, pixels.
pub const LARGEST_SIDE: u32 = 16_384;

/// Raw pixels as they were on the screen, in memory only, overwritten with zeros when dropped. They must not be cloned,
/// printed or written anywhere before the guard has judged and masked them.
pub struct RawFrame {
    /// The number of pixels in a row.
    pub width: u32,
    /// The number of rows.
    pub height: u32,
    /// The part of the desktop that it shows.
    pub area: Area,
    /// When the capture began, ms since the Unix epoch, UTC.
    pub taken_at: u64,
    rgba: Zeroizing<Vec<u8>>,
}

impl RawFrame {
    /// Makes a frame of these pixels. Excess pixels are dropped, missing ones are zeros.
    #[must_use]
    pub fn new(area: Area, taken_at: u64, mut rgba: Zeroizing<Vec<u8>>) -> Self {
        let bytes = usize::try_from(area.width)
            .unwrap_or(0)
            .saturating_mul(usize::try_from(area.height).unwrap_or(0));
        let bytes = bytes.saturating_mul(4);
        if rgba.len() < bytes {
            // Not `resize`: it would leave the old pixels behind, uncleared, when it moves them.
            let mut whole = Zeroizing::new(vec![0; bytes]);
            whole.iter_mut().zip(rgba.iter()).for_each(|(to, from)| *to = *from);
            rgba = whole;
        }
        rgba.truncate(bytes);
        Self { width: area.width, height: area.height, area, taken_at, rgba }
    }

    /// Returns the pixels, four bytes each (red, green, blue, 255), row by row from the top, without padding.
    #[must_use]
    pub fn rgba(&self) -> &[u8] {
        &self.rgba
    }

    /// Returns the pixels for masking in place.
    pub fn rgba_mut(&mut self) -> &mut [u8] {
        &mut self.rgba
    }
}

impl std::fmt::Debug for RawFrame {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("RawFrame")
            .field("area", &self.area)
            .field("taken_at", &self.taken_at)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use zeroize::Zeroize as _;

    use super::*;

    const AREA: Area = Area { x: 0, y: 0, width: 2, height: 1 };

    #[test]
    fn invariant_01_a_frame_is_overwritten_with_zeros_after_use() {
        // Memory cannot be looked at once it is given back: what is tested is that nothing but a buffer that clears
        // itself holds the pixels, and that clearing reaches all of them.
        fn clears_itself<T: zeroize::ZeroizeOnDrop>(_: &T) {}
        let mut frame = RawFrame::new(AREA, 0, Zeroizing::new(vec![7; 8]));
        clears_itself(&frame.rgba);
        let pixels: &mut [u8] = frame.rgba_mut();
        pixels.zeroize();
        assert_eq!(frame.rgba(), [0; 8]);
    }

    #[test]
    fn a_frame_has_as_many_pixels_as_its_area_and_prints_none() {
        for bytes in [0, 7, 8, 9, 100] {
            let frame = RawFrame::new(AREA, 0, Zeroizing::new(vec![7; bytes]));
            assert_eq!(frame.rgba().len(), 8, "from {bytes}");
            assert!(!format!("{frame:?}").contains('7'));
        }
    }
}
