//! A back office behind a proxy: strangers must not be able to shut out others by trying passwords and codes.

use std::path::Path;
use std::time::{Duration, Instant};

use candor_backoffice::limits;
use candor_seal::SecretKey;
use futures_util::future::join_all;
use reqwest::Response;
use serde_json::json;
use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;

use crate::common::{CLIENT, PASSWORD, Server, WORKER, outcome};

const X: &str = "x-forwarded-for";

/// A back office that trusts a proxy on this machine, which is whoever sends the test's requests.
fn start(data: &Path) -> Server {
    drop(Server::start(data));
    Server::restart_with(data, &["--trusted-proxy", "127.0.0.1"])
}

async fn sign_in(server: &Server, from: &str, email: &str, password: &str) -> u16 {
    server.try_sign_in(email, password, &[(X, from)]).await.status().as_u16()
}

async fn enrol(server: &Server, from: &str, code: &str) -> Response {
    let key = SecretKey::generate().unwrap().public().to_hex();
    let body = json!({ "code": code, "name": "thinkpad", "public-key": key }).to_string();
    let request = server.http.post(format!("{}/api/v1/enrol", server.url)).header(X, from).body(body);
    request.send().await.unwrap()
}

#[tokio::test]
async fn a_stranger_who_guesses_shuts_out_only_himself() {
    let folder = tempfile::tempdir().unwrap();
    let server = start(&folder.path().join("data"));
    let stranger = "203.0.113.66";
    for _ in 0..limits::SIGN_IN_TRIES {
        assert_eq!(sign_in(&server, stranger, WORKER, "wrong password").await, 401);
    }
    assert_eq!(sign_in(&server, stranger, WORKER, PASSWORD).await, 429);
    // What he writes into the header himself stands left of what the proxy writes.
    assert_eq!(sign_in(&server, &format!("198.51.100.1, {stranger}"), WORKER, PASSWORD).await, 429);
    assert_eq!(sign_in(&server, "198.51.100.1", WORKER, PASSWORD).await, 303, "the owner");
    // All of an IPv6 network is one stranger.
    for nth in 0..limits::SIGN_IN_TRIES {
        assert_eq!(sign_in(&server, &format!("2001:db8::{nth}"), CLIENT, "wrong password").await, 401);
    }
    assert_eq!(sign_in(&server, "2001:db8::ffff", CLIENT, PASSWORD).await, 429);
    assert_eq!(sign_in(&server, "2001:db8:0:1::1", CLIENT, PASSWORD).await, 303);

    // Wrong codes: nobody else waits for it.
    let code = server.office.code("invoices");
    for _ in 0..limits::ENROL_TRIES {
        assert_eq!(outcome(enrol(&server, stranger, "2222-2222-2222-2222").await).await.0, 403);
    }
    assert_eq!(outcome(enrol(&server, stranger, &code).await).await, (429, "too-many-tries".into()));
    assert_eq!(enrol(&server, "198.51.100.1", &code).await.status(), 201);
}

#[tokio::test]
async fn only_a_trusted_proxy_names_the_client() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    drop(Server::start(&data));
    let server = Server::restart_with(&data, &["--trusted-proxy", "10.0.0.0/8", "--trusted-proxy", "::2"]);
    for nth in 0..limits::SIGN_IN_TRIES {
        assert_eq!(sign_in(&server, &format!("198.51.100.{nth}"), WORKER, "wrong password").await, 401);
    }
    assert_eq!(sign_in(&server, "198.51.100.99", WORKER, PASSWORD).await, 429, "the header is not believed");
}

#[tokio::test]
async fn success_with_ones_own_account_gives_no_further_guesses_at_others() {
    let folder = tempfile::tempdir().unwrap();
    let server = start(&folder.path().join("data"));
    let from = "203.0.113.66";
    let mut taken = 0;
    for _ in 0..2 * limits::SIGN_IN_TRIES {
        assert_eq!(sign_in(&server, from, CLIENT, PASSWORD).await, 303);
        taken += u32::from(sign_in(&server, from, WORKER, "wrong password").await == 401);
    }
    assert_eq!(taken, limits::SIGN_IN_TRIES);
}

#[tokio::test]
async fn guessing_from_everywhere_is_slow_and_the_owner_signs_in_all_the_same() {
    let folder = tempfile::tempdir().unwrap();
    let server = start(&folder.path().join("data"));
    assert_eq!(sign_in(&server, "198.51.100.1", WORKER, PASSWORD).await, 303);
    let guess = async |address: u32| {
        let mut taken = 0;
        for _ in 0..limits::SIGN_IN_TRIES {
            let from = format!("203.0.113.{address}");
            taken += u32::from(sign_in(&server, &from, WORKER, "wrong password").await == 401);
        }
        taken
    };
    let taken: u32 = join_all((0..12).map(guess)).await.into_iter().sum();
    assert!((limits::SIGN_IN_TRIES_OF_ACCOUNT..=40).contains(&taken), "{taken} of 60 were looked at");
    let since = Instant::now();
    assert_eq!(
        sign_in(&server, "198.51.100.1", WORKER, PASSWORD).await,
        303,
        "from where the owner always is"
    );
    assert!(since.elapsed() < limits::CROWDED_DELAY);
    let since = Instant::now();
    assert_eq!(sign_in(&server, "198.51.100.2", WORKER, PASSWORD).await, 303, "and from a new place");
    assert!(since.elapsed() >= limits::CROWDED_DELAY);
    assert_eq!(
        sign_in(&server, "203.0.113.5", CLIENT, PASSWORD).await,
        303,
        "other accounts are not touched"
    );

    // The same for codes.
    let code = server.office.code("invoices");
    let guess = async |address: u32| {
        let from = format!("192.0.2.{address}");
        for _ in 0..limits::ENROL_TRIES {
            enrol(&server, &from, "2222-2222-2222-2222").await;
        }
    };
    join_all((0..limits::ENROL_TRIES_OF_ALL / limits::ENROL_TRIES + 5).map(guess)).await;
    assert_eq!(
        enrol(&server, "198.51.100.3", &code).await.status(),
        201,
        "a right code from a fresh address"
    );
}

#[tokio::test]
async fn who_holds_requests_through_the_proxy_shuts_nobody_out() {
    let folder = tempfile::tempdir().unwrap();
    let server = start(&folder.path().join("data"));
    let mut held = Vec::new();
    for _ in 0..limits::REQUESTS_OF_ADDRESS {
        let mut stream = TcpStream::connect(server.url.strip_prefix("http://").unwrap()).await.unwrap();
        let head = "POST /api/v1/enrol HTTP/1.1\r\nhost: a\r\nx-forwarded-for: 203.0.113.66\r\ncontent-length: 9\r\n\r\n";
        stream.write_all(head.as_bytes()).await.unwrap();
        held.push(stream);
    }
    tokio::time::sleep(Duration::from_millis(500)).await;
    let ask = async |from: &str| {
        let request = server.http.get(format!("{}/api/v1/terms", server.url)).header(X, from);
        outcome(request.send().await.unwrap()).await
    };
    assert_eq!(ask("203.0.113.66").await, (503, "busy".into()));
    assert_eq!(ask("198.51.100.1").await, (401, "unauthorised".into()));
}
