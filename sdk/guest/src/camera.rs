//! Permission `camera`: take a picture with the webcam.

use crate::bindings::imports::camera as raw;
use crate::frame::Frame;
use crate::types::Denied;

/// Takes a picture. Returns after the guard has judged it.
///
/// # Errors
/// Why there is no picture.
pub fn capture() -> Result<Frame, Denied> {
    raw::capture().map(Into::into).map_err(Into::into)
}
