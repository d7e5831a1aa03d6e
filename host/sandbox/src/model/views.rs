//! What the sandbox sees of values that are the embedder's own. It looks through a trait; the embedder gets its own type
//! back, with whatever it knows beyond the interfaces, when a plugin notes the value.

use std::any::Any;
use std::sync::Arc;

use super::desktop::{Layout, Monitor};

/// A picture that was judged and masked.
pub trait FrameView: Send + Sync + 'static {
    /// Returns the width in pixels, as taken.
    fn width(&self) -> u32;
    /// Returns the height in pixels, as taken.
    fn height(&self) -> u32;
    /// Time of capture, in milliseconds since the Unix epoch.
    fn taken_at(&self) -> u64;
    /// The monitors that it shows.
    fn monitors(&self) -> &[Monitor];
    /// How many places were covered.
    fn redactions(&self) -> u32;
    /// `width * height * 4` bytes: red, green, blue, anything.
    fn rgba(&self) -> &[u8];
    /// Returns the embedder's own type.
    fn as_any(self: Arc<Self>) -> Arc<dyn Any + Send + Sync>;
}

/// Windows that were judged, with what the embedder alone knows of them.
pub trait LayoutView: Send + Sync + 'static {
    /// Returns what the plugin gets.
    fn layout(&self) -> &Layout;
    /// Returns the embedder's own type.
    fn as_any(self: Arc<Self>) -> Arc<dyn Any + Send + Sync>;
}

/// For embedders that know no more than the interfaces say.
impl LayoutView for Layout {
    fn layout(&self) -> &Layout {
        self
    }

    fn as_any(self: Arc<Self>) -> Arc<dyn Any + Send + Sync> {
        self
    }
}
