//! The window's loop: takes what the threads tell, draws, carries out what is wanted.

use std::os::unix::process::CommandExt as _;
use std::sync::Arc;
use std::sync::mpsc::Receiver;
use std::time::Duration;

use anyhow::{Result, anyhow};
use candor_protocol::{Client, OnClose, Request, Theme};
use eframe::egui;
use egui::{Context, IconData, OpenUrl, ThemePreference, Ui, Vec2, ViewportBuilder, ViewportCommand};
use jiff::tz::TimeZone;

use super::banner::Banner;
use super::instance::{self, Call, Claimed, Instance};
use super::intent::{Intent, Page};
use super::model::{AgentConnection, Model, PictureSlot};
use super::parts::frame::Tone;
use super::sign::Shows;
use super::software::{self, Program};
use super::worker::{Event, Worker};
use super::{Setup, theme, view, words};
use crate::cli::args;
use crate::launch::Launch;

/// Opens the window, and ends when it is closed.
///
/// # Errors
/// Where no window can be opened; says what to do.
pub fn open(setup: Setup) -> Result<()> {
    let instance = match instance::claim(&setup.data, &setup.call)? {
        Claimed::First(instance) => instance,
        Claimed::Raised => {
            crate::say::aside("candor: the window was already open and is now in front.");
            return Ok(());
        }
    };
    let viewport = ViewportBuilder::default()
        .with_title("Candor")
        .with_app_id("candor")
        .with_inner_size([340.0, 588.0])
        .with_min_inner_size([320.0, 400.0])
        .with_icon(icon(true));
    let chosen = std::env::var(RENDERER).unwrap_or_default();
    if chosen == SOFTWARE || (chosen != OPENGL && !software::has_graphics_card()) {
        return software::run(viewport, |ctx| App::new(ctx, setup, instance)).map_err(|_| {
            anyhow!("the window could not be opened: check that DISPLAY is set, or use `candor status`, which needs no window")
        });
    }
    let options = eframe::NativeOptions { viewport, ..Default::default() };
    let opened = eframe::run_native(
        "candor",
        options,
        Box::new(move |created| Ok(Box::new(App::new(&created.egui_ctx, setup, instance)))),
    );
    let Err(error) = opened else { return Ok(()) };
    // A card may be there and OpenGL not. There is one loop a process: another one tries it without.
    crate::say::aside(&format!("candor: no window by OpenGL: {error}."));
    let mut without = std::process::Command::new(std::env::current_exe()?);
    let error = without.args(std::env::args_os().skip(1)).env(RENDERER, SOFTWARE).exec();
    Err(anyhow!("the window could not be opened: {error}. `candor status` works without a window"))
}

/// How the window is painted, where that is not to be found out: `software` or `opengl`.
const RENDERER: &str = "CANDOR_RENDERER";
const SOFTWARE: &str = "software";
const OPENGL: &str = "opengl";

struct App {
    model: Model,
    worker: Worker,
    /// Whether the title bar shows that something is recorded.
    marked: bool,
    /// The window's size before it was made larger for a picture.
    enlarged: Option<Vec2>,
    quitting: bool,
    /// Whether the window closes once tracking has stopped, or whenever it is closed next.
    closes: bool,
    shows: Shows,
    client: Client,
    /// What this window is called to show, until it closes.
    calls: Option<Receiver<Call>>,
}

/// How long the window waits at its end for what was typed to be saved.
const LAST_WORDS: Duration = Duration::from_secs(3);

