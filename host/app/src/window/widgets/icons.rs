//! Icons: the paths of the mock's sprite on a 16 px grid, drawn as lines of 1.5 px. The mark: a ring with a dot is
//! recording, an empty ring is not.

use std::collections::BTreeMap;
use std::sync::OnceLock;

use eframe::egui;
use egui::{Color32, Painter, Pos2, Rect, Sense, Shape, Stroke, Ui, Vec2, pos2, vec2};

/// An icon of the sprite.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Icon {
    Down,
    Left,
    Right,
    Cross,
    Clock,
    Screen,
    Doc,
    Camera,
    Lock,
    Offline,
    Limit,
    Rule,
    Pencil,
    NoPicture,
    Trash,
    Check,
    Alert,
    Plus,
    Eye,
    Blind,
    Send,
    Sliders,
    Plug,
    Question,
    Speech,
    Out,
}

const EYE: &str =
    "M1.5 8C2.3 6.5 4.5 3.5 8 3.5C11.5 3.5 13.7 6.5 14.5 8C13.7 9.5 11.5 12.5 8 12.5C4.5 12.5 2.3 9.5 1.5 8Z";
const ALL: [Icon; 26] = [
    Icon::Down,
    Icon::Left,
    Icon::Right,
    Icon::Cross,
    Icon::Clock,
    Icon::Screen,
    Icon::Doc,
    Icon::Camera,
    Icon::Lock,
    Icon::Offline,
    Icon::Limit,
    Icon::Rule,
    Icon::Pencil,
    Icon::NoPicture,
    Icon::Trash,
    Icon::Check,
    Icon::Alert,
    Icon::Plus,
    Icon::Eye,
    Icon::Blind,
    Icon::Send,
    Icon::Sliders,
    Icon::Plug,
    Icon::Question,
    Icon::Speech,
    Icon::Out,
];

impl Icon {
    /// Its path and its circle (centre, radius).
    fn drawn(self) -> (&'static str, Option<(f32, f32, f32)>) {
        match self {
            Self::Down => ("m4 6 4 4 4-4", None),
            Self::Left => ("m10 3.5-4.5 4.5L10 12.5", None),
            Self::Right => ("m6 3.5 4.5 4.5L6 12.5", None),
            Self::Cross => ("m4 4 8 8M12 4l-8 8", None),
            Self::Clock => ("M8 5v3l2 1.5", Some((8.0, 8.0, 5.5))),
            Self::Screen => ("M2 3h12v8H2zM6 13.5h4", None),
            Self::Doc => ("M4 2h5l3 3v9H4zM9 2v3h3", None),
            Self::Camera => ("M2 5h3l1-1.5h4L11 5h3v7.5H2z", Some((8.0, 8.5, 2.2))),
            Self::Lock => ("M4 7.5h8v6H4zM5.5 7.5V5a2.5 2.5 0 0 1 5 0v2.5", None),
            Self::Offline => {
                ("M4.5 12.5h7a2.5 2.5 0 0 0 .5-5 4 4 0 0 0-7.5-.5 3 3 0 0 0 0 5.5ZM2.5 2.5l11 11", None)
            }
            Self::Limit => ("M2.5 3.5h11M8 13V6.5M5 9.5l3-3 3 3", None),
            Self::Rule => ("M8 2 3 4v4c0 3 2 5 5 6 3-1 5-3 5-6V4L8 2Z", None),
            Self::Pencil => ("M3 13v-2.5l7.5-7.5 2.5 2.5L5.5 13H3Z", None),
            Self::NoPicture => ("M2.5 3.5h11v9h-11zM2.5 12.5l11-9", None),
            Self::Trash => ("M3 4.5h10M6 4.5v-2h4v2M4.5 4.5l.5 9h6l.5-9", None),
            Self::Check => ("m3.5 8.5 3 3 6-7", None),
            Self::Alert => ("M8 2.5 2.5 13h11L8 2.5ZM8 6.5v3M8 11.2h.1", None),
            Self::Plus => ("M8 3v10M3 8h10", None),
            Self::Eye => (EYE, Some((8.0, 8.0, 2.0))),
            Self::Blind => (
                "M1.5 8C2.3 6.5 4.5 3.5 8 3.5C11.5 3.5 13.7 6.5 14.5 8C13.7 9.5 11.5 12.5 8 12.5C4.5 12.5 2.3 9.5 1.5 8Zm1 5.5 11-11",
                Some((8.0, 8.0, 2.0)),
            ),
            Self::Send => ("M2.5 9v4h11V9M8 10V2.5M5 5.5l3-3 3 3", None),
            Self::Sliders => ("M2.5 4.5h11M2.5 11.5h11M9.5 2.5v4M5.5 9.5v4", None),
            Self::Plug => ("M5 2v3M11 2v3M3.5 5h9v3a4.5 4.5 0 0 1-9 0zM8 12.5v2", None),
            Self::Question => {
                ("M6 6.3a2 2 0 1 1 2.6 1.9c-.4.2-.6.5-.6 1v.3M8 11.6h.1", Some((8.0, 8.0, 6.2)))
            }
            Self::Speech => ("M2.5 3h11v8h-6l-3 3v-3h-2z", None),
            Self::Out => ("M6 3.5H3V13h9.5v-3M9 3h4v4M13 3 7.5 8.5", None),
        }
    }
}

