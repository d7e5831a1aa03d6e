//! Enrolment: a one-time code is exchanged for a device token and the terms.

use std::time::Duration;

use anyhow::{Context as _, Result, bail};
use candor_diary::terms::Terms;
use candor_seal::PublicKey;
use serde::{Deserialize, Serialize};
use url::Url;

use crate::folder::{Enrolment, Folder};

/// How long the back office may take, in seconds.
const LIMIT_S: u64 = 30;
/// The largest answer that is read, in bytes.
const MAX_ANSWER: usize = 1 << 20;

#[derive(Serialize)]
#[serde(rename_all = "kebab-case")]
struct Ask<'a> {
    code: &'a str,
    name: &'a str,
    public_key: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "kebab-case")]
struct Answer {
    device: String,
    token: String,
    server_key: PublicKey,
    terms: Terms,
}

#[derive(Deserialize)]
struct Refused {
    message: String,
}

/// Enrols this device and keeps what the back office answers.
///
/// # Errors
/// Where the address is no address, the back office cannot be reached, or it refuses the code.
pub async fn enrol(folder: &Folder, server: &str, code: &str, name: &str) -> Result<Enrolment> {
    let base = Url::parse(server)
        .with_context(|| format!("{server:?} is no address such as https://diary.example"))?;
    if !matches!(base.scheme(), "https" | "http") || base.host().is_none() {
        bail!("{server:?} is no address such as https://diary.example");
    }
    let url = base.join("/api/v1/enrol")?;
    let key = folder.enrolling_key()?;
    let client = reqwest::Client::builder()
        .timeout(Duration::from_secs(LIMIT_S))
        .redirect(reqwest::redirect::Policy::none())
        .build()?;
    let body = serde_json::to_vec(&Ask { code, name, public_key: key.public().to_hex() })?;
    let response = client
        .post(url)
        .header("content-type", "application/json")
        .body(body)
        .send()
        .await
        .with_context(|| format!("the back office at {server} could not be reached"))?;
    let status = response.status();
    let bytes = response.bytes().await.context("the back office's answer broke off")?;
    if bytes.len() > MAX_ANSWER {
        bail!("the back office's answer is too large");
    }
    if !status.is_success() {
        let why = serde_json::from_slice::<Refused>(&bytes)
            .map_or_else(|_| format!("status {}", status.as_u16()), |r| r.message);
        bail!("the back office does not enrol this device: {why}");
    }
    let answer: Answer =
        serde_json::from_slice(&bytes).context("the back office's answer is not an enrolment")?;
    let enrolment = Enrolment {
        server: base.origin().ascii_serialization(),
        device: answer.device,
        server_key: answer.server_key,
        device_key: Some(key.public()),
        terms: answer.terms,
    };
    let seat = folder.contract(&enrolment.terms.contract)?;
    seat.write("token", answer.token.as_bytes())?;
    seat.write_json("enrolment.json", &enrolment)?;
    Ok(enrolment)
}
