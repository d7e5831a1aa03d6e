//! The log: lines on standard error, which is a file if the window started the agent.

use candor_diary::plain;
use tracing_subscriber::EnvFilter;

use crate::log_file::Log;

/// Starts it. `CANDOR_LOG` says what is logged, such as `debug`; if it is not set, `default` does.
pub fn start(default: &str) {
    let filter = EnvFilter::try_from_env("CANDOR_LOG").unwrap_or_else(|_| EnvFilter::new(default));
    // A line that cannot be written, such as on a full disk, is lost. To say that, too, on standard error would be a
    // panic in whatever wrote the line: the tracker, say.
    tracing_subscriber::fmt()
        .with_env_filter(filter)
        // One line each, whatever texts of plugins and servers are in it.
        .with_writer(|| plain::LogLine(Log))
        .log_internal_errors(false)
        .init();
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn invariant_09_a_log_on_a_full_disk_stops_nothing() {
        let full = std::fs::File::options().write(true).open("/dev/full").unwrap();
        let status = std::process::Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "log::tests::in_a_process_of_its_own", "--nocapture"])
            .env("CANDOR_TEST_LOG", "full")
            .stderr(full)
            .status()
            .unwrap();
        assert!(status.success());
    }

    /// The child of the test above; does nothing by itself.
    #[test]
    fn in_a_process_of_its_own() {
        if std::env::var_os("CANDOR_TEST_LOG").is_none() {
            return;
        }
        start("info");
        tracing::warn!("the disk is full");
    }
}
