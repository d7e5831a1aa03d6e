//! What all requests share.

use std::sync::Arc;

use candor_seal::SecretKey;
use tokio::sync::Notify;

use crate::client::TrustedProxy;
use crate::limits;
use crate::office_folder::OfficeFolder;
use crate::peer::Origin;
use crate::pictures::PictureMemory;
use crate::places::Places;
use crate::public_url::PublicUrl;
use crate::store::OfficeStore;
use crate::throttle::Throttle;
use crate::tries::{EnrolTries, SignInTries};

/// How the operator has set it up.
#[derive(Clone, Debug)]
pub struct OfficeSettings {
    /// The address that people use, if it is another than the one listened on.
    pub public_url: Option<PublicUrl>,
    /// The proxies in front of it, whose word is taken for who asks.
    pub trusted_proxies: Vec<TrustedProxy>,
    /// How many bytes of attachments one device may have stored.
    pub device_attachment_bytes: u64,
    /// How many parcels one device may deliver in a day.
    pub device_parcels_a_day: u32,
}

/// The running back office, as its handlers see it.
pub struct BackOffice {
    /// Accounts, contracts, parcels and receipts.
    pub store: OfficeStore,
    /// Where pictures and keys are.
    pub data: OfficeFolder,
    /// The key that countersigns.
    pub key: SecretKey,
    /// Enrolments tried.
    pub enrol_tries: EnrolTries,
    /// Parcels delivered in a day, by device.
    pub parcels_a_day: Throttle,
    /// Sign-ins tried.
    pub sign_in_tries: SignInTries,
    /// Places for requests that come through trusted proxies, by who asks.
    pub proxied: Arc<Places<Origin>>,
    /// Places for attachments on their way in, by device.
    pub uploads: Arc<Places<String>>,
    /// The memory in which pictures are looked at.
    pub picture_memory: PictureMemory,
    /// A parcel took another's place, of which the database's log still has the bytes.
    pub replaced: Notify,
    /// How the operator has set it up.
    pub settings: OfficeSettings,
}

impl BackOffice {
    /// Makes a back office in which nothing was tried yet.
    #[must_use]
    pub fn new(
        store: OfficeStore,
        data: OfficeFolder,
        key: SecretKey,
        settings: OfficeSettings,
    ) -> Arc<Self> {
        Arc::new(Self {
            store,
            data,
            key,
            parcels_a_day: Throttle::new(limits::PARCELS_SPAN),
            enrol_tries: EnrolTries::default(),
            sign_in_tries: SignInTries::default(),
            proxied: Places::new(limits::REQUESTS, limits::REQUESTS_OF_ADDRESS),
            uploads: Places::new(limits::UPLOADS, limits::UPLOADS_OF_DEVICE),
            picture_memory: PictureMemory::default(),
            replaced: Notify::new(),
            settings,
        })
    }

    /// Returns whether people reach it over https, so that cookies may insist on it.
    #[must_use]
    pub fn is_https(&self) -> bool {
        self.settings.public_url.as_ref().is_some_and(PublicUrl::is_https)
    }

    /// Returns what stands before every path that people and devices are told: empty, or such as `/candor`.
    #[must_use]
    pub fn prefix(&self) -> &str {
        self.settings.public_url.as_ref().map_or("", PublicUrl::prefix)
    }
}
