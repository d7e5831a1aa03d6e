//! What lies between the agent and the back office: it answers badly when told to, and keeps every byte that was sent.

use std::io::{Read as _, Write as _};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use anyhow::{Context as _, Result};

/// How the network is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Weather {
    /// What is asked is forwarded.
    Fair,
    /// A proxy's own page with this status, in HTML.
    Page(u16),
    /// A status without a page.
    Status(u16),
    /// The connection breaks before the back office hears of it.
    Breaks,
    /// The back office hears of it, and its answer never arrives.
    Swallows,
    /// The back office's answer breaks off in its middle.
    Truncates,
}

/// A request that was sent, whatever became of it.
#[derive(Clone, Debug)]
pub struct Sent {
    /// The path of the request.
    pub path: String,
    /// The value of `Authorization`.
    pub authorization: String,
    /// The body, byte for byte.
    pub body: Vec<u8>,
    /// The back office's status, if it heard of it.
    pub status: Option<u16>,
    /// The body of the back office's answer.
    pub answer: Vec<u8>,
}

impl Sent {
    /// Whether the back office took it.
    #[must_use]
    pub fn taken(&self) -> bool {
        matches!(self.status, Some(200 | 201))
    }
}

/// The running proxy; it ends with the process.
pub struct Proxy {
    address: String,
    shared: Arc<Shared>,
}

struct Shared {
    target: String,
    weather: Mutex<Weather>,
    sent: Mutex<Vec<Sent>>,
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Proxy {
    /// Forwards to a back office, given as `http://HOST:PORT`.
    ///
    /// # Errors
    /// If it cannot listen.
    pub fn start(target: &str) -> Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0")?;
        let address = format!("http://{}", listener.local_addr()?);
        let shared = Arc::new(Shared {
            target: target.trim_start_matches("http://").to_owned(),
            weather: Mutex::new(Weather::Fair),
            sent: Mutex::default(),
        });
        let all = Arc::clone(&shared);
        std::thread::spawn(move || {
            for near in listener.incoming().flatten() {
                let shared = Arc::clone(&all);
                std::thread::spawn(move || {
                    // A peer that is killed breaks the connection: nothing came of it.
                    let _broken = shared.serve(near);
                });
            }
        });
        Ok(Self { address, shared })
    }

    /// Where it is reached, as `http://HOST:PORT`.
    #[must_use]
    pub fn address(&self) -> &str {
        &self.address
    }

    /// From now on the network is like this.
    pub fn set(&self, weather: Weather) {
        *lock(&self.shared.weather) = weather;
    }

    /// Asks the back office itself.
    ///
    /// # Errors
    /// If it does not answer with JSON.
    pub fn get(&self, path: &str, authorization: &str) -> Result<serde_json::Value> {
        let mut sent = Sent {
            path: path.to_owned(),
            authorization: authorization.to_owned(),
            body: Vec::new(),
            status: None,
            answer: Vec::new(),
        };
        let head = format!(
            "GET {path} HTTP/1.1\r\nhost: {}\r\nauthorization: {authorization}\r\n\r\n",
            self.shared.target
        );
        self.shared.forward("GET", &head, &mut sent)?;
        serde_json::from_slice(&sent.answer)
            .with_context(|| format!("{path}: {:?} {}", sent.status, String::from_utf8_lossy(&sent.answer)))
    }

    /// All that was sent so far.
    #[must_use]
    pub fn sent(&self) -> Vec<Sent> {
        lock(&self.shared.sent).clone()
    }
}

impl Shared {
    fn serve(&self, mut near: TcpStream) -> Result<()> {
        near.set_read_timeout(Some(Duration::from_secs(30)))?;
        let (head, body) = read_request(&mut near)?;
        let weather = *lock(&self.weather);
        let mut words = head.lines().next().unwrap_or_default().split(' ');
        let (method, path) = (words.next().unwrap_or_default(), words.next().unwrap_or_default());
        let authorization = header(&head, "authorization").unwrap_or_default().to_owned();
        let mut sent = Sent { path: path.to_owned(), authorization, body, status: None, answer: Vec::new() };
        let heard = matches!(weather, Weather::Fair | Weather::Swallows | Weather::Truncates);
        let answer = if heard { Some(self.forward(method, &head, &mut sent)) } else { None };
        lock(&self.sent).push(sent);
        let answer = answer.transpose()?;
        match (weather, answer) {
            (Weather::Fair, Some(answer)) => near.write_all(&answer)?,
            (Weather::Truncates, Some(answer)) => {
                near.write_all(answer.get(..answer.len() / 2).unwrap_or(&answer))?
            }
            (Weather::Page(status), _) => {
                let page =
                    format!("<!doctype html><title>{status}</title><h1>Your network says no: {status}</h1>");
                near.write_all(reply(status, "text/html", &page).as_bytes())?;
            }
            (Weather::Status(status), _) => near.write_all(reply(status, "text/plain", "").as_bytes())?,
            _ => {}
        }
        near.shutdown(Shutdown::Both)?;
        Ok(())
    }