impl App {
    fn new(ctx: &Context, setup: Setup, instance: Instance) -> Self {
        let ctx = ctx.clone();
        theme::install(&ctx);
        let woken = ctx.clone();
        let calls = instance.calls(move || woken.request_repaint());
        let launch = Launch { program: setup.agent, data: setup.data.clone() };
        let worker = Worker::spawn(Arc::new(Client::new(&setup.data)), launch, move || ctx.request_repaint());
        let by = std::env::var("USER").unwrap_or_default();
        let model = Model::new(words::Zone(TimeZone::system()), by);
        let client = Client::new(&setup.data);
        let shows = Shows::open(client.clone());
        let calls = Some(calls);
        let mut app = Self {
            model,
            worker,
            marked: true,
            enlarged: None,
            quitting: false,
            closes: false,
            shows,
            client,
            calls,
        };
        app.show(setup.call);
        app
    }

    /// Shows what the window was called for.
    fn show(&mut self, call: Call) {
        self.model.go(match call.page {
            // The last picture stands on the first page.
            args::Page::Now | args::Page::Picture => Page::Home,
            args::Page::Today => Page::Day,
            args::Page::Outbox => Page::Outbox,
            args::Page::Recorded => Page::Recorded(None),
            args::Page::Preferences => Page::Preferences,
        });
        if let Some(invitation) = call.invitation {
            self.model.go(Page::Join);
            // It is taken when the person says so: a link may come from anywhere.
            let field = if invitation.starts_with('/') { &mut self.model.path } else { &mut self.model.link };
            *field = invitation;
        }
    }

    /// Comes to the front, where another was to be opened.
    fn answer_calls(&mut self, ctx: &Context) {
        let calls: Vec<Call> = self.calls.iter().flat_map(Receiver::try_iter).collect();
        for call in calls {
            self.show(call);
            ctx.send_viewport_cmd(ViewportCommand::Minimized(false));
            ctx.send_viewport_cmd(ViewportCommand::Focus);
        }
    }

    fn take(&mut self, ctx: &Context) {
        let time = ctx.time();
        while let Some(event) = self.worker.event() {
            match event {
                Event::Status(status) => {
                    // They hold the theme, which may be set by the command line.
                    self.model.read(Request::Preferences);
                    self.model.take_status(status, time);
                }
                Event::Starting => self.model.take_lost(AgentConnection::Starting),
                Event::Lost(_) if self.quitting => ctx.send_viewport_cmd(ViewportCommand::Close),
                Event::Lost(why) => self.model.take_lost(AgentConnection::Lost(why)),
                Event::AgentAnswer(request, answer) => {
                    let ended = match request {
                        Request::Quit => true,
                        Request::Stop { .. } => self.closes,
                        _ => false,
                    };
                    if ended {
                        self.closes = answer.is_ok();
                    }
                    if ended && answer.is_ok() {
                        ctx.send_viewport_cmd(ViewportCommand::Close);
                    }
                    self.model.take(&request, answer);
                }
                Event::Large(start, shot) => {
                    let held =
                        shot.map_or_else(|why| PictureSlot::Not(words::sentence(&why)), PictureSlot::Here);
                    self.model.set_large_picture(start, held);
                }
                Event::File(Ok(invitation)) => {
                    self.model.ask(Request::Import { invitation: invitation.trim().to_owned() });
                }
                Event::File(Err(why)) => self.say("That file did not work.", &why),
            }
        }
        if let Some(preferences) = &self.model.preferences {
            let wanted = match preferences.theme {
                Theme::System => ThemePreference::System,
                Theme::Light => ThemePreference::Light,
                Theme::Dark => ThemePreference::Dark,
            };
            if ctx.options(|options| options.theme_preference) != wanted {
                ctx.set_theme(wanted);
            }
        }
    }

    /// The window is to be closed: while it is tracked that may mean one thing or the other.
    fn closing(&mut self, ctx: &Context) {
        if !ctx.input(|input| input.viewport().close_requested()) || self.quitting || self.closes {
            return;
        }
        let tracks = self.model.status.as_ref().is_some_and(|status| status.tracking)
            && self.model.connection == AgentConnection::There
            && !self.model.monitored();
        let on_close = self.model.preferences.map_or(OnClose::Ask, |preferences| preferences.on_close);
        match on_close {
            // Closed again, it is not asked again.
            OnClose::Ask if tracks && self.model.page != Page::Closing => {
                ctx.send_viewport_cmd(ViewportCommand::CancelClose);
                self.model.go(Page::Closing);
            }
            OnClose::Stop if tracks => {
                ctx.send_viewport_cmd(ViewportCommand::CancelClose);
                self.close(ctx, on_close);
            }
            _ => {}
        }
    }

