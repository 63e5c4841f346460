//! Did the browser come over https? Behind a proxy that ends TLS, only the proxy knows.
//!
//! It says so in `X-Forwarded-Proto`, which any client can write as well. So the header counts
//! only when the connection comes from an address that the settings name. Asked by
//! `session/guard.rs` (the `Secure` attribute) and `web/headers.rs` (HSTS).

use std::net::IpAddr;

use rocket::Request;
use serde::Deserialize;

/// The addresses whose `X-Forwarded-Proto` is believed; Express's `trust proxy`, as a list.
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

fn is_from_trusted_proxy(request: &Request<'_>) -> bool {
    let Some(TrustedProxies(trusted)) = request.rocket().state() else { return false };
    // A dual-stack socket reports IPv4 peers as ::ffff:127.0.0.1.
    request.remote().is_some_and(|peer| trusted.contains(&peer.ip().to_canonical()))
}
