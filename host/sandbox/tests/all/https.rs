//! `http` as a guest sees it, against a real server on this machine.

use std::sync::Arc;

use candor_sandbox::model::{Cause, DeliveryFailure};
use candor_sandbox::{Capability, Failure, Grants, HttpGrant};

use crate::server::{Server, answer};
use crate::support::{Text, World, brief, parcel, patient, prepare, told, uploader};

fn grants(origins: &[(String, bool)]) -> Grants {
    let http =
        origins.iter().map(|(origin, private)| HttpGrant { origin: origin.clone(), private: *private });
    Grants {
        capabilities: [Capability::Http, Capability::Folder].into(),
        http: http.collect(),
        folder: Some(std::env::temp_dir()),
    }
}

fn granted(server: &Server) -> Grants {
    grants(&[(server.origin(), true)])
}

fn fine(_path: &str) -> String {
    answer(200, &["x-kind: answer", "set-cookie: a=b", "www-authenticate: Basic"], "hello")
}

#[tokio::test]
async fn a_request_is_sent_with_its_body_streamed() {
    let server = Server::start(fine).await;
    let deeds = format!("with content-type application/json\nsend POST {}/in?x=1#y", server.origin());
    let mut uploader = uploader(&deeds, patient(), &granted(&server), &World::new()).await;
    let large = "y".repeat(600_000);
    let told = told(&mut uploader, &["-one-", &large]).await;
    assert!(told.starts_with("call 1\n200\n"), "{told}");
    assert!(told.contains("x-kind: answer") && told.ends_with("\nhello\n"), "{told}");

    let asked = server.asked().pop().unwrap();
    assert_eq!(asked.line, "POST /in?x=1 HTTP/1.1");
    assert_eq!(asked.body, format!("{{\"signed\":true}}-one-{large}").into_bytes());
    assert_eq!(asked.header("content-length"), Some(asked.body.len().to_string().as_str()));
    assert_eq!(asked.header("content-type"), Some("application/json"));
    assert_eq!(asked.header("transfer-encoding"), None);
    assert_eq!(asked.header("accept-encoding"), None);
}

#[tokio::test]
async fn headers_of_the_answer_that_carry_secrets_are_left_out() {
    let server = Server::start(fine).await;
    let deeds = format!("send GET {}/", server.origin());
    let mut uploader = uploader(&deeds, patient(), &granted(&server), &World::new()).await;
    let told = told(&mut uploader, &[]).await;
    assert!(!told.contains("cookie") && !told.contains("authenticate"), "{told}");
}

#[tokio::test]
async fn headers_that_are_the_hosts_are_refused() {
    let server = Server::start(fine).await;
    for name in
        ["Host", "content-length", "Transfer-Encoding", "connection", "proxy-authorization", "bad\u{e4}"]
    {
        let deeds = format!("with {name} x\nsend GET {}/", server.origin());
        let mut uploader = uploader(&deeds, patient(), &granted(&server), &World::new()).await;
        let told = told(&mut uploader, &[]).await;
        assert_eq!(told, format!("call 1\nHttpError::BadHeader({name:?})\n"));
    }
    assert!(server.asked().is_empty());
}

#[tokio::test]
async fn a_redirect_is_not_followed() {
    let server = Server::start(|path| match path {
        "/from" => answer(302, &["location: /to"], ""),
        _ => answer(200, &[], "followed"),
    })
    .await;
    let deeds = format!("send GET {}/from", server.origin());
    let mut uploader = uploader(&deeds, patient(), &granted(&server), &World::new()).await;
    let told = told(&mut uploader, &[]).await;
    assert!(told.starts_with("call 1\n302\n") && told.contains("location: /to"), "{told}");
    assert_eq!(server.asked().len(), 1);
}

#[tokio::test]
async fn what_is_not_granted_is_refused_with_the_grant_to_add() {
    let server = Server::start(fine).await;
    let port = server.port;
    let deeds = format!(
        "send GET https://elsewhere.example/x\nsend GET http://localhost:{port}/\nsend GET file:///etc/passwd\n\
         send GET http://user:word@127.0.0.1:{port}/"
    );
    let mut uploader = uploader(&deeds, patient(), &granted(&server), &World::new()).await;
    let told = told(&mut uploader, &[]).await;
    assert_eq!(
        told,
        format!(
            "call 1\n\
             HttpError::NotGranted(\"`http` with the origin \\\"https://elsewhere.example\\\"\")\n\
             HttpError::NotGranted(\"`http` with the origin \\\"http://localhost:{port}\\\"\")\n\
             HttpError::BadUrl(\"is neither https nor http\")\n\
             HttpError::BadUrl(\"carries a user name or password, which belongs into a secret\")\n"
        )
    );
    assert!(server.asked().is_empty());
}

