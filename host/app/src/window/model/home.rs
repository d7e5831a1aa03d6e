//! What goes on now: which scene the first page shows, and its sums.

use candor_diary::terms::{Mode, PictureRemoval};
use candor_protocol::{Segment, SegmentState};

use super::WindowModel;
use crate::window::page::WindowPage;
use crate::window::widgets::meters::WeekSummary;

/// How long a picture that was just taken replaces the clock, in milliseconds.
const FRESH: u64 = 60_000;

/// The scene of the first page.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum HomeView {
    /// There is no agent, or not yet.
    Unreached,
    /// There is no contract.
    Join,
    /// A contract's notice is to be accepted; its id.
    Accept(String),
    /// There is time to decide about.
    Question,
    /// The client's rules start and stop recording.
    Monitoring,
    /// A picture was just taken.
    FreshPicture,
    /// Nothing else: the clock.
    Clock,
}

impl WindowModel {
    /// Returns the scene of the first page.
    pub(crate) fn home_view(&self) -> HomeView {
        let Some(status) = self.status().filter(|_| self.agent.is_connected()) else {
            return HomeView::Unreached;
        };
        if status.contracts.is_empty() {
            return HomeView::Join;
        }
        if let Some(current) = &status.current
            && !status.notice_accepted
            && !self.accept.is_postponed(&current.id)
        {
            return HomeView::Accept(current.id.clone());
        }
        if status.question.is_some_and(|question| !self.question.is_postponed(question.from)) {
            return HomeView::Question;
        }
        if status.mode == Mode::Monitoring && status.notice_accepted {
            return HomeView::Monitoring;
        }
        // Whoever is about to type is not interrupted.
        if !self.clock.is_being_typed() && self.fresh_picture().is_some() {
            return HomeView::FreshPicture;
        }
        HomeView::Clock
    }

    /// Returns the segment whose picture was just taken and can still be taken back: since when, and until when.
    pub(crate) fn fresh_picture(&self) -> Option<(&Segment, u64, u64)> {
        let segment = self.status()?.last_picture.as_ref()?;
        let at = segment.picture.as_ref()?.at;
        let until = match segment.state {
            SegmentState::Open { sends_at } | SegmentState::Held { sends_at } => sends_at,
            _ => return None,
        };
        let fresh = self.now() < at + FRESH && self.now() < until && !self.fresh_picture.is_dismissed(at);
        fresh.then_some((segment, at, until))
    }

    /// Returns whether the client's rules start and stop recording.
    pub(crate) fn is_monitored(&self) -> bool {
        self.status().is_some_and(|status| status.mode == Mode::Monitoring)
    }

    /// Returns whether something is recorded now. What an agent said that is gone no longer counts.
    pub(crate) fn is_recording(&self) -> bool {
        self.home_view() != HomeView::Unreached && self.is_clock_running()
    }

    fn is_clock_running(&self) -> bool {
        self.status().is_some_and(|status| {
            status.tracking && status.paused_since.is_none() && status.away_since.is_none()
        })
    }

    /// Returns how long the tracker is on, in milliseconds.
    pub(crate) fn on_ms(&self) -> u64 {
        self.status().map_or(0, |status| {
            status.on_ms + if self.is_clock_running() { self.now().saturating_sub(status.now) } else { 0 }
        })
    }

    /// Returns whether something is shown that changes by itself, such as a clock.
    pub(crate) fn is_moving(&self) -> bool {
        let Some(status) = self.status() else { return false };
        let clock = *self.page() == WindowPage::Home
            && (status.tracking || status.offline_since.is_some() || self.fresh_picture().is_some());
        clock
            || self.banner.shown().is_some()
            || self.shows_preview()
            || matches!(self.page(), WindowPage::Outbox | WindowPage::Segment(_))
    }

    /// Returns this week's time by its kinds.
    pub(crate) fn week_summary(&self) -> WeekSummary {
        let Some(status) = self.status() else { return WeekSummary::default() };
        let (within, over) = (status.week_ms, status.over_ms);
        let manual = self.totals.week_manual_ms().min(within);
        WeekSummary { tracked: within - manual, manual, over, limit: status.limit_ms }
    }

    /// Returns whether, by the terms, deleting a picture takes its time; unknown terms count as the worse.
    pub(crate) fn removal_takes_time(&self) -> bool {
        self.current_terms().is_none_or(|terms| terms.picture_removal == PictureRemoval::RemovesTime)
    }

    /// Returns whether the page shows a live preview.
    pub(super) fn shows_preview(&self) -> bool {
        self.documents.takes_pictures()
            && match self.page() {
                WindowPage::Accept(_) => self.documents.notice().is_some(),
                WindowPage::Rules => self.rules.rules().is_some(),
                WindowPage::Home => {
                    matches!(self.home_view(), HomeView::Accept(_)) && self.documents.notice().is_some()
                }
                _ => false,
            }
    }

    /// Returns the contract whose notice is to be accepted on this page; `None` is the current one.
    pub(crate) fn contract_shown(&self) -> Option<String> {
        match (self.page(), self.home_view()) {
            (WindowPage::Accept(id), _) => Some(id.clone()),
            (WindowPage::Home, HomeView::Accept(id)) => Some(id),
            _ => None,
        }
    }
}
