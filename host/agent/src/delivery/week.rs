//! What the back office has of this week beyond what this device knows: a contract may be worked on from several.

use std::sync::Arc;
use std::time::Duration;

use candor_diary::calendar::week_of;
use candor_diary::segment::MINUTE_MS;
use candor_diary::wire::WeekAnswer;
use candor_sandbox::host_traits::Secrets;
use candor_sandbox::{HttpGrant, probe_as};
use parking_lot::Mutex;

use crate::delivery::server_clock::ServerClock;
use crate::segments::error::CloseError;
use crate::segments::history::{Elsewhere, delivered_ms};
use crate::segments::ledger::SegmentLedger;

/// How long the back office may take to answer.
const LIMIT: Duration = Duration::from_secs(10);

/// How many minutes a week has.
const WEEK_MINUTES: u64 = 7 * 24 * 60;

/// Asks the back office that a session is enrolled at.
pub struct WeekSource {
    /// The back office's address, as the enrolment has it.
    pub server: String,
    /// What the uploader was granted: this asks the way it does.
    pub grants: Vec<HttpGrant>,
    /// Keeps the token that the back office knows the device by.
    pub secrets: Arc<dyn Secrets>,
    /// What was found last.
    pub found: Arc<OtherDevices>,
    /// Hears what time it is there.
    pub clock: Arc<ServerClock>,
}

/// What was found last.
#[derive(Debug, Default)]
pub struct OtherDevices(Mutex<Option<Elsewhere>>);

impl OtherDevices {
    /// What was billed from other devices, where the back office was reached.
    #[must_use]
    pub fn now(&self) -> Option<Elsewhere> {
        *self.0.lock()
    }
}

impl WeekSource {
    /// Asks. If the back office is not reached, or changes of this device are still on their way, what was known stays.
    ///
    /// # Errors
    /// If the journal could not be read.
    pub async fn look(&self, ledger: &SegmentLedger) -> Result<(), CloseError> {
        let (from, to) = week_of(ledger.shared.clock.now());
        let Some(ours) = delivered_ms(ledger, from, to).await? else { return Ok(()) };
        let url = format!("{}/api/v1/week", self.server.trim_end_matches('/'));
        let answer =
            match probe_as(&url, &self.grants, Arc::clone(&self.secrets), "device-token", LIMIT).await {
                Ok(answer) => answer,
                Err(why) => {
                    tracing::debug!("no week from the back office: {why}");
                    return Ok(());
                }
            };
        if let Some(date) = answer.header("date") {
            self.clock.note(date);
        }
        if answer.status != 200 {
            tracing::debug!(status = answer.status, "no week from the back office");
            return Ok(());
        }
        // A clock that shows another week, or something on the way that answered.
        let Ok(theirs) = serde_json::from_slice::<WeekAnswer>(&answer.body) else { return Ok(()) };
        // Nobody works longer than a week has.
        if theirs.week_start == from && theirs.billed_minutes <= WEEK_MINUTES {
            let ms = theirs.billed_minutes.saturating_mul(MINUTE_MS).saturating_sub(ours);
            let found = Some(Elsewhere { week: from, ms });
            let before = std::mem::replace(&mut *self.found.0.lock(), found);
            if before != found {
                ledger.shared.announce_change();
            }
        }
        Ok(())
    }
}
