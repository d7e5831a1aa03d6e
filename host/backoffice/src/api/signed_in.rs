//! Which device a request comes from.

use std::sync::Arc;

use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use axum_extra::TypedHeader;
use axum_extra::headers::Authorization;
use axum_extra::headers::authorization::Bearer;

use super::error::ApiError;
use crate::back_office::BackOffice;
use crate::store::{EnrolledDevice, StoredContract};

/// The device whose token came with the request.
pub(super) struct SignedInDevice(pub(super) EnrolledDevice);

impl FromRequestParts<Arc<BackOffice>> for SignedInDevice {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, office: &Arc<BackOffice>) -> Result<Self, ApiError> {
        let bearer = TypedHeader::<Authorization<Bearer>>::from_request_parts(parts, office).await;
        let bearer = bearer.map_err(|_| ApiError::unauthorised())?;
        let device = office.store.device_by_token(bearer.token()).await?;
        let device = device.ok_or_else(ApiError::unauthorised)?;
        if office.store.is_revoked(&device.id).await? {
            return Err(ApiError::revoked());
        }
        Ok(Self(device))
    }
}

impl SignedInDevice {
    /// Returns the device's contract.
    pub(super) async fn contract(&self, office: &BackOffice) -> Result<StoredContract, ApiError> {
        let contract = office.store.contract(&self.0.contract).await?;
        contract.ok_or_else(|| ApiError::not_found("The contract of this device is gone."))
    }
}
