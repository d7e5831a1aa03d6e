//! What devices speak with the back office: enrolment, attachments, parcels, receipts.

use crate::common::{
    CLIENT, Picture, STARTED, Server, WORKER, body, outcome, set_clock, split, terms, this_week,
};
use candor_diary::parcel::{Core, MinuteFacts, PARCEL_TYPE, TermsRef};
use candor_seal::{SecretKey, sha256_hex};
use reqwest::StatusCode;
use serde_json::{Value, json};

#[tokio::test]
async fn delivering_twice_is_the_same_as_delivering_once() {
    let folder = tempfile::tempdir().unwrap();
    let server = Server::start(&folder.path().join("data"));
    let device = server.enrol("invoices").await;
    let mut parcel = device.parcel(0);

    // The picture comes first.
    let picture = Picture::draw(96, 54, 1, true);
    let sha256 = sha256_hex(&picture.bytes);
    let place = format!("parcels/{}/attachments/{sha256}", parcel.id);
    parcel.no_snapshot = None;
    parcel.snapshot = Some(picture.snapshot(parcel.start + 1));
    assert_eq!(outcome(device.put_parcel(&parcel).await).await, (409, "attachment-missing".into()));
    let mut cut = picture.bytes.clone();
    cut.truncate(20);
    assert_eq!(outcome(device.put(&place, cut).await).await, (422, "digest-mismatch".into()));
    assert_eq!(outcome(device.put_parcel(&parcel).await).await, (409, "attachment-missing".into()));
    for status in [201, 200, 200] {
        assert_eq!(device.put(&place, picture.bytes.clone()).await.status().as_u16(), status);
    }

    // Then the parcel, again and again.
    let body = device.sign(&parcel);
    let path = format!("parcels/{}", parcel.id);
    let first = device.put(&path, body.clone()).await;
    assert_eq!(first.status(), StatusCode::CREATED);
    let proof = first.bytes().await.unwrap();
    device.receipt(&proof, &parcel, &body);
    for _ in 0..3 {
        let again = device.put(&path, body.clone()).await;
        assert_eq!(again.status(), StatusCode::OK);
        assert_eq!(again.bytes().await.unwrap(), proof, "the very same receipt");
    }

    // Other content under the same id, the same segment or number under another id.
    let mut other = parcel.clone();
    other.memo = Some("something else".to_owned());
    assert_eq!(outcome(device.put_parcel(&other).await).await, (409, "parcel-differs".into()));
    let mut twin = device.parcel(0);
    twin.id = "0".repeat(32);
    twin.sequence = 99;
    assert_eq!(outcome(device.put_parcel(&twin).await).await, (409, "segment-taken".into()));
    let mut fork = device.parcel(1);
    fork.sequence = parcel.sequence;
    assert_eq!(outcome(device.put_parcel(&fork).await).await, (409, "sequence-taken".into()));

    let kept = server.office.deliveries("invoices");
    assert_eq!(kept.len(), 1);
    assert_eq!(kept[0]["parcel"], parcel.id.as_str());
    assert_eq!(kept[0]["minutes_active"], 10);
    assert_eq!(kept[0]["snapshot"]["sha256"], sha256.as_str());
    let file = kept[0]["snapshot"]["file"].as_str().unwrap();
    assert!(file.starts_with('/') && file.ends_with(".webp"), "{file}");
    assert_eq!(std::fs::read(file).unwrap(), picture.bytes);
}

