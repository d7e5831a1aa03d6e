//! Drains the outbox: hands parcels that have waited long enough to the uploader, checks the receipt, and only then
//! calls them delivered (invariant 9).

use std::sync::Arc;

use candor_diary::ledger::LedgerHead;
use candor_diary::parcel::NoSnapshot;
use candor_journal::{JournalError, OutboxEntry};
use candor_sandbox::Uploader;
use candor_sandbox::host_traits::AttachmentSource;
use candor_sandbox::model::{DeliveryFailure, ParcelToDeliver};
use tokio::sync::Notify;

use crate::clock::{Anchor, sleep};
use crate::delivery::ledger_copy::LedgerCopy;
use crate::delivery::ledger_source::LedgerSource;
use crate::delivery::loading::{LoadedParcel, LocalFault, load_parcel};
use crate::delivery::proof::DeliveryProof;
use crate::delivery::week::WeekSource;
use crate::plugins::hosts::JournalAttachment;
use crate::segments::ledger::SegmentLedger;
use crate::segments::removed::UNDO_MS;
use crate::segments::state::ContractState;

/// How often the outbox is looked at if nothing else wakes the worker, and how often at most, in milliseconds.
const LOOK_MS: u64 = 60_000;
const LEAST_LOOK_MS: u64 = 100;
/// How often the worker asks what the week adds up to if nothing is delivered, in milliseconds.
const WEEK_MS: u64 = 15 * 60_000;
/// First wait after a failure, and the longest, in milliseconds.
const BACKOFF_MS: (u64, u64) = (5_000, 15 * 60_000);
/// The longest wait that a target may ask for, in milliseconds.
const LONGEST_ASKED_MS: u64 = 60 * 60_000;
/// The longest wait for the next try, with all that spreads it, in milliseconds.
const LONGEST_WAIT_MS: u64 = LONGEST_ASKED_MS / 2 * 3;

/// Delivers one contract's parcels.
pub struct OutboxWorker {
    /// The state that the contract's parts share.
    pub shared: Arc<ContractState>,
    /// The contract's id at the target.
    pub contract: String,
    /// The plugin that carries parcels.
    pub uploader: Uploader,
    /// What counts as proof of a delivery.
    pub proof: DeliveryProof,
    /// Rewrites a parcel whose picture cannot be sent.
    pub ledger: Arc<SegmentLedger>,
    /// Notified when a segment closed, or the person wants everything tried now.
    pub outbox_changed: Arc<Notify>,
    /// Whether the target can be reached, for those who show it.
    pub delivery: Arc<Delivery>,
    /// Asks what the week adds up to with other devices; none if deliveries go somewhere else.
    pub week: Option<WeekSource>,
    /// Follows the contract's ledger; none if deliveries go somewhere else.
    pub ledger_source: Option<LedgerSource>,
    /// Keeps how far the ledger went by each receipt.
    pub ledger_copy: Arc<LedgerCopy>,
}

/// Whether deliveries reach the target, shared between the worker and those who show it.
#[derive(Debug, Default)]
pub struct Delivery(parking_lot::Mutex<DeliveryStatus>);

/// Whether the target can be reached.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct DeliveryStatus {
    /// Since when nothing could be delivered, milliseconds since the Unix epoch.
    pub offline_since: Option<u64>,
    /// When the next delivery is tried, milliseconds since the Unix epoch.
    pub next_try_at: Option<u64>,
    /// How many tries have failed since then.
    failures: u32,
}

impl Delivery {
    /// Returns whether the target can be reached now.
    #[must_use]
    pub fn status(&self) -> DeliveryStatus {
        *self.0.lock()
    }

    /// Makes the next delivery due at once, however often the target could not be reached.
    pub fn try_now(&self) {
        self.0.lock().next_try_at = None;
    }

    fn note_reached(&self) {
        *self.0.lock() = DeliveryStatus::default();
    }

    /// Moves all moments by as many milliseconds as the clock was set.
    fn shift_by(&self, by: i64) {
        let mut status = self.0.lock();
        status.next_try_at = status.next_try_at.map(|at| at.saturating_add_signed(by));
        status.offline_since = status.offline_since.map(|at| at.saturating_add_signed(by));
    }

