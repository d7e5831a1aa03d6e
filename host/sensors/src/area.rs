//! Rectangles on the desktop.

/// A rectangle in desktop pixels; the origin is the desktop's top left corner. Windows may hang over the edge, so the
/// corner can be negative.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct Area {
    /// The left edge, desktop pixels.
    pub x: i32,
    /// The upper edge, desktop pixels.
    pub y: i32,
    /// The width, pixels; 0 means that the area is empty.
    pub width: u32,
    /// The height, pixels; 0 means that the area is empty.
    pub height: u32,
}

impl Area {
    /// Whether it covers no pixel.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.width == 0 || self.height == 0
    }

    /// Returns the smallest area that holds both; an empty one adds nothing.
    #[must_use]
    pub fn union(self, other: Self) -> Self {
        if self.is_empty() {
            return other;
        }
        if other.is_empty() {
            return self;
        }
        let x = self.x.min(other.x);
        let y = self.y.min(other.y);
        let side = |low: i32, far: i64| u32::try_from(far - i64::from(low)).unwrap_or(u32::MAX);
        Self {
            x,
            y,
            width: side(x, self.right().max(other.right())),
            height: side(y, self.bottom().max(other.bottom())),
        }
    }

    /// Returns the part that both cover, if any.
    #[must_use]
    pub fn intersection(self, other: Self) -> Option<Self> {
        let x = self.x.max(other.x);
        let y = self.y.max(other.y);
        let width = u32::try_from(self.right().min(other.right()) - i64::from(x)).ok()?;
        let height = u32::try_from(self.bottom().min(other.bottom()) - i64::from(y)).ok()?;
        let area = Self { x, y, width, height };
        (!area.is_empty()).then_some(area)
    }

    /// Whether `other` lies wholly inside.
    #[must_use]
    pub fn contains(self, other: Self) -> bool {
        self.x <= other.x
            && self.y <= other.y
            && self.right() >= other.right()
            && self.bottom() >= other.bottom()
    }

    fn right(self) -> i64 {
        i64::from(self.x) + i64::from(self.width)
    }

    fn bottom(self) -> i64 {
        i64::from(self.y) + i64::from(self.height)
    }
}

/// One monitor, as the desktop defines it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Monitor {
    /// The name that the desktop gives it (`eDP-1`, `HDMI-2`, `left`).
    pub name: String,
    /// The part of the desktop that it shows.
    pub area: Area,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn area(x: i32, y: i32, width: u32, height: u32) -> Area {
        Area { x, y, width, height }
    }

    #[test]
    fn a_union_holds_both_and_an_empty_area_adds_nothing() {
        assert_eq!(area(0, 0, 10, 10).union(area(-5, 4, 3, 20)), area(-5, 0, 15, 24));
        assert_eq!(area(0, 0, 10, 10).union(area(500, 500, 0, 9)), area(0, 0, 10, 10));
        assert_eq!(Area::default().union(area(1, 2, 3, 4)), area(1, 2, 3, 4));
    }

    #[test]
    fn an_intersection_is_what_both_cover_or_nothing() {
        assert_eq!(area(0, 0, 10, 10).intersection(area(5, 5, 10, 10)), Some(area(5, 5, 5, 5)));
        assert_eq!(area(0, 0, 10, 10).intersection(area(10, 0, 10, 10)), None);
        assert_eq!(area(i32::MAX, 0, u32::MAX, 1).intersection(area(i32::MIN, 0, 1, 1)), None);
    }
}
