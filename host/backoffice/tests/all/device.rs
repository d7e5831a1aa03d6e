//! Devices that sign real parcels, and may lie in them.

use candor_diary::parcel::{
    Activity, Core, Counts, Detail, Focus, Manual, MinuteFacts, NoSnapshot, PARCEL_TYPE, Parcel, Policy,
    TermsRef,
};
use candor_diary::segment::{MINUTE_MS, SegmentLength};
use candor_diary::terms::Terms;
use candor_diary::wire::{RECEIPT_TYPE, Receipt};
use candor_seal::{Envelope, PublicKey, SecretKey, sha256_hex};
use reqwest::{Client, Response, StatusCode};
use serde_json::value::RawValue;
use serde_json::{Value, json};

use crate::clock::{MIDNIGHT, STARTED};
use crate::drawn::Picture;

/// An enrolled device.
#[derive(Clone)]
pub(crate) struct Device {
    pub(crate) http: Client,
    pub(crate) url: String,
    pub(crate) id: String,
    pub(crate) token: String,
    pub(crate) contract: String,
    /// Those that it was handed out.
    pub(crate) terms: TermsRef,
    pub(crate) server_key: PublicKey,
    pub(crate) key: [u8; 32],
}

impl Device {
    pub(crate) async fn enrol(http: &Client, url: &str, code: &str, key: SecretKey) -> Self {
        let body = json!({ "code": code, "name": "thinkpad", "public-key": key.public().to_hex() });
        let answer = http.post(format!("{url}/api/v1/enrol")).body(body.to_string()).send().await.unwrap();
        assert_eq!(answer.status(), StatusCode::CREATED);
        let answer: Value = serde_json::from_slice(&answer.bytes().await.unwrap()).unwrap();
        let text = |value: &Value| value.as_str().unwrap().to_owned();
        Self {
            http: http.clone(),
            url: url.to_owned(),
            id: text(&answer["device"]),
            token: text(&answer["token"]),
            contract: text(&answer["terms"]["contract"]),
            terms: serde_json::from_value::<Terms>(answer["terms"].clone()).unwrap().named(),
            server_key: PublicKey::from_hex(answer["server-key"].as_str().unwrap()).unwrap(),
            key: *key.to_bytes(),
        }
    }

    /// A parcel of ten minutes with activity in each and no picture; `nth` counts segments of the day and the journal.
    pub(crate) fn parcel(&self, nth: u64) -> Parcel {
        self.parcel_at(MIDNIGHT + nth * 10 * MINUTE_MS, 10, nth + 1)
    }

    pub(crate) fn parcel_at(&self, start: u64, length: u8, sequence: u64) -> Parcel {
        let minute = |n: u64| {
            let counts = Counts { keys: 40 + 13 * (n as u32 % 5), clicks: 3, scrolls: n as u32 };
            MinuteFacts::new(start + n * MINUTE_MS, 60_000, Some(counts))
        };
        Parcel {
            id: sha256_hex(format!("{} {start} {sequence}", self.id).as_bytes())[..32].to_owned(),
            contract: self.contract.clone(),
            server: self.server_key.to_hex(),
            terms: self.terms.clone(),
            device: self.id.clone(),
            sequence,
            chain_head: sha256_hex(&sequence.to_be_bytes()),
            start,
            length: SegmentLength::new(length).unwrap(),
            revision: 0,
            changed: Vec::new(),
            removed: None,
            manual: None,
            minutes: (0..u64::from(length)).map(minute).collect(),
            erased_totals: None,
            memo: Some("Invoice import: read CAMT.053 files".to_owned()),
            label: Some("Backend".to_owned()),
            focus: vec![Focus {
                at: start + 1_000,
                app: Some("Code".to_owned()),
                title: Some("camt.rs, invoice-import".to_owned()),
                url: None,
                hidden_by: Vec::new(),
            }],
            snapshot: None,
            no_snapshot: Some(NoSnapshot::Unsettled),
            gaps: Vec::new(),
            activity: Activity::Counted,
            no_sign: false,
            custom: Vec::new(),
            dropped: Vec::new(),
            policy: Policy {
                plugin: "rules".to_owned(),
                sha256: sha256_hex(b"rules"),
                rules: vec!["Title contains \"secret\": solid block".to_owned()],
            },
            erased: Vec::new(),
        }
    }

    /// The body that delivers a parcel: its signed core, and its details.
    pub(crate) fn sign(&self, parcel: &Parcel) -> Vec<u8> {
        let (core, details) = split(parcel);
        body(&self.sign_core(&core), &details)
    }

    pub(crate) fn sign_core(&self, core: &Core) -> Vec<u8> {
        self.sign_bytes(PARCEL_TYPE, serde_json::to_vec(core).unwrap())
    }

    pub(crate) fn sign_bytes(&self, payload_type: &str, payload: Vec<u8>) -> Vec<u8> {
        Envelope::sign(payload_type, payload, &SecretKey::from_bytes(&self.key)).to_json()
    }

    pub(crate) async fn put(&self, path: &str, body: Vec<u8>) -> Response {
        self.try_put(path, body).await.unwrap()
    }

    pub(crate) async fn try_put(&self, path: &str, body: Vec<u8>) -> reqwest::Result<Response> {
        self.http
            .put(format!("{}/api/v1/{path}", self.url))
            .bearer_auth(&self.token)
            .header("content-type", "image/webp")
            .body(body)
            .send()
            .await
    }

