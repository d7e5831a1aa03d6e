//! Whether a picture shows nothing but one colour.

use crate::frame::RawFrame;

/// By how much a channel may differ from the first pixel's and still count as the same colour.
const TOLERANCE: u8 = 2;
/// How many pixels in each direction the sample takes.
const SAMPLES_A_SIDE: usize = 48;
/// How many bytes are compared at once: whole pixels, and a width that the compiler turns into wide instructions.
const CHUNK_BYTES: usize = 64;

/// Whether the frame is blank: every pixel is within 2 of the first one, channel by channel (a switched-off, locked or
/// sleeping screen; a desktop with nothing on it but one colour). A frame without a pixel is blank.
///
/// A sample shows for nearly every frame that it is not blank, in some microseconds. If the whole sample agrees, every
/// pixel is compared, so that one lit character is seen.
#[must_use]
pub fn is_blank(frame: &RawFrame) -> bool {
    let pixels = frame.rgba();
    let Some(first) = pixels.first_chunk::<4>() else { return true };
    let (low, high) =
        (first.map(|channel| channel.saturating_sub(TOLERANCE)), first.map(|c| c.saturating_add(TOLERANCE)));
    let fits = |pixel: &[u8; 4]| {
        pixel.iter().zip(low.iter().zip(high)).all(|(channel, (low, high))| (*low..=high).contains(channel))
    };
    let (width, height) = (frame.width as usize, frame.height as usize);
    let (all, _) = pixels.as_chunks::<4>();
    // Each row of the sample is shifted, so that it does not miss the lines and columns of a regular pattern.
    for (step, row) in (0..height).step_by(height.div_ceil(SAMPLES_A_SIDE).max(1)).enumerate() {
        let across = width.div_ceil(SAMPLES_A_SIDE).max(1);
        for column in (step * 7 % across..width).step_by(across) {
            if !all.get(row * width + column).is_some_and(fits) {
                return false;
            }
        }
    }
    all_between(pixels, low, high)
}

/// Whether all pixels lie between `low` and `high`, channel by channel.
fn all_between(pixels: &[u8], low: [u8; 4], high: [u8; 4]) -> bool {
    let wide = |pixel: [u8; 4]| {
        let mut wide = [0; CHUNK_BYTES];
        wide.as_chunks_mut::<4>().0.fill(pixel);
        wide
    };
    let (low, high) = (wide(low), wide(high));
    let fits = |piece: &[u8]| {
        // No early return within a chunk, so that the compiler can use wide instructions.
        let outside = |((byte, low), high): ((&u8, &u8), &u8)| u8::from(byte < low) | u8::from(byte > high);
        piece.iter().zip(&low).zip(&high).map(outside).fold(0, |any, one| any | one) == 0
    };
    let (pieces, rest) = pixels.as_chunks::<CHUNK_BYTES>();
    pieces.iter().all(|piece| fits(piece)) && fits(rest)
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, Instant};

    use zeroize::Zeroizing;

    use super::*;
    use crate::area::Area;

    fn frame(width: u32, height: u32, colour: [u8; 4]) -> RawFrame {
        let pixels = (width * height) as usize;
        RawFrame::new(Area { x: 0, y: 0, width, height }, 0, Zeroizing::new(colour.repeat(pixels)))
    }

    #[test]
    fn one_colour_is_blank_whichever_it_is() {
        for colour in [[0, 0, 0, 255], [255; 4], [17, 34, 51, 255]] {
            for (width, height) in [(1, 1), (3, 5), (1920, 1080), (1366, 768)] {
                assert!(is_blank(&frame(width, height, colour)), "{colour:?} {width}x{height}");
            }
        }
        assert!(is_blank(&frame(0, 0, [0; 4])));
    }

    #[test]
    fn a_colour_may_stray_by_two_and_no_more() {
        for (stray, expected) in [(-2, true), (2, true), (-3, false), (3, false)] {
            for channel in 0..3 {
                let mut frame = frame(200, 100, [100, 100, 100, 255]);
                let at = (57 * 200 + 123) * 4 + channel;
                frame.rgba_mut()[at] = 100_u8.saturating_add_signed(stray);
                assert_eq!(is_blank(&frame), expected, "{stray} in channel {channel}");
            }
        }
    }

    #[test]
    fn a_single_pixel_anywhere_is_seen() {
        for at in [0, 1, 1919, 1920 * 540 + 961, 1920 * 1080 - 1] {
            let mut frame = frame(1920, 1080, [0, 0, 0, 255]);
            frame.rgba_mut()[at * 4] = 90;
            assert!(!is_blank(&frame), "pixel {at}");
        }
    }

    #[test]
    fn a_picture_with_something_on_it_is_settled_by_the_sample() {
        let mut frame = frame(1920, 1080, [30, 30, 30, 255]);
        // A window on a quarter of the screen.
        for row in frame.rgba_mut().chunks_exact_mut(1920 * 4).take(540) {
            row[..960 * 4].fill(200);
        }
        let begun = Instant::now();
        for _ in 0..100 {
            assert!(!is_blank(std::hint::black_box(&frame)));
        }
        // 100 of them in the time that one may take; a busy machine included.
        assert!(begun.elapsed() < Duration::from_millis(100), "{:?} for 100", begun.elapsed());
    }
}
