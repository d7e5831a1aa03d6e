//! Native, irreversible masks (invariant 4).
//!
//! A fill overwrites every pixel with one colour. A 'blur' overwrites every pixel with the average of a large cell:
//! how many cells there are is fixed, a cell is never smaller than [`MIN_CELL`] pixels a side, and the colours are
//! coarse, so no text under it can be recovered. Both work on the frame in place: there is no copy of what was there.

use candor_diary::parcel::Cover;
use candor_sensors::Area;

/// How far a mask reaches past what it hides, in pixels: shadows, borders, rounding at half size.
pub const MARGIN: u32 = 8;

/// The fill, and the thin line just inside its edge that keeps it visible on dark screens (look, 'Cells').
const FILL: [u8; 4] = [0x0b, 0x0c, 0x0e, 0xff];
const EDGE: [u8; 4] = [0x8d, 0x91, 0x98, 0xff];

/// Cells of a blur across and down, at most.
const CELLS: (u32, u32) = (4, 3);

/// The smallest side of a cell of a blur, in pixels. Text of ordinary size is lower than that, so a cell mixes at
/// least a line and several letters.
pub const MIN_CELL: u32 = 48;

/// A picture that masks are drawn into: `width * height * 4` bytes, row by row.
pub struct MaskCanvas<'a> {
    /// The pixels: red, green, blue, alpha.
    pub rgba: &'a mut [u8],
    /// Width of the picture in pixels.
    pub width: u32,
    /// Height of the picture in pixels.
    pub height: u32,
}

