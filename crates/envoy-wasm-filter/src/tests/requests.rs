//! Requests that need nothing but what is there.

use serde_json::json;

use super::mock::{FOREIGN_CALLS, host_verifies};
use super::*;

#[test]
fn a_good_request_goes_on_without_its_credentials_and_with_its_claims() {
    let cast = Cast::new();
    let mut document = cast.document();
    document["envoy"] = json!({
        "claim_headers": [{ "claim": "sub", "header": "X-Fapi-Sub" }, { "claim": "none", "header": "x-fapi-none" }],
        "claim_properties": ["sub", "tenant"],
    });
    let mut worker = cast.worker(&document);
    let token = cast.token("k1");
    let mut request = headers(&token, &cast.proof(&token));
    request.push(("x-fapi-sub", b"mallory".to_vec()));
    request.push(("X_FAPI_none", b"mallory".to_vec()));
    request.push((
        "x-fapi-interaction-id",
        b"3f2504e0-4f89-11d3-9a0c-0305e82c3301".to_vec(),
    ));
    let id = send(&mut worker, &request);

    let stream = worker.stream(id);
    assert!(stream.resumed, "{:?}", stream.reply);
    assert_eq!(stream.header("authorization"), None);
    assert_eq!(stream.header("dpop"), None);
    assert_eq!(stream.header("x-fapi-sub").unwrap(), "alice");
    assert_eq!(stream.header("X_FAPI_none"), None);
    assert_eq!(stream.properties["fapi_sub"], "alice");
    assert_eq!(stream.properties["fapi_tenant"], "t-1");
    assert_eq!(worker.count("fapi.accepted"), 1);
    // Nothing of what a request carries is in the log.
    let log = worker.world(|world| format!("{:?}", world.log));
    assert!(!log.contains("alice") && !log.contains(&token));

    let response = worker.response(id, &[("dpop-nonce", "theirs"), ("dpop-nonce", "too")]);
    let id = "3f2504e0-4f89-11d3-9a0c-0305e82c3301".to_owned();
    assert_eq!(response, [("x-fapi-interaction-id".to_owned(), id)]);
}

#[test]
fn credentials_go_on_if_the_document_says_so() {
    let cast = Cast::new();
    let mut document = cast.document();
    document["envoy"] = json!({ "forward": true });
    let mut worker = cast.worker(&document);
    let id = send_good(&mut worker, &cast, "k1");
    let stream = worker.stream(id);
    assert!(stream.resumed && stream.header("dpop").is_some());
    assert!(stream.header("authorization").is_some());
}

#[test]
fn a_proof_serves_once_in_all_workers() {
    let cast = Cast::new();
    let document = cast.document();
    let (mut one, mut two) = (cast.worker(&document), cast.worker(&document));
    let token = cast.token("k1");
    let request = headers(&token, &cast.proof(&token));
    let first = send(&mut one, &request);
    assert!(one.stream(first).resumed);
    for worker in [&mut one, &mut two] {
        let again = send(worker, &request);
        let reply = worker.stream(again).reply.unwrap();
        assert_eq!(reply.status, 401);
        let challenge = &reply
            .headers
            .iter()
            .find(|(name, _)| *name == "www-authenticate");
        assert!(challenge.unwrap().1.contains("invalid_dpop_proof"));
        assert_eq!(worker.count("fapi.refused.proof_replayed"), 1);
    }
}

