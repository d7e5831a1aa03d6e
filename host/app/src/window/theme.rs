//! Colours, type and spacing: the tokens of the look, for light and dark, and how egui is told of them.

use std::sync::Arc;

use eframe::egui;
use egui::epaint::text::{FontInsert, FontPriority, InsertFontFamily};
use egui::{
    Color32, Context, CornerRadius, FontData, FontFamily, FontId, Margin, RichText, Stroke, Style, TextStyle,
    Ui, Visuals, vec2,
};

/// Digits of one width, weights 400 to 600; see assets/README.md.
static INTER: &[u8] = include_bytes!("../../assets/inter.ttf");

/// The colours. Each may stand on the grounds that the look names for it.
#[derive(Debug)]
pub(crate) struct Tokens {
    pub(crate) paper: Color32,
    pub(crate) surface: Color32,
    pub(crate) well: Color32,
    pub(crate) line: Color32,
    pub(crate) edge: Color32,
    pub(crate) ink: Color32,
    pub(crate) ink2: Color32,
    pub(crate) ink3: Color32,
    pub(crate) accent: Color32,
    pub(crate) accent_soft: Color32,
    pub(crate) solid: Color32,
    pub(crate) on_solid: Color32,
    pub(crate) tracked: Color32,
    pub(crate) manual: Color32,
    pub(crate) manual_ink: Color32,
    pub(crate) over: Color32,
    pub(crate) over_soft: Color32,
    pub(crate) over_ink: Color32,
    pub(crate) none: Color32,
}

const fn rgb(hex: u32) -> Color32 {
    let [_, r, g, b] = hex.to_be_bytes();
    Color32::from_rgb(r, g, b)
}

static LIGHT: Tokens = Tokens {
    paper: rgb(0xf8_f8f6),
    surface: rgb(0xff_ffff),
    well: rgb(0xf0_f0ed),
    line: rgb(0xe2_e2dd),
    edge: rgb(0x85_878c),
    ink: rgb(0x1a_1c1f),
    ink2: rgb(0x4b_4e54),
    ink3: rgb(0x64_676d),
    accent: rgb(0x2a_57c0),
    accent_soft: rgb(0xe8_eefb),
    solid: rgb(0x1f_2226),
    on_solid: rgb(0xff_ffff),
    tracked: rgb(0x1e_8253),
    manual: rgb(0xa0_7200),
    manual_ink: rgb(0x59_4100),
    over: rgb(0xc2_3b2e),
    over_soft: rgb(0xfc_e8e4),
    over_ink: rgb(0x8a_2318),
    none: rgb(0x78_7b81),
};

static DARK: Tokens = Tokens {
    paper: rgb(0x12_1315),
    surface: rgb(0x1a_1c1f),
    well: rgb(0x25_282c),
    line: rgb(0x2e_3136),
    edge: rgb(0x76_7a82),
    ink: rgb(0xec_edee),
    ink2: rgb(0xb9_bcc1),
    ink3: rgb(0x9a_9ea5),
    accent: rgb(0x8e_afff),
    accent_soft: rgb(0x20_2c47),
    solid: rgb(0xe9_eaec),
    on_solid: rgb(0x16_181a),
    tracked: rgb(0x45_b57e),
    manual: rgb(0xdc_ae36),
    manual_ink: rgb(0xf0_d993),
    over: rgb(0xee_7669),
    over_soft: rgb(0x3c_1e1b),
    over_ink: rgb(0xff_c3bb),
    none: rgb(0x8d_9198),
};

/// The colours of the theme that this part is drawn in.
pub(crate) fn tokens(ui: &Ui) -> &'static Tokens {
    of(ui.visuals().dark_mode)
}

fn of(dark: bool) -> &'static Tokens {
    if dark { &DARK } else { &LIGHT }
}

/// The sizes and weights of type.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum TextFace {
    /// 12 points on a line of 16.
    Note,
    /// 13 points on a line of 20.
    Small,
    /// 13 on 20, a little heavier: labels, buttons.
    Label,
    /// 14 on 20, heavy: the contract, Start and Stop.
    Body,
    /// 16 on 22, heavy: what a part is about.
    Head,
    /// 20 on 26, heavy: sums.
    Figure,
    /// 28 on 36, heavy: the running clock.
    Time,
}

impl TextFace {
    /// Size, line height, weight.
    fn measures(self) -> (f32, f32, f32) {
        match self {
            Self::Note => (12.0, 16.0, 400.0),
            Self::Small => (13.0, 20.0, 400.0),
            Self::Label => (13.0, 20.0, 500.0),
            Self::Body => (14.0, 20.0, 600.0),
            Self::Head => (16.0, 22.0, 600.0),
            Self::Figure => (20.0, 26.0, 600.0),
            Self::Time => (28.0, 36.0, 600.0),
        }
    }

    /// A text in this face.
    pub(crate) fn text(self, text: impl Into<String>, color: Color32) -> RichText {
        let (size, line, weight) = self.measures();
        RichText::new(text)
            .font(FontId::new(size, FontFamily::Proportional))
            .line_height(Some(line))
            .variation(b"wght", weight)
            .color(color)
    }
}

