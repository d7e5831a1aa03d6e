//! Pictures as the client sees them: never tinted, corners of 4 px, 'Redacted' written by the window over a fill.

use std::sync::Arc;

use candor_diary::parcel::{Cover, Redaction, redacted};
use eframe::egui;
use egui::accesskit::Role;
use egui::{
    Align2, Color32, ColorImage, Context, CornerRadius, Image, Rect, Sense, Stroke, StrokeKind,
    TextureHandle, TextureOptions, Ui, Vec2, WidgetInfo, pos2, vec2,
};

use super::layout;
use super::text::galley;
use crate::window::theme::{TextFace, tokens};

/// A decoded picture, on its way to the screen.
#[derive(Clone)]
pub(crate) struct Screenshot {
    image: Arc<ColorImage>,
    /// Its size before it was made smaller for the screen: redactions count in those pixels.
    size: Vec2,
    texture: Option<TextureHandle>,
}

impl std::fmt::Debug for Screenshot {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Screenshot").field("size", &self.size).finish_non_exhaustive()
    }
}

impl Screenshot {
    /// Creates it from a decoded picture and the size in which it was delivered, in pixels.
    pub(crate) fn new(image: ColorImage, size: Vec2) -> Self {
        Self { image: Arc::new(image), size, texture: None }
    }

    /// Returns its height divided by its width.
    fn ratio(&self) -> f32 {
        if self.size.x > 0.0 { self.size.y / self.size.x } else { 9.0 / 16.0 }
    }

    fn texture(&mut self, ctx: &Context) -> TextureHandle {
        let options =
            TextureOptions { mipmap_mode: Some(egui::TextureFilter::Linear), ..TextureOptions::LINEAR };
        self.texture
            .get_or_insert_with(|| ctx.load_texture("picture", Arc::clone(&self.image), options))
            .clone()
    }

    /// Shows it, `width` points wide.
    pub(crate) fn show(&mut self, ui: &mut Ui, width: f32, redactions: &[Redaction], name: &str) {
        let (rect, response) =
            ui.allocate_exact_size(vec2(width, (width * self.ratio()).round()), Sense::hover());
        response.widget_info(|| WidgetInfo::labeled(Role::Image, true, name));
        self.paint(ui, rect, redactions);
    }

    /// Returns whether a covered place is of the fill's colour all over: nothing stands in front of it. The picture's own inner
    /// line lies at the border.
    fn is_flat(&self, place: &Redaction) -> bool {
        /// How many pixels are looked at in each direction.
        const LOOKS: u32 = 12;
        /// How much lighter than the fill a pixel may be by compression.
        const DARK: u8 = 0x18;
        let [w, h] = self.image.size;
        if w == 0 || h == 0 || self.size.x <= 0.0 || self.size.y <= 0.0 {
            return false;
        }
        let (sx, sy) = (w as f32 / self.size.x, h as f32 / self.size.y);
        let looks = |from: u32, length: u32, scale: f32, most: usize| {
            (1..LOOKS).map(move |nth| {
                let at = from as f32 + length as f32 * nth as f32 / LOOKS as f32;
                ((at * scale) as usize).min(most - 1)
            })
        };
        looks(place.y, place.height, sy, h).all(|y| {
            looks(place.x, place.width, sx, w).all(|x| {
                self.image.pixels.get(y * w + x).is_some_and(|pixel| {
                    let [r, g, b, _] = pixel.to_array();
                    r < DARK && g < DARK && b < DARK
                })
            })
        })
    }

    /// Paints it into a rectangle.
    pub(crate) fn paint(&mut self, ui: &mut Ui, rect: Rect, redactions: &[Redaction]) {
        let texture = self.texture(ui.ctx());
        Image::from_texture(&texture).corner_radius(CornerRadius::same(4)).paint_at(ui, rect);
        let scale = if self.size.x > 0.0 { rect.width() / self.size.x } else { 1.0 };
        let flat = Color32::from_rgb(0x8d, 0x91, 0x98);
        for covered in redactions.iter().filter(|r| r.cover == Cover::Fill) {
            // What is in front of a covered window is in the picture as it is: nothing is drawn over it.
            if !self.is_flat(covered) {
                continue;
            }
            let place = Rect::from_min_size(
                rect.min + vec2(covered.x as f32, covered.y as f32) * scale,
                vec2(covered.width as f32, covered.height as f32) * scale,
            );
            ui.painter().rect_stroke(place, CornerRadius::ZERO, Stroke::new(1.0, flat), StrokeKind::Inside);
            let word = galley(
                ui,
                TextFace::Note,
                "Redacted",
                Color32::from_rgb(0xb9, 0xbc, 0xc1),
                80.0,
                egui::TextWrapMode::Extend,
            );
            if word.size().x + 8.0 < place.width() && word.size().y + 4.0 < place.height() {
                let at = Align2::CENTER_CENTER.align_size_within_rect(word.size(), place).min;
                ui.painter().galley(at, word, flat);
            }
        }
        let edge = tokens(ui).line;
        ui.painter().rect_stroke(rect, CornerRadius::same(4), Stroke::new(1.0, edge), StrokeKind::Inside);
    }
}

/// Shows the place of a picture that is missing, and why, in a sentence that is never cut.
pub(crate) fn show_missing(ui: &mut Ui, width: f32, words: &str) {
    let t = tokens(ui);
    let text = galley(ui, TextFace::Note, words, t.ink2, width - 16.0, egui::TextWrapMode::Wrap);
    let height = (width * 9.0 / 16.0).max(text.size().y + 16.0);
    let (rect, response) = ui.allocate_exact_size(vec2(width, height), Sense::hover());
    response.widget_info(|| WidgetInfo::labeled(Role::Label, true, words));
    draw_dashed_outline(ui, rect);
    ui.painter().galley(rect.center() - text.size() / 2.0, text, t.ink2);
}

