//! What the window shows: the agent's last answers, where the person is, and what was begun and not yet sent.
//!
//! Nothing here waits or draws. Views read it, change drafts, and push [`Intent`]s.

use std::collections::BTreeMap;

use candor_diary::terms::{Mode, Terms};
use candor_protocol::{
    NoticeAnswer, OutboxAnswer, OwnRule, ParcelBytes, Plugin, Preferences, Preview, Request, Segment,
    SegmentState, Status,
};

use super::banner::Banner;
use super::intent::{Intent, Page};
use super::manual::Draft;
use super::parts::frame::Tone;
use super::parts::meters::Week;
use super::parts::shot::Shot;
use super::update;
use super::words::Zone;

/// How many pictures are kept decoded.
const PICTURES: usize = 12;
/// How long a fresh picture takes the place of the clock, in milliseconds.
const FRESH: u64 = 60_000;
/// How wide a preview is asked for, in pixels: twice what the window shows.
const PREVIEW_WIDTH: u32 = 640;
/// A week in milliseconds.
const WEEK: u64 = 7 * 86_400_000;
/// How long until a preview is taken anew, in seconds.
const PREVIEW_EVERY: f64 = 4.0;

/// Whether there is an agent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum AgentConnection {
    /// Not asked yet.
    Unknown,
    /// It is being started.
    Starting,
    /// It answers.
    There,
    /// It does not; says why.
    Lost(String),
}

/// What the window shows while it shows what goes on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum HomeView {
    /// There is no agent, or not yet.
    Unreached,
    /// There is no contract.
    Join,
    /// A contract's notice is to be accepted.
    Accept(String),
    /// Time to decide about.
    Question,
    /// The client's rules drive.
    Monitoring,
    /// A picture was just taken.
    Fresh,
    /// The clock, and what belongs to it.
    Clock,
}

/// A picture that was asked for.
#[derive(Debug)]
pub(crate) enum PictureSlot {
    /// It is on its way.
    Awaited,
    /// Here it is.
    Here(Shot),
    /// It could not be had.
    Not(String),
}

/// A live preview of the screen as the client would see it.
#[derive(Debug, Default)]
pub(crate) struct Live {
    pub(crate) shown: Option<(Preview, Option<Shot>)>,
    pub(crate) failed: Option<String>,
    pub(crate) next_at: f64,
}

/// What is typed about a segment.
#[derive(Debug, Default)]
pub(crate) struct Edit {
    pub(crate) start: u64,
    pub(crate) memo: String,
    /// Whether the memo was typed in and its field not left.
    pub(crate) touched: bool,
    pub(crate) label: Option<String>,
    /// Whether the question of removing it is open.
    pub(crate) removing: bool,
}

/// What the window shows.
#[derive(Debug)]
pub(crate) struct Model {
    pub(crate) connection: AgentConnection,
    pub(crate) status: Option<Box<Status>>,
    /// The agent's clock, moved on since its last answer.
    pub(crate) now: u64,
    /// The window's clock at the last status, in seconds.
    received: f64,
    pub(crate) zone: Zone,
    pub(crate) page: Page,
    trail: Vec<Page>,
    pub(crate) intents: Vec<Intent>,
    pub(crate) banner: Option<Banner>,
    /// What is said, and since when by the window's clock in seconds.
    pub(super) banner_since: Option<(Banner, f64)>,
    /// Whether what was entered was refused: its field is to have the keyboard again.
    pub(crate) refocus: bool,
    /// Whether the page was just come to: its first field is to have the keyboard.
    pub(crate) fresh_page: bool,
    /// What undoes the last thing they did, offered beside what is said about it.
    pub(crate) undo: Option<Request>,
    /// What was asked for and not answered.
    pub(crate) pending: Vec<Request>,
    pub(crate) memo: String,
    pub(crate) memo_touched: bool,
    /// Whether the memo's field has the keyboard.
    pub(crate) memo_focused: bool,
    pub(crate) idle_memo: String,
    /// The idle question that is put off, by its first millisecond.
    pub(crate) later: Option<u64>,
    /// The picture that was put by, by its moment.
    pub(crate) put_by: Option<u64>,
    /// The contract whose notice was put off.
    pub(crate) not_now: Option<String>,
    pub(crate) link: String,
    pub(crate) path: String,
    pub(crate) by: String,
    /// Whether the name was typed here.
    pub(crate) by_touched: bool,
    pub(crate) notice: Option<NoticeAnswer>,
    pub(crate) terms: Option<Terms>,
    pub(crate) live: Live,
    /// How many days before today are shown.
    pub(crate) day: i64,
    pub(crate) segments: Option<Vec<Segment>>,
    pub(crate) today: Vec<Segment>,
    pub(crate) week_manual: u64,
    /// How many weeks before this one are shown.
    pub(crate) week_back: i64,
    /// The segments of the week that is shown.
    pub(crate) week: Option<Vec<Segment>>,
    /// Manual time that is not added yet.
    pub(crate) draft: Draft,
    pub(crate) edit: Edit,
    pub(crate) outbox: Option<OutboxAnswer>,
    pub(crate) parcel: Option<(String, ParcelBytes)>,
    pub(crate) preferences: Option<Preferences>,
    pub(crate) rules: Option<Vec<OwnRule>>,
    pub(crate) new_rule: OwnRule,
    /// The rules before the last change of them that was not answered yet.
    pub(crate) rules_before: Option<Vec<OwnRule>>,
    pub(crate) plugins: Option<Vec<Plugin>>,
    pictures: BTreeMap<u64, PictureSlot>,
    /// The picture that fills the window, by its segment's start.
    large: Option<(u64, PictureSlot)>,
}