fn lines(icon: Icon) -> &'static [Vec<Pos2>] {
    static FLAT: OnceLock<BTreeMap<Icon, Vec<Vec<Pos2>>>> = OnceLock::new();
    let flat = FLAT.get_or_init(|| ALL.iter().map(|icon| (*icon, flatten(icon.drawn().0))).collect());
    flat.get(&icon).map_or(&[], Vec::as_slice)
}

/// Draws an icon with its top left corner at `at`.
pub(crate) fn draw(painter: &Painter, icon: Icon, at: Pos2, color: Color32) {
    let stroke = Stroke::new(1.5, color);
    for line in lines(icon) {
        painter.add(Shape::line(line.iter().map(|p| at + p.to_vec2()).collect(), stroke));
    }
    if let Some((x, y, r)) = icon.drawn().1 {
        painter.circle_stroke(at + vec2(x, y), r, stroke);
    }
}

/// An icon in the flow of a line: 16 px wide. It says nothing to a screen reader: it stands beside a word.
pub(crate) fn icon(ui: &mut Ui, icon: Icon, color: Color32) {
    let (rect, _) = ui.allocate_exact_size(Vec2::splat(16.0), Sense::hover());
    draw(ui.painter(), icon, rect.min, color);
}

/// The mark: a ring, with a dot while something is recorded.
pub(crate) fn mark(ui: &mut Ui, recording: bool, color: Color32) {
    let (rect, _) = ui.allocate_exact_size(Vec2::splat(20.0), Sense::hover());
    draw_mark(ui.painter(), rect, recording, color);
}

/// Draws the mark into a square.
pub(crate) fn draw_mark(painter: &Painter, rect: Rect, recording: bool, color: Color32) {
    let scale = rect.width() / 18.0;
    painter.circle_stroke(rect.center(), 7.25 * scale, Stroke::new(1.5 * scale, color));
    if recording {
        painter.circle_filled(rect.center(), 3.5 * scale, color);
    }
}

/// An SVG path as lines. Knows what the sprite uses: M L H V C A Z, absolute and relative.
fn flatten(path: &str) -> Vec<Vec<Pos2>> {
    let mut reader = PathReader { rest: path.as_bytes() };
    let mut done: Vec<Vec<Pos2>> = Vec::new();
    let mut at = Pos2::ZERO;
    let mut command = b'M';
    while let Some(next) = reader.command(command) {
        command = next;
        let base = if command.is_ascii_lowercase() { at.to_vec2() } else { Vec2::ZERO };
        match command.to_ascii_uppercase() {
            b'M' => {
                at = reader.point() + base;
                done.push(vec![at]);
                // Further pairs are lines.
                command = if command == b'm' { b'l' } else { b'L' };
                continue;
            }
            b'L' => at = reader.point() + base,
            b'H' => at.x = reader.number() + base.x,
            b'V' => at.y = reader.number() + base.y,
            b'C' => {
                let (from, a, b, to) =
                    (at, reader.point() + base, reader.point() + base, reader.point() + base);
                for step in 1..12_u8 {
                    let t = f32::from(step) / 12.0;
                    let ((p, q), r) = ((from.lerp(a, t), a.lerp(b, t)), b.lerp(to, t));
                    push(&mut done, p.lerp(q, t).lerp(q.lerp(r, t), t));
                }
                at = to;
            }
            b'A' => {
                let radius = reader.point().x;
                let (_, large, sweep) = (reader.number(), reader.number() > 0.5, reader.number() > 0.5);
                let to = reader.point() + base;
                for point in arc(at, to, radius, large, sweep) {
                    push(&mut done, point);
                }
                at = to;
            }
            b'Z' => {
                if let Some(first) = done.last().and_then(|line| line.first()).copied() {
                    at = first;
                }
            }
            _ => break,
        }
        push(&mut done, at);
        if command.eq_ignore_ascii_case(&b'Z') {
            done.push(vec![at]);
        }
    }
    done.retain(|line| line.len() > 1);
    done
}

