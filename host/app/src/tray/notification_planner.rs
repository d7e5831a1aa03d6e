//! Which notifications are shown, and when: decided from one status after the other, without a clock or a bus of its own.
//!
//! Notifications stay in other programs' logs and show on shared screens. So their texts are made here from counts,
//! times, and names that the contract has; never from a window's title, a memo, or what a plugin said.

use std::collections::BTreeSet;

use candor_diary::parcel::{Redaction, redacted};
use candor_diary::plain::plural;
use candor_protocol::{IdleQuestion, Preferences, Segment, Status};

use super::action::TrayAction;
use super::notification::Notification;
use super::notification::NotificationTopic;
use super::notification::NotificationUpdate;
use crate::format::{self, DisplayZone};
use crate::window::StartPage;

/// How soon after a lost connection was announced another one is not, in milliseconds.
const OFFLINE_AGAIN_MS: u64 = 15 * 60_000;

/// Decides on notifications, and remembers which were shown.
pub(crate) struct NotificationPlanner {
    zone: DisplayZone,
    /// Whether there was a status before: what was so before the tray came is no news.
    had_status: bool,
    picture_at: u64,
    /// The memo, and when tracking under it began or was last reminded of.
    memo: Option<(Option<String>, u64)>,
    question: Option<IdleQuestion>,
    paused: bool,
    offline: Option<u64>,
    offline_shown_at: Option<u64>,
    problems: BTreeSet<String>,
    away: bool,
}

impl NotificationPlanner {
    pub(crate) fn new(zone: DisplayZone) -> Self {
        Self {
            zone,
            had_status: false,
            picture_at: 0,
            memo: None,
            question: None,
            paused: false,
            offline: None,
            offline_shown_at: None,
            problems: BTreeSet::new(),
            away: false,
        }
    }

    /// Returns the changes that follow from a status. `removes_time`: by the terms, removing a picture removes its time.
    pub(crate) fn plan(
        &mut self,
        status: &Status,
        preferences: Preferences,
        removes_time: bool,
    ) -> Vec<NotificationUpdate> {
        self.away = false;
        let mut updates = Vec::new();
        updates.extend(self.picture(status, preferences, removes_time));
        updates.extend(self.memo(status, preferences));
        updates.extend(self.question(status));
        updates.extend(self.pause(status));
        updates.extend(self.offline(status));
        updates.extend(self.problems(status));
        self.had_status = true;
        updates
    }

    /// Returns the change that follows if the agent does not answer.
    pub(crate) fn plan_agent_lost(&mut self, was_tracking: bool) -> Option<NotificationUpdate> {
        if std::mem::replace(&mut self.away, true) || !was_tracking {
            return None;
        }
        let message = Notification::new(
            NotificationTopic::Problem,
            "The agent has ended",
            "Nothing is recorded. The time until it runs again shows as no evidence.",
        );
        Some(NotificationUpdate::Show(message.with_action(TrayAction::Start, "Start")))
    }

    fn picture(
        &mut self,
        status: &Status,
        preferences: Preferences,
        removes_time: bool,
    ) -> Option<NotificationUpdate> {
        let segment = status.last_picture.as_ref();
        let picture = segment.and_then(|s| s.picture.as_ref());
        let (Some(segment), Some(picture)) = (segment, picture) else {
            return None;
        };
        let new = picture.at > self.picture_at;
        self.picture_at = self.picture_at.max(picture.at);
        if !new || !self.had_status || !preferences.notify_on_capture {
            return None;
        }
        Some(NotificationUpdate::Show(self.picture_message(
            segment,
            picture.at,
            &picture.redactions,
            status.now,
            removes_time,
        )))
    }

    fn picture_message(
        &self,
        segment: &Segment,
        at: u64,
        redactions: &[Redaction],
        now: u64,
        removes_time: bool,
    ) -> Notification {
        use candor_protocol::SegmentState::{Held, Open};
        let mut body = redacted(redactions).map(|covered| format!("{covered}. ")).unwrap_or_default();
        if let Open { sends_at } | Held { sends_at } = segment.state {
            body.push_str(&format!("Sends at {}.", self.zone.moment(sends_at, now)));
        }
        let mut message = Notification::new(
            NotificationTopic::Picture,
            format!("Picture taken at {}", self.zone.moment(at, now)),
            body,
        );
        if segment.editable {
            if removes_time {
                message.body.push_str(" Under the terms, deleting it also removes its time.");
            }
            let words = if removes_time {
                format!("Delete with its {}", format::tracked_minutes(segment))
            } else {
                "Delete".into()
            };
            message = message.with_action(TrayAction::RemovePicture(segment.start), &words);
            message.fallback = Some("`candor picture --remove` deletes it.");
        }
        message.with_action(TrayAction::Open(StartPage::Picture), "Show")
    }

