//! The default of `workers`, the threads that run requests.
//!
//! MongoDB on this machine needs a core as well. On 2 cores, a lone request is faster with one thread, and
//! many requests are faster with two (docs/performance.md). MongoDB elsewhere needs none of these cores.

use std::num::NonZero;
use std::thread::available_parallelism;

use mongodb::options::{ConnectionString, HostInfo, ServerAddress};
use rocket::figment::Figment;

use super::{StoreKind, Uri};

/// The default for these settings: one thread for each core, or one less if one of MongoDB's servers has
/// a local address.
pub(super) fn default(settings: &Figment) -> usize {
    let cores = available_parallelism().map_or(1, NonZero::get);
    let uses_mongodb =
        settings.extract_inner("session.store").unwrap_or(StoreKind::Mongodb) == StoreKind::Mongodb;
    let uri: Result<Uri, _> = settings.extract_inner("mongodb.uri");
    let has_mongodb = uses_mongodb && uri.is_ok_and(|uri| is_local(&uri.0));
    if has_mongodb { (cores - 1).max(1) } else { cores }
}

/// Whether one of the servers runs on this machine.
fn is_local(uri: &str) -> bool {
    // An SRV record is a name of the internet. A wrong connection string stops the start later.
    let parsed = ConnectionString::parse(uri).map(|parsed| parsed.host_info);
    let Ok(HostInfo::HostIdentifiers(hosts)) = parsed else { return false };
    hosts.iter().any(|host| match host {
        ServerAddress::Tcp { host, .. } => {
            let host = host.trim_matches(['[', ']']);
            host.eq_ignore_ascii_case("localhost")
                || host.parse::<std::net::IpAddr>().is_ok_and(|address| address.is_loopback())
        }
        #[cfg(unix)]
        ServerAddress::Unix { .. } => true,
        _ => false,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn mongodb_on_this_machine_is_recognised() {
        let check = |uri: &str, expected: bool| assert_eq!(is_local(uri), expected, "{uri}");
        check("mongodb://localhost:27017/tutorial_db", true);
        check("mongodb://LOCALHOST", true);
        check("mongodb://user:secret@127.0.0.1:27018/?replicaSet=rs0", true);
        check("mongodb://127.1.2.3", true);
        check("mongodb://[::1]:27017", true);
        check("mongodb://db.example.com,localhost/x", true);
        #[cfg(unix)]
        check("mongodb://%2Ftmp%2Fmongodb-27017.sock/x", true);
        check("mongodb://db1.example.com,db2.example.com/x", false);
        check("mongodb://localhost.example.com", false);
        check("mongodb://10.0.0.5", false);
        check("mongodb+srv://cluster.example.com", false);
        check("no connection string", false);
    }

    #[test]
    fn mongodb_on_this_machine_gets_a_core_and_memory_none() {
        let cores = available_parallelism().unwrap().get();
        let check = |store: &str, uri: &str, expected: usize| {
            let settings = Figment::from(("session.store", store)).merge(("mongodb.uri", uri));
            assert_eq!(default(&settings), expected, "{store} {uri}");
        };
        check("mongodb", "mongodb://localhost", (cores - 1).max(1));
        check("mongodb", "mongodb://db.example.com", cores);
        check("memory", "mongodb://localhost", cores);
    }
}
