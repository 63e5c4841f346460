//! The short form of a client's address: the network, without the part that names one machine.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use rocket::Request;

/// The short address of the client, which is stored with a new session. The account page shows it. The full
/// address is not stored.
pub fn short_client_address(request: &Request<'_>) -> Option<String> {
    Some(shorten(super::client_address(request)))
}

/// The first 24 bits of an IPv4 address, the first 48 of an IPv6 address. Many users share such a network.
fn shorten(address: IpAddr) -> String {
    match address.to_canonical() {
        address if address.is_loopback() => "localhost".to_owned(),
        IpAddr::V4(address) => {
            let [a, b, c, _] = address.octets();
            let network = format!("{a}.{b}.{c}.x");
            if is_local_v4(address) { format!("{network} (local network)") } else { network }
        }
        IpAddr::V6(address) if is_local_v6(address) => "local network".to_owned(),
        IpAddr::V6(address) => {
            let [a, b, c, ..] = address.segments();
            Ipv6Addr::new(a, b, c, 0, 0, 0, 0, 0).to_string()
        }
    }
}

fn is_local_v4(address: Ipv4Addr) -> bool {
    address.is_private() || address.is_link_local()
}

fn is_local_v6(address: Ipv6Addr) -> bool {
    address.is_unique_local() || address.is_unicast_link_local()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_short_address_names_a_network_and_no_machine() {
        for (address, expected) in [
            ("203.0.113.7", "203.0.113.x"),
            ("::ffff:203.0.113.7", "203.0.113.x"),
            ("2001:db8:1:2:3:4:5:6", "2001:db8:1::"),
            ("2001:db8::7", "2001:db8::"),
            ("127.0.0.1", "localhost"),
            ("::1", "localhost"),
            ("192.168.178.20", "192.168.178.x (local network)"),
            ("169.254.1.2", "169.254.1.x (local network)"),
            ("fe80::1", "local network"),
            ("fd12:3456:789a::1", "local network"),
        ] {
            assert_eq!(shorten(address.parse().unwrap()), expected, "{address}");
        }
    }
}
