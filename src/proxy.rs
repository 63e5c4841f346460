//! Where does a request come from, and did it come over https? Behind a proxy, only the proxy knows.
//!
//! It says so in `X-Forwarded-For` and `X-Forwarded-Proto`, or in `Forwarded` (RFC 7239). Any client
//! can write these headers as well. So they count only when the connection comes from a network that
//! the settings name. The sessions ask for the attribute `Secure` (`Builder::https` in `lib.rs`),
//! `web/headers.rs` asks for HSTS, and `web/client.rs` for the address whose attempts are counted.

mod forwarded;
mod networks;

use std::net::{IpAddr, Ipv4Addr};

use rocket::Request;

use crate::logging::OncePerMinute;
pub use networks::TrustedProxies;
use networks::address;

/// The headers in which proxies say where a request comes from.
const HEADERS: [&str; 3] = ["x-forwarded-for", "x-forwarded-proto", "forwarded"];

/// What is known of the other end of a request.
struct Sender {
    address: IpAddr,
    https: bool,
}

/// What the headers of one kind say; `None` for what they leave out.
#[derive(Clone, Copy, Default)]
struct Claim {
    /// The client, or the last trusted proxy on the way to it when that is all they say.
    client: Option<IpAddr>,
    https: Option<bool>,
}

/// True when the request came over TLS, to us or to a trusted proxy.
pub fn is_https(request: &Request<'_>) -> bool {
    sender(request).https
}

/// The address that the request comes from.
pub fn client_address(request: &Request<'_>) -> IpAddr {
    sender(request).address
}

/// Found out once in a request.
fn sender<'r>(request: &'r Request<'_>) -> &'r Sender {
    request.local_cache(|| find_sender(request))
}

fn find_sender(request: &Request<'_>) -> Sender {
    let address = request.client_ip().unwrap_or(Ipv4Addr::UNSPECIFIED.into()).to_canonical();
    let https = request.rocket().config().tls_enabled();
    if !HEADERS.iter().any(|name| request.headers().contains(*name)) {
        return Sender { address, https };
    }
    let trusted: Option<&TrustedProxies> = request.rocket().state();
    let is_trusted = |trusted: &&TrustedProxies| {
        request.remote().is_some_and(|peer| trusted.contains(peer.ip()))
    };
    let Some(trusted) = trusted.filter(is_trusted) else { return Sender { address, https } };
    let claims = (x_forwarded(request, trusted, address), forwarded(request, trusted, address));
    let Some(claim) = agreed(claims.0, claims.1) else {
        warn_of_disagreement(address);
        return Sender { address, https };
    };
    Sender {
        address: claim.client.unwrap_or(address),
        https: https || claim.https.unwrap_or(false),
    }
}

/// What both kinds of headers say together. `None` when they contradict each other: the proxy sets
/// one of them, and the client can have written the other.
///
/// `X-Forwarded-Proto` beside a client that only `Forwarded` names is a contradiction as well. A
/// client can make Rocket drop the line of `X-Forwarded-For`, by bytes that are not UTF-8.
fn agreed(x_forwarded: Claim, forwarded: Claim) -> Option<Claim> {
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

fn warn_of_disagreement(proxy: IpAddr) {
    static LIMIT: OncePerMinute = OncePerMinute::new();
    if LIMIT.is_due() {
        log::warn!(
            "a request from the proxy {proxy} has X-Forwarded-… and Forwarded headers that say \
             different things: none of them counts. Let the proxy remove the kind that it does not \
             set (docs/deploy.md)"
        );
    }
}

/// Each proxy appends the address that it heard from, so the list is read from its end. The first
/// scheme is the browser's: a proxy either sets it or passes it on.
fn x_forwarded(request: &Request<'_>, trusted: &TrustedProxies, proxy: IpAddr) -> Claim {
    let addresses = lines(request, "x-forwarded-for");
    let words = addresses.iter().rev().flat_map(|line| line.rsplit(','));
    let words = words.filter(|word| !word.trim().is_empty()).map(address);
    let scheme =
        lines(request, "x-forwarded-proto").first().and_then(|line| line.split(',').next());
    Claim {
        client: (!addresses.is_empty()).then(|| walk(words, trusted, proxy)),
        https: scheme.map(is_https_scheme),
    }
}

/// As for `X-Forwarded-For`. The scheme is the one that the last trusted proxy on the way has seen.
fn forwarded(request: &Request<'_>, trusted: &TrustedProxies, proxy: IpAddr) -> Claim {
    let mut claim = Claim::default();
    let mut client = proxy;
    for line in lines(request, "forwarded").iter().rev() {
        let Some(elements) = forwarded::parse(line) else {
            // A line that cannot be read can hide any address, so it contradicts other headers.
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

/// The last address that is no proxy of ours. A client can have written all that stands before it.
/// A word that is no address, such as `unknown`, ends the walk.
fn walk(
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

/// The lines of a header that say anything.
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
            assert!(agreed(x_forwarded, forwarded).is_none());
        }
        let alone = Claim { https: None, ..ONE };
        for (x_forwarded, forwarded) in
            [(ONE, ONE), (ONE, nothing), (nothing, ONE), (ONE, no_client), (alone, no_client)]
        {
            let claim = agreed(x_forwarded, forwarded).unwrap();
            assert_eq!((claim.client, claim.https), (ONE.client, ONE.https));
        }
    }
}
