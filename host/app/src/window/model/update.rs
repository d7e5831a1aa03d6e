//! What the agent's answers change in the model, and what is said when it refuses.

use std::cmp::Ordering;

use candor_diary::plain;
use candor_diary::terms::{PictureRemoval, Terms};
use candor_protocol::{Contract, Forgotten, IdleAnswer, OwnRule, Preferences, Request, Segment};
use serde::de::DeserializeOwned;
use serde_json::Value;

use super::banner::Banner;
use super::intent::Page;
use super::model::{Model, PictureSlot};
use super::parts::frame::Tone;
use super::words;
use super::worker::AgentAnswer;
use crate::say;

/// A rule that is not written yet.
pub(crate) fn empty_rule() -> OwnRule {
    OwnRule {
        field: "application".into(),
        by: "contains".into(),
        pattern: String::new(),
        action: "fill".into(),
    }
}

/// What did not happen, as the beginning of what is said.
fn fact(request: &Request) -> &'static str {
    match request {
        Request::Start { .. } => "Tracking did not start.",
        Request::Stop { .. } => "Tracking did not stop.",
        Request::Pause => "The pause did not begin.",
        Request::Memo { .. } => "The memo was not saved.",
        Request::Label { .. } => "The label was not saved.",
        Request::Idle { .. } => "The answer was not saved.",
        Request::Switch { .. } => "The contract was not switched.",
        Request::Import { .. } => "That invitation did not work.",
        Request::Accept { .. } => "The notice was not accepted.",
        Request::EditSegment { .. } => "The segment was not changed.",
        Request::RemovePicture { .. } => "The picture was not deleted.",
        Request::RemoveSegment { .. } => "Nothing was removed.",
        Request::Restore { .. } => "Nothing was brought back.",
        Request::UndoIdle => "The answer was not undone.",
        Request::RemoveNotes { .. } => "The notes were not removed.",
        Request::Forget { .. } => "Nothing was removed.",
        Request::AddManual { .. } => "No time was added.",
        Request::Cancel { .. } => "It was not taken back.",
        Request::Uncancel { .. } => "It is still not to be sent.",
        Request::SendNow { .. } | Request::TryNow => "Nothing was sent.",
        Request::SetPreferences { .. } => "The preferences were not saved.",
        Request::SetOwnRules { .. } => "The rules were not saved.",
        Request::Quit => "The agent did not end.",
        _ => "This did not load.",
    }
}

impl Model {
    /// Takes an answer.
    pub(crate) fn take(&mut self, request: &Request, answer: Result<AgentAnswer, String>) {
        self.pending.retain(|pending| pending != request);
        match answer {
            Ok(AgentAnswer::Picture(shot)) => {
                if let Request::Picture { start } = request {
                    self.set_picture(*start, PictureSlot::Here(shot));
                }
            }
            Ok(AgentAnswer::Preview(preview, shot)) => {
                self.live.failed = None;
                self.live.shown = Some((*preview, shot));
            }
            Ok(AgentAnswer::Value(value)) => {
                if let Err(why) = self.take_value(request, value) {
                    self.refused(request, &why);
                }
            }
            Err(why) => self.refused(request, &why),
        }
    }

    fn refused(&mut self, request: &Request, why: &str) {
        match request {
            Request::Picture { start } => self.set_picture(*start, PictureSlot::Not(words::sentence(why))),
            Request::Preview { .. } => self.live.failed = Some(words::sentence(why)),
            Request::SetOwnRules { rules } => {
                // What was not taken must not look as if it were; what was typed is not lost.
                let new =
                    rules.last().filter(|rule| !self.rules_before.iter().flatten().any(|old| old == *rule));
                if let Some(new) = new {
                    self.new_rule = new.clone();
                }
                (self.rules, self.rules_before) = (self.rules_before.take(), None);
                self.say_refused(request, why);
                self.read(Request::OwnRules);
            }
            // The agent is gone: the page that says so is enough.
            Request::Status { .. } => {}
            _ => self.say_refused(request, why),
        }
    }

    fn say_refused(&mut self, request: &Request, why: &str) {
        (self.undo, self.refocus) = (None, true);
        self.banner =
            Some(Banner { tone: Tone::Over, fact: fact(request).into(), words: words::sentence(why) });
    }

    /// Rules are in force: says so, and offers the ones before.
    fn rules_set(&mut self, rules: &[OwnRule]) {
        let before = self.rules_before.take();
        let counts = "It counts from now on, on top of the client's rules.";
        match before.as_ref().map_or(0, Vec::len).cmp(&rules.len()) {
            Ordering::Less => self.announce("Rule added.", counts),
            Ordering::Greater => self.announce("Rule removed.", "It no longer counts."),
            Ordering::Equal => self.announce("Rules changed.", "They count from now on."),
        }
        self.rules = Some(rules.to_vec());
        self.undo = before.map(|rules| Request::SetOwnRules { rules });
    }

    /// Whether, by the terms, deleting a picture takes its time; what is not known counts as the worse.
    pub(crate) fn removal_takes_time(&self) -> bool {
        self.terms_here().is_none_or(|terms| terms.picture_removal == PictureRemoval::RemovesTime)
    }

