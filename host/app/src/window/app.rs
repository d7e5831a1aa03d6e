//! The window's loop: takes the threads' events, draws, and carries out what the person wants.

use std::os::unix::process::CommandExt as _;
use std::sync::Arc;
use std::sync::mpsc::Receiver;
use std::time::Duration;

use anyhow::{Result, anyhow};
use candor_protocol::{
    AnyRequest, Client, GetPreferences, ImportInvitation, OnClose, QuitAgent, SetPreferences, StopTracking,
    Theme,
};
use eframe::egui;
use egui::{Context, IconData, OpenUrl, ThemePreference, Ui, Vec2, ViewportBuilder, ViewportCommand};

use super::instance::{self, InstanceClaim, WindowInstance, WindowRequest};
use super::intent::Intent;
use super::model::WindowModel;
use super::page::WindowPage;
use super::recording_indicator::RecordingIndicator;
use super::setup::WindowSetup;
use super::software::{self, WindowProgram};
use super::start_page::StartPage;
use super::state::{AgentConnection, PictureSlot};
use super::worker::{Worker, WorkerEvent};
use super::{theme, view};
use crate::format;
use crate::launch::AgentLaunch;
use crate::terminal::print_aside;

/// Opens the window, and returns when it is closed.
///
/// # Errors
/// If no window can be opened; says what to do.
pub fn open_window(setup: WindowSetup) -> Result<()> {
    let instance = match instance::claim_instance(&setup.data, &setup.request)? {
        InstanceClaim::First(instance) => instance,
        InstanceClaim::Raised => {
            print_aside("candor: the window was already open and is now in front.");
            return Ok(());
        }
    };
    let viewport = ViewportBuilder::default()
        .with_title("Candor")
        .with_app_id("candor")
        .with_inner_size([340.0, 588.0])
        .with_min_inner_size([320.0, 400.0])
        .with_icon(recording_icon(true));
    let chosen = std::env::var(RENDERER).unwrap_or_default();
    if chosen == SOFTWARE || (chosen != OPENGL && !software::has_graphics_card()) {
        return software::run(viewport, |ctx| WindowApp::new(ctx, setup, instance)).map_err(|_| {
            anyhow!("the window could not be opened: check that DISPLAY is set, or use `candor status`, which needs no window")
        });
    }
    let options = eframe::NativeOptions { viewport, ..Default::default() };
    let opened = eframe::run_native(
        "candor",
        options,
        Box::new(move |created| Ok(Box::new(WindowApp::new(&created.egui_ctx, setup, instance)))),
    );
    let Err(error) = opened else { return Ok(()) };
    // A card may be there and OpenGL not. There is one loop a process: another one tries it without.
    print_aside(&format!("candor: no window by OpenGL: {error}."));
    let mut without = std::process::Command::new(std::env::current_exe()?);
    let error = without.args(std::env::args_os().skip(1)).env(RENDERER, SOFTWARE).exec();
    Err(anyhow!("the window could not be opened: {error}. `candor status` works without a window"))
}

/// The variable that chooses how the window is painted: `software` or `opengl`. Without it, that is found out.
const RENDERER: &str = "CANDOR_RENDERER";
const SOFTWARE: &str = "software";
const OPENGL: &str = "opengl";

struct WindowApp {
    model: WindowModel,
    worker: Worker,
    /// Whether the title bar shows that something is recorded.
    shows_recording: bool,
    /// The window's size before it was made larger for a picture.
    size_before: Option<Vec2>,
    quitting: bool,
    /// Whether the window closes once tracking has stopped, or whenever it is closed next.
    closing: bool,
    indicator: RecordingIndicator,
    client: Client,
    /// What this window is asked to show, until it closes.
    calls: Option<Receiver<WindowRequest>>,
}

/// How long the window waits at its end until what was typed is saved.
const SAVE_LIMIT: Duration = Duration::from_secs(3);

impl WindowApp {
    fn new(ctx: &Context, setup: WindowSetup, instance: WindowInstance) -> Self {
        let ctx = ctx.clone();
        theme::install(&ctx);
        let woken = ctx.clone();
        let calls = instance.receive_requests(move || woken.request_repaint());
        let launch = AgentLaunch { program: setup.agent, data: setup.data.clone() };
        let worker = Worker::spawn(&Client::new(&setup.data), launch, move || ctx.request_repaint());
        let by = std::env::var("USER").unwrap_or_default();
        let model = WindowModel::new(format::local_zone(), by);
        let client = Client::new(&setup.data);
        let indicator = RecordingIndicator::open(client.clone());
        let calls = Some(calls);
        let mut app = Self {
            model,
            worker,
            shows_recording: true,
            size_before: None,
            quitting: false,
            closing: false,
            indicator,
            client,
            calls,
        };
        app.follow_request(setup.request);
        app
    }

