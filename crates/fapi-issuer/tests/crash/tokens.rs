//! Tokens that were acknowledged, revocations, and what was used up.

use std::collections::HashMap;
use std::sync::Arc;

use fapi_core::jose::Algorithm;
use serde_json::json;
use tokio::sync::mpsc;
use tokio::task::JoinSet;

use crate::harness::{Caller, key};
use crate::site::{Asked, Site, random};

const ROUNDS: usize = 20;

/// Clients at the same time.
const CLIENTS: usize = 8;

/// What the clients were told, or were not.
enum Event {
    /// This request got this token.
    Issued(Asked, String),
    Revoked(String),
    /// The issuer did not live to answer that this was revoked.
    PerhapsRevoked(String),
    /// Nor this request.
    PerhapsIssued(Asked),
}

/// What is known of the issuer whatever happens to it.
#[derive(Default)]
struct Known {
    /// Each token, and whether it is good.
    tokens: HashMap<String, bool>,
    used: Vec<Asked>,
    perhaps_used: Vec<Asked>,
}

impl Known {
    fn learn(&mut self, event: Event) {
        match event {
            Event::Issued(asked, token) => {
                self.tokens.insert(token, true);
                self.used.push(asked);
            }
            Event::Revoked(token) => {
                self.tokens.insert(token, false);
            }
            Event::PerhapsRevoked(token) => {
                self.tokens.remove(&token);
            }
            Event::PerhapsIssued(asked) => self.perhaps_used.push(asked),
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn what_was_acknowledged_survives_a_kill() {
    let site = Site::new();
    let mut tokens = HashMap::new();
    for _ in 0..ROUNDS {
        let mut program = site.start();
        let caller = Arc::new(site.caller(&program));
        let (tell, mut hear) = mpsc::unbounded_channel();
        let mut clients = JoinSet::new();
        for _ in 0..CLIENTS {
            clients.spawn(work(Arc::clone(&caller), tell.clone()));
        }
        drop(tell);
        let mut known = Known::default();
        for _ in 0..random(100) {
            known.learn(hear.recv().await.unwrap());
        }
        program.kill();
        while let Some(event) = hear.recv().await {
            known.learn(event);
        }
        clients.join_all().await;

        let program = site.start();
        let caller = site.caller(&program);
        for (token, good) in &known.tokens {
            assert_eq!(site.is_active(&caller, token).await, *good);
        }
        for asked in &known.used {
            assert_is_used_up(&caller, asked).await;
        }
        for asked in &known.perhaps_used {
            asked.send(&caller).await.unwrap();
            assert_is_used_up(&caller, asked).await;
        }
        tokens.extend(known.tokens);
    }
    let program = site.start();
    let caller = site.caller(&program);
    for (token, good) in &tokens {
        assert_eq!(site.is_active(&caller, token).await, *good);
    }
    assert!(tokens.values().any(|good| *good) && tokens.values().any(|good| !*good));
}

/// Gets tokens, and revokes one in three, as long as the issuer answers.
async fn work(caller: Arc<Caller>, tell: mpsc::UnboundedSender<Event>) {
    let say = |event| tell.send(event).unwrap();
    for number in 1.. {
        let fields = json!({ "grant_type": "client_credentials" });
        let asked = Asked::new(&caller, &key(Algorithm::Es256), &fields);
        let Some(told) = asked.send(&caller).await else {
            return say(Event::PerhapsIssued(asked));
        };
        assert_eq!(told.status, 200, "{told:?}");
        say(Event::Issued(asked, told.token.clone()));
        if number % 3 != 0 {
            continue;
        }
        let about = json!({ "token": told.token });
        let form = caller.authenticated(("app", &caller.client_key), &about);
        let request = caller.posting("/revoke", &form, &[]);
        match caller.try_to_send(request).await {
            Some(answer) => {
                assert_eq!(answer.status, 200, "{answer:?}");
                say(Event::Revoked(told.token));
            }
            None => return say(Event::PerhapsRevoked(told.token)),
        }
    }
}

/// Neither the assertion nor the proof serves again, with a new one of the other.
async fn assert_is_used_up(caller: &Caller, asked: &Asked) {
    let fields = json!({ "grant_type": "client_credentials" });
    let new = Asked::new(caller, &key(Algorithm::Es256), &fields);
    let old_assertion = Asked {
        form: asked.form.clone(),
        proof: new.proof,
    };
    let told = old_assertion.send(caller).await.unwrap();
    assert_eq!((told.status, &*told.error), (401, "invalid_client"));
    let old_proof = Asked {
        form: new.form,
        proof: asked.proof.clone(),
    };
    let told = old_proof.send(caller).await.unwrap();
    assert_eq!((told.status, &*told.error), (400, "invalid_dpop_proof"));
}
