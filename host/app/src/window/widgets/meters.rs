//! Time as marks: the activity meter, the week bar, rails of the kinds of time, what is left of a hold.

use eframe::egui;
use egui::accesskit::Role;
use egui::{CornerRadius, Painter, Pos2, Rect, Sense, Stroke, Ui, WidgetInfo, pos2, vec2};

use crate::window::theme::{Tokens, tokens};

/// A kind of time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum TimeKind {
    /// Tracked by the program.
    Tracked,
    /// Typed in by the worker.
    Manual,
    /// Beyond the weekly limit.
    Over,
    /// The tracker could not see.
    NoEvidence,
    /// Removed by the worker.
    Removed,
}

fn rect(painter: &Painter, left: f32, top: f32, width: f32, height: f32, color: egui::Color32) {
    painter.rect_filled(Rect::from_min_size(pos2(left, top), vec2(width, height)), CornerRadius::ZERO, color);
}

/// Draws the rail of a kind along the left of something, 4 px wide: solid, dashes, two lines, hatch.
pub(crate) fn draw_rail(painter: &Painter, at: Rect, kind: TimeKind, t: &Tokens) {
    match kind {
        TimeKind::Tracked => rect(painter, at.left(), at.top(), 4.0, at.height(), t.tracked),
        TimeKind::Manual => {
            let mut top = at.top();
            while top < at.bottom() {
                rect(painter, at.left(), top, 4.0, (at.bottom() - top).min(8.0), t.manual);
                top += 12.0;
            }
        }
        TimeKind::Over => {
            rect(painter, at.left(), at.top(), 1.5, at.height(), t.over);
            rect(painter, at.left() + 2.5, at.top(), 1.5, at.height(), t.over);
        }
        TimeKind::NoEvidence => hatch(painter, Rect::from_min_size(at.min, vec2(4.0, at.height())), t),
        TimeKind::Removed => {
            let mut top = at.top();
            while top < at.bottom() {
                rect(painter, at.left() + 1.5, top, 1.0, (at.bottom() - top).min(3.0), t.edge);
                top += 6.0;
            }
        }
    }
}

fn hatch(painter: &Painter, at: Rect, t: &Tokens) {
    let inside = painter.with_clip_rect(at.intersect(painter.clip_rect()));
    let mut y = at.top() - at.width();
    while y < at.bottom() + at.width() {
        let ends = [Pos2::new(at.left(), y + at.width()), Pos2::new(at.right(), y)];
        inside.line_segment(ends, Stroke::new(1.0, t.none));
        y += 4.0;
    }
}

/// The widest bar of a minute, in points: that of a segment of ten minutes in a window of the usual width.
const WIDEST: f32 = 28.0;

/// Shows activity: a bar a minute, as high as its counts against the busiest of `busiest`; a tracked minute
/// without counts is a stroke, one that was not tracked a fainter one. `words` say the same.
pub(crate) fn show_activity(ui: &mut Ui, minutes: &[Option<u32>], busiest: u32, height: f32, words: &str) {
    let t = tokens(ui);
    let width = ui.available_width();
    let (area, response) = ui.allocate_exact_size(vec2(width, height), Sense::hover());
    response.widget_info(|| WidgetInfo::labeled(Role::Image, true, words));
    let n = minutes.len().max(1) as f32;
    let gap = if n > 30.0 { 1.0 } else { 4.0 };
    // The one minute of a short segment is a bar, too, and no slab.
    let one = ((width - gap * (n - 1.0)) / n).clamp(1.0, WIDEST);
    for (index, minute) in minutes.iter().enumerate() {
        let left = area.left() + index as f32 * (one + gap);
        match minute {
            Some(0) => rect(ui.painter(), left, area.bottom() - 2.0, one, 2.0, t.edge),
            None => rect(ui.painter(), left, area.bottom() - 2.0, one, 2.0, t.line),
            Some(count) => {
                let share = (*count as f32 / busiest.max(1) as f32).min(1.0);
                let high = 4.0 + (height - 5.0 - 4.0).max(0.0) * share;
                rect(ui.painter(), left, area.bottom() - high, one, high, t.ink3);
            }
        }
    }
}

/// The week: time of each kind in milliseconds, and the limit.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct WeekSummary {
    pub(crate) tracked: u64,
    pub(crate) manual: u64,
    pub(crate) over: u64,
    pub(crate) limit: Option<u64>,
}

/// Shows the week as a bar: kinds in order, a line of ink at the limit, over-limit time beyond it.
pub(crate) fn show_week_bar(ui: &mut Ui, week: WeekSummary, words: &str) {
    let Some(limit) = week.limit.filter(|limit| *limit > 0) else {
        return;
    };
    let t = tokens(ui);
    let (area, response) = ui.allocate_exact_size(vec2(ui.available_width(), 10.0), Sense::hover());
    response.widget_info(|| WidgetInfo::labeled(Role::Image, true, words));
    let painter = ui.painter();
    let top = area.top() + 2.0;
    // Room beyond the limit is kept for what is over it, at most a quarter of the bar.
    let beyond = (week.over as f32 / limit as f32 * area.width()).clamp(5.0, area.width() / 4.0);
    let until = area.width() - beyond - 2.0;
    let wide = |ms: u64| (ms as f32 / limit as f32 * until).min(until);
    rect(painter, area.left(), top, area.width(), 6.0, t.well);
    let tracked = wide(week.tracked);
    rect(painter, area.left(), top, tracked, 6.0, t.tracked);
    let mut left = area.left() + tracked;
    let end = (left + wide(week.manual)).min(area.left() + until);
    while left < end {
        rect(painter, left, top, (end - left).min(8.0), 6.0, t.manual);
        left += 12.0;
    }
    if week.over > 0 {
        let left = area.left() + until + 3.0;
        rect(painter, left, top, area.right() - left, 2.0, t.over);
        rect(painter, left, top + 4.0, area.right() - left, 2.0, t.over);
    }
    rect(painter, area.left() + until, area.top(), 2.0, 10.0, t.ink);
}

/// Shows how much of a hold is left, 0 to 1.
pub(crate) fn show_time_left(ui: &mut Ui, share: f32, words: &str) {
    let t = tokens(ui);
    let (area, response) = ui.allocate_exact_size(vec2(ui.available_width(), 10.0), Sense::hover());
    response.widget_info(|| WidgetInfo::labeled(Role::Image, true, words));
    rect(ui.painter(), area.left(), area.top() + 2.0, area.width(), 6.0, t.well);
    rect(ui.painter(), area.left(), area.top() + 2.0, area.width() * share.clamp(0.0, 1.0), 6.0, t.ink2);
}
