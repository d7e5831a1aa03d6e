//! Strangers who hold connections, drip bytes and stand still, and honest people on slow lines beside them.

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use candor_backoffice::limits;
use candor_seal::sha256_hex;
use serde_json::Value;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpSocket, TcpStream};
use tokio::time::timeout;

use crate::common::{Device, Picture, Server, outcome};

/// Longer than anything here may take that does not wait for a limit.
const SOON: Duration = Duration::from_secs(5);

/// Opens a connection from one of this machine's own addresses, such as `127.0.0.2`.
async fn connect(server: &Server, from: &str) -> TcpStream {
    let to: SocketAddr = server.url.strip_prefix("http://").unwrap().parse().unwrap();
    let socket = TcpSocket::new_v4().unwrap();
    socket.bind(SocketAddr::new(from.parse().unwrap(), 0)).unwrap();
    socket.connect(to).await.unwrap()
}

/// Reads until the other end closes or a whole answer with a length is there. Returns its status and body.
async fn read_answer(stream: &mut TcpStream) -> (u16, String) {
    let mut read = Vec::new();
    let mut chunk = [0; 4096];
    loop {
        let text = String::from_utf8_lossy(&read).into_owned();
        if let Some((head, body)) = text.split_once("\r\n\r\n") {
            let length = head
                .lines()
                .find_map(|line| line.to_lowercase().strip_prefix("content-length: ")?.parse().ok());
            if length.is_some_and(|length: usize| body.len() >= length) {
                return (head.split(' ').nth(1).unwrap().parse().unwrap(), body.to_owned());
            }
        }
        match stream.read(&mut chunk).await {
            Ok(0) | Err(_) => return (0, text),
            Ok(n) => read.extend_from_slice(&chunk[..n]),
        }
    }
}

async fn ask(server: &Server, from: &str) -> (u16, String) {
    let mut stream = connect(server, from).await;
    stream.write_all(b"GET /sign-in HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n").await.unwrap();
    timeout(SOON, read_answer(&mut stream)).await.expect("answered soon")
}

/// Begins to send headers that never end.
async fn begin(server: &Server, from: &str) -> TcpStream {
    let mut stream = connect(server, from).await;
    stream.write_all(b"GET / HTTP/1.1\r\nhost: a\r\nx-drip: ").await.ok();
    stream
}

/// Whether the server has closed a connection already.
async fn is_closed(stream: &mut TcpStream) -> bool {
    let mut rest = Vec::new();
    timeout(Duration::from_millis(20), stream.read_to_end(&mut rest)).await.is_ok()
}

#[tokio::test]
async fn who_holds_connections_shuts_nobody_out() {
    let folder = tempfile::tempdir().unwrap();
    let server = Server::start(&folder.path().join("data"));
    // From one address: what is beyond its share is closed at once, and nobody else notices.
    let mut held = Vec::new();
    for _ in 0..limits::CONNECTIONS_OF_ADDRESS + 40 {
        held.push(begin(&server, "127.0.0.2").await);
    }
    assert_eq!(ask(&server, "127.0.0.1").await.0, 200);
    let mut open = 0;
    for stream in &mut held {
        open += usize::from(!is_closed(stream).await);
    }
    assert_eq!(open, limits::CONNECTIONS_OF_ADDRESS);
    drop(held);

    // From so many addresses that all places are taken: a newcomer gets one all the same.
    let mut held = Vec::new();
    for address in 0..limits::CONNECTIONS / 32 + 2 {
        for _ in 0..32 {
            held.push(begin(&server, &format!("127.0.1.{}", address + 1)).await);
        }
    }
    for newcomer in 1..20 {
        assert_eq!(ask(&server, &format!("127.0.2.{newcomer}")).await.0, 200);
    }
}

#[tokio::test]
async fn headers_that_drip_and_connections_that_ask_nothing_end() {
    let folder = tempfile::tempdir().unwrap();
    let server = Server::start(&folder.path().join("data"));
    let since = Instant::now();
    let mut silent = connect(&server, "127.0.0.3").await;
    let mut idle = connect(&server, "127.0.0.4").await;
    idle.write_all(b"GET /assets/mark.svg HTTP/1.1\r\nhost: a\r\n\r\n").await.unwrap();
    assert_eq!(timeout(SOON, read_answer(&mut idle)).await.unwrap().0, 200);
    let mut dripping = begin(&server, "127.0.0.5").await;
    let drip = async {
        loop {
            tokio::time::sleep(Duration::from_secs(1)).await;
            if dripping.write_all(b"x").await.is_err() || is_closed(&mut dripping).await {
                return;
            }
        }
    };
    let most = limits::HEADERS + SOON;
    timeout(most, drip).await.expect("a drip is no request");
    for stream in [&mut silent, &mut idle] {
        let left = most.saturating_sub(since.elapsed());
        timeout(left, read_answer(stream)).await.expect("what asks nothing is closed");
    }
    assert!(since.elapsed() >= limits::HEADERS - Duration::from_secs(1), "not before its time");
}