impl Model {
    /// An empty window. `by` is who the notice is accepted by, as far as is known.
    pub(crate) fn new(zone: Zone, by: String) -> Self {
        Self {
            connection: AgentConnection::Unknown,
            status: None,
            now: 0,
            received: 0.0,
            zone,
            page: Page::Home,
            trail: Vec::new(),
            intents: Vec::new(),
            banner: None,
            banner_since: None,
            refocus: false,
            fresh_page: true,
            pending: Vec::new(),
            memo: String::new(),
            memo_touched: false,
            memo_focused: false,
            idle_memo: String::new(),
            later: None,
            put_by: None,
            not_now: None,
            link: String::new(),
            path: String::new(),
            by,
            by_touched: false,
            notice: None,
            terms: None,
            live: Live::default(),
            day: 0,
            segments: None,
            today: Vec::new(),
            week_manual: 0,
            week_back: 0,
            week: None,
            draft: Draft::default(),
            edit: Edit::default(),
            outbox: None,
            parcel: None,
            preferences: None,
            rules: None,
            new_rule: update::empty_rule(),
            rules_before: None,
            undo: None,
            plugins: None,
            pictures: BTreeMap::new(),
            large: None,
        }
    }

    /// Moves the clock on. `time` is the window's clock in seconds.
    pub(crate) fn tick(&mut self, time: f64) {
        if let Some(status) = &self.status {
            self.now = status.now + ((time - self.received).max(0.0) * 1_000.0) as u64;
        }
        self.expire_banner(time);
        if self.previews() && time >= self.live.next_at {
            self.live.next_at = time + PREVIEW_EVERY;
            let own_rules = (self.page == Page::Rules).then(|| self.rules.clone()).flatten();
            let contract = self.contract_shown();
            self.read(Request::Preview { contract, own_rules, max_width: PREVIEW_WIDTH });
        }
    }

    /// Whether the contract that is shown takes pictures, as far as is known.
    pub(crate) fn pictures(&self) -> bool {
        self.terms.as_ref().is_none_or(|terms| terms.collectors.iter().any(|c| c.plugin == "screenshots"))
    }

    /// Whether the page shows a live preview.
    fn previews(&self) -> bool {
        self.pictures() && self.preview_page()
    }

    fn preview_page(&self) -> bool {
        match &self.page {
            Page::Accept(_) => self.notice.is_some(),
            Page::Rules => self.rules.is_some(),
            Page::Home => matches!(self.home_view(), HomeView::Accept(_)) && self.notice.is_some(),
            _ => false,
        }
    }

    /// The contract whose notice and terms the page is about; none is the current one.
    pub(crate) fn contract_shown(&self) -> Option<String> {
        match (&self.page, self.home_view()) {
            (Page::Accept(id), _) => Some(id.clone()),
            (Page::Home, HomeView::Accept(id)) => Some(id),
            _ => None,
        }
    }

