//! Where does a request come from, and did it come over https? Behind a proxy, only the proxy knows.
//!
//! It says so in `X-Forwarded-For` and `X-Forwarded-Proto`, which any client can write as well. So
//! they count only when the connection comes from an address that the settings name. Asked by
//! `session/guard.rs` (the `Secure` attribute), `web/headers.rs` (HSTS) and `web/client.rs` (whose
//! guesses are counted).

use std::net::{IpAddr, Ipv4Addr};

use rocket::Request;
use serde::Deserialize;

/// The addresses whose `X-Forwarded-…` headers are believed; Express's `trust proxy`, as a list.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(transparent)]
pub struct TrustedProxies(Vec<IpAddr>);

/// True when the request came over TLS, to us or to a trusted proxy.
///
/// Each proxy on the way adds its own word behind a comma; the first is the browser's.
pub fn is_https(request: &Request<'_>) -> bool {
    request.rocket().config().tls_enabled() || {
        let mut said = request.headers().get("x-forwarded-proto");
        let first = said.next().and_then(|value| value.split(',').next()).unwrap_or_default();
        first.trim().eq_ignore_ascii_case("https") && is_from_trusted_proxy(request)
    }
}

/// The address that the request comes from. Each proxy appends the address of whom it heard from,
/// so of those in `X-Forwarded-For` the last that is no proxy of ours is true; what stands before
/// it, anybody can have written.
pub fn client_address(request: &Request<'_>) -> IpAddr {
    let mut address = request.client_ip().unwrap_or(Ipv4Addr::UNSPECIFIED.into()).to_canonical();
    if is_from_trusted_proxy(request) {
        let lines: Vec<_> = request.headers().get("x-forwarded-for").collect();
        let said = lines.iter().rev().flat_map(|line| line.rsplit(','));
        for said in said.map_while(|word| word.trim().parse::<IpAddr>().ok()) {
            address = said.to_canonical();
            if !is_trusted(request, address) {
                break;
            }
        }
    }
    address
}

fn is_from_trusted_proxy(request: &Request<'_>) -> bool {
    // A dual-stack socket reports IPv4 peers as ::ffff:127.0.0.1.
    request.remote().is_some_and(|peer| is_trusted(request, peer.ip().to_canonical()))
}

fn is_trusted(request: &Request<'_>, address: IpAddr) -> bool {
    let trusted: Option<&TrustedProxies> = request.rocket().state();
    trusted.is_some_and(|TrustedProxies(list)| list.contains(&address))
}
