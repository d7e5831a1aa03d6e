//! Paints what the toolkit laid out into pixels, with the processor alone, and only where it differs from what is shown.
//!
//! Colours are blended as the toolkit's own painters do: premultiplied, in gamma space.

use std::collections::HashMap;
use std::sync::Arc;

use eframe::egui;
use egui::epaint::{ClippedPrimitive, ClippedShape, ImageData, Mesh, Primitive, TextureId, Vertex};
use egui::{Color32, ColorImage, Context, Rect, TexturesDelta};

/// An area in pixels: from `left` and `top` until before `right` and `bottom`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Pixels {
    left: usize,
    top: usize,
    right: usize,
    bottom: usize,
}

impl Pixels {
    fn of([width, height]: [usize; 2]) -> Self {
        Self { left: 0, top: 0, right: width, bottom: height }
    }

    fn is_empty(self) -> bool {
        self.left >= self.right || self.top >= self.bottom
    }

    fn within(self, other: Self) -> Self {
        Self {
            left: self.left.max(other.left),
            top: self.top.max(other.top),
            right: self.right.min(other.right),
            bottom: self.bottom.min(other.bottom),
        }
    }

    fn touches(self, other: Self) -> bool {
        !self.within(other).is_empty()
    }

    fn with(self, other: Self) -> Self {
        if self.is_empty() {
            return other;
        }
        if other.is_empty() {
            return self;
        }
        Self {
            left: self.left.min(other.left),
            top: self.top.min(other.top),
            right: self.right.max(other.right),
            bottom: self.bottom.max(other.bottom),
        }
    }
}

/// A picture to paint with, and the same in halves of its size if it may be painted much smaller.
struct Texture(Vec<Arc<ColorImage>>);

impl Texture {
    fn of(image: Arc<ColorImage>, smaller: bool) -> Self {
        /// Smaller than this nothing is halved.
        const SMALL: usize = 96;
        let mut levels = vec![image];
        while smaller
            && let Some(last) = levels.last().filter(|last| last.size[0] > SMALL && last.size[1] > SMALL)
        {
            let half = halved(last);
            levels.push(Arc::new(half));
        }
        Self(levels)
    }

    /// The level for so many texels a pixel.
    fn level(&self, texels: f32) -> Option<&ColorImage> {
        let nth = if texels >= 2.0 { texels.log2().floor() as usize } else { 0 };
        self.0.get(nth.min(self.0.len().saturating_sub(1))).map(AsRef::as_ref)
    }
}

fn halved(image: &ColorImage) -> ColorImage {
    let [w, h] = [image.size[0] / 2, image.size[1] / 2];
    let at = |x: usize, y: usize| image.pixels.get(y * image.size[0] + x).map_or([0; 4], Color32::to_array);
    let mut pixels = Vec::with_capacity(w * h);
    for y in 0..h {
        for x in 0..w {
            let four =
                [at(2 * x, 2 * y), at(2 * x + 1, 2 * y), at(2 * x, 2 * y + 1), at(2 * x + 1, 2 * y + 1)];
            let mean = |n: usize| {
                let sum: u16 = four.iter().filter_map(|c| c.get(n)).map(|v| u16::from(*v)).sum();
                u8::try_from(sum / 4).unwrap_or(u8::MAX)
            };
            pixels.push(Color32::from_rgba_premultiplied(mean(0), mean(1), mean(2), mean(3)));
        }
    }
    ColorImage::new([w, h], pixels)
}

/// What was painted last, and with what.
#[derive(Default)]
pub(in crate::window) struct Raster {
    textures: HashMap<TextureId, Texture>,
    before: Vec<ClippedShape>,
    size: [usize; 2],
    /// Whether everything is to be painted anew.
    anew: bool,
}

impl Raster {
    /// Takes new and changed textures.
    pub(in crate::window) fn take(&mut self, delta: &TexturesDelta) {
        for (id, changes) in &delta.set {
            for change in changes {
                let ImageData::Color(image) = &change.image;
                match (change.pos, self.textures.get_mut(id)) {
                    (Some(at), Some(Texture(levels))) => {
                        if let Some(whole) = levels.first_mut() {
                            patch(Arc::make_mut(whole), image, at);
                        }
                    }
                    _ => {
                        let smaller = change.options.mipmap_mode.is_some();
                        self.anew |= self.textures.contains_key(id);
                        self.textures.insert(*id, Texture::of(Arc::clone(image), smaller));
                    }
                }
            }
        }
    }

