//! Devices, sessions and passwords that end, and how much one device may have.

use std::time::Duration;

use candor_seal::{SecretKey, sha256_hex};
use serde_json::Value;

use crate::common::{CLIENT, Device, PASSWORD, Picture, Server, WORKER, form_token, outcome};

const NEW: &str = "another long password";

#[tokio::test]
async fn a_revoked_device_is_told_so_and_a_new_code_brings_it_back() {
    let folder = tempfile::tempdir().unwrap();
    let server = Server::start(&folder.path().join("data"));
    let device = server.enrol("invoices").await;
    let other = server.enrol("invoices").await;
    device.deliver(&device.parcel(0)).await;
    let listed = server.office.run_words(&["devices", "list"], &["--contract", "invoices"], "").unwrap();
    assert_eq!(listed.as_array().unwrap().len(), 2);
    let find = |listed: &Value| {
        listed.as_array().unwrap().iter().find(|d| d["device"] == device.id).cloned().unwrap()
    };
    let row = find(&listed);
    assert!(row["revoked_at"].is_null() && row["last_parcel_at"].is_u64(), "{row}");
    assert!(server.office.run_words(&["devices", "revoke"], &[&"0".repeat(32)], "").is_err());
    server.office.run_words(&["devices", "revoke"], &[&device.id], "").unwrap();

    let answer = device.put_parcel(&device.parcel(1)).await;
    assert_eq!(answer.status(), 401);
    let body: Value = serde_json::from_slice(&answer.bytes().await.unwrap()).unwrap();
    assert_eq!(body["code"], "device-revoked");
    assert!(body["message"].as_str().unwrap().contains("was revoked"), "{body}");
    let picture = Picture::draw(64, 36, 1, false).bytes;
    let place = format!("parcels/{}/attachments/{}", device.parcel(1).id, sha256_hex(&picture));
    assert_eq!(outcome(device.put(&place, picture).await).await.0, 401);
    assert_eq!(outcome(device.week("").await).await.0, 401);
    other.deliver(&other.parcel(2)).await;
    assert_eq!(server.office.deliveries("invoices").len(), 2, "what it delivered stays");
    let listed = server.office.run_words(&["devices", "list"], &[], "").unwrap();
    assert!(find(&listed)["revoked_at"].is_u64());

    let code = server.office.code("invoices");
    let again = Device::enrol(&server.http, &server.url, &code, SecretKey::from_bytes(&device.key)).await;
    assert_eq!(again.id, device.id);
    again.deliver(&again.parcel(1)).await;
}

async fn change(server: &Server, cookie: &str, old: &str, new: &str, token: Option<&str>) -> u16 {
    let drawn = form_token(&server.page("/account", cookie).await);
    let token = token.unwrap_or(&drawn);
    let fields = [("old", old), ("new", new), ("again", new), ("form-token", token)];
    server.post_form("/account/password", &fields, &[("cookie", cookie)]).await.status().as_u16()
}

async fn is_in(server: &Server, cookie: &str) -> bool {
    server.get("/", Some(cookie)).await.status() == 200
}

#[tokio::test]
async fn a_new_password_ends_what_the_old_one_opened() {
    let folder = tempfile::tempdir().unwrap();
    let server = Server::start(&folder.path().join("data"));
    let (own, lost, client) =
        (server.sign_in(WORKER).await, server.sign_in(WORKER).await, server.sign_in(CLIENT).await);
    assert_eq!(change(&server, &own, "not the password", NEW, None).await, 403);
    assert_eq!(change(&server, &own, PASSWORD, "short", None).await, 422);
    let foreign = form_token(&server.page("/account", &client).await);
    assert_eq!(change(&server, &own, PASSWORD, NEW, Some(&foreign)).await, 403);
    assert!(is_in(&server, &lost).await, "nothing has changed yet");
    assert_eq!(change(&server, &own, PASSWORD, NEW, None).await, 200);
    assert!(is_in(&server, &own).await && !is_in(&server, &lost).await && is_in(&server, &client).await);
    assert_eq!(server.try_sign_in(WORKER, PASSWORD, &[]).await.status(), 401);
    assert_eq!(server.try_sign_in(WORKER, NEW, &[]).await.status(), 303);
    // Who sits at a browser that somebody left signed in guesses no faster than anybody else.
    let mut seen = Vec::new();
    for _ in 0..6 {
        seen.push(change(&server, &own, "not the password", NEW, None).await);
    }
    assert_eq!(seen[5], 429, "{seen:?}");

    // By the operator: drawn and printed, or given.
    let reset = server.office.run_words(&["accounts", "reset-password"], &[WORKER], "").unwrap();
    let drawn = reset["password"].as_str().unwrap();
    assert!(!is_in(&server, &own).await && is_in(&server, &client).await);
    let reset =
        server.office.run_words(&["accounts", "reset-password"], &[CLIENT, "--password-stdin"], NEW).unwrap();
    assert!(reset["password"].is_null() && reset["ended"] == 1, "{reset}");
    assert!(!is_in(&server, &client).await);
    assert_eq!(server.try_sign_in(CLIENT, NEW, &[]).await.status(), 303);
    assert_ne!(drawn, PASSWORD);
    let refused = server.office.run_words(&["accounts", "reset-password"], &["nobody@example.org"], "");
    assert!(refused.unwrap_err().contains("nobody here has the address"));
}