/// Tells egui of fonts, colours, spacing. Once, before the first frame.
pub(crate) fn install(ctx: &Context) {
    ctx.add_font(FontInsert::new(
        "inter",
        FontData::from_static(INTER),
        vec![InsertFontFamily { family: FontFamily::Proportional, priority: FontPriority::Highest }],
    ));
    // X11 tells no theme: it is light there until the preferences say otherwise.
    ctx.options_mut(|options| options.fallback_theme = egui::Theme::Light);
    for theme in [egui::Theme::Light, egui::Theme::Dark] {
        let mut style = Style::clone(&ctx.style_of(theme));
        apply_style(&mut style, of(theme == egui::Theme::Dark), theme == egui::Theme::Dark);
        ctx.set_style_of(theme, Arc::new(style));
    }
}

fn apply_style(style: &mut Style, t: &Tokens, dark: bool) {
    let font = |size| FontId::new(size, FontFamily::Proportional);
    style.text_styles = [
        (TextStyle::Small, font(12.0)),
        (TextStyle::Body, font(13.0)),
        (TextStyle::Button, font(13.0)),
        (TextStyle::Heading, font(16.0)),
        (TextStyle::Monospace, FontId::new(12.0, FontFamily::Monospace)),
    ]
    .into();
    style.animation_time = 0.12;
    style.interaction.selectable_labels = false;
    style.interaction.tooltip_delay = 0.3;
    style.spacing.item_spacing = vec2(8.0, 6.0);
    style.spacing.button_padding = vec2(14.0, 6.0);
    style.spacing.interact_size = vec2(32.0, 32.0);
    style.spacing.combo_height = 240.0;
    style.spacing.menu_margin = Margin::same(4);
    style.spacing.icon_width = 16.0;
    style.spacing.tooltip_width = 280.0;
    style.spacing.scroll.bar_width = 8.0;
    style.visuals = visuals(t, dark);
}

fn visuals(t: &Tokens, dark: bool) -> Visuals {
    let mut v = if dark { Visuals::dark() } else { Visuals::light() };
    v.panel_fill = t.surface;
    v.window_fill = t.surface;
    v.extreme_bg_color = t.surface;
    v.text_edit_bg_color = Some(t.surface);
    v.faint_bg_color = t.well;
    v.code_bg_color = t.well;
    v.hyperlink_color = t.accent;
    v.weak_text_color = Some(t.ink2);
    v.warn_fg_color = t.manual_ink;
    v.error_fg_color = t.over_ink;
    v.selection.bg_fill = t.accent_soft;
    // The outline of a focused field, and the ink of selected text.
    v.selection.stroke = Stroke::new(2.0, t.accent);
    v.text_cursor.stroke = Stroke::new(1.5, t.ink);
    v.window_shadow = egui::Shadow::NONE;
    v.popup_shadow = egui::Shadow::NONE;
    v.window_stroke = Stroke::new(1.0, t.edge);
    v.window_corner_radius = CornerRadius::same(6);
    v.menu_corner_radius = CornerRadius::same(6);
    let states = [
        (&mut v.widgets.noninteractive, t.surface, Stroke::new(1.0, t.line)),
        (&mut v.widgets.inactive, t.surface, Stroke::new(1.0, t.edge)),
        (&mut v.widgets.hovered, t.well, Stroke::new(1.0, t.edge)),
        (&mut v.widgets.open, t.well, Stroke::new(1.0, t.edge)),
        (&mut v.widgets.active, t.well, Stroke::new(2.0, t.accent)),
    ];
    for (state, fill, stroke) in states {
        state.weak_bg_fill = fill;
        state.bg_fill = fill;
        state.bg_stroke = stroke;
        state.fg_stroke = Stroke::new(1.5, t.ink);
        state.corner_radius = CornerRadius::same(6);
        state.expansion = 0.0;
    }
    v
}

#[cfg(test)]
mod tests {
    use super::*;

    fn luminance(c: Color32) -> f32 {
        let linear = |v: u8| {
            let v = f32::from(v) / 255.0;
            if v <= 0.040_45 { v / 12.92 } else { ((v + 0.055) / 1.055).powf(2.4) }
        };
        0.2126 * linear(c.r()) + 0.7152 * linear(c.g()) + 0.0722 * linear(c.b())
    }

    fn contrast(a: Color32, b: Color32) -> f32 {
        let (a, b) = (luminance(a), luminance(b));
        (a.max(b) + 0.05) / (a.min(b) + 0.05)
    }

    #[test]
    fn text_reaches_4_5_and_marks_reach_3_on_every_ground_they_stand_on() {
        for t in [&LIGHT, &DARK] {
            for ground in [t.paper, t.surface, t.well] {
                for text in [t.ink, t.ink2, t.ink3, t.accent] {
                    assert!(contrast(text, ground) >= 4.5, "{text:?} on {ground:?}");
                }
                for mark in [t.edge, t.tracked, t.manual, t.over, t.none] {
                    assert!(contrast(mark, ground) >= 3.0, "{mark:?} on {ground:?}");
                }
            }
            assert!(contrast(t.on_solid, t.solid) >= 4.5);
            assert!(contrast(t.over_ink, t.over_soft) >= 4.5);
            assert!(contrast(t.ink, t.accent_soft) >= 4.5);
        }
    }
}
