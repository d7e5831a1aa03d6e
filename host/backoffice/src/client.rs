//! Which address a request comes from if proxies stand in front: only a proxy that the operator trusts may say.

use std::net::{IpAddr, SocketAddr};
use std::str::FromStr;

use axum::http::{HeaderMap, HeaderName, header};
use ipnet::IpNet;

use crate::peer::Origin;

/// `X-Forwarded-For`: addresses, each proxy appends the one that it was asked by.
const X_FORWARDED_FOR: HeaderName = HeaderName::from_static("x-forwarded-for");

/// The address that a request came from, as far as it can be trusted.
#[derive(Clone, Copy, Debug)]
pub struct ClientAddress(pub IpAddr);

impl ClientAddress {
    /// Returns whom its tries and requests are counted for.
    #[must_use]
    pub fn origin(self) -> Origin {
        Origin::of(self.0)
    }
}

/// The text names no address and no network.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("this is neither an address nor a network; give one such as 127.0.0.1, 10.0.0.0/8 or 2001:db8::/32")]
pub struct BadNetwork;

/// A proxy, or a network of proxies, whose word is taken for who asks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TrustedProxy(IpNet);

impl FromStr for TrustedProxy {
    type Err = BadNetwork;

    fn from_str(text: &str) -> Result<Self, BadNetwork> {
        if let Ok(address) = text.parse::<IpAddr>() {
            return Ok(Self(address.to_canonical().into()));
        }
        let network: IpNet = text.parse().map_err(|_| BadNetwork)?;
        Ok(Self(network.trunc()))
    }
}

/// Returns whether an address is one of the proxies'.
#[must_use]
pub fn is_trusted(trusted: &[TrustedProxy], address: IpAddr) -> bool {
    let address = address.to_canonical();
    trusted.iter().any(|proxy| proxy.0.contains(&address))
}

/// Returns who asks. Unless `peer` is a trusted proxy that is the peer itself; else the rightmost address of
/// `X-Forwarded-For` or `Forwarded` that is not one of the proxies'. What stands left of it anybody can have written.
/// Where the header cannot be read, or two headers name two clients, it is the peer: a proxy sets one of them, so the other
/// may be the client's own invention.
#[must_use]
pub fn find_client(peer: IpAddr, headers: &HeaderMap, trusted: &[TrustedProxy]) -> ClientAddress {
    let peer = peer.to_canonical();
    if !is_trusted(trusted, peer) {
        return ClientAddress(peer);
    }
    let named = |name: HeaderName, read: fn(&str) -> Option<IpAddr>, quoted: bool| {
        headers.contains_key(&name).then(|| rightmost(headers, &name, read, quoted, trusted))
    };
    let x = named(X_FORWARDED_FOR, read_node, false);
    let standard = named(header::FORWARDED, read_element, true);
    let client = match (x, standard) {
        (Some(one), None) | (None, Some(one)) => one,
        (Some(one), Some(other)) if one == other => one,
        _ => None,
    };
    ClientAddress(client.unwrap_or(peer))
}

/// Returns the rightmost address that is not a proxy's; the leftmost if all are. `None` if one that was looked at cannot
/// be read.
fn rightmost(
    headers: &HeaderMap,
    name: &HeaderName,
    read: fn(&str) -> Option<IpAddr>,
    quoted: bool,
    trusted: &[TrustedProxy],
) -> Option<IpAddr> {
    let mut last = None;
    let values: Vec<_> = headers.get_all(name).iter().collect();
    for value in values.into_iter().rev() {
        for element in split(value.to_str().ok()?, ',', quoted).into_iter().rev() {
            let address = read(element.trim())?.to_canonical();
            if !is_trusted(trusted, address) {
                return Some(address);
            }
            last = Some(address);
        }
    }
    last
}

/// Splits at a separator that does not stand between quotation marks.
fn split(text: &str, separator: char, quoted: bool) -> Vec<&str> {
    let mut inside = false;
    text.split(|c| {
        inside ^= quoted && c == '"';
        c == separator && !inside
    })
    .collect()
}

/// Reads an element of `Forwarded` (RFC 7239), such as `for="[2001:db8::1]:4711";proto=https`.
fn read_element(element: &str) -> Option<IpAddr> {
    split(element, ';', true).into_iter().find_map(|pair| {
        let (name, value) = pair.split_once('=')?;
        name.trim().eq_ignore_ascii_case("for").then(|| read_node(value.trim().trim_matches('"')))?
    })
}