    /// Notes that the target could not be reached at `now`; it is tried again no sooner than `at_least` milliseconds
    /// later.
    fn note_unreachable(&self, now: u64, at_least: u64) {
        let mut status = self.0.lock();
        let next = now.saturating_add(backoff(status.failures, at_least, jitter()));
        status.failures = status.failures.saturating_add(1);
        status.offline_since.get_or_insert(now);
        status.next_try_at = Some(next);
    }
}

impl OutboxWorker {
    /// Runs for as long as the agent does.
    pub async fn run(mut self) {
        let mut anchor = Anchor::new(self.shared.clock.as_ref());
        let mut asked: Option<u64> = None;
        if let Err(error) = self.bound_waits().await {
            self.shared.set_problem("outbox", Some(error.to_string()));
        }
        loop {
            match self.work_once(&mut anchor, &mut asked).await {
                // Either something changed or it is time to look again.
                Ok(wait) => {
                    let wait = self.shared.clock.to_real_duration(wait);
                    let _ = tokio::time::timeout(wait, self.outbox_changed.notified()).await;
                }
                Err(error) => {
                    self.shared.set_problem("outbox", Some(error.to_string()));
                    sleep(self.shared.clock.as_ref(), BACKOFF_MS.0).await;
                }
            }
        }
    }

    /// Delivers what is due; returns for how many milliseconds nothing else will be.
    async fn work_once(&mut self, anchor: &mut Anchor, asked: &mut Option<u64>) -> Result<u64, JournalError> {
        self.shared.follow_clock().await?;
        let moved = anchor.take_shift(self.shared.clock.as_ref());
        if moved != 0 {
            self.delivery.shift_by(moved);
        }
        let delivered = self.deliver_due().await?;
        let now = self.shared.clock.monotonic();
        let due = asked.is_none_or(|asked| now.saturating_sub(asked) >= WEEK_MS);
        if let Some(week) = &self.week
            && (delivered || due)
            && self.delivery.status().offline_since.is_none()
        {
            *asked = Some(now);
            if let Err(error) = week.look(&self.ledger).await {
                tracing::warn!("the week could not be added up: {error}");
            }
            if let Some(source) = &self.ledger_source {
                source.follow().await;
                self.shared.set_problem("ledger", self.ledger_copy.problem());
            }
        }
        self.next_due().await
    }

    /// Shortens every wait to the longest one there is: nobody knows what happened to the clock while no agent ran.
    // Mutable although nothing changes: see `later`.
    async fn bound_waits(&mut self) -> Result<(), JournalError> {
        let now = self.shared.clock.now();
        let hold = self.ledger.terms.hold_ms.max(UNDO_MS);
        let (hold, next) = (now.saturating_add(hold), now.saturating_add(LONGEST_WAIT_MS));
        self.shared.journal.bound_waits(&self.shared.session_name, hold, next).await
    }

    /// Returns for how many milliseconds nothing will be due. A change of the outbox notifies this worker; a clock that
    /// is set, or a computer that slept, does not.
    // Mutable although nothing changes: see `later`.
    async fn next_due(&mut self) -> Result<u64, JournalError> {
        let due = self.shared.journal.next_due(&self.shared.session_name).await?;
        let at = due.map(|due| due.max(self.delivery.status().next_try_at.unwrap_or(0)));
        let wait = at.map_or(LOOK_MS, |at| at.saturating_sub(self.shared.clock.now()));
        Ok(wait.clamp(LEAST_LOOK_MS, LOOK_MS))
    }

    /// Delivers all that is due. Returns whether something was delivered or refused.
    async fn deliver_due(&mut self) -> Result<bool, JournalError> {
        let mut some = false;
        loop {
            let now = self.shared.clock.now();
            // One try is enough: weeks of segments do not each try a target that cannot be reached.
            if self.delivery.status().next_try_at.is_some_and(|at| at > now) {
                return Ok(some);
            }
            let session = self.shared.session_name.as_str();
            let Some(entry) = self.shared.journal.due_of(Some(session), now, 1).await?.into_iter().next()
            else {
                return Ok(some);
            };
            self.deliver(&entry).await?;
            some = true;
            self.shared.announce_change();
        }
    }

