//! Turns the X server's pixels into red, green, blue, in place.

use x11rb::protocol::xproto::{ImageOrder, Setup, VisualClass, Window};

use crate::error::SensorError;

/// How the root window's pixels are laid out: 32 bits each, three channels of up to 16 bits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct PixelLayout {
    red: u32,
    green: u32,
    blue: u32,
    least_byte_first: bool,
}

impl PixelLayout {
    /// Returns the layout on the screen with this root window.
    pub(super) fn of(setup: &Setup, root: Window) -> Result<Self, SensorError> {
        let odd = |what: &str| SensorError::PixelFormat(what.to_owned());
        let screen = setup.roots.iter().find(|screen| screen.root == root).ok_or_else(|| odd("no screen"))?;
        let format = setup.pixmap_formats.iter().find(|format| format.depth == screen.root_depth);
        let format = format.ok_or_else(|| odd("no format for the root's depth"))?;
        if format.bits_per_pixel != 32 {
            return Err(SensorError::PixelFormat(format!("{} bits per pixel", format.bits_per_pixel)));
        }
        let visuals = screen.allowed_depths.iter().flat_map(|depth| &depth.visuals);
        let visual = visuals.into_iter().find(|visual| visual.visual_id == screen.root_visual);
        let visual = visual.ok_or_else(|| odd("no visual"))?;
        if visual.class != VisualClass::TRUE_COLOR {
            return Err(odd("not TrueColor"));
        }
        Ok(Self {
            red: visual.red_mask,
            green: visual.green_mask,
            blue: visual.blue_mask,
            least_byte_first: setup.image_byte_order == ImageOrder::LSB_FIRST,
        })
    }

    /// Turns pixels into red, green, blue, 255.
    pub(super) fn to_rgba(self, pixels: &mut [u8]) {
        let (pixels, _) = pixels.as_chunks_mut::<4>();
        // The layout of nearly every X server, in a loop that the compiler turns into wide instructions.
        if self == (Self { red: 0xFF_00_00, green: 0xFF_00, blue: 0xFF, least_byte_first: true }) {
            for pixel in pixels {
                let [blue, green, red, _] = *pixel;
                *pixel = [red, green, blue, 0xFF];
            }
            return;
        }
        for pixel in pixels {
            let value =
                if self.least_byte_first { u32::from_le_bytes(*pixel) } else { u32::from_be_bytes(*pixel) };
            *pixel = [channel(value, self.red), channel(value, self.green), channel(value, self.blue), 0xFF];
        }
    }
}

/// Returns one channel, scaled to 8 bits.
fn channel(value: u32, mask: u32) -> u8 {
    if mask == 0 {
        return 0;
    }
    let shift = mask.trailing_zeros();
    let largest = u64::from(mask >> shift);
    let scaled = u64::from((value & mask) >> shift) * 255 / largest;
    u8::try_from(scaled).unwrap_or(u8::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    const USUAL: PixelLayout =
        PixelLayout { red: 0xFF_00_00, green: 0xFF_00, blue: 0xFF, least_byte_first: true };

    #[test]
    fn pixels_of_every_layout_become_red_green_blue() {
        let value = 0x12_34_56_u32;
        for (layout, pixel) in [
            (USUAL, value.to_le_bytes()),
            (PixelLayout { least_byte_first: false, ..USUAL }, value.to_be_bytes()),
            (PixelLayout { red: 0xFF, blue: 0xFF_00_00, ..USUAL }, 0x56_34_12_u32.to_le_bytes()),
            // Ten bits a channel.
            (
                PixelLayout { red: 0x3FF << 20, green: 0x3FF << 10, blue: 0x3FF, least_byte_first: true },
                (0x49_u32 << 20 | 0xD1 << 10 | 0x15A).to_le_bytes(),
            ),
        ] {
            let mut pixels = pixel;
            layout.to_rgba(&mut pixels);
            assert_eq!(pixels, [0x12, 0x34, 0x56, 0xFF], "{layout:?}");
        }
    }

    #[test]
    fn white_stays_white_and_black_black_in_ten_bits() {
        let layout =
            PixelLayout { red: 0x3FF << 20, green: 0x3FF << 10, blue: 0x3FF, least_byte_first: true };
        let mut pixels = [0xFF, 0xFF, 0xFF, 0xFF, 0, 0, 0, 0];
        layout.to_rgba(&mut pixels);
        assert_eq!(pixels, [0xFF, 0xFF, 0xFF, 0xFF, 0, 0, 0, 0xFF]);
    }
}
