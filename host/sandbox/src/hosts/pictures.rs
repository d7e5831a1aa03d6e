//! Frames, looking into them, and scenes.

use std::sync::Arc;

use wasmtime::component::Resource;

use crate::bindings::candor::plugin::pixels::{Image, PixelsError};
use crate::bindings::candor::plugin::types::{Area, Monitor};
use crate::bindings::candor::plugin::{frames, pixels, scenes};
use crate::handles::{FrameHandle, SceneHandle};
use crate::instance::InstanceState;
use crate::model::FrameView;

impl frames::Host for InstanceState {}

impl frames::HostFrame for InstanceState {
    async fn width(&mut self, frame: Resource<FrameHandle>) -> wasmtime::Result<u32> {
        Ok(self.table.get(&frame)?.0.width())
    }

    async fn height(&mut self, frame: Resource<FrameHandle>) -> wasmtime::Result<u32> {
        Ok(self.table.get(&frame)?.0.height())
    }

    async fn taken_at(&mut self, frame: Resource<FrameHandle>) -> wasmtime::Result<u64> {
        Ok(self.table.get(&frame)?.0.taken_at())
    }

    async fn monitors(&mut self, frame: Resource<FrameHandle>) -> wasmtime::Result<Vec<Monitor>> {
        Ok(self.table.get(&frame)?.0.monitors().iter().map(Into::into).collect())
    }

    async fn redactions(&mut self, frame: Resource<FrameHandle>) -> wasmtime::Result<u32> {
        Ok(self.table.get(&frame)?.0.redactions())
    }

    async fn drop(&mut self, frame: Resource<FrameHandle>) -> wasmtime::Result<()> {
        self.table.delete(frame)?;
        self.frames = self.frames.saturating_sub(1);
        Ok(())
    }
}

impl scenes::Host for InstanceState {}

impl scenes::HostScene for InstanceState {
    async fn kind(&mut self, scene: Resource<SceneHandle>) -> wasmtime::Result<scenes::Kind> {
        Ok(self.table.get(&scene)?.0.kind.into())
    }

    async fn at(&mut self, scene: Resource<SceneHandle>) -> wasmtime::Result<u64> {
        Ok(self.table.get(&scene)?.0.at)
    }

    async fn windows(&mut self, scene: Resource<SceneHandle>) -> wasmtime::Result<Vec<scenes::Window>> {
        Ok(self.table.get(&scene)?.0.windows.iter().map(Into::into).collect())
    }

    async fn drop(&mut self, scene: Resource<SceneHandle>) -> wasmtime::Result<()> {
        self.table.delete(scene)?;
        Ok(())
    }
}

impl pixels::Host for InstanceState {
    async fn thumbnail(
        &mut self,
        frame: Resource<FrameHandle>,
        max_width: u32,
        max_height: u32,
    ) -> wasmtime::Result<Result<Image, PixelsError>> {
        let frame = Arc::clone(&self.table.get(&frame)?.0);
        let most = self.hosts.limits.thumbnail;
        let (max_width, max_height) = (max_width.min(most), max_height.min(most));
        // Pictures are large: this runs for milliseconds.
        Ok(tokio::task::spawn_blocking(move || thumbnail(frame.as_ref(), max_width, max_height)).await?)
    }

    async fn read(
        &mut self,
        frame: Resource<FrameHandle>,
        area: Area,
    ) -> wasmtime::Result<Result<Image, PixelsError>> {
        let frame = Arc::clone(&self.table.get(&frame)?.0);
        let most = self.hosts.limits.pixels;
        Ok(tokio::task::spawn_blocking(move || part(frame.as_ref(), area, most)).await?)
    }
}

/// Returns the whole frame, each pixel the average of those that it stands for. It is never larger than the frame.
fn thumbnail(frame: &dyn FrameView, max_width: u32, max_height: u32) -> Result<Image, PixelsError> {
    let (from_width, from_height) = (u64::from(frame.width()), u64::from(frame.height()));
    if from_width == 0 || from_height == 0 || max_width == 0 || max_height == 0 {
        return Err(PixelsError::Outside);
    }
    let (mut width, mut height) = (from_width, from_height);
    if width > u64::from(max_width) {
        height = (height * u64::from(max_width) / width).max(1);
        width = u64::from(max_width);
    }
    if height > u64::from(max_height) {
        width = (width * u64::from(max_height) / height).max(1);
        height = u64::from(max_height);
    }
    let source = frame.rgba();
    let mut rgba = Vec::with_capacity(usize::try_from(width * height * 4).unwrap_or_default());
    for y in 0..height {
        let rows = y * from_height / height..((y + 1) * from_height / height);
        for x in 0..width {
            let columns = x * from_width / width..((x + 1) * from_width / width);
            let mut sum = [0_u64; 3];
            let mut count = 0;
            for row in rows.clone() {
                let start = (row * from_width + columns.start) * 4;
                let end = (row * from_width + columns.end) * 4;
                for pixel in slice(source, start, end).as_chunks::<4>().0 {
                    for (sum, value) in sum.iter_mut().zip(pixel) {
                        *sum += u64::from(*value);
                    }
                    count += 1;
                }
            }
            let average = |sum: u64| u8::try_from(sum / count.max(1)).unwrap_or(u8::MAX);
            rgba.extend_from_slice(&[average(sum[0]), average(sum[1]), average(sum[2]), 255]);
        }
    }
    let size = |n: u64| u32::try_from(n).unwrap_or(u32::MAX);
    Ok(Image { width: size(width), height: size(height), rgba })
}