/// Draws a dashed outline around a place where something is missing or may be dropped.
pub(crate) fn draw_dashed_outline(ui: &Ui, rect: Rect) {
    let r = rect.shrink(0.5);
    let stroke = Stroke::new(1.0, tokens(ui).edge);
    let corners = [r.left_top(), r.right_top(), r.right_bottom(), r.left_bottom(), r.left_top()];
    ui.painter().extend(egui::Shape::dashed_line(&corners, stroke, 4.0, 3.0));
}

/// Shows the place of a picture that is on its way, of the same size, so that nothing moves.
pub(crate) fn show_loading(ui: &mut Ui, width: f32) {
    let (rect, response) = ui.allocate_exact_size(vec2(width, (width * 9.0 / 16.0).round()), Sense::hover());
    response.widget_info(|| WidgetInfo::labeled(Role::Image, true, "The picture is loading"));
    ui.painter().rect_filled(rect, CornerRadius::same(4), tokens(ui).well);
}

/// Says what was covered by which rule.
pub(crate) fn show_redactions(ui: &mut Ui, redactions: &[Redaction], covered_by: &[String]) {
    if let Some(words) = redacted(redactions) {
        let why = if covered_by.is_empty() { String::new() } else { format!(": {}", covered_by.join("; ")) };
        layout::note(ui, format!("{words}{why}"));
    }
}

/// How wide and high a picture is kept beside words, in pixels: twice the usual window's width.
pub(crate) const SMALL_SIDE: usize = 700;
/// How wide and high a picture is kept if it fills the window, in pixels.
pub(crate) const LARGE_SIDE: usize = 4_096;

/// Decodes WebP for the screen: at most `most` pixels a side, made smaller by whole steps.
///
/// # Errors
/// A sentence, if it is no picture or a too large one.
pub(crate) fn decode(bytes: &[u8], most: usize) -> Result<Screenshot, String> {
    const MOST: u64 = 100_000_000;
    let bad = || "The picture could not be read: it is damaged.".to_owned();
    let features = webp::BitstreamFeatures::new(bytes).ok_or_else(bad)?;
    if u64::from(features.width()) * u64::from(features.height()) > MOST {
        return Err("The picture is too large to be shown here.".into());
    }
    let decoded = webp::Decoder::new(bytes).decode().ok_or_else(bad)?;
    let (width, height) = (decoded.width() as usize, decoded.height() as usize);
    let channels = if features.has_alpha() { 4 } else { 3 };
    let step = width.max(height).div_ceil(most).max(1);
    let (w, h) = (width / step, height / step);
    let mut pixels = Vec::with_capacity(w * h);
    for y in 0..h {
        for x in 0..w {
            let mut sum = [0_u32; 3];
            for dy in 0..step {
                for dx in 0..step {
                    let at = ((y * step + dy) * width + x * step + dx) * channels;
                    let Some([r, g, b]) = decoded.get(at..at + 3) else { return Err(bad()) };
                    for (total, value) in sum.iter_mut().zip([r, g, b]) {
                        *total += u32::from(*value);
                    }
                }
            }
            let mean = sum.map(|total| u8::try_from(total / (step * step) as u32).unwrap_or(u8::MAX));
            pixels.push(Color32::from_rgb(mean[0], mean[1], mean[2]));
        }
    }
    let image = ColorImage::new([w, h], pixels);
    Ok(Screenshot::new(image, vec2(width as f32, height as f32)))
}

/// Returns the largest rectangle of the picture's shape inside another, centred at its top.
pub(crate) fn fit_rect(shot: &Screenshot, room: Rect) -> Rect {
    let width = room.width().min(room.height() / shot.ratio().max(0.01));
    let size = vec2(width, width * shot.ratio());
    Rect::from_min_size(pos2(room.center().x - size.x / 2.0, room.top()), size)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_is_drawn_over_what_stands_in_front_of_a_covered_window() {
        let mut image = ColorImage::filled([200, 100], Color32::WHITE);
        let place = Redaction { x: 40, y: 40, width: 240, height: 120, cover: Cover::Fill, rule: Some(0) };
        let shot = |image: &ColorImage| Screenshot::new(image.clone(), vec2(400.0, 200.0));
        assert!(!shot(&image).is_flat(&place));
        for y in 20..80 {
            for x in 20..140 {
                image.pixels[y * 200 + x] = Color32::from_rgb(0x0b, 0x0c, 0x0e);
            }
        }
        assert!(shot(&image).is_flat(&place));
        for y in 60..80 {
            for x in 100..140 {
                image.pixels[y * 200 + x] = Color32::WHITE;
            }
        }
        assert!(!shot(&image).is_flat(&place), "a window in front");
        let beyond = Redaction { x: 390, y: 190, width: 900, height: 900, ..place };
        assert!(!shot(&image).is_flat(&beyond));
    }

    #[test]
    fn a_picture_keeps_its_colours_and_a_wide_one_is_made_smaller() {
        let pixels: Vec<u8> = [200_u8, 40, 90].repeat(8_400 * 40);
        let encoded = webp::Encoder::from_rgb(&pixels, 8_400, 40).encode_lossless();
        let shot = decode(&encoded, LARGE_SIDE).unwrap();
        assert_eq!((shot.size, shot.image.size), (vec2(8_400.0, 40.0), [2_800, 13]));
        assert_eq!(shot.image.pixels[0], Color32::from_rgb(200, 40, 90));
        let small = decode(&encoded, SMALL_SIDE).unwrap();
        assert_eq!((small.size, small.image.size), (vec2(8_400.0, 40.0), [700, 3]));
        assert!(decode(b"not a picture", SMALL_SIDE).is_err());
    }
}
