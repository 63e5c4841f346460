//! `cloakroom health`: asks a running server whether it is ready, for a container that has no other client.

use std::fmt::Display;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::time::Duration;

use rocket::figment::Figment;

use super::CommandError;

/// The time limit. `/readyz` responds within a second, also when MongoDB does not answer.
const LIMIT: Duration = Duration::from_secs(3);

/// Asks `/readyz` at the address and the port of the settings.
pub(crate) fn health(figment: &Figment) -> Result<(), CommandError> {
    let config = rocket::Config::try_from(figment)
        .map_err(|error| CommandError::NotReady(error.to_string()))?;
    let url = format!("http://{}/readyz", reachable((config.address, config.port).into()));
    let client = ureq::Agent::config_builder().timeout_global(Some(LIMIT)).proxy(None).build();
    let failed = |why: &dyn Display| CommandError::NotReady(format!("{url}: {why}"));
    let mut answer = ureq::Agent::from(client).get(&url).call().map_err(|error| failed(&error))?;
    let said = answer.body_mut().read_to_string().map_err(|error| failed(&error))?;
    if said != "ok\n" {
        return Err(failed(&"another program answers at this address"));
    }
    println!("{url} responds: ready.");
    Ok(())
}

/// The address at which this machine reaches a server that listens on all its addresses.
fn reachable(mut address: SocketAddr) -> SocketAddr {
    match address.ip() {
        IpAddr::V4(ip) if ip.is_unspecified() => address.set_ip(Ipv4Addr::LOCALHOST.into()),
        IpAddr::V6(ip) if ip.is_unspecified() => address.set_ip(Ipv6Addr::LOCALHOST.into()),
        _ => (),
    }
    address
}
