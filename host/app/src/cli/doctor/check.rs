//! The result of one check.

use candor_protocol::Check;

/// Returns a check that found nothing wrong.
pub(super) fn passed(name: &str, found: impl Into<String>) -> Check {
    Check { name: name.into(), ok: true, found: found.into(), advice: None }
}

/// Returns a check that found something wrong, with what to do.
pub(super) fn failed(name: &str, found: impl Into<String>, advice: impl Into<String>) -> Check {
    Check { name: name.into(), ok: false, found: found.into(), advice: Some(advice.into()) }
}
