//! What all requests share.

use std::sync::Arc;

use candor_seal::SecretKey;
use tokio::sync::Notify;
use url::Url;

use crate::limits;
use crate::office_folder::OfficeFolder;
use crate::places::Places;
use crate::store::OfficeStore;
use crate::throttle::Throttle;

/// The running back office, as its handlers see it.
pub struct BackOffice {
    /// Accounts, contracts, parcels and receipts.
    pub store: OfficeStore,
    /// Where pictures and keys are.
    pub data: OfficeFolder,
    /// The key that countersigns.
    pub key: SecretKey,
    /// Enrolments tried, by address.
    pub enrol_tries: Throttle,
    /// Sign-ins tried, by address and by account.
    pub sign_in_tries: Throttle,
    /// Places for attachments on their way in, by device.
    pub uploads: Arc<Places<String>>,
    /// A parcel took another's place, of which the database's log still has the bytes.
    pub replaced: Notify,
    /// The address that people use, if it is another than the one listened on.
    pub public_url: Option<Url>,
}

impl BackOffice {
    /// Makes a back office in which nothing was tried yet.
    #[must_use]
    pub fn new(store: OfficeStore, data: OfficeFolder, key: SecretKey, public_url: Option<Url>) -> Arc<Self> {
        Arc::new(Self {
            store,
            data,
            key,
            enrol_tries: Throttle::default(),
            sign_in_tries: Throttle::default(),
            uploads: Places::new(limits::UPLOADS, limits::UPLOADS_OF_DEVICE),
            replaced: Notify::new(),
            public_url,
        })
    }

    /// Returns whether people reach it over https, so that cookies may insist on it.
    #[must_use]
    pub fn is_https(&self) -> bool {
        self.public_url.as_ref().is_some_and(|url| url.scheme() == "https")
    }
}
