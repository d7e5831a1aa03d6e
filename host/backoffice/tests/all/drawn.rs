//! Real pictures.

use candor_diary::parcel::{Cover, Redaction, Snapshot};
use candor_seal::sha256_hex;

/// A real picture.
#[derive(Clone)]
pub(crate) struct Picture {
    pub(crate) bytes: Vec<u8>,
    pub(crate) width: u32,
    pub(crate) height: u32,
    pub(crate) redactions: Vec<Redaction>,
}

impl Picture {
    /// Windows of flat colour with lines of text-like strokes; one of them covered if `redacted`.
    pub(crate) fn draw(width: u32, height: u32, seed: u32, redacted: bool) -> Self {
        let mut pixels = vec![0u8; (width * height * 3) as usize];
        let mut fill = |x0: u32, y0: u32, w: u32, h: u32, colour: [u8; 3]| {
            for y in y0..(y0 + h).min(height) {
                for x in x0..(x0 + w).min(width) {
                    let at = ((y * width + x) * 3) as usize;
                    pixels[at..at + 3].copy_from_slice(&colour);
                }
            }
        };
        fill(0, 0, width, height, [118, 132, 140]);
        let dark = !seed.is_multiple_of(3);
        let (ground, ink) =
            if dark { ([35, 39, 46], [154, 164, 178]) } else { ([253, 253, 252], [120, 122, 126]) };
        let (left, top) = (width / 40, height / 24);
        fill(left, top, width * 2 / 3, height * 5 / 6, ground);
        for line in 0..(height / 20).max(1) {
            let noise = (line * 7 + seed * 13) % 11;
            fill(
                left + width / 30 + noise * width / 200,
                top + (line + 1) * height / 24,
                width / 8 + noise * width / 40,
                height / 120 + 1,
                ink,
            );
        }
        let covered = Redaction {
            x: width * 11 / 20,
            y: height * 7 / 24,
            width: width * 2 / 5,
            height: height / 2,
            cover: Cover::Fill,
            rule: Some(0),
        };
        let shade = if redacted { [11, 12, 14] } else { [240, 240, 237] };
        fill(covered.x, covered.y, covered.width, covered.height, shade);
        let bytes = webp::Encoder::from_rgb(&pixels, width, height).encode(75.0).to_vec();
        Self { bytes, width, height, redactions: if redacted { vec![covered] } else { Vec::new() } }
    }

    pub(crate) fn snapshot(&self, at: u64) -> Snapshot {
        Snapshot {
            at,
            sha256: sha256_hex(&self.bytes),
            media_type: "image/webp".to_owned(),
            width: self.width,
            height: self.height,
            bytes: self.bytes.len() as u64,
            monitors: 1,
            redactions: self.redactions.clone(),
            focus: None,
        }
    }
}
