//! The floor that `cargo xtask bench agent` measures the agent against: takes a picture of a display and encodes it, every
//! so many seconds, and does nothing else. Nothing is kept.

#![allow(clippy::expect_used, reason = "a measurement that cannot be made ends with a panic")]

use std::time::Duration;

use candor_sensors::{Area, Backend, Sensors};

fn main() {
    let mut arguments = std::env::args().skip(1);
    let display = arguments.next().expect("a display");
    let every: u64 = arguments.next().and_then(|every| every.parse().ok()).expect("seconds");
    let sensors = Sensors::open(Backend::X11, Some(&display)).expect("a display that answers");
    let area = Area { x: 0, y: 0, width: 1920, height: 1080 };
    // The first half way through: the agent's fall anywhere in a segment.
    std::thread::sleep(Duration::from_secs(every / 2));
    loop {
        let frame = sensors.capture(area).expect("a picture");
        let mut config = webp::WebPConfig::new().expect("a configuration");
        // As the agent encodes (candor_agent::guard::picture).
        (config.quality, config.method) = (75.0, 2);
        let encoder = webp::Encoder::from_rgba(frame.rgba(), area.width, area.height);
        std::hint::black_box(encoder.encode_advanced(&config).expect("a WebP"));
        drop(frame);
        std::thread::sleep(Duration::from_secs(every));
    }
}