    async fn deliver(&mut self, entry: &OutboxEntry) -> Result<(), JournalError> {
        if self.ledger.removed_since(entry.segment_start).await? {
            // The parcel that takes its place could not be written when it was removed.
            return match self.ledger.rewrite(entry.segment_start).await {
                Ok(_) => Ok(()),
                Err(error) => {
                    let why = format!("it is not sent until your removal is saved: {error}");
                    self.put_off(entry, &why).await
                }
            };
        }
        let LoadedParcel { envelope, details, pictures } =
            match load_parcel(&self.shared.journal, entry).await {
                Ok(loaded) => loaded,
                Err(fault) => return self.handle_local_fault(entry, fault).await,
            };
        let details = details.into_iter().map(|detail| Arc::new(detail) as Arc<dyn AttachmentSource>);
        let journal = &self.shared.journal;
        let picture = |info| Arc::new(JournalAttachment { info, journal: journal.clone() }) as _;
        let attachments: Vec<_> = details.chain(pictures.into_iter().map(picture)).collect();
        let sent = attachments.iter().map(|attachment| attachment.sha256().to_owned()).collect();
        let parcel = ParcelToDeliver {
            id: entry.parcel_id.clone(),
            contract: self.contract.clone(),
            segment_start: entry.segment_start,
            segment_length: self.shared.cut.length_at(entry.segment_start).ms(),
            envelope: envelope.clone(),
        };
        let answer = self.uploader.deliver(parcel, attachments).await;
        let now = self.shared.clock.now();
        match answer {
            Ok(Ok(proof)) => match self.proof.check(proof.clone(), &entry.parcel_id, envelope, sent).await {
                Ok(head) => {
                    self.delivery.note_reached();
                    // Before the parcel is called delivered: a ledger that is shorter later is found out.
                    if let Some(head) = head
                        && let Err(error) = self.note_receipt(head).await
                    {
                        let why =
                            format!("how far the ledger goes could not be kept on this computer: {error}");
                        return self.put_off(entry, &why).await;
                    }
                    self.shared.journal.mark_delivered(&entry.parcel_id, proof, now).await?;
                    self.shared.set_problem("outbox", None);
                    Ok(())
                }
                Err(bad) => {
                    let why = format!("the answer is not a valid receipt from the back office: {bad}");
                    self.retry_later(entry, now, 0, &why).await
                }
            },
            Ok(Err(DeliveryFailure::AttachmentRejected(code))) if !entry.attachments.is_empty() => {
                self.delivery.note_reached();
                let said = format!(
                    "the back office refuses the picture of a segment ({code}); its time is sent without it"
                );
                self.rewrite(entry, Some(NoSnapshot::Refused), &said).await
            }
            Ok(Err(DeliveryFailure::Rejected(code) | DeliveryFailure::AttachmentRejected(code))) => {
                self.delivery.note_reached();
                self.shared.set_problem("outbox", None);
                self.shared.journal.mark_rejected(&entry.parcel_id, &code, now).await
            }
            Ok(Err(DeliveryFailure::Later { after, reason })) => {
                self.retry_later(entry, now, after, &reason).await
            }
            Ok(Err(DeliveryFailure::Unauthorised)) => {
                let why = "the back office no longer knows this device: join again with a new invitation from the client";
                self.retry_later(entry, now, BACKOFF_MS.1 / 3, why).await
            }
            Err(failure) => self.retry_later(entry, now, 0, &format!("the uploader failed: {failure}")).await,
        }
    }

    /// Keeps how far the ledger went by a receipt.
    // Mutable although nothing changes: see `retry_later`.
    async fn note_receipt(&mut self, head: LedgerHead) -> std::io::Result<()> {
        let copy = Arc::clone(&self.ledger_copy);
        let noted = tokio::task::spawn_blocking(move || copy.note_receipt(&head)).await;
        if noted.map_err(std::io::Error::other)??.is_some() {
            self.shared.set_problem("ledger", self.ledger_copy.problem());
        }
        Ok(())
    }