/// Reads an address with or without a port; IPv6 with a port, and anywhere in `Forwarded`, stands in brackets.
fn read_node(node: &str) -> Option<IpAddr> {
    if let Ok(address) = node.parse::<IpAddr>() {
        return Some(address);
    }
    if let Ok(address) = node.parse::<SocketAddr>() {
        return Some(address.ip());
    }
    node.strip_prefix('[')?.strip_suffix(']')?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::http::HeaderValue;

    fn client(peer: &str, headers: &[(&'static str, &str)]) -> String {
        let trusted: Vec<TrustedProxy> =
            ["127.0.0.1", "10.0.0.0/8", "2001:db8:f::/48"].iter().map(|t| t.parse().unwrap()).collect();
        let mut map = HeaderMap::new();
        for (name, value) in headers {
            map.append(*name, HeaderValue::from_bytes(value.as_bytes()).unwrap());
        }
        find_client(peer.parse().unwrap(), &map, &trusted).0.to_string()
    }

    #[test]
    fn only_a_trusted_proxy_names_the_client_and_only_the_last_stranger_counts() {
        const X: &str = "x-forwarded-for";
        for (peer, headers, expected) in [
            ("192.0.2.1", vec![(X, "198.51.100.7")], "192.0.2.1"),
            ("192.0.2.1", vec![("forwarded", "for=198.51.100.7")], "192.0.2.1"),
            ("127.0.0.1", vec![], "127.0.0.1"),
            ("127.0.0.1", vec![(X, "198.51.100.7")], "198.51.100.7"),
            ("::ffff:127.0.0.1", vec![(X, "::ffff:198.51.100.7")], "198.51.100.7"),
            // What the client wrote itself stands left.
            ("127.0.0.1", vec![(X, "203.0.113.9, 198.51.100.7")], "198.51.100.7"),
            ("127.0.0.1", vec![(X, "203.0.113.9"), (X, "198.51.100.7, 10.1.2.3")], "198.51.100.7"),
            ("127.0.0.1", vec![(X, "rubbish, 198.51.100.7")], "198.51.100.7"),
            ("127.0.0.1", vec![(X, "198.51.100.7:4711")], "198.51.100.7"),
            ("127.0.0.1", vec![(X, "[2001:db8::7]:4711")], "2001:db8::7"),
            ("2001:db8:f::1", vec![(X, "2001:db8::7, 2001:db8:f:2::1")], "2001:db8::7"),
            // Asked by a proxy itself.
            ("127.0.0.1", vec![(X, "10.0.0.1, 10.0.0.2")], "10.0.0.1"),
            // Not to be read: then the peer.
            ("127.0.0.1", vec![(X, "198.51.100.7, rubbish")], "127.0.0.1"),
            ("127.0.0.1", vec![(X, "198.51.100.7,")], "127.0.0.1"),
            ("127.0.0.1", vec![(X, "")], "127.0.0.1"),
            ("127.0.0.1", vec![(X, "caf\u{e9}")], "127.0.0.1"),
            ("127.0.0.1", vec![("forwarded", "for=unknown")], "127.0.0.1"),
            ("127.0.0.1", vec![("forwarded", "proto=https")], "127.0.0.1"),
            (
                "127.0.0.1",
                vec![("forwarded", "for=203.0.113.9, For=198.51.100.7;proto=https")],
                "198.51.100.7",
            ),
            ("127.0.0.1", vec![("forwarded", "proto=https;for=\"[2001:db8::7]:4711\"")], "2001:db8::7"),
            ("127.0.0.1", vec![("forwarded", "for=198.51.100.7;ext=\"a,for=203.0.113.9;\"")], "198.51.100.7"),
            // A header of the client's own beside the proxy's.
            ("127.0.0.1", vec![(X, "198.51.100.7"), ("forwarded", "for=203.0.113.9")], "127.0.0.1"),
            ("127.0.0.1", vec![(X, "198.51.100.7"), ("forwarded", "for=198.51.100.7")], "198.51.100.7"),
        ] {
            assert_eq!(client(peer, &headers), expected, "{peer} {headers:?}");
        }
    }

    #[test]
    fn what_is_no_network_is_refused() {
        for bad in ["", "localhost", "10.0.0.0/33", "10.0.0", "10.0.0.1:80", "::/129"] {
            assert_eq!(bad.parse::<TrustedProxy>(), Err(BadNetwork), "{bad}");
        }
    }
}