    fn memo(&mut self, status: &Status, preferences: Preferences) -> Option<NotificationUpdate> {
        if !status.tracking || status.paused_since.is_some() {
            return self.memo.take().map(|_| NotificationUpdate::Withdraw(NotificationTopic::Memo));
        }
        let since = match &self.memo {
            Some((memo, since)) if *memo == status.memo => *since,
            earlier => {
                let changed = earlier.is_some();
                self.memo = Some((status.memo.clone(), status.now));
                return changed.then_some(NotificationUpdate::Withdraw(NotificationTopic::Memo));
            }
        };
        let every = u64::from(preferences.memo_reminder_minutes) * 60_000;
        let worked = status.now.saturating_sub(since);
        if every == 0 || worked < every {
            return None;
        }
        self.memo = Some((status.memo.clone(), status.now));
        let (summary, body) = if status.memo.is_some() {
            (
                "Is the memo still right?",
                format!("It has been the same for {}.", format::hours_minutes(worked)),
            )
        } else {
            ("What are you working on?", format!("There was no memo for {}.", format::hours_minutes(worked)))
        };
        let mut message = Notification::new(NotificationTopic::Memo, summary, body)
            .with_action(TrayAction::Open(StartPage::Now), "Change memo");
        message.fallback = Some("`candor memo TEXT` changes it.");
        Some(NotificationUpdate::Show(message))
    }

    fn question(&mut self, status: &Status) -> Option<NotificationUpdate> {
        if self.question == status.question {
            return None;
        }
        self.question = status.question;
        let Some(question) = status.question else {
            return Some(NotificationUpdate::Withdraw(NotificationTopic::Question));
        };
        let minutes = question.to.saturating_sub(question.from) / 60_000;
        let summary = format!(
            "Were you working from {}?",
            self.zone.range(question.from, question.to).replace('–', "to")
        );
        let body = format!(
            "There were no keys, clicks or scrolls for {minutes} {}. Both answers are fine.",
            plural(minutes, "minute", "minutes")
        );
        let mut message = Notification::new(NotificationTopic::Question, summary, body)
            .with_action(TrayAction::LeaveOut(question.from), "Leave out");
        message = match (question.manual_ms, &status.memo) {
            (0, _) => message,
            (kept, Some(_)) => {
                let words = format!("Keep {} as manual time", format::hours_minutes(kept));
                message.with_action(TrayAction::KeepAsManual(question.from), &words)
            }
            // Manual time needs a memo: the window has a field for it.
            (_, None) => message.with_action(TrayAction::Open(StartPage::Now), "Keep as manual time…"),
        };
        message.fallback = Some("`candor idle --help` says how to answer.");
        Some(NotificationUpdate::Show(message))
    }

    fn pause(&mut self, status: &Status) -> Option<NotificationUpdate> {
        let paused = status.paused_since.is_some();
        if std::mem::replace(&mut self.paused, paused) == paused {
            return None;
        }
        let Some(since) = status.paused_since.filter(|_| self.had_status) else {
            return (!paused).then_some(NotificationUpdate::Withdraw(NotificationTopic::Pause));
        };
        let mut message = Notification::new(
            NotificationTopic::Pause,
            format!("Paused at {}", self.zone.moment(since, status.now)),
            "Nothing is recorded until you start again. The time shows as a gap.",
        )
        .with_action(TrayAction::Start, "Start");
        message.fallback = Some("`candor start` resumes.");
        Some(NotificationUpdate::Show(message))
    }

    fn offline(&mut self, status: &Status) -> Option<NotificationUpdate> {
        if self.offline.is_some() == status.offline_since.is_some() {
            return None;
        }
        self.offline = status.offline_since;
        let Some(since) = status.offline_since else {
            return Some(NotificationUpdate::Withdraw(NotificationTopic::Offline));
        };
        if self.offline_shown_at.is_some_and(|at| status.now.saturating_sub(at) < OFFLINE_AGAIN_MS) {
            return None;
        }
        self.offline_shown_at = Some(status.now);
        let message = Notification::new(
            NotificationTopic::Offline,
            format!("No connection since {}", self.zone.moment(since, status.now)),
            "Tracking goes on. Everything is kept on this computer and sent later.",
        );
        Some(NotificationUpdate::Show(message.with_action(TrayAction::Open(StartPage::Outbox), "Outbox")))
    }

    /// That there is a problem, not what it says: a plugin's last words may be in it.
    fn problems(&mut self, status: &Status) -> Option<NotificationUpdate> {
        let now: BTreeSet<String> = status.problems.iter().cloned().collect();
        let new = now.difference(&self.problems).count();
        self.problems = now;
        if self.problems.is_empty() {
            return (new == 0 && self.had_status)
                .then_some(NotificationUpdate::Withdraw(NotificationTopic::Problem));
        }
        if new == 0 {
            return None;
        }
        let number = self.problems.len() as u64;
        let mut message = Notification::new(
            NotificationTopic::Problem,
            "Candor needs your attention",
            format!("{number} {}. Tracking keeps what it can.", plural(number, "problem", "problems")),
        )
        .with_action(TrayAction::Open(StartPage::Now), "Show");
        message.fallback = Some("`candor status` says what.");
        Some(NotificationUpdate::Show(message))
    }
}

#[cfg(test)]
pub(super) mod tests;