    /// Lets go of textures that are no longer painted with.
    pub(in crate::window) fn free(&mut self, delta: &TexturesDelta) {
        for id in &delta.free {
            self.textures.remove(id);
        }
    }

    /// Has everything painted anew the next time.
    pub(in crate::window) fn forget(&mut self) {
        self.anew = true;
    }

    /// Paints shapes into the window's pixels, `0x00RRGGBB` each, where they differ from what it painted last. `scale` is
    /// pixels a point, `size` the window's in pixels.
    pub(in crate::window) fn show(
        &mut self,
        ctx: &Context,
        shapes: Vec<ClippedShape>,
        scale: f32,
        size: [usize; 2],
        pixels: &mut [u32],
    ) {
        let area = self.changed(&shapes, scale, size);
        if area.is_empty() {
            return;
        }
        let shown = |shape: &ClippedShape| bounds(shape, scale, area).touches(area);
        let primitives = ctx.tessellate(shapes.into_iter().filter(shown).collect(), scale);
        self.paint(pixels, &primitives, scale, area);
    }

    /// What of the window differs from what was painted last.
    fn changed(&mut self, shapes: &[ClippedShape], scale: f32, size: [usize; 2]) -> Pixels {
        let whole = Pixels::of(size);
        if std::mem::take(&mut self.anew) || self.size != size {
            self.size = size;
            self.before = shapes.to_vec();
            return whole;
        }
        let same = |(a, b): &(&ClippedShape, &ClippedShape)| a == b;
        let first = self.before.iter().zip(shapes).take_while(same).count();
        let rest = (self.before.get(first..).unwrap_or_default(), shapes.get(first..).unwrap_or_default());
        let last = rest.0.iter().rev().zip(rest.1.iter().rev()).take_while(same).count();
        let (old, new) = (rest.0.len() - last, rest.1.len() - last);
        let mut changed = Pixels::of([0, 0]);
        if old == new {
            // Something else in the same places, such as digits.
            for (a, b) in rest.0.iter().zip(rest.1).take(old).filter(|pair| !same(pair)) {
                changed = changed.with(bounds(a, scale, whole)).with(bounds(b, scale, whole));
            }
        } else {
            for shape in rest.0.iter().take(old).chain(rest.1.iter().take(new)) {
                changed = changed.with(bounds(shape, scale, whole));
            }
        }
        if !changed.is_empty() {
            self.before = shapes.to_vec();
        }
        changed
    }

    fn paint(&self, pixels: &mut [u32], primitives: &[ClippedPrimitive], scale: f32, area: Pixels) {
        let mut canvas = PixelCanvas { pixels, width: self.size[0], scale };
        for primitive in primitives {
            let Primitive::Mesh(mesh) = &primitive.primitive else { continue };
            let clip = rounded(primitive.clip_rect, scale, area);
            if let Some(texture) = self.textures.get(&mesh.texture_id).filter(|_| !clip.is_empty()) {
                canvas.mesh(mesh, texture, clip);
            }
        }
    }
}

fn patch(whole: &mut ColorImage, part: &ColorImage, [left, top]: [usize; 2]) {
    let width = whole.size[0];
    for (row, line) in part.pixels.chunks_exact(part.size[0].max(1)).enumerate() {
        let from = (top + row) * width + left;
        if let Some(place) = whole.pixels.get_mut(from..from + line.len()) {
            place.copy_from_slice(line);
        }
    }
}

/// Returns the area in which a shape shows, a little too large rather than too small.
fn bounds(shape: &ClippedShape, scale: f32, within: Pixels) -> Pixels {
    let moved = shape.transform_after_tessellation * shape.shape.visual_bounding_rect();
    let seen = moved.expand(2.0).intersect(shape.clip_rect.expand(1.0));
    if seen.is_negative() { Pixels::of([0, 0]) } else { outward(seen, scale, within) }
}

fn outward(rect: Rect, scale: f32, within: Pixels) -> Pixels {
    let rect = rect * scale;
    let edges = [rect.left().floor(), rect.top().floor(), rect.right().ceil(), rect.bottom().ceil()];
    between(edges, within)
}

fn rounded(rect: Rect, scale: f32, within: Pixels) -> Pixels {
    let rect = rect * scale;
    between([rect.left(), rect.top(), rect.right(), rect.bottom()].map(f32::round), within)
}

/// The pixels between edges: left, top, right, bottom.
fn between(edges: [f32; 4], within: Pixels) -> Pixels {
    let [left, top, right, bottom] = edges.map(|edge| edge.max(0.0) as usize);
    Pixels { left, top, right, bottom }.within(within)
}

