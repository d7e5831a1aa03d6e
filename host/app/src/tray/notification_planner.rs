//! What a person is told in a notification, and when: decided from one status after the other, without a clock or a bus
//! of its own.
//!
//! Notifications stay in other programs' logs and show on shared screens. So their texts are made here from counts,
//! times, and names that the contract has; never from a window's title, a memo, or what a plugin said.

use std::collections::BTreeSet;

use candor_diary::parcel::{Redaction, redacted};
use candor_diary::terms::Mode;
use candor_protocol::{IdleQuestion, Preferences, Segment, Status};

use super::action::TrayAction;
use crate::cli::args::Page;
use crate::say::{self, Zone, plural};

/// Lost connections within this long of the last that was told are not told again, in milliseconds.
const OFFLINE_AGAIN_MS: u64 = 15 * 60_000;
/// What a notification is about. There is at most one of each: a later one takes the earlier one's place.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Topic {
    /// That recording runs (invariant 6).
    Recording,
    /// A picture.
    Picture,
    /// The memo.
    Memo,
    /// Time without keys, clicks and scrolls.
    Question,
    /// A pause for private time.
    Pause,
    /// No connection.
    Offline,
    /// Something needs a look.
    Problem,
    /// Something that was asked for was not done.
    Refusal,
}

/// A notification.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Message {
    /// What it is about.
    pub(crate) topic: Topic,
    /// The first line.
    pub(crate) summary: String,
    /// The rest, plain text.
    pub(crate) body: String,
    /// What can be done, each with its words.
    pub(crate) actions: Vec<(TrayAction, String)>,
    /// Where no buttons are shown: what to type instead.
    pub(crate) without_actions: Option<&'static str>,
    /// Whether it stays until it is closed or withdrawn.
    pub(crate) stays: bool,
}

impl Message {
    pub(crate) fn new(topic: Topic, summary: impl Into<String>, body: impl Into<String>) -> Self {
        Self {
            topic,
            summary: summary.into(),
            body: body.into(),
            actions: Vec::new(),
            without_actions: None,
            stays: false,
        }
    }

    pub(crate) fn with(mut self, action: TrayAction, words: &str) -> Self {
        self.actions.push((action, words.to_owned()));
        self
    }

    pub(crate) fn without(mut self, instead: &'static str) -> Self {
        self.without_actions = Some(instead);
        self
    }
}

/// What is to be done with notifications.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum NotificationUpdate {
    /// Show one.
    Show(Message),
    /// Take one back: it is no longer true.
    Withdraw(Topic),
}

/// Remembers what was told.
pub(crate) struct NotificationPlanner {
    zone: Zone,
    /// Whether there was a status before: what was so before the tray came is no news.
    heard: bool,
    picture_at: u64,
    /// The memo, and when tracking under it began or was last reminded of.
    memo: Option<(Option<String>, u64)>,
    question: Option<IdleQuestion>,
    paused: bool,
    offline: Option<u64>,
    told_offline_at: Option<u64>,
    problems: BTreeSet<String>,
    away: bool,
}

impl NotificationPlanner {
    pub(crate) fn new(zone: Zone) -> Self {
        Self {
            zone,
            heard: false,
            picture_at: 0,
            memo: None,
            question: None,
            paused: false,
            offline: None,
            told_offline_at: None,
            problems: BTreeSet::new(),
            away: false,
        }
    }

    /// The agent said this. `removes_time`: by the terms, removing a picture removes its time.
    pub(crate) fn hears(
        &mut self,
        status: &Status,
        preferences: Preferences,
        removes_time: bool,
    ) -> Vec<NotificationUpdate> {
        self.away = false;
        let mut tells = Vec::new();
        tells.extend(self.picture(status, preferences, removes_time));
        tells.extend(self.memo(status, preferences));
        tells.extend(self.question(status));
        tells.extend(self.pause(status));
        tells.extend(self.offline(status));
        tells.extend(self.problems(status));
        self.heard = true;
        tells
    }