    /// What goes on.
    pub(crate) fn home_view(&self) -> HomeView {
        let (AgentConnection::There, Some(status)) = (&self.connection, &self.status) else {
            return HomeView::Unreached;
        };
        if status.contracts.is_empty() {
            return HomeView::Join;
        }
        if !status.notice_accepted && self.not_now.as_ref() != Some(&status.contract) {
            return HomeView::Accept(status.contract.clone());
        }
        if status.question.is_some_and(|question| self.later != Some(question.from)) {
            return HomeView::Question;
        }
        if status.mode == Mode::Monitoring && status.notice_accepted {
            return HomeView::Monitoring;
        }
        // Whoever is about to type is not interrupted.
        if !self.memo_touched && !self.memo_focused && self.fresh().is_some() {
            return HomeView::Fresh;
        }
        HomeView::Clock
    }

    /// The picture that was just taken and can still be taken back, and until when.
    pub(crate) fn fresh(&self) -> Option<(&Segment, u64, u64)> {
        let segment = self.status.as_ref()?.last_picture.as_ref()?;
        let at = segment.picture.as_ref()?.at;
        let until = match segment.state {
            SegmentState::Open { sends_at } | SegmentState::Held { sends_at } => sends_at,
            _ => return None,
        };
        let new = self.now < at + FRESH && self.now < until && self.put_by != Some(at);
        new.then_some((segment, at, until))
    }

    /// Whether the client's rules drive.
    pub(crate) fn monitored(&self) -> bool {
        self.status.as_ref().is_some_and(|status| status.mode == Mode::Monitoring)
    }

    /// Whether something is recorded now, as far as is known.
    pub(crate) fn recording(&self) -> bool {
        // What an agent said that is gone is no longer so.
        self.home_view() != HomeView::Unreached
            && self.status.as_ref().is_some_and(|status| {
                status.tracking && status.paused_since.is_none() && status.away_since.is_none()
            })
    }

    /// How long the tracker is on, in milliseconds.
    pub(crate) fn on_ms(&self) -> u64 {
        self.status.as_ref().map_or(0, |status| {
            let runs = status.tracking && status.paused_since.is_none() && status.away_since.is_none();
            status.on_ms + if runs { self.now.saturating_sub(status.now) } else { 0 }
        })
    }

    /// Whether a clock is in sight that has to move on.
    pub(crate) fn moves(&self) -> bool {
        let Some(status) = &self.status else { return false };
        let counts = self.page == Page::Home
            && (status.tracking || status.offline_since.is_some() || self.fresh().is_some());
        counts
            || self.banner.is_some()
            || self.previews()
            || matches!(self.page, Page::Outbox | Page::Segment(_))
    }

    /// The week by kinds of time.
    pub(crate) fn week(&self) -> Week {
        let Some(status) = &self.status else { return Week::default() };
        let (within, over) = (status.week_ms, status.over_ms);
        let manual = self.week_manual.min(within);
        Week { tracked: within - manual, manual, over, limit: status.limit_ms }
    }

    /// Asks for something to be shown, once.
    pub(crate) fn read(&mut self, request: Request) {
        if !self.pending.contains(&request) {
            self.pending.push(request.clone());
            self.intents.push(Intent::Read(request));
        }
    }

    /// Asks for something to be done.
    pub(crate) fn ask(&mut self, request: Request) {
        (self.banner, self.undo) = (None, None);
        // What was typed belongs to what was current until now.
        if matches!(request, Request::Switch { .. } | Request::Stop { .. } | Request::Quit) {
            self.commit();
        }
        if !self.pending.contains(&request) {
            self.pending.push(request.clone());
            self.intents.push(Intent::Do(request));
        }
    }

    /// Saves what was typed as a memo, of now or of a segment, where it was not saved: its field was left.
    pub(crate) fn commit(&mut self) {
        for request in self.uncommitted() {
            if let Request::Memo { memo } = &request {
                self.memo.clone_from(memo);
            }
            self.ask(request);
        }
    }