/// Sends an attachment in pieces of `piece` bytes, one each `pause`, until it is whole, `most` were sent or the server
/// closes. Returns the answer and how long it took.
async fn upload(
    server: &Server,
    device: &Device,
    bytes: &[u8],
    (piece, pause): (usize, Duration),
    most: usize,
) -> (u16, Value, Duration) {
    let since = Instant::now();
    let mut stream = connect(server, "127.0.0.1").await;
    let head = format!(
        "PUT /api/v1/parcels/{}/attachments/{} HTTP/1.1\r\nhost: a\r\nauthorization: Bearer {}\r\n\
         content-type: image/webp\r\ncontent-length: {}\r\n\r\n",
        device.parcel(0).id,
        sha256_hex(bytes),
        device.token,
        bytes.len()
    );
    stream.write_all(head.as_bytes()).await.unwrap();
    let (mut reading, mut writing) = stream.split();
    let send = async {
        for chunk in bytes[..most.min(bytes.len())].chunks(piece) {
            if writing.write_all(chunk).await.is_err() {
                break;
            }
            tokio::time::sleep(pause).await;
        }
        std::future::pending::<()>().await;
    };
    let mut answer = Vec::new();
    let read = async {
        let mut chunk = [0; 4096];
        loop {
            let n = reading.read(&mut chunk).await.unwrap_or(0);
            answer.extend_from_slice(&chunk[..n]);
            if n == 0 || answer.ends_with(b"}") {
                return;
            }
        }
    };
    tokio::select! {
        () = send => {}
        () = read => {}
    }
    let text = String::from_utf8(answer).unwrap();
    let (head, body) = text.split_once("\r\n\r\n").unwrap();
    assert!(head.contains("application/json"), "{head}");
    let status = head.split(' ').nth(1).unwrap().parse().unwrap();
    (status, serde_json::from_str(body).unwrap(), since.elapsed())
}

/// A picture of some megabytes: of noise, kept as it is.
fn large_picture() -> Vec<u8> {
    let mut state = 7u32;
    let pixels: Vec<u8> = (0..800 * 800 * 3)
        .map(|_| {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            (state >> 24) as u8
        })
        .collect();
    webp::Encoder::from_rgb(&pixels, 800, 800).encode_lossless().to_vec()
}

#[tokio::test]
async fn a_slow_line_passes_and_one_that_stands_still_or_drips_is_told_so() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    let server = Server::start(&data);
    let device = server.enrol("invoices").await;
    let (standing, dripping) = (server.enrol("invoices").await, server.enrol("invoices").await);
    let large = large_picture();
    let size = large.len();
    // 40 s at some 45 kB/s: longer than a request may otherwise take.
    let modest = (size / 200 + 1, Duration::from_millis(200));
    let (honest, standing, dripping) = tokio::join!(
        upload(&server, &device, &large, modest, size),
        upload(&server, &standing, &large, (size, Duration::ZERO), size / 2),
        // More at once than a minute of the slowest line: who was fast may not stand still the longer for it.
        upload(&server, &dripping, &large, (1, Duration::from_secs(4)), size),
    );
    assert!(honest.2 > limits::REQUEST, "{:?}", honest.2);
    assert_eq!(honest.0, 201, "{}", honest.1);
    for (status, body, took) in [standing, dripping] {
        assert_eq!((status, body["code"].as_str().unwrap()), (408, "too-slow"), "{body}");
        assert!(body["message"].as_str().unwrap().ends_with("send it again."));
        assert!(took > limits::GRACE && took < limits::GRACE + SOON, "{took:?}");
    }
    assert_eq!(std::fs::read_dir(data.join("incoming")).unwrap().count(), 0, "what broke off left nothing");
}

#[tokio::test]
async fn a_device_that_sends_all_at_once_leaves_places_to_others() {
    let folder = tempfile::tempdir().unwrap();
    let server = Server::start(&folder.path().join("data"));
    let greedy = server.enrol("invoices").await;
    let mut held = Vec::new();
    for nth in 0..limits::UPLOADS_OF_DEVICE {
        let mut stream = connect(&server, "127.0.0.6").await;
        let head = format!(
            "PUT /api/v1/parcels/{}/attachments/{} HTTP/1.1\r\nhost: a\r\nauthorization: Bearer {}\r\n\
             content-length: 1000\r\n\r\n",
            greedy.parcel(nth as u64).id,
            "0".repeat(64),
            greedy.token,
        );
        stream.write_all(head.as_bytes()).await.unwrap();
        held.push(stream);
    }
    tokio::time::sleep(Duration::from_millis(500)).await;
    let picture = Picture::draw(64, 36, 1, false);
    let place = |device: &Device| {
        format!("parcels/{}/attachments/{}", device.parcel(70).id, sha256_hex(&picture.bytes))
    };
    let refused = greedy.put(&place(&greedy), picture.bytes.clone()).await;
    assert!(refused.headers().contains_key("retry-after"));
    assert_eq!(outcome(refused).await, (503, "busy".into()));
    let other = server.enrol("invoices").await;
    assert_eq!(other.put(&place(&other), picture.bytes.clone()).await.status(), 201);
}