    /// The agent does not answer.
    pub(crate) fn lost(&mut self, was_tracking: bool) -> Option<NotificationUpdate> {
        if std::mem::replace(&mut self.away, true) || !was_tracking {
            return None;
        }
        let message = Message::new(
            Topic::Problem,
            "The agent has ended",
            "Nothing is recorded. The time until it runs again shows as no evidence.",
        );
        Some(NotificationUpdate::Show(message.with(TrayAction::Start, "Start")))
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
        if !new || !self.heard || !preferences.notify_on_capture {
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
    ) -> Message {
        use candor_protocol::SegmentState::{Held, Open};
        let mut body = redacted(redactions).map(|covered| format!("{covered}. ")).unwrap_or_default();
        if let Open { sends_at } | Held { sends_at } = segment.state {
            body.push_str(&format!("Sends at {}.", self.zone.moment(sends_at, now)));
        }
        let mut message =
            Message::new(Topic::Picture, format!("Picture taken at {}", self.zone.moment(at, now)), body);
        if segment.editable {
            if removes_time {
                message.body.push_str(" Under the terms, deleting it also removes its time.");
            }
            let words = if removes_time {
                format!("Delete with its {}", say::minutes(segment))
            } else {
                "Delete".into()
            };
            message = message.with(TrayAction::RemovePicture(segment.start), &words);
            message.without_actions = Some("`candor picture --remove` deletes it.");
        }
        message.with(TrayAction::Open(Page::Picture), "Show")
    }

    fn memo(&mut self, status: &Status, preferences: Preferences) -> Option<NotificationUpdate> {
        if !status.tracking || status.paused_since.is_some() {
            return self.memo.take().map(|_| NotificationUpdate::Withdraw(Topic::Memo));
        }
        let since = match &self.memo {
            Some((memo, since)) if *memo == status.memo => *since,
            earlier => {
                let changed = earlier.is_some();
                self.memo = Some((status.memo.clone(), status.now));
                return changed.then_some(NotificationUpdate::Withdraw(Topic::Memo));
            }
        };
        let every = u64::from(preferences.memo_reminder_minutes) * 60_000;
        let worked = status.now.saturating_sub(since);
        if every == 0 || worked < every {
            return None;
        }
        self.memo = Some((status.memo.clone(), status.now));
        let (summary, body) = if status.memo.is_some() {
            ("Is the memo still right?", format!("It has been the same for {}.", say::duration(worked)))
        } else {
            ("What are you working on?", format!("There was no memo for {}.", say::duration(worked)))
        };
        let mut message =
            Message::new(Topic::Memo, summary, body).with(TrayAction::Open(Page::Now), "Change memo");
        message.without_actions = Some("`candor memo TEXT` changes it.");
        Some(NotificationUpdate::Show(message))
    }

    fn question(&mut self, status: &Status) -> Option<NotificationUpdate> {
        if self.question == status.question {
            return None;
        }
        self.question = status.question;
        let Some(question) = status.question else {
            return Some(NotificationUpdate::Withdraw(Topic::Question));
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
        let mut message = Message::new(Topic::Question, summary, body)
            .with(TrayAction::LeaveOut(question.from), "Leave out");
        message = match (question.manual_ms, &status.memo) {
            (0, _) => message,
            (kept, Some(_)) => {
                let words = format!("Keep {} as manual time", say::duration(kept));
                message.with(TrayAction::KeepAsManual(question.from), &words)
            }
            // Manual time needs a memo: the window has a field for it.
            (_, None) => message.with(TrayAction::Open(Page::Now), "Keep as manual time…"),
        };
        message.without_actions = Some("`candor idle --help` says how to answer.");
        Some(NotificationUpdate::Show(message))
    }

    fn pause(&mut self, status: &Status) -> Option<NotificationUpdate> {
        let paused = status.paused_since.is_some();
        if std::mem::replace(&mut self.paused, paused) == paused {
            return None;
        }
        let Some(since) = status.paused_since.filter(|_| self.heard) else {
            return (!paused).then_some(NotificationUpdate::Withdraw(Topic::Pause));
        };
        let mut message = Message::new(
            Topic::Pause,
            format!("Paused at {}", self.zone.moment(since, status.now)),
            "Nothing is recorded until you start again. The time shows as a gap.",
        )
        .with(TrayAction::Start, "Start");
        message.without_actions = Some("`candor start` resumes.");
        Some(NotificationUpdate::Show(message))
    }

    fn offline(&mut self, status: &Status) -> Option<NotificationUpdate> {
        if self.offline.is_some() == status.offline_since.is_some() {
            return None;
        }
        self.offline = status.offline_since;
        let Some(since) = status.offline_since else {
            return Some(NotificationUpdate::Withdraw(Topic::Offline));
        };
        if self.told_offline_at.is_some_and(|at| status.now.saturating_sub(at) < OFFLINE_AGAIN_MS) {
            return None;
        }
        self.told_offline_at = Some(status.now);
        let message = Message::new(
            Topic::Offline,
            format!("No connection since {}", self.zone.moment(since, status.now)),
            "Tracking goes on. Everything is kept on this computer and sent later.",
        );
        Some(NotificationUpdate::Show(message.with(TrayAction::Open(Page::Outbox), "Outbox")))
    }

    /// That there is a problem, not what it says: a plugin's last words may be in it.
    fn problems(&mut self, status: &Status) -> Option<NotificationUpdate> {
        let now: BTreeSet<String> = status.problems.iter().cloned().collect();
        let new = now.difference(&self.problems).count();
        self.problems = now;
        if self.problems.is_empty() {
            return (new == 0 && self.heard).then_some(NotificationUpdate::Withdraw(Topic::Problem));
        }
        if new == 0 {
            return None;
        }
        let number = self.problems.len() as u64;
        let mut message = Message::new(
            Topic::Problem,
            "Candor needs your attention",
            format!("{number} {}. Tracking keeps what it can.", plural(number, "problem", "problems")),
        )
        .with(TrayAction::Open(Page::Now), "Show");
        message.without_actions = Some("`candor status` says what.");
        Some(NotificationUpdate::Show(message))
    }
}

/// That this computer is recorded (invariant 6).
pub(crate) fn recording(status: &Status, zone: &Zone) -> Message {
    let since = status.since.map(|s| format!("Since {}, ", zone.moment(s, status.now)));
    let since = since.unwrap_or_default();
    let whose = format!("{since}'{}' for {}.", status.title, status.client);
    let body = match status.mode {
        Mode::Worklog => format!("{whose} You can stop at any time."),
        Mode::Monitoring => {
            format!(
                "{whose} {} decides what is recorded. A pause for private time always works.",
                status.client
            )
        }
    };
    let message = Message::new(Topic::Recording, "This computer is being recorded", body);
    message.with(TrayAction::Open(Page::Recorded), "What is recorded")
}

#[cfg(test)]
pub(super) mod tests;