#[tokio::test]
async fn a_sign_in_that_began_before_the_password_changed_opens_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let server = Server::start(&folder.path().join("data"));
    // Some begin before the change, some while it is made; whichever come through by the old password must be over.
    let early = futures_util::future::join_all((0..4).map(|_| async {
        let answer = server.try_sign_in(WORKER, PASSWORD, &[]).await;
        answer.headers().get("set-cookie").map(|c| c.to_str().unwrap().split(';').next().unwrap().to_owned())
    }));
    let reset = async {
        tokio::time::sleep(Duration::from_millis(60)).await;
        server.office.run_words(&["accounts", "reset-password"], &[WORKER, "--password-stdin"], NEW).unwrap();
    };
    let (cookies, ()) = tokio::join!(early, reset);
    for cookie in cookies.into_iter().flatten() {
        assert!(!is_in(&server, &cookie).await);
    }
}

#[tokio::test]
async fn sessions_are_listed_and_end_one_by_one_or_all_at_once() {
    let folder = tempfile::tempdir().unwrap();
    let server = Server::start(&folder.path().join("data"));
    let (one, two, client) =
        (server.sign_in(WORKER).await, server.sign_in(WORKER).await, server.sign_in(CLIENT).await);
    let list = |arguments: &[&str]| server.office.run_words(&["sessions", "list"], arguments, "").unwrap();
    let listed = list(&["--email", WORKER]);
    assert_eq!((listed.as_array().unwrap().len(), list(&[]).as_array().unwrap().len()), (2, 3));
    let name = listed[0]["session"].as_str().unwrap();
    assert!(!one.contains(name) && !two.contains(name), "what is listed opens nothing");
    assert!(server.office.run_words(&["sessions", "revoke"], &[&name[..8]], "").is_err());
    server.office.run_words(&["sessions", "revoke"], &[name], "").unwrap();
    assert!(is_in(&server, &one).await != is_in(&server, &two).await, "one of the two has ended");
    server.office.run_words(&["sessions", "revoke"], &["--email", WORKER], "").unwrap();
    assert!(!is_in(&server, &one).await && !is_in(&server, &two).await && is_in(&server, &client).await);

    let (one, two) = (server.sign_in(WORKER).await, server.sign_in(WORKER).await);
    let token = form_token(&server.page("/account", &one).await);
    let out = async |token: &str| {
        let fields = [("form-token", token)];
        server.post_form("/account/sign-out-everywhere", &fields, &[("cookie", &one)]).await.status().as_u16()
    };
    assert_eq!(out("").await, 403);
    assert!(is_in(&server, &two).await);
    assert_eq!(out(&token).await, 303);
    assert!(!is_in(&server, &one).await && !is_in(&server, &two).await && is_in(&server, &client).await);
}

#[tokio::test]
async fn one_device_does_not_fill_the_disk() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    drop(Server::start(&data));
    let server = Server::restart_with(&data, &["--device-quota-mib", "1", "--device-parcels-a-day", "3"]);
    let (device, other) = (server.enrol("invoices").await, server.enrol("invoices").await);
    // Noise does not get smaller: some 480 kB each.
    let picture = |seed: u32| {
        let mut state = seed;
        let pixels: Vec<u8> = (0..400 * 400 * 3)
            .map(|_| {
                state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
                (state >> 24) as u8
            })
            .collect();
        webp::Encoder::from_rgb(&pixels, 400, 400).encode_lossless().to_vec()
    };
    let send = async |device: &Device, nth: u64, announced: bool| {
        let bytes = picture(nth as u32 + 1);
        let place = format!("parcels/{}/attachments/{}", device.parcel(nth).id, sha256_hex(&bytes));
        let request = device.http.put(format!("{}/api/v1/{place}", device.url)).bearer_auth(&device.token);
        let request = request.header("content-type", "image/webp");
        let body = if announced {
            reqwest::Body::from(bytes)
        } else {
            reqwest::Body::wrap_stream(futures_util::stream::iter([Ok::<_, std::io::Error>(bytes)]))
        };
        let answer = request.body(body).send().await.unwrap();
        let waits = answer.headers().contains_key("retry-after");
        (outcome(answer).await, waits)
    };
    assert_eq!(send(&device, 0, true).await.0.0, 201);
    assert_eq!(send(&device, 1, true).await.0.0, 201);
    for announced in [true, false] {
        assert_eq!(send(&device, 2, announced).await, ((507, "device-quota".into()), true), "{announced}");
    }
    assert_eq!(send(&other, 2, true).await.0.0, 201, "others have their own");

    for nth in 10..13 {
        device.deliver(&device.parcel(nth)).await;
    }
    // What was taken is answered again, and counts once.
    let answer = device.put_parcel(&device.parcel(13)).await;
    assert!(answer.headers().contains_key("retry-after"));
    assert_eq!(outcome(answer).await, (429, "too-many-parcels".into()));
    other.deliver(&other.parcel(20)).await;
    drop(server);
    // The operator allows more.
    let server = Server::restart_with(&data, &["--device-quota-mib", "100"]);
    let device = Device { url: server.url.clone(), ..device };
    assert_eq!(send(&device, 2, true).await.0.0, 201);
    device.deliver(&device.parcel(13)).await;
}
