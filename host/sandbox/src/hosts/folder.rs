//! `folder`: files in the folder granted. The work is done in `crate::folder`.

use super::attachments::take_body;
use crate::bindings::candor::plugin::attachments::Part;
use crate::bindings::candor::plugin::folder;
use crate::folder::FolderError;
use crate::instance::InstanceState;

impl folder::Host for InstanceState {
    async fn put(
        &mut self,
        name: String,
        body: Vec<Part>,
    ) -> wasmtime::Result<Result<(), folder::FolderError>> {
        let body = take_body(self, body)?;
        let written = match &self.hosts.folder {
            Some(folder) => folder.put(&name, &body).await,
            None => Err(FolderError::Unavailable("no folder is granted".to_owned())),
        };
        Ok(written.map_err(Into::into))
    }
}

impl From<FolderError> for folder::FolderError {
    fn from(e: FolderError) -> Self {
        match e {
            FolderError::BadName => Self::BadName,
            FolderError::Full => Self::Full,
            FolderError::OverQuota(quota) => Self::OverQuota(quota),
            FolderError::TooLarge(longest) => Self::TooLarge(longest),
            FolderError::Unavailable(why) => Self::Unavailable(why),
        }
    }
}