    /// Hands a request to the back office. Returns its answer as it came.
    fn forward(&self, method: &str, head: &str, sent: &mut Sent) -> Result<Vec<u8>> {
        let mut far = TcpStream::connect(&self.target)?;
        far.set_read_timeout(Some(Duration::from_secs(30)))?;
        let kept = head.lines().skip(1).filter(|line| {
            let name = line.split(':').next().unwrap_or_default().to_ascii_lowercase();
            !line.is_empty()
                && !["connection", "content-length", "transfer-encoding"].contains(&name.as_str())
        });
        let mut request = format!("{method} {} HTTP/1.1\r\n", sent.path);
        for line in kept {
            request.push_str(line);
            request.push_str("\r\n");
        }
        request.push_str(&format!("connection: close\r\ncontent-length: {}\r\n\r\n", sent.body.len()));
        far.write_all(request.as_bytes())?;
        far.write_all(&sent.body)?;
        let mut answer = Vec::new();
        far.read_to_end(&mut answer)?;
        let end = answer.windows(4).position(|w| w == b"\r\n\r\n").context("no answer")?;
        let head = String::from_utf8_lossy(answer.get(..end).unwrap_or_default()).into_owned();
        sent.status = head.split(' ').nth(1).and_then(|status| status.parse().ok());
        sent.answer = answer.get(end + 4..).unwrap_or_default().to_vec();
        Ok(answer)
    }
}

fn reply(status: u16, kind: &str, body: &str) -> String {
    let length = body.len();
    format!(
        "HTTP/1.1 {status} No\r\ncontent-type: {kind}\r\ncontent-length: {length}\r\nconnection: close\r\n\r\n{body}"
    )
}

fn header<'a>(head: &'a str, name: &str) -> Option<&'a str> {
    head.lines()
        .filter_map(|line| line.split_once(':'))
        .find(|(n, _)| n.eq_ignore_ascii_case(name))
        .map(|(_, v)| v.trim())
}

/// A request's head and body.
fn read_request(near: &mut TcpStream) -> Result<(String, Vec<u8>)> {
    let mut bytes = Vec::new();
    let end = loop {
        if let Some(end) = bytes.windows(4).position(|w| w == b"\r\n\r\n") {
            break end + 4;
        }
        more(near, &mut bytes)?;
    };
    let mut rest = bytes.split_off(end);
    let head = String::from_utf8_lossy(&bytes).into_owned();
    if header(&head, "transfer-encoding").is_some_and(|how| how.eq_ignore_ascii_case("chunked")) {
        return Ok((head, unchunk(near, rest)?));
    }
    let length = header(&head, "content-length").map_or(Ok(0), str::parse::<usize>)?;
    while rest.len() < length {
        more(near, &mut rest)?;
    }
    rest.truncate(length);
    Ok((head, rest))
}

fn more(near: &mut TcpStream, bytes: &mut Vec<u8>) -> Result<()> {
    let mut buffer = [0; 65_536];
    let count = near.read(&mut buffer)?;
    anyhow::ensure!(count > 0, "the request broke off");
    bytes.extend_from_slice(buffer.get(..count).unwrap_or_default());
    Ok(())
}

/// A body that comes in chunks.
fn unchunk(near: &mut TcpStream, mut rest: Vec<u8>) -> Result<Vec<u8>> {
    let mut body = Vec::new();
    loop {
        let end = loop {
            if let Some(end) = rest.windows(2).position(|w| w == b"\r\n") {
                break end;
            }
            more(near, &mut rest)?;
        };
        let line = String::from_utf8_lossy(rest.get(..end).unwrap_or_default()).into_owned();
        let length = usize::from_str_radix(line.split(';').next().unwrap_or_default().trim(), 16)?;
        while rest.len() < end + 2 + length + 2 {
            more(near, &mut rest)?;
        }
        body.extend_from_slice(rest.get(end + 2..end + 2 + length).unwrap_or_default());
        rest.drain(..end + 2 + length + 2);
        if length == 0 {
            return Ok(body);
        }
    }
}
