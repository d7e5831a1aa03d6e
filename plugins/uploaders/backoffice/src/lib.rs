//! Delivers parcels to a Candor back office.
//!
//! Pictures go first, each under its SHA-256, then the signed envelope with the parcel's details: a back office that has
//! answered with a receipt holds everything. Every request may be repeated without harm. The device's token never enters this plugin: it names
//! the secret, and the host puts it into the request.

mod answer;
mod body;
mod date;
mod target;

use std::time::Duration;

use candor_diary::parcel::DETAIL_TYPE;
use candor_sdk::clock;
use candor_sdk::http::{Auth, HttpError, Request, Response};
use candor_sdk::{Attachment, DeliveryFailure, Parcel, Receipt, SettingError, Uploader};
use serde::Deserialize;

use answer::SentPart;
use target::BackofficeUrl;

/// How long one request may take: a picture and the parcel after it fit into what the host gives a delivery.
const REQUEST: Duration = Duration::from_secs(25);

/// What must be set.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct BackofficeSettings {
    /// Where the back office is, such as `https://diary.example.org` or `http://127.0.0.1:8750`.
    pub url: String,
    /// The name under which the device's token is stored, such as `device-token`.
    pub secret: String,
}

/// Delivers to one back office.
#[derive(Debug)]
pub struct Backoffice {
    target: BackofficeUrl,
    secret: String,
}

impl Uploader for Backoffice {
    type Settings = BackofficeSettings;

    fn configure(settings: BackofficeSettings) -> Result<Self, Vec<SettingError>> {
        let mut errors = Vec::new();
        if settings.secret.trim().is_empty() {
            errors.push(SettingError::new(
                "/secret",
                "Give the name under which the device's token is stored, such as `device-token`.",
            ));
        }
        match BackofficeUrl::parse(&settings.url) {
            Ok(target) if errors.is_empty() => Ok(Self { target, secret: settings.secret }),
            Ok(_) => Err(errors),
            Err(reason) => {
                errors.insert(0, SettingError::new("/url", reason));
                Err(errors)
            }
        }
    }

    fn deliver(&mut self, parcel: &Parcel, attachments: Vec<Attachment>) -> Result<Receipt, DeliveryFailure> {
        let (details, pictures): (Vec<_>, Vec<_>) =
            attachments.iter().partition(|attachment| attachment.media_type() == DETAIL_TYPE);
        for picture in pictures {
            let request = Request::put(self.target.attachment(&parcel.id, &picture.sha256()))
                .header("content-type", picture.media_type())
                .auth(Auth::bearer(&self.secret))
                .timeout(REQUEST)
                .part(picture);
            accepted(request.send(), SentPart::Attachment)?;
        }
        let request = Request::put(self.target.parcel(&parcel.id))
            .header("content-type", "application/json")
            .auth(Auth::bearer(&self.secret))
            .timeout(REQUEST);
        let request = body::parts(&parcel.envelope, &details).into_iter().fold(request, Request::part);
        Ok(Receipt { proof: accepted(request.send(), SentPart::Parcel)? })
    }
}

fn accepted(answer: Result<Response, HttpError>, sent: SentPart) -> Result<Vec<u8>, DeliveryFailure> {
    answer::accepted(answer, sent, || clock::now().as_millis())
}

candor_sdk::uploader!(Backoffice);
