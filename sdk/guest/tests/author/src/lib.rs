//! A collector that does one deed after the other, so that a test can see what the SDK makes of each: what reaches the host,
//! and what comes back.
#![allow(clippy::panic, clippy::indexing_slicing, reason = "panicking is one of the deeds")]

use std::time::Duration;

use candor_sdk::observations::{self, PictureSize, WindowFacts};
use candor_sdk::screen::{self, Scope};
use candor_sdk::{
    Cause, Collector, Error, SettingError, Timestamp, Wake, activity, clock, log, pixels, random, store,
    windows,
};
use serde::Deserialize;

/// What to do when woken.
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Deed {
    /// Panics with a message.
    Panic,
    /// Panics in the standard library.
    Index,
    /// Answers an error that has a source.
    Error,
    /// Asks for every kind of wake.
    Wakes,
    /// Uses log, store, clock and random.
    Base,
    /// Uses every sensor and notes what it got.
    Sensors,
}

/// What can be set.
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct AuthorSettings {
    deed: Deed,
    #[serde(default)]
    size: u8,
}

struct Author {
    deed: Deed,
    calls: u32,
}

impl Collector for Author {
    type Settings = AuthorSettings;

    fn configure(settings: AuthorSettings) -> Result<Self, Vec<SettingError>> {
        if settings.size > 100 {
            return Err(vec![SettingError::new("/size", "At most 100.")]);
        }
        Ok(Self { deed: settings.deed, calls: 0 })
    }

    fn woken(&mut self, cause: Cause) -> Result<Vec<Wake>, Error> {
        self.calls += 1;
        match self.deed {
            Deed::Panic => panic!("on purpose, call {}", self.calls),
            Deed::Index => log::info(&"abc"[self.calls as usize + 3..]),
            Deed::Error => {
                "not a number".parse::<u32>()?;
            }
            Deed::Wakes => return Ok(wakes(cause)),
            Deed::Base => base()?,
            Deed::Sensors => sensors()?,
        }
        Ok(vec![])
    }
}

/// One of each; the first tells what the cause was.
fn wakes(cause: Cause) -> Vec<Wake> {
    let at = match cause {
        Cause::Started => Timestamp::from_millis(1),
        Cause::WindowChanged => Timestamp::from_millis(2),
        Cause::Every(length) => Timestamp::from_millis(3).after(length),
        Cause::At(at) | Cause::Minute(at) | Cause::Segment(at) | Cause::RandomInSegment(at) => at,
    };
    vec![
        Wake::At(at),
        Wake::Every(Duration::from_millis(1_500)),
        Wake::OnWindowChange,
        Wake::OnMinute,
        Wake::OnSegment,
        Wake::AtRandomInSegment,
    ]
}

fn base() -> Result<(), Error> {
    store::set("b", b"two")?;
    store::set("a", b"one")?;
    store::delete("b")?;
    let value = store::get("a")?.map(|bytes| String::from_utf8_lossy(&bytes).into_owned());
    let refused = store::set("", b"").map_err(|e| e.to_string());
    log::warn(&format!("{:?} {value:?} {:?} {refused:?}", store::keys()?, store::get("b")?));
    let passed = clock::monotonic() >= Duration::ZERO && clock::now() > Timestamp::from_millis(0);
    log::debug(&format!("{passed} {}", random::bytes(7).len()));
    Ok(())
}

fn sensors() -> Result<(), Error> {
    let layout = windows::current()?;
    if let Some(window) = layout.focused() {
        observations::focus(window, WindowFacts { app: true, title: false, url: true })?;
    }
    if let Some(minute) = activity::minute_at(Timestamp::from_millis(60_000))? {
        observations::activity(&minute)?;
    }
    let frame = screen::capture(Scope::ActiveMonitor)?;
    let image = pixels::thumbnail(&frame, 2, 2)?;
    let outside = pixels::read(&frame, candor_sdk::Area { x: 900, y: 0, width: 1, height: 1 });
    log::info(&format!(
        "{}x{} of {}x{} with {} covered, {:?}",
        image.width,
        image.height,
        frame.width(),
        frame.height(),
        frame.redactions(),
        outside.map_err(|e| e.to_string())
    ));
    observations::snapshot(frame, PictureSize::Half)?;
    observations::custom("mood", &["fine"])?;
    Ok(())
}

candor_sdk::collector!(Author);
