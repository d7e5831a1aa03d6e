//! What is read from the agent for the page that is open, and when.

use candor_diary::calendar::week_of;
use candor_protocol::{
    GetNotice, GetOutbox, GetOwnRules, GetParcel, GetPicture, GetPlugins, GetPreferences, GetPreview,
    GetSegments, GetTerms,
};

use super::{HomeView, WindowModel};
use crate::window::intent::Intent;
use crate::window::page::WindowPage;
use crate::window::state::PictureSlot;

/// How wide a preview is asked for, in pixels: twice what the window shows.
const PREVIEW_WIDTH: u32 = 640;
/// A day in milliseconds.
const DAY: u64 = 86_400_000;
/// A week in milliseconds.
const WEEK: u64 = 7 * DAY;

impl WindowModel {
    /// Moves the clock on. `time` is the window's clock in seconds.
    pub(crate) fn tick(&mut self, time: f64) {
        self.agent.tick(time);
        self.banner.expire(time);
        if self.shows_preview() && self.preview.take_due(time) {
            let rules = (*self.page() == WindowPage::Rules).then(|| self.rules.rules()).flatten();
            let own_rules = rules.map(<[_]>::to_vec);
            let contract = self.contract_shown();
            self.read(GetPreview { contract, own_rules, max_width: PREVIEW_WIDTH });
        }
    }

    /// Reads anew what the page shows.
    pub(crate) fn read_page(&mut self) {
        match self.page().clone() {
            WindowPage::Home => match self.home_view() {
                // Without a contract there is nothing to read, and without an agent nobody to ask.
                HomeView::Join | HomeView::Unreached => {}
                HomeView::Accept(contract) => self.read_documents(Some(contract)),
                HomeView::Monitoring => self.read_documents(None),
                _ => {
                    self.read_day(0);
                    if self.current_terms().is_none() {
                        self.read(GetTerms { contract: None });
                    }
                    if self.status().is_some_and(|status| status.offline_since.is_some()) {
                        self.read(GetOutbox);
                    }
                }
            },
            WindowPage::Accept(contract) => self.read_documents(Some(contract)),
            WindowPage::Recorded(contract) => self.read_documents(contract),
            WindowPage::Day | WindowPage::Segment(_) | WindowPage::Picture(_) => {
                self.read_day(self.day.days_back())
            }
            WindowPage::Week => self.read_week(self.week.weeks_back()),
            WindowPage::Outbox => self.read(GetOutbox),
            WindowPage::Parcel(parcel) => self.read(GetParcel { parcel }),
            WindowPage::Preferences => {
                self.read(GetPreferences);
                self.read(GetTerms { contract: None });
            }
            WindowPage::Rules if self.rules.rules().is_none() => self.read(GetOwnRules),
            WindowPage::Plugins => self.read(GetPlugins),
            WindowPage::Menu
            | WindowPage::Join
            | WindowPage::Rules
            | WindowPage::Closing
            | WindowPage::Manual => {}
        }
    }

    fn read_documents(&mut self, contract: Option<String>) {
        self.read(GetNotice { contract: contract.clone() });
        self.read(GetTerms { contract });
    }

    /// Reads the segments of the day that is `days_back` days before today.
    pub(crate) fn read_day(&mut self, days_back: i64) {
        if let Some((from, to)) = self.zone.day_span(self.now(), days_back) {
            self.read(GetSegments { from, to });
        }
    }

    /// Reads the segments of the week that is `weeks_back` weeks before this one.
    pub(crate) fn read_week(&mut self, weeks_back: i64) {
        let (from, to) = self.week_span(weeks_back);
        self.read(GetSegments { from, to });
    }

    /// Returns the first millisecond of the week that is `weeks_back` weeks before this one, and the first after it.
    pub(crate) fn week_span(&self, weeks_back: i64) -> (u64, u64) {
        let from = week_of(self.now()).0.saturating_sub(weeks_back.unsigned_abs().saturating_mul(WEEK));
        (from, from + WEEK)
    }

    /// Returns a segment's picture; asks for it if it is not here.
    pub(crate) fn picture(&mut self, start: u64) -> &mut PictureSlot {
        if !self.pictures.contains(start) {
            self.read(GetPicture { start });
        }
        self.pictures.slot(start)
    }

    /// Returns a segment's picture as it fills the window; asks for it if it is not here.
    pub(crate) fn large_picture(&mut self, start: u64) -> &mut PictureSlot {
        if !self.pictures.is_large(start) {
            self.push(Intent::LoadLargePicture(start));
        }
        self.pictures.large_slot(start)
    }
}
