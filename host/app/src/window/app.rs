//! The window's loop: takes what the threads tell, draws, carries out what is wanted.

use std::sync::Arc;
use std::time::Duration;

use anyhow::{Result, anyhow};
use candor_protocol::{Client, Request, Theme};
use eframe::egui;
use egui::{Context, IconData, OpenUrl, ThemePreference, Ui, ViewportBuilder, ViewportCommand};
use jiff::tz::TimeZone;

use super::intent::{Intent, Page};
use super::model::{Model, Reach, Said};
use super::parts::frame::Tone;
use super::sign::Shows;
use super::worker::{Event, Worker};
use super::{Setup, theme, view, words};
use crate::cli::args;
use crate::launch::Launch;

/// Opens the window, and ends when it is closed.
///
/// # Errors
/// Where no window can be opened; says what to do.
pub fn open(setup: Setup) -> Result<()> {
    let options = eframe::NativeOptions {
        viewport: ViewportBuilder::default()
            .with_title("Candor")
            .with_app_id("candor")
            .with_inner_size([340.0, 588.0])
            .with_min_inner_size([320.0, 400.0])
            .with_icon(icon()),
        ..Default::default()
    };
    eframe::run_native("candor", options, Box::new(move |created| Ok(Box::new(App::new(created, setup)))))
        .map_err(|error| {
            anyhow!("the window could not be opened: {error}. Is DISPLAY set, and does the display allow OpenGL? `candor status` works without a window")
        })
}

struct App {
    model: Model,
    worker: Worker,
    /// Whether the preferences were asked for, which hold the theme.
    dressed: bool,
    quitting: bool,
    shows: Shows,
    client: Client,
}

/// How long the window waits at its end for what was typed to be saved.
const LAST_WORDS: Duration = Duration::from_secs(3);

impl App {
    fn new(created: &eframe::CreationContext<'_>, setup: Setup) -> Self {
        let ctx = created.egui_ctx.clone();
        theme::install(&ctx);
        let launch = Launch { program: setup.agent, data: setup.data.clone() };
        let worker = Worker::spawn(Arc::new(Client::new(&setup.data)), launch, move || ctx.request_repaint());
        let by = std::env::var("USER").unwrap_or_default();
        let mut model = Model::new(words::Zone(TimeZone::system()), by);
        match setup.page {
            // The last picture stands on the first page.
            args::Page::Now | args::Page::Picture => {}
            args::Page::Today => model.go(Page::Day),
            args::Page::Outbox => model.go(Page::Outbox),
            args::Page::Recorded => model.go(Page::Recorded(None)),
            args::Page::Preferences => model.go(Page::Preferences),
        }
        let client = Client::new(&setup.data);
        Self { model, worker, dressed: false, quitting: false, shows: Shows::open(client.clone()), client }
    }

    fn take(&mut self, ctx: &Context) {
        let time = ctx.time();
        while let Some(event) = self.worker.event() {
            match event {
                Event::Status(status) => {
                    self.model.take_status(status, time);
                    if !self.dressed {
                        self.dressed = true;
                        self.model.read(Request::Preferences);
                    }
                }
                Event::Starting => self.model.take_lost(Reach::Starting),
                Event::Lost(_) if self.quitting => ctx.send_viewport_cmd(ViewportCommand::Close),
                Event::Lost(why) => self.model.take_lost(Reach::Lost(why)),
                Event::Answer(request, answer) => {
                    if request == Request::Quit && answer.is_ok() {
                        ctx.send_viewport_cmd(ViewportCommand::Close);
                    }
                    self.model.take(&request, answer);
                }
                Event::File(Ok(invitation)) => {
                    self.model.ask(Request::Import { invitation: invitation.trim().to_owned() });
                }
                Event::File(Err(why)) => self.say("The file was not taken.", &why),
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

    fn say(&mut self, fact: &str, words: &str) {
        self.model.said = Some(Said { tone: Tone::Over, fact: fact.into(), words: words.into() });
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
                Intent::File(path) => {
                    if !self.worker.file(path) {
                        self.say("The file was not taken.", "The agent is busy. Try again in a moment.");
                    }
                }
                Intent::Open(address) => self.open(ctx, &address),
                Intent::Copy(text) => {
                    ctx.copy_text(text);
                    self.model.said =
                        Some(Said { tone: Tone::Plain, fact: "Copied.".into(), words: String::new() });
                }
                Intent::Start => {
                    self.worker.may_start(true);
                    self.model.take_lost(Reach::Starting);
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
        // Its field is left with the window. The threads that carry requests end with it, so it is asked here.
        for request in self.model.uncommitted() {
            if let Err(error) = self.client.ask(&request, LAST_WORDS) {
                crate::say::aside(&format!("candor: what was typed was not saved: {error}."));
            }
        }
    }

    fn logic(&mut self, ctx: &Context, _frame: &mut eframe::Frame) {
        self.shows.visible(ctx.input(|input| input.viewport().minimized != Some(true)));
        self.take(ctx);
        self.model.tick(ctx.time());
        self.carry_out(ctx);
    }

    fn ui(&mut self, ui: &mut Ui, _frame: &mut eframe::Frame) {
        view::show(ui, &mut self.model);
        let ctx = ui.ctx().clone();
        self.carry_out(&ctx);
        if self.model.moves() {
            // At the next full second of the agent's clock, so that no second is shown twice or left out.
            let rest = 1_000 - self.model.now % 1_000;
            ctx.request_repaint_after(Duration::from_millis(rest.max(50)));
        }
    }
}

/// The mark, as the window's icon: a ring with a dot.
fn icon() -> IconData {
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
            let alpha = (ring.max(dot) + 0.5).clamp(0.0, 1.0);
            rgba.extend_from_slice(&[0x1e, 0x82, 0x53, (alpha * 255.0) as u8]);
        }
    }
    IconData { rgba, width: SIDE, height: SIDE }
}