    /// What would be saved by [`Self::commit`].
    pub(crate) fn uncommitted(&mut self) -> Vec<Request> {
        let mut all = Vec::new();
        let Some(status) = &self.status else { return all };
        if self.memo_touched {
            let memo = self.memo.trim().to_owned();
            if memo == status.memo.as_deref().unwrap_or_default() {
                self.memo_touched = false;
            } else {
                all.push(Request::Memo { memo });
            }
        }
        let memo = self.edit.memo.trim();
        if let Some(segment) = self.segment(self.edit.start)
            && self.edit.touched
            && segment.editable
            && memo != segment.memo.as_deref().unwrap_or_default()
        {
            let (start, memo, label) = (segment.start, memo.to_owned(), segment.label.clone());
            all.push(Request::EditSegment { start, memo, label });
        }
        self.edit.touched = false;
        all
    }

    /// Undoes the last thing that was done.
    pub(crate) fn undo(&mut self, undo: Request) {
        match undo {
            Request::SetOwnRules { rules } => self.set_rules(rules),
            other => self.ask(other),
        }
    }

    /// Puts other rules of the worker's own in force, at once.
    pub(crate) fn set_rules(&mut self, rules: Vec<OwnRule>) {
        let before = self.rules.replace(rules.clone());
        self.live.next_at = 0.0;
        self.ask(Request::SetOwnRules { rules });
        self.rules_before = before;
    }

    /// Goes to a page.
    pub(crate) fn go(&mut self, page: Page) {
        if page == self.page {
            return;
        }
        self.commit();
        let before = std::mem::replace(&mut self.page, page);
        if self.page == Page::Home {
            self.trail.clear();
        } else {
            self.trail.push(before);
            let early = self.trail.len().saturating_sub(16);
            self.trail.drain(..early);
        }
        self.arrived();
    }

    /// Goes back.
    pub(crate) fn back(&mut self) {
        self.commit();
        self.page = self.trail.pop().unwrap_or(Page::Home);
        self.arrived();
    }

    fn arrived(&mut self) {
        self.fresh_page = true;
        (self.banner, self.undo) = (None, None);
        self.edit.removing = false;
        self.large = None;
        match self.page {
            Page::Accept(_) | Page::Recorded(_) => (self.notice, self.terms) = (None, None),
            Page::Parcel(_) => self.parcel = None,
            // What is typed and not added stays in its field.
            Page::Rules => self.rules = None,
            Page::Preferences => self.preferences = None,
            _ => {}
        }
        self.live = Live::default();
        self.refresh();
    }

    /// Reads anew what the page shows.
    pub(crate) fn refresh(&mut self) {
        match self.page.clone() {
            Page::Home => match self.home_view() {
                // Without a contract there is nothing to read, and without an agent nobody to ask.
                HomeView::Join | HomeView::Unreached => {}
                HomeView::Accept(contract) => self.about(Some(contract)),
                HomeView::Monitoring => self.about(None),
                _ => {
                    self.read_day(0);
                    if self.terms_here().is_none() {
                        self.read(Request::Terms { contract: None });
                    }
                    if self.status.as_ref().is_some_and(|s| s.offline_since.is_some()) {
                        self.read(Request::Outbox);
                    }
                }
            },
            Page::Accept(contract) => self.about(Some(contract)),
            Page::Recorded(contract) => self.about(contract),
            Page::Day | Page::Segment(_) | Page::Picture(_) => self.read_day(self.day),
            Page::Week => self.read_week(),
            Page::Outbox => self.read(Request::Outbox),
            Page::Parcel(parcel) => self.read(Request::Parcel { parcel }),
            Page::Preferences => {
                self.read(Request::Preferences);
                self.read(Request::Terms { contract: None });
            }
            Page::Rules if self.rules.is_none() => self.read(Request::OwnRules),
            Page::Plugins => self.read(Request::Plugins),
            Page::Menu | Page::Join | Page::Rules | Page::Closing | Page::Manual => {}
        }
    }

    /// The terms of the current contract, where they were read.
    pub(crate) fn terms_here(&self) -> Option<&Terms> {
        let current = &self.status.as_ref()?.contract;
        self.terms.as_ref().filter(|terms| candor_protocol::names(current, &terms.contract))
    }

    fn about(&mut self, contract: Option<String>) {
        self.read(Request::Notice { contract: contract.clone() });
        self.read(Request::Terms { contract });
    }

    /// The span of the day that is shown, or of today.
    pub(crate) fn read_day(&mut self, back: i64) {
        if let Some((from, to)) = self.zone.day_span(self.now, back) {
            self.read(Request::Segments { from, to });
        }
    }

