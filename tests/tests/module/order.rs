//! What Envoy may do in any order, done in many.

use std::collections::BTreeMap;
use std::rc::Rc;
use std::time::Duration;

use fapi_tests::module::{Faults, Header, Worker};
use fapi_tests::random::Random;
use serde_json::Value;

use crate::cast::*;

/// Whether the client is one of those who may go on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Intent {
    Good,
    Bad,
}

struct Play<'a> {
    cast: &'a Cast,
    worker: Worker,
    random: Random,
    streams: BTreeMap<u32, Intent>,
    /// Calls that somebody has answered.
    answered: usize,
    used: Vec<Vec<Header>>,
    proofs: BTreeMap<u32, Vec<u8>>,
    /// The proofs of requests that went on, by stream.
    accepted: BTreeMap<u32, Vec<u8>>,
    faults: Faults,
}

impl Play<'_> {
    fn act(&mut self) {
        match self.random.below(14) {
            0..=3 => self.request(),
            4..=6 => self.answer(),
            7 => self.worker.tick(),
            8 => self.worker.world().now += Duration::from_millis(self.random.number() % 3000),
            9 | 10 => self.end(),
            11 => self.respond(),
            12 => {
                let faults = self.faults.clone();
                self.worker.world().faults = faults;
            }
            _ => self.worker.world().faults = Faults::None,
        }
        self.look();
    }

    fn request(&mut self) {
        let (request, intent) = match self.random.below(6) {
            0 => (without(self.cast.good(), "dpop"), Intent::Bad),
            1 => (self.cast.forged(), Intent::Bad),
            2 => (
                with(self.cast.good(), "authorization", b"\xff".to_vec()),
                Intent::Bad,
            ),
            3 => (self.cast.opaque(), Intent::Good),
            4 if !self.used.is_empty() => (self.random.one_of(&self.used).clone(), Intent::Good),
            _ => (self.cast.good(), Intent::Good),
        };
        if intent == Intent::Good {
            self.used.push(request.clone());
        }
        let (_, proof) = request.last().cloned().unwrap();
        let id = self.worker.request(request);
        self.streams.insert(id, intent);
        self.proofs.insert(id, proof);
    }

    /// An answer to any call that still waits for one; the context may have gone.
    fn answer(&mut self) {
        let calls = self.worker.world().calls.len();
        if self.answered >= calls {
            return;
        }
        let call = self.worker.world().calls[self.answered].clone();
        self.answered += 1;
        match (self.random.below(4), &*call.path()) {
            (0, _) => self.worker.fail(&call),
            (1, _) => {
                let body = self.random.bytes(50);
                let headers = JSON.map(|(name, value)| (name.into(), value.into()));
                self.worker.answer_with(&call, headers.to_vec(), body);
            }
            (_, "/jwks") => self.worker.answer(&call, &JSON, &self.cast.issuer.jwks()),
            (_, _) => self.worker.answer(&call, &JSON, &self.cast.active()),
        }
    }

    fn end(&mut self) {
        if let Some(id) = self.any_stream() {
            self.worker.end(id);
            self.streams.remove(&id);
        }
    }

    fn respond(&mut self) {
        if let Some(id) = self.any_stream() {
            let status = (b":status".to_vec(), b"200".to_vec());
            let nonce = (b"dpop-nonce".to_vec(), self.random.bytes(20));
            self.worker.respond(id, vec![status, nonce]);
        }
    }

    fn any_stream(&mut self) -> Option<u32> {
        let streams: Vec<u32> = self.streams.keys().copied().collect();
        (!streams.is_empty()).then(|| *self.random.one_of(&streams))
    }

    fn look(&mut self) {
        for (id, intent) in self.streams.clone() {
            if !self.worker.stream(id).forwarded || self.accepted.contains_key(&id) {
                continue;
            }
            assert_eq!(intent, Intent::Good);
            let proof = self.proofs[&id].clone();
            assert!(
                !self.accepted.values().any(|used| *used == proof),
                "used twice"
            );
            self.accepted.insert(id, proof);
        }
        assert_decent(&mut self.worker);
    }
}

fn play(cast: &Cast, document: &Value, seed: u64) -> usize {
    let (worker, started) = Worker::start(&document.to_string(), &Rc::default());
    assert!(started);
    let mut random = Random::new(seed);
    let faults = Faults::Now {
        one_in: 3 + random.below(10),
        random: Random::new(seed),
    };
    let mut play = Play {
        cast,
        worker,
        random,
        streams: BTreeMap::new(),
        answered: 0,
        used: Vec::new(),
        accepted: BTreeMap::new(),
        proofs: BTreeMap::new(),
        faults,
    };
    for _ in 0..150 {
        play.act();
    }
    play.accepted.len()
}

#[test]
fn callbacks_in_any_order_neither_trap_nor_let_a_bad_request_through() {
    let cast = Cast::new();
    let mut document = cast.introspecting();
    let fetching = cast.fetching();
    document["issuers"][0]["jwks_uri"] = fetching["issuers"][0]["jwks_uri"].clone();
    document["issuers"][0]["token_format"] = "any".into();
    if let Some(issuer) = document["issuers"][0].as_object_mut() {
        issuer.remove("jwks");
    }
    let accepted: usize = (0..40).map(|seed| play(&cast, &document, seed)).sum();
    // Otherwise the plays would show little.
    assert!(accepted > 100, "{accepted}");
}