#[tokio::test]
async fn this_machine_in_every_spelling_is_refused_unless_granted_as_private() {
    let server = Server::start(fine).await;
    let port = server.port;
    for host in [
        "127.0.0.1",
        "2130706433",
        "0x7f.1",
        "0177.0.0.1",
        "127.1",
        "[::ffff:127.0.0.1]",
        "[::ffff:7f00:1]",
        "[64:ff9b::127.0.0.1]",
        "localhost",
        "0.0.0.0",
        "[::]",
    ] {
        let origin = format!("http://{host}:{port}");
        let deeds = format!("send GET {origin}/");
        let refused = grants(&[(origin, false)]);
        let mut uploader = uploader(&deeds, patient(), &refused, &World::new()).await;
        let told = told(&mut uploader, &[]).await;
        assert!(told.starts_with("call 1\nHttpError::NotGranted("), "{host}: {told}");
    }
    assert!(server.asked().is_empty());
    // Granted as private, a name is resolved, judged and reached.
    let origin = format!("http://localhost:{port}");
    let deeds = format!("send GET {origin}/");
    let mut uploader = uploader(&deeds, patient(), &grants(&[(origin, true)]), &World::new()).await;
    assert!(told(&mut uploader, &[]).await.starts_with("call 1\n200\n"));
    // An address that no host has is refused all the same.
    let origin = format!("http://0.0.0.0:{port}");
    let deeds = format!("send GET {origin}/");
    let mut uploader =
        crate::support::uploader(&deeds, patient(), &grants(&[(origin.clone(), true)]), &World::new()).await;
    assert_eq!(
        told(&mut uploader, &[]).await,
        format!("call 1\nHttpError::NotGranted(\"none: {origin} leads to an address that no host has\")\n")
    );
    assert_eq!(server.asked().len(), 1);
}

fn with_secret(server: &Server, secret: &str) -> Arc<World> {
    let secrets = vec![("token".to_owned(), server.origin(), secret.to_owned())];
    Arc::new(World { secrets, ..World::default() })
}

#[tokio::test]
async fn a_secret_goes_to_its_origin_and_no_other_and_never_to_the_plugin() {
    let server = Server::start(fine).await;
    let other = Server::start(fine).await;
    let world = with_secret(&server, "s3cret");
    let deeds = format!(
        "send POST {}/ header authorization token\nsend POST {}/ header authorization token\n\
         send POST {}/ header authorization nothing",
        server.origin(),
        other.origin(),
        server.origin()
    );
    let both = grants(&[(server.origin(), true), (other.origin(), true)]);
    let mut uploader = uploader(&deeds, patient(), &both, &world).await;
    let told = told(&mut uploader, &[]).await;
    let missing = |name: &str, server: &Server| {
        format!("HttpError::NoSecret(\"no secret `{name}` is stored for {}\")\n", server.origin())
    };
    assert!(
        told.ends_with(&format!("hello\n{}{}", missing("token", &other), missing("nothing", &server))),
        "{told}"
    );
    assert!(!told.contains("s3cret"));
    let asked = server.asked();
    assert_eq!(asked.len(), 1);
    assert_eq!(asked[0].header("authorization"), Some("Bearer s3cret"));
    assert!(other.asked().is_empty());
    assert!(uploader.log().iter().all(|line| !line.text.contains("s3cret")));
}

#[tokio::test]
async fn a_secret_signs_the_body() {
    let server = Server::start(fine).await;
    // RFC 4231, test case 2, with the attachment as the message after an empty parcel.
    let world = with_secret(&server, "Jefe");
    let deeds = format!("send POST {}/ hmac x-signature token", server.origin());
    let mut uploader = uploader(&deeds, patient(), &granted(&server), &world).await;
    let mut empty = parcel();
    empty.envelope.clear();
    let done = uploader.deliver(empty, vec![Text::new("what do ya want "), Text::new("for nothing?")]).await;
    assert!(done.unwrap().is_ok());
    assert_eq!(
        server.asked()[0].header("x-signature"),
        Some("5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843")
    );
}