    fn close(&mut self, ctx: &Context, on_close: OnClose) {
        self.closes = true;
        if on_close == OnClose::Stop {
            // It closes when it has stopped; where it cannot, it says why and stays.
            self.model.ask(Request::Stop { at_segment_end: false });
        } else {
            ctx.send_viewport_cmd(ViewportCommand::Close);
        }
    }

    /// The title bar shows whether something is recorded.
    fn mark(&mut self, ctx: &Context) {
        let recording = self.model.recording();
        if std::mem::replace(&mut self.marked, recording) != recording {
            ctx.send_viewport_cmd(ViewportCommand::Icon(Some(Arc::new(icon(recording)))));
        }
    }

    /// A picture gets a larger window, and the pages after it the one that was.
    fn enlarge(&mut self, ctx: &Context) {
        /// Large enough to read a screen of usual size by.
        const LARGE: Vec2 = Vec2::new(1_120.0, 760.0);
        let picture = matches!(self.model.page, Page::Picture(_));
        if picture == self.enlarged.is_some() {
            return;
        }
        let (here, most) = ctx.input(|input| {
            let viewport = input.viewport();
            (viewport.inner_rect.map(|rect| rect.size()), viewport.monitor_size)
        });
        let Some(here) = here else { return };
        let size = self.enlarged.take().unwrap_or_else(|| LARGE.min(most.unwrap_or(LARGE) * 0.9).max(here));
        if picture {
            self.enlarged = Some(here);
        }
        ctx.send_viewport_cmd(ViewportCommand::InnerSize(size));
    }

    fn say(&mut self, fact: &str, words: &str) {
        self.model.banner = Some(Banner { tone: Tone::Over, fact: fact.into(), words: words.into() });
    }

    fn carry_out(&mut self, ctx: &Context) {
        for intent in std::mem::take(&mut self.model.intents) {
            match intent {
                Intent::Go(page) => self.model.go(page),
                Intent::Back => self.model.back(),
                Intent::Do(request) => {
                    if !self.worker.deed(request.clone()) {
                        self.busy(&request);
                    }
                }
                Intent::Read(request) => {
                    if !self.worker.read(request.clone()) {
                        self.model.pending.retain(|pending| *pending != request);
                    }
                }
                Intent::Large(start) => {
                    if !self.worker.large(start) {
                        self.model.set_large_picture(
                            start,
                            PictureSlot::Not("The agent is busy. Try again.".into()),
                        );
                    }
                }
                Intent::File(path) => {
                    if !self.worker.file(path) {
                        self.say("That file did not work.", "The agent is busy. Try again in a moment.");
                    }
                }
                Intent::Open(address) => self.open(ctx, &address),
                Intent::Copy(text) => {
                    ctx.copy_text(text);
                    self.model.banner =
                        Some(Banner { tone: Tone::Plain, fact: "Copied.".into(), words: String::new() });
                }
                Intent::Start => {
                    self.worker.may_start(true);
                    self.model.take_lost(AgentConnection::Starting);
                }
                Intent::Close { stop } => {
                    let on_close = if stop { OnClose::Stop } else { OnClose::KeepTracking };
                    if let Some(preferences) = &mut self.model.preferences {
                        preferences.on_close = on_close;
                        let request = Request::SetPreferences { preferences: *preferences };
                        if !self.worker.deed(request) {
                            crate::say::aside(
                                "candor: your answer was not saved; you will be asked again next time.",
                            );
                        }
                    }
                    self.close(ctx, on_close);
                }
                Intent::Quit => {
                    self.quitting = true;
                    self.worker.may_start(false);
                    self.model.ask(Request::Quit);
                }
            }
            ctx.request_repaint();
        }
    }

