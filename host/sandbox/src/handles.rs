//! The host's side of each resource of the interfaces. The plugin holds a number; what it stands for stays here.

use std::sync::Arc;

use crate::host_traits::AttachmentSource;
use crate::model::{FrameView, Scene};

/// The host's side of `frames.frame`.
#[allow(unreachable_pub, reason = "the generated bindings re-export it")]
pub struct FrameHandle(pub(crate) Arc<dyn FrameView>);

/// The host's side of `scenes.scene`.
#[allow(unreachable_pub, reason = "the generated bindings re-export it")]
pub struct SceneHandle(pub(crate) Arc<Scene>);

/// The host's side of `attachments.attachment`.
#[allow(unreachable_pub, reason = "the generated bindings re-export it")]
pub struct AttachmentHandle(pub(crate) Arc<dyn AttachmentSource>);
