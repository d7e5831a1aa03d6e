//! Takes segments in as fast as they come.

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result};
use candor_seal::sha256_hex;
use serde_json::{Value, json};

use crate::http::Connection;
use crate::office::{Device, Office, contract};
use crate::shared::{now, percentiles, print_progress};
use crate::{floor, segment};

/// A request that is ready to be sent.
struct Request {
    what: String,
    headers: String,
    body: Vec<u8>,
}

/// Delivers so many segments over each connection at once.
pub(crate) fn measure(connections: u64, each: u64, pictures: bool) -> Result<Value> {
    let with = if pictures { "with pictures" } else { "without pictures" };
    print_progress(format_args!("{connections} connections, {each} segments each, {with}"));
    let office = Office::new(1)?;
    let server = office.serve()?;
    let mut work = Vec::new();
    for _ in 0..connections {
        let device = server.enrol(&office, &contract(0))?;
        work.push(requests(&device, each, pictures)?);
    }
    let began = Instant::now();
    let address = server.address;
    let times: Vec<Result<Vec<Duration>>> = std::thread::scope(|scope| {
        let running: Vec<_> =
            (0..).zip(&work).map(|(nth, work)| scope.spawn(move || deliver(address, nth, work))).collect();
        let ended = |one: std::thread::ScopedJoinHandle<'_, _>| {
            one.join().unwrap_or_else(|_| Err(anyhow::anyhow!("a connection ended early")))
        };
        running.into_iter().map(ended).collect()
    });
    let took = began.elapsed();
    let times: Vec<Duration> = times.into_iter().collect::<Result<Vec<_>>>()?.concat();
    drop(server);
    let segments = connections * each;
    let picture = pictures.then(|| segment::picture(0));
    let alone = floor::measure(&office, segments, connections, picture.as_deref())?;
    let rate = |time: Duration| (segments as f64 / time.as_secs_f64()).round();
    Ok(json!({
        "connections": connections,
        "pictures": pictures,
        "segments": segments,
        "per_second": rate(took),
        "floor_per_second": rate(alone),
        "of_floor": (alone.as_secs_f64() / took.as_secs_f64() * 100.0).round() / 100.0,
        "request": percentiles(times),
    }))
}

fn requests(device: &Device, each: u64, pictures: bool) -> Result<Vec<Request>> {
    let token = format!("authorization: Bearer {}\r\n", device.token);
    // Long enough ago that none is of the future, in whatever week: time that was tracked is taken late, too.
    let first = now() / segment::LENGTH_MS * segment::LENGTH_MS - (each + 1) * segment::LENGTH_MS;
    let mut requests = Vec::new();
    for nth in 0..each {
        let start = first + nth * segment::LENGTH_MS;
        let id = segment::id(&device.id, start);
        let mut named = None;
        if pictures {
            let bytes = segment::picture(nth + start);
            let sha256 = sha256_hex(&bytes);
            named = Some((sha256.clone(), bytes.len()));
            requests.push(Request {
                what: format!("PUT /api/v1/parcels/{id}/attachments/{sha256}"),
                headers: format!("{token}content-type: image/webp\r\n"),
                body: bytes,
            });
        }
        let named = named.as_ref().map(|(sha256, bytes)| (sha256.as_str(), *bytes));
        requests.push(Request {
            what: format!("PUT /api/v1/parcels/{id}"),
            headers: token.clone(),
            body: segment::body(device, start, nth + 1, named)?,
        });
    }
    Ok(requests)
}

fn deliver(address: SocketAddr, nth: u64, work: &[Request]) -> Result<Vec<Duration>> {
    let mut connection = Connection::open(address, nth)?;
    let mut times = Vec::with_capacity(work.len());
    for request in work {
        let began = Instant::now();
        connection.must(&request.what, &request.headers, &request.body).context("a delivery")?;
        times.push(began.elapsed());
    }
    Ok(times)
}
