//! The two uploaders of this repository, as components: what leaves the computer, and what lies in a folder.

use std::path::Path;
use std::sync::Arc;

use candor_sandbox::host_traits::AttachmentSource;
use candor_sandbox::model::{DeliveryFailure, ParcelToDeliver};
use candor_sandbox::{Capability, Grants, HttpGrant, Uploader, UploaderHosts};
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

use crate::server::{Server, answer};
use crate::support::{World, parcel, patient, prepare};

const DETAIL: &str = "application/vnd.candor.detail+json";
const JSON: &str = "content-type: application/json";

/// An attachment with this text, read in parts as the host reads it.
struct Piece {
    text: String,
    media_type: &'static str,
    sha256: String,
}

fn piece(media_type: &'static str, text: &str) -> Arc<dyn AttachmentSource> {
    let sha256 = hex::encode(Sha256::digest(text.as_bytes()));
    Arc::new(Piece { text: text.to_owned(), media_type, sha256 })
}

#[async_trait::async_trait]
impl AttachmentSource for Piece {
    fn length(&self) -> u64 {
        self.text.len() as u64
    }
    fn sha256(&self) -> &str {
        &self.sha256
    }
    fn media_type(&self) -> &str {
        self.media_type
    }
    async fn read(&self, offset: u64, count: u32) -> Result<Vec<u8>, String> {
        Ok(self.text.bytes().skip(offset as usize).take(count as usize).collect())
    }
}

async fn backoffice(url: &str, origin: &str, world: &Arc<World>) -> Uploader {
    let prepared = prepare("candor_uploader_backoffice", patient()).await;
    let grants = Grants {
        capabilities: [Capability::Http].into(),
        http: vec![HttpGrant { origin: origin.to_owned(), private: true }],
        ..Grants::default()
    };
    let hosts = UploaderHosts { store: world.clone(), secrets: world.clone(), dates: world.clone() };
    let settings = json!({"url": url, "secret": "device-token"}).to_string();
    prepared.uploader("backoffice", &grants, &settings, hosts).await.unwrap()
}

fn world(origin: &str) -> Arc<World> {
    let secret = ("device-token".to_owned(), origin.to_owned(), "t0ken".to_owned());
    Arc::new(World { secrets: vec![secret], ..World::default() })
}

/// Parcels under `/ahead` begin later than it is here.
fn office(path: &str) -> String {
    let date = "date: Sun, 06 Nov 1994 08:49:37 GMT";
    if path.starts_with("/ahead") {
        let said = r#"{"code":"clock-ahead","message":"It begins later than it is."}"#;
        return answer(409, &[JSON, date, "retry-after: 300"], said);
    }
    answer(201, &[JSON, date], "\"receipt\"")
}

