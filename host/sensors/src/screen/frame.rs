//! A captured picture that does not outlive its use.

use zeroize::Zeroizing;

use crate::area::Area;

/// Raw pixels as they were on the screen, in memory only; overwritten with zeros when dropped. Not to be cloned, printed
/// or written anywhere before the guard has judged and masked it.
pub struct RawFrame {
    /// Pixels a row.
    pub width: u32,
    /// Rows.
    pub height: u32,
    /// The part of the desktop that it shows.
    pub area: Area,
    /// When the capture began, ms since the Unix epoch, UTC.
    pub taken_at: u64,
    rgba: Zeroizing<Vec<u8>>,
}

impl RawFrame {
    pub(crate) fn new(area: Area, taken_at: u64, rgba: Zeroizing<Vec<u8>>) -> Self {
        Self { width: area.width, height: area.height, area, taken_at, rgba }
    }

    /// Four bytes a pixel (red, green, blue, 255), row by row from the top, without padding.
    #[must_use]
    pub fn rgba(&self) -> &[u8] {
        &self.rgba
    }

    /// The same pixels, to be masked in place.
    pub fn rgba_mut(&mut self) -> &mut [u8] {
        &mut self.rgba
    }
}

impl std::fmt::Debug for RawFrame {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("RawFrame").field("area", &self.area).field("taken_at", &self.taken_at).finish_non_exhaustive()
    }
}
