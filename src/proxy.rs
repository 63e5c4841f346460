//! The client's address, and whether a request came over https, also behind a proxy.
//!
//! A proxy sends both in `X-Forwarded-For` and `X-Forwarded-Proto`, or in `Forwarded` (RFC 7239). Any client
//! can send these headers too. So they count only when the connection comes from a network that the settings
//! trust. The sessions use this for the attribute `Secure` (`Builder::https` in `lib.rs`),
//! `web/protection.rs` for HSTS. Handlers that count attempts take [`ClientAddress`].

mod forwarded;
mod networks;
mod request_id;
mod short;

use std::convert::Infallible;
use std::net::{IpAddr, Ipv4Addr};

use rocket::Request;
use rocket::request::{FromRequest, Outcome};

use crate::once_per_minute::OncePerMinute;
pub use networks::TrustedProxies;
use networks::address;
pub use request_id::request_id_of_proxy;
pub use short::short_client_address;

/// The headers in which proxies send the client's address and the scheme.
const HEADERS: [&str; 3] = ["x-forwarded-for", "x-forwarded-proto", "forwarded"];

/// The client of a request, and whether it used https.
struct Client {
    address: IpAddr,
    https: bool,
}

/// The content of the headers of one kind. `None` for a part that they leave out.
#[derive(Clone, Copy, Default)]
struct Claim {
    /// The client's address, or that of the last trusted proxy if the headers do not reach further.
    client: Option<IpAddr>,
    https: Option<bool>,
}

/// Whether the request came over TLS, to this program or to a trusted proxy.
pub fn is_https(request: &Request<'_>) -> bool {
    client(request).https
}

/// The address of the client, for handlers that count attempts.
pub struct ClientAddress(pub IpAddr);

#[rocket::async_trait]
impl<'r> FromRequest<'r> for ClientAddress {
    type Error = Infallible;

    async fn from_request(request: &'r Request<'_>) -> Outcome<Self, Infallible> {
        Outcome::Success(Self(client_address(request)))
    }
}

/// The address of the client that sent the request.
pub fn client_address(request: &Request<'_>) -> IpAddr {
    client(request).address
}

/// The client, determined once for each request.
fn client<'r>(request: &'r Request<'_>) -> &'r Client {
    request.local_cache(|| find_client(request))
}

fn find_client(request: &Request<'_>) -> Client {
    let address = request.client_ip().unwrap_or(Ipv4Addr::UNSPECIFIED.into()).to_canonical();
    let https = request.rocket().config().tls_enabled();
    let direct = Client { address, https };
    if !HEADERS.iter().any(|name| request.headers().contains(*name)) {
        return direct;
    }
    let Some(trusted) = trusted(request) else { return direct };
    let claims = (x_forwarded(request, trusted, address), forwarded(request, trusted, address));
    let Some(claim) = merge(claims.0, claims.1) else {
        warn_of_contradiction(address);
        return direct;
    };
    Client {
        address: claim.client.unwrap_or(address),
        https: https || claim.https.unwrap_or(false),
    }
}

/// The trusted networks, if the request comes from one of them.
fn trusted<'r>(request: &'r Request<'_>) -> Option<&'r TrustedProxies> {
    let trusted: &TrustedProxies = request.rocket().state()?;
    request.remote().is_some_and(|peer| trusted.contains(peer.ip())).then_some(trusted)
}

/// Merges what both kinds of headers say. `None` when they contradict each other: then the proxy has set one
/// kind, and the client may have sent the other.
///
/// `X-Forwarded-Proto` is also a contradiction if only `Forwarded` has a client address. A client can make
/// Rocket drop the header `X-Forwarded-For`, with bytes that are not UTF-8.
fn merge(x_forwarded: Claim, forwarded: Claim) -> Option<Claim> {
    let client = match (x_forwarded.client, forwarded.client) {
        (Some(one), Some(other)) if one != other => return None,
        (None, Some(_)) if x_forwarded.https.is_some() => return None,
        (one, other) => one.or(other),
    };
    let https = match (x_forwarded.https, forwarded.https) {
        (Some(one), Some(other)) if one != other => return None,
        (one, other) => one.or(other),
    };
    Some(Claim { client, https })
}

