//! Pixels through `xcap`.
//!
//! What `xcap` 0.9.8 returns is used without a copy and cleared after use. What it uses before that is out of reach and
//! never cleared: on X11 the buffer in which its X library received the pixels, of a connection of its own for each
//! capture; on macOS the system's image and one copy of it; on Windows a bitmap. The X11 backend has none of that.
//!
//! On Wayland `xcap` has the desktop write the picture into a file, before the guard could have judged it. So it is never
//! used there ([`crate::DisplayKind::can_be_seen`]).

use xcap::XCapError;
use zeroize::Zeroizing;

use super::list::{find_monitors, list_monitors, to_sensor_error};
use crate::area::{Area, Monitor};
use crate::clock;
use crate::error::SensorError;
use crate::frame::{LARGEST_SIDE, RawFrame};

/// Captures parts of the desktop.
#[derive(Debug)]
pub struct PortableScreen(());

impl PortableScreen {
    /// Opens the screen.
    ///
    /// # Errors
    /// If the display cannot be read.
    pub fn open() -> Result<Self, SensorError> {
        list_monitors().map(|_| Self(()))
    }

    /// Returns the monitors as they are now; on X11 only those with an output.
    ///
    /// # Errors
    /// If the display cannot be read.
    pub fn monitors(&self) -> Result<Vec<Monitor>, SensorError> {
        list_monitors()
    }

    /// Captures `area`, without the pointer. Each monitor is captured at an instant of its own. What lies on no monitor
    /// is black. Blocks (about 20 ms for 1920x1080): do not call it on an async thread.
    ///
    /// # Errors
    /// [`SensorError::BadArea`] if the area is empty, too large or not on the desktop; [`SensorError::DisplayLost`];
    /// [`SensorError::Unreadable`] if the system refuses.
    pub fn capture(&self, area: Area) -> Result<RawFrame, SensorError> {
        let monitors = find_monitors()?;
        let whole = monitors.iter().fold(Area::default(), |all, (_, monitor)| all.union(monitor.area));
        let Area { x, y, width, height } = area;
        if area.is_empty() || width > LARGEST_SIDE || height > LARGEST_SIDE || !whole.contains(area) {
            return Err(SensorError::BadArea { x, y, width, height, limit: LARGEST_SIDE });
        }
        let taken_at = clock::wall_clock_ms();
        let mut rgba = Zeroizing::new(vec![0; width as usize * height as usize * 4]);
        for (handle, monitor) in &monitors {
            if let Some(part) = monitor.area.intersection(area) {
                let picture = MonitorPicture::of(handle).map_err(|error| to_sensor_error(&error))?;
                picture.copy(monitor.area, part, &mut rgba, area);
            }
        }
        for pixel in rgba.as_chunks_mut::<4>().0 {
            pixel[3] = 0xFF;
        }
        Ok(RawFrame::new(area, taken_at, rgba))
    }
}

/// The picture of a whole monitor, in its own pixels: more than its area has if the system scales.
struct MonitorPicture {
    rgba: Zeroizing<Vec<u8>>,
    width: usize,
    height: usize,
}

impl MonitorPicture {
    fn of(monitor: &xcap::Monitor) -> Result<Self, XCapError> {
        let image = monitor.capture_image()?;
        let (width, height) = (image.width() as usize, image.height() as usize);
        // The image's own memory, not a copy of it.
        Ok(Self { rgba: Zeroizing::new(image.into_raw()), width, height })
    }

    /// Copies `part` of the desktop to its place in `target`, which shows `area`. If the picture has another size than
    /// the monitor's `place`, each pixel is the nearest one.
    fn copy(&self, place: Area, part: Area, target: &mut [u8], area: Area) {
        if self.width == 0 || self.height == 0 {
            return;
        }
        let apart = |value: i32, from: i32| usize::try_from(i64::from(value) - i64::from(from)).unwrap_or(0);
        let (from_x, from_y) = (apart(part.x, place.x), apart(part.y, place.y));
        let (to_x, to_y) = (apart(part.x, area.x), apart(part.y, area.y));
        let (width, height) = (part.width as usize, part.height as usize);
        let (whole_width, whole_height) = (place.width.max(1) as usize, place.height.max(1) as usize);
        let (pixels, _) = self.rgba.as_chunks::<4>();
        let (target, _) = target.as_chunks_mut::<4>();
        for row in 0..height {
            let from_row = ((from_y + row) * self.height / whole_height).min(self.height - 1) * self.width;
            let to = (to_y + row) * area.width as usize + to_x;
            let Some(to) = target.get_mut(to..to + width) else { return };
            if self.width == whole_width {
                if let Some(from) = pixels.get(from_row + from_x..from_row + from_x + width) {
                    to.copy_from_slice(from);
                }
                continue;
            }
            for (column, to) in to.iter_mut().enumerate() {
                let from = ((from_x + column) * self.width / whole_width).min(self.width - 1);
                *to = pixels.get(from_row + from).copied().unwrap_or_default();
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A picture whose pixels are their places.
    fn picture(width: usize, height: usize) -> MonitorPicture {
        let place = |at: usize| [u8::try_from(at % width), u8::try_from(at / width), Ok(7), Ok(255)];
        let rgba = (0..width * height).flat_map(place).map(|byte| byte.expect("small")).collect();
        MonitorPicture { rgba: Zeroizing::new(rgba), width, height }
    }

    fn copied(picture: &MonitorPicture, place: Area, area: Area) -> Vec<(u8, u8)> {
        let mut target = vec![0; (area.width * area.height * 4) as usize];
        let part = place.intersection(area).expect("on the monitor");
        picture.copy(place, part, &mut target, area);
        target.as_chunks::<4>().0.iter().map(|[x, y, ..]| (*x, *y)).collect()
    }

    #[test]
    fn a_part_is_cut_out_where_it_is() {
        let place = Area { x: 100, y: -10, width: 20, height: 10 };
        let area = Area { x: 103, y: -8, width: 2, height: 2 };
        assert_eq!(copied(&picture(20, 10), place, area), [(3, 2), (4, 2), (3, 3), (4, 3)]);
    }

    #[test]
    fn a_picture_of_twice_the_size_is_halved_and_an_odd_one_fits() {
        let place = Area { x: 0, y: 0, width: 4, height: 2 };
        let row = |y| [(0, y), (2, y), (4, y), (6, y)];
        assert_eq!(copied(&picture(8, 4), place, place), [row(0), row(2)].concat());
        assert_eq!(copied(&picture(3, 1), place, place).len(), 8);
    }

    #[test]
    fn what_lies_beside_the_monitor_stays_black() {
        let place = Area { x: 1, y: 0, width: 2, height: 1 };
        let area = Area { x: 0, y: 0, width: 4, height: 1 };
        assert_eq!(copied(&picture(2, 1), place, area), [(0, 0), (0, 0), (1, 0), (0, 0)]);
    }
}