#[test]
fn workers_honour_each_others_nonces() {
    let cast = Cast::new();
    let mut document = cast.document();
    document["dpop"]["nonce"] = json!({ "mode": "required" });
    let (mut one, mut two) = (cast.worker(&document), cast.worker(&document));
    let token = cast.token("k1");
    let id = send(&mut one, &headers(&token, &cast.proof(&token)));
    let reply = one.stream(id).reply.unwrap();
    assert_eq!(reply.status, 401);
    let nonce = reply.headers.iter().find(|(name, _)| *name == "dpop-nonce");
    let nonce = nonce.unwrap().1.clone();
    // The answer passes by the response hook and is left alone.
    let passed = one.response(id, &[("dpop-nonce", &nonce)]);
    assert_eq!(passed, [("dpop-nonce".to_owned(), nonce.clone())]);

    let header = json!({ "typ": "dpop+jwt", "alg": "ES256", "jwk": cast.client.public });
    let ath = URL_SAFE_NO_PAD.encode(Sha256::digest(&token));
    let claims = json!({ "jti": "n", "htm": "GET", "htu": format!("{API}/accounts"), "iat": NOW,
        "ath": ath, "nonce": nonce });
    let id = send(
        &mut two,
        &headers(&token, &cast.client.sign(&header, &claims)),
    );
    assert!(two.stream(id).resumed);
}

#[test]
fn what_is_no_credential_is_challenged() {
    let cast = Cast::new();
    let mut worker = cast.worker(&cast.document());
    let token = cast.token("k1");
    let good = headers(&token, &cast.proof(&token));
    let without = |name: &str| {
        let mut request = good.clone();
        request.retain(|(named, _)| *named != name);
        request
    };
    let with = |name: &'static str, value: &[u8]| {
        let mut request = without(name);
        request.push((name, value.to_vec()));
        request
    };
    let twice = |name: &'static str| {
        let mut request = good.clone();
        let (_, value) = good.iter().find(|(named, _)| *named == name).unwrap();
        request.push((name, value.clone()));
        request
    };
    let merged = format!("Bearer a,DPoP {token}");
    for (request, status) in [
        (without("authorization"), 401),
        (without("dpop"), 401),
        (twice("dpop"), 401),
        (twice("authorization"), 400),
        (with("authorization", merged.as_bytes()), 400),
        (
            with("authorization", format!("Bearer {token}").as_bytes()),
            401,
        ),
        (with("authorization", b"DPoP \xff"), 400),
        (with("dpop", b"\xff\xfe"), 401),
        (with(":path", b"/\xff"), 401),
        (
            with(
                ":path",
                format!("/accounts?access_token={token}").as_bytes(),
            ),
            400,
        ),
        (with(":method", b"\xff"), 401),
        (without(":path"), 401),
        (without(":method"), 401),
        (Vec::new(), 401),
    ] {
        let id = send(&mut worker, &request);
        let reply = worker.stream(id).reply.unwrap();
        assert_eq!(reply.status, status, "{:?} {reply:?}", request.first());
        let no_store = ("cache-control", "no-store".to_owned());
        assert!(reply.headers.contains(&no_store));
    }
    // With one origin `Host` plays no part.
    let id = send(&mut worker, &without(":authority"));
    assert!(worker.stream(id).resumed);
}

#[test]
fn bytes_of_any_value_in_any_header_are_refused_and_nothing_more() {
    let cast = Cast::new();
    let mut worker = cast.worker(&cast.document());
    for byte in 0..=255 {
        for name in [
            ":method",
            ":path",
            ":authority",
            "authorization",
            "dpop",
            "content-type",
            "x-fapi-interaction-id",
            "origin",
            "x-forwarded-client-cert",
        ] {
            let id = send(&mut worker, &[(name, vec![byte; 40])]);
            assert!(matches!(worker.status(id), 400 | 401));
        }
    }
}

#[test]
fn grpc_is_answered_in_trailers_with_its_own_code() {
    let cast = Cast::new();
    let mut worker = cast.worker(&cast.document());
    let id = send(
        &mut worker,
        &[("content-type", b"application/grpc+proto".to_vec())],
    );
    let reply = worker.stream(id).reply.unwrap();
    assert_eq!(reply.grpc, Some(16));
    assert!(
        reply
            .headers
            .iter()
            .any(|(name, _)| *name == "www-authenticate")
    );
}