    fn take_value(&mut self, request: &Request, value: Value) -> Result<(), String> {
        match request {
            Request::Notice { .. } => self.notice = Some(read(value)?),
            Request::Terms { .. } => {
                let terms: Terms = read(value)?;
                // Who works by the terms is who accepts them, unless another name is typed.
                if !self.by_touched && !terms.worker.trim().is_empty() {
                    self.by.clone_from(&terms.worker);
                }
                self.terms = Some(terms);
            }
            Request::Segments { from, to } => self.take_segments(*from, *to, read(value)?),
            Request::Outbox => self.outbox = Some(read(value)?),
            Request::Parcel { parcel } => self.parcel = Some((parcel.clone(), read(value)?)),
            Request::Preferences => {
                let read: Preferences = read(value)?;
                match &mut self.preferences {
                    // It may have been set by the command line.
                    Some(here) => here.theme = read.theme,
                    None => self.preferences = Some(read),
                }
            }
            Request::OwnRules if self.rules_before.is_none() => self.rules = Some(read(value)?),
            Request::Plugins => self.plugins = Some(read(value)?),
            Request::Import { .. } => {
                let contract: Contract = read(value)?;
                self.link.clear();
                self.path.clear();
                if contract.accepted {
                    self.go(Page::Home);
                } else {
                    self.go(Page::Accept(contract.id));
                }
            }
            Request::Accept { .. } => {
                // The agent makes it the current contract where nothing tracks. Nothing starts by this.
                self.not_now = None;
                self.go(Page::Home);
            }
            Request::Memo { memo } if self.memo == *memo => self.memo_touched = false,
            Request::Start { .. } => self.memo_touched = false,
            Request::Idle { answer } => {
                self.idle_memo.clear();
                match answer {
                    IdleAnswer::LeaveOut => self.announce("Left out.", "It is not billed."),
                    IdleAnswer::Manual(_) => self.announce("Kept as manual time.", ""),
                }
                self.undo = Some(Request::UndoIdle);
            }
            Request::UndoIdle => self.later = None,
            Request::RemoveSegment { start } => {
                let gone: Forgotten = read(value)?;
                self.back();
                let pictures = match u64::from(gone.pictures) {
                    0 => String::new(),
                    n => format!("{n} {} went with it. ", plain::plural(n, "picture", "pictures")),
                };
                self.announce(
                    &format!("{} removed.", words::hours_minutes(gone.time_ms)),
                    &format!("{pictures}A mark stays that both sides see."),
                );
                self.undo = Some(Request::Restore { start: *start });
                self.refresh();
            }
            Request::AddManual { from, to, .. } => {
                let added: Forgotten = read(value)?;
                self.draft = super::manual::Draft::default();
                self.back();
                let rest = if added.time_ms < to - from {
                    " The rest is already counted, or is less than a whole segment."
                } else {
                    ""
                };
                let range = self.zone.range(added.from, added.to);
                self.announce(
                    &format!("{} added as manual time.", words::hours_minutes(added.time_ms)),
                    &format!("{range}.{rest}"),
                );
                self.refresh();
            }
            Request::SetPreferences { .. } => self.announce("Preferences saved.", ""),
            Request::SetOwnRules { rules } => self.rules_set(rules),
            Request::RemovePicture { start } => {
                let time = self.segment(*start).filter(|s| s.removed_at.is_none());
                let time = time.filter(|_| self.removal_takes_time()).map(say::minutes);
                match time {
                    Some(time) => self.announce(&format!("Picture and its {time} deleted."), ""),
                    None => self.announce("Picture deleted.", "Your time stays."),
                }
                self.undo = Some(Request::Restore { start: *start });
                self.refresh();
            }
            Request::Restore { .. } => {
                self.forget_pictures();
                self.announce("What you removed is back.", "");
                self.refresh();
            }
            Request::RemoveNotes { .. } => {
                self.announce("Notes removed.", "They are erased here, and the client does not get them.");
                self.refresh();
            }
            Request::EditSegment { .. }
            | Request::Cancel { .. }
            | Request::Uncancel { .. }
            | Request::TryNow => self.refresh(),
            Request::SendNow { start } => {
                let end = self.segment(*start).map(|s| s.start + u64::from(s.length) * words::MINUTE);
                match end.filter(|end| *end > self.now) {
                    Some(end) => {
                        let at = self.zone.when(end, self.now);
                        self.announce(&format!("It will be sent at {at}."), "That is when its segment ends.");
                    }
                    None => self.announce("It is on its way.", ""),
                }
                self.refresh();
            }
            _ => {}
        }
        Ok(())
    }

    fn take_segments(&mut self, from: u64, to: u64, segments: Vec<Segment>) {
        if self.zone.day_span(self.now, 0) == Some((from, to)) {
            self.today.clone_from(&segments);
        }
        if self.zone.day_span(self.now, self.day) == Some((from, to)) {
            self.segments = Some(segments.clone());
        } else if self.week_span() == (from, to) {
            self.week = Some(segments.clone());
        }
        if self.week_before(0) == (from, to) {
            let manual = segments.iter().filter(|s| s.manual && s.removed_at.is_none());
            self.week_manual = manual.map(|s| u64::from(s.length) * words::MINUTE).sum();
        }
    }
}

fn read<T: DeserializeOwned>(value: Value) -> Result<T, String> {
    serde_json::from_value(value).map_err(|error| {
        format!(
            "the agent's answer could not be read: {error}. Window and agent may be of different versions."
        )
    })
}
