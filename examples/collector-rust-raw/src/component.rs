//! The component's exports. Only in wasm: natively there is no host to call.

use std::cell::Cell;

use crate::bindings::candor::plugin::clock;
use crate::bindings::candor::plugin::log::{self, Level};
use crate::bindings::candor::plugin::observations::{self, Custom, NoteError, Observation};
use crate::bindings::exports::candor::plugin::collecting::{self, Cause, Wake};
use crate::bindings::exports::candor::plugin::setup::{self, SettingError};

thread_local! {
    /// Seconds between two heartbeats. An instance is configured once and lives until it traps; a component has one
    /// thread, so a cell is enough.
    static SECONDS: Cell<u64> = const { Cell::new(crate::DEFAULT_SECONDS) };
}

struct Heartbeat;

impl setup::Guest for Heartbeat {
    fn configure(settings: String) -> Result<(), Vec<SettingError>> {
        // The place is a JSON pointer; the settings are a single number here, so it is empty: the settings as a whole.
        let seconds = crate::interval(&settings)
            .map_err(|reason| vec![SettingError { place: String::new(), reason }])?;
        SECONDS.set(seconds);
        Ok(())
    }
}

impl collecting::Guest for Heartbeat {
    fn woken(cause: Cause) -> Result<Vec<Wake>, String> {
        match cause {
            // Always the first cause: nothing to do but to say when to be woken.
            Cause::Started => log::write(Level::Info, &format!("a heartbeat every {} s", SECONDS.get())),
            Cause::Every(_) => beat()?,
            // Nothing else was asked for.
            _ => {}
        }
        // What is returned replaces the earlier wakes, so it is the same each time.
        Ok(vec![Wake::Every(SECONDS.get() * 1_000)])
    }
}

fn beat() -> Result<(), String> {
    let body = format!(r#"{{"uptime-ms":{}}}"#, clock::monotonic());
    // An observation goes over by value: a frame in one would be used up.
    match observations::note(Observation::Custom(Custom { kind: "heartbeat".to_owned(), body })) {
        // Not tracking means that nothing is recorded; that is no failure of this plugin.
        Ok(()) | Err(NoteError::NotTracking) => Ok(()),
        // An error goes into the plugin's log; the earlier wakes stay.
        Err(error) => Err(format!("the heartbeat was not taken: {error}")),
    }
}

#[allow(unsafe_code, reason = "the exported functions take pointers from across the component's border")]
mod export {
    use super::Heartbeat;

    crate::bindings::export!(Heartbeat with_types_in crate::bindings);
}
