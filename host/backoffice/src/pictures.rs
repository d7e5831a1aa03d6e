//! Looks whether an attachment is the picture that it is said to be: whole, of its format and size, and no bomb. Nothing is
//! decoded before its header says how much memory that takes, and no more is in use for it than
//! [`limits::PICTURE_MEMORY_MIB`] at once.

use std::fs::File;
use std::io::{BufRead, BufReader, Seek};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use image::codecs::jpeg::JpegDecoder;
use image::codecs::png::PngDecoder;
use image::codecs::webp::WebPDecoder;
use image::{ImageDecoder, ImageFormat, Limits};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::limits;

/// What a picture is, by its own bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PictureFacts {
    /// Its media type, one of those that pages show.
    pub media_type: &'static str,
    /// Its width, in pixels.
    pub width: u32,
    /// Its height, in pixels.
    pub height: u32,
}

impl PictureFacts {
    /// Checks that this is what was said of it.
    ///
    /// # Errors
    /// [`PictureError::Bad`] if it is not.
    pub fn agree(&self, media_type: &str, width: u32, height: u32) -> Result<(), PictureError> {
        if self.media_type != media_type {
            return Err(BadPicture::OtherType { found: self.media_type }.into());
        }
        if (self.width, self.height) != (width, height) {
            return Err(BadPicture::OtherSize { width: self.width, height: self.height }.into());
        }
        Ok(())
    }
}

/// An attachment is not the picture that it is said to be.
#[derive(Debug, thiserror::Error)]
pub enum BadPicture {
    /// It is something else, or of a format that pages do not show.
    #[error("The attachment is no picture in WebP, PNG or JPEG.")]
    NoPicture,
    /// It moves: a picture of a screen is of one moment.
    #[error("The attachment is a moving picture.")]
    Moving,
    /// It is of another format than was said.
    #[error("The attachment is {found}, not what it was sent as.")]
    OtherType {
        /// The media type that it has.
        found: &'static str,
    },
    /// It is of another size than was said.
    #[error("The picture has {width} × {height} pixels, not as many as the parcel says.")]
    OtherSize {
        /// The width that it has, in pixels.
        width: u32,
        /// The height that it has, in pixels.
        height: u32,
    },
    /// To show it would take more memory than a picture may.
    #[error("The picture has {width} × {height} pixels, more than the back office takes.")]
    TooLarge {
        /// Its width, in pixels.
        width: u32,
        /// Its height, in pixels.
        height: u32,
    },
    /// It cannot be read to its end.
    #[error("The picture is damaged: {0}.")]
    Damaged(String),
}

