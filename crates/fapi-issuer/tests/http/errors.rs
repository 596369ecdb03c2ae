//! Requests that get no token, row by row.

use axum::body::Body;
use axum::http::Method;
use fapi_core::config::DpopConfig;
use fapi_core::jose::Algorithm;
use fapi_issuer::{Client, ResourceServer};
use serde_json::{Value, json};

use crate::harness::{API, ASSERTION_TYPE, Answer, Server, TOKEN_ENDPOINT, jwks, key, unique};

const INVALID_CLIENT: (u16, &str) = (401, "invalid_client");
const INVALID_PROOF: (u16, &str) = (400, "invalid_dpop_proof");
const INVALID_REQUEST: (u16, &str) = (400, "invalid_request");

/// What is true of every error (RFC 6749 §5.2).
fn check(answer: &Answer, expected: (u16, &str), row: &str) {
    assert_eq!(answer.error(), expected, "{row}: {answer:?}");
    assert_eq!(answer.headers["content-type"], "application/json", "{row}");
    assert_eq!(answer.headers["cache-control"], "no-store", "{row}");
    assert!(answer.body.get("access_token").is_none(), "{row}");
}

// S26
#[tokio::test]
async fn only_one_well_formed_post_is_a_request() {
    let server = Server::start().await;
    for method in [Method::GET, Method::PUT, Method::DELETE, Method::PATCH] {
        let request = server.request(method.clone(), "/token");
        let answer = server.send(request.body(Body::empty()).unwrap()).await;
        check(&answer, (405, "invalid_request"), method.as_str());
        let allow: Vec<_> = answer.headers.get_all("allow").iter().collect();
        assert_eq!(allow, ["POST"]);
    }
    for content_type in ["application/json", "text/plain", "multipart/form-data"] {
        let request = server
            .request(Method::POST, "/token")
            .header("content-type", content_type);
        let body = Body::from("grant_type=client_credentials");
        let answer = server.send(request.body(body).unwrap()).await;
        check(&answer, INVALID_REQUEST, content_type);
    }
    for (form, expected) in [
        ("", INVALID_REQUEST),
        ("grant_type=", INVALID_REQUEST),
        (
            "grant_type=client_credentials&grant_type=client_credentials",
            INVALID_REQUEST,
        ),
        (
            "grant_type=client_credentials&scope=a&scope=b",
            INVALID_REQUEST,
        ),
        (
            "grant_type=client_credentials&unknown=1&unknown=1",
            INVALID_REQUEST,
        ),
        ("grant_type=%zz", INVALID_REQUEST),
        (
            "grant_type=password&username=u&password=p",
            (400, "unsupported_grant_type"),
        ),
        ("grant_type=implicit", (400, "unsupported_grant_type")),
        ("grant_type=authorization_code&code=x", INVALID_CLIENT),
        ("grant_type=client_credentials", INVALID_CLIENT),
        (
            "grant_type=client_credentials&client_id=client",
            INVALID_CLIENT,
        ),
        (
            "grant_type=client_credentials&client_id=client&client_secret=s",
            INVALID_CLIENT,
        ),
        (
            &format!("grant_type={}", "x".repeat(65_536)),
            (413, "invalid_request"),
        ),
    ] {
        check(&server.post(form, &[]).await, expected, form);
    }
}

