//! Progress, the time, and how measured times are told.

use serde_json::json;

/// Says on standard error what is going on.
pub(crate) fn print_progress(text: impl std::fmt::Display) {
    eprintln!("bench-backoffice: {text}");
}

/// The time in milliseconds since the epoch.
pub(crate) fn now() -> u64 {
    let past = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap_or_default();
    u64::try_from(past.as_millis()).unwrap_or(u64::MAX)
}

/// Half, 99 of a hundred and the longest of these times, in milliseconds with two decimals.
pub(crate) fn percentiles(mut times: Vec<std::time::Duration>) -> serde_json::Value {
    times.sort_unstable();
    let at = |percent: usize| {
        let nth = (times.len() * percent / 100).min(times.len().saturating_sub(1));
        times.get(nth).map_or(0.0, |time| (time.as_secs_f64() * 1e5).round() / 100.0)
    };
    json!({ "p50_ms": at(50), "p99_ms": at(99), "longest_ms": at(100) })
}
