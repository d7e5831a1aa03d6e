//! Looks at a delivered picture: its pixels, and the words that can be read in it.

use std::io::Write as _;
use std::path::Path;
use std::process::Command;

use anyhow::{Context as _, Result, bail};

/// A decoded picture: red, green, blue.
pub struct Picture {
    width: u32,
    height: u32,
    rgb: Vec<u8>,
}

impl Picture {
    /// Decodes a WebP file.
    ///
    /// # Errors
    /// If it cannot be read or is no WebP.
    pub fn read(file: &Path) -> Result<Self> {
        let bytes = std::fs::read(file).with_context(|| format!("cannot read {}", file.display()))?;
        Self::decode(&bytes)
    }

    /// Decodes the bytes of a WebP file.
    ///
    /// # Errors
    /// If they are no WebP.
    pub fn decode(bytes: &[u8]) -> Result<Self> {
        let decoded = webp::Decoder::new(bytes).decode().context("not a WebP picture")?;
        let rgb = if decoded.is_alpha() {
            decoded.chunks_exact(4).flat_map(|pixel| [pixel[0], pixel[1], pixel[2]]).collect()
        } else {
            decoded.to_vec()
        };
        Ok(Self { width: decoded.width(), height: decoded.height(), rgb })
    }

    /// Width in pixels, as decoded from the file.
    #[must_use]
    pub fn width(&self) -> u32 {
        self.width
    }

    /// Height in pixels, as decoded from the file.
    #[must_use]
    pub fn height(&self) -> u32 {
        self.height
    }

    /// The colour at a place inside the picture.
    ///
    /// # Panics
    /// Outside of it.
    #[must_use]
    pub fn at(&self, x: u32, y: u32) -> [u8; 3] {
        assert!(x < self.width && y < self.height, "{x},{y} is outside");
        let start = (y as usize * self.width as usize + x as usize) * 3;
        [self.rgb[start], self.rgb[start + 1], self.rgb[start + 2]]
    }

    /// How many pixels are close to a colour: each channel differs by less than 40.
    #[must_use]
    pub fn close_to(&self, colour: [u8; 3]) -> usize {
        let close = |pixel: &[u8]| pixel.iter().zip(colour).all(|(a, b)| a.abs_diff(b) < 40);
        self.rgb.chunks_exact(3).filter(|pixel| close(pixel)).count()
    }

    /// By how much the colours in a rectangle differ: the largest spread of any channel, 0 for one flat colour.
    #[must_use]
    pub fn spread(&self, x: u32, y: u32, width: u32, height: u32) -> u8 {
        let (mut low, mut high) = ([u8::MAX; 3], [0; 3]);
        for row in y..y + height {
            for column in x..x + width {
                for (channel, value) in self.at(column, row).into_iter().enumerate() {
                    low[channel] = low[channel].min(value);
                    high[channel] = high[channel].max(value);
                }
            }
        }
        (0..3).map(|channel| high[channel].saturating_sub(low[channel])).max().unwrap_or(0)
    }

    /// The words that tesseract reads, as it spells them. The picture is doubled first: letters on a screen are
    /// smaller than those it learned from.
    ///
    /// # Errors
    /// If tesseract cannot be run.
    pub fn words(&self) -> Result<String> {
        let folder = tempfile::tempdir()?;
        let file = folder.path().join("picture.ppm");
        let mut out = std::io::BufWriter::new(std::fs::File::create(&file)?);
        write!(out, "P6\n{} {}\n255\n", self.width * 2, self.height * 2)?;
        for row in self.rgb.chunks_exact(self.width as usize * 3) {
            let doubled: Vec<u8> = row.chunks_exact(3).flat_map(|pixel| [pixel, pixel].concat()).collect();
            out.write_all(&doubled)?;
            out.write_all(&doubled)?;
        }
        out.flush()?;
        drop(out);
        let output = Command::new("tesseract")
            .arg(&file)
            // Sparse text: windows are no page.
            .args(["stdout", "--psm", "11"])
            .env("OMP_THREAD_LIMIT", "1")
            .output()
            .context("cannot run tesseract: `cargo xtask setup --test` brings it")?;
        if !output.status.success() {
            bail!("tesseract: {}", String::from_utf8_lossy(&output.stderr));
        }
        Ok(String::from_utf8_lossy(&output.stdout).into_owned())
    }
}