/// Why a picture was not looked at to the end.
#[derive(Debug, thiserror::Error)]
pub enum PictureError {
    /// It is not to be kept.
    #[error(transparent)]
    Bad(#[from] BadPicture),
    /// Its file could not be read, or the thread that did so ended.
    #[error("a picture could not be looked at: {0}")]
    Io(#[from] std::io::Error),
}

/// The memory in which pictures are looked at.
#[derive(Clone, Debug)]
pub struct PictureMemory(Arc<Semaphore>);

impl Default for PictureMemory {
    fn default() -> Self {
        Self(Arc::new(Semaphore::new(limits::PICTURE_MEMORY_MIB as usize)))
    }
}

impl PictureMemory {
    /// Reads a whole picture that was sent as `claimed`, off the async threads. Waits for others that are looked at.
    ///
    /// # Errors
    /// [`PictureError`] if it is not what it is said to be, or cannot be read.
    pub async fn check_whole(&self, path: &Path, claimed: &str) -> Result<PictureFacts, PictureError> {
        let (file, said) = (path.to_owned(), claimed.to_owned());
        let (facts, mib) = blocking(move || {
            let opened = OpenPicture::open(&file)?;
            if opened.facts.media_type != said {
                return Err(BadPicture::OtherType { found: opened.facts.media_type }.into());
            }
            Ok((opened.facts, opened.mib()))
        })
        .await?;
        let turn = Arc::clone(&self.0).acquire_many_owned(mib.min(limits::PICTURE_MEMORY_MIB)).await;
        let turn = turn.map_err(std::io::Error::other)?;
        let file = path.to_owned();
        blocking(move || read_to_end(&file, turn)).await?;
        Ok(facts)
    }
}

/// Reads the header of a picture that was read whole before.
///
/// # Errors
/// [`PictureError`] as there.
pub async fn read_facts(path: PathBuf) -> Result<PictureFacts, PictureError> {
    blocking(move || Ok(OpenPicture::open(&path)?.facts)).await
}

async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, PictureError> + Send + 'static,
) -> Result<T, PictureError> {
    tokio::task::spawn_blocking(work).await.map_err(std::io::Error::other)?
}

/// The turn goes with the work: whoever asked may have gone, and the memory is in use all the same.
fn read_to_end(path: &Path, turn: OwnedSemaphorePermit) -> Result<(), PictureError> {
    let opened = OpenPicture::open(path)?;
    let mut pixels = vec![0; usize::try_from(opened.bytes).map_err(std::io::Error::other)?];
    let read = opened.decoder.read_image_boxed(&mut pixels);
    drop(pixels);
    drop(turn);
    read.map_err(|e| damaged(&e))?;
    Ok(())
}

fn damaged(error: &image::ImageError) -> PictureError {
    BadPicture::Damaged(candor_diary::plain::short_line(&error.to_string())).into()
}

/// A picture of which the header was read.
struct OpenPicture {
    facts: PictureFacts,
    /// How much its pixels take, in bytes.
    bytes: u64,
    decoder: Box<dyn ImageDecoder>,
}

impl OpenPicture {
    fn open(path: &Path) -> Result<Self, PictureError> {
        let mut file = BufReader::new(File::open(path)?);
        let format = image::guess_format(file.fill_buf()?).map_err(|_| BadPicture::NoPicture)?;
        let (media_type, decoder) = decoder(format, file)?;
        let (width, height) = decoder.dimensions();
        let bytes = decoder.total_bytes();
        let within = u64::from(width) * u64::from(height) <= limits::PICTURE_PIXELS
            && bytes <= limits::PICTURE_BYTES_DECODED;
        if !within || width == 0 || height == 0 {
            return Err(BadPicture::TooLarge { width, height }.into());
        }
        Ok(Self { facts: PictureFacts { media_type, width, height }, bytes, decoder })
    }

    /// How much memory it takes to read it, in MiB: decoders need about as much beside the pixels. At least a share, so
    /// that few are read at once.
    fn mib(&self) -> u32 {
        let mib = (2 * self.bytes).div_ceil(1024 * 1024);
        u32::try_from(mib).unwrap_or(u32::MAX).max(limits::PICTURE_SHARE_MIB)
    }
}

/// Reads a header. Returns the media type and what reads the rest.
fn decoder(
    format: ImageFormat,
    file: impl BufRead + Seek + 'static,
) -> Result<(&'static str, Box<dyn ImageDecoder>), PictureError> {
    let refused = |e: image::ImageError| damaged(&e);
    match format {
        ImageFormat::WebP => {
            let decoder = WebPDecoder::new(file).map_err(refused)?;
            if decoder.has_animation() {
                return Err(BadPicture::Moving.into());
            }
            Ok(("image/webp", Box::new(decoder)))
        }
        ImageFormat::Png => {
            // What stands beside the pixels, such as a colour profile, can be a bomb of its own.
            let mut beside = Limits::no_limits();
            beside.max_alloc = Some(limits::PICTURE_BESIDE_BYTES);
            let decoder = PngDecoder::with_limits(file, beside).map_err(refused)?;
            if decoder.is_apng().map_err(refused)? {
                return Err(BadPicture::Moving.into());
            }
            Ok(("image/png", Box::new(decoder)))
        }
        ImageFormat::Jpeg => Ok(("image/jpeg", Box::new(JpegDecoder::new(file).map_err(refused)?))),
        _ => Err(BadPicture::NoPicture.into()),
    }
}
