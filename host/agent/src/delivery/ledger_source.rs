//! Asks the back office for what its ledger has beyond this device's copy, and finds out if it was rewritten.

use std::sync::Arc;
use std::time::{Duration, Instant};

use candor_diary::ledger::BadLedger;
use candor_diary::wire::LedgerAnswer;
use candor_sandbox::host_traits::Secrets;
use candor_sandbox::{HttpGrant, probe_as};

use crate::delivery::ledger_copy::{LedgerCopy, LedgerFault, NotTaken, Reached};

/// How long the back office may take for one answer.
const ANSWER: Duration = Duration::from_secs(10);
/// How long a round may take in all: meanwhile nothing is delivered.
const ROUND: Duration = Duration::from_secs(30);
/// How many answers are taken in a round; the next one goes on from there.
const ROUND_PAGES: usize = 16;
/// How many bytes of answers are taken in a round, beyond which no further is asked for.
const ROUND_BYTES: usize = 16 << 20;
/// How often is asked at most to find which entry was changed: each answer halves what is left.
const SEARCHES: usize = 24;

/// Asks the back office that a session is enrolled at.
pub struct LedgerSource {
    /// The back office's address, as the enrolment has it.
    pub server: String,
    /// What the uploader was granted: this asks the way it does.
    pub grants: Vec<HttpGrant>,
    /// Keeps the token that the back office knows the device by.
    pub secrets: Arc<dyn Secrets>,
    /// What is there already.
    pub copy: Arc<LedgerCopy>,
}

impl LedgerSource {
    /// Asks for what is new, page by page, and keeps what verifies. What does not is kept as a problem of the copy, and the
    /// copy stays as it was. If the back office is not reached, what was known stays.
    pub async fn follow(&self) {
        let until = Instant::now() + ROUND;
        let mut bytes = 0;
        for _ in 0..ROUND_PAGES {
            let Some(body) = self.ask(self.copy.end().number, until).await else { return };
            bytes += body.len();
            let copy = Arc::clone(&self.copy);
            let took = move || match serde_json::from_slice::<LedgerAnswer>(&body) {
                Ok(answer) => copy.take(&answer),
                Err(_) => Err(LedgerFault::Unreadable.into()),
            };
            match tokio::task::spawn_blocking(took).await {
                Ok(Ok(Reached::More)) if bytes < ROUND_BYTES => {}
                Ok(Ok(_)) => return,
                Ok(Err(NotTaken::Fault(fault))) => {
                    let fault = self.locate(fault, until).await;
                    let copy = Arc::clone(&self.copy);
                    let noted = tokio::task::spawn_blocking(move || copy.note_fault(&fault)).await;
                    if let Ok(Err(error)) = noted {
                        tracing::warn!("what is wrong with the ledger could not be kept: {error}");
                    }
                    return;
                }
                Ok(Err(error @ NotTaken::File(_))) => {
                    tracing::warn!("{error}");
                    return;
                }
                Err(error) => {
                    tracing::warn!("the ledger could not be checked: {error}");
                    return;
                }
            }
        }
    }

    /// Asks for the entries after a number. Returns nothing if no back office answered.
    async fn ask(&self, after: u64, until: Instant) -> Option<Vec<u8>> {
        let limit = ANSWER.min(until.checked_duration_since(Instant::now())?);
        let url = format!("{}/api/v1/ledger?after={after}", self.server.trim_end_matches('/'));
        match probe_as(&url, &self.grants, Arc::clone(&self.secrets), "device-token", limit).await {
            Ok(answer) => {
                let media = answer.header("content-type").unwrap_or_default();
                // Another page is something on the way that answered.
                let its_own = answer.status == 200 && media.starts_with("application/json");
                if !its_own {
                    tracing::debug!(status = answer.status, "no ledger from the back office");
                }
                its_own.then_some(answer.body)
            }
            Err(why) => {
                tracing::debug!("no ledger from the back office: {why}");
                None
            }
        }
    }

    /// Finds which entry of the copy was changed, if what follows does not fit the copy. It only makes the words better: nothing
    /// that is answered here is taken.
    async fn locate(&self, fault: LedgerFault, until: Instant) -> LedgerFault {
        let beyond = matches!(
            fault,
            LedgerFault::Bad(BadLedger::Chain(_) | BadLedger::Hole { .. }) | LedgerFault::OtherHead(_)
        );
        if !beyond {
            return fault;
        }
        // Heads that are the same are so for all entries before them. All up to `same` are; the one at `other` is not, or
        // it is beyond the copy.
        let (mut same, mut other) = (0, self.copy.end().number.saturating_add(1));
        for _ in 0..SEARCHES {
            if same + 1 >= other {
                break;
            }
            let after = same + (other - same - 2) / 2;
            let Some(body) = self.ask(after, until).await else { return fault };
            let Ok(answer) = serde_json::from_slice::<LedgerAnswer>(&body) else { return fault };
            if answer.entries.first().is_none_or(|first| first.number != after + 1) {
                return fault;
            }
            for (number, entry) in (after + 1..other).zip(&answer.entries) {
                if self.copy.head_at(number) != Some(entry.head) {
                    other = number;
                    break;
                }
                same = number;
            }
        }
        if same + 1 == other && other <= self.copy.end().number { LedgerFault::Changed(other) } else { fault }
    }
}

#[cfg(test)]
mod tests;
