//! Rectangles: what is left of a window when those above it are taken away.

use candor_sensors::Area;

/// Returns the area in which two areas overlap; none if they do not.
#[must_use]
pub fn intersection(a: Area, b: Area) -> Option<Area> {
    let (ax, ay, ar, ab) = edges(a);
    let (bx, by, br, bb) = edges(b);
    from_edges(ax.max(bx), ay.max(by), ar.min(br), ab.min(bb))
}

/// `area` grown by `margin` pixels on each side.
#[must_use]
pub fn grown(area: Area, margin: u32) -> Area {
    let m = i64::from(margin);
    let (x, y, r, b) = edges(area);
    from_edges(x - m, y - m, r + m, b + m).unwrap_or(area)
}

/// Returns the smallest area that holds `area` and whose edges lie on multiples of `grid`. What lies farther out than
/// any desktop reaches is left out.
#[must_use]
pub fn snapped(area: Area, grid: u32) -> Area {
    const FAR: i64 = 1 << 24;
    let grid = i64::from(grid.max(1));
    let (x, y, r, b) = edges(area);
    let span = |from: i64, to: i64| {
        let from = from.clamp(-FAR, FAR).div_euclid(grid) * grid;
        let to = (to.clamp(-FAR, FAR) + grid - 1).div_euclid(grid) * grid;
        (from, to.max(from + grid))
    };
    let ((x, r), (y, b)) = (span(x, r), span(y, b));
    from_edges(x, y, r, b).unwrap_or(area)
}

/// Returns the smallest area that holds all of them; none for none.
#[must_use]
pub fn bounds(areas: &[Area]) -> Option<Area> {
    let first = areas.first()?;
    let (mut x, mut y, mut r, mut b) = edges(*first);
    for area in areas {
        let (ax, ay, ar, ab) = edges(*area);
        (x, y, r, b) = (x.min(ax), y.min(ay), r.max(ar), b.max(ab));
    }
    from_edges(x, y, r, b)
}

/// `area` without what `above` covers, as disjoint rectangles.
#[must_use]
pub fn subtract(area: Area, above: &[Area]) -> Vec<Area> {
    let mut left: Vec<Area> = from_edges_of(area).into_iter().collect();
    for cover in above {
        let mut next = Vec::with_capacity(left.len());
        for piece in left {
            cut(piece, *cover, &mut next);
        }
        left = next;
        // A pathological stack of windows may cut one into very many pieces. Masking too much is safe.
        if left.len() > 256 {
            return vec![area];
        }
    }
    left
}

fn cut(piece: Area, cover: Area, out: &mut Vec<Area>) {
    let Some(hole) = intersection(piece, cover) else {
        out.push(piece);
        return;
    };
    let (x, y, r, b) = edges(piece);
    let (hx, hy, hr, hb) = edges(hole);
    out.extend(from_edges(x, y, r, hy));
    out.extend(from_edges(x, hb, r, b));
    out.extend(from_edges(x, hy, hx, hb));
    out.extend(from_edges(hr, hy, r, hb));
}

fn edges(a: Area) -> (i64, i64, i64, i64) {
    let (x, y) = (i64::from(a.x), i64::from(a.y));
    (x, y, x + i64::from(a.width), y + i64::from(a.height))
}

fn from_edges_of(area: Area) -> Option<Area> {
    let (x, y, r, b) = edges(area);
    from_edges(x, y, r, b)
}

fn from_edges(x: i64, y: i64, right: i64, bottom: i64) -> Option<Area> {
    if right <= x || bottom <= y {
        return None;
    }
    Some(Area {
        x: i32::try_from(x).ok()?,
        y: i32::try_from(y).ok()?,
        width: u32::try_from(right - x).ok()?,
        height: u32::try_from(bottom - y).ok()?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn a(x: i32, y: i32, width: u32, height: u32) -> Area {
        Area { x, y, width, height }
    }

    fn covers(pieces: &[Area], x: i32, y: i32) -> bool {
        pieces.iter().any(|p| intersection(*p, a(x, y, 1, 1)).is_some())
    }

    #[test]
    fn what_windows_above_cover_is_taken_away_and_nothing_else() {
        let window = a(10, 10, 30, 30);
        for above in [
            vec![],
            vec![a(0, 0, 15, 15)],
            vec![a(20, 20, 5, 5)],
            vec![a(0, 0, 100, 100)],
            vec![a(10, 10, 30, 10), a(15, 15, 50, 50)],
            vec![a(-5, 18, 100, 2), a(18, -5, 2, 100)],
        ] {
            let pieces = subtract(window, &above);
            for x in 0..50 {
                for y in 0..50 {
                    let inside = covers(&[window], x, y) && !covers(&above, x, y);
                    assert_eq!(covers(&pieces, x, y), inside, "{x},{y} under {above:?}");
                }
            }
        }
    }

    #[test]
    fn areas_at_the_ends_of_the_numbers_do_not_overflow() {
        let huge = a(i32::MIN, i32::MIN, u32::MAX, u32::MAX);
        assert!(intersection(huge, a(0, 0, 10, 10)).is_some());
        let _ = grown(huge, 8);
        let _ = subtract(huge, &[a(0, 0, 10, 10)]);
    }
}
