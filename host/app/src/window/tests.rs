//! The window without a display: every state and page in light and dark, wide and narrow; reached by keyboard, named
//! for screen readers, nothing beyond its border; and each deed asks the agent for the right thing.

use std::collections::BTreeSet;

use candor_diary::terms::PictureRemoval;
use candor_protocol::*;
use eframe::egui::{self, Theme, accessibility::is_input, vec2};
use egui_kittest::Harness;
use egui_kittest::kittest::{NodeT as _, Queryable as _};

use super::intent::Intent;
use super::model::{HomeView, WindowModel};
use super::page::WindowPage;
use super::state::{AgentConnection, PictureSlot};
use super::widgets::screenshot;
use super::worker::AgentAnswer;
use super::{theme, view};
use crate::format::{self, DisplayZone};

#[allow(unreachable_pub, reason = "shared with the tests of the real program")]
#[path = "../../tests/support/states.rs"]
mod states;

mod accessibility;
mod actions;
mod answers;
mod memo;
mod painting;
mod time;

use states::World;

/// The window's model with an agent that answers at once, and what was wanted of it.
struct TestDesk {
    model: WindowModel,
    world: World,
    wanted: Vec<Intent>,
}

impl TestDesk {
    fn new(world: World) -> Self {
        let mut model = WindowModel::new(DisplayZone::utc(), "Mara Oduya".into());
        model.take_status(Box::new(world.status.clone()), 0.0);
        Self { model, world, wanted: Vec::new() }
    }

    /// What the window's loop does.
    fn carry_out(&mut self) {
        loop {
            let intents = self.model.take_intents();
            if intents.is_empty() {
                return;
            }
            for intent in intents {
                match intent {
                    Intent::OpenPage(page) => self.model.open_page(page),
                    Intent::GoBack => self.model.go_back(),
                    Intent::Read(request) => self.answer(&request),
                    Intent::LoadLargePicture(start) => {
                        self.model.take_large_picture(start, PictureSlot::Loaded(screen()))
                    }
                    Intent::Perform(request) => {
                        self.answer(&request);
                        self.wanted.push(Intent::Perform(request));
                    }
                    other => self.wanted.push(other),
                }
            }
        }
    }

    fn answer(&mut self, request: &AnyRequest) {
        let answer = match self.world.answer(request) {
            Response::Error(error) => Err(error.to_string()),
            Response::Ok(value) => match request.clone().read_answer(value) {
                Ok(Answered::GetPicture(..)) => Ok(AgentAnswer::Picture(screen())),
                Ok(Answered::GetPreview(_, preview)) => Ok(AgentAnswer::Preview(preview, Some(screen()))),
                Ok(answered) => Ok(AgentAnswer::Answered(answered)),
                Err(error) => Err(error.to_string()),
            },
        };
        self.model.take_answer(request, answer);
    }
}

fn screen() -> screenshot::Screenshot {
    use base64::Engine as _;
    let bytes = base64::engine::general_purpose::STANDARD.decode(&states::screen().base64).unwrap();
    screenshot::decode(&bytes, screenshot::SMALL_SIDE).unwrap()
}

fn open(desk: TestDesk, theme: Theme, width: f32) -> Harness<'static, TestDesk> {
    let mut harness = Harness::builder()
        .with_size(vec2(width, 560.0))
        .with_theme(theme)
        .with_context_setup(theme::install)
        .with_step_dt(1.0 / 60.0)
        .with_max_steps(64)
        .build_ui_state(
            |ui, desk: &mut TestDesk| {
                desk.model.tick(ui.ctx().time());
                desk.carry_out();
                view::show_window(ui, &mut desk.model);
                desk.carry_out();
            },
            desk,
        );
    harness.run_steps(4);
    harness
}

fn opened(name: &str) -> Harness<'static, TestDesk> {
    open(TestDesk::new(states::world(name)), Theme::Light, 340.0)
}

fn pages() -> Vec<WindowPage> {
    let parcel = format!("{:032x}", states::at(17, 40));
    let mut pages = vec![
        WindowPage::Home,
        WindowPage::Menu,
        WindowPage::Join,
        WindowPage::Accept("invoice".into()),
        WindowPage::Recorded(None),
    ];
    pages.extend(
        [(17, 40), (12, 0), (12, 10), (12, 20), (12, 30), (13, 0)]
            .map(|(h, m)| WindowPage::Segment(states::at(h, m))),
    );
    pages.extend([
        WindowPage::Day,
        WindowPage::Picture(states::at(17, 40)),
        WindowPage::Outbox,
        WindowPage::Parcel(parcel),
    ]);
    pages.extend([
        WindowPage::Preferences,
        WindowPage::Rules,
        WindowPage::Plugins,
        WindowPage::Closing,
        WindowPage::Week,
        WindowPage::Manual,
    ]);
    pages
}

/// All states on the first page, and all pages in the first state and in that with nothing in it.
fn everything() -> Vec<(String, TestDesk)> {
    let mut all: Vec<_> =
        states::NAMES.iter().map(|name| ((*name).to_owned(), TestDesk::new(states::world(name)))).collect();
    for name in ["tracking", "bare", "offline", "monitoring"] {
        for page in pages() {
            let mut desk = TestDesk::new(states::world(name));
            desk.model.open_page(page.clone());
            all.push((format!("{name} {page:?}"), desk));
        }
    }
    for reach in [
        AgentConnection::Unknown,
        AgentConnection::Starting,
        AgentConnection::Lost("No agent answers.".into()),
    ] {
        let mut desk = TestDesk::new(states::world("tracking"));
        desk.model.take_connection(reach.clone());
        all.push((format!("{reach:?}"), desk));
    }
    all
}

/// What can be acted on, by name, on all of the page.
fn inputs(harness: &Harness<'_, TestDesk>) -> BTreeSet<String> {
    let nodes = harness.root().children_recursive().map(|node| node.accesskit_node());
    let inputs =
        nodes.filter(|node| is_input(node.role()) && !node.is_hidden() && !node.data().is_read_only());
    inputs.map(|node| node.label().unwrap_or_default()).collect()
}

fn focused(harness: &Harness<'_, TestDesk>) -> Option<String> {
    let mut nodes = harness.root().children_recursive().map(|node| node.accesskit_node());
    let node = nodes.find(|node| node.is_focused() && is_input(node.role()))?;
    node.label()
}

fn done(harness: &Harness<'_, TestDesk>) -> Vec<AnyRequest> {
    let wanted = harness.state().wanted.iter();
    wanted
        .filter_map(|intent| if let Intent::Perform(request) = intent { Some(request.clone()) } else { None })
        .collect()
}

fn press(harness: &mut Harness<'_, TestDesk>, label: &str) {
    // As a screen reader presses it: what is further down the page is pressed too.
    harness.get_by_label(label).click_accesskit();
    harness.run_steps(3);
}
