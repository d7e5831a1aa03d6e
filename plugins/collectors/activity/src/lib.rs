//! Records how many key presses, clicks and scrolls each minute had. Never which key or where: the host counts, and this
//! plugin only says that the counts are to be kept.

use candor_sdk::observations::{self, NoteError};
use candor_sdk::{Cause, Collector, Denied, Error, NoSettings, SettingError, Timestamp, Wake, activity};

/// Records the counts of each minute.
#[derive(Debug)]
pub struct Activity;

impl Collector for Activity {
    type Settings = NoSettings;

    fn configure(NoSettings {}: NoSettings) -> Result<Self, Vec<SettingError>> {
        Ok(Self)
    }

    fn woken(&mut self, cause: Cause) -> Result<Vec<Wake>, Error> {
        if let Cause::Minute(start) = cause {
            record(start)?;
        }
        Ok(vec![Wake::OnMinute])
    }
}

fn record(start: Timestamp) -> Result<(), Error> {
    let minute = match activity::minute_at(start) {
        Ok(Some(minute)) => minute,
        // The counter did not run, or nothing was tracked: a gap, and the host knows of it already.
        Ok(None) | Err(Denied::NotTracking) => return Ok(()),
        Err(error) => return Err(error.into()),
    };
    match observations::activity(&minute) {
        // Tracking stopped meanwhile.
        Ok(()) | Err(NoteError::NotTracking) => Ok(()),
        Err(error) => Err(error.into()),
    }
}

candor_sdk::collector!(Activity);
