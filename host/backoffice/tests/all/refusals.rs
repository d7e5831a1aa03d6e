//! Whatever is asked of the API, a refusal is one that a device can read.

use candor_diary::parcel::PARCEL_TYPE;
use reqwest::{Method, Response, StatusCode};
use serde_json::{Value, json};

use crate::common::{Server, body, outcome, split};

/// Method, path, body; status and code of the refusal.
type Row = (Method, String, Vec<u8>, (u16, &'static str));

/// Returns status and code of a refusal, which must be in the API's own form.
async fn refusal(what: &str, answer: Response) -> (u16, String) {
    let status = answer.status();
    assert!(status.is_client_error(), "{what}: {status}");
    assert_eq!(answer.headers()["content-type"], "application/json", "{what}");
    assert_eq!(answer.headers()["x-content-type-options"], "nosniff", "{what}");
    if status == StatusCode::METHOD_NOT_ALLOWED {
        assert!(answer.headers().contains_key("allow"), "{what}");
    }
    let body: Value = serde_json::from_slice(&answer.bytes().await.unwrap()).unwrap();
    assert_eq!(body.as_object().unwrap().len(), 2, "{what}: {body}");
    assert!(body["message"].as_str().unwrap().ends_with('.'), "{what}: {body}");
    (status.as_u16(), body["code"].as_str().unwrap().to_owned())
}

#[tokio::test]
async fn every_refusal_of_the_api_is_in_its_own_form() {
    let folder = tempfile::tempdir().unwrap();
    let server = Server::start(&folder.path().join("data"));
    let device = server.enrol("invoices").await;
    let id = "a".repeat(32);
    let (parcel, attachment) =
        (format!("/api/v1/parcels/{id}"), format!("/api/v1/parcels/{id}/attachments/{}", "b".repeat(64)));
    let large = |bytes: usize| vec![b'x'; bytes];
    let rows: Vec<Row> = vec![
        (Method::GET, "/api".into(), vec![], (404, "not-found")),
        (Method::GET, "/api/".into(), vec![], (404, "not-found")),
        (Method::GET, "/api/v1".into(), vec![], (404, "not-found")),
        (Method::POST, "/api/v9/terms".into(), vec![], (404, "not-found")),
        (Method::GET, "/api/%ff".into(), vec![], (404, "not-found")),
        (Method::GET, "/api/v1/week?contract=a&contract=b".into(), vec![], (400, "bad-request")),
        (Method::GET, "/api/v1/week?contract=%ff".into(), vec![], (403, "wrong-device")),
        (Method::GET, "/api/v1/week?other=1".into(), vec![], (400, "bad-request")),
        (Method::GET, "/api/v1/week?contract=other".into(), vec![], (403, "wrong-device")),
        (Method::PUT, "/api/v1/parcels/%ff".into(), vec![], (400, "bad-request")),
        (Method::PUT, format!("{parcel}/attachments/%ff"), vec![], (400, "bad-request")),
        (Method::PUT, "/api/v1/parcels/%ff/attachments/%fe".into(), vec![], (400, "bad-request")),
        (Method::DELETE, "/api/v1/terms".into(), vec![], (405, "wrong-method")),
        (Method::GET, "/api/v1/enrol".into(), vec![], (405, "wrong-method")),
        (Method::POST, parcel.clone(), vec![], (405, "wrong-method")),
        (Method::GET, attachment, vec![], (405, "wrong-method")),
        (Method::from_bytes(b"BREW").unwrap(), "/api/v1/week".into(), vec![], (405, "wrong-method")),
        (Method::POST, "/api/v1/enrol".into(), large(17 * 1024), (413, "too-large")),
        (Method::POST, "/api/v1/enrol".into(), vec![0xff, 0xfe], (400, "bad-request")),
        (Method::PUT, parcel, large(candor_backoffice::limits::PARCEL_BYTES + 1), (413, "too-large")),
    ];
    for (method, path, body, (status, code)) in rows {
        let what = format!("{method} {path}");
        let request = server.http.request(method, format!("{}{path}", server.url)).bearer_auth(&device.token);
        let answer = request.body(body).send().await.unwrap();
        assert_eq!(refusal(&what, answer).await, (status, code.to_owned()), "{what}");
    }
    for token in ["", "Bearer", "Basic YTpi", "Bearer \u{e9}"] {
        let request = server.http.get(format!("{}/api/v1/terms", server.url));
        let value = reqwest::header::HeaderValue::from_bytes(token.as_bytes()).unwrap();
        let answer = request.header("authorization", value).send().await.unwrap();
        assert_eq!(refusal(token, answer).await, (401, "unauthorised".into()), "{token}");
    }
}

#[tokio::test]
async fn numbers_that_no_database_holds_are_a_fault_of_the_parcel() {
    let folder = tempfile::tempdir().unwrap();
    let server = Server::start(&folder.path().join("data"));
    let device = server.enrol("invoices").await;
    let parcel = device.parcel(0);
    for (field, number) in [
        ("sequence", 1u64 << 63),
        ("sequence", u64::MAX),
        ("start", 1 << 63),
        ("start", u64::MAX),
        ("revision", 1 << 63),
        ("terms", 1 << 63),
    ] {
        let (core, details) = split(&parcel);
        let mut json = serde_json::to_value(&core).unwrap();
        json[field] = match field {
            "terms" => json!({ "sequence": number, "digest": core.terms.digest }),
            _ => json!(number),
        };
        let body = body(&device.sign_bytes(PARCEL_TYPE, serde_json::to_vec(&json).unwrap()), &details);
        let (status, code) = outcome(device.put(&format!("parcels/{}", parcel.id), body).await).await;
        assert_eq!(status, 422, "{field} {number}");
        assert!(matches!(code.as_str(), "bad-parcel" | "unknown-terms"), "{field} {number}: {code}");
    }
    device.deliver(&parcel).await;
}
