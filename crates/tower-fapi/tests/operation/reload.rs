//! Another configuration while requests come in.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use fapi_core::config::{Config, HttpConfig, OriginConfig, Rule, Secret};
use tower_fapi::testing::{TestClient, TestClock, TestIssuer};
use tower_fapi::{FapiConfig, FapiHandle, FapiLayer, IssuerConfig, Reason};

use crate::door::{API, AS, Door, NOW, Outcome, header, outcome};
use crate::introspect_support as asked;
use crate::server::{Reply, Server, soon};

const RELOADS: usize = 1000;
const SENDERS: usize = 4;

/// A layer with fetched keys, and the issuer that it fetches them from.
struct Scene {
    issuer: TestIssuer,
    server: Server,
    door: Door,
    handle: FapiHandle,
}

impl Scene {
    async fn new() -> Self {
        let issuer = TestIssuer::new(AS);
        let jwks = issuer.jwks();
        let server = Server::start(move |_| Reply::json(&jwks)).await;
        let clock = TestClock::at(NOW);
        let layer = FapiLayer::builder(config(&server)).clock(clock.source());
        let layer = layer.build().unwrap();
        Self {
            issuer,
            server,
            handle: layer.handle(),
            door: Door::new(layer, &clock),
        }
    }

    fn token(&self) -> String {
        let token = self.issuer.token(self.door.client.thumbprint(), NOW);
        token.build()
    }

    fn reload(&self, change: impl FnOnce(&mut Config)) {
        let mut config = config(&self.server);
        change(&mut config);
        self.handle.reload(&config).unwrap();
    }
}

fn config(server: &Server) -> Config {
    FapiConfig::builder(API)
        .dangerous_allow_http_loopback()
        .issuer(IssuerConfig::new(AS).jwks_uri(server.at("/jwks")))
        .build()
        .unwrap()
}