#[tokio::test]
async fn every_bad_parcel_is_refused_with_its_reason() {
    let folder = tempfile::tempdir().unwrap();
    let server = Server::start(&folder.path().join("data"));
    let device = server.enrol("invoices").await;
    server.office.contract(&terms("support", 1, 10), CLIENT, WORKER).unwrap();
    let stranger = server.enrol("support").await;

    let parcel = device.parcel(0);
    let path = format!("parcels/{}", parcel.id);
    let (core, details) = split(&parcel);
    let json = serde_json::to_value(&core).unwrap();
    let signed = |payload: Vec<u8>| body(&device.sign_bytes(PARCEL_TYPE, payload), &details);
    let with = |field: &str, value: Value| {
        let mut json = json.clone();
        json[field] = value;
        signed(serde_json::to_vec(&json).unwrap())
    };
    let under = |sequence: u64| with("terms", json!({ "sequence": sequence, "digest": core.terms.digest }));
    let no_type = device.sign_bytes("application/x-other", serde_json::to_vec(&json).unwrap());
    let bare = Core { details: Vec::new(), ..core.clone() };
    let no_type = body(&no_type, &details);
    let mut forged = device.clone();
    forged.key = *SecretKey::generate().unwrap().to_bytes();
    let snapshot = |media_type: &str, bytes: u64| {
        let mut parcel = parcel.clone();
        let mut snapshot = Picture::draw(16, 16, 0, false).snapshot(parcel.start);
        snapshot.media_type = media_type.to_owned();
        snapshot.bytes = bytes;
        (parcel.no_snapshot, parcel.snapshot) = (None, Some(snapshot));
        device.sign(&parcel)
    };
    let rows: Vec<(&str, Vec<u8>, (u16, &str))> = vec![
        ("not JSON", b"hello".to_vec(), (400, "bad-request")),
        ("no envelope", b"{}".to_vec(), (400, "bad-request")),
        ("an envelope alone", device.sign_core(&core), (400, "bad-request")),
        ("an envelope that is none", body(b"{}", &[]), (400, "bad-envelope")),
        ("without its details", body(&device.sign_core(&core), &[]), (422, "detail-missing")),
        ("with another's details", body(&device.sign_core(&bare), &details), (422, "bad-parcel")),
        ("signed by another key", forged.sign(&parcel), (422, "bad-signature")),
        ("signed as something else", no_type, (422, "bad-signature")),
        ("payload no parcel", signed(b"{}".to_vec()), (422, "bad-parcel")),
        ("a field too many", with("surprise", json!(1)), (422, "bad-parcel")),
        ("start off the grid", with("start", json!(parcel.start + 1)), (422, "bad-parcel")),
        (
            "start past all calendars",
            with("start", json!(18_446_744_073_709_400_000u64)),
            (422, "bad-parcel"),
        ),
        ("a minute outside", with("minutes", json!([{ "start": 0, "tracked-ms": 1 }])), (422, "bad-parcel")),
        ("chain head too short", with("chain-head", json!("ab")), (422, "bad-parcel")),
        ("another id than the address", with("id", json!("f".repeat(32))), (422, "wrong-id")),
        ("another device", with("device", json!("f".repeat(32))), (403, "wrong-device")),
        ("another contract", with("contract", json!("support")), (403, "wrong-device")),
        ("for another back office", with("server", json!("f".repeat(64))), (403, "wrong-server")),
        ("for no back office", with("server", json!("ab")), (422, "bad-parcel")),
        ("under terms that were never issued", under(2), (422, "unknown-terms")),
        ("under no terms", under(0), (422, "bad-parcel")),
        ("under terms beyond all numbers", under(u64::MAX), (422, "bad-parcel")),
        ("a picture that is a page", snapshot("text/html", 10), (422, "bad-parcel")),
        ("a picture too large", snapshot("image/webp", 17 * 1024 * 1024), (422, "bad-parcel")),
        ("a picture that never came", snapshot("image/webp", 10), (409, "attachment-missing")),
        ("too large", vec![b' '; candor_backoffice::limits::PARCEL_BYTES + 1], (413, "too-large")),
    ];
    for (what, body, (status, code)) in rows {
        let answer = device.put(&path, body).await;
        assert_eq!(outcome(answer).await, (status, code.to_owned()), "{what}");
    }
    for (what, path) in [("short id", "parcels/ab"), ("capitals", &format!("parcels/{}", "A".repeat(32)))] {
        assert_eq!(outcome(device.put(path, Vec::new()).await).await, (400, "bad-request".into()), "{what}");
    }
    // Another device's token opens nothing of this one.
    let answer = stranger.put(&path, device.sign(&parcel)).await;
    assert_eq!(outcome(answer).await, (422, "bad-signature".into()));
    let mut nobody = device.clone();
    nobody.token = "0".repeat(64);
    assert_eq!(outcome(nobody.put_parcel(&parcel).await).await, (401, "unauthorised".into()));
    assert_eq!(server.office.deliveries("invoices").len(), 0, "nothing of this was kept");
    assert_eq!(server.office.deliveries("support").len(), 0);
    device.deliver(&parcel).await;
}

