//! What travels with a parcel, and bodies that are made of it.

use std::sync::Arc;

use wasmtime::component::Resource;

use crate::bindings::candor::plugin::attachments::{self, Part, ReadError};
use crate::body::{Body, BodyPart};
use crate::handles::AttachmentHandle;
use crate::instance::InstanceState;

impl attachments::HostAttachment for InstanceState {
    async fn length(&mut self, this: Resource<AttachmentHandle>) -> wasmtime::Result<u64> {
        Ok(self.table.get(&this)?.0.length())
    }

    async fn sha256(&mut self, this: Resource<AttachmentHandle>) -> wasmtime::Result<String> {
        Ok(self.table.get(&this)?.0.sha256().to_owned())
    }

    async fn media_type(&mut self, this: Resource<AttachmentHandle>) -> wasmtime::Result<String> {
        Ok(self.table.get(&this)?.0.media_type().to_owned())
    }

    async fn read(
        &mut self,
        this: Resource<AttachmentHandle>,
        offset: u64,
        count: u32,
    ) -> wasmtime::Result<Result<Vec<u8>, ReadError>> {
        let source = Arc::clone(&self.table.get(&this)?.0);
        if offset > source.length() {
            return Ok(Err(ReadError::Outside));
        }
        let count = count.min(self.hosts.limits.attachment_read);
        Ok(source.read(offset, count).await.map_err(ReadError::Unavailable))
    }

    async fn drop(&mut self, this: Resource<AttachmentHandle>) -> wasmtime::Result<()> {
        self.table.delete(this)?;
        Ok(())
    }
}

impl attachments::Host for InstanceState {}

/// Takes the parts of a body from a plugin.
///
/// # Errors
/// If a handle names nothing that the plugin holds.
pub(super) fn take_body(state: &InstanceState, parts: Vec<Part>) -> wasmtime::Result<Body> {
    let take = |part| {
        Ok(match part {
            Part::Bytes(bytes) => BodyPart::Bytes(bytes.into()),
            Part::Attachment(handle) => BodyPart::Attachment(Arc::clone(&state.table.get(&handle)?.0)),
        })
    };
    Ok(Body::new(parts.into_iter().map(take).collect::<wasmtime::Result<_>>()?))
}