impl MaskCanvas<'_> {
    /// Covers `area` (in the canvas's own pixels; what is outside is ignored).
    pub fn cover(&mut self, area: Area, cover: Cover) {
        let Some((x0, y0, x1, y1)) = self.clip(area) else { return };
        match cover {
            Cover::Fill => self.fill(x0, y0, x1, y1, FILL),
            Cover::Blur => self.blur(x0, y0, x1, y1),
        }
    }

    /// Draws the thin line inside the edge of what several filled areas cover together. It is drawn over fill only, so
    /// it shows nothing. The areas overlap at their edges, by more than the line is wide.
    pub fn outline(&mut self, areas: &[Area]) {
        for (inset, colour) in [(1, EDGE), (2, FILL)] {
            for (x0, y0, x1, y1) in areas.iter().filter_map(|area| self.clip(*area)).collect::<Vec<_>>() {
                if x1 - x0 > 2 * inset && y1 - y0 > 2 * inset {
                    self.fill(x0 + inset, y0 + inset, x1 - inset, y1 - inset, colour);
                }
            }
        }
    }

    fn clip(&self, area: Area) -> Option<(u32, u32, u32, u32)> {
        let whole = Area { x: 0, y: 0, width: self.width, height: self.height };
        let inside = crate::guard::region::intersection(area, whole)?;
        let (x, y) = (u32::try_from(inside.x).ok()?, u32::try_from(inside.y).ok()?);
        Some((x, y, x + inside.width, y + inside.height))
    }

    fn fill(&mut self, x0: u32, y0: u32, x1: u32, y1: u32, colour: [u8; 4]) {
        for y in y0..y1 {
            if let Some(row) = self.row(y, x0, x1) {
                for pixel in row.chunks_exact_mut(4) {
                    pixel.copy_from_slice(&colour);
                }
            }
        }
    }

    fn blur(&mut self, x0: u32, y0: u32, x1: u32, y1: u32) {
        let across = CELLS.0.min((x1 - x0) / MIN_CELL).max(1);
        let down = CELLS.1.min((y1 - y0) / MIN_CELL).max(1);
        for j in 0..down {
            for i in 0..across {
                let (cx0, cx1) = (x0 + (x1 - x0) * i / across, x0 + (x1 - x0) * (i + 1) / across);
                let (cy0, cy1) = (y0 + (y1 - y0) * j / down, y0 + (y1 - y0) * (j + 1) / down);
                let colour = self.average(cx0, cy0, cx1, cy1);
                self.fill(cx0, cy0, cx1, cy1, colour);
            }
        }
    }

    fn average(&mut self, x0: u32, y0: u32, x1: u32, y1: u32) -> [u8; 4] {
        let mut sums = [0u64; 3];
        let mut count = 0u64;
        for y in y0..y1 {
            if let Some(row) = self.row(y, x0, x1) {
                for pixel in row.chunks_exact(4) {
                    for (sum, value) in sums.iter_mut().zip(pixel) {
                        *sum += u64::from(*value);
                    }
                    count += 1;
                }
            }
        }
        // Four bits a channel: an average of many pixels still reveals little by little what is under it.
        let coarse = |sum: u64| u8::try_from(sum / count.max(1)).unwrap_or(255) & 0xf0 | 0x08;
        [coarse(sums[0]), coarse(sums[1]), coarse(sums[2]), 0xff]
    }

    fn row(&mut self, y: u32, x0: u32, x1: u32) -> Option<&mut [u8]> {
        let start = (y as usize * self.width as usize + x0 as usize) * 4;
        let end = (y as usize * self.width as usize + x1 as usize) * 4;
        self.rgba.get_mut(start..end)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Returns a picture whose every pixel differs from its neighbours.
    fn noise(width: u32, height: u32, seed: u32) -> Vec<u8> {
        let mut state = seed | 1;
        (0..width * height)
            .flat_map(|_| {
                state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
                let [a, b, c, _] = state.to_be_bytes();
                [a, b, c, 255]
            })
            .collect()
    }

    fn pixel(rgba: &[u8], width: u32, x: u32, y: u32) -> [u8; 4] {
        let i = ((y * width + x) * 4) as usize;
        rgba[i..i + 4].try_into().unwrap()
    }

    #[test]
    fn invariant_04_masks_are_native_and_irreversible() {
        // A fill: the result is the same whatever was under it, so nothing of it is left.
        let area = Area { x: 20, y: 10, width: 200, height: 100 };
        let covered = |seed, cover| {
            let mut rgba = noise(320, 160, seed);
            MaskCanvas { rgba: &mut rgba, width: 320, height: 160 }.cover(area, cover);
            let mut inside = Vec::new();
            for y in 10..110 {
                for x in 20..220 {
                    inside.push(pixel(&rgba, 320, x, y));
                }
            }
            inside
        };
        assert_eq!(covered(1, Cover::Fill), covered(99, Cover::Fill));
        assert!(covered(1, Cover::Fill).iter().all(|p| *p == FILL));

        // A blur: at most 12 colours, each over at least MIN_CELL squared pixels, four bits a channel. Two pictures
        // with the same averages become the same picture.
        let mut colours = covered(1, Cover::Blur);
        colours.sort_unstable();
        let mut distinct = colours.clone();
        distinct.dedup();
        assert!(distinct.len() <= 12, "{} colours", distinct.len());
        for colour in distinct {
            let pixels = colours.iter().filter(|c| **c == colour).count();
            assert!(pixels >= (MIN_CELL * MIN_CELL) as usize, "a cell of {pixels} pixels");
            assert!(colour[..3].iter().all(|c| c & 0x0f == 0x08));
        }
    }

    #[test]
    fn text_under_a_blur_leaves_the_same_picture_whatever_it_says() {
        // Two 'texts': the same amount of ink in other places of each line.
        let text = |shift: u32| {
            let mut rgba = vec![255u8; 192 * 144 * 4];
            for y in (4..144).step_by(12) {
                for x in 0..192u32 {
                    if (x + shift) % 6 < 3 {
                        for dy in 0..6 {
                            let i = (((y + dy) * 192 + x) * 4) as usize;
                            rgba[i..i + 3].fill(0);
                        }
                    }
                }
            }
            MaskCanvas { rgba: &mut rgba, width: 192, height: 144 }
                .cover(Area { x: 0, y: 0, width: 192, height: 144 }, Cover::Blur);
            rgba
        };
        assert_eq!(text(0), text(3));
    }

    #[test]
    fn a_mask_reaches_no_pixel_outside_its_area() {
        let before = noise(100, 80, 7);
        for cover in [Cover::Fill, Cover::Blur] {
            let mut after = before.clone();
            let area = Area { x: -20, y: 30, width: 60, height: 500 };
            let mut canvas = MaskCanvas { rgba: &mut after, width: 100, height: 80 };
            canvas.cover(area, cover);
            canvas.outline(&[area]);
            for y in 0..80 {
                for x in 0..100 {
                    let inside = x < 40 && y >= 30;
                    if !inside {
                        assert_eq!(pixel(&before, 100, x, y), pixel(&after, 100, x, y));
                    }
                }
            }
        }
    }

    #[test]
    fn the_line_runs_round_areas_that_meet_and_not_between_them() {
        let mut rgba = vec![0; 60 * 60 * 4];
        let mut canvas = MaskCanvas { rgba: &mut rgba, width: 60, height: 60 };
        let areas =
            [Area { x: 10, y: 10, width: 30, height: 20 }, Area { x: 10, y: 20, width: 20, height: 30 }];
        for area in areas {
            canvas.cover(area, Cover::Fill);
        }
        canvas.outline(&areas);
        for (x, y, colour) in
            [(10, 10, FILL), (11, 11, EDGE), (25, 11, EDGE), (12, 12, FILL), (20, 25, FILL), (38, 20, EDGE)]
        {
            assert_eq!(pixel(&rgba, 60, x, y), colour, "{x},{y}");
        }
    }

    #[test]
    fn a_small_blur_is_one_cell() {
        let mut rgba = noise(60, 40, 3);
        MaskCanvas { rgba: &mut rgba, width: 60, height: 40 }
            .cover(Area { x: 0, y: 0, width: 60, height: 40 }, Cover::Blur);
        let first = pixel(&rgba, 60, 0, 0);
        assert!(rgba.chunks_exact(4).all(|p| p == first));
    }
}
