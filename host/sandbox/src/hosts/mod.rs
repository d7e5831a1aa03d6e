//! What plugins may call, one module for each permission. A method here is reached only where `link.rs` linked its
//! interface.

use std::sync::Arc;

use crate::host_traits::{AttachmentSource, FrameView};
use crate::model::Scene;

pub(crate) mod attachments;
mod base;
pub(crate) mod folder;
pub(crate) mod http;
mod observations;
mod pictures;
mod sensors;

/// The host's side of `frames.frame`.
#[allow(unreachable_pub, reason = "the generated bindings re-export it")]
pub struct FrameHandle(pub(crate) Arc<dyn FrameView>);

/// The host's side of `scenes.scene`.
#[allow(unreachable_pub, reason = "the generated bindings re-export it")]
pub struct SceneHandle(pub(crate) Arc<Scene>);

/// The host's side of `attachments.attachment`.
#[allow(unreachable_pub, reason = "the generated bindings re-export it")]
pub struct AttachmentHandle(pub(crate) Arc<dyn AttachmentSource>);
