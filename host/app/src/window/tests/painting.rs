//! What the processor paints where there is no graphics card: only what changed, and never another picture for it.

use eframe::egui::{Context, RawInput, Rect, pos2};

use super::*;
use crate::window::software::raster::Raster;

/// A window in memory.
struct TestWindow {
    ctx: Context,
    raster: Raster,
    size: [usize; 2],
    pixels: Vec<u32>,
    time: f64,
}

impl TestWindow {
    fn new(theme: Theme, size: [usize; 2]) -> Self {
        let ctx = Context::default();
        theme::install(&ctx);
        ctx.set_theme(theme);
        let pixels = vec![0x00ff_00ff; size[0] * size[1]];
        Self { ctx, raster: Raster::default(), size, pixels, time: 0.0 }
    }

    /// One pass of the window over a state; the same painted whole, for comparison.
    fn show(&mut self, desk: &mut TestDesk) -> Vec<u32> {
        self.time += 1.0;
        let [width, height] = self.size;
        let screen_rect = Some(Rect::from_min_max(pos2(0.0, 0.0), pos2(width as f32, height as f32)));
        let input = RawInput { screen_rect, time: Some(self.time), ..RawInput::default() };
        let mut output = self.ctx.run_ui(input, |ui| {
            desk.model.tick(ui.ctx().time());
            desk.carry_out();
            view::show_window(ui, &mut desk.model);
            desk.carry_out();
        });
        self.raster.take(&output.textures_delta);
        let (ctx, scale) = (&self.ctx, output.pixels_per_point);
        self.raster.show(ctx, output.shapes.clone(), scale, self.size, &mut self.pixels);
        let mut whole = vec![0; self.pixels.len()];
        self.raster.forget();
        self.raster.show(ctx, output.shapes, scale, self.size, &mut whole);
        self.raster.free(&output.textures_delta);
        output.textures_delta.clear();
        whole
    }
}

#[test]
fn painting_only_what_changed_comes_to_the_same_as_painting_everything() {
    for (theme, size) in [(Theme::Light, [340, 560]), (Theme::Dark, [320, 400])] {
        let mut window = TestWindow::new(theme, size);
        for (name, mut desk) in everything() {
            // The page comes, its clock moves on, something is said, and that goes.
            for step in 0..4 {
                if step == 2 {
                    desk.model.banner.show("Preferences saved.", "");
                }
                let whole = window.show(&mut desk);
                let differ = window.pixels.iter().zip(&whole).filter(|(a, b)| a != b).count();
                assert_eq!(differ, 0, "{name}, step {step}: {differ} pixels are not as they should be");
            }
        }
        assert!(!window.pixels.contains(&0x00ff_00ff), "nothing is left unpainted");
    }
}

#[test]
fn a_clock_that_moves_on_is_painted_with_little_work() {
    let mut window = TestWindow::new(Theme::Light, [340, 560]);
    let mut desk = TestDesk::new(states::world("tracking"));
    for _ in 0..3 {
        window.show(&mut desk);
    }
    // What is not painted keeps this.
    window.pixels.fill(0x00ff_00ff);
    window.show(&mut desk);
    let painted = window.pixels.iter().filter(|pixel| **pixel != 0x00ff_00ff).count();
    assert!(painted > 100 && painted < 340 * 60, "{painted} of {} pixels", window.pixels.len());
}
