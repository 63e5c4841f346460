//! Parses addresses and networks, in the forms that settings and proxies write them.

use std::net::IpAddr;

use ipnet::{IpNet, Ipv4Net};
use serde::{Deserialize, Deserializer, de};

/// The networks of trusted proxies, whose headers about the client count. Express's `trust proxy`, as a list.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(transparent)]
pub struct TrustedProxies(#[serde(deserialize_with = "networks")] Vec<IpNet>);

impl TrustedProxies {
    /// Whether an address is in one of the networks. A dual-stack socket reports IPv4 peers as
    /// `::ffff:127.0.0.1`.
    pub(super) fn contains(&self, address: IpAddr) -> bool {
        let address = address.to_canonical();
        self.0.iter().any(|network| network.contains(&address))
    }
}

fn networks<'de, D: Deserializer<'de>>(from: D) -> Result<Vec<IpNet>, D::Error> {
    let texts = Vec::<String>::deserialize(from).map_err(|_| {
        de::Error::custom("must be a list, such as [\"127.0.0.1\", \"10.0.0.0/8\"]")
    })?;
    let read = |text: &String| {
        network(text).ok_or_else(|| {
            de::Error::custom(format!(
                "{text:?} is neither an IP address nor a network: write \"10.0.0.1\", \
                 \"10.0.0.0/8\" or \"fd00::/8\", without a host name, a port or brackets"
            ))
        })
    };
    texts.iter().map(read).collect()
}

/// Reads a network, or an address as a network of one. IPv4-mapped IPv6 counts as IPv4:
/// `::ffff:10.0.0.0/104` is 10.0.0.0/8.
fn network(text: &str) -> Option<IpNet> {
    let network = match text.parse::<IpAddr>() {
        Ok(address) => IpNet::from(address),
        Err(_) => text.parse().ok()?,
    };
    let IpNet::V6(v6) = network else { return Some(network) };
    let Some(mapped) = v6.addr().to_ipv4_mapped() else { return Some(network) };
    let length = v6.prefix_len().checked_sub(96)?;
    Ipv4Net::new(mapped, length).ok().map(IpNet::V4)
}

/// Reads the address in an item of `X-Forwarded-For` or in a `for=` of `Forwarded`, with or without a port
/// and brackets. `None` for `unknown` and for names that hide the address.
pub(super) fn address(word: &str) -> Option<IpAddr> {
    let word = word.trim_matches([' ', '\t']);
    let quoted = word.strip_prefix('"').and_then(|rest| rest.strip_suffix('"'));
    let word = quoted.unwrap_or(word).trim_matches([' ', '\t']);
    if let Ok(address) = word.parse::<IpAddr>() {
        return Some(address.to_canonical());
    }
    let (address, port) = if let Some(rest) = word.strip_prefix('[') {
        let (inner, port) = rest.split_once(']')?;
        (IpAddr::V6(inner.parse().ok()?), port)
    } else {
        let colon = word.find(':')?;
        (IpAddr::V4(word[..colon].parse().ok()?), &word[colon..])
    };
    (port.is_empty() || is_port(port)).then(|| address.to_canonical())
}

/// Whether a text is a port such as `:51234`, or a name that hides one (RFC 7239, section 6.2).
fn is_port(text: &str) -> bool {
    let Some(port) = text.strip_prefix(':') else { return false };
    let is_of_name = |c: char| c.is_ascii_alphanumeric() || "._-".contains(c);
    match port.strip_prefix('_') {
        Some(name) => !name.is_empty() && name.chars().all(is_of_name),
        None => port.bytes().all(|byte| byte.is_ascii_digit()) && port.parse::<u16>().is_ok(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn trusted(json: &str) -> Result<TrustedProxies, String> {
        serde_json::from_str(json).map_err(|error| error.to_string())
    }

    #[test]
    fn a_list_may_have_addresses_and_networks() {
        let check = |json: &str, address: &str, expected: bool| {
            let contains = trusted(json).unwrap().contains(address.parse().unwrap());
            assert_eq!(contains, expected, "{json} {address}");
        };
        check(r#"["10.0.0.0/8"]"#, "10.255.0.1", true);
        check(r#"["10.0.0.0/8"]"#, "11.0.0.1", false);
        check(r#"["10.1.2.3/8"]"#, "10.9.9.9", true);
        check(r#"["10.0.0.0/8"]"#, "::ffff:10.0.0.1", true);
        check(r#"["::ffff:10.0.0.0/104"]"#, "10.0.0.1", true);
        check(r#"["::ffff:10.0.0.0/104"]"#, "11.0.0.1", false);
        check(r#"["::ffff:127.0.0.1"]"#, "127.0.0.1", true);
        check(r#"["fd00::/8", "127.0.0.1"]"#, "fd12::1", true);
        check(r#"["fd00::/8", "127.0.0.1"]"#, "127.0.0.1", true);
        check(r#"["127.0.0.1"]"#, "127.0.0.2", false);
        check(r#"["0.0.0.0/0"]"#, "2001:db8::1", false);
        check("[]", "127.0.0.1", false);
    }

    #[test]
    fn a_text_that_is_no_network_is_rejected() {
        for bad in [
            "10.0.0.0/33",
            "10.0.0/8",
            "10.0.0.0/",
            "10.0.0.0/8/8",
            "10.0.0.1:80",
            "[::1]",
            "fe80::1%eth0",
            "::ffff:10.0.0.0/8",
            "loopback",
            "localhost",
            " 10.0.0.1",
            "*",
            "",
        ] {
            let error = trusted(&format!("[{bad:?}]")).expect_err(bad);
            assert!(error.contains("neither an IP address nor a network"), "{error}");
        }
        assert!(trusted("\"10.0.0.0/8\"").is_err() && trusted("[10]").is_err());
    }

    #[test]
    fn an_address_is_read_in_every_form_that_a_proxy_writes() {
        let check = |word: &str, expected: Option<&str>| {
            let expected = expected.map(|text| text.parse::<IpAddr>().unwrap());
            assert_eq!(address(word), expected, "{word:?}");
        };
        for word in [
            "203.0.113.7",
            " 203.0.113.7\t",
            "203.0.113.7:51234",
            "\"203.0.113.7:51234\"",
            "203.0.113.7:_port",
            "::ffff:203.0.113.7",
            "[::ffff:203.0.113.7]:1",
        ] {
            check(word, Some("203.0.113.7"));
        }
        for word in ["2001:db8::1", "[2001:db8::1]", "[2001:DB8::1]:443", "\"[2001:db8::1]:443\""] {
            check(word, Some("2001:db8::1"));
        }
        for word in [
            "",
            "unknown",
            "_hidden",
            "_203.0.113.7",
            "203.0.113.7:",
            "203.0.113.7:+80",
            "203.0.113.7:99999",
            "203.0.113.7:x",
            "[203.0.113.7]",
            "[2001:db8::1",
            "[2001:db8::1]x",
            "203.0.113.7 x",
            "localhost:80",
            "\"",
        ] {
            check(word, None);
        }
    }
}