    fn busy(&mut self, request: &Request) {
        self.model.pending.retain(|pending| pending != request);
        self.say("The agent is busy.", "This was not done. Try again in a moment.");
    }

    /// Opens an address of the terms: nothing but a web page or a mail.
    fn open(&mut self, ctx: &Context, address: &str) {
        if ["https://", "http://", "mailto:"].iter().any(|start| address.starts_with(start)) {
            ctx.open_url(OpenUrl::new_tab(address));
        } else {
            self.say(
                "The address was not opened.",
                &format!("It is neither a web page nor a mail: {address}"),
            );
        }
    }
}

impl eframe::App for App {
    fn on_exit(&mut self, _gl: Option<&eframe::glow::Context>) {
        Program::closed(self);
    }

    fn logic(&mut self, ctx: &Context, _frame: &mut eframe::Frame) {
        Program::logic(self, ctx);
    }

    fn ui(&mut self, ui: &mut Ui, _frame: &mut eframe::Frame) {
        Program::ui(self, ui);
    }
}

impl Program for App {
    fn closed(&mut self) {
        // Whoever opens a window now gets one of their own.
        self.calls = None;
        // Its field is left with the window. The threads that carry requests end with it, so it is asked here.
        for request in self.model.uncommitted() {
            if let Err(error) = self.client.ask(&request, LAST_WORDS) {
                crate::say::aside(&format!("candor: what was typed was not saved: {error}."));
            }
        }
    }

    fn logic(&mut self, ctx: &Context) {
        self.shows.visible(ctx.input(|input| input.viewport().minimized != Some(true)));
        self.answer_calls(ctx);
        self.take(ctx);
        self.model.tick(ctx.time());
        self.carry_out(ctx);
        self.closing(ctx);
        self.mark(ctx);
        self.enlarge(ctx);
    }

    fn ui(&mut self, ui: &mut Ui) {
        view::show(ui, &mut self.model);
        let ctx = ui.ctx().clone();
        let state = if self.marked { "recording" } else { "not recording" };
        ctx.accesskit_node_builder(egui::accesskit_root_id(), |frame| {
            frame.set_label(format!("Candor: {state}"));
        });
        self.carry_out(&ctx);
        if self.model.moves() {
            // At the next full second of the agent's clock, so that no second is shown twice or left out.
            let rest = 1_000 - self.model.now % 1_000;
            ctx.request_repaint_after(Duration::from_millis(rest.max(50)));
        }
    }
}

/// The mark, as the window's icon: a ring, with a dot while something is recorded.
fn icon(recording: bool) -> IconData {
    let ink = if recording { [0x1e, 0x82, 0x53] } else { [0x78, 0x7b, 0x81] };
    const SIDE: u32 = 64;
    let mut rgba = Vec::with_capacity((SIDE * SIDE * 4) as usize);
    for y in 0..SIDE {
        for x in 0..SIDE {
            let away = |v: u32| v as f32 + 0.5 - SIDE as f32 / 2.0;
            let r = away(x).hypot(away(y));
            // Ring of 1.5 at 7.25 and dot of 3.5, on a grid of 18.
            let scale = SIDE as f32 / 18.0;
            let ring = 0.75 * scale - (r - 7.25 * scale).abs();
            let dot = 3.5 * scale - r;
            let mark = if recording { ring.max(dot) } else { ring };
            let alpha = (mark + 0.5).clamp(0.0, 1.0);
            rgba.extend_from_slice(&ink);
            rgba.push((alpha * 255.0) as u8);
        }
    }
    IconData { rgba, width: SIDE, height: SIDE }
}
