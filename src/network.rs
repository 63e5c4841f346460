//! The addresses of this machine in the local network, where the class finds it.
//!
//! Lessons and labs are not made for the internet. So a class is not served at a public address, unless the
//! teacher allows it.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};

use rocket::Config;
use rocket::figment::Figment;

/// The server would listen at a public address.
#[derive(Debug, thiserror::Error)]
#[error(
    "{0} is a public address, but the lessons are not meant for the internet. Set ROCKET_ADDRESS to \
     this machine's address in the local network, or add --public to allow a public address"
)]
pub struct PublicAddress(IpAddr);

/// The settings for a class: an address that all machines in the room can reach, and `teaching`.
///
/// # Errors
/// [`PublicAddress`], unless `public` allows that.
pub fn for_a_class(figment: Figment, public: bool) -> Result<Figment, PublicAddress> {
    let loopback = IpAddr::V4(Ipv4Addr::LOCALHOST);
    let mut address = figment.extract_inner("address").unwrap_or(loopback);
    if address.is_loopback() {
        address = Ipv4Addr::UNSPECIFIED.into();
    }
    let public_address = reachable_at(address).into_iter().find(|address| !is_local(*address));
    match public_address {
        Some(address) if !public => Err(PublicAddress(address)),
        _ => Ok(figment.merge(("address", address)).merge(("teaching", true))),
    }
}

/// The addresses of this server in the local network, as a browser needs them.
pub fn addresses(config: &Config) -> Vec<String> {
    let reachable = reachable_at(config.address).into_iter();
    reachable.map(|ip| format!("http://{}", SocketAddr::new(ip, config.port))).collect()
}

/// The addresses of this machine at which other machines reach a server that listens at `address`.
fn reachable_at(address: IpAddr) -> Vec<IpAddr> {
    if address.is_loopback() {
        return vec![];
    }
    if !address.is_unspecified() {
        return vec![address];
    }
    let interfaces = if_addrs::get_if_addrs().unwrap_or_default();
    let all = interfaces.into_iter().filter(|interface| !interface.is_loopback());
    let all = all.map(|interface| interface.ip());
    // "0.0.0.0" is IPv4 alone, "::" is both.
    let is_reachable = |ip: &IpAddr| match ip {
        IpAddr::V4(_) => true,
        IpAddr::V6(ip) => address.is_ipv6() && !ip.is_unicast_link_local(),
    };
    all.filter(is_reachable).collect()
}

/// Whether the address is not routed on the internet (RFC 1918, 3927, 4193, 5737, 6598).
fn is_local(ip: IpAddr) -> bool {
    match ip.to_canonical() {
        IpAddr::V4(ip) => {
            let [a, b, ..] = ip.octets();
            let is_shared = a == 100 && (64..128).contains(&b);
            let is_routed_nowhere = ip.is_loopback() || ip.is_documentation();
            ip.is_private() || ip.is_link_local() || is_shared || is_routed_nowhere
        }
        IpAddr::V6(ip) => ip.is_unique_local() || ip.is_unicast_link_local() || ip.is_loopback(),
    }
}
