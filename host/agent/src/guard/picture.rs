//! Encodes masked frames. WebP at quality 75, method 2: half the bytes of JPEG and cheap enough to go unnoticed.

use candor_diary::parcel::{Redaction, Snapshot};
use candor_sandbox::host_traits::FrameView;
use candor_sandbox::model::PictureSize;
use fast_image_resize::images::{Image, ImageRef};
use fast_image_resize::{PixelType, Resizer};

use crate::guard::frame::MaskedFrame;

const QUALITY: f32 = 75.0;
const METHOD: i32 = 2;

/// Why a picture could not be encoded.
#[derive(Debug, thiserror::Error)]
#[error("the picture could not be encoded: {0}")]
pub struct EncodeError(String);

/// Encodes a masked frame: the bytes, and what the parcel says of them. Takes tens of milliseconds: not for an async
/// thread.
///
/// # Errors
/// If the encoder refuses, such as a frame over 16,383 pixels a side.
pub fn encode(frame: &MaskedFrame, size: PictureSize) -> Result<(Vec<u8>, Snapshot), EncodeError> {
    let halved;
    let (width, height, rgba, redactions): (u32, u32, &[u8], Vec<Redaction>) = match size {
        PictureSize::Full => (frame.width(), frame.height(), frame.rgba(), frame.covered().to_vec()),
        PictureSize::Half => {
            halved = half(frame)?;
            (halved.width(), halved.height(), halved.buffer(), frame.covered().iter().map(halve).collect())
        }
    };
    let encoded = webp::Encoder::from_rgba(rgba, width, height)
        .encode_advanced(&config()?)
        .map_err(|error| EncodeError(format!("{error:?}")))?;
    let bytes = encoded.to_vec();
    let facts = Snapshot {
        at: frame.taken_at(),
        sha256: candor_seal::sha256_hex(&bytes),
        media_type: "image/webp".into(),
        width,
        height,
        bytes: bytes.len() as u64,
        monitors: u32::try_from(frame.monitors().len()).unwrap_or(u32::MAX),
        redactions,
        focus: frame.focus().cloned(),
    };
    Ok((bytes, facts))
}

/// Encodes a masked frame at most `max_width` pixels wide, for somebody to look at: the bytes, and what is covered in
/// them.
///
/// # Errors
/// If the encoder refuses.
pub fn encode_small(frame: &MaskedFrame, max_width: u32) -> Result<(Vec<u8>, Vec<Redaction>), EncodeError> {
    let (width, height) = (frame.width(), frame.height());
    let small = if width <= max_width {
        None
    } else {
        let scaled = u64::from(height) * u64::from(max_width) / u64::from(width);
        Some(resized(frame, max_width, u32::try_from(scaled).unwrap_or(1).max(1))?)
    };
    let (w, h, rgba) = match &small {
        Some(image) => (image.width(), image.height(), image.buffer()),
        None => (width, height, frame.rgba()),
    };
    let scale = |value: u32| u32::try_from(u64::from(value) * u64::from(w) / u64::from(width)).unwrap_or(0);
    let redactions = frame.covered().iter().map(|r| Redaction {
        x: scale(r.x),
        y: scale(r.y),
        width: scale(r.width),
        height: scale(r.height),
        ..*r
    });
    let bytes = webp::Encoder::from_rgba(rgba, w, h)
        .encode_advanced(&config()?)
        .map_err(|error| EncodeError(format!("{error:?}")))?
        .to_vec();
    Ok((bytes, redactions.collect()))
}

fn config() -> Result<webp::WebPConfig, EncodeError> {
    let mut config = webp::WebPConfig::new().map_err(|()| EncodeError("no configuration".into()))?;
    config.quality = QUALITY;
    config.method = METHOD;
    Ok(config)
}

fn half(frame: &MaskedFrame) -> Result<Image<'static>, EncodeError> {
    resized(frame, (frame.width() / 2).max(1), (frame.height() / 2).max(1))
}

fn resized(frame: &MaskedFrame, width: u32, height: u32) -> Result<Image<'static>, EncodeError> {
    let text = |error: &dyn std::fmt::Display| EncodeError(error.to_string());
    let source =
        ImageRef::new(frame.width(), frame.height(), frame.rgba(), PixelType::U8x4).map_err(|e| text(&e))?;
    let mut target = Image::new(width, height, PixelType::U8x4);
    Resizer::new().resize(&source, &mut target, None).map_err(|e| text(&e))?;
    Ok(target)
}

/// Returns the same place in the halved picture; grown to whole pixels.
fn halve(r: &Redaction) -> Redaction {
    let (x, y) = (r.x / 2, r.y / 2);
    Redaction {
        x,
        y,
        width: (r.x + r.width).div_ceil(2).saturating_sub(x),
        height: (r.y + r.height).div_ceil(2).saturating_sub(y),
        ..*r
    }
}
