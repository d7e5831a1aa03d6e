//! The time of day. Inside it is milliseconds since the Unix epoch, UTC; zones appear at the edge, in the pages.

use std::time::{SystemTime, UNIX_EPOCH};

/// Returns the milliseconds since the Unix epoch; 0 if the clock stands before it.
#[must_use]
pub fn now() -> u64 {
    let now = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .map_or(0, |past| u64::try_from(past.as_millis()).unwrap_or(u64::MAX));
    #[cfg(debug_assertions)]
    let now = now.saturating_add_signed(shift::milliseconds());
    now
}

/// A clock that tests set: weeks lock by it. There is none in a release build.
#[cfg(debug_assertions)]
mod shift {
    use std::path::PathBuf;
    use std::sync::OnceLock;

    /// Names a file that holds by how many milliseconds the clock is set ahead, or behind if it is negative.
    const VARIABLE: &str = "CANDOR_TEST_CLOCK";

    pub(super) fn milliseconds() -> i64 {
        static FILE: OnceLock<Option<PathBuf>> = OnceLock::new();
        let file = FILE.get_or_init(|| {
            let file = std::env::var_os(VARIABLE).map(PathBuf::from)?;
            tracing::info!("the clock is set by {}, for a test", file.display());
            Some(file)
        });
        let Some(file) = file else { return 0 };
        let text = std::fs::read_to_string(file).unwrap_or_default();
        text.trim().parse().unwrap_or(0)
    }
}
