//! Tells addresses of the internet from those of this machine and its own networks.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// What an address belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum AddressClass {
    /// The internet: reached by any grant that names the host.
    Public,
    /// This machine or a network of its own: reached only if the grant says `private`.
    Private,
    /// No host at all: nothing that a request could go to.
    Never,
}

/// Returns the class of an address, by IANA's special-purpose registries. What an IPv6 address carries of IPv4 is judged
/// as that.
pub(crate) fn classify(address: IpAddr) -> AddressClass {
    match address {
        IpAddr::V4(v4) => classify_v4(v4),
        IpAddr::V6(v6) => classify_v6(v6),
    }
}

fn classify_v4(address: Ipv4Addr) -> AddressClass {
    match address.octets() {
        [127 | 10, ..]
        | [172, 16..=31, ..]
        | [192, 168, ..]
        | [169, 254, ..]
        | [100, 64..=127, ..]
        | [198, 18..=19, ..] => AddressClass::Private,
        [0, ..]
        | [192, 0, 0, _]
        | [192, 0, 2, _]
        | [198, 51, 100, _]
        | [203, 0, 113, _]
        | [192, 88, 99, _]
        | [224..=255, ..] => AddressClass::Never,
        _ => AddressClass::Public,
    }
}

fn classify_v6(address: Ipv6Addr) -> AddressClass {
    let embedded = |high: u16, low: u16| {
        let [a, b] = high.to_be_bytes();
        let [c, d] = low.to_be_bytes();
        classify_v4(Ipv4Addr::new(a, b, c, d))
    };
    match address.segments() {
        // Loopback; unspecified.
        [0, 0, 0, 0, 0, 0, 0, 1] => AddressClass::Private,
        [0, 0, 0, 0, 0, 0, 0, 0] => AddressClass::Never,
        // IPv4-mapped and NAT64 stand for an IPv4 address.
        [0, 0, 0, 0, 0, 0xffff, high, low] | [0x64, 0xff9b, 0, 0, 0, 0, high, low] => embedded(high, low),
        // NAT64 of a network of its own.
        [0x64, 0xff9b, 1, ..] => AddressClass::Private,
        // 6to4 carries the IPv4 address in front.
        [0x2002, high, low, ..] => embedded(high, low),
        // Unique local, link-local, site-local.
        [0xfc00..=0xfdff, ..] | [0xfe80..=0xfebf, ..] | [0xfec0..=0xfeff, ..] => AddressClass::Private,
        // Protocol assignments (Teredo, ORCHID, benchmarking), documentation.
        [0x2001, 0..=0x01ff, ..] | [0x2001, 0x0db8, ..] | [0x3fff, 0..=0x0fff, ..] => AddressClass::Never,
        // Global unicast. What is neither that nor named above is nobody's yet.
        [0x2000..=0x3fff, ..] => AddressClass::Public,
        _ => AddressClass::Never,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_judged() {
        use AddressClass::{Never, Private, Public};
        let table = [
            ("93.184.215.14", Public),
            ("172.15.255.255", Public),
            ("172.32.0.1", Public),
            ("100.63.255.255", Public),
            ("100.128.0.1", Public),
            ("127.0.0.1", Private),
            ("127.255.255.254", Private),
            ("10.1.2.3", Private),
            ("172.16.0.1", Private),
            ("172.31.255.255", Private),
            ("192.168.1.1", Private),
            ("169.254.169.254", Private),
            ("100.64.0.1", Private),
            ("198.18.0.1", Private),
            ("0.0.0.0", Never),
            ("0.1.2.3", Never),
            ("192.0.0.8", Never),
            ("192.0.2.1", Never),
            ("198.51.100.7", Never),
            ("203.0.113.7", Never),
            ("224.0.0.1", Never),
            ("240.0.0.1", Never),
            ("255.255.255.255", Never),
            ("2606:2800:21f:cb07:6820:80da:af6b:8b2c", Public),
            ("::1", Private),
            ("::", Never),
            ("::ffff:127.0.0.1", Private),
            ("::ffff:10.0.0.1", Private),
            ("::ffff:93.184.215.14", Public),
            ("::ffff:0.0.0.0", Never),
            ("::7f00:1", Never),
            ("64:ff9b::7f00:1", Private),
            ("64:ff9b::5db8:d70e", Public),
            ("64:ff9b:1::1", Private),
            ("2002:7f00:1::", Private),
            ("2002:5db8:d70e::1", Public),
            ("2001::1", Never),
            ("2001:db8::1", Never),
            ("3fff::1", Never),
            ("fc00::1", Private),
            ("fd12:3456::1", Private),
            ("fe80::1", Private),
            ("fec0::1", Private),
            ("ff02::1", Never),
            ("100::1", Never),
            ("4000::1", Never),
        ];
        for (address, reach) in table {
            assert_eq!(classify(address.parse().unwrap()), reach, "{address}");
        }
    }
}
