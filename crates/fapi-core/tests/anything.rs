//! Whatever the bytes, the verifier neither panics nor accepts (T15).

#![expect(clippy::panic, reason = "helpers of tests may panic too")]

mod support;

use std::sync::{Arc, LazyLock};

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use fapi_core::config::{
    ClientAuth, Config, IntrospectionConfig, IssuerConfig, NonceConfig, TlsClientAuth, TokenFormat,
};
use fapi_core::{
    Facts, FieldLines, PresentedRequest, ReplayOutcome, RequestKind, Step, UnixTime, Verdict,
    Verifier,
};
use proptest::prelude::*;
use serde_json::json;
use support::*;

struct Scene {
    client: Client,
    verifiers: [Arc<Verifier>; 2],
    token: String,
    proof: String,
}

static SCENE: LazyLock<Scene> = LazyLock::new(|| {
    let client = Client::new();
    let mut endpoint = IntrospectionConfig::new(
        "https://as.example.com/introspect",
        "rs",
        ClientAuth::TlsClientAuth(TlsClientAuth::default()),
    );
    endpoint.signed_response = false;
    let any = IssuerConfig::new(AS)
        .token_format(TokenFormat::Any)
        .introspection(endpoint);
    let strict = config().nonce(NonceConfig::required());
    let token = client.token();
    Scene {
        verifiers: [verifier(Config::builder(RS).issuer(any)), verifier(strict)],
        proof: client.proof(&token),
        token,
        client,
    }
});

/// Drives a step to its end with the friendliest of hosts. True: accepted.
fn is_accepted(mut step: Step, introspection: &str, now: UnixTime) -> bool {
    // At most one of keys and introspection, then the replay check: three steps and the verdict.
    for _ in 0..3 {
        step = match step {
            Step::Done(verdict) => return matches!(verdict, Verdict::Accepted(_)),
            Step::NeedReplayCheck(need) => {
                let fresh = answer(ReplayOutcome::Fresh);
                return matches!(need.resume(Ok(fresh), now), Verdict::Accepted(_));
            }
            Step::NeedKeys(need) => need.resume(Ok(key_set(&[&SCENE.client.issuer])), now),
            Step::NeedIntrospection(need) => need.resume(
                Ok(fapi_core::IntrospectionResponse::Json(introspection)),
                now,
            ),
        };
    }
    panic!("does not come to an end: {step:?}");
}

fn decide(request: &PresentedRequest<'_>, introspection: &str, now: UnixTime) -> [bool; 2] {
    let keys = AtHand(Some(key_set(&[&SCENE.client.issuer])));
    [Some(EPOCH), None].map(|epoch| {
        SCENE.verifiers.iter().any(|verifier| {
            let facts = Facts { keys: &keys, epoch };
            is_accepted(verifier.begin(request, &facts, now), introspection, now)
        })
    })
}

fn lines(bytes: Option<&[u8]>) -> FieldLines<'_> {
    bytes.map_or(FieldLines::Absent, FieldLines::One)
}

/// Compact JWS of any parts, JSON-like more often than not.
fn jws() -> impl Strategy<Value = String> {
    let part = prop_oneof![
        any::<Vec<u8>>(),
        "\\{(\"(typ|alg|jwk|iat|htm|htu|jti|ath|cnf|iss|aud)\":(\"[a-z+:/.]{0,9}\"|[0-9]{1,20}|\\{\\}|\\[\\]|null),?){0,9}\\}"
            .prop_map(String::into_bytes),
    ];
    [part.clone(), part.clone(), part]
        .prop_map(|parts| parts.map(|part| URL_SAFE_NO_PAD.encode(part)).join("."))
}

fn token() -> impl Strategy<Value = Vec<u8>> {
    prop_oneof![
        any::<Vec<u8>>(),
        "(DPoP|Bearer|Basic)? {0,2}[!-~]{0,40}".prop_map(String::into_bytes),
        jws().prop_map(|token| format!("DPoP {token}").into_bytes()),
        Just(format!("DPoP {}", SCENE.token).into_bytes()),
    ]
}

fn proof() -> impl Strategy<Value = Vec<u8>> {
    prop_oneof![
        any::<Vec<u8>>(),
        jws().prop_map(String::into_bytes),
        Just(SCENE.proof.clone().into_bytes()),
    ]
}

proptest! {
    /// A good token with a proof of no one, a good proof with a token of no one, and nothing good at all.
    #[test]
    fn arbitrary_requests_are_refused(
        authorization in proptest::option::of(token()),
        dpop in proptest::option::of(proof()),
        method in ".{0,8}",
        authority in proptest::option::of(".{0,20}"),
        path in prop_oneof![Just("/accounts".to_owned()), ".{0,20}"],
        query in proptest::option::of(".{0,20}"),
        introspection in prop_oneof![".{0,40}", Just("{\"active\":true}".to_owned())],
        now in prop_oneof![Just(NOW.as_secs()), any::<i64>()],
    ) {
        let request = PresentedRequest {
            method: &method,
            authority: authority.as_deref(),
            path: &path,
            query: query.as_deref(),
            authorization: lines(authorization.as_deref()),
            dpop: lines(dpop.as_deref()),
            client_certificate: None,
            kind: RequestKind::Ordinary,
        };
        let accepted = decide(&request, &introspection, UnixTime::from_secs(now));
        prop_assert_eq!(accepted, [false; 2]);
    }

    /// One changed byte, anywhere in a good request's token or proof.
    #[test]
    fn a_changed_byte_is_refused(at in any::<prop::sample::Index>(), byte in any::<u8>()) {
        let scene = &*SCENE;
        let mut authorization = format!("DPoP {}", scene.token).into_bytes();
        let mut dpop = scene.proof.clone().into_bytes();
        // Not the scheme, which has more than one spelling.
        let at = at.index(scene.token.len() + dpop.len());
        let place = match at.checked_sub(scene.token.len()) {
            Some(at) => &mut dpop[at],
            None => &mut authorization[5 + at],
        };
        prop_assume!(*place != byte);
        *place = byte;
        let request = PresentedRequest {
            method: "GET",
            authority: None,
            path: scene.client.path,
            query: None,
            authorization: FieldLines::One(&authorization),
            dpop: FieldLines::One(&dpop),
            client_certificate: None,
            kind: RequestKind::Ordinary,
        };
        let introspection = scene.client.introspection(json!({}));
        prop_assert_eq!(decide(&request, &introspection, NOW), [false; 2]);
    }
}

/// The scene itself is good, so that the properties above say something.
#[test]
fn unchanged_it_is_accepted() {
    let scene = &*SCENE;
    let step = scene
        .client
        .send(&scene.verifiers[0], &scene.token, &scene.proof, NOW);
    assert!(is_accepted(step, "", NOW));
}
