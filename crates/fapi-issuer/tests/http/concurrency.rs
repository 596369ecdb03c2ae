//! Single use, when it is tried many times at once.

use std::sync::Arc;

use fapi_core::jose::Algorithm;
use serde_json::json;

use crate::harness::{Server, key};

#[derive(Clone, Copy, PartialEq)]
enum Shared {
    Assertion,
    Proof,
}

async fn accepted(shared: Shared) -> usize {
    let server = Arc::new(Server::start().await);
    let holder = key(Algorithm::Es256);
    let one_assertion = server.assertion();
    let one_proof = server.proof(&holder);
    let mut requests = Vec::new();
    for _ in 0..32 {
        let (assertion, proof) = match shared {
            Shared::Assertion => (one_assertion.clone(), server.proof(&holder)),
            Shared::Proof => (server.assertion(), one_proof.clone()),
        };
        let server = Arc::clone(&server);
        requests.push(tokio::spawn(async move {
            let fields = json!({ "client_assertion": assertion });
            server.ask(fields, &[&proof]).await
        }));
    }
    let mut accepted = 0;
    for request in requests {
        let answer = request.await.unwrap();
        match (answer.error(), shared) {
            ((200, "none"), _) => accepted += 1,
            ((401, "invalid_client"), Shared::Assertion)
            | ((400, "invalid_dpop_proof"), Shared::Proof) => {}
            other => panic!("{:?}", other.0),
        }
    }
    accepted
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn one_assertion_is_accepted_once() {
    assert_eq!(accepted(Shared::Assertion).await, 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn one_proof_is_accepted_once() {
    assert_eq!(accepted(Shared::Proof).await, 1);
}
