//! The first page: chooses the scene for what goes on now.

use eframe::egui::Ui;

use super::scenes::{accept, clock, fresh_picture, join, monitoring, question};
use crate::window::model::{HomeView, WindowModel};

pub(crate) fn show(ui: &mut Ui, model: &mut WindowModel) {
    let scene = model.home_view();
    if scene != HomeView::Clock {
        model.clock.leave();
    }
    match scene {
        HomeView::Unreached => {}
        HomeView::Join => join::show(ui, model),
        HomeView::Accept(contract) => accept::show(ui, model, &contract),
        HomeView::Question => question::show(ui, model),
        HomeView::Monitoring => monitoring::show(ui, model),
        HomeView::FreshPicture => fresh_picture::show(ui, model),
        HomeView::Clock => clock::show(ui, model),
    }
}