/// Returns a part of the frame, unscaled, of at most `most` bytes.
fn part(frame: &dyn FrameView, area: Area, most: usize) -> Result<Image, PixelsError> {
    let inside = |start: i32, length: u32, whole: u32| {
        let start = u64::try_from(start).ok()?;
        (length > 0 && start + u64::from(length) <= u64::from(whole)).then_some(start)
    };
    let (Some(x), Some(y)) =
        (inside(area.x, area.width, frame.width()), inside(area.y, area.height, frame.height()))
    else {
        return Err(PixelsError::Outside);
    };
    let (width, height) = (u64::from(area.width), u64::from(area.height));
    if width * height * 4 > most as u64 {
        return Err(PixelsError::TooLarge);
    }
    let source = frame.rgba();
    let mut rgba = Vec::with_capacity(usize::try_from(width * height * 4).unwrap_or_default());
    for row in y..y + height {
        let start = (row * u64::from(frame.width()) + x) * 4;
        for pixel in slice(source, start, start + width * 4).as_chunks::<4>().0 {
            let [red, green, blue, _] = *pixel;
            rgba.extend_from_slice(&[red, green, blue, 255]);
        }
    }
    if rgba.len() as u64 != width * height * 4 {
        return Err(PixelsError::Outside);
    }
    Ok(Image { width: area.width, height: area.height, rgba })
}

fn slice(source: &[u8], start: u64, end: u64) -> &[u8] {
    let (start, end) = (usize::try_from(start), usize::try_from(end));
    match (start, end) {
        (Ok(start), Ok(end)) => source.get(start..end).unwrap_or_default(),
        _ => &[],
    }
}

#[cfg(test)]
mod tests {
    use std::any::Any;

    use super::*;
    use crate::model;

    /// A picture of 4 by 2 pixels: a red, a green, a blue and a white column; its fourth byte is nothing.
    struct Columns(Vec<u8>);

    impl Columns {
        fn new() -> Self {
            let row = [[255, 0, 0, 0], [0, 255, 0, 0], [0, 0, 255, 0], [255, 255, 255, 0]].concat();
            Self([row.clone(), row].concat())
        }
    }

    impl FrameView for Columns {
        fn width(&self) -> u32 {
            4
        }
        fn height(&self) -> u32 {
            2
        }
        fn taken_at(&self) -> u64 {
            0
        }
        fn monitors(&self) -> &[model::Monitor] {
            &[]
        }
        fn redactions(&self) -> u32 {
            0
        }
        fn rgba(&self) -> &[u8] {
            &self.0
        }
        fn as_any(self: Arc<Self>) -> Arc<dyn Any + Send + Sync> {
            self
        }
    }

    #[test]
    fn a_thumbnail_averages_and_keeps_the_shape() {
        let image = thumbnail(&Columns::new(), 2, 1024).unwrap();
        assert_eq!((image.width, image.height), (2, 1));
        assert_eq!(image.rgba, [127, 127, 0, 255, 127, 127, 255, 255]);
    }

    #[test]
    fn a_part_is_exact_and_nothing_outside_is_read() {
        let area = |x, y, width, height| Area { x, y, width, height };
        let image = part(&Columns::new(), area(1, 1, 2, 1), 1 << 20).unwrap();
        assert_eq!(image.rgba, [0, 255, 0, 255, 0, 0, 255, 255]);
        for outside in
            [area(-1, 0, 2, 1), area(3, 0, 2, 1), area(0, 2, 1, 1), area(0, 0, 0, 1), area(0, 0, 1, u32::MAX)]
        {
            assert_eq!(part(&Columns::new(), outside, 1 << 20).unwrap_err(), PixelsError::Outside);
        }
        assert_eq!(part(&Columns::new(), area(0, 0, 4, 2), 31).unwrap_err(), PixelsError::TooLarge);
    }
}