fn warn_of_contradiction(proxy: IpAddr) {
    static LIMIT: OncePerMinute = OncePerMinute::new();
    if LIMIT.is_due() {
        tracing::warn!(
            "a request from the proxy {proxy} has X-Forwarded-… and Forwarded headers that contradict \
             each other, so all are ignored. Configure the proxy to remove the kind that it does not \
             set (docs/deploy.md)"
        );
    }
}

/// Reads `X-Forwarded-For` and `X-Forwarded-Proto`.
///
/// Each proxy appends the address of its client, so the list is read from its end. The first scheme is that
/// of the browser: a proxy either sets the scheme or passes it on.
fn x_forwarded(request: &Request<'_>, trusted: &TrustedProxies, proxy: IpAddr) -> Claim {
    let addresses = lines(request, "x-forwarded-for");
    let words = addresses.iter().rev().flat_map(|line| line.rsplit(','));
    let words = words.filter(|word| !word.trim().is_empty()).map(address);
    let scheme =
        lines(request, "x-forwarded-proto").first().and_then(|line| line.split(',').next());
    Claim {
        client: (!addresses.is_empty()).then(|| last_untrusted(words, trusted, proxy)),
        https: scheme.map(is_https_scheme),
    }
}

/// Reads `Forwarded` from its end, as `X-Forwarded-For`. The scheme is the one that the outermost trusted
/// proxy has seen.
fn forwarded(request: &Request<'_>, trusted: &TrustedProxies, proxy: IpAddr) -> Claim {
    let mut claim = Claim::default();
    let mut client = proxy;
    for line in lines(request, "forwarded").iter().rev() {
        let Some(elements) = forwarded::parse(line) else {
            // A line that cannot be parsed may have any address, so it counts as an address of its own.
            claim.client.get_or_insert(client);
            return claim;
        };
        for element in elements.iter().rev() {
            claim.https = element.get("proto").map(is_https_scheme).or(claim.https);
            let Some(node) = element.get("for") else { return claim };
            let next = address(node);
            client = next.unwrap_or(client);
            claim.client = Some(client);
            if next.is_none_or(|next| !trusted.contains(next)) {
                return claim;
            }
        }
    }
    claim
}

/// The last address that is not a trusted proxy. The client may have sent all that is before it. A word that
/// is no address, such as `unknown`, ends the search.
fn last_untrusted(
    words: impl Iterator<Item = Option<IpAddr>>,
    trusted: &TrustedProxies,
    proxy: IpAddr,
) -> IpAddr {
    let mut address = proxy;
    for next in words.map_while(|word| word) {
        address = next;
        if !trusted.contains(next) {
            break;
        }
    }
    address
}

fn is_https_scheme(text: &str) -> bool {
    text.trim().eq_ignore_ascii_case("https")
}

/// The lines of a header that are not blank.
fn lines<'r>(request: &'r Request<'_>, name: &str) -> Vec<&'r str> {
    request.headers().get(name).filter(|line| !line.trim().is_empty()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const ONE: Claim = Claim { client: Some(IpAddr::V4(Ipv4Addr::LOCALHOST)), https: Some(true) };

    #[test]
    fn both_kinds_of_headers_must_agree() {
        let other = Claim { client: Some(Ipv4Addr::BROADCAST.into()), ..ONE };
        let http = Claim { https: Some(false), ..ONE };
        let (no_client, nothing) = (Claim { client: None, ..ONE }, Claim::default());
        for (x_forwarded, forwarded) in [(ONE, other), (ONE, http), (http, ONE), (no_client, ONE)] {
            assert!(merge(x_forwarded, forwarded).is_none());
        }
        let alone = Claim { https: None, ..ONE };
        for (x_forwarded, forwarded) in
            [(ONE, ONE), (ONE, nothing), (nothing, ONE), (ONE, no_client), (alone, no_client)]
        {
            let claim = merge(x_forwarded, forwarded).unwrap();
            assert_eq!((claim.client, claim.https), (ONE.client, ONE.https));
        }
    }
}
