//! What the window shows: the agent's last answers, the page that is open, and what each page keeps.
//!
//! Nothing here waits or draws. Views read it, change drafts, and ask for what is to be done.

mod home;
mod navigation;
mod reading;
mod update;

use candor_diary::terms::Terms;
use candor_protocol::{AnyRequest, EditSegment, OwnRule, Segment, SetMemo, SetOwnRules, Status};

use crate::format::DisplayZone;
use crate::window::intent::Intent;
use crate::window::page::WindowPage;
use crate::window::state::{
    AcceptPage, AgentSnapshot, BannerState, ClockScene, ContractDocuments, DayPage, FreshPictureScene,
    HomeTotals, JoinPage, KeyboardFocus, LivePreview, ManualPage, OutboxPage, PageHistory, ParcelPage,
    PictureCache, PluginsPage, PreferencesPage, QuestionScene, RequestQueue, RulesPage, SegmentPage,
    WeekPage,
};

pub(crate) use home::HomeView;

/// What the window shows: what all pages share, then a field for each page or scene.
#[derive(Debug)]
pub(crate) struct WindowModel {
    pub(crate) zone: DisplayZone,
    pub(crate) agent: AgentSnapshot,
    pub(crate) banner: BannerState,
    pub(crate) focus: KeyboardFocus,
    pub(crate) documents: ContractDocuments,
    pub(crate) preview: LivePreview,
    pub(crate) totals: HomeTotals,
    history: PageHistory,
    queue: RequestQueue,
    pictures: PictureCache,
    pub(crate) clock: ClockScene,
    pub(crate) question: QuestionScene,
    pub(crate) fresh_picture: FreshPictureScene,
    pub(crate) accept: AcceptPage,
    pub(crate) join: JoinPage,
    pub(crate) day: DayPage,
    pub(crate) week: WeekPage,
    pub(crate) manual: ManualPage,
    pub(crate) segment: SegmentPage,
    pub(crate) outbox: OutboxPage,
    pub(crate) parcel: ParcelPage,
    pub(crate) preferences: PreferencesPage,
    pub(crate) rules: RulesPage,
    pub(crate) plugins: PluginsPage,
}

impl WindowModel {
    /// Creates an empty window. `name` is the name under which a notice is accepted, as far as it is known.
    pub(crate) fn new(zone: DisplayZone, name: String) -> Self {
        Self {
            zone,
            agent: AgentSnapshot::new(),
            banner: BannerState::default(),
            focus: KeyboardFocus::new(),
            documents: ContractDocuments::default(),
            preview: LivePreview::default(),
            totals: HomeTotals::default(),
            history: PageHistory::new(),
            queue: RequestQueue::default(),
            pictures: PictureCache::default(),
            clock: ClockScene::default(),
            question: QuestionScene::default(),
            fresh_picture: FreshPictureScene::default(),
            accept: AcceptPage::new(name),
            join: JoinPage::default(),
            day: DayPage::default(),
            week: WeekPage::default(),
            manual: ManualPage::default(),
            segment: SegmentPage::default(),
            outbox: OutboxPage::default(),
            parcel: ParcelPage::default(),
            preferences: PreferencesPage::default(),
            rules: RulesPage::new(),
            plugins: PluginsPage::default(),
        }
    }

    /// Returns the page that is open.
    pub(crate) fn page(&self) -> &WindowPage {
        self.history.page()
    }

    /// Returns the agent's last status.
    pub(crate) fn status(&self) -> Option<&Status> {
        self.agent.status()
    }

    /// Returns the agent's clock, in milliseconds since the Unix epoch.
    pub(crate) fn now(&self) -> u64 {
        self.agent.now()
    }

    /// Writes a time, with its day if that is not today.
    pub(crate) fn moment(&self, ms: u64) -> String {
        self.zone.moment(ms, self.now())
    }

    /// Returns the terms of the current contract, if they are read.
    pub(crate) fn current_terms(&self) -> Option<&Terms> {
        self.documents.terms_of(self.status()?.contract()?)
    }

    /// Returns a segment of the day that is shown, of today, or of the status.
    pub(crate) fn segment_at(&self, start: u64) -> Option<&Segment> {
        let running = self.status().and_then(|status| status.running.as_ref());
        let last = self.status().and_then(|status| status.last_picture.as_ref());
        self.day
            .segments()
            .into_iter()
            .flatten()
            .chain(self.totals.today())
            .chain(running)
            .chain(last)
            .find(|segment| segment.start == start)
    }

    /// Asks the window's loop to do something.
    pub(crate) fn push(&mut self, intent: Intent) {
        self.queue.push(intent);
    }

    /// Takes what the window's loop is asked to do.
    pub(crate) fn take_intents(&mut self) -> Vec<Intent> {
        self.queue.take_intents()
    }

    /// Takes that a request cannot be sent.
    pub(crate) fn give_up(&mut self, request: &AnyRequest) {
        self.queue.settle(request);
    }

    /// Returns whether an invitation is being taken.
    pub(crate) fn is_joining(&self) -> bool {
        self.queue.is_joining()
    }

    /// Asks the agent for something that is to be shown.
    pub(crate) fn read(&mut self, request: impl Into<AnyRequest>) {
        let request = request.into();
        self.queue.read(request);
    }

    /// Asks the agent to do something.
    pub(crate) fn ask(&mut self, request: impl Into<AnyRequest>) {
        let request = request.into();
        self.banner.dismiss();
        // What was typed belongs to what was current until now.
        if matches!(
            request,
            AnyRequest::SwitchContract(_) | AnyRequest::StopTracking(_) | AnyRequest::QuitAgent(_)
        ) {
            self.save_memos();
        }
        self.queue.perform(request);
    }

    /// Saves the memos that were typed and not saved, of now and of a segment: their field was left.
    pub(crate) fn save_memos(&mut self) {
        for request in self.take_unsaved_memos() {
            if let AnyRequest::SetMemo(SetMemo { memo }) = &request {
                self.clock.memo.clone_from(memo);
            }
            self.ask(request);
        }
    }

    /// Returns the requests that save the memos that were typed and not saved.
    pub(crate) fn take_unsaved_memos(&mut self) -> Vec<AnyRequest> {
        let mut requests = Vec::new();
        let Some(status) = self.agent.status() else { return requests };
        if let Some(memo) = self.clock.unsaved(status.memo.as_deref()) {
            requests.push(SetMemo { memo }.into());
        }
        let memo = self.segment.memo.trim();
        if let Some(segment) = self.segment_at(self.segment.start())
            && self.segment.is_memo_edited()
            && segment.editable
            && memo != segment.memo.as_deref().unwrap_or_default()
        {
            let (start, memo, label) = (segment.start, memo.to_owned(), segment.label.clone());
            requests.push(EditSegment { start, memo, label }.into());
        }
        self.segment.end_memo_edit();
        requests
    }

    /// Undoes the last action, by its request.
    pub(crate) fn undo(&mut self, undo: AnyRequest) {
        match undo {
            AnyRequest::SetOwnRules(SetOwnRules { rules }) => self.set_rules(rules),
            other => self.ask(other),
        }
    }

    /// Puts other rules of the worker's own in force, at once.
    pub(crate) fn set_rules(&mut self, rules: Vec<OwnRule>) {
        self.rules.begin_change(rules.clone());
        self.preview.renew();
        self.ask(SetOwnRules { rules });
    }
}
