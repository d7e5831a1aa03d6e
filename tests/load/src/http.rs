//! One connection to the back office, kept open. As little as is needed, so that what is measured is the server.

use std::io::{Read as _, Write as _};
use std::net::{Ipv4Addr, SocketAddr, SocketAddrV4, TcpStream};

use anyhow::{Context as _, Result, bail};
use rustix::net::{AddressFamily, SocketFlags, SocketType};

/// Connections that come from one address: fewer than the back office allows, so that one more finds room.
const OF_ADDRESS: u64 = 32;

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
    /// Opens the `nth` connection of many. The back office holds a bounded number of connections of one address, so
    /// they come from several of this machine.
    pub(crate) fn open(address: SocketAddr, nth: u64) -> Result<Self> {
        let own = Ipv4Addr::new(127, 0, 0, u8::try_from(1 + nth / OF_ADDRESS)?);
        let flags = SocketFlags::CLOEXEC;
        let socket = rustix::net::socket_with(AddressFamily::INET, SocketType::STREAM, flags, None)?;
        rustix::net::bind(&socket, &SocketAddrV4::new(own, 0))?;
        rustix::net::connect(&socket, &address)
            .with_context(|| format!("cannot reach {address} from {own}"))?;
        let stream = TcpStream::from(socket);
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