#[tokio::test]
async fn a_secret_signs_the_aws_way() {
    let server = Server::start(fine).await;
    let world = with_secret(&server, "AKID:key");
    let deeds = format!("send PUT {}/bucket/key aws eu-north-1 token", server.origin());
    let mut uploader = uploader(&deeds, patient(), &granted(&server), &world).await;
    told(&mut uploader, &[]).await;
    let asked = server.asked().pop().unwrap();
    let authorization = asked.header("authorization").unwrap();
    assert!(authorization.starts_with("AWS4-HMAC-SHA256 Credential=AKID/"), "{authorization}");
    assert!(
        authorization
            .contains("/eu-north-1/s3/aws4_request, SignedHeaders=host;x-amz-content-sha256;x-amz-date, "),
        "{authorization}"
    );
    assert_eq!(asked.header("host"), Some(format!("127.0.0.1:{}", server.port).as_str()));
    assert_eq!(asked.header("x-amz-content-sha256").map(str::len), Some(64));
}

#[tokio::test]
async fn an_answer_that_is_too_large_is_refused() {
    // One says so beforehand, the other does not.
    let server = Server::start(|path| {
        let body = "z".repeat(8 * 1024 * 1024 + 1);
        match path {
            "/told" => answer(200, &[], &body),
            _ => format!("HTTP/1.1 200 Fine\r\nconnection: close\r\n\r\n{body}"),
        }
    })
    .await;
    let origin = server.origin();
    let deeds = format!("send GET {origin}/told\nsend GET {origin}/untold");
    let mut uploader = uploader(&deeds, patient(), &granted(&server), &World::new()).await;
    assert_eq!(told(&mut uploader, &[]).await, "call 1\nHttpError::TooLarge\nHttpError::TooLarge\n");
}

#[tokio::test]
async fn nobody_listening_is_unreachable() {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let origin = format!("http://{}", listener.local_addr().unwrap());
    drop(listener);
    let deeds = format!("send GET {origin}/");
    let mut uploader = uploader(&deeds, patient(), &grants(&[(origin, true)]), &World::new()).await;
    let told = told(&mut uploader, &[]).await;
    assert!(told.starts_with("call 1\nHttpError::Unreachable("), "{told}");
}

#[tokio::test]
async fn a_feed_has_the_network_and_notes_what_it_finds() {
    let server = Server::start(fine).await;
    let world = World::new();
    let prepared = prepare("hostile_feed", patient()).await;
    let grants = Grants {
        capabilities: [Capability::Http].into(),
        http: vec![HttpGrant { origin: server.origin(), private: true }],
        folder: None,
    };
    let settings = format!("{:?}", server.origin());
    let mut feed = prepared.collector("builds", &grants, &settings, world.hosts()).await.unwrap();
    feed.woken(Cause::Started).await.unwrap();
    assert_eq!(world.notes(), ["answer 200"]);
}

#[tokio::test]
async fn attachments_are_read_in_bounds() {
    let mut uploader = uploader("read", patient(), &grants(&[]), &World::new()).await;
    let told = told(&mut uploader, &["abcdefg"]).await;
    assert_eq!(told, "call 1\ntext/plain 7 Ok([99, 100, 101]) Err(ReadError::Outside)\n");
}

#[tokio::test]
async fn who_keeps_an_attachment_starts_anew() {
    let mut keeping = uploader("keep", patient(), &grants(&[]), &World::new()).await;
    for _ in 0..8 {
        assert_eq!(told(&mut keeping, &["abc"]).await, "call 1\n");
    }
    let mut good = uploader("", patient(), &grants(&[]), &World::new()).await;
    assert_eq!(told(&mut good, &["abc"]).await, "call 1\n");
    assert_eq!(told(&mut good, &["abc"]).await, "call 2\n");
}

#[tokio::test]
async fn a_rejection_is_a_short_code() {
    for (code, expected) in [
        ("segment-locked", Ok(Err(DeliveryFailure::Rejected("segment-locked".into())))),
        (
            "Segment_Locked",
            Err(Failure::Misbehaved("its code of rejection is not 1 to 64 of a-z, 0-9 and `-`".into())),
        ),
    ] {
        let mut uploader = uploader(&format!("reject {code}"), patient(), &grants(&[]), &World::new()).await;
        assert_eq!(uploader.deliver(parcel(), Vec::new()).await, expected);
    }
}

#[tokio::test]
async fn an_uploader_that_never_ends_is_timed_out() {
    let mut endless = uploader("loop", brief(), &grants(&[]), &World::new()).await;
    assert_eq!(endless.deliver(parcel(), Vec::new()).await, Err(Failure::TimedOut));
}
