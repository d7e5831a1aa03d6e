//! What this machine has: the counter's program, disk, memory, processor.

use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use candor_diary::plain;
use candor_protocol::Check;

use super::check::{failed, passed};
use crate::launch::sibling_program;

/// Free bytes on the disk below which pictures may soon not fit.
const DISK: u64 = 1 << 30;
/// Free memory in bytes below which a picture may be too much.
const MEMORY: u64 = 256 << 20;
/// Load a processor over five minutes above which things are late.
const LOAD: f64 = 1.5;

pub(super) fn checks(data: &Path) -> Vec<Check> {
    vec![counting(), disk(data), memory(), load()]
}

fn counting() -> Check {
    let program = sibling_program("candor-counter");
    let runs = std::fs::metadata(&program)
        .is_ok_and(|found| found.is_file() && found.permissions().mode() & 0o111 != 0);
    if runs {
        // Whether it counts is the agent's to say: its check takes the place of this one.
        return passed("counting", "the counter's program is there");
    }
    failed(
        "counting",
        format!("the counter's program {} is not there or cannot be run", program.display()),
        "Install `candor-counter` beside `candor`. Until then time is kept, activity shows as 'no evidence'.",
    )
}

fn disk(data: &Path) -> Check {
    // The folder may not be there yet: then it will be on the disk of the nearest one that is.
    let Some(there) = data.ancestors().find(|folder| folder.exists()) else {
        return failed(
            "disk",
            format!("{} cannot be reached", data.display()),
            "Name another folder with --data.",
        );
    };
    match rustix::fs::statvfs(there) {
        Ok(found) => {
            let free = found.f_bavail.saturating_mul(found.f_frsize);
            let words = format!("{} free at {}", size(free), there.display());
            if free >= DISK {
                return passed("disk", words);
            }
            failed(
                "disk",
                words,
                "Make room: on a full disk no picture is kept. Time goes on as long as it can.",
            )
        }
        Err(error) => failed(
            "disk",
            format!("{} cannot be looked at ({error})", there.display()),
            "Name another folder with --data.",
        ),
    }
}

fn memory() -> Check {
    let text = std::fs::read_to_string("/proc/meminfo").unwrap_or_default();
    match kilobytes(&text, "MemAvailable:").map(|kb| kb.saturating_mul(1_024)) {
        None => failed("memory", "how much is free cannot be read", "Check that /proc is mounted."),
        Some(free) if free < MEMORY => {
            failed("memory", format!("{} free", size(free)), "End programs that you do not need.")
        }
        Some(free) => passed("memory", format!("{} free", size(free))),
    }
}

/// A size as `51.5 GB`: what a machine has is more than a picture's kilobytes.
fn size(bytes: u64) -> String {
    if bytes < 1_000_000_000 {
        return plain::size(bytes);
    }
    let tenths = bytes / 100_000_000;
    format!("{}.{} GB", tenths / 10, tenths % 10)
}

/// A figure of /proc/meminfo.
fn kilobytes(text: &str, name: &str) -> Option<u64> {
    text.lines().find_map(|line| line.strip_prefix(name))?.split_whitespace().next()?.parse().ok()
}

fn load() -> Check {
    let text = std::fs::read_to_string("/proc/loadavg").unwrap_or_default();
    let five: Option<f64> = text.split_whitespace().nth(1).and_then(|figure| figure.parse().ok());
    let processors = std::thread::available_parallelism().map_or(1, usize::from);
    let Some(five) = five else {
        return failed("load", "the processor's load cannot be read", "Check that /proc is mounted.");
    };
    let words = format!(
        "{five:.1} over 5 minutes, {processors} {}",
        if processors == 1 { "processor" } else { "processors" }
    );
    #[allow(clippy::cast_precision_loss, reason = "a number of processors")]
    if five > LOAD * processors as f64 {
        return failed(
            "load",
            words,
            "The computer is busy, so some pictures may be skipped. Your time is kept.",
        );
    }
    passed("load", words)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn figures_are_read_from_the_kernels_own_files() {
        let text = "MemTotal:  100 kB\nMemAvailable:   8123456 kB\n";
        assert_eq!(kilobytes(text, "MemAvailable:"), Some(8_123_456));
        assert_eq!(kilobytes("", "MemAvailable:"), None);
        assert_eq!(size(51_554_500_000), "51.5 GB");
        assert_eq!(size(214_000), "214 kB");
        assert!(disk(Path::new("/proc/no/such/folder/candor")).found.contains("/proc"));
        assert!(load().found.contains("processor"));
    }
}
