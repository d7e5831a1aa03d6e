//! How long the computer slept.

use rustix::time::{ClockId, clock_gettime};

/// Returns how many milliseconds the computer has slept since it was started, in total. Only sleep makes it grow: what
/// the wall clock gained beyond the steady clock *and* beyond this, it was set by.
///
/// It is the difference between the kernel's clock that counts sleep (`CLOCK_BOOTTIME`) and the one that does not
/// (`CLOCK_MONOTONIC`). They are read one after the other, so ignore a change of less than 10 ms.
#[must_use]
pub fn asleep_ms() -> u64 {
    // The clock that must not be larger is read first: time that passes in between does no harm.
    let awake = clock_gettime(ClockId::Monotonic);
    let all = clock_gettime(ClockId::Boottime);
    let ms = |time: rustix::time::Timespec| {
        let seconds = u64::try_from(time.tv_sec).unwrap_or(0);
        let part = u64::try_from(time.tv_nsec).unwrap_or(0) / 1_000_000;
        seconds.saturating_mul(1_000).saturating_add(part)
    };
    ms(all).saturating_sub(ms(awake))
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, Instant};

    use super::*;

    #[test]
    fn time_awake_is_not_time_asleep() {
        let (before, begun) = (asleep_ms(), Instant::now());
        std::thread::sleep(Duration::from_millis(120));
        let grown = asleep_ms().saturating_sub(before);
        // The steady clock does not count sleep either: should this machine sleep in just this moment, both stand still.
        assert!(grown < 60, "{grown} ms in {:?}", begun.elapsed());
    }

    #[test]
    fn it_agrees_with_what_the_kernel_tells_by_another_way() {
        // The first number of /proc/uptime counts sleep, the trace clock's reading of 'now' does not: since both start
        // at boot, time asleep can be no more than the first.
        let uptime = std::fs::read_to_string("/proc/uptime").expect("Linux tells its uptime");
        let seconds: f64 = uptime.split(' ').next().and_then(|number| number.parse().ok()).expect("a number");
        #[expect(clippy::cast_precision_loss, reason = "some days of milliseconds fit")]
        let asleep = asleep_ms() as f64 / 1_000.0;
        assert!(asleep <= seconds, "{asleep} s asleep of {seconds} s");
    }
}
