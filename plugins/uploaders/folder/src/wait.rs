//! How long the host waits before it hands a parcel over again.

use std::time::Duration;

/// After the folder or the store could not be written.
pub(crate) const RETRY: Duration = Duration::from_mins(1);
/// After the folder's disk was full.
pub(crate) const RETRY_FULL: Duration = Duration::from_mins(10);
