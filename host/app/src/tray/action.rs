//! What a person can have done from the tray's menu or a notification.

use std::fmt;

use crate::window::StartPage;

/// One action. As text it is the key of a notification's action: the key says what exactly is meant (which segment,
/// which question), so that a click that comes late cannot mean the one that came after.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum TrayAction {
    /// Begin tracking, or end a pause.
    Start,
    /// End tracking at once.
    Stop,
    /// Pause for private time.
    Pause,
    /// Make another contract the current one; its id.
    Switch(String),
    /// Remove the picture of the segment that begins then.
    RemovePicture(u64),
    /// Bring back the picture of the segment that begins then.
    RestorePicture(u64),
    /// Leave out the time that the question since then is about.
    LeaveOut(u64),
    /// Keep the time that the question since then is about, under the memo that is set.
    KeepAsManual(u64),
    /// Open the window on a page.
    Open(StartPage),
    /// End the agent and the tray.
    Quit,
}

impl fmt::Display for TrayAction {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Start => f.write_str("start"),
            Self::Stop => f.write_str("stop"),
            Self::Pause => f.write_str("pause"),
            Self::Switch(contract) => write!(f, "switch:{contract}"),
            Self::RemovePicture(start) => write!(f, "remove-picture:{start}"),
            Self::RestorePicture(start) => write!(f, "restore-picture:{start}"),
            Self::LeaveOut(from) => write!(f, "leave-out:{from}"),
            Self::KeepAsManual(from) => write!(f, "keep:{from}"),
            Self::Open(page) => write!(f, "open:{}", page.name()),
            Self::Quit => f.write_str("quit"),
        }
    }
}

impl TrayAction {
    /// The action that a key names; none if it names none.
    pub(crate) fn from_key(key: &str) -> Option<Self> {
        let (name, what) = key.split_once(':').unwrap_or((key, ""));
        match name {
            "start" => Some(Self::Start),
            "stop" => Some(Self::Stop),
            "pause" => Some(Self::Pause),
            "switch" => Some(Self::Switch(what.to_owned())),
            "remove-picture" => what.parse().ok().map(Self::RemovePicture),
            "restore-picture" => what.parse().ok().map(Self::RestorePicture),
            "leave-out" => what.parse().ok().map(Self::LeaveOut),
            "keep" => what.parse().ok().map(Self::KeepAsManual),
            "open" => StartPage::from_name(what).map(Self::Open),
            "quit" => Some(Self::Quit),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_means_the_deed_that_it_was_made_of() {
        let mut actions = vec![
            TrayAction::Start,
            TrayAction::Stop,
            TrayAction::Pause,
            TrayAction::Switch("a:b".into()),
            TrayAction::RemovePicture(1_795_794_800_000),
            TrayAction::RestorePicture(1_795_794_800_000),
            TrayAction::LeaveOut(7),
            TrayAction::KeepAsManual(7),
            TrayAction::Quit,
        ];
        actions.extend(StartPage::ALL.map(TrayAction::Open));
        for action in actions {
            assert_eq!(TrayAction::from_key(&action.to_string()), Some(action));
        }
        for nonsense in ["", "default", "remove-picture:", "remove-picture:-1", "open:sesame"] {
            assert_eq!(TrayAction::from_key(nonsense), None, "{nonsense}");
        }
    }
}
