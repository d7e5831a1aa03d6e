//! A collector in Rust without the SDK, straight from the WIT: it notes a heartbeat at a fixed interval.
//!
//! It shows everything that the SDK otherwise does: bindings from wit/, settings read and refused by hand, state in a
//! cell, and the export. It needs no grant, because it asks no sensor: what it notes is a custom observation, shown to
//! both sides as the plugin's own word.
//!
//! Settings: a number of seconds as JSON text, such as `30`; nothing, `null` or `{}` for 60.

// The generated code is unsafe where it crosses the component's border, and comes without docs of its own.
#[allow(unsafe_code, missing_docs, unreachable_pub, clippy::all, reason = "generated from wit/")]
mod bindings {
    wit_bindgen::generate!({
        // The contract first, then this plugin's own world, which refers to it.
        path: ["../../wit", "wit"],
        world: "candor:example-collector-rust-raw/heartbeat",
        generate_all,
    });
}

#[cfg(target_arch = "wasm32")]
mod component;

/// How long between two heartbeats where the settings do not say, in seconds.
pub const DEFAULT_SECONDS: u64 = 60;

/// Reads the settings: the seconds between two heartbeats.
///
/// # Errors
/// What is wrong, in a sentence for the person who wrote the settings.
pub fn interval(settings: &str) -> Result<u64, String> {
    match settings.trim() {
        "" | "null" | "{}" => Ok(DEFAULT_SECONDS),
        // The host allows 120 observations a minute and no shorter interval than a second.
        text => match text.parse() {
            Ok(seconds @ 1..=86_400) => Ok(seconds),
            _ => Err("Give the seconds between two heartbeats, from 1 to 86400, such as `30`.".to_owned()),
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_interval_is_a_number_of_seconds() {
        for (text, expected) in
            [("", Some(60)), ("null", Some(60)), ("{}", Some(60)), ("30", Some(30)), (" 1\n", Some(1))]
        {
            assert_eq!(interval(text).ok(), expected, "{text:?}");
        }
        for text in ["0", "-5", "1.5", "86401", "often", "[]"] {
            assert!(interval(text).is_err(), "{text:?}");
        }
    }
}