#[tokio::test]
async fn only_private_key_jwt_authenticates_and_alone() {
    let server = Server::start().await;
    let holder = key(Algorithm::Es256);
    let post = |form: String| {
        let request = server
            .request(Method::POST, "/token")
            .header("content-type", "application/x-www-form-urlencoded")
            .header("authorization", "Basic Y2xpZW50OnNlY3JldA==");
        server.send(request.body(Body::from(form)).unwrap())
    };
    let answer = post("grant_type=client_credentials".to_owned()).await;
    check(&answer, INVALID_CLIENT, "basic");
    assert_eq!(
        answer.headers["www-authenticate"],
        "Basic realm=\"token endpoint\""
    );
    let both = format!(
        "grant_type=client_credentials&client_assertion_type={ASSERTION_TYPE}&client_assertion={}",
        server.assertion()
    );
    check(&post(both).await, INVALID_REQUEST, "both");
    let fields = json!({ "client_secret": "secret" });
    let answer = server.ask(fields, &[&server.proof(&holder)]).await;
    check(&answer, INVALID_REQUEST, "secret beside the assertion");

    for fields in [
        json!({ "client_assertion_type": null }),
        json!({ "client_assertion_type": "urn:ietf:params:oauth:client-assertion-type:saml2-bearer" }),
        json!({ "client_assertion": "" }),
        json!({ "client_assertion": "a.b.c" }),
        json!({ "client_id": "other" }),
    ] {
        let answer = server.ask(fields.clone(), &[&server.proof(&holder)]).await;
        check(&answer, INVALID_CLIENT, &fields.to_string());
        assert!(answer.headers.get("www-authenticate").is_none());
    }
}

// S12, S13, S14: the client authentication rows of the conformance plans.
#[tokio::test]
async fn wrong_assertions_authenticate_nobody() {
    let stranger = key(Algorithm::Es256);
    let other_key = key(Algorithm::Es256);
    let server = Server::start_with(Algorithm::Es256, |builder| {
        builder.client(Client::new("other", jwks(&[&other_key])))
    })
    .await;
    let holder = key(Algorithm::Es256);
    let now = server.clock.now();
    let kid = server.client_key.kid().to_owned();
    let with = |changes: Value| server.assertion_with(&changes);
    let headed = |header: Value| server.assertion_headed(&header, &json!({}));
    let good = server.assertion();
    let (unsigned, _) = good.rsplit_once('.').unwrap();
    let foreign_claims = json!({
        "iss": "client", "sub": "client", "aud": "https://as.example.com", "jti": unique(), "exp": now + 60,
    });
    let foreign_header = json!({ "alg": "ES256", "kid": kid });
    let rows = [
        ("no sub", with(json!({ "sub": null }))),
        ("no iss", with(json!({ "iss": null }))),
        ("no exp", with(json!({ "exp": null }))),
        ("no jti", with(json!({ "jti": null }))),
        ("no aud", with(json!({ "aud": null }))),
        ("expired", with(json!({ "exp": now - 300 }))),
        ("just expired", with(json!({ "exp": now }))),
        ("lives too long", with(json!({ "exp": now + 3600 }))),
        (
            "iat ahead",
            with(json!({ "iat": now + 62, "nbf": now + 62, "exp": now + 122 })),
        ),
        ("nbf ahead", with(json!({ "nbf": now + 11 }))),
        (
            "wrong aud",
            with(json!({ "aud": "https://other.example.com" })),
        ),
        (
            "array aud",
            with(json!({ "aud": ["https://as.example.com"] })),
        ),
        ("token endpoint aud", with(json!({ "aud": TOKEN_ENDPOINT }))),
        (
            "aud with slash",
            with(json!({ "aud": "https://as.example.com/" })),
        ),
        ("iss is not sub", with(json!({ "iss": "other" }))),
        (
            "the key of another client",
            with(json!({ "iss": "other", "sub": "other" })),
        ),
        (
            "unknown client",
            with(json!({ "iss": "nobody", "sub": "nobody" })),
        ),
        ("RS256", headed(json!({ "alg": "RS256", "kid": kid }))),
        ("HS256", headed(json!({ "alg": "HS256", "kid": kid }))),
        ("none", headed(json!({ "alg": "none", "kid": kid }))),
        (
            "PS256 with an EC key",
            headed(json!({ "alg": "PS256", "kid": kid })),
        ),
        ("unknown kid", headed(json!({ "alg": "ES256", "kid": "x" }))),
        (
            "crit",
            headed(json!({ "alg": "ES256", "crit": ["b64"], "b64": true })),
        ),
        (
            "a proof",
            headed(json!({ "alg": "ES256", "typ": "dpop+jwt" })),
        ),
        ("no signature", format!("{unsigned}.")),
        ("two parts", unsigned.to_owned()),
        (
            "signed by a stranger",
            stranger
                .sign_compact(
                    &foreign_header.to_string(),
                    foreign_claims.to_string().as_bytes(),
                )
                .unwrap(),
        ),
    ];
    for (row, assertion) in rows {
        let fields = json!({ "client_assertion": assertion });
        let answer = server.ask(fields, &[&server.proof(&holder)]).await;
        check(&answer, INVALID_CLIENT, row);
        assert!(answer.nonces().is_empty(), "{row}");
    }
    // None of them used anything up.
    let fields = json!({ "client_assertion": good });
    let answer = server.ask(fields, &[&server.proof(&holder)]).await;
    assert_eq!(answer.status, 200, "{answer:?}");
}

