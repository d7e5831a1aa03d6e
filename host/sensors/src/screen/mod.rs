//! The screen's pixels.
//!
//! The X server writes them into shared memory that is made for one capture ([`shared_memory`]). They are copied once,
//! into the frame's own buffer, and turned into RGBA there ([`pixels`]). The shared memory is cleared at once, the
//! frame when it is dropped. Without shared memory (a remote display) they come over the connection, and the buffer
//! that received them is cleared as well.

mod pixels;
mod shared_memory;

use x11rb::connection::{Connection as _, RequestConnection as _};
use x11rb::protocol::shm::{self, ConnectionExt as _};
use x11rb::protocol::xproto::{ConnectionExt as _, ImageFormat};
use x11rb::rust_connection::RustConnection;
use zeroize::Zeroizing;

use self::pixels::PixelLayout;
use self::shared_memory::SharedMemory;
use crate::area::{Area, Monitor};
use crate::error::SensorError;
use crate::frame::{LARGEST_SIDE, RawFrame};
use crate::{clock, display};

/// The length of what precedes the pixels in the X server's reply, bytes.
const REPLY_HEAD_BYTES: usize = 32;

/// Captures parts of the desktop.
#[derive(Debug)]
pub struct X11Screen {
    connection: RustConnection,
    root: u32,
    layout: PixelLayout,
    /// Whether the X server accepts shared memory.
    can_share_memory: bool,
}

impl X11Screen {
    /// Opens a connection of its own; `None` means `$DISPLAY`.
    ///
    /// # Errors
    /// If the display cannot be opened, or its pixels have a form that cannot be read.
    pub fn open(display: Option<&str>) -> Result<Self, SensorError> {
        let (connection, root) = display::open(display)?;
        let layout = PixelLayout::of(connection.setup(), root)?;
        let can_share_memory = takes_shared_memory(&connection)?;
        Ok(Self { connection, root, layout, can_share_memory })
    }

    /// Returns the connection's socket, by which the connection can be closed while a capture waits.
    pub(crate) fn duplicate_socket(&self) -> Result<std::os::fd::OwnedFd, SensorError> {
        rustix::io::dup(self.connection.stream())
            .map_err(|error| SensorError::System { what: "cannot keep a line", source: error.into() })
    }

    /// Returns the monitors as they are now.
    ///
    /// # Errors
    /// [`SensorError::DisplayLost`] if the X server is gone.
    pub fn monitors(&self) -> Result<Vec<Monitor>, SensorError> {
        display::monitors(&self.connection, self.root)
    }

    /// Whether captures go through shared memory; otherwise they take several times as long.
    #[must_use]
    pub fn shares_memory(&self) -> bool {
        self.can_share_memory
    }

    /// Captures `area` as it is at one instant, without the pointer. Blocks (about 10 ms for 1920x1080): do not call it
    /// on an async thread.
    ///
    /// # Errors
    /// [`SensorError::BadArea`] if the area is empty, too large or not wholly on the desktop;
    /// [`SensorError::DisplayLost`] if the X server is gone.
    pub fn capture(&mut self, area: Area) -> Result<RawFrame, SensorError> {
        let request = self.check_area(area)?;
        let taken_at = clock::wall_clock_ms();
        let rgba = if self.can_share_memory { self.capture_shared(request)? } else { None };
        let mut rgba = match rgba {
            Some(rgba) => rgba,
            None => self.capture_sent(request)?,
        };
        self.layout.to_rgba(&mut rgba);
        Ok(RawFrame::new(area, taken_at, rgba))
    }

    /// Checks an area. Returns the request to capture it.
    fn check_area(&self, area: Area) -> Result<CaptureRequest, SensorError> {
        let Area { x, y, width, height } = area;
        let bad = SensorError::BadArea { x, y, width, height, limit: LARGEST_SIDE };
        let whole = self.connection.get_geometry(self.root)?.reply()?;
        let whole = Area { x: 0, y: 0, width: u32::from(whole.width), height: u32::from(whole.height) };
        if area.is_empty() || width > LARGEST_SIDE || height > LARGEST_SIDE || !whole.contains(area) {
            return Err(bad);
        }
        let request = || {
            let bytes =
                usize::try_from(width).ok()?.checked_mul(usize::try_from(height).ok()?)?.checked_mul(4)?;
            Some(CaptureRequest {
                x: x.try_into().ok()?,
                y: y.try_into().ok()?,
                width: width.try_into().ok()?,
                height: height.try_into().ok()?,
                bytes,
            })
        };
        request().ok_or(bad)
    }

    /// Captures through shared memory; `None` if the X server refuses it, which is remembered.
    fn capture_shared(&mut self, request: CaptureRequest) -> Result<Option<Zeroizing<Vec<u8>>>, SensorError> {
        let (memory, file) = SharedMemory::new(request.bytes)?;
        let connection = &self.connection;
        let id = connection.generate_id()?;
        let attached = connection.shm_attach_fd(id, file, false)?;
        match attached.check() {
            Ok(()) => {}
            Err(x11rb::errors::ReplyError::X11Error(error)) => {
                tracing::info!(error = ?error.error_kind, "the X server takes no shared memory: captures will be slower");
                self.can_share_memory = false;
                return Ok(None);
            }
            Err(error) => return Err(error.into()),
        }
        let CaptureRequest { x, y, width, height, bytes } = request;
        let format = ImageFormat::Z_PIXMAP.into();
        let asked = connection.shm_get_image(self.root, x, y, width, height, u32::MAX, format, id, 0)?;
        // It is detached at once, whatever comes of the capture.
        connection.shm_detach(id)?.ignore_error();
        let got = asked.reply()?;
        if usize::try_from(got.size).ok() != Some(bytes) {
            return Err(SensorError::PixelFormat(format!("{} bytes for {width}x{height} pixels", got.size)));
        }
        let mut rgba = Zeroizing::new(vec![0; bytes]);
        memory.copy_to(&mut rgba);
        Ok(Some(rgba))
    }

    /// Captures over the connection.
    fn capture_sent(&self, request: CaptureRequest) -> Result<Zeroizing<Vec<u8>>, SensorError> {
        let CaptureRequest { x, y, width, height, bytes } = request;
        let asked =
            self.connection.get_image(ImageFormat::Z_PIXMAP, self.root, x, y, width, height, u32::MAX)?;
        // Not parsed: a parsed reply would be a second copy, and the first one would never be cleared.
        let reply = Zeroizing::new(asked.raw_reply()?);
        let pixels = reply.get(REPLY_HEAD_BYTES..).and_then(|pixels| pixels.get(..bytes));
        let pixels =
            pixels.ok_or_else(|| SensorError::PixelFormat(format!("{} bytes in all", reply.len())))?;
        Ok(Zeroizing::new(pixels.to_vec()))
    }
}

/// An area as the X server takes it, with its size in bytes.
#[derive(Debug, Clone, Copy)]
struct CaptureRequest {
    x: i16,
    y: i16,
    width: u16,
    height: u16,
    bytes: usize,
}

/// Whether the X server accepts memory as a descriptor: MIT-SHM 1.2, over a local socket.
fn takes_shared_memory(connection: &RustConnection) -> Result<bool, SensorError> {
    let is_local = rustix::net::getsockname(connection.stream())
        .is_ok_and(|address| address.address_family() == rustix::net::AddressFamily::UNIX);
    if !is_local || connection.extension_information(shm::X11_EXTENSION_NAME)?.is_none() {
        return Ok(false);
    }
    let version = connection.shm_query_version()?.reply()?;
    Ok((version.major_version, version.minor_version) >= (1, 2))
}
