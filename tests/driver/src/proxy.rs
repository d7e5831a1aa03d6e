//! A proxy between an agent and its back office, which lets requests through or answers in its place, as firewalls,
//! sign-in pages and broken middle boxes do.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use anyhow::{Context as _, Result, bail};

/// What it does with what is delivered. Anything else, such as an enrolment, always goes through.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Way {
    /// Everything goes through to the back office.
    Through,
    /// Parcels and pictures are answered with these very bytes.
    Answer(String),
    /// The same for pictures; parcels go through.
    AnswerPictures(String),
    /// The same for parcels; pictures go through.
    AnswerParcels(String),
    /// One byte of an answer each so many milliseconds.
    Drip(u64),
}

/// An answer as it stands on the wire.
#[must_use]
pub fn answer(status: &str, media_type: &str, headers: &str, body: &str) -> String {
    let length = body.len();
    format!(
        "HTTP/1.1 {status}\r\ncontent-type: {media_type}\r\ncontent-length: {length}\r\nconnection: close\r\n{headers}\r\n{body}"
    )
}

struct Inner {
    to: String,
    way: Mutex<Way>,
    asked: Mutex<u64>,
}

/// A running proxy; its threads end with the test.
pub struct Proxy {
    address: String,
    port: u16,
    inner: Arc<Inner>,
}

impl Proxy {
    /// Starts one in front of a back office, such as `http://127.0.0.1:8750`.
    ///
    /// # Errors
    /// If no port is free.
    pub fn start(backoffice: &str) -> Result<Self> {
        Self::start_on("127.0.0.1", backoffice)
    }

    /// The same, listening on another address of this machine.
    ///
    /// # Errors
    /// As [`Self::start`].
    pub fn start_on(host: &str, backoffice: &str) -> Result<Self> {
        let listener = TcpListener::bind((host, 0))?;
        let port = listener.local_addr()?.port();
        let address = format!("http://{}", listener.local_addr()?);
        let to = backoffice.strip_prefix("http://").context("no plain address")?.to_owned();
        let inner = Arc::new(Inner { to, way: Mutex::new(Way::Through), asked: Mutex::new(0) });
        let serving = Arc::clone(&inner);
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let inner = Arc::clone(&serving);
                // A connection that breaks is one of the things that happen here.
                std::thread::spawn(move || serve(&inner, stream).ok());
            }
        });
        Ok(Self { address, port, inner })
    }

    /// Returns the port that it listens on.
    #[must_use]
    pub fn port(&self) -> u16 {
        self.port
    }

    /// Where it is reached.
    #[must_use]
    pub fn address(&self) -> &str {
        &self.address
    }

    /// From now on it does this.
    pub fn set(&self, way: Way) {
        *self.inner.way.lock().unwrap_or_else(PoisonError::into_inner) = way;
    }

    /// How many deliveries came to it so far.
    #[must_use]
    pub fn asked(&self) -> u64 {
        *self.inner.asked.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn serve(inner: &Inner, mut stream: TcpStream) -> Result<()> {
    stream.set_read_timeout(Some(Duration::from_secs(30)))?;
    let mut reader = BufReader::new(stream.try_clone()?);
    let mut head = String::new();
    let mut length = 0;
    loop {
        let mut line = String::new();
        if reader.read_line(&mut line)? == 0 {
            bail!("it broke off");
        }
        let lower = line.to_ascii_lowercase();
        if let Some(value) = lower.strip_prefix("content-length:") {
            length = value.trim().parse()?;
        }
        if line == "\r\n" {
            break;
        }
        if !lower.starts_with("connection:") {
            head.push_str(&line);
        }
    }
    let mut body = vec![0; length];
    reader.read_exact(&mut body)?;
    let path = head.split(' ').nth(1).unwrap_or_default().to_owned();
    let (parcel, picture) = (path.contains("/parcels/"), path.contains("/attachments/"));
    if parcel {
        *inner.asked.lock().unwrap_or_else(PoisonError::into_inner) += 1;
    }
    let way = inner.way.lock().unwrap_or_else(PoisonError::into_inner).clone();
    match way {
        Way::Answer(said) if parcel => stream.write_all(said.as_bytes())?,
        Way::AnswerPictures(said) if picture => stream.write_all(said.as_bytes())?,
        Way::AnswerParcels(said) if parcel && !picture => stream.write_all(said.as_bytes())?,
        Way::Drip(ms) if parcel => {
            for byte in answer("200 OK", "application/json", "", &" ".repeat(10_000)).bytes() {
                stream.write_all(&[byte])?;
                std::thread::sleep(Duration::from_millis(ms));
            }
        }
        _ => {
            let mut onward = TcpStream::connect(&inner.to)?;
            write!(onward, "{head}connection: close\r\n\r\n")?;
            onward.write_all(&body)?;
            std::io::copy(&mut onward, &mut stream)?;
        }
    }
    Ok(())
}
