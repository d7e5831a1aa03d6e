//! The tray's icon: a filled disc while it is recorded, an empty ring while it is not. In a tray of 16 pixels a ring with a
//! dot, as in the window, is no longer told from a ring.

use ksni::Icon;

/// Sizes in pixels that trays ask for.
const SIZES: [i32; 5] = [16, 22, 24, 32, 48];
/// Points a pixel's edge is divided into: the icon has round edges.
const GRID: i32 = 4;
/// The icon's own size; the radii below are in its units.
const UNITS: f32 = 18.0;
/// A line of this around all of it makes it readable on a dark panel and on a light one.
const EDGE: f32 = 8.5;
const DISC: f32 = 7.5;
const RING_FROM: f32 = 5.0;
const HOLE: f32 = 4.0;
const PAPER: [u8; 3] = [0xff, 0xff, 0xff];
const INK: [u8; 3] = [0x1a, 0x1c, 0x1f];
/// The look's colour of tracked time.
const TRACKED: [u8; 3] = [0x1e, 0x82, 0x53];

/// Returns the icon in all sizes.
pub(crate) fn recording_icon(recording: bool) -> Vec<Icon> {
    SIZES.iter().map(|size| draw(*size, recording)).collect()
}

/// What the icon shows at a distance from its middle.
fn colour(distance: f32, recording: bool) -> Option<[u8; 3]> {
    match distance {
        d if d > EDGE => None,
        d if d > DISC => Some(PAPER),
        _ if recording => Some(TRACKED),
        d if d >= RING_FROM => Some(INK),
        d if d >= HOLE => Some(PAPER),
        _ => None,
    }
}

#[allow(clippy::cast_precision_loss, reason = "pixels of an icon, far below 2^23")]
fn draw(size: i32, recording: bool) -> Icon {
    let scale = UNITS / (size * GRID) as f32;
    let middle = UNITS / 2.0;
    let along = |pixel: i32, point: i32| ((pixel * GRID + point) as f32 + 0.5) * scale - middle;
    let points = u32::try_from(GRID * GRID).unwrap_or(1);
    let mut data = Vec::new();
    for (y, x) in (0..size).flat_map(|y| (0..size).map(move |x| (y, x))) {
        let inside: Vec<[u8; 3]> = (0..GRID * GRID)
            .filter_map(|point| colour(along(x, point % GRID).hypot(along(y, point / GRID)), recording))
            .collect();
        let count = u32::try_from(inside.len()).unwrap_or(points);
        let share = |sum: u32, of: u32| u8::try_from(sum.checked_div(of).unwrap_or(0)).unwrap_or(u8::MAX);
        // ARGB, the bytes in that order, colours not multiplied by alpha.
        data.push(share(count * 255, points));
        for channel in 0..3 {
            let sum = inside.iter().filter_map(|c| c.get(channel)).map(|c| u32::from(*c)).sum();
            data.push(share(sum, count));
        }
    }
    Icon { width: size, height: size, data }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pixel(icon: &Icon, x: usize, y: usize) -> &[u8] {
        let at = (y * icon.width as usize + x) * 4;
        &icon.data[at..at + 4]
    }

    #[test]
    fn recording_is_filled_and_not_recording_is_a_ring() {
        for (on, off) in recording_icon(true).iter().zip(recording_icon(false)) {
            let size = on.width as usize;
            assert_eq!(on.data.len(), size * size * 4);
            assert_eq!(pixel(on, size / 2, size / 2), [255, 0x1e, 0x82, 0x53], "filled at {size}");
            assert_eq!(pixel(&off, size / 2, size / 2)[0], 0, "a hole at {size}");
            assert_eq!(pixel(on, 0, 0)[0], 0, "nothing in the corner");
            let ring = (size as f32 * (9.0 - 6.25) / 18.0) as usize;
            assert!(pixel(&off, ring, size / 2)[1] < 0x90, "a ring at {size}");
        }
    }
}