    /// Handles something that cannot be read here: damage is left out of a new parcel, anything else is tried again.
    async fn handle_local_fault(
        &mut self,
        entry: &OutboxEntry,
        fault: LocalFault,
    ) -> Result<(), JournalError> {
        match fault {
            LocalFault::Picture(error) if error.is_damage() => {
                let said =
                    format!("the picture of a segment is damaged, and its time is sent without it ({error})");
                self.rewrite(entry, Some(NoSnapshot::Damaged), &said).await
            }
            LocalFault::Parcel(error) if error.is_damage() => {
                let said = format!("what was to be sent was damaged and is built again ({error})");
                self.rewrite(entry, None, &said).await
            }
            LocalFault::Detail(error) if error.is_damage() => {
                let said = format!(
                    "part of a segment that was to be sent is damaged, and is built again as far as it can be ({error})"
                );
                self.rewrite(entry, None, &said).await
            }
            LocalFault::Picture(error) | LocalFault::Detail(error) | LocalFault::Parcel(error) => {
                self.put_off(entry, &format!("it could not be read on this computer: {error}")).await
            }
        }
    }

    /// Writes a parcel again, without its picture if `picture` says why.
    async fn rewrite(
        &mut self,
        entry: &OutboxEntry,
        picture: Option<NoSnapshot>,
        said: &str,
    ) -> Result<(), JournalError> {
        let made = match picture {
            Some(why) => self.ledger.without_picture(entry.segment_start, why).await,
            None => self.ledger.rewrite(entry.segment_start).await,
        };
        match made {
            Ok(true) => {
                self.shared.set_problem("damage", Some(said.to_owned()));
                Ok(())
            }
            Ok(false) => {
                self.put_off(entry, "it could not be made anew: nothing is left of it in the journal").await
            }
            Err(error) => self.put_off(entry, &format!("it could not be made anew: {error}")).await,
        }
    }

    /// Lets this parcel wait; the target may take others.
    async fn put_off(&mut self, entry: &OutboxEntry, why: &str) -> Result<(), JournalError> {
        self.shared.set_problem("outbox", Some(format!("a segment waits: {why}")));
        let wait = backoff(entry.attempts, 0, jitter());
        let next = self.shared.clock.now().saturating_add(wait);
        self.shared.journal.mark_retry(&entry.parcel_id, next, why).await
    }

    /// Lets all parcels wait, because nothing goes through; then another is tried first.
    // Mutable although nothing changes: a shared borrow of an uploader may not wait on another thread.
    async fn retry_later(
        &mut self,
        entry: &OutboxEntry,
        now: u64,
        at_least: u64,
        why: &str,
    ) -> Result<(), JournalError> {
        let at_least = at_least.min(LONGEST_ASKED_MS);
        self.delivery.note_unreachable(now, at_least);
        self.shared.set_problem("outbox", Some(format!("{why}; kept on this computer and tried again")));
        let next = now.saturating_add(backoff(entry.attempts, at_least, jitter()));
        self.shared.journal.mark_retry(&entry.parcel_id, next, why).await
    }
}

/// Returns how long to wait before attempt number `attempts + 1`: doubling, no less than what the target asked for,
/// spread by up to half so that devices do not all come back at once. `jitter` is 0 to 255.
#[must_use]
fn backoff(attempts: u32, at_least: u64, jitter: u8) -> u64 {
    let doubled = BACKOFF_MS.0.saturating_mul(1u64 << attempts.min(20)).min(BACKOFF_MS.1);
    let base = doubled.max(at_least).min(LONGEST_ASKED_MS);
    base + base / 2 * u64::from(jitter) / 255
}

fn jitter() -> u8 {
    let mut byte = [0u8];
    // Without randomness the wait is only less spread.
    if getrandom::fill(&mut byte).is_err() {
        return 128;
    }
    byte[0]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_double_up_to_a_bound_and_honour_the_target() {
        assert_eq!(backoff(0, 0, 0), 5_000);
        assert_eq!(backoff(0, 0, 255), 7_500);
        assert_eq!(backoff(3, 0, 0), 40_000);
        assert_eq!(backoff(60, 0, 0), 900_000);
        assert_eq!(backoff(0, 60_000, 0), 60_000);
        assert_eq!(backoff(0, u64::MAX, 255), 5_400_000);
    }
}