/// What is wrong with the configuration that is the `number`-th, and the field that the error names.
fn spoil(config: &mut Config, number: usize) -> &'static str {
    match number % 5 {
        0 => {
            config.issuers.clear();
            "issuers"
        }
        1 => {
            config.rules = vec![Rule::public("/accounts"), Rule::public("/accounts")];
            "rules[1].path"
        }
        2 => {
            config.dpop.nonce.keys = vec![Secret::Env("TOWER_FAPI_NO_SUCH_VARIABLE".to_owned())];
            "dpop.nonce.keys[0]"
        }
        3 => {
            config.issuers[0].jwks_uri = Some("http://as.example.com/jwks".to_owned());
            "issuers[0].jwks_uri"
        }
        _ => {
            config.dpop.replay.capacity = 1;
            "dpop.replay.capacity"
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_thousand_reloads_under_load_lose_and_mistake_nothing() {
    let scene = Scene::new().await;
    let token = scene.token();
    let used = scene.door.proof(&token);
    let first = soon(scene.door.send(&token, &used)).await;
    assert_eq!(outcome(&first), Outcome::Accepted);

    let over = Arc::new(AtomicBool::new(false));
    let sent = Arc::new(AtomicUsize::new(0));
    let mut senders = tokio::task::JoinSet::new();
    for _ in 0..SENDERS {
        let (door, token, used) = (scene.door.clone(), token.clone(), used.clone());
        let forged = TestIssuer::new(AS);
        let forged = forged.token(door.client.thumbprint(), NOW);
        let forged = forged.without_header("kid").build();
        let (over, sent) = (Arc::clone(&over), Arc::clone(&sent));
        senders.spawn(async move {
            while !over.load(Ordering::SeqCst) {
                assert_eq!(door.outcome(&token).await, Outcome::Accepted);
                let again = outcome(&door.send(&token, &used).await);
                assert_eq!(again, Outcome::Refused(Reason::ProofReplayed));
                let not_theirs = Outcome::Refused(Reason::TokenSignature);
                assert_eq!(door.outcome(&forged).await, not_theirs);
                sent.fetch_add(3, Ordering::SeqCst);
                // Nothing above waits; a runtime that is to end with a failed test needs a point to end at.
                tokio::task::yield_now().await;
            }
        });
    }
    for number in 0..RELOADS {
        let mut next = config(&scene.server);
        next.token_cache_seconds = u32::try_from(number % 60).unwrap();
        next.rules = vec![Rule::new(format!("/{number}")), Rule::new("/accounts")];
        if number % 2 == 0 {
            scene.handle.reload(&next).unwrap();
        } else {
            let field = spoil(&mut next, number / 2);
            let error = scene.handle.reload(&next).unwrap_err();
            assert_eq!(error.path(), field, "{error}");
        }
        // Senders are in between, however few processors there are.
        let before = sent.load(Ordering::SeqCst);
        while number % 10 == 0 && sent.load(Ordering::SeqCst) < before + SENDERS {
            assert!(senders.try_join_next().is_none(), "a sender has failed");
            tokio::task::yield_now().await;
        }
    }
    over.store(true, Ordering::SeqCst);
    soon(senders.join_all()).await;
    println!("{} requests", sent.load(Ordering::SeqCst));
    assert_eq!(scene.server.count("/jwks"), 1);
}

#[tokio::test]
async fn fetched_keys_go_on_while_they_come_from_the_same_place() {
    let scene = Scene::new().await;
    let token = scene.token();
    assert_eq!(soon(scene.door.outcome(&token)).await, Outcome::Accepted);
    // Nothing could be fetched from here on.
    scene.server.now(|_| Reply::status("503 Busy"));

    scene.reload(|config| config.token_cache_seconds = 1);
    assert_eq!(soon(scene.door.outcome(&token)).await, Outcome::Accepted);
    scene.reload(|config| {
        let mut http = HttpConfig::default();
        http.timeout_ms = 1234;
        config.http = Some(http);
    });
    assert_eq!(soon(scene.door.outcome(&token)).await, Outcome::Accepted);
    let another = IssuerConfig::new("https://other.example.com").jwks(scene.issuer.jwks());
    scene.reload(|config| config.issuers.insert(0, another));
    assert_eq!(soon(scene.door.outcome(&token)).await, Outcome::Accepted);
    assert_eq!(scene.server.asked(), ["/jwks"]);

    let elsewhere = scene.server.at("/other");
    scene.reload(|config| config.issuers[0].jwks_uri = Some(elsewhere));
    let unknown = Outcome::Refused(Reason::KeysUnavailable);
    assert_eq!(soon(scene.door.outcome(&token)).await, unknown);
    assert_eq!(scene.server.asked(), ["/jwks", "/other"]);
}

#[tokio::test]
async fn introspection_answers_go_on_while_the_settings_do() {
    let client = TestClient::new();
    let answer = asked::json(&asked::bound(client.thumbprint()));
    let server = asked::Server::always(answer).await;
    let key = asked::signing_key();
    let config = |cache_seconds: u32, token_cache_seconds: u32| {
        let mut endpoint = asked::endpoint(&server.origin, &key);
        endpoint.cache_seconds = cache_seconds;
        let mut config = asked::config(endpoint);
        config.token_cache_seconds = token_cache_seconds;
        config
    };
    let clock = TestClock::at(NOW);
    let layer = FapiLayer::builder(config(60, 30)).clock(clock.source());
    let layer = layer.build().unwrap();
    let handle = layer.handle();
    let door = Door {
        layer,
        client,
        clock,
    };
    for (settings, questions) in [
        (config(60, 30), 1),
        (config(60, 31), 1),
        (config(59, 31), 2),
    ] {
        handle.reload(&settings).unwrap();
        for _ in 0..2 {
            let outcome = soon(door.outcome(asked::TOKEN)).await;
            assert_eq!(outcome, Outcome::Accepted);
        }
        assert_eq!(server.received().len(), questions);
    }
}

/// A memory that knew for how long proofs lived then does not know what has expired in it.
#[tokio::test]
async fn proofs_that_live_longer_are_not_accepted_again() {
    let scene = Scene::new().await;
    let token = scene.token();
    let used = scene.door.proof(&token);
    let first = soon(scene.door.send(&token, &used)).await;
    assert_eq!(outcome(&first), Outcome::Accepted);

    // Shorter and back: what was remembered for the shorter time is forgotten when it ends.
    scene.reload(|config| config.dpop.max_age_seconds = 20);
    scene.door.clock.advance(1);
    let brief = scene.door.proof(&token);
    assert_eq!(
        outcome(&soon(scene.door.send(&token, &brief)).await),
        Outcome::Accepted
    );
    scene.door.clock.advance(45);
    scene.reload(|config| config.dpop.max_age_seconds = 60);
    for proof in [&used, &brief] {
        let response = soon(scene.door.send(&token, proof)).await;
        let early = Outcome::Refused(Reason::ProofBeforeEpoch);
        assert_eq!(outcome(&response), early);
    }
}

/// The new memory is empty, and a proof may be a little ahead of our clock.
#[tokio::test]
async fn another_memory_asks_a_nonce_of_proofs_that_the_last_one_may_know() {
    let scene = Scene::new().await;
    let token = scene.token();
    let used = scene.door.proof(&token);
    let url = format!("{API}/accounts");
    let ahead = scene.door.client.proof("GET", &url, NOW.plus(10));
    let ahead = ahead.token(&token).build();
    for proof in [&used, &ahead] {
        let response = soon(scene.door.send(&token, proof)).await;
        assert_eq!(outcome(&response), Outcome::Accepted);
    }
    scene.reload(|config| config.dpop.replay.capacity = 2048);
    for proof in [&used, &ahead] {
        let response = soon(scene.door.send(&token, proof)).await;
        let early = Outcome::Refused(Reason::ProofBeforeEpoch);
        assert_eq!(outcome(&response), early);
        let nonce = header(&response, "dpop-nonce").unwrap();
        let fresh = scene.door.proof_with(&token, Some(nonce));
        let response = soon(scene.door.send(&token, &fresh)).await;
        assert_eq!(outcome(&response), Outcome::Accepted);
    }
    // A second later than the latest of them nobody is asked any more.
    scene.door.clock.advance(11);
    assert_eq!(soon(scene.door.outcome(&token)).await, Outcome::Accepted);
}

/// Entries are named after the resource.
#[tokio::test]
async fn a_renamed_resource_does_not_make_used_proofs_new() {
    let scene = Scene::new().await;
    let token = scene.token();
    let used = scene.door.proof(&token);
    let first = soon(scene.door.send(&token, &used)).await;
    assert_eq!(outcome(&first), Outcome::Accepted);
    scene.reload(|config| {
        let origin = OriginConfig::new(API).resource("https://api.example.com/v2");
        config.origins = Some(vec![origin.audience(API)]);
    });
    let second = soon(scene.door.send(&token, &used)).await;
    assert_ne!(outcome(&second), Outcome::Accepted);
}

#[tokio::test]
async fn used_up_quotas_stay_used_up() {
    let scene = Scene::new().await;
    let token = scene.token();
    let one_each = |config: &mut Config| config.dpop.replay.per_key = Some(11);
    scene.reload(one_each);
    scene.door.clock.advance(11);
    let mut outcomes = Vec::new();
    for _ in 0..12 {
        scene.reload(one_each);
        outcomes.push(soon(scene.door.outcome(&token)).await);
    }
    let (last, others) = outcomes.split_last().unwrap();
    assert!(others.iter().all(|outcome| *outcome == Outcome::Accepted));
    assert_eq!(*last, Outcome::Refused(Reason::QuotaKey));
}
