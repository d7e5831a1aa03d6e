//! The uploader `backoffice`, against a server on this machine.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};

use candor_sandbox::host_traits::AttachmentSource;
use candor_sandbox::model::{DeliveryFailure, ParcelToDeliver};
use candor_sandbox::{Capability, Grants, HttpGrant, Uploader, UploaderHosts};
use tokio::io::{AsyncBufReadExt as _, AsyncReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::net::{TcpListener, TcpStream};

use crate::support::{World, prepare, settings_refused};

const ID: &str = "0123456789abcdef0123456789abcdef";
const ENVELOPE: &[u8] = br#"{"payload":"e30="}"#;

/// A request as it arrived: its first line, the headers that matter, the body.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Asked {
    line: String,
    authorization: String,
    content_type: String,
    body: Vec<u8>,
}

/// Answers requests one by one with what it was told to say, and remembers them.
struct Server {
    origin: String,
    asked: Arc<Mutex<Vec<Asked>>>,
}

impl Server {
    async fn start(answers: &[&str]) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let origin = format!("http://{}", listener.local_addr().unwrap());
        let asked = Arc::<Mutex<Vec<Asked>>>::default();
        let remembered = Arc::clone(&asked);
        let mut answers: VecDeque<String> = answers.iter().map(|answer| (*answer).to_owned()).collect();
        tokio::spawn(async move {
            while let Some(answer) = answers.pop_front() {
                let (stream, _) = listener.accept().await.unwrap();
                let request = serve(stream, &answer).await;
                remembered.lock().unwrap().push(request);
            }
        });
        Self { origin, asked }
    }

    fn asked(&self) -> Vec<Asked> {
        self.asked.lock().unwrap().clone()
    }
}

/// `answer` is a status, headers separated by `;`, and a body, separated by `|`.
async fn serve(stream: TcpStream, answer: &str) -> Asked {
    let mut stream = BufReader::new(stream);
    let mut asked = Asked {
        line: String::new(),
        authorization: String::new(),
        content_type: String::new(),
        body: Vec::new(),
    };
    stream.read_line(&mut asked.line).await.unwrap();
    asked.line = asked.line.trim_end().to_owned();
    let mut length = 0;
    loop {
        let mut header = String::new();
        stream.read_line(&mut header).await.unwrap();
        let Some((name, value)) = header.trim_end().split_once(": ") else { break };
        match name.to_ascii_lowercase().as_str() {
            "authorization" => value.clone_into(&mut asked.authorization),
            "content-type" => value.clone_into(&mut asked.content_type),
            "content-length" => length = value.parse().unwrap(),
            _ => {}
        }
    }
    asked.body.resize(length, 0);
    stream.read_exact(&mut asked.body).await.unwrap();
    let mut parts = answer.splitn(3, '|');
    let (status, headers, body) =
        (parts.next().unwrap(), parts.next().unwrap_or(""), parts.next().unwrap_or(""));
    let headers: String =
        headers.split(';').filter(|h| !h.is_empty()).map(|header| format!("{header}\r\n")).collect();
    let text = format!(
        "HTTP/1.1 {status} Said\r\ncontent-length: {}\r\nconnection: close\r\n{headers}\r\n{body}",
        body.len()
    );
    stream.write_all(text.as_bytes()).await.unwrap();
    asked
}

struct Bytes(&'static str, Vec<u8>);

#[async_trait::async_trait]
impl AttachmentSource for Bytes {
    fn length(&self) -> u64 {
        self.1.len() as u64
    }
    fn sha256(&self) -> &str {
        self.0
    }
    fn media_type(&self) -> &str {
        "image/webp"
    }
    async fn read(&self, offset: u64, count: u32) -> Result<Vec<u8>, String> {
        let start = usize::try_from(offset).unwrap().min(self.1.len());
        let end = (start + count as usize).min(self.1.len());
        Ok(self.1[start..end].to_vec())
    }
}

fn parcel() -> ParcelToDeliver {
    ParcelToDeliver {
        id: ID.into(),
        contract: "c1".into(),
        segment_start: 600_000,
        segment_length: 600_000,
        envelope: ENVELOPE.to_vec(),
    }
}

/// The plugin, with a token for one origin, told to deliver to `url`.
async fn uploader(url: &str, origin: &str, token: bool) -> Uploader {
    // Several tests may come here; one of them is the first.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let world = Arc::new(World {
        token: token.then(|| (origin.to_owned(), "s3cret".to_owned())),
        ..World::default()
    });
    let grants = Grants {
        capabilities: [Capability::Http].into(),
        http: vec![HttpGrant { origin: origin.to_owned(), private: true }],
        ..Grants::default()
    };
    let hosts = UploaderHosts { store: world.clone(), secrets: world.clone(), dates: world };
    let settings = format!(r#"{{"url": "{url}", "secret": "device-token"}}"#);
    prepare("candor_uploader_backoffice")
        .await
        .uploader("backoffice", &grants, &settings, hosts)
        .await
        .unwrap()
}

/// What a back office answers where it took an attachment.
const TAKEN: &str = "201|content-type: application/json|{}";