/// What varies over a triangle: red, green, blue, alpha, and the place in the texture.
type Varied = [f32; 6];

struct PixelCanvas<'a> {
    pixels: &'a mut [u32],
    width: usize,
    scale: f32,
}

impl PixelCanvas<'_> {
    fn mesh(&mut self, mesh: &Mesh, texture: &Texture, clip: Pixels) {
        let Some(size) = texture.0.first().map(|image| image.size) else { return };
        let corner = |index: &u32| mesh.vertices.get(*index as usize);
        for triangle in mesh.indices.chunks_exact(3) {
            let [a, b, c] = triangle else { continue };
            let (Some(a), Some(b), Some(c)) = (corner(a), corner(b), corner(c)) else { continue };
            let flat = a.color == b.color && b.color == c.color && a.uv == b.uv && b.uv == c.uv;
            if flat {
                let color =
                    texture.0.first().map_or(Color32::WHITE, |image| sample(image, a.uv.x, a.uv.y).into());
                let color = product(a.color, color);
                self.triangle([a, b, c], clip, |canvas, from, to, _, _| canvas.solid(from, to, color));
                continue;
            }
            let texels = texels([a, b, c], size, self.scale);
            let Some(image) = texture.level(texels) else { continue };
            let plane = Plane::of([a, b, c], self.scale);
            self.triangle([a, b, c], clip, |canvas, from, to, x, y| {
                let mut value = plane.at(x, y);
                for pixel in canvas.pixels.get_mut(from..to).unwrap_or_default() {
                    let [r, g, b, a, u, v] = value;
                    let [tr, tg, tb, ta] = sample(image, u, v).0;
                    const ONE: f32 = 1.0 / 255.0;
                    blend(pixel, [r * tr * ONE, g * tg * ONE, b * tb * ONE, a * ta * ONE]);
                    for (value, step) in value.iter_mut().zip(plane.across) {
                        *value += step;
                    }
                }
            });
        }
    }

    /// Walks the lines of a triangle: the pixels whose middle lies in it, so that triangles with a common edge share none.
    fn triangle(
        &mut self,
        corners: [&Vertex; 3],
        clip: Pixels,
        mut line: impl FnMut(&mut Self, usize, usize, f32, f32),
    ) {
        let [a, b, c] = corners.map(|corner| [corner.pos.x * self.scale, corner.pos.y * self.scale]);
        let lowest = a[1].min(b[1]).min(c[1]);
        let highest = a[1].max(b[1]).max(c[1]);
        let first = |value: f32| (value - 0.5).ceil().max(0.0) as usize;
        for y in first(lowest).max(clip.top)..first(highest).min(clip.bottom) {
            let middle = y as f32 + 0.5;
            let (mut left, mut right) = (f32::INFINITY, f32::NEG_INFINITY);
            for (p, q) in [(a, b), (b, c), (c, a)] {
                // From the upper end, whichever triangle the edge is of: both come to the same.
                let (p, q) = if p[1] <= q[1] { (p, q) } else { (q, p) };
                if p[1] <= middle && middle < q[1] {
                    let x = p[0] + (middle - p[1]) * (q[0] - p[0]) / (q[1] - p[1]);
                    (left, right) = (left.min(x), right.max(x));
                }
            }
            if left >= right {
                continue;
            }
            let (from, to) = (first(left).max(clip.left), first(right).min(clip.right));
            if from < to {
                let row = y * self.width;
                line(self, row + from, row + to, from as f32 + 0.5, middle);
            }
        }
    }

    fn solid(&mut self, from: usize, to: usize, color: Color32) {
        let line = self.pixels.get_mut(from..to).unwrap_or_default();
        let [r, g, b, a] = color.to_array();
        if a == u8::MAX {
            line.fill(u32::from_be_bytes([0, r, g, b]));
        } else if color != Color32::TRANSPARENT {
            let color = [r, g, b, a].map(f32::from);
            line.iter_mut().for_each(|pixel| blend(pixel, color));
        }
    }
}

/// How values vary over a triangle.
struct Plane {
    origin: [f32; 2],
    value: Varied,
    across: Varied,
    down: Varied,
}

