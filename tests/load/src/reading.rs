//! How long people and devices wait, by how much the database holds.

use std::time::{Duration, Instant};

use anyhow::Result;
use candor_seal::sha256_hex;
use serde_json::{Value, json};

use crate::fill::fill;
use crate::http::Connection;
use crate::office::{Office, contract};
use crate::segment;
use crate::shared::{now, percentiles, print_progress};

/// How often each page is read, and how many segments are delivered.
const TIMES: u64 = 200;

/// Databases of so many segments are checked: what is measured is what deliveries would have left.
const VERIFIED: u64 = 1_000;

/// Fills a database, and reads and delivers.
pub(crate) fn measure(contracts: u32, segments: u64) -> Result<Value> {
    print_progress(format_args!("{segments} segments in {contracts} contracts: filling the database"));
    let office = Office::new(contracts)?;
    let began = Instant::now();
    let filled = fill(&office, contracts, segments)?;
    let filling = began.elapsed();
    if segments <= VERIFIED {
        print_progress("checking what is filled in");
        office.verify(&contract(0))?;
    }
    let size = std::fs::metadata(office.data().join("backoffice.db"))?.len();
    let server = office.serve()?;
    let mut connection = Connection::open(server.address, 0)?;
    let session = server.sign_in(&mut connection)?;
    print_progress("reading and delivering");
    let mut page = |address: &str, holds: &str| -> Result<Value> {
        let mut times = Vec::new();
        for nth in 0..=TIMES {
            let began = Instant::now();
            let answer = connection.must(&format!("GET {address}"), &session, b"")?;
            // The first one warms up.
            if nth > 0 {
                times.push(began.elapsed());
            }
            let text = String::from_utf8_lossy(&answer.body);
            anyhow::ensure!(text.contains(holds), "{address} does not say {holds:?}");
        }
        Ok(percentiles(times))
    };
    let diary = |day: u64| format!("/contracts/{}/diary/{}?zone=utc", contract(0), date(day));
    let day = page(&diary(filled.day), "aria-label=\"Segments of ")?;
    let empty_day = page(&diary(filled.empty_day), "Nothing was recorded.")?;
    let list = page("/", "billable this week")?;
    let (picture, parcel) = deliver(&office, &server)?;
    Ok(json!({
        "contracts": contracts,
        "segments": segments,
        "database_mb": size / 1_000_000,
        "filled_in_s": filling.as_secs(),
        "day": day,
        "empty_day": empty_day,
        "contracts_page": list,
        "picture": picture,
        "parcel": parcel,
    }))
}

/// Delivers segments with pictures one by one from a new device.
fn deliver(office: &Office, server: &crate::office::Server) -> Result<(Value, Value)> {
    let device = server.enrol(office, &contract(0))?;
    let token = format!("authorization: Bearer {}\r\n", device.token);
    let mut connection = Connection::open(server.address, 0)?;
    let (mut pictures, mut parcels): (Vec<Duration>, Vec<Duration>) = (Vec::new(), Vec::new());
    let first = now() / segment::LENGTH_MS * segment::LENGTH_MS - (TIMES + 1) * segment::LENGTH_MS;
    for nth in 0..TIMES {
        let start = first + nth * segment::LENGTH_MS;
        let id = segment::id(&device.id, start);
        let bytes = segment::picture(start);
        let sha256 = sha256_hex(&bytes);
        let began = Instant::now();
        let place = format!("PUT /api/v1/parcels/{id}/attachments/{sha256}");
        connection.must(&place, &format!("{token}content-type: image/webp\r\n"), &bytes)?;
        pictures.push(began.elapsed());
        let body = segment::body(&device, start, nth + 1, Some((&sha256, bytes.len())))?;
        let began = Instant::now();
        connection.must(&format!("PUT /api/v1/parcels/{id}"), &token, &body)?;
        parcels.push(began.elapsed());
    }
    Ok((percentiles(pictures), percentiles(parcels)))
}

/// The date of a day that begins at this time, UTC: `2026-11-27`.
fn date(at: u64) -> String {
    candor_diary::calendar::utc_date(at).map_or_else(String::new, |date| date.to_string())
}
