//! Permission `pixels`: look into a frame.

use crate::bindings::imports::pixels as raw;
use crate::frame::FrameRef;
use crate::types::Area;

/// Pixels, row by row from the top left, four bytes each: red, green, blue, 255.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Image {
    /// Width in pixels: at most 1,024 in a thumbnail, the area's in a part.
    pub width: u32,
    /// Height in pixels: at most 1,024 in a thumbnail, the area's in a part.
    pub height: u32,
    /// `width * height * 4` bytes.
    pub rgba: Vec<u8>,
}

impl From<raw::Image> for Image {
    fn from(image: raw::Image) -> Self {
        Self { width: image.width, height: image.height, rgba: image.rgba }
    }
}

/// Why there are no pixels.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PixelsError {
    /// The area is empty or not inside the frame.
    #[error("the area is empty or not inside the frame")]
    Outside,
    /// More than 16 MiB would be copied.
    #[error("more than 16 MiB would be copied; ask for a smaller part")]
    TooLarge,
}

impl From<raw::PixelsError> for PixelsError {
    fn from(error: raw::PixelsError) -> Self {
        match error {
            raw::PixelsError::Outside => Self::Outside,
            raw::PixelsError::TooLarge => Self::TooLarge,
        }
    }
}

/// The whole frame, scaled down to fit into `max_width` by `max_height` pixels (at most 1,024 each).
///
/// # Errors
/// A bound of 0.
pub fn thumbnail<'a>(
    frame: impl Into<FrameRef<'a>>,
    max_width: u32,
    max_height: u32,
) -> Result<Image, PixelsError> {
    raw::thumbnail(frame.into().raw(), max_width, max_height).map(Into::into).map_err(Into::into)
}

/// A part of the frame, unscaled. The area is in the frame's pixels.
///
/// # Errors
/// The area is not inside the frame, or too large.
pub fn read<'a>(frame: impl Into<FrameRef<'a>>, area: Area) -> Result<Image, PixelsError> {
    raw::read(frame.into().raw(), area.into()).map(Into::into).map_err(Into::into)
}