impl Plane {
    fn of(corners: [&Vertex; 3], scale: f32) -> Self {
        let [a, b, c] = corners.map(|v| [v.pos.x * scale, v.pos.y * scale]);
        let [va, vb, vc] = corners.map(|vertex| {
            let [r, g, b, a] = vertex.color.to_array().map(f32::from);
            [r, g, b, a, vertex.uv.x, vertex.uv.y]
        });
        let (ab, ac) = ([b[0] - a[0], b[1] - a[1]], [c[0] - a[0], c[1] - a[1]]);
        let area = ab[0] * ac[1] - ab[1] * ac[0];
        let part = if area.abs() > f32::EPSILON { 1.0 / area } else { 0.0 };
        let (mut across, mut down) = ([0.0; 6], [0.0; 6]);
        for n in 0..6 {
            let (db, dc) = (vb[n] - va[n], vc[n] - va[n]);
            across[n] = (db * ac[1] - dc * ab[1]) * part;
            down[n] = (dc * ab[0] - db * ac[0]) * part;
        }
        Self { origin: a, value: va, across, down }
    }

    fn at(&self, x: f32, y: f32) -> Varied {
        let (dx, dy) = (x - self.origin[0], y - self.origin[1]);
        std::array::from_fn(|n| self.value[n] + self.across[n] * dx + self.down[n] * dy)
    }
}

/// How many texels of a picture go into a pixel, along its longer side.
fn texels([a, b, c]: [&Vertex; 3], size: [usize; 2], scale: f32) -> f32 {
    let along = |p: &Vertex, q: &Vertex| {
        let texels = ((q.uv.x - p.uv.x) * size[0] as f32).hypot((q.uv.y - p.uv.y) * size[1] as f32);
        let pixels = (q.pos - p.pos).length() * scale;
        if pixels > 0.0 { texels / pixels } else { 0.0 }
    };
    along(a, b).max(along(b, c)).max(along(c, a))
}

/// A colour of a texture, premultiplied, 0 to 255.
struct Sampled([f32; 4]);

impl From<Sampled> for Color32 {
    fn from(Sampled([r, g, b, a]): Sampled) -> Self {
        let byte = |value: f32| (value + 0.5) as u8;
        Self::from_rgba_premultiplied(byte(r), byte(g), byte(b), byte(a))
    }
}

/// The colour at a place of an image, 0 to 1 in both directions, between its texels.
fn sample(image: &ColorImage, u: f32, v: f32) -> Sampled {
    let [w, h] = image.size;
    let (x, y) = (u * w as f32 - 0.5, v * h as f32 - 0.5);
    let (fx, fy) = (x - x.floor(), y - y.floor());
    let column = |x: f32| (x.max(0.0) as usize).min(w.saturating_sub(1));
    let row = |y: f32| (y.max(0.0) as usize).min(h.saturating_sub(1));
    let texel = |x: usize, y: usize| {
        image.pixels.get(y * w + x).map_or([0.0; 4], |color| color.to_array().map(f32::from))
    };
    let (x0, y0) = (column(x.floor()), row(y.floor()));
    // Letters stand on whole pixels: there is nothing between texels.
    if fx < 0.004 && fy < 0.004 {
        return Sampled(texel(x0, y0));
    }
    let (x1, y1) = (column(x.floor() + 1.0), row(y.floor() + 1.0));
    let (a, b, c, d) = (texel(x0, y0), texel(x1, y0), texel(x0, y1), texel(x1, y1));
    Sampled(std::array::from_fn(|n| {
        let (upper, lower) = (a[n] + (b[n] - a[n]) * fx, c[n] + (d[n] - c[n]) * fx);
        upper + (lower - upper) * fy
    }))
}

fn product(a: Color32, b: Color32) -> Color32 {
    let one = |a: u8, b: u8| u8::try_from((u16::from(a) * u16::from(b) + 127) / 255).unwrap_or(u8::MAX);
    Color32::from_rgba_premultiplied(
        one(a.r(), b.r()),
        one(a.g(), b.g()),
        one(a.b(), b.b()),
        one(a.a(), b.a()),
    )
}

fn blend(pixel: &mut u32, [r, g, b, a]: [f32; 4]) {
    if a < 0.5 && r < 0.5 && g < 0.5 && b < 0.5 {
        return;
    }
    let [_, pr, pg, pb] = pixel.to_be_bytes();
    let rest = 1.0 - a / 255.0;
    let mixed = |new: f32, old: u8| (new + f32::from(old) * rest + 0.5).clamp(0.0, 255.0) as u8;
    *pixel = u32::from_be_bytes([0, mixed(r, pr), mixed(g, pg), mixed(b, pb)]);
}