#[tokio::test]
async fn attachments_are_bounded_and_belong_to_the_device_that_sent_them() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    let server = Server::start(&data);
    let device = server.enrol("invoices").await;
    let other = server.enrol("invoices").await;
    let parcel = device.parcel(0);
    let place = |bytes: &[u8]| format!("parcels/{}/attachments/{}", parcel.id, sha256_hex(bytes));

    let large = vec![7u8; 16 * 1024 * 1024 + 1];
    let announced = device.try_put(&place(&large), large.clone()).await;
    // An answer before the body was read may reach the sender as a broken connection.
    if let Ok(answer) = announced {
        assert_eq!(outcome(answer).await, (413, "too-large".into()));
    }
    let unannounced = reqwest::Body::wrap_stream(futures_util::stream::iter(
        large.chunks(1 << 20).map(|c| Ok::<_, std::io::Error>(c.to_vec())).collect::<Vec<_>>(),
    ));
    let streamed = device
        .http
        .put(format!("{}/api/v1/{}", device.url, place(&large)))
        .bearer_auth(&device.token)
        .body(unannounced)
        .send()
        .await;
    if let Ok(answer) = streamed {
        assert_eq!(outcome(answer).await, (413, "too-large".into()));
    }

    let bytes = Picture::draw(64, 36, 1, false).bytes;
    assert_eq!(device.put(&place(&bytes), bytes.clone()).await.status(), StatusCode::CREATED);
    assert_eq!(outcome(other.put(&place(&bytes), bytes.clone()).await).await, (409, "parcel-differs".into()));
    assert_eq!(
        outcome(device.put(&place(&bytes), vec![8; 1000]).await).await,
        (422, "digest-mismatch".into())
    );
    for bad in ["parcels/xy/attachments/zz", &format!("parcels/{}/attachments/..%2f..%2fx", parcel.id)] {
        assert_eq!(outcome(device.put(bad, bytes.clone()).await).await, (400, "bad-request".into()), "{bad}");
    }
    assert_eq!(std::fs::read_dir(data.join("incoming")).unwrap().count(), 0, "what was refused left nothing");
}

#[tokio::test]
async fn a_code_enrols_one_device_and_its_key_keeps_its_name() {
    let folder = tempfile::tempdir().unwrap();
    let server = Server::start(&folder.path().join("data"));
    let key = SecretKey::generate().unwrap();
    let enrol = |code: String, name: &str, key: String| {
        let body = json!({ "code": code, "name": name, "public-key": key }).to_string();
        server.http.post(format!("{}/api/v1/enrol", server.url)).body(body).send()
    };
    let code = server.office.code("invoices");
    let public = key.public().to_hex();

    let answer = enrol(code.clone(), "", public.clone()).await.unwrap();
    assert_eq!(outcome(answer).await, (422, "bad-name".into()));
    let answer = enrol(code.clone(), "thinkpad", "zz".to_owned()).await.unwrap();
    assert_eq!(outcome(answer).await, (422, "bad-key".into()));

    let device = crate::common::Device::enrol(
        &server.http,
        &server.url,
        &code,
        SecretKey::from_bytes(&key.to_bytes()),
    )
    .await;
    let answer = enrol(code, "thinkpad", public).await.unwrap();
    assert_eq!(outcome(answer).await, (403, "bad-code".into()), "a code is good once");

    // Enrolled again, with what it had waiting: the same device, a new token, the old one ends.
    let code = server.office.code("invoices").to_lowercase().replace('-', "");
    let again = crate::common::Device::enrol(&server.http, &server.url, &code, key).await;
    assert_eq!(again.id, device.id);
    assert_eq!(outcome(device.put_parcel(&device.parcel(0)).await).await, (401, "unauthorised".into()));
    again.deliver(&device.parcel(0)).await;
}

#[tokio::test]
async fn codes_cannot_be_guessed_at_the_pace_of_a_machine() {
    let folder = tempfile::tempdir().unwrap();
    let server = Server::start(&folder.path().join("data"));
    let good = server.office.code("invoices");
    let public = SecretKey::generate().unwrap().public().to_hex();
    let mut seen = Vec::new();
    for guess in (0..11).map(|n| format!("2222-2222-2222-22{n:02}")).chain([good]) {
        let body = json!({ "code": guess, "name": "guesser", "public-key": public }).to_string();
        let answer =
            server.http.post(format!("{}/api/v1/enrol", server.url)).body(body).send().await.unwrap();
        let waits = answer.headers().contains_key("retry-after");
        let (status, _) = outcome(answer).await;
        assert_eq!(status == 429, waits);
        seen.push(status);
    }
    assert_eq!(seen[..10], [403; 10]);
    assert_eq!(seen[10..], [429, 429], "even the right one waits");
}

#[tokio::test]
async fn newer_terms_reach_the_device_and_older_ones_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    let server = Server::start(&folder.path().join("data"));
    let device = server.enrol("invoices").await;
    let sequence = async || {
        let request = server.http.get(format!("{}/api/v1/terms", server.url)).bearer_auth(&device.token);
        let body = request.send().await.unwrap().bytes().await.unwrap();
        serde_json::from_slice::<Value>(&body).unwrap()["sequence"].as_u64().unwrap()
    };
    assert_eq!(sequence().await, 1);
    assert_eq!(
        server.office.contract(&terms("invoices", 2, 5), CLIENT, WORKER).unwrap()["change"],
        "updated"
    );
    assert_eq!(sequence().await, 2);
    assert_eq!(server.office.contract(&terms("invoices", 2, 5), CLIENT, WORKER).unwrap()["change"], "kept");
    let refused = server.office.contract(&terms("invoices", 2, 10), CLIENT, WORKER).unwrap_err();
    assert!(refused.contains("raise the sequence to 3"), "{refused}");
    server.office.account("client", "Halden", "ola@halden.example", "UTC");
    let refused =
        server.office.contract(&terms("invoices", 3, 10), "ola@halden.example", WORKER).unwrap_err();
    assert!(refused.contains("other people"), "{refused}");
    assert_eq!(sequence().await, 2);
}