    /// The first millisecond of the week that is shown, and the first after it.
    pub(crate) fn week_span(&self) -> (u64, u64) {
        self.week_before(self.week_back)
    }

    /// The span of the week that many weeks ago.
    pub(crate) fn week_before(&self, back: i64) -> (u64, u64) {
        let day = self.now / 86_400_000;
        // 1 January 1970 was a Thursday: three days after a Monday.
        // Before the agent has said what time it is, there was no week.
        let monday = day.saturating_sub((day + 3) % 7) * 86_400_000;
        let from = monday.saturating_sub(back.unsigned_abs().saturating_mul(WEEK));
        (from, from + WEEK)
    }

    /// Reads the segments of the week that is shown.
    pub(crate) fn read_week(&mut self) {
        let (from, to) = self.week_span();
        self.read(Request::Segments { from, to });
    }

    /// A segment's picture; asks for it where it is not here.
    pub(crate) fn picture(&mut self, start: u64) -> &mut PictureSlot {
        if !self.pictures.contains_key(&start) {
            self.read(Request::Picture { start });
            while self.pictures.len() >= PICTURES {
                self.pictures.pop_first();
            }
        }
        self.pictures.entry(start).or_insert(PictureSlot::Awaited)
    }

    /// The same as it fills the window.
    pub(crate) fn large_picture(&mut self, start: u64) -> &mut PictureSlot {
        if self.large.as_ref().is_none_or(|(of, _)| *of != start) {
            self.intents.push(Intent::Large(start));
            self.large = None;
        }
        &mut self.large.get_or_insert((start, PictureSlot::Awaited)).1
    }

    /// Takes a picture that came to fill the window.
    pub(crate) fn set_large_picture(&mut self, start: u64, held: PictureSlot) {
        if self.page == Page::Picture(start) {
            self.large = Some((start, held));
        }
    }

    /// Takes a picture that came.
    pub(crate) fn set_picture(&mut self, start: u64, held: PictureSlot) {
        self.pictures.insert(start, held);
    }

    /// Pictures are asked for anew.
    pub(crate) fn forget_pictures(&mut self) {
        self.pictures.clear();
        self.large = None;
    }

    /// A segment of the day that is shown.
    pub(crate) fn segment(&self, start: u64) -> Option<&Segment> {
        let running = self.status.as_ref().and_then(|status| status.running.as_ref());
        let last = self.status.as_ref().and_then(|status| status.last_picture.as_ref());
        self.segments
            .iter()
            .flatten()
            .chain(&self.today)
            .chain(running)
            .chain(last)
            .find(|segment| segment.start == start)
    }

    /// Takes the agent's state. `time` is the window's clock in seconds.
    pub(crate) fn take_status(&mut self, status: Box<Status>, time: f64) {
        let first = self.connection != AgentConnection::There;
        if first && !status.tracking && self.status.as_ref().is_some_and(|before| before.tracking) {
            self.banner = Some(Banner {
                tone: Tone::Over,
                fact: "Tracking has ended.".into(),
                words: "The agent ended and was started again. What it recorded until then is kept; nothing has been recorded since.".into(),
            });
        }
        let (other, changed, week) = match &self.status {
            Some(before) => (
                before.contract != status.contract,
                before.revision != status.revision,
                before.week_ms != status.week_ms,
            ),
            None => (true, true, true),
        };
        self.connection = AgentConnection::There;
        self.received = time;
        self.now = status.now;
        if other {
            self.forget_contract();
        }
        if !self.memo_touched {
            self.memo = status.memo.clone().unwrap_or_default();
        }
        self.status = Some(status);
        if first || changed {
            self.refresh();
        }
        if (first || week) && self.status.as_ref().is_some_and(|s| s.limit_ms.is_some()) {
            let (from, to) = self.week_before(0);
            self.read(Request::Segments { from, to });
        }
    }

    fn forget_contract(&mut self) {
        self.pictures.clear();
        self.today.clear();
        (self.segments, self.outbox, self.plugins, self.week) = (None, None, None, None);
        (self.notice, self.terms, self.live) = (None, None, Live::default());
        (self.memo_touched, self.day, self.week_manual, self.week_back) = (false, 0, 0, 0);
    }

    /// Takes that there is no agent.
    pub(crate) fn take_lost(&mut self, connection: AgentConnection) {
        self.connection = connection;
    }
}