#[tokio::test]
async fn an_assertion_serves_once() {
    let server = Server::start().await;
    let holder = key(Algorithm::Es256);
    let assertion = server.assertion();
    let fields = json!({ "client_assertion": assertion });
    let answer = server.ask(fields.clone(), &[&server.proof(&holder)]).await;
    assert_eq!(answer.status, 200, "{answer:?}");
    let answer = server.ask(fields.clone(), &[&server.proof(&holder)]).await;
    check(&answer, INVALID_CLIENT, "at once");
    server.clock.advance(59);
    let answer = server.ask(fields.clone(), &[&server.proof(&holder)]).await;
    check(&answer, INVALID_CLIENT, "in its last second");
    server.clock.advance(1);
    let answer = server.ask(fields, &[&server.proof(&holder)]).await;
    check(&answer, INVALID_CLIENT, "expired");
    let old = server.assertion_with(&json!({ "iat": server.clock.now() - 61, "nbf": null }));
    let answer = server
        .ask(
            json!({ "client_assertion": old }),
            &[&server.proof(&holder)],
        )
        .await;
    check(&answer, INVALID_CLIENT, "from before the memory begins");
}

// S01: the DPoP rows.
#[tokio::test]
async fn a_proof_is_needed_and_must_fit() {
    let server = Server::start().await;
    let holder = key(Algorithm::Es256);
    server.clock.advance(1000);
    let now = server.clock.now();
    let good = server.proof(&holder);
    let (unsigned, _) = good.rsplit_once('.').unwrap();
    let rows = [
        ("missing", vec![]),
        ("two", vec![server.proof(&holder), server.proof(&holder)]),
        ("two in one", vec![format!("{good}, {good}")]),
        ("not a JWT", vec!["x".to_owned()]),
        ("no signature", vec![format!("{unsigned}.")]),
        (
            "htm",
            vec![server.proof_with(&holder, &json!({ "htm": "GET" }))],
        ),
        (
            "htu",
            vec![server.proof_with(&holder, &json!({ "htu": "https://as.example.com/par" }))],
        ),
        (
            "old",
            vec![server.proof_with(&holder, &json!({ "iat": now - 61 }))],
        ),
        (
            "future",
            vec![server.proof_with(&holder, &json!({ "iat": now + 11 }))],
        ),
        (
            "no jti",
            vec![server.proof_with(&holder, &json!({ "jti": null }))],
        ),
    ];
    for (row, proofs) in rows {
        let proofs: Vec<_> = proofs.iter().map(String::as_str).collect();
        check(&server.ask(json!({}), &proofs).await, INVALID_PROOF, row);
    }
    // What the client calls us plays no part: the socket's own address is not the public one.
    let host = server.request(Method::POST, "/token");
    let address = host.uri_ref().unwrap().to_string();
    let proof = server.proof_with(&holder, &json!({ "htu": address }));
    check(
        &server.ask(json!({}), &[&proof]).await,
        INVALID_PROOF,
        "htu as the socket",
    );

    let answer = server.ask(json!({}), &[&good]).await;
    assert_eq!(answer.status, 200, "{answer:?}");
    check(
        &server.ask(json!({}), &[&good]).await,
        INVALID_PROOF,
        "replayed",
    );
}