#[tokio::test]
async fn details_go_with_the_envelope_byte_for_byte_after_the_pictures() {
    let server = Server::start(office).await;
    let world = world(&server.origin());
    let mut uploader = backoffice(&server.origin(), &server.origin(), &world).await;
    // Not as a JSON library would write them; the last is longer than one read.
    let long = format!("{{\"salt\":\"5d\",\"detail\":\"{}\"}}", "x".repeat(1_000_000));
    let details = [r#"{ "salt" : "5d", "memo":"A\u0042]}" }"#, "{}", &long];
    let mut attachments: Vec<_> = details.iter().map(|text| piece(DETAIL, text)).collect();
    attachments.push(piece("image/webp", "webp!"));
    let proof = uploader.deliver(parcel(), attachments).await.unwrap().unwrap();
    assert_eq!(proof, b"\"receipt\"");

    let asked = server.asked();
    let at = |nth: usize| asked[nth].line.split(' ').nth(1).unwrap().to_owned();
    let id = parcel().id;
    let picture = hex::encode(Sha256::digest(b"webp!"));
    assert_eq!(asked.len(), 2, "{asked:#?}");
    assert_eq!(at(0), format!("/api/v1/parcels/{id}/attachments/{picture}"));
    assert_eq!(
        (asked[0].header("content-type"), asked[0].body.as_slice()),
        (Some("image/webp"), &b"webp!"[..])
    );
    assert_eq!(at(1), format!("/api/v1/parcels/{id}"));
    assert_eq!(asked[1].header("content-type"), Some("application/json"));
    let expected = format!(r#"{{"envelope":{{"signed":true}},"details":[{}]}}"#, details.join(","));
    assert_eq!(asked[1].body, expected.as_bytes());
    serde_json::from_slice::<Value>(&asked[1].body).unwrap();

    // Without details the list is empty.
    uploader.deliver(parcel(), vec![piece("image/webp", "webp!")]).await.unwrap().unwrap();
    assert_eq!(server.asked()[3].body, br#"{"envelope":{"signed":true},"details":[]}"#);
    let heard = world.dates.lock().unwrap().clone();
    assert_eq!(heard, vec![(server.origin(), "Sun, 06 Nov 1994 08:49:37 GMT".to_owned()); 4]);
}

#[tokio::test]
async fn a_back_office_that_is_behind_takes_the_parcel_later_and_its_time_is_heard() {
    let server = Server::start(office).await;
    let world = world(&server.origin());
    let mut uploader = backoffice(&format!("{}/ahead", server.origin()), &server.origin(), &world).await;
    let answered = uploader.deliver(parcel(), vec![piece(DETAIL, "{}")]).await.unwrap();
    let Err(DeliveryFailure::Later { after, reason }) = answered else { panic!("{answered:?}") };
    assert_eq!(after, 300_000, "as long as it asked for");
    assert!(reason.contains("this computer's clock is ahead of the back office's by"), "{reason}");
    assert_eq!(world.dates.lock().unwrap().len(), 1);
}

async fn folder(granted: &Path, world: &Arc<World>) -> Uploader {
    let prepared = prepare("candor_uploader_folder", patient()).await;
    let grants = Grants {
        capabilities: [Capability::Folder].into(),
        folder: Some(granted.to_owned()),
        ..Grants::default()
    };
    let hosts = UploaderHosts { store: world.clone(), secrets: world.clone(), dates: world.clone() };
    prepared.uploader("folder", &grants, "{}", hosts).await.unwrap()
}

/// A parcel whose payload names these details, by kind and text.
fn naming(details: &[(&str, &str)]) -> ParcelToDeliver {
    use std::fmt::Write as _;
    let named: Vec<Value> = details
        .iter()
        .map(|(kind, text)| json!({"kind": kind, "sha256": hex::encode(Sha256::digest(text.as_bytes()))}))
        .collect();
    let payload = json!({"details": named}).to_string();
    let mut base64 = String::new();
    for three in payload.as_bytes().chunks(3) {
        let bits = three.iter().chain(&[0, 0]).take(3).fold(0_u32, |bits, byte| bits << 8 | u32::from(*byte));
        for place in 0..4 {
            const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
            let digit = char::from(DIGITS[(bits >> (18 - 6 * place) & 63) as usize]);
            let _ = base64.write_char(if place > three.len() { '=' } else { digit });
        }
    }
    let envelope = json!({"payload": base64, "payloadType": "t", "signatures": []}).to_string();
    ParcelToDeliver { envelope: envelope.into_bytes(), ..parcel() }
}

#[tokio::test]
async fn in_a_folder_each_detail_is_a_file_by_its_kind_and_one_that_is_gone_is_emptied() {
    let granted = tempfile::tempdir().unwrap();
    let mut uploader = folder(granted.path(), &World::new()).await;
    let (memo, activity) = (r#"{"salt":"5d","memo":"VAT"}"#, r#"{"salt":"7e"}"#);
    let both = || vec![piece(DETAIL, memo), piece(DETAIL, activity), piece("image/webp", "webp!")];
    let named = naming(&[("memo", memo), ("activity", activity)]);
    let proof = uploader.deliver(named.clone(), both()).await.unwrap().unwrap();
    let proof: Value = serde_json::from_slice(&proof).unwrap();
    let day = granted.path().join("c1/1970-01-01");
    let read = |name: &str| std::fs::read_to_string(day.join("00-10").join(name)).unwrap();
    assert_eq!((read("memo.json").as_str(), read("activity.json").as_str()), (memo, activity));
    assert_eq!(read("picture.webp"), "webp!");
    assert_eq!(read("parcel.dsse.json").as_bytes(), named.envelope);
    let named_files = proof["attachments"].as_array().unwrap();
    assert_eq!(named_files.len(), 3, "{proof}");
    for file in named_files {
        let bytes = std::fs::read(granted.path().join(file["name"].as_str().unwrap())).unwrap();
        assert_eq!(file["sha256"], hex::encode(Sha256::digest(&bytes)));
    }
    let page = std::fs::read_to_string(day.join("index.html")).unwrap();
    assert!(page.contains("00-10/memo.json") && page.contains("src=\"00-10/picture.webp\""), "{page}");

    // The worker removed the memo: nothing of it stays.
    uploader
        .deliver(naming(&[("activity", activity)]), vec![piece(DETAIL, activity)])
        .await
        .unwrap()
        .unwrap();
    assert_eq!((read("memo.json"), read("activity.json").as_str()), (String::new(), activity));
    assert_eq!(read("picture.webp"), "", "the picture went, too");
}
