//! Attachments that are not the pictures that they are said to be.

use std::io::Cursor;
use std::path::Path;

use candor_seal::sha256_hex;
use image::{DynamicImage, ImageFormat, RgbImage};

use crate::common::{CLIENT, Device, Picture, Server, files, outcome};

/// Sends an attachment of the parcel that has this place in the day.
async fn send(device: &Device, nth: u64, media_type: &str, bytes: &[u8]) -> (u16, String) {
    let address =
        format!("{}/api/v1/parcels/{}/attachments/{}", device.url, device.parcel(nth).id, sha256_hex(bytes));
    let request = device.http.put(address).bearer_auth(&device.token).header("content-type", media_type);
    outcome(request.body(bytes.to_vec()).send().await.unwrap()).await
}

fn encoded(format: ImageFormat) -> Vec<u8> {
    let mut bytes = Cursor::new(Vec::new());
    DynamicImage::ImageRgb8(RgbImage::from_pixel(40, 30, image::Rgb([9, 99, 199])))
        .write_to(&mut bytes, format)
        .unwrap();
    bytes.into_inner()
}

/// A PNG of this size by its header, of which nothing else is there.
fn png_header(width: u32, height: u32) -> Vec<u8> {
    let mut png = encoded(ImageFormat::Png);
    png[16..20].copy_from_slice(&width.to_be_bytes());
    png[20..24].copy_from_slice(&height.to_be_bytes());
    let crc = crc32(&png[12..29]);
    png[29..33].copy_from_slice(&crc.to_be_bytes());
    png
}

fn crc32(bytes: &[u8]) -> u32 {
    !bytes.iter().fold(!0u32, |mut crc, byte| {
        crc ^= u32::from(*byte);
        for _ in 0..8 {
            crc = if crc & 1 == 1 { 0xedb8_8320 ^ (crc >> 1) } else { crc >> 1 };
        }
        crc
    })
}

/// A WebP of 16384 × 16384 pixels by its header: a gigabyte of nothing.
fn webp_header() -> Vec<u8> {
    let mut webp = b"RIFF\x1e\0\0\0WEBPVP8L\x12\0\0\0\x2f".to_vec();
    webp.extend_from_slice(&0x0fff_ffffu32.to_le_bytes());
    webp.extend_from_slice(&[0; 13]);
    webp
}

/// The largest memory that the server has had, in MiB.
fn peak_mib(pid: u32) -> u64 {
    let status = std::fs::read_to_string(Path::new("/proc").join(pid.to_string()).join("status")).unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap();
    line.trim().trim_end_matches(" kB").parse::<u64>().unwrap() / 1024
}

#[tokio::test]
async fn what_is_no_whole_picture_of_its_type_is_refused_and_nothing_of_it_is_kept() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    let server = Server::start(&data);
    let device = server.enrol("invoices").await;
    let (png, jpeg) = (encoded(ImageFormat::Png), encoded(ImageFormat::Jpeg));
    let webp = Picture::draw(96, 54, 1, true).bytes;
    let page = b"<html><script>alert(1)</script></html>".to_vec();
    let polyglot = [b"RIFF\x24\0\0\0WEBP", page.as_slice()].concat();
    let svg = b"<svg xmlns=\"http://www.w3.org/2000/svg\"/>".to_vec();
    let gif = b"GIF89a\x01\0\x01\0\0\0\0;".to_vec();
    let cut = |bytes: &[u8]| bytes[..bytes.len() / 2].to_vec();
    let before = peak_mib(server.id());
    for (what, media_type, bytes) in [
        ("a page", "image/webp", page.clone()),
        ("a page that says so", "text/html", page),
        ("a page with a picture's first letters", "image/webp", polyglot),
        ("nothing", "image/webp", Vec::new()),
        ("a drawing with scripts", "image/svg+xml", svg),
        ("a format that pages do not show", "image/gif", gif),
        ("a PNG as WebP", "image/webp", png.clone()),
        ("a WebP as JPEG", "image/jpeg", webp.clone()),
        ("a JPEG as anything", "application/octet-stream", jpeg.clone()),
        ("half a WebP", "image/webp", cut(&webp)),
        ("half a PNG", "image/png", cut(&png)),
        ("a PNG that would be huge", "image/png", png_header(60_000, 60_000)),
        ("a PNG of no height", "image/png", png_header(60_000, 0)),
        ("a PNG that would be as large as one may be", "image/png", png_header(8_000, 8_000)),
        ("a WebP that would be huge", "image/webp", webp_header()),
    ] {
        assert_eq!(send(&device, 0, media_type, &bytes).await, (422, "bad-picture".into()), "{what}");
    }
    let grown = peak_mib(server.id()) - before;
    assert!(grown < 350, "{grown} MiB for the largest that is read at all");
    assert_eq!(files(&data.join("incoming")).len() + files(&data.join("pictures")).len(), 0);
    for (nth, media_type, bytes) in
        [(1, "image/png", &png), (2, "image/jpeg", &jpeg), (3, "image/webp", &webp)]
    {
        assert_eq!(send(&device, nth, media_type, bytes).await.0, 201, "{media_type}");
    }
}

#[tokio::test]
async fn a_picture_is_what_its_parcel_says_of_it_and_is_served_as_that() {
    let folder = tempfile::tempdir().unwrap();
    let server = Server::start(&folder.path().join("data"));
    let device = server.enrol("invoices").await;
    let png = encoded(ImageFormat::Png);
    let mut parcel = device.parcel(0);
    assert_eq!(send(&device, 0, "image/png", &png).await.0, 201);
    let picture = Picture { bytes: png, width: 40, height: 30, redactions: Vec::new() };
    parcel.no_snapshot = None;
    for (media_type, width, height) in
        [("image/webp", 40, 30), ("image/png", 41, 30), ("image/png", 40, 3_000_000_000)]
    {
        let mut snapshot = picture.snapshot(parcel.start + 1);
        (snapshot.media_type, snapshot.width, snapshot.height) = (media_type.to_owned(), width, height);
        parcel.snapshot = Some(snapshot);
        assert_eq!(outcome(device.put_parcel(&parcel).await).await, (422, "bad-picture".into()), "{width}");
    }
    let mut snapshot = picture.snapshot(parcel.start + 1);
    snapshot.media_type = "image/png".to_owned();
    let address = format!("/pictures/{}/{}", parcel.id, snapshot.sha256);
    parcel.snapshot = Some(snapshot);
    device.deliver(&parcel).await;

    let cookie = server.sign_in(CLIENT).await;
    let answer = server.get(&address, Some(&cookie)).await;
    let header = |name: &str| answer.headers()[name].to_str().unwrap().to_owned();
    assert_eq!(header("content-type"), "image/png");
    assert_eq!(header("x-content-type-options"), "nosniff");
    assert!(header("cache-control").contains("no-store"));
}