#[tokio::test]
async fn nobody_gets_more_than_they_are_registered_for() {
    let server = Server::start().await;
    let holder = key(Algorithm::Es256);
    for scope in ["admin", "payments admin", "Payments", " payments", "a\"b"] {
        let answer = server
            .ask(json!({ "scope": scope }), &[&server.proof(&holder)])
            .await;
        check(&answer, (400, "invalid_scope"), scope);
    }
    for resource in ["https://other.example.com", "https://api.example.com/", "x"] {
        let answer = server
            .ask(json!({ "resource": resource }), &[&server.proof(&holder)])
            .await;
        check(&answer, (400, "invalid_target"), resource);
    }
    let form = format!(
        "grant_type=client_credentials&client_assertion_type={ASSERTION_TYPE}&client_assertion={}\
         &resource=https://api.example.com&resource=https://api.example.com",
        server.assertion()
    );
    let answer = server.post(&form, &[&server.proof(&holder)]).await;
    check(&answer, (400, "invalid_target"), "two resources");
}

#[tokio::test]
async fn nobody_gets_more_than_a_share_of_the_memory() {
    let mut dpop = DpopConfig::default();
    dpop.replay.per_key = Some(2);
    let server = Server::start_with(Algorithm::Es256, |builder| builder.dpop(dpop)).await;
    let holder = key(Algorithm::Es256);
    for _ in 0..2 {
        let answer = server.ask(json!({}), &[&server.proof(&holder)]).await;
        assert_eq!(answer.status, 200, "{answer:?}");
    }
    let answer = server.ask(json!({}), &[&server.proof(&holder)]).await;
    check(
        &answer,
        (429, "temporarily_unavailable"),
        "proofs of one key",
    );
    assert_eq!(answer.headers["retry-after"], "10");
    // The client's own key has used up its share of the assertions too.
    let other = key(Algorithm::Es256);
    let answer = server.ask(json!({}), &[&server.proof(&other)]).await;
    check(
        &answer,
        (429, "temporarily_unavailable"),
        "assertions of one key",
    );
    server.clock.advance(1000);
    let answer = server.ask(json!({}), &[&server.proof(&holder)]).await;
    assert_eq!(answer.status, 200, "{answer:?}");
}

#[cfg(not(feature = "jwe"))]
#[tokio::test]
async fn encryption_that_was_not_built_in_is_a_mistake_in_the_configuration() {
    use fapi_issuer::{ContentEncryption, EncryptionAlgorithm, Issuer};

    use crate::harness::ISSUER;

    let mut client = Client::new("app", jwks(&[&key(Algorithm::Es256)]));
    client.id_token_encrypted_response_alg = Some(EncryptionAlgorithm::EcdhEs);
    client.id_token_encrypted_response_enc = Some(ContentEncryption::A256GCM);
    let builder = Issuer::builder(ISSUER).client(client).default_audience(API);
    let error = builder.build().await.unwrap_err();
    assert_eq!(error.path(), "clients[0].id_token_encrypted_response_alg");
    assert!(error.problem().contains("`jwe`"), "{error}");
}

#[tokio::test]
async fn whoever_guesses_names_does_not_learn_which_exist() {
    let api = ResourceServer::new("api", jwks(&[&key(Algorithm::Es256)]), API);
    let server = Server::start_with(Algorithm::Es256, |builder| builder.resource_server(api)).await;
    let stranger = key(Algorithm::Es256);
    for (path, known) in [
        ("/token", "client"),
        ("/par", "client"),
        ("/revoke", "client"),
        ("/introspect", "api"),
        ("/introspect", "client"),
    ] {
        let mut answers = Vec::new();
        for name in [known, "nobody"] {
            let grant = json!({ "grant_type": "client_credentials" });
            let named = format!("grant_type=client_credentials&client_id={name}");
            let signed = server.authenticated((name, &stranger), &grant);
            for form in [named, signed] {
                let mut answer = server.post_to(path, &form, &[]).await;
                check(&answer, INVALID_CLIENT, path);
                answer.headers.remove("date");
                answers.push((answer.headers, answer.text));
            }
        }
        let (known, unknown) = answers.split_at(2);
        assert_eq!(known, unknown, "{path}");
    }
}
