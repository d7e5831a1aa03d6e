//! What the agent's answers change in the model.

use std::cmp::Ordering;

use candor_diary::plain;
use candor_protocol::{
    AddManualTime, AnswerIdle, Answered, AnyRequest, GetOwnRules, GetParcel, GetPicture, GetSegments,
    IdleAnswer, OwnRule, RemovePicture, RemoveSegment, RestoreSegment, Segment, SendNow, SetMemo,
    SetOwnRules, Status, UndoIdleAnswer,
};

use super::WindowModel;
use crate::format;
use crate::window::page::WindowPage;
use crate::window::refusal::refusal_fact;
use crate::window::state::{
    AgentConnection, ContractDocuments, DayPage, HomeTotals, JoinPage, LivePreview, ManualPage, OutboxPage,
    PictureSlot, PluginsPage, WeekPage,
};
use crate::window::worker::AgentAnswer;

impl WindowModel {
    /// Takes the agent's status. `time` is the window's clock in seconds.
    pub(crate) fn take_status(&mut self, status: Box<Status>, time: f64) {
        let first = !self.agent.is_connected();
        if first && !status.tracking && self.status().is_some_and(|before| before.tracking) {
            self.banner.show_error(
                "Tracking has ended.",
                "The agent ended and was started again. What it recorded until then is kept; nothing has been recorded since.",
            );
        }
        let (other, changed, week) = match self.status() {
            Some(before) => (
                before.contract() != status.contract(),
                before.revision != status.revision,
                before.week_ms != status.week_ms,
            ),
            None => (true, true, true),
        };
        if other {
            self.forget_contract();
        }
        self.clock.show_saved(status.memo.as_deref());
        self.agent.set_status(status, time);
        if first || changed {
            self.read_page();
        }
        if (first || week) && self.status().is_some_and(|status| status.limit_ms.is_some()) {
            self.read_week(0);
        }
    }

    /// Lets go of what belongs to one contract.
    fn forget_contract(&mut self) {
        self.pictures.clear();
        self.totals = HomeTotals::default();
        (self.day, self.week) = (DayPage::default(), WeekPage::default());
        (self.outbox, self.plugins) = (OutboxPage::default(), PluginsPage::default());
        (self.documents, self.preview) = (ContractDocuments::default(), LivePreview::default());
        self.clock.end_edit();
    }

    /// Takes that the agent does not answer, or not yet.
    pub(crate) fn take_connection(&mut self, connection: AgentConnection) {
        self.agent.set_connection(connection);
    }

    /// Takes a segment's picture as it fills the window.
    pub(crate) fn take_large_picture(&mut self, start: u64, picture: PictureSlot) {
        if *self.page() == WindowPage::Picture(start) {
            self.pictures.set_large(start, picture);
        }
    }

    /// Takes the answer to a request.
    pub(crate) fn take_answer(&mut self, request: &AnyRequest, answer: Result<AgentAnswer, String>) {
        self.queue.settle(request);
        match answer {
            Ok(AgentAnswer::Picture(shot)) => {
                if let AnyRequest::GetPicture(GetPicture { start }) = request {
                    self.pictures.set(*start, PictureSlot::Loaded(shot));
                }
            }
            Ok(AgentAnswer::Preview(preview, shot)) => {
                self.preview.show(*preview, shot);
            }
            Ok(AgentAnswer::Answered(answered)) => self.take_answered(answered),
            Err(why) => self.take_refusal(request, &why),
        }
    }

    fn take_refusal(&mut self, request: &AnyRequest, why: &str) {
        match request {
            AnyRequest::GetPicture(GetPicture { start }) => {
                self.pictures.set(*start, PictureSlot::Failed(format::capitalize(why)))
            }
            AnyRequest::GetPreview(_) => self.preview.fail(format::capitalize(why)),
            AnyRequest::SetOwnRules(SetOwnRules { rules }) => {
                self.rules.revert_change(rules);
                self.show_refusal(request, why);
                self.read(GetOwnRules);
            }
            // The agent is gone: the page that says so is enough.
            AnyRequest::GetStatus(_) => {}
            _ => self.show_refusal(request, why),
        }
    }

    fn show_refusal(&mut self, request: &AnyRequest, why: &str) {
        self.focus.return_to_field();
        self.banner.offer_undo(None);
        self.banner.show_error(refusal_fact(request), &format::capitalize(why));
    }

    /// Takes that rules are in force, and offers the ones before.
    fn take_rules_change(&mut self, rules: &[OwnRule]) {
        let before = self.rules.confirm_change(rules);
        let counts = "It counts from now on, on top of the client's rules.";
        match before.as_ref().map_or(0, Vec::len).cmp(&rules.len()) {
            Ordering::Less => self.banner.show("Rule added.", counts),
            Ordering::Greater => self.banner.show("Rule removed.", "It no longer counts."),
            Ordering::Equal => self.banner.show("Rules changed.", "They count from now on."),
        }
        self.banner.offer_undo(before.map(|rules| SetOwnRules { rules }.into()));
    }

