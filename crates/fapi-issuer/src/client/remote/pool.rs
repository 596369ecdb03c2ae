//! All key sets that are fetched, one for each address.

use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use reqwest::{Client, Url};

use super::address::{self, AddressProblem};
use super::{Reach, RemoteKeySet, fetch};
use crate::clock::Elapsed;
use crate::uri::Http;

/// How many addresses are remembered that no client of the configuration has.
const ROOM: usize = 1024;

/// The key sets by address. A client that is looked up for each request finds the keys of the one before.
pub(crate) struct RemoteKeySets {
    http: Http,
    elapsed: Arc<Elapsed>,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    /// Made when the first one is needed: they load the certificate authorities.
    clients: HashMap<Reach, Client>,
    sets: HashMap<(Reach, Url), Arc<RemoteKeySet>>,
}

impl RemoteKeySets {
    pub(crate) fn new(http: Http, elapsed: Arc<Elapsed>) -> Self {
        Self {
            http,
            elapsed,
            state: Mutex::default(),
        }
    }

    /// The key set at this address. Nothing is fetched yet.
    pub(crate) fn at(&self, uri: &str, reach: Reach) -> Result<Arc<RemoteKeySet>, AddressProblem> {
        // Where http is allowed for development, clients run on this host too.
        let reach = match self.http {
            Http::Nowhere => reach,
            Http::OnLoopback => Reach::AnyHost,
        };
        let url = address::parse(uri, self.http, reach)?;
        // No panic can leave it half changed.
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        let State { clients, sets } = &mut *state;
        let place = (reach, url);
        if let Some(set) = sets.get(&place) {
            return Ok(Arc::clone(set));
        }
        let client = match clients.get(&reach) {
            Some(client) => client.clone(),
            None => {
                let client = fetch::client(reach).map_err(|_| AddressProblem::NoClient)?;
                clients.insert(reach, client.clone());
                client
            }
        };
        if sets.len() >= ROOM {
            sets.retain(|_, set| Arc::strong_count(set) > 1);
        }
        let set = RemoteKeySet::new(place.1.clone(), client, Arc::clone(&self.elapsed));
        let set = Arc::new(set);
        sets.insert(place, Arc::clone(&set));
        Ok(set)
    }
}

impl fmt::Debug for RemoteKeySets {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RemoteKeySets").finish_non_exhaustive()
    }
}
