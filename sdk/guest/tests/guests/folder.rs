//! The uploader `folder`, in the real sandbox and a real folder.

use std::collections::BTreeSet;
use std::path::Path;
use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use candor_diary::parcel::{DETAIL_TYPE, Detail, Parcel};
use candor_sandbox::host_traits::{AttachmentSource, KeyValueStore};
use candor_sandbox::model::{DeliveryFailure, ParcelToDeliver, StoreError};
use candor_sandbox::{Capability, Grants, Uploader, UploaderHosts};
use serde_json::{Value, json};

use crate::support::{World, prepare, settings_refused};

/// 2026-11-23, 09:30 UTC.
const START: u64 = 1_795_426_200_000;
const DAY: u64 = 86_400_000;

struct Picture(&'static [u8]);

#[async_trait::async_trait]
impl AttachmentSource for Picture {
    fn length(&self) -> u64 {
        self.0.len() as u64
    }
    fn sha256(&self) -> &str {
        "aa11"
    }
    fn media_type(&self) -> &str {
        "image/webp"
    }
    async fn read(&self, offset: u64, count: u32) -> Result<Vec<u8>, String> {
        let start = usize::try_from(offset).unwrap().min(self.0.len());
        let end = (start + count as usize).min(self.0.len());
        Ok(self.0[start..end].to_vec())
    }
}

/// A detail beside a parcel.
struct Document(Detail);

#[async_trait::async_trait]
impl AttachmentSource for Document {
    fn length(&self) -> u64 {
        self.0.bytes.len() as u64
    }
    fn sha256(&self) -> &str {
        &self.0.named.sha256
    }
    fn media_type(&self) -> &str {
        DETAIL_TYPE
    }
    async fn read(&self, offset: u64, count: u32) -> Result<Vec<u8>, String> {
        let start = usize::try_from(offset).unwrap().min(self.0.bytes.len());
        let end = (start + count as usize).min(self.0.bytes.len());
        Ok(self.0.bytes[start..end].to_vec())
    }
}

/// A parcel with what travels beside it.
struct Made {
    parcel: ParcelToDeliver,
    details: Vec<Detail>,
}

/// A parcel as an agent makes it; `change` is laid over it.
fn parcel(start: u64, change: Value) -> Made {
    let id = format!("{start:032x}");
    let mut document = json!({
        "id": id, "contract": "c1", "device": "d1", "sequence": 7, "chain-head": "0".repeat(64),
        "server": "5".repeat(64), "terms": {"sequence": 1, "digest": "7".repeat(64)},
        "start": start, "length": 10, "memo": "VAT <rounding>",
        "minutes": [{
            "start": start, "tracked-ms": 60_000, "activity": "counted-any",
            "counts": {"keys": 9, "clicks": 0, "scrolls": 0}
        }],
        "snapshot": {
            "at": start + 9, "sha256": "aa".repeat(32), "media-type": "image/webp", "width": 4, "height": 2,
            "bytes": 5, "monitors": 1,
            "redactions": [{"x": 0, "y": 0, "width": 1, "height": 1, "cover": "fill", "rule": 0}]
        },
        "gaps": [{"from": start + 60_000, "to": start + 120_000, "cause": "asleep"}],
        "policy": {"plugin": "rules", "sha256": "", "rules": ["Title contains \"payroll\": solid block"]}
    });
    for (name, value) in change.as_object().unwrap() {
        match value {
            Value::Null => drop(document.as_object_mut().unwrap().remove(name)),
            value => document[name] = value.clone(),
        }
    }
    let whole: Parcel = serde_json::from_value(document).unwrap();
    let (core, details) = whole.split(&[], || Ok::<_, std::fmt::Error>([7; 32])).unwrap();
    let envelope = json!({
        "payloadType": "application/vnd.candor.parcel+json",
        "payload": STANDARD.encode(serde_json::to_vec(&core).unwrap()),
        "signatures": []
    });
    let parcel = ParcelToDeliver {
        id,
        contract: "c1".into(),
        segment_start: start,
        segment_length: 600_000,
        envelope: envelope.to_string().into_bytes(),
    };
    Made { parcel, details }
}

async fn uploader(folder: &Path, settings: &str) -> Uploader {
    let world = World::new();
    let grants = Grants {
        capabilities: [Capability::Folder].into(),
        folder: Some(folder.to_owned()),
        ..Grants::default()
    };
    let hosts = UploaderHosts { store: world.clone(), secrets: world.clone(), dates: world };
    prepare("candor_uploader_folder").await.uploader("folder", &grants, settings, hosts).await.unwrap()
}

async fn deliver(
    plugin: &mut Uploader,
    Made { parcel, details }: Made,
    picture: Option<&'static [u8]>,
) -> Result<Value, DeliveryFailure> {
    let details = details.into_iter().map(|detail| Arc::new(Document(detail)) as Arc<dyn AttachmentSource>);
    let picture = picture.map(|bytes| Arc::new(Picture(bytes)) as Arc<dyn AttachmentSource>);
    let proof = plugin.deliver(parcel, details.chain(picture).collect()).await.unwrap();
    proof.map(|proof| serde_json::from_slice(&proof).unwrap())
}

fn read(folder: &Path, name: &str) -> String {
    std::fs::read_to_string(folder.join(name)).unwrap_or_else(|error| panic!("{name}: {error}"))
}

#[tokio::test]
async fn a_day_can_be_read_without_candor_and_the_parcel_is_there_byte_for_byte() {
    let folder = tempfile::tempdir().unwrap();
    let mut plugin = uploader(folder.path(), r#"{"title": "Invoice service"}"#).await;
    let first = parcel(START, json!({}));
    let envelope = first.parcel.envelope.clone();
    let mut put = vec![("aa11".to_owned(), "picture.webp".to_owned())];
    put.extend(
        first.details.iter().map(|d| (d.named.sha256.clone(), format!("{}.json", d.named.kind.name()))),
    );
    let proof = deliver(&mut plugin, first, Some(b"webp!")).await.unwrap();
    let at = "Invoice service/2026-11-23/09-30";
    assert_eq!(
        proof,
        json!({
            "kind": "folder", "parcel": format!("{START:032x}"),
            "envelope": format!("{at}/parcel.dsse.json"),
            "attachments": put
                .iter()
                .map(|(sha256, name)| json!({"sha256": sha256, "name": format!("{at}/{name}")}))
                .collect::<Vec<_>>()
        })
    );
    assert_eq!(std::fs::read(folder.path().join(at).join("parcel.dsse.json")).unwrap(), envelope);
    assert_eq!(read(folder.path(), &format!("{at}/picture.webp")), "webp!");
    let segment = read(folder.path(), &format!("{at}/segment.json"));
    assert!(segment.contains("\n  \"memo\": \"VAT <rounding>\""), "{segment}");

    // A second segment, without a picture, is on the same page.
    let change = json!({"snapshot": null, "no-snapshot": {"because": "screen-locked"}, "memo": "later"});
    deliver(&mut plugin, parcel(START + 600_000, change), None).await.unwrap();
    let page = read(folder.path(), "Invoice service/2026-11-23/index.html");
    for words in [
        "<h2>09:30 to 09:40</h2>",
        "VAT &lt;rounding&gt;",
        "1 min tracked. Activity in 1 of 10 minutes.",
        "One place was covered before the picture left the screen: Title contains &quot;payroll&quot;: solid block.",
        "No evidence from 09:31 to 09:32: the computer slept.",
        "src=\"09-30/picture.webp\"",
        "<h2>09:40 to 09:50</h2>",
        "No evidence: the screen was locked.",
    ] {
        assert!(page.contains(words), "{words}\n{page}");
    }
    assert!(!page.contains("<script") && !page.contains("09-40/picture"), "{page}");
}

#[tokio::test]
async fn twice_is_as_once() {
    let folder = tempfile::tempdir().unwrap();
    let mut plugin = uploader(folder.path(), "{}").await;
    let first = deliver(&mut plugin, parcel(START, json!({})), Some(b"webp!")).await.unwrap();
    let page = read(folder.path(), "c1/2026-11-23/index.html");
    assert_eq!(deliver(&mut plugin, parcel(START, json!({})), Some(b"webp!")).await.unwrap(), first);
    assert_eq!(read(folder.path(), "c1/2026-11-23/index.html"), page);
    let names: BTreeSet<_> = std::fs::read_dir(folder.path().join("c1/2026-11-23/09-30"))
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    let expected = [
        "activity.json",
        "memo.json",
        "parcel.dsse.json",
        "picture.json",
        "picture.webp",
        "rules.json",
        "segment.json",
    ];
    assert_eq!(names, expected.map(str::to_owned).into());
}

#[tokio::test]
async fn a_picture_that_was_removed_is_gone_and_does_not_come_back_by_an_older_parcel() {
    let folder = tempfile::tempdir().unwrap();
    let mut plugin = uploader(folder.path(), "{}").await;
    deliver(&mut plugin, parcel(START, json!({})), Some(b"webp!")).await.unwrap();
    let removed = json!({"revision": 1, "snapshot": null, "no-snapshot": {"because": "removed-by-worker"}, "memo": null});
    deliver(&mut plugin, parcel(START, removed), None).await.unwrap();
    let at = "c1/2026-11-23";
    assert_eq!(read(folder.path(), &format!("{at}/09-30/picture.webp")), "", "its bytes are gone");
    let page = read(folder.path(), &format!("{at}/index.html"));
    assert!(page.contains("Picture removed by worker, time kept.") && !page.contains("<img"), "{page}");
    assert!(!page.contains("VAT"), "{page}");
    for gone in ["memo.json", "picture.json"] {
        assert_eq!(read(folder.path(), &format!("{at}/09-30/{gone}")), "", "{gone}");
    }

    let late = deliver(&mut plugin, parcel(START, json!({})), Some(b"webp!")).await;
    assert_eq!(late, Err(DeliveryFailure::Rejected("superseded".into())));
    assert_eq!(read(folder.path(), &format!("{at}/09-30/picture.webp")), "");
    assert!(!read(folder.path(), &format!("{at}/09-30/segment.json")).contains("VAT"));
}

#[tokio::test]
async fn a_removed_segment_leaves_its_tombstone() {
    let folder = tempfile::tempdir().unwrap();
    let mut plugin = uploader(folder.path(), "{}").await;
    let removed = json!({
        "revision": 2, "removed": {"at": START, "time-ms": 600_000}, "minutes": [], "snapshot": null, "memo": null,
        "gaps": []
    });
    deliver(&mut plugin, parcel(START, removed), None).await.unwrap();
    let page = read(folder.path(), "c1/2026-11-23/index.html");
    assert!(page.contains("Removed by the worker, 10 min with it."), "{page}");
}

#[tokio::test]
async fn what_cannot_be_read_is_kept_byte_for_byte() {
    let folder = tempfile::tempdir().unwrap();
    let mut plugin = uploader(folder.path(), "{}").await;
    let made = parcel(START, json!({})).parcel;
    let strange = ParcelToDeliver { envelope: b"from the future".to_vec(), ..made };
    deliver(&mut plugin, Made { parcel: strange, details: Vec::new() }, None).await.unwrap();
    assert_eq!(read(folder.path(), "c1/2026-11-23/09-30/parcel.dsse.json"), "from the future");
    assert!(read(folder.path(), "c1/2026-11-23/index.html").contains("cannot read the segment"));
}

#[tokio::test]
async fn a_folder_that_cannot_be_written_makes_the_parcel_wait() {
    let folder = tempfile::tempdir().unwrap();
    std::os::unix::fs::symlink("/nowhere", folder.path().join("c1")).unwrap();
    let mut plugin = uploader(folder.path(), "{}").await;
    let waits = deliver(&mut plugin, parcel(START, json!({})), Some(b"webp!")).await;
    assert!(matches!(waits, Err(DeliveryFailure::Later { after: 60_000, .. })), "{waits:?}");
}

#[tokio::test]
async fn each_day_has_its_page() {
    let folder = tempfile::tempdir().unwrap();
    let mut plugin = uploader(folder.path(), "{}").await;
    for days in 0..3 {
        deliver(&mut plugin, parcel(START + days * DAY, json!({})), None).await.unwrap();
    }
    for day in ["2026-11-23", "2026-11-24", "2026-11-25"] {
        let page = read(folder.path(), &format!("c1/{day}/index.html"));
        assert_eq!(page.matches("<section>").count(), 1, "{page}");
    }
}

/// A store with room for little.
struct Small(Arc<World>);

#[async_trait::async_trait]
impl KeyValueStore for Small {
    async fn get(&self, key: &str) -> Result<Option<Vec<u8>>, StoreError> {
        self.0.get(key).await
    }
    async fn set(&self, key: &str, value: Vec<u8>) -> Result<(), StoreError> {
        let others = self.0.list().await?.into_iter().filter(|(other, _)| other != key);
        let all: u64 = others.map(|(key, bytes)| key.len() as u64 + bytes).sum();
        if all + (key.len() + value.len()) as u64 > 1_000 {
            return Err(StoreError::Full(1_000));
        }
        self.0.set(key, value).await
    }
    async fn delete(&self, key: &str) -> Result<(), StoreError> {
        self.0.delete(key).await
    }
    async fn list(&self) -> Result<Vec<(String, u64)>, StoreError> {
        self.0.list().await
    }
}

#[tokio::test]
async fn a_day_that_is_forgotten_keeps_its_page_and_what_comes_later_is_on_another() {
    let folder = tempfile::tempdir().unwrap();
    let world = World::new();
    let grants = Grants {
        capabilities: [Capability::Folder].into(),
        folder: Some(folder.path().to_owned()),
        ..Grants::default()
    };
    let hosts = UploaderHosts { store: Arc::new(Small(world.clone())), secrets: world.clone(), dates: world };
    let prepared = prepare("candor_uploader_folder").await;
    let mut plugin = prepared.uploader("folder", &grants, "{}", hosts).await.unwrap();
    for days in 0..5 {
        deliver(&mut plugin, parcel(START + days * DAY, json!({})), None).await.unwrap();
    }
    let page = read(folder.path(), "c1/2026-11-23/index.html");
    deliver(&mut plugin, parcel(START + 600_000, json!({"memo": "late"})), None).await.unwrap();
    assert_eq!(read(folder.path(), "c1/2026-11-23/index.html"), page, "it still has all that it had");
    let later = read(folder.path(), "c1/2026-11-23/later.html");
    assert!(later.contains("<p>late</p>") && later.contains("index.html, was closed"), "{later}");
    assert!(!folder.path().join("c1/2026-11-27/later.html").exists());
}

#[tokio::test]
async fn it_asks_for_the_folder_and_no_network_and_refuses_a_title_that_is_no_name() {
    let world = World::new();
    let hosts = UploaderHosts { store: world.clone(), secrets: world.clone(), dates: world };
    let folder = tempfile::tempdir().unwrap();
    let grants = Grants {
        capabilities: [Capability::Folder].into(),
        folder: Some(folder.path().to_owned()),
        ..Grants::default()
    };
    let prepared = prepare("candor_uploader_folder").await;
    let refused = settings_refused(prepared.uploader("folder", &grants, r#"{"title": "//"}"#, hosts).await);
    assert_eq!(refused[0].0, "/title");
}