    /// Shows what the window was asked to show.
    fn follow_request(&mut self, call: WindowRequest) {
        self.model.open_page(match call.page {
            // The first page shows the last picture.
            StartPage::Now | StartPage::Picture => WindowPage::Home,
            StartPage::Today => WindowPage::Day,
            StartPage::Outbox => WindowPage::Outbox,
            StartPage::Recorded => WindowPage::Recorded(None),
            StartPage::Preferences => WindowPage::Preferences,
        });
        if let Some(invitation) = call.invitation {
            self.model.open_page(WindowPage::Join);
            self.model.join.fill_in(invitation);
        }
    }

    /// Comes to the front if another window was to be opened.
    fn answer_calls(&mut self, ctx: &Context) {
        let calls: Vec<WindowRequest> = self.calls.iter().flat_map(Receiver::try_iter).collect();
        for call in calls {
            self.follow_request(call);
            ctx.send_viewport_cmd(ViewportCommand::Minimized(false));
            ctx.send_viewport_cmd(ViewportCommand::Focus);
        }
    }

    fn take_events(&mut self, ctx: &Context) {
        let time = ctx.time();
        while let Some(event) = self.worker.next_event() {
            match event {
                WorkerEvent::Status(status) => {
                    // They hold the theme, which may be set by the command line.
                    self.model.read(GetPreferences);
                    self.model.take_status(status, time);
                }
                WorkerEvent::Starting => self.model.take_connection(AgentConnection::Starting),
                WorkerEvent::Lost(_) if self.quitting => ctx.send_viewport_cmd(ViewportCommand::Close),
                WorkerEvent::Lost(why) => self.model.take_connection(AgentConnection::Lost(why)),
                WorkerEvent::Answer(request, answer) => {
                    let ended = match request {
                        AnyRequest::QuitAgent(_) => true,
                        AnyRequest::StopTracking(_) => self.closing,
                        _ => false,
                    };
                    if ended {
                        self.closing = answer.is_ok();
                    }
                    if ended && answer.is_ok() {
                        ctx.send_viewport_cmd(ViewportCommand::Close);
                    }
                    self.model.take_answer(&request, answer);
                }
                WorkerEvent::LargePicture(start, shot) => {
                    let held = shot.map_or_else(
                        |why| PictureSlot::Failed(format::capitalize(&why)),
                        PictureSlot::Loaded,
                    );
                    self.model.take_large_picture(start, held);
                }
                WorkerEvent::Invitation(Ok(invitation)) => {
                    self.model.ask(ImportInvitation {
                        invitation: invitation.trim().to_owned(),
                        device_name: None,
                    });
                }
                WorkerEvent::Invitation(Err(why)) => {
                    self.model.banner.show_error("That file did not work.", &why)
                }
            }
        }
        if let Some(wanted) = self.theme_requested()
            && ctx.options(|options| options.theme_preference) != wanted
        {
            ctx.set_theme(wanted);
        }
    }

    /// Returns the theme that the preferences ask for, once they are read.
    fn theme_requested(&self) -> Option<ThemePreference> {
        self.model.preferences.theme().map(|theme| match theme {
            Theme::System => ThemePreference::System,
            Theme::Light => ThemePreference::Light,
            Theme::Dark => ThemePreference::Dark,
        })
    }

    /// Handles that the window is to be closed, which may mean one thing or the other while it is tracked.
    fn handle_close_request(&mut self, ctx: &Context) {
        if !ctx.input(|input| input.viewport().close_requested()) || self.quitting || self.closing {
            return;
        }
        let tracks = self.model.status().is_some_and(|status| status.tracking)
            && self.model.agent.is_connected()
            && !self.model.is_monitored();
        let on_close = self.model.preferences.on_close();
        match on_close {
            // Closed again, it is not asked again.
            OnClose::Ask if tracks && *self.model.page() != WindowPage::Closing => {
                ctx.send_viewport_cmd(ViewportCommand::CancelClose);
                self.model.open_page(WindowPage::Closing);
            }
            OnClose::Stop if tracks => {
                ctx.send_viewport_cmd(ViewportCommand::CancelClose);
                self.close_window(ctx, on_close);
            }
            _ => {}
        }
    }

    fn close_window(&mut self, ctx: &Context, on_close: OnClose) {
        self.closing = true;
        if on_close == OnClose::Stop {
            // It closes when tracking has stopped; if it cannot stop, it says why and stays.
            self.model.ask(StopTracking { at_segment_end: false });
        } else {
            ctx.send_viewport_cmd(ViewportCommand::Close);
        }
    }

    /// Shows in the title bar whether something is recorded.
    fn update_icon(&mut self, ctx: &Context) {
        let recording = self.model.is_recording();
        if std::mem::replace(&mut self.shows_recording, recording) != recording {
            ctx.send_viewport_cmd(ViewportCommand::Icon(Some(Arc::new(recording_icon(recording)))));
        }
    }

    /// Makes the window larger for a picture, and gives it its old size afterwards.
    fn resize_for_picture(&mut self, ctx: &Context) {
        /// The size, in points, at which a screen of usual size can be read.
        const LARGE: Vec2 = Vec2::new(1_120.0, 760.0);
        let picture = matches!(self.model.page(), WindowPage::Picture(_));
        if picture == self.size_before.is_some() {
            return;
        }
        let (here, most) = ctx.input(|input| {
            let viewport = input.viewport();
            (viewport.inner_rect.map(|rect| rect.size()), viewport.monitor_size)
        });
        let Some(here) = here else { return };
        let size =
            self.size_before.take().unwrap_or_else(|| LARGE.min(most.unwrap_or(LARGE) * 0.9).max(here));
        if picture {
            self.size_before = Some(here);
        }
        ctx.send_viewport_cmd(ViewportCommand::InnerSize(size));
    }