#[tokio::test]
async fn an_address_that_nobody_serves_is_answered_in_the_same_form() {
    let folder = tempfile::tempdir().unwrap();
    let server = Server::start(&folder.path().join("data"));
    let answer = server.get("/api/v2/parcels", None).await;
    assert_eq!(answer.headers()["x-content-type-options"], "nosniff");
    assert_eq!(outcome(answer).await, (404, "not-found".into()));
}

#[tokio::test]
async fn whoever_was_just_enrolled_may_go_on_cutting_and_counting_as_under_the_terms_before() {
    const WEEK: u64 = 7 * 24 * 60 * 60_000;
    let folder = tempfile::tempdir().unwrap();
    let server = Server::start(&folder.path().join("data"));
    // Ten minutes without counts; then five, counted.
    let mut before = terms("changed", 1, 10);
    before["collectors"] = json!([]);
    let mut after = terms("changed", 2, 5);
    after["collectors"] = json!([{ "plugin": "activity", "settings": {} }]);
    after["worker-chooses"] = json!({});
    server.office.contract(&before, CLIENT, WORKER).unwrap();
    server.office.contract(&after, CLIENT, WORKER).unwrap();
    let device = server.enrol("changed").await;
    let digests = [&before, &after]
        .map(|terms| serde_json::from_value::<candor_diary::terms::Terms>(terms.clone()).unwrap().digest());
    let parcel = |start: u64, length: u8, terms: u64, sequence: u64| {
        let mut parcel = device.parcel_at(start, length, sequence);
        let digest = digests[usize::try_from(terms).unwrap() - 1].clone();
        parcel.terms = TermsRef { sequence: terms, digest };
        parcel.activity = candor_diary::parcel::Activity::Off;
        for minute in &mut parcel.minutes {
            *minute = MinuteFacts::new(minute.start, minute.tracked_ms, None);
        }
        parcel
    };
    // Until the next full hour segments are as long as before, and what was not counted is in some of them.
    let start = this_week(12);
    device.deliver(&parcel(start, 10, 2, 1)).await;
    assert_eq!(device.minutes().await, (10, 10));
    // A length of no terms at all, one of later terms, and one long after.
    let refused = (422, "other-segments".to_owned());
    for (what, parcel) in [
        ("of no terms", parcel(start + 3_600_000, 15, 2, 2)),
        ("of later terms", parcel(start + 3_600_000, 5, 1, 2)),
    ] {
        assert_eq!(outcome(device.put_parcel(&parcel).await).await, refused, "{what}");
    }
    set_clock(&folder.path().join("data"), STARTED + 3 * WEEK);
    let long_after = parcel(this_week(12) + 3 * WEEK, 10, 2, 2);
    assert_eq!(outcome(device.put_parcel(&long_after).await).await, refused);
    set_clock(&folder.path().join("data"), STARTED);
    device.deliver(&parcel(start + 3_600_000, 5, 2, 2)).await;
}

#[tokio::test]
async fn pictures_that_no_parcel_names_are_bounded_whether_their_parcel_is_here_or_not() {
    let folder = tempfile::tempdir().unwrap();
    let server = Server::start(&folder.path().join("data"));
    let device = server.enrol("invoices").await;
    // What a parcel names waits no more.
    let mut named = device.parcel(0);
    device.add_picture(&mut named, &Picture::draw(48, 27, 1, false)).await;
    device.deliver(&named).await;
    let send = async |parcel: &str, seed: u32| {
        let Picture { bytes, .. } = Picture::draw(64, 36 + seed, seed, false);
        let place = format!("parcels/{parcel}/attachments/{}", sha256_hex(&bytes));
        outcome(device.put(&place, bytes).await).await
    };
    let most = candor_backoffice::limits::WAITING_ATTACHMENTS;
    for nth in 0..most {
        // Every other one for a parcel that is here and names another picture.
        let parcel = if nth % 2 == 0 { named.id.clone() } else { format!("{nth:032x}") };
        assert_eq!(send(&parcel, u32::try_from(nth).unwrap()).await.0, 201, "{nth}");
    }
    for parcel in [&named.id, &"f".repeat(32)] {
        assert_eq!(send(parcel, 1_000).await, (429, "too-many-waiting".to_owned()));
    }
}