    /// What the week adds up to.
    pub(crate) async fn week(&self, query: &str) -> Response {
        let request = self.http.get(format!("{}/api/v1/week{query}", self.url));
        request.bearer_auth(&self.token).send().await.unwrap()
    }

    /// Billed and recorded minutes of this week.
    pub(crate) async fn minutes(&self) -> (u64, u64) {
        let answer = self.week(&format!("?contract={}", self.contract)).await;
        assert_eq!(answer.status(), StatusCode::OK);
        let week: Value = serde_json::from_slice(&answer.bytes().await.unwrap()).unwrap();
        (week["billed_minutes"].as_u64().unwrap(), week["recorded_minutes"].as_u64().unwrap())
    }

    /// The same under later terms.
    pub(crate) fn under(&self, terms: &Value) -> Self {
        let terms: Terms = serde_json::from_value(terms.clone()).unwrap();
        Self { terms: terms.named(), ..self.clone() }
    }

    /// A segment that was typed in.
    pub(crate) fn typed_in(&self, start: u64, sequence: u64) -> Parcel {
        let mut parcel = self.parcel_at(start, 10, sequence);
        parcel.minutes.clear();
        parcel.focus.clear();
        parcel.no_snapshot = None;
        parcel.memo = Some("Planning call with Lena".to_owned());
        parcel.manual = Some(Manual::at(STARTED));
        parcel
    }

    pub(crate) async fn put_parcel(&self, parcel: &Parcel) -> Response {
        self.put(&format!("parcels/{}", parcel.id), self.sign(parcel)).await
    }

    /// Delivers a parcel that must be taken, and returns the checked receipt.
    pub(crate) async fn deliver(&self, parcel: &Parcel) -> Receipt {
        let body = self.sign(parcel);
        let answer = self.put(&format!("parcels/{}", parcel.id), body.clone()).await;
        if answer.status() != StatusCode::CREATED {
            let said = answer.text().await.unwrap();
            panic!("segment {} of revision {}: {said}", parcel.start, parcel.revision);
        }
        self.receipt(&answer.bytes().await.unwrap(), parcel, &body)
    }

    /// Checks a receipt as the tracker does.
    pub(crate) fn receipt(&self, proof: &[u8], parcel: &Parcel, body: &[u8]) -> Receipt {
        let envelope = Envelope::from_json(proof).unwrap();
        let receipt: Receipt =
            serde_json::from_slice(envelope.verify(RECEIPT_TYPE, &self.server_key).unwrap()).unwrap();
        assert_eq!(receipt.parcel, parcel.id);
        assert_eq!(receipt.digest, sha256_hex(envelope_of(body).get().as_bytes()));
        assert_eq!((&receipt.contract, &receipt.device), (&parcel.contract, &parcel.device));
        assert_eq!((receipt.sequence, &receipt.chain_head), (parcel.sequence, &parcel.chain_head));
        receipt
    }

    /// Gives a parcel a picture, and delivers the picture.
    pub(crate) async fn add_picture(&self, parcel: &mut Parcel, picture: &Picture) {
        let sha256 = sha256_hex(&picture.bytes);
        let place = format!("parcels/{}/attachments/{sha256}", parcel.id);
        let mut answer = self.put(&place, picture.bytes.clone()).await;
        // A device has a few uploads at once, and tries again later.
        while answer.status() == StatusCode::SERVICE_UNAVAILABLE {
            tokio::time::sleep(std::time::Duration::from_millis(20)).await;
            answer = self.put(&place, picture.bytes.clone()).await;
        }
        assert!(answer.status().is_success(), "{}", answer.status());
        parcel.no_snapshot = None;
        parcel.snapshot = Some(picture.snapshot(parcel.start + 252_000.min(parcel.length.ms() / 2)));
    }
}

/// Takes a parcel apart. What says the same has the same salt, so that a revision's details are those of before.
pub(crate) fn split(parcel: &Parcel) -> (Core, Vec<Detail>) {
    parcel.split(&[], || Ok::<_, std::convert::Infallible>([7; 32])).unwrap()
}

/// The body of a delivery.
pub(crate) fn body(envelope: &[u8], details: &[Detail]) -> Vec<u8> {
    let details: Vec<&[u8]> = details.iter().map(|detail| detail.bytes.as_slice()).collect();
    [b"{\"envelope\":", envelope, b",\"details\":[", &details.join(&b","[..]), b"]}"].concat()
}

/// The envelope in the body of a delivery, byte for byte.
pub(crate) fn envelope_of(body: &[u8]) -> Box<RawValue> {
    #[derive(serde::Deserialize)]
    struct Sent {
        envelope: Box<RawValue>,
    }
    serde_json::from_slice::<Sent>(body).unwrap().envelope
}

/// A parcel that takes the place of another.
pub(crate) fn revised(parcel: &Parcel, revision: u32, sequence: u64) -> Parcel {
    let mut revised = parcel.clone();
    revised.id = sha256_hex(format!("{} {revision}", parcel.id).as_bytes())[..32].to_owned();
    (revised.revision, revised.sequence) = (revision, sequence);
    revised.chain_head = sha256_hex(&sequence.to_be_bytes());
    revised
}

/// Status and `code` of an answer.
pub(crate) async fn outcome(answer: Response) -> (u16, String) {
    let status = answer.status().as_u16();
    let body = answer.bytes().await.unwrap();
    let code =
        serde_json::from_slice::<Value>(&body).ok().and_then(|v| v["code"].as_str().map(str::to_owned));
    (status, code.unwrap_or_default())
}
