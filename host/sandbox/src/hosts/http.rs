//! `http`: requests to the hosts granted. The work is done in `net/`.

use std::sync::Arc;

use super::attachments::Body;
use crate::bindings::candor::plugin::attachments::Part;
use crate::bindings::candor::plugin::http::{self, Auth, HttpError, Request, Response};
use crate::grants::Grants;
use crate::host_traits::Secrets;
use crate::limits::Limits;
use crate::net::client::Client;
use crate::net::origin::Granted;
use crate::refusal::Refusal;
use crate::state::State;

/// What a plugin with `http` reaches.
pub(crate) struct Http(Client);

impl Http {
    /// Reads the hosts of the grants.
    ///
    /// # Errors
    /// [`Refusal::BadGrant`] where an origin is malformed.
    pub(crate) fn granted(
        plugin: &str,
        grants: &Grants,
        secrets: Option<Arc<dyn Secrets>>,
        limits: &Arc<Limits>,
    ) -> Result<Self, Refusal> {
        match Granted::read(&grants.http) {
            Ok(granted) => Ok(Self(Client::new(granted, secrets, limits))),
            Err(reason) => Err(Refusal::BadGrant { plugin: plugin.to_owned(), reason }),
        }
    }
}

impl http::Host for State {
    async fn send(
        &mut self,
        request: Request,
        auth: Option<Auth>,
        body: Vec<Part>,
    ) -> wasmtime::Result<Result<Response, HttpError>> {
        let body = Body::take(self, body)?;
        match &self.hosts.http {
            Some(Http(client)) => Ok(client.send(request, auth, body).await),
            None => Ok(Err(HttpError::NotGranted("`http`".to_owned()))),
        }
    }
}
