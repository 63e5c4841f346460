//! The little servers of all learners, as many as fit.
//!
//! Guests and accounts have places of their own, so guests displace guests only. A new server ends the
//! one that was unused for longest.

use std::collections::HashMap;

use super::server::Server;

/// A class is 40, and a school has some classes.
const OF_ACCOUNTS: usize = 1_000;
const OF_GUESTS: usize = 500;

/// The learner that a little server belongs to.
#[derive(Clone, Debug)]
pub struct Tenant {
    /// The account's id, or the handle of a session in which no user is logged in.
    pub name: String,
    /// The learner is not logged in.
    pub is_guest: bool,
}

/// All of them.
#[derive(Default)]
pub struct Servers {
    accounts: HashMap<String, Kept>,
    guests: HashMap<String, Kept>,
    /// Counts each use.
    clock: u64,
}

struct Kept {
    server: Server,
    used: u64,
}

impl Servers {
    /// The server of this learner; started when it is not there.
    pub fn of(&mut self, tenant: &Tenant) -> Server {
        self.put(tenant, |before| before.unwrap_or_else(|| Server::start(None)))
    }

    /// Another server in the place of this learner's: what was in its memory is gone.
    pub fn restart(&mut self, tenant: &Tenant) {
        self.put(tenant, |before| Server::start(before.map(|before| before.boot)));
    }

    fn put(&mut self, tenant: &Tenant, make: impl FnOnce(Option<Server>) -> Server) -> Server {
        self.clock += 1;
        let (servers, most) = match tenant.is_guest {
            true => (&mut self.guests, OF_GUESTS),
            false => (&mut self.accounts, OF_ACCOUNTS),
        };
        let before = servers.remove(&tenant.name).map(|kept| kept.server);
        if servers.len() >= most {
            let unused = servers.iter().min_by_key(|(_, kept)| kept.used);
            let unused = unused.map(|(name, _)| name.clone());
            unused.and_then(|name| servers.remove(&name));
        }
        let kept = Kept { server: make(before), used: self.clock };
        let server = kept.server.clone();
        servers.insert(tenant.name.clone(), kept);
        server
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tenant(name: impl ToString, is_guest: bool) -> Tenant {
        Tenant { name: name.to_string(), is_guest }
    }

    #[test]
    fn guests_displace_guests_and_never_a_learner_with_an_account() {
        let mut servers = Servers::default();
        let rosa = servers.of(&tenant("rosa", false)).boot;
        for number in 0..3_000 {
            servers.of(&tenant(number, true));
            servers.restart(&tenant(number, true));
        }
        assert_eq!(servers.of(&tenant("rosa", false)).boot, rosa);
        assert_eq!((servers.accounts.len(), servers.guests.len()), (1, OF_GUESTS));
    }

    #[test]
    fn one_learner_too_many_ends_the_server_that_was_unused_for_longest() {
        for (is_guest, most) in [(false, OF_ACCOUNTS), (true, OF_GUESTS)] {
            let mut servers = Servers::default();
            let tenants: Vec<Tenant> = (0..most).map(|number| tenant(number, is_guest)).collect();
            tenants.iter().for_each(|tenant| drop(servers.of(tenant)));
            servers.of(&tenants[0]);
            servers.of(&tenant("one more", is_guest));
            let kept = if is_guest { &servers.guests } else { &servers.accounts };
            assert_eq!(kept.len(), most);
            assert!(kept.contains_key("0") && !kept.contains_key("1"));
        }
    }
}