    fn take_answered(&mut self, answered: Answered) {
        match answered {
            Answered::GetNotice(_, notice) => self.documents.set_notice(*notice),
            Answered::GetTerms(_, terms) => {
                // Who works by the terms is who accepts them, unless another name is typed.
                self.accept.suggest_name(&terms.worker);
                self.documents.set_terms(*terms);
            }
            Answered::GetSegments(GetSegments { from, to }, answer) => self.take_segments(from, to, *answer),
            Answered::GetOutbox(_, outbox) => self.outbox.set_outbox(*outbox),
            Answered::GetParcel(GetParcel { parcel }, answer) => self.parcel.set_bytes(parcel, *answer),
            Answered::GetPreferences(_, preferences) => self.preferences.take_saved(*preferences),
            Answered::GetOwnRules(_, rules) if !self.rules.is_changing() => self.rules.take_saved(*rules),
            Answered::GetPlugins(_, plugins) => self.plugins.set_plugins(*plugins),
            Answered::ImportInvitation(_, contract) => {
                self.join = JoinPage::default();
                if contract.accepted {
                    self.open_page(WindowPage::Home);
                } else {
                    self.open_page(WindowPage::Accept(contract.id));
                }
            }
            Answered::AcceptNotice(..) => {
                // The agent makes it the current contract if nothing is tracked. Nothing starts by this.
                self.accept.resume();
                self.open_page(WindowPage::Home);
            }
            Answered::SetMemo(SetMemo { memo }, _) => self.clock.confirm_saved(&memo),
            Answered::StartTracking(..) => self.clock.end_edit(),
            Answered::AnswerIdle(AnswerIdle { answer }, _) => {
                self.question.memo.clear();
                match answer {
                    IdleAnswer::LeaveOut => self.banner.show("Left out.", "It is not billed."),
                    IdleAnswer::Manual(_) => self.banner.show("Kept as manual time.", ""),
                }
                self.banner.offer_undo(Some(UndoIdleAnswer.into()));
            }
            Answered::UndoIdleAnswer(..) => self.question.resume(),
            Answered::RemoveSegment(RemoveSegment { start }, gone) => {
                self.go_back();
                let pictures = match u64::from(gone.pictures) {
                    0 => String::new(),
                    n => format!("{n} {} went with it. ", plain::plural(n, "picture", "pictures")),
                };
                self.banner.show(
                    &format!("{} removed.", format::hours_minutes(gone.time_ms)),
                    &format!("{pictures}A mark stays that both sides see."),
                );
                self.banner.offer_undo(Some(RestoreSegment { start }.into()));
                self.read_page();
            }
            Answered::AddManualTime(AddManualTime { from, to, .. }, added) => {
                self.manual = ManualPage::default();
                self.go_back();
                let rest = if added.time_ms < to - from {
                    " The rest is already counted, or is less than a whole segment."
                } else {
                    ""
                };
                let range = self.zone.range(added.from, added.to);
                self.banner.show(
                    &format!("{} added as manual time.", format::hours_minutes(added.time_ms)),
                    &format!("{range}.{rest}"),
                );
                self.read_page();
            }
            Answered::SetPreferences(..) => self.banner.show("Preferences saved.", ""),
            Answered::SetOwnRules(SetOwnRules { rules }, _) => self.take_rules_change(&rules),
            Answered::RemovePicture(RemovePicture { start }, _) => {
                let time = self.segment_at(start).filter(|s| s.removed_at.is_none());
                let time = time.filter(|_| self.removal_takes_time()).map(format::tracked_minutes);
                match time {
                    Some(time) => self.banner.show(&format!("Picture and its {time} deleted."), ""),
                    None => self.banner.show("Picture deleted.", "Your time stays."),
                }
                self.banner.offer_undo(Some(RestoreSegment { start }.into()));
                self.read_page();
            }
            Answered::RestoreSegment(..) => {
                self.pictures.clear();
                self.pictures.close_large();
                self.banner.show("What you removed is back.", "");
                self.read_page();
            }
            Answered::RemoveNotes(..) => {
                self.banner.show("Notes removed.", "They are erased here, and the client does not get them.");
                self.read_page();
            }
            Answered::EditSegment(..)
            | Answered::CancelParcel(..)
            | Answered::UncancelParcel(..)
            | Answered::TryNow(..) => self.read_page(),
            Answered::SendNow(SendNow { start }, _) => {
                let end = self.segment_at(start).map(format::segment_end);
                match end.filter(|end| *end > self.now()) {
                    Some(end) => {
                        let at = self.moment(end);
                        self.banner
                            .show(&format!("It will be sent at {at}."), "That is when its segment ends.");
                    }
                    None => self.banner.show("It is on its way.", ""),
                }
                self.read_page();
            }
            _ => {}
        }
    }

    fn take_segments(&mut self, from: u64, to: u64, segments: Vec<Segment>) {
        if self.zone.day_span(self.now(), 0) == Some((from, to)) {
            self.totals.set_today(&segments);
        }
        if self.week_span(0) == (from, to) {
            self.totals.set_week(&segments);
        }
        if self.zone.day_span(self.now(), self.day.days_back()) == Some((from, to)) {
            self.day.set_segments(segments);
        } else if self.week_span(self.week.weeks_back()) == (from, to) {
            self.week.set_segments(segments);
        }
    }
}
