//! A notification: what it is about, its texts, and what can be done from it.

use candor_diary::terms::Mode;
use candor_protocol::Status;

use super::action::TrayAction;
use crate::format::DisplayZone;
use crate::window::StartPage;

/// What a notification is about. There is at most one of each: a later one takes the earlier one's place.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum NotificationTopic {
    /// That recording runs (invariant 6).
    Recording,
    /// A picture that was taken or deleted.
    Picture,
    /// The memo, which may be out of date.
    Memo,
    /// Time without keys, clicks and scrolls.
    Question,
    /// A pause for private time.
    Pause,
    /// No connection to the back office.
    Offline,
    /// Something needs a look.
    Problem,
    /// Something that was asked for was not done.
    Refusal,
}

/// A notification to be shown.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Notification {
    /// What it is about.
    pub(crate) topic: NotificationTopic,
    /// The first line, plain text.
    pub(crate) summary: String,
    /// The rest, plain text.
    pub(crate) body: String,
    /// The buttons: each action with its words.
    pub(crate) actions: Vec<(TrayAction, String)>,
    /// What to type if no buttons are shown.
    pub(crate) fallback: Option<&'static str>,
    /// Whether it stays until it is closed or withdrawn.
    pub(crate) stays: bool,
}

impl Notification {
    pub(crate) fn new(topic: NotificationTopic, summary: impl Into<String>, body: impl Into<String>) -> Self {
        Self {
            topic,
            summary: summary.into(),
            body: body.into(),
            actions: Vec::new(),
            fallback: None,
            stays: false,
        }
    }

    pub(crate) fn with_action(mut self, action: TrayAction, words: &str) -> Self {
        self.actions.push((action, words.to_owned()));
        self
    }

    pub(crate) fn with_fallback(mut self, instead: &'static str) -> Self {
        self.fallback = Some(instead);
        self
    }
}

/// A change to the notifications on the screen.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum NotificationUpdate {
    /// Show it, in place of the one of the same topic.
    Show(Notification),
    /// Withdraw the notification of a topic: it is no longer true.
    Withdraw(NotificationTopic),
}

/// Returns the notification that this computer is recorded (invariant 6).
pub(crate) fn recording_notification(status: &Status, zone: &DisplayZone) -> Notification {
    let since = status.since.map(|s| format!("Since {}, ", zone.moment(s, status.now)));
    let since = since.unwrap_or_default();
    let whose = format!("{since}'{}' for {}.", status.title(), status.client());
    let body = match status.mode {
        Mode::Worklog => format!("{whose} You can stop at any time."),
        Mode::Monitoring => {
            format!(
                "{whose} {} decides what is recorded. A pause for private time always works.",
                status.client()
            )
        }
    };
    let message = Notification::new(NotificationTopic::Recording, "This computer is being recorded", body);
    message.with_action(TrayAction::Open(StartPage::Recorded), "What is recorded")
}