#[test]
fn report_only_lets_everything_through_and_says_what_it_would_have_done() {
    let cast = Cast::new();
    let mut document = cast.document();
    document["mode"] = "report_only".into();
    document["envoy"] = json!({ "claim_headers": [{ "claim": "sub", "header": "x-fapi-sub" }] });
    let mut worker = cast.worker(&document);
    let bearer = vec![
        ("authorization", b"Bearer x".to_vec()),
        ("x-fapi-sub", b"m".to_vec()),
    ];
    let id = send(&mut worker, &bearer);
    let stream = worker.stream(id);
    assert!(stream.resumed);
    assert_eq!(stream.header("authorization").unwrap(), "Bearer x");
    assert_eq!(stream.header("x-fapi-sub"), None);
    assert_eq!(worker.count("fapi.reported.token_bearer_scheme"), 1);
}

#[test]
fn public_paths_lose_forged_claims_too() {
    let cast = Cast::new();
    let mut document = cast.document();
    document["rules"] = json!([{ "path": "/open", "public": true }]);
    document["envoy"] = json!({ "claim_headers": [{ "claim": "sub", "header": "x-fapi-sub" }] });
    let mut worker = cast.worker(&document);
    let request = [
        (":method", b"GET".to_vec()),
        (":path", b"/open".to_vec()),
        ("x-fapi_sub", b"m".to_vec()),
    ];
    let id = send(&mut worker, &request);
    assert!(worker.stream(id).resumed);
    assert_eq!(worker.stream(id).header("x-fapi_sub"), None);
    // Its nonce is the upstream's own business.
    let response = worker.response(id, &[("dpop-nonce", "theirs")]);
    assert_eq!(response[0].1, "theirs");
}

#[test]
fn metadata_and_readiness_are_answered_here() {
    let cast = Cast::new();
    let mut document = cast.document();
    document["envoy"] = json!({ "readiness_path": "/ready" });
    let mut worker = cast.worker(&document);
    let mut get = |path: &str| {
        let id = send(
            &mut worker,
            &[(":method", b"GET".to_vec()), (":path", path.into())],
        );
        worker.stream(id).reply.unwrap()
    };
    let metadata = get("/.well-known/oauth-protected-resource");
    assert_eq!(metadata.status, 200);
    assert!(metadata.body.contains(AS));
    assert_eq!(get("/ready").status, 200);
    assert_eq!(get("/ready/").status, 401);
}

#[test]
fn a_store_that_fails_or_is_never_free_lets_nothing_through() {
    let cast = Cast::new();
    let mut worker = cast.worker(&cast.document());
    cast.shared.borrow_mut().interferences = 3;
    let id = send_good(&mut worker, &cast, "k1");
    // A few other writers are waited for.
    assert!(worker.stream(id).resumed);
    cast.shared.borrow_mut().interferences = 100;
    let id = send_good(&mut worker, &cast, "k1");
    assert_eq!(worker.status(id), 503);
    cast.shared.borrow_mut().broken = true;
    let id = send_good(&mut worker, &cast, "k1");
    assert_eq!(worker.status(id), 503);
    assert_eq!(worker.count("fapi.refused.replay_store_unavailable"), 2);
}

#[test]
fn signatures_are_verified_by_the_host_or_in_the_module() {
    for by_host in [true, false] {
        host_verifies(by_host);
        FOREIGN_CALLS.with_borrow_mut(|calls| *calls = 0);
        let cast = Cast::new();
        let mut worker = cast.worker(&cast.document());
        let id = send_good(&mut worker, &cast, "k1");
        assert!(worker.stream(id).resumed, "{by_host}");
        let token = cast.token("k1");
        let mut proof = cast.proof(&token);
        let changed = if proof.pop() == Some('A') { 'Q' } else { 'A' };
        proof.push(changed);
        let id = send(&mut worker, &headers(&token, &proof));
        assert_eq!(worker.status(id), 401, "{by_host}");
        // The probe's two, the token (remembered the second time), two proofs.
        let calls = FOREIGN_CALLS.with_borrow(|calls| *calls);
        assert_eq!(calls, if by_host { 5 } else { 0 });
    }
    host_verifies(true);
}