fn push(lines: &mut [Vec<Pos2>], point: Pos2) {
    if let Some(line) = lines.last_mut() {
        line.push(point);
    }
}

/// Points on a circular arc (SVG 1.1, F.6), its ends left out.
fn arc(from: Pos2, to: Pos2, radius: f32, large: bool, sweep: bool) -> Vec<Pos2> {
    let half = (to - from) / 2.0;
    let radius = radius.max(half.length());
    let away = (radius * radius - half.length_sq()).max(0.0).sqrt();
    let side = if large == sweep { -1.0 } else { 1.0 };
    let centre = from + half + side * away * half.normalized().rot90() * -1.0;
    let (start, end) = ((from - centre).angle(), (to - centre).angle());
    let mut turn = end - start;
    if sweep && turn < 0.0 {
        turn += std::f32::consts::TAU;
    } else if !sweep && turn > 0.0 {
        turn -= std::f32::consts::TAU;
    }
    (1..12_u8).map(|step| centre + radius * Vec2::angled(start + turn * f32::from(step) / 12.0)).collect()
}

struct PathReader<'a> {
    rest: &'a [u8],
}

impl PathReader<'_> {
    fn skip(&mut self) {
        while let [b' ' | b',', rest @ ..] = self.rest {
            self.rest = rest;
        }
    }

    /// Returns the next command: a letter, or `again` if numbers go on.
    fn command(&mut self, again: u8) -> Option<u8> {
        self.skip();
        match self.rest {
            [letter, rest @ ..] if letter.is_ascii_alphabetic() => {
                self.rest = rest;
                Some(*letter)
            }
            [] => None,
            _ => Some(again),
        }
    }

    fn number(&mut self) -> f32 {
        self.skip();
        let mut end = 0;
        let mut dot = false;
        while let Some(byte) = self.rest.get(end) {
            match byte {
                b'-' if end > 0 => break,
                b'.' if dot => break,
                b'.' => dot = true,
                b'-' | b'0'..=b'9' => {}
                _ => break,
            }
            end += 1;
        }
        let (number, rest) = self.rest.split_at(end);
        self.rest = rest;
        std::str::from_utf8(number).ok().and_then(|n| n.parse().ok()).unwrap_or(0.0)
    }

    fn point(&mut self) -> Pos2 {
        pos2(self.number(), self.number())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_icon_is_drawn_inside_its_16_px() {
        for icon in ALL {
            let lines = flatten(icon.drawn().0);
            assert!(!lines.is_empty(), "{icon:?}");
            for point in lines.iter().flatten() {
                assert!(
                    (0.0..=16.0).contains(&point.x) && (0.0..=16.0).contains(&point.y),
                    "{icon:?} {point:?}"
                );
            }
        }
    }

    #[test]
    fn a_path_is_read_as_svg_reads_it() {
        assert_eq!(flatten("m4 6 4 4 4-4"), [vec![pos2(4.0, 6.0), pos2(8.0, 10.0), pos2(12.0, 6.0)]]);
        let square = flatten("M2 3h12v8H2z");
        assert_eq!(square[0].last(), Some(&pos2(2.0, 3.0)));
        // The shackle of the lock: from (5.5, 5) over (8, 2.5) to (10.5, 5).
        let lock = flatten("M5.5 7.5V5a2.5 2.5 0 0 1 5 0v2.5");
        assert!(lock[0].iter().any(|p| (p.y - 2.5).abs() < 0.05 && (p.x - 8.0).abs() < 0.05), "{lock:?}");
    }
}
