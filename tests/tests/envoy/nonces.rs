//! Nonces that all workers know.

use serde_json::json;

use crate::cast::*;

#[test]
fn a_client_that_follows_nonces_is_challenged_once_and_never_bounced_between_workers() {
    let cast = Cast::new();
    let mut config = cast.config();
    config["dpop"]["nonce"] = json!({ "mode": "required", "lifetime_seconds": 120 });
    let envoy = cast.envoy(&config);
    let mut workers = connect_to_both(&envoy, "api");
    let token = cast.token().build();
    let mut nonce: Option<String> = None;
    let mut challenges = 0;
    for turn in 0..200 {
        let worker = &mut workers[turn % 2];
        let proof = || {
            let proof = cast.proof(&token);
            match &nonce {
                Some(nonce) => proof.nonce(nonce.as_str()),
                None => proof,
            }
        };
        let mut answer = exchange(worker, &request(&token, &proof().build()));
        if answer.status == 401 {
            challenges += 1;
            assert!(
                answer.challenges()[0].contains("use_dpop_nonce"),
                "{answer:?}"
            );
            let fresh = answer.nonces()[0].to_owned();
            answer = exchange(
                worker,
                &request(&token, &cast.proof(&token).nonce(fresh.as_str()).build()),
            );
            nonce = Some(fresh);
        }
        assert_eq!(answer.status, 200, "turn {turn}: {answer:?}");
        // The upstream's own nonce does not reach the client.
        match answer.nonces()[..] {
            [] => {}
            [one] if one != "from-upstream" => nonce = Some(one.to_owned()),
            _ => panic!("{answer:?}"),
        }
    }
    assert_eq!(challenges, 1);
}