#[tokio::test]
async fn attachments_go_first_then_the_exact_envelope_and_the_answer_is_the_receipt() {
    let server = Server::start(&[TAKEN, TAKEN, "201|content-type: application/json|{\"signed\":true}"]).await;
    let mut plugin = uploader(&format!("{}/", server.origin), &server.origin, true).await;
    let picture: Vec<u8> = (0..=255).cycle().take(300_000).collect();
    let attachments: Vec<Arc<dyn AttachmentSource>> =
        vec![Arc::new(Bytes("aa11", picture.clone())), Arc::new(Bytes("bb22", vec![7]))];
    let proof = plugin.deliver(parcel(), attachments).await.unwrap();
    assert_eq!(proof, Ok(b"{\"signed\":true}".to_vec()));
    let put = |rest: &str, content_type: &str, body: &[u8]| Asked {
        line: format!("PUT /api/v1/parcels/{ID}{rest} HTTP/1.1"),
        authorization: "Bearer s3cret".into(),
        content_type: content_type.into(),
        body: body.to_vec(),
    };
    let asked = server.asked();
    assert_eq!(asked.len(), 3);
    assert!(asked[0] == put("/attachments/aa11", "image/webp", &picture), "{}", asked[0].line);
    assert_eq!(asked[1], put("/attachments/bb22", "image/webp", &[7]));
    let body = [&b"{\"envelope\":"[..], ENVELOPE, b",\"details\":[]}"].concat();
    assert_eq!(asked[2], put("", "application/json", &body));
}

#[tokio::test]
async fn the_parcel_is_not_sent_before_its_pictures_are_there() {
    let server = Server::start(&["503|retry-after: 9"]).await;
    let mut plugin = uploader(&server.origin, &server.origin, true).await;
    let outcome = plugin.deliver(parcel(), vec![Arc::new(Bytes("aa11", vec![1]))]).await.unwrap();
    assert!(matches!(outcome, Err(DeliveryFailure::Later { after: 9_000, .. })), "{outcome:?}");
    assert_eq!(server.asked().len(), 1);
}

#[tokio::test]
async fn each_refusal_is_told_apart() {
    let later = |after, reason: &str| DeliveryFailure::Later { after, reason: reason.to_owned() };
    let strange = |status| {
        format!(
            "the answer {status} did not come from the back office: something on the way gave it, such as a proxy or a \
             sign-in page of the network"
        )
    };
    for (answer, expected) in [
        (
            r#"401|content-type: application/json|{"code":"unauthorised","message":""}"#,
            DeliveryFailure::Unauthorised,
        ),
        ("401", later(5_000, &strange(401))),
        (
            r#"409|content-type: application/json|{"code":"week-locked","message":""}"#,
            DeliveryFailure::Rejected("week-locked".into()),
        ),
        ("422||<html>", later(5_000, &strange(422))),
        ("429|retry-after: 30", later(30_000, &strange(429))),
        ("500", later(5_000, &strange(500))),
    ] {
        let server = Server::start(&[answer]).await;
        let mut plugin = uploader(&server.origin, &server.origin, true).await;
        assert_eq!(plugin.deliver(parcel(), vec![]).await.unwrap(), Err(expected), "{answer}");
    }
    let server = Server::start(&["308|location: http://127.0.0.1:1/"]).await;
    let mut plugin = uploader(&server.origin, &server.origin, true).await;
    let moved = plugin.deliver(parcel(), vec![]).await.unwrap().unwrap_err().to_string();
    assert!(moved.contains("308") && moved.contains("it points to http://127.0.0.1:1/"), "{moved}");
}

#[tokio::test]
async fn a_picture_that_is_refused_does_not_take_the_parcel() {
    let refused = r#"413|content-type: application/json|{"code":"too-large","message":""}"#;
    let server = Server::start(&[refused]).await;
    let mut plugin = uploader(&server.origin, &server.origin, true).await;
    let outcome = plugin.deliver(parcel(), vec![Arc::new(Bytes("aa11", vec![1]))]).await.unwrap();
    assert_eq!(outcome, Err(DeliveryFailure::AttachmentRejected("too-large".into())));
}

#[tokio::test]
async fn without_a_server_the_parcel_waits_and_without_a_token_a_person_has_to_act() {
    // A port that was free a moment ago: nobody listens.
    let gone = {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        format!("http://{}", listener.local_addr().unwrap())
    };
    let mut plugin = uploader(&gone, &gone, true).await;
    let outcome = plugin.deliver(parcel(), vec![]).await.unwrap();
    assert!(matches!(outcome, Err(DeliveryFailure::Later { after: 5_000, .. })), "{outcome:?}");
    let mut plugin = uploader(&gone, &gone, false).await;
    assert_eq!(plugin.deliver(parcel(), vec![]).await.unwrap(), Err(DeliveryFailure::Unauthorised));
}

#[tokio::test]
async fn a_bad_address_is_refused_with_its_place() {
    let world = World::new();
    let hosts = || UploaderHosts { store: world.clone(), secrets: world.clone(), dates: world.clone() };
    let grants = Grants { capabilities: [Capability::Http].into(), ..Grants::default() };
    let prepared = prepare("candor_uploader_backoffice").await;
    for (settings, place) in [
        (r#"{"url": "diary.example.org", "secret": "device-token"}"#, "/url"),
        (r#"{"url": "https://diary.example.org", "secret": ""}"#, "/secret"),
        (r#"{"url": "https://diary.example.org"}"#, ""),
    ] {
        let refused = settings_refused(prepared.uploader("backoffice", &grants, settings, hosts()).await);
        assert_eq!(refused[0].0, place, "{settings}");
    }
}