    fn carry_out(&mut self, ctx: &Context) {
        for intent in self.model.take_intents() {
            match intent {
                Intent::OpenPage(page) => self.model.open_page(page),
                Intent::GoBack => self.model.go_back(),
                Intent::Perform(request) => {
                    if !self.worker.perform(request.clone()) {
                        self.report_busy(&request);
                    }
                }
                Intent::Read(request) => {
                    if !self.worker.read(request.clone()) {
                        self.model.give_up(&request);
                    }
                }
                Intent::LoadLargePicture(start) => {
                    if !self.worker.load_large_picture(start) {
                        self.model.take_large_picture(
                            start,
                            PictureSlot::Failed("The agent is busy. Try again.".into()),
                        );
                    }
                }
                Intent::ReadInvitation(path) => {
                    if !self.worker.read_invitation(path) {
                        self.model.banner.show_error(
                            "That file did not work.",
                            "The agent is busy. Try again in a moment.",
                        );
                    }
                }
                Intent::OpenAddress(address) => self.open_address(ctx, &address),
                Intent::CopyText(text) => {
                    ctx.copy_text(text);
                    self.model.banner.show("Copied.", "");
                }
                Intent::StartAgent => {
                    self.worker.allow_start(true);
                    self.model.take_connection(AgentConnection::Starting);
                }
                Intent::CloseWindow { stop } => {
                    let on_close = if stop { OnClose::Stop } else { OnClose::KeepTracking };
                    if let Some(preferences) = self.model.preferences.set_on_close(on_close) {
                        let request = SetPreferences { preferences };
                        if !self.worker.perform(request.into()) {
                            print_aside(
                                "candor: your answer was not saved; you will be asked again next time.",
                            );
                        }
                    }
                    self.close_window(ctx, on_close);
                }
                Intent::QuitAgent => {
                    self.quitting = true;
                    self.worker.allow_start(false);
                    self.model.ask(QuitAgent);
                }
            }
            ctx.request_repaint();
        }
    }

    fn report_busy(&mut self, request: &AnyRequest) {
        self.model.give_up(request);
        self.model.banner.show_error("The agent is busy.", "This was not done. Try again in a moment.");
    }

    /// Opens an address that the terms name, if it is a web page or a mail.
    fn open_address(&mut self, ctx: &Context, address: &str) {
        if ["https://", "http://", "mailto:"].iter().any(|start| address.starts_with(start)) {
            ctx.open_url(OpenUrl::new_tab(address));
        } else {
            self.model.banner.show_error(
                "The address was not opened.",
                &format!("It is neither a web page nor a mail: {address}"),
            );
        }
    }
}

impl eframe::App for WindowApp {
    fn on_exit(&mut self, _gl: Option<&eframe::glow::Context>) {
        WindowProgram::closed(self);
    }

    fn logic(&mut self, ctx: &Context, _frame: &mut eframe::Frame) {
        WindowProgram::logic(self, ctx);
    }

    fn ui(&mut self, ui: &mut Ui, _frame: &mut eframe::Frame) {
        WindowProgram::ui(self, ui);
    }
}

impl WindowProgram for WindowApp {
    fn closed(&mut self) {
        // Whoever opens a window now gets one of their own.
        self.calls = None;
        // Its field is left with the window. The threads that carry requests end with it, so it is asked here.
        for request in self.model.take_unsaved_memos() {
            if let Err(error) = self.client.ask_any(request, SAVE_LIMIT) {
                print_aside(&format!("candor: what was typed was not saved: {error}."));
            }
        }
    }

    fn logic(&mut self, ctx: &Context) {
        self.indicator.set_visible(ctx.input(|input| input.viewport().minimized != Some(true)));
        self.answer_calls(ctx);
        self.take_events(ctx);
        self.model.tick(ctx.time());
        self.carry_out(ctx);
        self.handle_close_request(ctx);
        self.update_icon(ctx);
        self.resize_for_picture(ctx);
    }

    fn ui(&mut self, ui: &mut Ui) {
        view::show_window(ui, &mut self.model);
        let ctx = ui.ctx().clone();
        let state = if self.shows_recording { "recording" } else { "not recording" };
        ctx.accesskit_node_builder(egui::accesskit_root_id(), |frame| {
            frame.set_label(format!("Candor: {state}"));
        });
        self.carry_out(&ctx);
        if self.model.is_moving() {
            // At the next full second of the agent's clock, so that no second is shown twice or left out.
            let rest = 1_000 - self.model.now() % 1_000;
            ctx.request_repaint_after(Duration::from_millis(rest.max(50)));
        }
    }
}

/// Returns the window's icon: a ring, with a dot while something is recorded.
fn recording_icon(recording: bool) -> IconData {
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
