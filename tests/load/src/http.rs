//! One connection to the back office, kept open. As little as is needed, so that what is measured is the server.

use std::io::{Read as _, Write as _};
use std::net::TcpStream;

use anyhow::{Context as _, Result, bail};

/// A connection that is kept open between requests.
pub(crate) struct Connection {
    stream: TcpStream,
    received: Vec<u8>,
}

/// What was answered.
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) head: String,
    pub(crate) body: Vec<u8>,
}

impl Connection {
    pub(crate) fn open(address: &str) -> Result<Self> {
        let stream = TcpStream::connect(address).with_context(|| format!("cannot reach {address}"))?;
        stream.set_nodelay(true)?;
        Ok(Self { stream, received: Vec::new() })
    }

    /// Sends a request and reads its answer. `headers` are whole lines, each with its end.
    pub(crate) fn send(&mut self, what: &str, headers: &str, body: &[u8]) -> Result<Answer> {
        let mut request =
            format!("{what} HTTP/1.1\r\nhost: bench\r\ncontent-length: {}\r\n{headers}\r\n", body.len())
                .into_bytes();
        request.extend_from_slice(body);
        self.stream.write_all(&request)?;
        let head_end = loop {
            if let Some(at) = self.received.windows(4).position(|four| four == b"\r\n\r\n") {
                break at + 4;
            }
            self.receive()?;
        };
        let head = String::from_utf8(self.received.drain(..head_end).collect())?;
        let status = head.split(' ').nth(1).and_then(|status| status.parse().ok()).context("no status")?;
        let length = head
            .lines()
            .find_map(|line| {
                line.split_once(':').filter(|(name, _)| name.eq_ignore_ascii_case("content-length"))
            })
            .and_then(|(_, length)| length.trim().parse::<usize>().ok())
            .with_context(|| format!("an answer of unknown length: {head}"))?;
        while self.received.len() < length {
            self.receive()?;
        }
        let body = self.received.drain(..length).collect();
        Ok(Answer { status, head, body })
    }

    /// The same, for what must succeed.
    pub(crate) fn must(&mut self, what: &str, headers: &str, body: &[u8]) -> Result<Answer> {
        let answer = self.send(what, headers, body)?;
        if !(200..400).contains(&answer.status) {
            bail!("{what}: {} {}", answer.status, String::from_utf8_lossy(&answer.body));
        }
        Ok(answer)
    }

    fn receive(&mut self) -> Result<()> {
        let mut part = [0; 64 * 1024];
        match self.stream.read(&mut part)? {
            0 => bail!("the back office closed the connection"),
            read => self.received.extend_from_slice(part.get(..read).unwrap_or_default()),
        }
        Ok(())
    }
}
